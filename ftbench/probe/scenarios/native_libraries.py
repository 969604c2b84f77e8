"""What `native` does with libraries beside the standard library, each imported by who asks for it.

A unit is some 1 ms of one thread's time.  All numbers are whole, so that sums come out the same in
whatever order they are taken, and beside each unit stands what plain Python has in its place.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ftbench.probe.workloads.kernels import Kernel

SIDE = 288  # of a matrix
IMAGE, FILTERED, REACH = 512, 8, 2  # its side, how often, and how far a pixel's sum reaches
COLLATZ = 13_000
TREES, ROWS, ASKED, CLASSES = 10, 2_000, 100, 4


def arrays(count: int, length: int) -> tuple[Callable[[], Kernel], Callable[[], int]]:
    """Three ufuncs over an array of `length` numbers, `count` times."""

    def unit() -> Kernel:
        numpy: Any = import_module("numpy")
        squares = numpy.arange(length, dtype=float) ** 2
        sums = numpy.empty_like(squares)

        def add() -> int:
            total = 0
            for _ in range(count):
                numpy.sqrt(squares, out=sums)
                numpy.add(sums, squares, out=sums)
                total += int(numpy.add.reduce(sums))
            return total

        return add

    return unit, lambda: count * sum(number + number**2 for number in range(length))


def _matrices() -> tuple[list[list[int]], list[list[int]]]:
    return (
        [[(row * SIDE + column) % 17 for column in range(SIDE)] for row in range(SIDE)],
        [[(row * SIDE + column) % 13 for column in range(SIDE)] for row in range(SIDE)],
    )


def matrices(name: str, array: str) -> tuple[Callable[[], Kernel], Callable[[], int]]:
    """A product of two matrices, which is one call into BLAS, by the library of that name."""

    def unit() -> Kernel:
        library: Any = import_module(name)
        made, kind = getattr(library, array), library.float64
        one, other = (made(matrix, dtype=kind) for matrix in _matrices())
        product = library.empty_like(one)

        def multiply() -> int:
            library.matmul(one, other, out=product)
            return int(product.sum())

        return multiply

    def plain() -> int:
        one, other = _matrices()
        columns = map(sum, zip(*one, strict=True))
        return sum(column * sum(row) for column, row in zip(columns, other, strict=True))

    return unit, plain


def _steps(below: int) -> int:
    """Return the steps that all numbers below take to 1 by Collatz's rule."""
    steps = 0
    for begin in range(1, below):
        number = begin
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
    return steps


@cache  # compiled once, by the main thread
def _compiled() -> Any:
    return import_module("numba").njit("int64(int64)", nogil=True)(_steps)


def jitted() -> Kernel:
    """A loop that Numba has compiled: one call."""
    steps = _compiled()
    return lambda: int(steps(COLLATZ))


def plain_steps() -> int:
    """Return what `jitted` comes to."""
    return _steps(COLLATZ)


def _rows(count: int) -> tuple[list[list[int]], list[int]]:
    """Return rows and their classes, which follow from a column that names each row."""
    rows = [[row, row * 7_919 % 2_003, row % 31] for row in range(count)]
    return rows, [row[1] % CLASSES for row in rows]


@cache  # all threads ask one forest, as a server's do
def _forest() -> Any:
    ensemble = import_module("sklearn.ensemble")
    # Each tree is grown until it has learnt all rows by heart.
    forest = ensemble.RandomForestClassifier(TREES, bootstrap=False, random_state=0, n_jobs=1)
    return forest.fit(*_rows(ROWS))


def predicted() -> Kernel:
    """Rows that a random forest sorts into classes."""
    numpy: Any = import_module("numpy")
    forest = _forest()
    rows = numpy.array(_rows(ASKED)[0], dtype=numpy.float32)
    places = numpy.arange(ASKED)
    return lambda: int(numpy.dot(forest.predict(rows), places))


def plain_classes() -> int:
    """Return what `predicted` comes to."""
    return sum(place * known for place, known in enumerate(_rows(ASKED)[1]))


def filtered() -> Kernel:
    """An image of which each pixel becomes the sum of those around it, some times."""
    numpy: Any = import_module("numpy")
    cv2: Any = import_module("cv2")
    cv2.setNumThreads(1)
    image = (numpy.arange(IMAGE * IMAGE) % 251).reshape(IMAGE, IMAGE).astype(numpy.uint8)
    sums = numpy.empty((IMAGE, IMAGE), numpy.int32)
    box, border = (2 * REACH + 1, 2 * REACH + 1), cv2.BORDER_CONSTANT

    def blur() -> int:
        for _ in range(FILTERED):
            cv2.boxFilter(image, cv2.CV_32S, box, sums, normalize=False, borderType=border)
        return int(cv2.sumElems(sums)[0])

    return blur


def plain_filtered() -> int:
    """Return what `filtered` comes to: each pixel as often as there are sums that it is in."""
    near = [min(at + REACH, IMAGE - 1) - max(at - REACH, 0) + 1 for at in range(IMAGE)]
    pixels = range(IMAGE * IMAGE)
    return sum(at % 251 * near[at // IMAGE] * near[at % IMAGE] for at in pixels)
