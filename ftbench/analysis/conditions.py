"""What stands behind a page's figures: builds, machine, and what readers must be warned of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import quantiles
from typing import Any, Final

from ftbench.facts.units import plural, scale_for, span
from ftbench.results import Figure, Machine, ResultFile
from ftbench.results.figure import UNKNOWN, Health
from ftbench.results.health import far
from ftbench.results.selection import Pick

BUILD_FACTS: Final = {
    "version": "release",
    "free_threaded": "free-threaded",
    "pgo": "PGO",
    "lto": "LTO",
    "jit": "JIT",
    "tail_call": "tail-call interpreter",
    "debug": "debug build",
    "compiler": "compiler",
    "libc_family": "libc",
    "libc": "version of libc",
    "optimization": "-O",
    "march": "-march",
    "allocator": "allocator",
    "shared": "shared libpython",
    "assertions": "assertions",
    "configure_args": "configure",
    "code_flags": "compiler flags",
    "platform": "platform",
}
MACHINE_FACTS: Final = {
    "cpu": "CPU",
    "usable_cores": "cores usable",
    "affinity": "CPUs usable",
    "isolated": "isolated CPUs",
    "quota_cores": "CPU quota, cores",
    "smt": "SMT",
    "governor": "governor",
    "turbo": "turbo",
    "virtual": "virtual machine",
    "memory_bytes": "memory",
    "kernel": "kernel",
    "huge_pages": "huge pages",
    "scheduling": "scheduling",
    "cgroup": "cgroup",
    "limits": "limits",
    "process": "process state",
    "libraries": "libraries",
    "pinned": "pinned to CPUs",
}
_WORDS: Final = {True: "on", False: "off"}
# Of fewer cells nobody can tell whether more than one in so many is far off.
_LEAST: Final = 10
_FAILED: Final = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A named fact, one value per column; `differs` where the columns do not agree."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Tell whether the columns disagree."""
        return len(set(self.values)) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a reader must know before believing a figure."""

    title: str
    text: str


def builds(sources: Sequence[ResultFile]) -> tuple[Fact, ...]:
    """Return the provenance of each source's build, and the state of its GIL; () of no source."""
    if not sources:
        return ()
    records = [source.builds[-1] if source.builds else {} for source in sources]
    return (
        Fact(name="build", values=tuple(source.flavour or UNKNOWN for source in sources)),
        Fact(name="GIL seen", values=tuple(gil_seen(source) for source in sources)),
        *(
            Fact(name=title, values=tuple(value_words(record, key) for record in records))
            for key, title in BUILD_FACTS.items()
        ),
    )


def machine_facts(machine: Machine | None, sources: Sequence[ResultFile]) -> tuple[Fact, ...]:
    """Return what asv and our own records know of the machine; what neither says is left out."""
    known = {"name": machine.name, "CPU": machine.cpu, "system": machine.os} if machine else {}
    if machine:
        known |= {"architecture": machine.arch, "cores": machine.num_cpu}
    record = next((source.machines[-1] for source in sources if source.machines), {})
    told = {title: value_words(record, key) for key, title in MACHINE_FACTS.items()}
    known = known | told | known
    if (load := _load_before(sources)) is not None:
        known["load at the start"] = f"{load:g}"
    return tuple(
        Fact(name=name, values=(value,)) for name, value in known.items() if value != UNKNOWN
    )


def is_plain(sources: Iterable[ResultFile]) -> bool:
    """Tell whether a build has no PGO or no LTO: those that people install have both."""
    builds = [build for source in sources for build in source.builds]
    return any(build.get("pgo") is False or build.get("lto") is False for build in builds)


def notices(
    pick: Pick, sources: Sequence[ResultFile], figures: Iterable[Figure] = ()
) -> tuple[Notice, ...]:
    """Return the warnings of a page with these figures, the weightiest first."""
    meaning = (
        ". They show the order of magnitude; never compare them with figures of the full profile."
    )
    return (
        *_gil_notices(sources),
        *run_notices(pick.profile, meaning, sources),
        *disturbed(figures),
        *_builds_notices(pick, sources),
    )


def _gil_notices(sources: Iterable[ResultFile]) -> Iterator[Notice]:
    for source in sources:
        arm = source.arm
        for name, seen, asked in ("GIL", source.gil, arm.gil), ("JIT", source.jit, arm.jit):
            if seen - {asked}:
                text = f"It was seen {_states(seen)}, and should have been {_WORDS[asked]}. "
                title = f"The {name} of “{arm.label}” was wrong."
                yield Notice(title=title, text=f"{text}Do not use them.")


def run_notices(profile: str, meaning: str, sources: Iterable[ResultFile]) -> Iterator[Notice]:
    """Yield the warnings of runs that were not steady, or of few rounds, which `meaning` ends."""
    if every := "; ".join(words for words, failed in own_check(sources).items() if failed):
        yield Notice(
            title="The machine was not steady.",
            text="One worker does what the main thread alone does, and took more than a tenth more "
            f"or less time in too many cells ({every}). Differences of that size say nothing here. "
            "Measure again on a quiet machine: ftbench bench",
        )
    if profile != "full":
        yield Notice(
            title=f"These are {profile or 'unnamed'} figures.",
            text=f"They come from few rounds of few processes{meaning}",
        )


def own_check(sources: Iterable[ResultFile], run: str | None = None) -> Mapping[str, bool]:
    """Return what the own checks found of each arm → whether they failed.

    Of one run, or of all: those of an arm that came to the same are told together.
    """
    every = {
        (source.arm.name, of): health  # which all releases of an arm's run have in common
        for source in sources
        for of, health in source.health.items()
        if run in {None, of}
    }
    found: dict[tuple[str, str], list[Health]] = {}
    for (arm, _), health in every.items():
        found.setdefault((arm, _verdict(health.alike)), []).append(health)
    told = {}
    for (arm, verdict), runs in found.items():
        alike, slow = (list(chain.from_iterable(each)) for each in zip(*runs, strict=True))
        words = [f"{len(far(alike))} of {len(alike)} off"] if alike else []
        if len(slow) > 1:
            low, _, high = quantiles(slow, n=4)
            words.append(f"stick {span(low, high, between=' to ')}")
        many = f" in {len(runs)} runs" if len(runs) > 1 else ""
        told[f"{arm} {verdict}{many}: {', '.join(words)}"] = verdict == _FAILED
    return told


def _verdict(alike: Sequence[float]) -> str:
    if len(alike) < _LEAST:
        return "too few to tell"
    return _FAILED if len(far(alike)) > len(alike) / _LEAST else "passed"


def disturbed(figures: Iterable[Figure]) -> tuple[Notice, ...]:
    """Return a warning where something disturbed some of the figures, () where nothing did."""
    every = [each for each in figures if each.median is not None]
    marked = sum(bool(each.interference) for each in every)
    text = "Other programs ran beside them, or the machine was not at its usual speed. "
    title = f"{marked} of {plural(len(every), 'figure', 'figures')} here were disturbed."
    notice = Notice(title=title, text=f"{text}The page Method says which.")
    return (notice,) if marked else ()


def _builds_notices(pick: Pick, sources: Iterable[ResultFile]) -> Iterator[Notice]:
    if len(pick.flavours) > 1:
        flavours = " and ".join(pick.flavours)
        text = f"A difference between the arms is also one between {flavours}."
        yield Notice(title="The two builds are of different kinds.", text=text)
    for source in sources:
        if len(source.builds) > 1:
            text = "Its figures come from builds that differ in more than their place; see below."
            yield Notice(title=f"“{source.arm.label}” mixes builds.", text=text)


def _load_before(sources: Iterable[ResultFile]) -> float | None:
    """Return the load that the latest run began with, before its own work could be one."""
    starts = (start for source in sources for start in source.starts)
    latest = max(starts, key=lambda start: start.at, default=None)
    return latest.load if latest else None


def gil_seen(source: ResultFile) -> str:
    """Return the states of the GIL around a source's samples: "off", "off and on"."""
    return _states(source.gil)


def _states(seen: Iterable[bool]) -> str:
    return " and ".join(sorted(map(_WORDS.__getitem__, seen))) or UNKNOWN


def value_words(record: Mapping[str, Any], key: str) -> str:
    """Return a record's value in words; None and a missing one are "not known"."""
    value = record.get(key)
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "no options"
    if key == "memory_bytes" and isinstance(value, int | float):
        scale = scale_for("bytes", [value])
        return f"{scale.text(value)} {scale.symbol}"
    return str(value)
