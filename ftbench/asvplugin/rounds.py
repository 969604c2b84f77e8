"""The order of a run with `--interleave-rounds`: forth and back, over releases and over arms.

With A, B, C for the pairs of release and arm, the rounds of a run go A B C, C B A, A B C ...:
what changes slowly, as heat and load do, then meets all of them alike.  asv turns its releases
round with each round and goes through the environments of a release always in one order; this
turns the environments as well.  `order` in a cell's record says which run it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final


class Rounds:
    """Knows how often a run has come to a release.

    asv names each release, by its repository, when it comes to it, and then takes that release's
    environments in chunks: there is no other sign of a round.
    """

    def __init__(self) -> None:
        """Begin a run."""
        self._visits: Counter[str] = Counter()
        self._commit = ""

    def come_to(self, commit: str) -> None:
        """Note which release the run has come to."""
        self._commit = commit

    def chunks(
        self, cut: Callable[[Sequence[Any], int], Iterator[list[Any]]]
    ) -> Callable[[Sequence[Any], int], Iterator[list[Any]]]:
        """Return asv's `iter_chunks`, which is `cut`, with every other round turned."""

        def iter_chunks(environments: Sequence[Any], size: int) -> Iterator[list[Any]]:
            self._visits[self._commit] += 1
            turned = self._visits[self._commit] % 2 == 0
            yield from cut(environments[::-1] if turned else environments, size)

        return iter_chunks


ROUNDS: Final = Rounds()
