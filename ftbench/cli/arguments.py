"""Arguments that commands share: options that select results, and names that a shell completes."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from ftbench.errors import FtbenchError, UsageError
from ftbench.facts.arms import ARMS

if TYPE_CHECKING:
    from ftbench.results.figure import ResultFile

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

_MEASURED: Final[dict[str, Callable[[ResultFile], tuple[str, ...]]]] = {
    "release": lambda each: (each.release.name, each.release.series),
    "build": lambda each: (each.flavour,),
    "machine": lambda each: (each.machine,),
    "profile": lambda each: (each.profile,),
    # What 'compare' takes: two releases, of one build too, two arms, two machines.
    "side": lambda each: (
        *(f"{name}{'t' * each.arm.free_threaded}" for name in _MEASURED["release"](each)),
        *(each.release.name, each.arm.name, each.machine),
    ),
}


_OURS: Final = {
    "scenario": ("probe.scenarios.base", "NAMES"),
    "engine": ("facts.engines", "ENGINES"),
    "mode": ("facts.modes", "EVERY_MODE"),
    "mode of try": ("facts.trial_modes", "TRIAL_MODE_NAMES"),
}


_SELECT: Final[dict[str, tuple[str, str]]] = {
    "release": ("TEXT", "3.14.7, 3.14, 3.14.7t."),
    "machine": ("NAME", "A machine of the results."),
    "arm": ("", "Default: every arm."),
    "profile": ("TEXT", "A profile of the results."),
    "build": ("FLAVOUR", "A build of the results."),
    "bench": ("REGEX", "Only series whose names match."),
}
Command = TypeVar("Command", bound=Callable[..., Any])


def selecting(*names: str, **helps: str) -> Callable[[Command], Command]:
    """Return the options that select results, by default all of them; some with other words."""

    def decorate(command: Command) -> Command:
        for name in reversed(names or tuple(_SELECT)):
            metavar, words = _SELECT[name]
            command = click.option(
                f"--{name}",
                "flavour" if name == "build" else name,
                metavar=metavar or None,
                type=None if metavar else click.Choice([arm.name for arm in ARMS]),
                shell_complete=names_of("scenario" if name == "bench" else name)
                if metavar
                else None,
                help=helps.get(name, words),
            )(command)
        return command

    return decorate


def quantity(
    metavar: str, read: Callable[[str], object], *names: str, **attributes: Any
) -> Callable[[Command], Command]:
    """Return an option whose text `read` turns into a number."""

    def read_text(_: click.Context, __: click.Parameter, text: str | None) -> object:
        try:
            return None if text is None else read(text)
        except UsageError as error:
            raise click.BadParameter(f"{error.message} {error.hint}".strip()) from error

    return click.option(*names, metavar=metavar, callback=read_text, **attributes)


def names_of(kind: str) -> Complete:
    """Return what completes names of a kind; of several with commas, the last."""

    def complete(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
        if kind == "python" and os.sep in begun:
            return [CompletionItem(begun, type="file")]
        done, comma, last = begun.rpartition(",")
        try:
            names = sorted(set(_names(kind)))
        except (FtbenchError, OSError):  # a shell is told nothing
            return []
        return [CompletionItem(f"{done}{comma}{each}") for each in names if each.startswith(last)]

    return complete


def _names(kind: str) -> Iterable[str]:
    if kind in _MEASURED:
        from ftbench.results.project import load_project  # noqa: PLC0415

        return (name for each in load_project().sources for name in _MEASURED[kind](each))
    if kind == "python":
        from ftbench.pythons import discover  # noqa: PLC0415

        return (one.name for one in discover())
    if kind == "known release":
        from ftbench.releases import known_releases  # noqa: PLC0415

        known = [each.release for each in known_releases()]
        return (
            f"{name}{t}" for each in known for name in (each.name, each.series) for t in ("", "t")
        )
    module, name = _OURS[kind]
    every = getattr(importlib.import_module(f"ftbench.{module}"), name)
    return (getattr(each, "name", each) for each in every)
