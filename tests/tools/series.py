"""Simulate how series of duels end: how often wrongly, how surely and after how many pairs.

    python tests/tools/series.py --trials 20000 --seed 1

prints the tables of `docs/noise.md`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ftbench.statistics.sequential import FIRST_LOOK, MOST_PAIRS, bar, scores
from ftbench.statistics.verdict import RATE, ROUNDING

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rng = np.random.Generator
Rule = tuple[Callable[[Floats], Floats], float]
"""What counts as evidence in each row, and what it has to reach."""


def normal(rng: Rng, trials: int, spread: float = 0.02) -> Floats:
    """Return log ratios of pairs without an effect, a row for each series."""
    return rng.normal(0, spread, (trials, MOST_PAIRS))


def heavy(rng: Rng, trials: int) -> Floats:
    """Student's t of 2 degrees of freedom, which has no variance."""
    return 0.015 * rng.standard_t(2, (trials, MOST_PAIRS))


def strays(rng: Rng, trials: int) -> Floats:
    """One pair in 20 is off by 40 %, one side of it having met the core's slow state."""
    off = rng.random((trials, MOST_PAIRS)) < 0.05
    return np.where(off, normal(rng, trials, 0.4), normal(rng, trials))


def two_clusters(rng: Rng, trials: int) -> Floats:
    """Each pair is at one of two places, by its layout."""
    return 0.08 * _signs(rng, trials) + normal(rng, trials, 0.01)


def three_clusters(rng: Rng, trials: int) -> Floats:
    """Each side has one of two layouts; pairs with the same one lie in the middle."""
    return 0.06 * (_signs(rng, trials) + _signs(rng, trials)) + normal(rng, trials, 0.01)


def growing(rng: Rng, trials: int) -> Floats:
    """Each pair is noisier than the one before: the latest weigh most, and each is news."""
    return normal(rng, trials) * 1.2 ** np.arange(MOST_PAIRS)


def drift(rng: Rng, trials: int) -> Floats:
    """The side that begins is slower, by what wanders from pair to pair."""
    wander = rng.standard_normal((trials, MOST_PAIRS))
    for pair in range(1, MOST_PAIRS):
        wander[:, pair] = 0.9 * wander[:, pair - 1] + np.sqrt(1 - 0.9**2) * wander[:, pair]
    return 0.02 * wander + normal(rng, trials, 0.01)


def drawn_drift(rng: Rng, trials: int) -> Floats:
    """The same where pairs draw lots for who begins."""
    return drift(rng, trials) * _signs(rng, trials)


def _signs(rng: Rng, trials: int) -> Floats:
    return rng.choice([-1.0, 1.0], (trials, MOST_PAIRS))


UNDRAWN: Final = "drift from pair to pair, order not drawn"
KINDS: Final[Mapping[str, Callable[[Rng, int], Floats]]] = {
    "normal, sd 2 %": normal,
    "heavy tails: Student's t of 2 degrees": heavy,
    "strays: one pair in 20 of sd 40 %": strays,
    "two clusters, ±8 %": two_clusters,
    "three clusters, 0 and ±12 %": three_clusters,
    "spread that grows by a fifth from pair to pair": growing,
    "drift from pair to pair, order drawn": drawn_drift,
    UNDRAWN: drift,
}


def _student(logs: Floats) -> Floats:
    """Return how many nats of surprise Student's t has at this look, with the sign of the mean."""
    pairs = logs.shape[1]
    t = logs.mean(axis=1) / logs.std(axis=1, ddof=1) * np.sqrt(pairs)
    surprise: Floats = -np.sign(t) * (stats.t.logsf(np.abs(t), pairs - 1) + np.log(2))
    return surprise


def _uncut(logs: Floats) -> Floats:
    total: Floats = logs.sum(axis=1) / np.sqrt((logs**2).sum(axis=1))
    return total


def _only_signs(logs: Floats) -> Floats:
    total: Floats = np.sign(logs).sum(axis=1) / np.sqrt(logs.shape[1])
    return total


def rule(logs: Floats) -> Floats:
    """Return the score of no effect, that of `look`."""
    return scores(logs, np.zeros(len(logs)))


def _spent(seed: int, trials: int) -> float:
    """Return the surprise that Student's t reaches at any look of a normal series at `RATE`."""
    logs = normal(np.random.default_rng(seed), trials)
    most = np.max([np.abs(_student(logs[:, :n])) for n in _looks()], axis=0)
    return float(np.quantile(most, 1 - RATE))


def rules(seed: int, trials: int) -> dict[str, Rule]:
    """Return the rules to compare, by name."""
    return {
        "t, 99 % at each look": (_student, -np.log(RATE)),
        "t, 1 % over all looks": (_student, _spent(seed + 1, trials)),
        "signs alone": (_only_signs, bar(RATE)),
        "scores, not cut": (_uncut, bar(RATE)),
        "the rule": (rule, bar(RATE)),
    }


def first(logs: Floats, evidence: Callable[[Floats], Floats], limit: float) -> Integers:
    """Return after how many pairs each series has an alarm, 0 for never."""
    at = [np.abs(evidence(logs[:, :n])) >= limit - ROUNDING for n in _looks()]
    return _first(np.stack(at, axis=1))


def same(logs: Floats, margin: float) -> Integers:
    """Return after how many pairs each series is the same within the margin, 0 for never."""
    limit, edge = bar(RATE), np.full(len(logs), np.log1p(margin))
    at = [
        (scores(logs[:, :n], edge) <= -limit) & (scores(logs[:, :n], -edge) >= limit)
        for n in _looks()
    ]
    return _first(np.stack(at, axis=1))


def _looks() -> range:
    return range(FIRST_LOOK, MOST_PAIRS + 1)


def _first(reached: NDArray[np.bool_]) -> Integers:
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + FIRST_LOOK, 0)


def bounds(count: int, trials: int) -> tuple[float, float]:
    """Return Clopper and Pearson's exact 99 % interval of a share."""
    found = stats.binomtest(count, trials).proportion_ci(0.99)
    return float(found.low), float(found.high)


def share(count: int, trials: int) -> str:
    """Return a share in percent, with its exact interval."""
    low, high = bounds(count, trials)
    return f"{count / trials:.2%} ({low * 100:.2f}\N{EN DASH}{high * 100:.2f})".replace("%", " %")


def _errors(seed: int, trials: int) -> None:
    compared = rules(seed, trials)
    _row("pairs without an effect", *compared)
    _row(*["---"] * (len(compared) + 1))
    for name, kind in KINDS.items():
        logs = kind(np.random.default_rng(seed), trials)
        found = (first(logs, *each) for each in compared.values())
        _row(name, *(share(int((each > 0).sum()), trials) for each in found))


_POWER: Final = (
    ("normal, sd 2 %", 0.01, normal),
    ("normal, sd 2.5 %", 0.02, lambda rng, trials: normal(rng, trials, 0.025)),
    ("normal, sd 2 %", 0.05, normal),
    ("normal, sd 3 %", 0.05, lambda rng, trials: normal(rng, trials, 0.03)),
    ("normal, sd 2 %, strays", 0.01, strays),
    ("normal, sd 2 %, strays", 0.02, strays),
    ("normal, sd 2 %, strays", 0.05, strays),
    ("two clusters, ±8 %", 0.05, two_clusters),
)


def _power(seed: int, trials: int) -> None:
    compared = rules(seed, trials)
    names = ("signs alone", "scores, not cut", "the rule")
    _row("effect", "pairs", *names, "the rule, one of 12 series")
    _row(*["---"] * (len(names) + 3))
    for name, effect, kind in _POWER:
        logs = kind(np.random.default_rng(seed), trials) + np.log1p(effect)
        cells = [first(logs, *compared[each]) for each in names]
        cells.append(first(logs, rule, bar(RATE / 12)))
        _row(f"+{effect * 100:g} %", name, *map(_when, cells))


def _same(seed: int, trials: int) -> None:
    _row("true effect", "pairs", "same within 3 %")
    _row(*["---"] * 3)
    for effect in (0.0, 0.01, 0.03):
        for name, kind in (("normal, sd 2 %", normal), ("two clusters, ±8 %", two_clusters)):
            logs = kind(np.random.default_rng(seed), trials) + np.log1p(effect)
            _row(f"+{effect * 100:g} %" if effect else "none", name, _when(same(logs, 0.03)))


def _when(pairs: Integers) -> str:
    """Return how many series ended so, and after how many pairs half and 19 of 20 of all had."""
    ended = share(int((pairs > 0).sum()), len(pairs))
    half, most = np.quantile(np.where(pairs > 0, pairs, np.inf), [0.5, 0.95], method="higher")
    return f"{ended}; {_count(float(half))}, {_count(float(most))}"


def _count(pairs: float) -> str:
    return f"{pairs:.0f}" if np.isfinite(pairs) else "\N{EN DASH}"


def _row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    for table in (_errors, _power, _same):
        table(args.seed, args.trials)
        print()


if __name__ == "__main__":
    main()
