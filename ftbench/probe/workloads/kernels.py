"""Kernels: small pieces of work in pure Python, each with the checksum that proves it was done.

`KERNELS` crunch for some 2 ms (`cpu_scaling`), `SMALL` exercise one corner of the language each
for a part of a millisecond (`single_thread`).  Checksums hold on every build and system.
"""

from __future__ import annotations

from time import perf_counter_ns, sleep, thread_time_ns

from ftbench.probe.entry_points import article

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Kernel = Callable[[], int]
    Report = tuple[int, int, int, int]
    SliceReport = tuple[int, int, int, int, int]

SUMMANDS = 40_000
# Odd numbers, of which about every tenth is a prime and takes the longest.
FIRST_ODD, ODDS = 10_000_001, 200
WORDS, VOCABULARY = 8_000, 97
DEPTH = 12
POINTS, MOST_STEPS = 600, 60
# Nanoseconds before its instant in which a slice is awake: a timer is late by some 60 000.
_SPIN = 100_000


def sum_of_squares() -> int:
    """Sum up squares, as articles on threads against processes do: a generator, large integers."""
    return sum(i**2 for i in range(SUMMANDS))


def _is_prime(odd: int) -> bool:
    divisor = 3
    while divisor * divisor <= odd:
        if odd % divisor == 0:
            return False
        divisor += 2
    return True


def is_prime() -> int:
    """Count primes by trial division: a loop over small integers."""
    return sum(map(_is_prime, range(FIRST_ODD, FIRST_ODD + 2 * ODDS, 2)))


def words() -> int:
    """Make a text and count its words: strings that come and go, and a dict of them."""
    text = " ".join(f"word{number * number % VOCABULARY}" for number in range(WORDS))
    counts: dict[str, int] = {}
    for word in text.upper().split():
        counts[word] = counts.get(word, 0) + 1
    return sum(len(word) * count**2 for word, count in counts.items())


class _Node:
    """A node of a tree that is made to be thrown away."""

    def __init__(self, left: _Node | None, right: _Node | None) -> None:
        self.left = left
        self.right = right

    def count(self) -> int:
        own = 1
        if self.left is not None:
            own += self.left.count()
        if self.right is not None:
            own += self.right.count()
        return own


def _tree(depth: int) -> _Node:
    if not depth:
        return _Node(None, None)
    return _Node(_tree(depth - 1), _tree(depth - 1))


def objects() -> int:
    """Build a binary tree of objects and count its nodes: the allocator and the collector."""
    return _tree(DEPTH).count()


def mandelbrot() -> int:
    """Iterate the points of a row of the Mandelbrot set: floats in locals, nothing kept."""
    steps = 0
    far = 4.0
    for point in range(POINTS):
        real, imaginary = point * 2.5 / POINTS - 2.0, 0.3
        x = y = 0.0
        for _ in range(MOST_STEPS):
            x, y = x * x - y * y + real, 2.0 * x * y + imaginary
            steps += 1
            if x * x + y * y > far:
                break
    return steps


KERNELS: dict[str, tuple[Kernel, int]] = {
    "sum_of_squares": (sum_of_squares, 21_332_533_340_000),
    "is_prime": (is_prime, 20),
    "lcg": (article, 3_657_859_181),
    "words": (words, 7_678_748),
    "objects": (objects, 8_191),
    "mandelbrot": (mandelbrot, 18_737),
}


def _add(one: int, other: int, *, more: int = 0) -> int:
    return one + other + more


def calls() -> int:
    """Call a Python function, by position and by keyword."""
    total = 0
    for number in range(1_000):
        total = _add(total, number)
        total = _add(total, 1, more=number)
    return total


class _Point:
    scale = 3

    def __init__(self) -> None:
        self.x = 0
        self.y = 1

    def grow(self) -> int:
        return self.x + self.y


def attributes() -> int:
    """Read and write attributes of an object, read one of its class, call its method."""
    point = _Point()
    total = 0
    for number in range(1_000):
        point.x = number
        point.y = point.x * point.scale
        total += point.grow()
    return total


def dicts() -> int:
    """Fill a dict, look up what is there and what is not, walk it, empty it."""
    table: dict[int, int] = {}
    for number in range(1_000):
        table[number * 7] = number
    hits = sum(1 for number in range(2_000) if number in table)
    total = sum(key + value for key, value in table.items())
    while table:
        table.popitem()
    return total + hits


def lists() -> int:
    """Append, index, assign, slice and pop."""
    stack: list[int] = []
    for number in range(1_000):
        stack.append(number)  # noqa: PERF402 - appending is what is measured
    for number in range(1_000):
        stack[number] = stack[-number] + 1
    total = sum(stack[::2]) + len(stack[100:-100])
    while stack:
        total += stack.pop()
    return total


def strings() -> int:
    """Format, join, split, replace, find and slice."""
    total = 0
    for number in range(150):
        line = f"{number:05d};name {number};{number / 4:.2f}"
        parts = line.replace("name", "word").split(";")
        total += len(",".join(reversed(parts))) + line.find(";name") + int(parts[0][2:])
    return total


def floats() -> int:
    """Add, multiply and divide floats: Simpson's rule for the area under 1 / (1 + x²)."""
    count = 1_000
    total = 0.0
    for number in range(count + 1):
        x = number / count
        weight = 1.0 if number in {0, count} else 2.0 + 2.0 * (number % 2)
        total += weight / (1.0 + x * x)
    return round(total / (3 * count) * 4e9)


def _countdown(number: int) -> Iterator[int]:
    while number:
        yield number
        number -= 1


def _all_of(number: int) -> Iterator[int]:
    yield from _countdown(number)


def generators() -> int:
    """Step through generators, one inside of another."""
    return sum(sum(_all_of(number)) for number in range(50))


def _risky(number: int) -> int:
    if number % 2:
        raise ValueError(number)
    return number


def exceptions() -> int:
    """Raise and catch every other time, with a `finally` around."""
    total = 0
    for number in range(400):
        try:
            total += _risky(number)
        except ValueError as error:
            total += len(error.args)
        finally:
            total += 1
    return total


def comprehensions() -> int:
    """Make a list, a set and a dict by comprehension."""
    total = 0
    for number in range(10):
        even = [each for each in range(200) if each % 2 == 0]
        rest = {each % 17 for each in even}
        total += len({each: each + number for each in rest}) + sum(even)
    return total


def json_both_ways() -> int:
    """Write nested data as JSON and read it back."""
    import json  # noqa: PLC0415 - spawned workers do without

    data = [
        {"id": each, "name": f"n{each}", "tags": ["a", "é"], "x": each / 8} for each in range(50)
    ]
    text = json.dumps(data)
    total: int = sum(each["id"] for each in json.loads(text))
    return total + len(text)


def regular_expression() -> int:
    """Find and replace by regular expressions; the time is that of C, called from Python."""
    import re  # noqa: PLC0415 - spawned workers do without

    text = " ".join(f"key{number}=value{number * 3};" for number in range(100))
    found = re.findall(r"(\w+)=(\w+);", text)
    return sum(len(key) for key, _ in found) + len(re.sub(r"\d+", "#", text))


def sorting() -> int:
    """Sort numbers, and sort them by a function."""
    numbers = [number * 7_919 % 1_009 for number in range(1_000)]
    ordered = sorted(numbers)
    by_digit = sorted(numbers, key=lambda number: (number % 10, number))
    return sum(place * number for place, number in enumerate(ordered)) + by_digit[500]


SMALL: dict[str, tuple[Kernel, int]] = {
    "calls": (calls, 1_000_000),
    "attributes": (attributes, 1_998_000),
    "dict": (dicts, 3_996_286),
    "list": (lists, 1_126_048),
    "str": (strings, 14_775),
    "float": (floats, 3_141_592_654),
    "generators": (generators, 20_825),
    "exceptions": (exceptions, 40_400),
    "comprehension": (comprehensions, 99_170),
    "json": (json_both_ways, 4_367),
    "re": (regular_expression, 1_789),
    "sort": (sorting, 336_195_586),
}


def timed(work: Kernel, units: int) -> Report:
    """Do `units` of work; return (begin, end, CPU of this thread, sum of the checksums), in ns."""
    checksum = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for _ in range(units):
        checksum += work()
    end = perf_counter_ns()
    return begin, end, thread_time_ns() - cpu, checksum


def in_turn(work: Kernel, units: int, cpus: tuple[int, ...] = (), at: int = 0) -> SliceReport:
    """Do `units` of work from the instant `at` on; report as `timed`, and whether others cut in.

    Until then this thread waits on one of `cpus`, if any and if it may.  It was cut in upon (1) if
    it lost that to another thread meanwhile, which only Linux tells.
    """
    try:
        from os import sched_getaffinity  # noqa: PLC0415 - for slices alone
        from resource import RUSAGE_THREAD, getrusage  # noqa: PLC0415
    except ImportError:
        _wait(at)
        return *timed(work, units), 0
    allowed = sched_getaffinity(0)
    if cpus:
        _move({cpus[at % len(cpus)]})
    _wait(at)
    before = getrusage(RUSAGE_THREAD).ru_nivcsw
    report = timed(work, units)
    preempted = getrusage(RUSAGE_THREAD).ru_nivcsw > before
    if cpus:  # so that the next slice does not begin where somebody spins
        _move(allowed)
    return *report, int(preempted)


def _move(cpus: set[int]) -> None:
    from os import sched_setaffinity  # noqa: PLC0415

    try:  # noqa: SIM105 - contextlib is luggage
        sched_setaffinity(0, cpus)
    except OSError:
        pass  # a sandbox forbids it, or a cpuset has just lost it


def _wait(at: int) -> None:
    """Sleep, so that others get the GIL, until shortly before the instant `at`; then spin."""
    ahead = at - _SPIN - perf_counter_ns()
    if ahead > 0:
        sleep(ahead / 1e9)
    while perf_counter_ns() < at:
        pass


def crunch(kernel: str, units: int, cpus: tuple[int, ...] = (), at: int = 0) -> SliceReport:
    """`in_turn` for a kernel of `KERNELS` by its name: what a member of a team runs."""
    work, _checksum = KERNELS[kernel]
    return in_turn(work, units, cpus, at)
