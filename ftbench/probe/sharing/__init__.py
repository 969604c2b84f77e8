"""What members of a team run that share a set: the ids, the loops, the table in shared memory.

Imported by spawned workers and inside subinterpreters: no imports but of the standard library's
lightest modules.
"""
