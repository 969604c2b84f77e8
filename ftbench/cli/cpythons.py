"""`ftbench pythons`, `releases` and `engines`: which are here, which there are; getting more."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import click
from rich.console import Console

from ftbench.cli.arguments import names_of
from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.facts.engines import ENGINES, Engine, engine_named
from ftbench.facts.modes import EVERY_MODE, MODES
from ftbench.probe.scenarios.native import WORK
from ftbench.pythons import Survey, discover, survey
from ftbench.pythons import engines as of_builds
from ftbench.pythons.install import choose, ensure_each, own_arm, replicas
from ftbench.pythons.interpreter import Interpreter, Spec, preference
from ftbench.pythons.wheels import abi_of
from ftbench.releases import Release
from ftbench.releases.known import (
    DATA_FILE,
    KnownRelease,
    check_origin,
    known_releases,
    merge,
    read_tags,
    save,
    to_json,
)
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.output import Output, output_options

_YES_NO = {True: "yes", False: "no", None: "?"}


@click.group(
    invoke_without_command=True,
    help="""List every CPython on this machine, and what each of them was built with.

    FTBENCH_PYTHONS may name more: executables, prefixes, or folders of prefixes. Of several builds
    of a release the first one is measured: no debug build; PGO and LTO; JIT off; most as usual in
    libc, -O, -march, allocator, assertions, one piece; then by name of build, finder and path.
    """,
)
@output_options
def pythons(output: Output) -> None:
    if click.get_current_context().invoked_subcommand is None:
        output.write(_pythons(survey()))


@pythons.command(
    help="""Make sure that interpreters are here: 3.14t, 3.13.15, 3.14+freethreaded, 3.15.0rc1t.

    Takes what is installed; else uv's; else builds it from Debian's source package.
    """
)
@click.argument(
    "specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=names_of("known release")
)
@click.option("--optimized", is_flag=True, help="Only a build with PGO and LTO will do.")
@click.option(
    "--replicas",
    "count",
    type=click.IntRange(1, 20),
    help="Build it here, and so many replicas that differ in layout alone, by the order in which "
    "its objects are linked and by where functions begin (on 32, 64, 128 or 256 bytes, from the "
    "fifth on anew): 'noise --against'.",
)
def install(specs: tuple[str, ...], *, optimized: bool, count: int | None) -> None:
    parsed = [Spec.parse(text) for text in specs]
    console = Console(stderr=True)
    made: Iterable[Iterable[Interpreter]]
    if count:
        made = [replicas(spec, count, optimized=optimized, console=console) for spec in parsed]
    else:
        made = [[one] for one in ensure_each(parsed, optimized=optimized, console=console)]
    for number, one in (each for builds in made for each in enumerate(builds)):
        which = f", replica {number} of {count}" if number else ""
        click.echo(f"{one.name} ({one.build.flavour}{which}): {one.executable}")


def _pythons(known: Survey) -> Document:
    table = Table(
        columns=("release", "build", "from", "PGO", "LTO", "JIT", "compiler", "path"),
        rows=tuple(
            Row(
                cells=(
                    one.name,
                    one.build.flavour + ", a replica" * one.build.replica,
                    str(one.origin),
                    _YES_NO[one.build.pgo],
                    _YES_NO[one.build.lto],
                    one.build.jit,
                    one.build.compiler,
                    str(one.executable),
                )
            )
            for one in (*known.interpreters, *known.replicas)
        ),
    )
    unusable = tuple(
        f"{'too old' if one.too_old else 'broken'}: {one.executable} ({one.reason})"
        for one in (*known.broken, *known.too_old)
    )
    return Document(
        title="The CPythons on this machine",
        record=_record(known),
        parts=(Part(tables=(table,)), *([Part(lines=unusable)] if unusable else [])),
    )


def _record(known: Survey) -> dict[str, object]:
    unusable = {"too_old": known.too_old, "broken": known.broken}
    return {
        "schema": {"name": "ftbench.pythons", "version": 1},
        "interpreters": [one.record() for one in known.interpreters],
        "replicas": [one.record() for one in known.replicas],
        **{
            name: [{"executable": str(one.executable), "reason": one.reason} for one in those]
            for name, those in unusable.items()
        },
    }


@click.group(
    invoke_without_command=True,
    help="List CPython's releases, oldest first: which are installed here, which were measured.",
)
@output_options
def releases(output: Output) -> None:
    if click.get_current_context().invoked_subcommand is None:
        output.write(_releases(known_releases()))


@releases.command(help="Take new releases from SOURCE: a git clone of CPython, or its URL.")
@click.argument("source")
def add(source: str) -> None:
    known = known_releases()
    found = read_tags(source)
    check_origin(found, known, source=source)
    have = {entry.release for entry in known}
    new = [entry for entry in found if entry.release not in have]
    if not new:
        click.echo(f"Nothing new in {source}: all of its {len(found)} releases are known.")
        return
    save(DATA_FILE, merge(known, new))
    for entry in new:
        click.echo(f"{entry.release} of {entry.date:%Y-%m-%d} is known now.")


def _releases(entries: tuple[KnownRelease, ...]) -> Document:
    from ftbench.results.project import load_project  # noqa: PLC0415 - no other command reads them

    here: dict[Release, set[str]] = {}
    for one in discover():
        here.setdefault(one.release, set()).add(one.name)
    measured: dict[Release, dict[str, set[str]]] = {}
    with suppress(FtbenchError):  # no project, or nothing measured
        for each in load_project().sources:
            machines = measured.setdefault(each.release, {})
            machines.setdefault(each.machine, set()).add(each.profile)
    known = {entry.release: entry for entry in entries}
    rows, record = [], []
    for release in sorted({*known, *here, *measured}):
        entry = known.get(release)
        names, by_machine = sorted(here.get(release, ())), measured.get(release, {})
        facts = to_json(entry) if entry else {"version": release.name, "commit": None, "date": None}
        profiles = {machine: sorted(own) for machine, own in sorted(by_machine.items())}
        record.append({**facts, "installed": names, "measured": profiles})
        day = f"{entry.date:%Y-%m-%d}" if entry else ""
        for number, (machine, own) in enumerate([*profiles.items()] or [("", [])]):
            first = ("", "", "") if number else (release.name, day, ", ".join(names))
            rows.append(Row(cells=(*first, machine, ", ".join(own))))
    columns = ("release", "date", "installed", "measured on", "profiles")
    return Document(
        title="CPython's releases: those that are known, installed here or measured",
        record=record,
        parts=(Part(tables=(Table(columns=columns, rows=tuple(rows)),)),),
    )


@click.group(
    invoke_without_command=True,
    help="""List the engines, packages that some cells need, and which builds here have them.

    Engines are installed from wheels only, from the index that pip or uv is set to, into a folder
    of the cache for each ABI; Spark, which has none, is built by pip of the source archive that we
    know. Only its own cells see it; without it they are skipped.
    """,
)
@output_options
def engines(output: Output) -> None:
    if click.get_current_context().invoked_subcommand is None:
        output.write(_engines(_by_abi()))


@engines.command(
    "install", help="Install engines, by default the usual ones, for each ABI that is here."
)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=names_of("engine"))
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="PYTHON",
    shell_complete=names_of("python"),
    help="Only for this one: a release, 3.14.7t, or a path. Can be given several times.",
)
def install_engines(names: tuple[str, ...], pythons: tuple[str, ...]) -> None:
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
                packages = ", ".join(f"{name} {one}" for name, one in made.versions.items())
                click.echo(f"{engine.name}, {abi}: {packages}")
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


def _engines(builds: dict[str, Interpreter]) -> Document:
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
