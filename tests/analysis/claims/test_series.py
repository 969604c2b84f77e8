"""A series in a line of text, and what several are called beside each other."""

from __future__ import annotations

import pytest

from ftbench.analysis.claims.data import Series, names
from ftbench.errors import FtbenchError
from ftbench.facts.arms import arm_named

ROUND = "lifecycle.Lifecycle.track_round"


def test_a_series_is_its_arm_its_benchmark_and_its_parameters_in_any_order() -> None:
    one = Series.parse(f"ft {ROUND} mode=threads workers=8")
    assert one == Series.parse(f"workers=8 mode=threads {ROUND} ft")
    assert one.arm == arm_named("ft")
    assert one.params == {"mode": "threads", "workers": "8"}


@pytest.mark.parametrize(
    "text", ["", ROUND, "gil mode=threads", f"gil ft {ROUND}", f"gil {ROUND} x"]
)
def test_what_names_no_series_or_two_is_refused(text: str) -> None:
    with pytest.raises(FtbenchError, match="one arm and one benchmark"):
        Series.parse(text)


def called(*texts: str) -> tuple[str, ...]:
    return names([Series.parse(text) for text in texts])


def test_names_tell_what_differs_and_nothing_else() -> None:
    fork = f"gil {ROUND} mode=processes-fork workers=8"
    assert called(f"gil {ROUND} mode=threads workers=8", fork) == ("threads", "processes, fork")
    assert called(f"ft {ROUND} mode=threads workers=8", fork) == (
        "threads (free-threaded)",
        "processes, fork (GIL build)",
    )
    assert called(fork.replace("workers=8", "workers=1"), fork) == ("1 worker", "8 workers")
    assert called("gil a.B.track_rss mode=threads", "gil a.B.track_pss mode=threads") == (
        "rss",
        "pss",
    )
    assert called("gil a.time_k kernel=x", "ft a.time_k kernel=x") == ("GIL build", "free-threaded")
    assert called("gil a.b delay=1", "gil a.b delay=20") == (
        "answers after 1 ms",
        "answers after 20 ms",
    )


def test_a_single_series_is_told_whole() -> None:
    assert called(f"gil {ROUND} mode=threads workers=8") == ("threads, time per round (GIL build)",)
