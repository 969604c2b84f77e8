"""The price of a build to a program that has one thread: small kernels, one at a time."""

from __future__ import annotations

import gc

from ftbench.benchmarking import cost, record_own_clock
from ftbench.errors import FtbenchError
from ftbench.probe.kernels import CHECKSUMS, SMALL


class SingleThread:
    """A dozen small kernels in the main thread of a process that has no other, by asv's own clock.

    The free-threaded build's time over the GIL build's is what it asks of a program that does not
    use it, corner by corner of the language; does not show a whole program, which has more memory
    and less of a loop.  Idea: the articles' claim that the free-threaded 3.13 is some 40 % slower
    on one thread.

    asv's clock is the right instrument here: no other worker takes part, and its calibrated loop
    resolves what one round cannot.  asv times with the cyclic garbage collector off; each run
    gives it back, since collecting is part of the price.
    """

    params = tuple(SMALL)
    param_names = ("kernel",)
    timeout = 60.0
    version = "1"
    warmup_time = 0.05
    sample_time = 0.01
    repeat = (5, 20, 0.2)  # least and most samples, seconds

    @cost("seconds")
    def time_kernel(self, kernel: str) -> None:
        """One run of the kernel; its checksum is checked every time, a ten-thousandth of it."""
        gc.enable()
        # Here and not in `setup`: with one, asv would time each run by itself, uncalibrated.
        if SMALL[kernel]() != CHECKSUMS[kernel]:
            raise FtbenchError(f"{kernel}: the checksum is not {CHECKSUMS[kernel]}.")

    def teardown(self, kernel: str) -> None:
        """Record the build, the machine and the GIL that the figure was taken with."""
        record_own_clock("single_thread.SingleThread", {"kernel": kernel})
