"""The probe: what runs inside the measured interpreter, with the standard library alone.

Imported by every spawned worker, so it imports nothing itself.
"""
