"""Quantities as people read them: one unit per column, three significant digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

# The unit of counts: they are alike in every sitting, however fast the machine is by then.
COUNTED: Final = "instructions"
_DIGITS: Final = 3
_WIDE: Final = "wide"
# Fewer than this are as good as none.
FEW: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A unit to show quantities in: `size` of the stored unit (seconds, bytes) make one."""

    symbol: str
    size: float

    def text(self, value: float) -> str:
        """Return `value`, in the stored unit, as a number in this one: `0.0144` → "14.4"."""
        return digits(value / self.size)


# Largest first.
_SCALES: Final = {
    "seconds": (
        Scale(symbol="s", size=1.0),
        Scale(symbol="ms", size=1e-3),
        Scale(symbol="µs", size=1e-6),
        Scale(symbol="ns", size=1e-9),
    ),
    "bytes": (
        Scale(symbol="GiB", size=2.0**30),
        Scale(symbol="MiB", size=2.0**20),
        Scale(symbol="KiB", size=2.0**10),
        Scale(symbol="bytes", size=1.0),
    ),
    COUNTED: (
        Scale(symbol="million instructions", size=1e6),
        Scale(symbol="instructions", size=1.0),
    ),
    "ratio": (Scale(symbol="\N{MULTIPLICATION SIGN}", size=1.0),),
}


# How far apart two costs of a unit may lie, as a share, and still be the same for their users:
# fixed before anything is measured, so that no noise makes them so.  A ratio is one of times.
_MARGINS: Final = {"seconds": 0.03, "ratio": 0.03, "bytes": 0.02, COUNTED: 0.005}


SAME: Final = (
    "Differences of at most {seconds} of a time, {bytes} of memory and {instructions} of "
    "instructions count as the same, whatever the noise."
).format_map({unit: f"{share * 100:g}\N{NO-BREAK SPACE}%" for unit, share in _MARGINS.items()})


def margin_of(unit: str) -> float:
    """Return the margin within which costs of a unit are the same; of another, that of times."""
    return _MARGINS.get(unit, _MARGINS["seconds"])


def scale_for(unit: str, values: Iterable[float]) -> Scale:
    """Return one scale for a whole column: the largest in which its middle value is at least 1."""
    scales = _SCALES.get(unit)
    if scales is None:
        return Scale(symbol=unit, size=1.0)
    # The middle one: a single tiny value must not turn all the others into long numbers.
    ordered = sorted(abs(value) for value in values)
    middle = ordered[len(ordered) // 2] if ordered else scales[0].size
    return next((scale for scale in scales if middle >= scale.size), scales[-1])


def amount(value: float, unit: str) -> str:
    """Return a quantity by itself, with its unit: 0.0144 seconds → "14.4 ms"."""
    scale = scale_for(unit, [value])
    return f"{scale.text(value)}\N{NO-BREAK SPACE}{scale.symbol}"


def digits(number: float) -> str:
    """Return three significant digits, never in the form 1e+03: "0.0123", "1.94", "1 234"."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    # Rounded first: 9.996 has the decimals of a 10.
    rounded = float(f"{number:.{_DIGITS}g}")
    decimals = max(_DIGITS - 1 - math.floor(math.log10(abs(rounded))), 0)
    return f"{number:,.{decimals}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def reach(share: float) -> str:
    """Return how far an interval reaches to either side, in whole percent and never too little.

    `share` is of the median: 0.043 → "±5 %".
    """
    if not math.isfinite(share):
        return _WIDE
    return f"±{math.ceil(share * 100)}\N{NARROW NO-BREAK SPACE}%"


# Of an interval whose ends are this far apart the numbers say nothing more.
WIDEST: Final = 100.0


def span(
    low: float,
    high: float,
    text: Callable[[float], str] = digits,
    between: str = " \N{EN DASH} ",
) -> str:
    """Return the ends of an interval with a dash between, or that it is wide."""
    return _WIDE if high > WIDEST * low else f"{text(low)}{between}{text(high)}"


def few(number: float) -> str:
    """Return a number that is expected, and is often next to nothing: "0.51", "under 0.01"."""
    return f"under {FEW:g}" if 0 < number < FEW else digits(number)


def times(ratio: float, text: Callable[[float], str] = digits) -> str:
    """Return a ratio as a multiple, with its sign and by default in three digits: "17.9" times."""
    return f"{text(ratio)}\N{MULTIPLICATION SIGN}"


def kept(value: float) -> float:
    """Return a sample with the digits that mean something: of bytes all, of seconds seven."""
    return value if float(value).is_integer() else float(f"{value:.7g}")


def plural(count: int, one: str, many: str) -> str:
    """Return how many there are: "1 process", "2 processes"."""
    return f"{count} {one if count == 1 else many}"
