"""The native limit: `shared_set` in Rust, compiled here and measured like a cell of the probe.

It is compiled once per source, compiler and processor, under a lock, and moved into place by one
rename: a folder under `native` of the cache is always a whole program.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
    error_class,
)
from ftbench.facts.profiles import Profile, current_profile, profile_named
from ftbench.files import cache_folder, expanded, folder_made
from ftbench.probe.instruments.machine import load, machine_record
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.measure import DEADLINE_SECONDS, check_deadline, utc_now
from ftbench.probe.run.outcome import Invariant, Metric
from ftbench.probe.run.programs import PACKAGE_PARENT, Guarded
from ftbench.probe.scenarios.base import Param, scenario_named
from ftbench.processes import Finished, run
from ftbench.progress import locked, phase

TITLE: Final = "the native limit"
_EXECUTABLE: Final = "shared_set.exe" if sys.platform == "win32" else "shared_set"
_DEADLINE: Final = 600.0
_STORY_LINES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that is there, and what it was built with and from."""

    path: Path = field(repr=False)
    rustc: Rustc
    digest: str

    def record(self) -> dict[str, Any]:
        return {
            "implementation": "Rust",
            "version": self.rustc.release,
            "compiler": self.rustc.title,
            "llvm": self.rustc.llvm,
            "target": self.rustc.target,
            "flags": list(FLAGS),
            "source": self.digest,
        }


def build(console: Console) -> Program:
    """Return the program, compiled if need be; raises `NotAvailableError` or `FtbenchError`."""
    rustc, source = find_rustc(os.environ), find_source()
    digest = digest_of(source)
    facts = (digest, rustc.title, rustc.target, rustc.features, *FLAGS)
    key = _digest("\n".join(facts))[:16]
    final = cache_folder() / "native" / key
    program = Program(path=final / _EXECUTABLE, rustc=rustc, digest=digest)
    if not program.path.is_file():
        waiting = f"{TITLE}: another ftbench compiles it, wait"
        with locked(f"native-{key}", console, waiting=waiting, deadline=_DEADLINE):
            if not program.path.is_file():
                _compile(rustc, source, final, console)
    return program


def _compile(rustc: Rustc, source: Path, final: Path, console: Console) -> None:
    with folder_made(final) as folder:
        command: list[str | Path] = [rustc.path, *FLAGS]
        command += ["-o", folder / _EXECUTABLE, source / MAIN]
        with phase(console, f"{TITLE}: {rustc.title}"):
            try:
                done = run(command, environ=os.environ, deadline=_DEADLINE, folder=folder)
            except DeadlineError as error:
                raise _failed(str(error), "") from error
            if done.code != 0 or not (folder / _EXECUTABLE).is_file():
                raise _failed(f"{rustc.title} ended with {done.code}.", done.err)


def _failed(why: str, words: str) -> FtbenchError:
    return FtbenchError(
        f"{TITLE} cannot be compiled: {why}",
        story="\n".join(f"  {line}" for line in words.strip().splitlines()[-_STORY_LINES:]),
        hint="rustc needs a linker (on Debian: apt-get install gcc libc6-dev) and the standard "
        "library of its own target.",
    )


VARIABLE: Final = "FTBENCH_RUSTC"
FLAGS: Final = ("--edition=2021", "-Copt-level=3", "-Ctarget-cpu=native")
"""As in the article, and the edition that Debian's rustc of 2022 knows too."""

_ASK_DEADLINE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rustc:
    """A compiler: its release, its whole name, its LLVM, the target it compiles for."""

    path: Path = field(repr=False)
    release: str
    title: str
    llvm: str
    target: str
    features: str  # digest of what `target-cpu=native` means here; no part of provenance


def find_rustc(environ: Mapping[str, str]) -> Rustc:
    """Return the rustc of `VARIABLE`, PATH or cargo; raises `NotAvailableError`, `UsageError`."""
    path = _path(environ)
    words = _ask(path, ["-vV"], environ)
    title, _, rest = words.partition("\n")
    facts = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
    if not title.startswith("rustc ") or not {"release", "host"} <= facts.keys():
        raise NotAvailableError(f"not available: {path} is no rustc", story=words)
    return Rustc(
        path=path,
        release=facts["release"],
        title=title,
        llvm=facts.get("LLVM version", "unknown"),
        target=facts["host"],
        features=_digest(_ask(path, [*FLAGS, "--print", "cfg"], environ)),
    )


def _path(environ: Mapping[str, str]) -> Path:
    named = environ.get(VARIABLE)
    if named and not Path(named).is_file():
        raise UsageError(f"{VARIABLE} is {named!r}, which is no file.")
    cargo = expanded(environ.get("CARGO_HOME") or "~/.cargo") / "bin"
    folders = filter(None, [environ.get("PATH"), str(cargo)])
    path = named or shutil.which("rustc", path=os.pathsep.join(folders))
    if path:
        return Path(path).absolute()
    raise NotAvailableError(
        "not available: no rustc",
        hint="Install Rust (on Debian: apt-get install rustc; elsewhere: rustup), or name the "
        f"compiler in {VARIABLE}.",
    )


def _ask(path: Path, words: list[str], environ: Mapping[str, str]) -> str:
    try:
        done = run([path, *words], environ=environ, deadline=_ASK_DEADLINE, folder=path.parent)
    except (OSError, DeadlineError) as error:
        done = Finished(code=-1, out="", err=str(error))
    if done.code != 0:
        # rustup's rustc is there before any toolchain is.
        raise NotAvailableError(
            f"not available: {path} does not run",
            story=done.err,
            hint=f"Name another compiler in {VARIABLE}.",
        )
    return done.out


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


MAIN: Final = "shared_set.rs"
"""The module that rustc is given; it names the others."""

_PACKAGED: Final = Path(__file__).resolve().parent / "rust_source"
_CHECKOUT: Final = Path(__file__).resolve().parents[2] / "native"


def find_source() -> Path:
    """Return the folder of the program's modules; raises `NotAvailableError` without one."""
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / MAIN).is_file():
            return folder
    raise NotAvailableError(
        "not available: this installation of ftbench has no Rust source",
        hint="Install ftbench from a checkout or from a wheel that was built from one.",
    )


def digest_of(source: Path) -> str:
    """Return the SHA-256 of all modules, names and contents, in hex."""
    digest = hashlib.sha256()
    for path in sorted(source.glob("*.rs")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


SCENARIO: Final = "shared_set"
MODE: Final = "threads"
FORMS: Final = ("fixed", "timed", "article")
FILLS: Final = ("cold", "grown")

# Those of the scenario in Python; the strategy is the one that the article has in Rust.
PARAMS: Final = {
    "workers": Param(default=8),
    "strategy": Param(default="lock", choices=("lock",)),
    "fill": Param(default="cold", choices=FILLS),
    "form": Param(default="fixed", choices=FORMS),
    "duration": Param(default=5000, most=3_600_000),
    "id_space": Param(default=10_000_000, most=2**63 - 1),
}

# How many times the duration a form takes: the article's warms up for as long.
_BOXES: Final = {"fixed": 0, "timed": 1, "article": 2}


def measure(
    params: Mapping[str, int | str] | None = None,
    *,
    profile: str | None = None,
    deadline: float | None = None,
) -> Measurement:
    """Build the native program if need be, run it, return what it measured, with the GIL as off.

    `profile` defaults to `FTBENCH_PROFILE`, `deadline` (seconds of the run) to the probe's and the
    time box of the form.  Raises as `build` and `run_program`, and `UsageError`.
    """
    values = scenario_named(SCENARIO)._replace(params=PARAMS).parse(params or {})
    chosen = profile_named(profile) if profile else current_profile()
    if deadline is None:
        boxes = _BOXES[str(values["form"])]
        deadline = DEADLINE_SECONDS + boxes * int(values["duration"]) / 1000
    check_deadline(deadline)
    program = build(Console(stderr=True))
    before, started_at, begin = load(), utc_now(), time.monotonic()
    document = run_program(program.path, options(values, chosen), deadline=deadline)
    return Measurement(
        scenario=SCENARIO,
        mode=MODE,
        params=values,
        profile=chosen.name,
        metrics={
            name: Metric(unit=metric["unit"], samples=tuple(metric["samples"]))
            for name, metric in document["metrics"].items()
        },
        invariants=tuple(Invariant(**each) for each in document["invariants"]),
        gil=Switch(asked=False, before=False, after=False),
        build=program.record(),
        machine=machine_record(),
        load=(before, load()),
        started_at=started_at,
        elapsed=round(time.monotonic() - begin, 3),
        notes=document["notes"],
    )


def options(values: Mapping[str, int | str], profile: Profile) -> list[str]:
    """Return the program's options for a cell and a profile."""
    given = {
        "workers": values["workers"],
        "fill": values["fill"],
        "form": values["form"],
        "duration": values["duration"],
        "id-space": values["id_space"],
        "least-rounds": profile.least_repeats,
        "most-rounds": profile.most_repeats,
        "seconds": profile.seconds,
    }
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


_PREFIX: Final = "shared_set: "


def run_program(program: Path, options: list[str], *, deadline: float) -> dict[str, Any]:
    """Return the document that `program` prints; raises the error that its exit code stands for."""
    with Guarded(
        [str(program), *options, "--deadline", f"{deadline:g}"],
        environ=clean_environment(os.environ, {"PYTHONPATH": str(PACKAGE_PARENT)}),
        deadline=deadline,
        name="native program",
    ) as running:
        code = running.follow()
        if code != 0:
            *story, last = running.words.strip().splitlines() or [""]
            if last.startswith(_PREFIX):
                raise error_class(code)(last.removeprefix(_PREFIX), story="\n".join(story))
            raise running.silent_end(code)
    words = running.lines.others.decode(errors="replace").strip()
    try:
        document: dict[str, Any] = json.loads(words.rpartition("\n")[2])
    except ValueError:
        raise WorkerFailedError(
            "The native program succeeded, but did not report its measurements.", story=words
        ) from None
    return document
