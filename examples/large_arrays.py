# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy"]
# ///
"""NumPy on a large array: nearly all of a call is C code, without the GIL on any build.

    ftbench try large_arrays.py:spectrum --input 1 --input 2 --input 3 --input 4

131,072 samples: threads scale on the GIL build, too.
"""

import numpy as np


def spectrum(seed, length=1 << 17):
    """Return the five loudest frequencies of a noisy signal."""
    time = np.arange(length)
    signal = np.random.default_rng(seed).standard_normal(length)
    for frequency in (50 + seed, 440, 997):
        signal += np.sin(2 * np.pi * frequency / length * time)
    loudness = np.abs(np.fft.rfft(signal))
    return sorted(np.argpartition(loudness, -5)[-5:].tolist())
