"""Many requests under way: clients by threads and by loops, the servers that answer them."""
