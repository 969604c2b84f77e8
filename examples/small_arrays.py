# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy"]
# ///
"""NumPy on small arrays: most of the time goes into calling it.

    ftbench try small_arrays.py:track --input 1 --input 2 --input 3 --input 4

A Kalman filter over 60 noisy positions: arrays of two and four numbers.
"""

import numpy as np

STEP = np.array([[1.0, 1.0], [0.0, 1.0]])
SEEN = np.array([[1.0, 0.0]])
NOISE = 0.01 * np.eye(2)


def track(seed, length=60):
    """Return the last position and speed that the filter believes in."""
    seen = np.arange(length) + np.random.default_rng(seed).standard_normal(length)
    state, spread = np.zeros(2), np.eye(2)
    for position in seen:
        state = STEP @ state
        spread = STEP @ spread @ STEP.T + NOISE
        gain = spread @ SEEN.T / (SEEN @ spread @ SEEN.T + 1.0)
        state = state + gain[:, 0] * (position - state[0])
        spread = (np.eye(2) - gain @ SEEN) @ spread
    return state.tolist()
