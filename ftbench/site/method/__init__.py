"""Method and machine: how figures are produced, and what stands behind those shown."""
