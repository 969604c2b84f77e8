"""What a shell completes: the names of what was measured, and of scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from ftbench.errors import FtbenchError

if TYPE_CHECKING:
    from ftbench.results.figure import ResultFile

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_OF: Final[dict[str, Callable[[ResultFile], tuple[str, ...]]]] = {
    "release": lambda each: (each.release.name, each.release.series),
    "build": lambda each: (each.flavour,),
    "machine": lambda each: (each.machine,),
    "profile": lambda each: (each.profile,),
    # What 'compare' takes: two releases, of one build too, two arms, two machines.
    "side": lambda each: (
        *(f"{name}{'t' * each.arm.free_threaded}" for name in _OF["release"](each)),
        *(each.release.name, each.arm.name, each.machine),
    ),
}


def measured(kind: str) -> Complete:
    """Return what completes names of what was measured: of a release, machine and so on."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        from ftbench.results.project import load_project  # noqa: PLC0415

        try:
            sources = load_project().sources
        except (FtbenchError, OSError):  # a shell is told nothing
            return []
        return _begun(begun, {name for each in sources for name in _OF[kind](each)})

    return complete


def scenarios(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the name of a scenario."""
    from ftbench.probe.scenarios.base import NAMES  # noqa: PLC0415

    return _begun(begun, NAMES)


def _begun(begun: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(names) if name.startswith(begun)]
