"""What the workers of several scenarios run: kernels, ids, payloads, locks; no scenario is loaded.

Spawned workers and subinterpreters import these modules: no imports but of what is light.
"""
