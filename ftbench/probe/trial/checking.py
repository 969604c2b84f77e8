"""Whether a result is the serial twin's: digests, checks, and the file that has the twin's results.

Works on results of any size and depth, and of any library without importing it.
"""

from __future__ import annotations

import cmath
import copyreg
import hashlib
import json
import os
import pickle
import re
import reprlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType
from typing import IO, Any, NamedTuple, Self

from ftbench.errors import ResultsDifferError, UsageError
from ftbench.probe.run.outcome import Invariant

# Checks; else it is "module:function", of (result, expected).
EQUAL, CLOSE, NONE = "equal", "close", "none"

# -- digests

_PROTOCOL = 4  # of all releases alike
_SHORT = 64  # bytes; what is longer stands by its hash where parts are sorted
# Parts of a value, from which on it is remembered: what is shared over and over is read once.
_MANY = 64
_ADDRESS = re.compile(r"( at)? 0x[0-9a-fA-F]+")

_LEAVES: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"None",
    bool: lambda value: b"bool %d" % value,
    int: lambda value: b"int %x" % value,  # repr has a limit
    float: lambda value: b"float " + repr(value).encode(),
    complex: lambda value: b"complex " + repr(value).encode(),
    str: lambda value: b"str " + value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: b"bytes " + value,
    bytearray: lambda value: b"bytearray " + value,
    memoryview: lambda value: b"memoryview " + value.tobytes(),
}


def _leaf(value: Any) -> bytes | None:
    encode = _LEAVES.get(type(value))
    return encode(value) if encode else None


def _name(kind: Any) -> str:
    return f"{getattr(kind, '__module__', '')}.{getattr(kind, '__qualname__', '')}"


def _is_array(value: Any) -> bool:
    """Return whether it is an array or a scalar of NumPy's kind, which nothing else tells."""
    return all(hasattr(type(value), name) for name in ("dtype", "shape", "tobytes", "tolist"))


def _parts(value: Any) -> tuple[Iterator[Any], bool]:
    """Return what a value that is no leaf is made of, and whether in an order that matters."""
    kind = type(value)
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return iter((_name(value),)), True
    if isinstance(value, PurePath):  # of which several have one pickle, and one several
        return iter((str(value),)), True
    if _is_array(value):
        content = value.tolist() if value.dtype.hasobject else value.tobytes()
        return iter((str(value.dtype), tuple(value.shape), content)), True
    for base in (dict, set, frozenset, list, tuple):
        if isinstance(value, base):
            parts: Iterable[Any] = value.items() if isinstance(value, dict) else value
            own = () if kind is base else (getattr(value, "__dict__", None) or ())
            ordered = base in {list, tuple} or isinstance(value, OrderedDict)
            return chain(parts, (own,) if own else ()), ordered
    return _reduced(value), True


def _reduced(value: Any) -> Iterator[Any]:
    """Yield what pickle would write of an object, or what it says of itself where it cannot be.

    Not the pickle: that tells apart whether two equal strings are one object.
    """
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = reduce(value) if reduce else value.__reduce_ex__(_PROTOCOL)
        if isinstance(reduced, str):
            return iter((reduced,))
        function, args, state, items, pairs = (*reduced, None, None, None)[:5]
        more = (list(items) if items else None, dict(pairs) if pairs else None)
        return iter((getattr(function, "__qualname__", ""), args, state, *more))
    except Exception:  # noqa: BLE001 - a user's class may raise anything
        return iter((_ADDRESS.sub("", _repr(value, repr)),))


class _Node:
    """A value whose parts are being read; `low` is the nearest to the root that a part goes to."""

    def __init__(self, value: Any, depth: int) -> None:
        self.value = value
        self.parts, ordered = _parts(value)
        self.low = self.depth = depth
        self.count = 1
        # Without its module: CPython has moved some of its own.
        self._hash = hashlib.sha256(type(value).__qualname__.encode())
        self._unordered: list[bytes] | None = None if ordered else []

    def add(self, part: bytes, count: int = 1) -> None:
        self.count += count
        if self._unordered is None:
            self._hash.update(b"%d:" % len(part) + part)
        else:
            self._unordered.append(part if len(part) <= _SHORT else hashlib.sha256(part).digest())

    def digest(self) -> bytes:
        for part in sorted(self._unordered or ()):
            self._hash.update(b"%d:" % len(part) + part)
        return self._hash.digest()


def digest(value: Any) -> str:
    """Return what all equal results have and no others: sets and dicts without order, NaN as NaN.

    Of what does not pickle it is that of its repr, without addresses.
    """
    try:
        return _digest(value)
    except Exception as error:  # noqa: BLE001 - of what changes while it is read, say
        return hashlib.sha256(f"unreadable {error!r}".encode()).hexdigest()


def _digest(value: Any) -> str:
    stack = [_Node([value], 0)]  # no recursion: a result may be deeper than the stack
    path: dict[int, int] = {}
    known: dict[int, tuple[Any, bytes, int]] = {}
    while True:
        node = stack[-1]
        for part in node.parts:
            leaf = _leaf(part)
            if leaf is not None:
                node.add(leaf)
            elif id(part) in path:  # it has itself as a part
                up = path[id(part)]
                node.low = min(node.low, up)
                node.add(b"up %d" % (node.depth - up))
            elif id(part) in known:
                node.add(*known[id(part)][1:])
            else:
                path[id(part)] = len(stack)
                stack.append(_Node(part, len(stack)))
                break
        else:
            stack.pop()
            if not stack:
                return node.digest().hex()
            del path[id(node.value)]
            found, above = node.digest(), stack[-1]
            if node.low < node.depth:
                above.low = min(above.low, node.low)
            elif node.count >= _MANY:
                known[id(node.value)] = node.value, found, node.count
            above.add(found, node.count)


# -- how a value is told of

TOLD = 2_000  # characters of it
_AROUND, _WHOLE = 60, 200  # those shown where two differ; what is not longer is shown whole


def _teller() -> reprlib.Repr:
    teller = reprlib.Repr()
    teller.maxlist = teller.maxtuple = teller.maxdict = teller.maxset = teller.maxfrozenset = 100
    teller.maxdeque = teller.maxarray = 100
    teller.maxstring = teller.maxlong = teller.maxother = TOLD // 2
    return teller


def _repr(value: Any, how: Callable[[Any], str]) -> str:
    try:
        return how(value)
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        return f"<{_name(type(value))}, whose repr raises {type(error).__name__}>"


def told(value: Any) -> str:
    """Return the repr of any value, shortened."""
    text = _repr(value, _teller().repr)
    return text if len(text) <= TOLD else f"{text[:TOLD]}..."


def told_call(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the arguments of a call as they would be written."""
    words = [*map(told, args), *(f"{name}={told(value)}" for name, value in kwargs.items())]
    return ", ".join(words)


def one_line(error: BaseException) -> str:
    """Return what an error says, without addresses."""
    return " ".join(_ADDRESS.sub("", f"{type(error).__name__}: {error}").split())


class Difference(NamedTuple):
    """A result that is not the serial twin's, as text."""

    input: str
    got: str
    wanted: str
    why: str = ""  # what a check of the user's says

    @property
    def story(self) -> str:
        """Its lines, of long results around the place where they begin to differ."""
        got, wanted, why = self.got, self.wanted, self.why
        both = zip(got, wanted, strict=False)
        same = next((at for at, (one, other) in enumerate(both) if one != other), 0)
        if got == wanted:
            why = why or "the difference is in what is not shown"
        elif max(len(got), len(wanted)) > _WHOLE:
            got, wanted = (_cut(text, same) for text in (got, wanted))
        lines = [f"input:  {_cut(self.input, 0)}", f"got:    {got}", f"wanted: {wanted}"]
        return "\n".join([*lines, *([f"({why})"] if why else [])])


def _cut(text: str, at: int) -> str:
    begin = max(0, at - _AROUND)
    end = begin + _WHOLE
    return f"{'...' * bool(begin)}{text[begin:end]}{'...' * (len(text) > end)}"


# -- checks


def _near(got: Any, wanted: Any, tolerance: float) -> bool:
    if got == wanted or (got != got and wanted != wanted):  # noqa: PLR0124 - NaN
        return True
    try:
        return cmath.isclose(got, wanted, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # of a whole number beyond floats
        return False


_NUMBERS = frozenset({int, float, complex})


def _in_order(value: Any) -> list[Any]:
    """Return the parts of a value, in an order that those of a value close to it have, too."""
    if _is_array(value):
        return [str(value.dtype), value.shape, value.tolist()]
    parts, ordered = _parts(value)
    found = list(parts)
    if ordered:
        return found
    keys = [part[0] if isinstance(value, dict) else part for part in found]
    if not all(type(key) in {int, float} for key in keys):
        keys = list(map(digest, keys))
    return [found[at] for at in sorted(range(len(found)), key=keys.__getitem__)]


def close(got: Any, wanted: Any, tolerance: float) -> bool:
    """Return whether both are the same but for numbers, which are near: relatively or by value."""
    pairs, seen = [(got, wanted)], {}
    while pairs:
        ours, other = pairs.pop()
        if type(ours) in _NUMBERS and type(other) in _NUMBERS:
            if not _near(ours, other, tolerance):
                return False
            continue
        if ours is other or (id(ours), id(other)) in seen:
            continue
        leaf = _leaf(ours)
        if type(ours) is not type(other) or leaf != _leaf(other):
            return False
        if leaf is not None:
            continue
        seen[id(ours), id(other)] = ours, other  # kept, so that no other has their ids
        mine, theirs = map(_in_order, (ours, other))
        if len(mine) != len(theirs):
            return False
        pairs += zip(mine, theirs, strict=True)
    return True


def _by_own_equality(got: Any, wanted: Any) -> bool:
    try:
        return bool(got == wanted)
    except Exception:  # noqa: BLE001 - an array's has no truth, a user's may raise anything
        return False


def _by_function(function: Callable[[Any, Any], Any], got: Any, wanted: Any) -> str | None:
    """Return why the user's check says no, None where it does not: assertions return nothing."""
    try:
        answer = function(got, wanted)
        return None if answer is None or answer else f"the check returned {told(answer)}"
    except AssertionError as error:
        return str(error).strip() or "the check's assertion failed"
    except Exception as error:
        raise UsageError(
            f"The check raised {error!r}.",
            hint="It is called with (result, expected): it returns whether they agree, or asserts.",
        ) from error


# -- the serial twin's results

_KEPT = 1 << 20  # bytes of a pickled result, up to which `==` may have the last word
_PICKLES = ".pickles"


def _hash(value: Any) -> str | None:
    try:
        return hashlib.sha256(pickle.dumps(value, _PROTOCOL)).hexdigest()
    except Exception:  # noqa: BLE001 - a user's class may raise anything
        return None


class Recorder:
    """Writes the serial twin's results, a context: the file is there once all of them are in it."""

    def __init__(self, path: str, check: str) -> None:
        self._path, self._check = path, check
        self._needed = check not in {EQUAL, NONE}  # the results, which are more than digests
        self._entries: list[dict[str, Any]] = []
        self._pickles: IO[bytes] = open(path + _PICKLES, "wb")  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_rest: object) -> None:
        self._pickles.close()
        if not failed:
            with open(f"{self._path}.part", "w", encoding="utf-8") as file:
                json.dump(self._entries, file)
            os.replace(file.name, self._path)

    def add(self, given: str, result: Any, seconds: float) -> None:
        """Add what the next input, as text, came to, and how long that took."""
        try:
            pickled = b"" if self._check == NONE else pickle.dumps(result, _PROTOCOL)
        except Exception as error:
            if self._needed:
                raise UsageError(
                    "This check compares results themselves, and they do not pickle: "
                    f"{one_line(error)}",
                    hint=f"--check {EQUAL} compares digests, --check {NONE} nothing.",
                ) from error
            pickled = b""
        kept = pickled if self._needed or len(pickled) <= _KEPT else b""
        self._entries.append(
            {
                "input": given,
                "wanted": told(result),
                "seconds": seconds,
                "digest": digest(result),
                "hash": hashlib.sha256(pickled).hexdigest() if pickled else "",
                "pickle": [self._pickles.tell(), len(kept)],
            }
        )
        self._pickles.write(kept)


class Twin:
    """The serial twin's results, by the number of the input; `resolve` finds the user's check."""

    def __init__(self, path: str, check: str, resolve: Callable[[str], Any]) -> None:
        self._path, self._check = path, check
        kind, _, rest = check.partition(":")
        self._tolerance = float(rest) if kind == CLOSE else 0.0
        self._function = None if kind in {EQUAL, CLOSE, NONE} else resolve(check)
        with open(path, encoding="utf-8") as file:
            self._entries: list[dict[str, Any]] = json.load(file)

    @property
    def seconds(self) -> list[float]:
        return [float(entry["seconds"]) for entry in self._entries]

    def _wanted(self, entry: dict[str, Any]) -> Any:
        begin, size = entry["pickle"]
        with open(self._path + _PICKLES, "rb") as file:
            file.seek(begin)
            return pickle.loads(file.read(size))  # noqa: S301 - our own

    def difference(self, number: int, got: Any) -> Difference | None:
        """Return how the result of call `number`, of the inputs over and over, is another."""
        if self._check == NONE:
            return None
        entry = self._entries[number % len(self._entries)]
        why: str | None = ""
        if self._check == EQUAL:
            # What has the same pickle, of which there may be several, is the same in no time.
            if _hash(got) == entry["hash"] != "" or digest(got) == entry["digest"]:
                return None
            if entry["pickle"][1] and _by_own_equality(got, self._wanted(entry)):
                return None
        elif self._function is None:
            if close(got, self._wanted(entry), self._tolerance):
                return None
        else:
            why = _by_function(self._function, got, self._wanted(entry))
            if why is None:
                return None
        return Difference(entry["input"], told(got), entry["wanted"], why or "")

    def raised(self, number: int, error: str) -> Difference:
        """Return the difference of a call that raised, where the twin's did not."""
        entry = self._entries[number % len(self._entries)]
        return Difference(entry["input"], f"raised {error}", entry["wanted"])

    def held(self, calls: int) -> Invariant:
        """Return the invariant that so many results were the twin's."""
        return Invariant(
            name="results",
            checked=f"{calls} results were not looked at (--check {NONE})"
            if self._check == NONE
            else f"{calls} results were those of the serial twin",
        )


def differ(what: str, wrong: int, calls: int, first: Difference) -> ResultsDifferError:
    """Return the error for `wrong` of the results of `what`, with the first of them."""
    return ResultsDifferError(
        f"{what}: {wrong} of {calls} results are not the serial twin's.",
        story=first.story,
        hint="What the calls share, a global or an argument, is the usual cause; "
        "--check says what counts as the same.",
    )
