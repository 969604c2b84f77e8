"""What the processes of `io` run: the server, the clients by threads and by loops, the schedule.

Imported by spawned workers: no imports but of the standard library, asyncio only by those who need
it.
"""
