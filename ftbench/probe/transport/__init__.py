"""What the two sides of `data` run: payloads, the calls of each channel, the trips.

Imported by spawned workers and inside subinterpreters: no imports but of the standard library's
lightest modules.
"""
