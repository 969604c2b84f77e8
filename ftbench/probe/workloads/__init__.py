"""What the workers of several scenarios do: kernels, ids, payloads, locks.

Spawned workers import this package: nothing is loaded here.
"""
