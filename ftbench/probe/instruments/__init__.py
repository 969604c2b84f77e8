"""What a cell is measured with: clocks, the kernel's counts, the machine, the build."""
