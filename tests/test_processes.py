"""What waits for others, and what ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from ftbench.processes import wait_in_turns


@pytest.mark.skipif(sys.platform == "win32", reason="no signal can be kept from a thread")
def test_a_ctrl_c_that_does_not_interrupt_a_wait_ends_it() -> None:
    done = threading.Event()
    timers = (
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)),
        threading.Timer(5, done.set),
    )
    for timer in timers:
        timer.start()
    # It reaches another thread: here nothing is interrupted, as by one just before the wait.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_in_turns(done.wait)
        assert not done.is_set()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for timer in timers:
            timer.cancel()


def test_it_says_whether_it_was_in_time() -> None:
    done = threading.Event()
    assert wait_in_turns(done.wait, 0.3) is False
    done.set()
    assert wait_in_turns(done.wait, 0.0) is True
