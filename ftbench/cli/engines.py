"""`ftbench engines`: packages beside the standard library that some modes and works need."""

from __future__ import annotations

import click
from rich.console import Console

from ftbench.cli.arguments import names_of
from ftbench.errors import NotAvailableError
from ftbench.facts.engines import ENGINES, Engine, engine_named
from ftbench.facts.modes import EVERY_MODE, MODES
from ftbench.probe.scenarios.native import WORK
from ftbench.pythons import discover
from ftbench.pythons import engines as of_builds
from ftbench.pythons.install import choose, own_arm
from ftbench.pythons.interpreter import Interpreter, preference
from ftbench.pythons.wheels import abi_of
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.output import Output, output_options


@click.group(
    invoke_without_command=True,
    help="""List the engines, packages that some cells need, and which builds here have them.

    An engine is installed by wheels alone, from the index that pip or uv is set to, into a folder
    of the cache for each ABI; Spark, which has none, is built by pip of the source archive that we
    know. Its own cells alone see it; without it they are skipped.
    """,
)
@output_options
def engines(output: Output) -> None:
    if click.get_current_context().invoked_subcommand is None:
        output.write(_listed(_by_abi()))


@engines.command(help="Install engines, by default the usual ones, for each ABI that is here.")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=names_of("engine"))
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    shell_complete=names_of("python"),
    help="For this one alone: a release, 3.14.7t, or a path. More than one may be named.",
)
def install(names: tuple[str, ...], pythons: tuple[str, ...]) -> None:
    usual = [name for name, engine in ENGINES.items() if engine.usual and engine.measured]
    chosen = [engine_named(name) for name in names or usual]
    console = Console(stderr=True)
    found = [choose(each, own_arm(each), console)[0] for each in pythons]
    builds = {abi_of(one): one for one in found} or _by_abi()
    failures: list[NotAvailableError] = []
    for engine in chosen:
        for abi, interpreter in builds.items():
            try:
                made = of_builds.install(engine, interpreter, console)
            except NotAvailableError as error:
                failures.append(error)
                click.echo(f"{engine.name}, {abi}: {error}")
            else:
                click.echo(f"{engine.name}, {abi}: {_packages(made.versions)}")
                for note in made.notes:
                    click.echo(f"  {note}.")
    if len(failures) == len(chosen) * len(builds):
        raise NotAvailableError(
            "Nothing was installed.", hint="Which builds can have which engine: ftbench engines"
        )


def _by_abi() -> dict[str, Interpreter]:
    """Return ABI → the interpreter here that stands for it, the newest of the best."""
    best = sorted(discover(), key=preference)
    newest = sorted(best, key=lambda one: one.release, reverse=True)
    measured = (one for one in newest if (one.release.major, one.release.minor) >= MODES[0].since)
    builds: dict[str, Interpreter] = {}
    for one in measured:
        builds.setdefault(abi_of(one), one)
    return dict(sorted(builds.items()))


def _packages(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _listed(builds: dict[str, Interpreter]) -> Document:
    rows, lines, record = [], list[str](), []
    for engine in ENGINES.values():
        words, reasons = [], dict[str, list[str]]()
        for abi, interpreter in builds.items():
            state = of_builds.state_of(engine, interpreter)
            words.append(state.word)
            versions = state.packages.versions if state.packages else {}
            record.append(
                {
                    "engine": engine.name,
                    "abi": abi,
                    "state": state.word,
                    "packages": versions,
                    "reason": state.reason,
                }
            )
            if state.final:
                reasons.setdefault(state.reason, []).append(abi)
        lines += [f"{engine.name}, {', '.join(abis)}: {why}" for why, abis in reasons.items()]
        if "not installed" in words:
            lines.append(f"{engine.name}: {of_builds.COMMAND} {engine.name}")
        pinned = ", ".join(engine.requirements)
        rows.append(Row(cells=(pinned, _users(engine), engine.size, *words)))
    table = Table(columns=("engine", "used by", "size", *builds), rows=tuple(rows))
    return Document(
        title="The engines, and which builds here have them",
        record={"schema": {"name": "ftbench.engines", "version": 1}, "engines": record},
        parts=(Part(tables=(table,)), Part(lines=tuple(lines))),
    )


def _users(engine: Engine) -> str:
    modes = [mode.name for mode in EVERY_MODE if mode.engine == engine.name]
    works = [f"native {work}" for work, own in WORK.items() if own.engine == engine.name]
    return ", ".join([*modes, *works]) or "none"
