"""What workers run, for one scenario or several: it never loads the scenario.

Spawned workers and subinterpreters import these modules: no imports but of what is light.
"""
