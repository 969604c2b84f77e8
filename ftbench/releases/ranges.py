"""The range syntax: which releases `asv run 3.13.5..3.13.15` and its like mean.

    3.14                one series (`releases`: all of them)
    3.13.5..3.13.15     git's range: after 3.13.5, up to 3.13.15; an end may be left out
    3.14.2^!  3.14.2    this release alone
    installed           what has an interpreter here; `installed:ft`, `installed:gil` by build
    known:3.14          any of the first three, whether installed or not

A range means the installed releases in it; if there is none, all of them, so that a machine
without interpreters can publish.  The two forms `a..b` and `X^!` are what asv's site prints.
"""

from __future__ import annotations

from typing import Final

from ftbench.errors import UsageError
from ftbench.releases.history import EVERY, History
from ftbench.releases.release import Release, is_series

KNOWN: Final = "known:"
_INSTALLED: Final = "installed"
_SINGLE: Final = "^!"
_TO: Final = ".."


def select(text: str, history: History) -> tuple[Release, ...]:
    """Return the releases of a range, newest first; raises `UsageError` for one without sense."""
    text = text.strip()
    if text.startswith(KNOWN):
        return _newest_first(_members(text.removeprefix(KNOWN), history))
    if text.partition(":")[0] == _INSTALLED:
        return _newest_first(_installed(text, history))
    members = _members(text, history)
    if not members:
        raise _empty(text)
    return _newest_first(members & history.installed or members)


def _newest_first(releases: frozenset[Release]) -> tuple[Release, ...]:
    return tuple(sorted(releases, reverse=True))


def _members(text: str, history: History) -> frozenset[Release]:
    if text == EVERY or is_series(text):
        return history.branch(text)
    if _TO in text:
        after, _, upto = text.partition(_TO)
        return _between(after, upto, history)
    return frozenset({history.find(text.removesuffix(_SINGLE))})


def _between(after: str, upto: str, history: History) -> frozenset[Release]:
    releases = history.releases
    if after:
        oldest = history.find(after)
        releases = frozenset(release for release in releases if release > oldest)
    if upto:
        newest = history.find(upto)
        releases = frozenset(release for release in releases if release <= newest)
    return releases


def _installed(text: str, history: History) -> frozenset[Release]:
    builds = {
        _INSTALLED: history.installed,
        f"{_INSTALLED}:ft": history.free_threaded,
        f"{_INSTALLED}:gil": history.gil,
    }
    if text not in builds:
        raise UsageError(f"{text!r} is not a range.", hint=f"There is: {', '.join(builds)}.")
    if not builds[text]:
        raise UsageError(
            f"Nothing is {text} here.",
            hint="`ftbench pythons install 3.14 3.14t` gets a GIL and a free-threaded build.",
        )
    return builds[text]


def _empty(text: str) -> UsageError:
    after, _, upto = text.partition(_TO)
    meant = f"{upto}{_TO}{after}" if after and upto else f"{after or upto}{_SINGLE}"
    return UsageError(
        f"There is no release in {text}.",
        hint=f"a{_TO}b means: after a, up to and with b. Did you mean {meant}?",
    )
