"""Tasks and payloads of every size, by warm pools."""
