"""Limits of cgroups are read wherever they are set above the process: made-up trees, real ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probing import ran

from ftbench.probe.instruments import kernel
from ftbench.probe.instruments.kernel import (
    Throttled,
    cgroups,
    memory_limit,
    quota_cores,
    throttled,
)
from ftbench.probe.instruments.machine import advice, machine_record

HALF = {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}
NONE = {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}


class System:
    """A `/proc/self` and mounted hierarchies below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.usual = folder / "usual"
        self.mounts: list[str] = ["31 23 0:28 / /proc rw - proc proc rw"]
        (folder / "proc" / "self").mkdir(parents=True)

    def mounted(self, place: str, kind: str, options: str = "rw", root: str = "/") -> Path:
        path = self.folder / place
        path.mkdir(parents=True, exist_ok=True)
        self.mounts.append(
            f"32 31 0:29 {root} {path} rw,relatime shared:1 - {kind} {kind} {options}"
        )
        return path

    def member_of(self, *lines: str) -> None:
        own = self.folder / "proc" / "self"
        for name, told in (("cgroup", lines), ("mountinfo", self.mounts)):
            (own / name).write_text("".join(f"{line}\n" for line in told), encoding="utf-8")

    @staticmethod
    def says(folder: Path, **files: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / name.replace("__", ".")
            path.write_text(text, encoding="utf-8", errors="surrogateescape")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    monkeypatch.setattr(kernel, "PROC", tmp_path / "proc")
    monkeypatch.setattr(kernel, "USUAL", tmp_path / "usual")
    return System(tmp_path)


def test_without_cgroups_nothing_is_limited_and_nothing_was_stopped(system: System) -> None:
    assert (quota_cores(), memory_limit(), throttled()) == (None, None, Throttled())
    system.member_of()
    assert cgroups("cpu") == []


def test_version_2_has_its_quota_at_the_top(system: System) -> None:
    top = system.mounted("cg", "cgroup2")
    system.member_of("0::/")
    system.says(top, cpu__max="150000 100000\n")
    assert quota_cores() == 1.5


@pytest.mark.parametrize("tight", ["", "a.slice", "a.slice/b.service", "a.slice/b.service/c"])
def test_the_tightest_quota_counts_wherever_it_is_set(system: System, tight: str) -> None:
    top = system.mounted("cg", "cgroup2")
    system.member_of("0::/a.slice/b.service/c")
    for place in ("a.slice", "a.slice/b.service", "a.slice/b.service/c"):
        system.says(top / place, cpu__max="200000 100000")
    system.says(top / "other", cpu__max="1000 100000")
    system.says(top / tight, cpu__max="25000 100000")
    assert quota_cores() == 0.25


def test_max_is_no_quota(system: System) -> None:
    top = system.mounted("cg", "cgroup2")
    system.member_of("0::/a")
    system.says(top / "a", cpu__max="max 100000")
    assert quota_cores() is None


@pytest.mark.parametrize("options", ["rw,cpu", "rw,cpu,cpuacct"])
def test_version_1_has_its_quota_in_the_controllers_hierarchy(system: System, options: str) -> None:
    top = system.mounted("cg/cpu", "cgroup", options)
    system.mounted("cg/cpuset", "cgroup", "rw,cpuset")
    controllers = options.removeprefix("rw,")
    system.member_of("9:cpuset:/deep", f"4:{controllers}:/batch/job", "0::/")
    for place, files in (("", NONE), ("batch", HALF), ("batch/job", NONE)):
        for name, text in files.items():
            system.says(top / place, **{name: text})
    assert quota_cores() == 0.5


def test_a_container_that_sees_its_own_branch_alone_finds_its_quota(system: System) -> None:
    top = system.mounted("cg/cpu", "cgroup", "rw,cpu", root="/docker/1234")
    system.member_of("4:cpu:/docker/1234/inner")
    system.says(top, **HALF)
    assert quota_cores() == 0.5
    system.member_of("4:cpu:/elsewhere")
    assert quota_cores() == 0.5


def test_version_2_that_no_mount_is_seen_of_is_looked_for_where_it_usually_is(
    system: System,
) -> None:
    system.member_of("0::/job")
    system.says(system.usual / "job", cpu__max="50000 100000")
    assert quota_cores() == 0.5


def test_of_both_versions_the_tighter_one_holds(system: System) -> None:
    first, second = system.mounted("1", "cgroup", "rw,cpu"), system.mounted("2", "cgroup2")
    system.member_of("4:cpu:/x", "0::/y")
    system.says(first / "x", **HALF)
    system.says(second / "y", cpu__max="30000 100000")
    assert quota_cores() == 0.3


def test_a_place_with_a_space_and_one_that_is_gone(system: System) -> None:
    top = system.folder / "a place"
    system.says(top, cpu__max="50000 100000")
    system.mounts.append(rf"32 31 0:29 / {system.folder}/a\040place rw - cgroup2 none rw")
    system.member_of("0::/was here (deleted)")
    assert quota_cores() == 0.5


@pytest.mark.parametrize("text", ["", "a b", "1", "1 0", "1 2 3", "-5 100", "nan 100000"])
def test_a_quota_that_is_none_is_none(system: System, text: str) -> None:
    top = system.mounted("cg", "cgroup2")
    system.member_of("0::/", "nonsense", "1:2")
    system.says(top, cpu__max=text, cpu__stat=text)
    assert (quota_cores(), throttled()) == (None, Throttled())


def test_stops_are_counted_over_all_cgroups_above_in_either_version(system: System) -> None:
    first, second = system.mounted("1", "cgroup", "rw,cpu"), system.mounted("2", "cgroup2")
    system.member_of("4:cpu:/x", "0::/y/z")
    system.says(first / "x", cpu__stat="nr_periods 20\nnr_throttled 9\nthrottled_time 500000000\n")
    system.says(second / "y", cpu__stat="usage_usec 5\nnr_throttled 1\nthrottled_usec 250000\n")
    system.says(second / "y" / "z", cpu__stat="usage_usec 5\n")
    assert throttled() == Throttled(times=10, seconds=0.75)


def test_a_memory_limit_is_the_tightest_too(system: System) -> None:
    first, second = system.mounted("1", "cgroup", "rw,memory"), system.mounted("2", "cgroup2")
    system.member_of("4:memory:/", "0::/y")
    system.says(first, memory__limit_in_bytes="9223372036854771712")
    system.says(second / "y", memory__max="max", memory__high="1000000")
    assert memory_limit() == 1000000


# As Linux 6.1 writes them; the top has no quota and no throttling of its own.
TOP_STAT = "usage_usec 8023547\nuser_usec 5034018\nsystem_usec 2989529\n"
STAT = (
    "usage_usec 1004931\nuser_usec 876323\nsystem_usec 128608\ncore_sched.force_idle_usec 0\n"
    "nr_periods 41\nnr_throttled {}\nthrottled_usec {}\nnr_bursts 0\nburst_usec 0\n"
)
MOUNT = (
    "{number} 24 0:26 {root} {place} rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 "
    "rw,nsdelegate,memory_recursiveprot"
)


@pytest.mark.parametrize(
    ("root", "own"),
    [
        ("/", "0::/"),  # a container's name space of its own
        ("/", "0::/user.slice/user-1000.slice/session-3.scope"),
        ("/", "0::/../.."),  # it was moved out of its name space
        ("/../..", "0::/"),  # the mount is from above it
        ("/../..", "0::/../../user.slice/user-1000.slice/session-3.scope"),
        ("/system.slice/docker-ab.scope", "0::/system.slice/docker-ab.scope"),
    ],
)
def test_version_2_as_real_systems_write_it(system: System, root: str, own: str) -> None:
    top = system.folder / "sys" / "fs" / "cgroup"
    nested = top / "user.slice" / "user-1000.slice" / "session-3.scope"
    inside = nested if own.endswith(".scope") and root != "/system.slice/docker-ab.scope" else top
    system.mounts += [
        MOUNT.format(number=35, root=root, place=top),
        "36 24 0:27 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw",
    ]
    system.member_of(own)
    # What lies above the mount is no cgroup, and may have any name.
    for above in (system.folder, system.folder / "sys"):
        system.says(above, cpu__max="1000 100000\n", cpu__stat=STAT.format(99, 99))
    system.says(top, cpu__stat=TOP_STAT)
    assert (quota_cores(), throttled()) == (None, Throttled())
    for folder in (nested.parent.parent, nested.parent, nested):
        system.says(folder, cpu__max="max 100000\n", cpu__stat=STAT.format(0, 0))
    system.says(inside, cpu__max="150000 100000\n", cpu__stat=STAT.format(7, 913204))
    system.says(inside, memory__max="536870912\n", memory__high="max\n")
    assert quota_cores() == 1.5
    assert memory_limit() == 536870912
    assert throttled() == Throttled(times=7, seconds=0.913204)


_LINE = st.one_of(
    st.text(),
    st.from_regex(r"[0-9]{0,2}:(cpu|cpu,cpuacct|)?:[/a.]{0,9}", fullmatch=True),
    st.from_regex(r"1 2 0:3 [/a.]{0,5} [/a.]{0,5} rw - (cgroup2?|x) y (rw,cpu|)", fullmatch=True),
)
_NUMBERS = st.one_of(st.text(), st.from_regex(r"(max|-?[0-9]{1,30}) [0-9]{1,30}", fullmatch=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_LINE), st.lists(_LINE), _NUMBERS, _NUMBERS)
def test_whatever_the_files_say_it_is_a_number_or_none(
    system: System, own: list[str], mounts: list[str], quota: str, stat: str
) -> None:
    system.mounts = mounts
    system.member_of("0::/a", *own)
    files = {"cpu__max": quota, "memory__max": quota.partition(" ")[0]}
    system.says(system.usual / "a", **files, cpu__stat=f"nr_throttled {stat}")
    assert quota_cores() is None or 0 < (quota_cores() or 0) < float("inf")
    assert memory_limit() is None or (memory_limit() or 0) >= 0
    assert throttled().times >= 0


# What follows is of real cgroups.

_ASKS = """
import json, time
from ftbench.probe.instruments.interference import between, look
from ftbench.probe.instruments.machine import machine_record
before = look()
end = time.process_time() + 0.1
while time.process_time() < end:
    pass
print(json.dumps({"machine": machine_record(), "seen": between(before, look())}))
"""


@pytest.fixture(params=["cgroup", "cgroup2"])
def a_tenth_of_a_core(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A real cgroup, within one that grants a tenth of a core."""
    kind = request.param
    top = _top_of(kind)
    if top is None:
        pytest.skip(f"no {kind} hierarchy here can limit the CPU")
    outer = top / f"ftbench-test-{os.getpid()}"
    inner = outer / "inner"
    try:
        outer.mkdir()
    except OSError as error:
        pytest.skip(f"a cgroup cannot be made here: {error}")
    try:
        if kind == "cgroup":
            (outer / "cpu.cfs_quota_us").write_text("10000")
        else:
            (outer / "cpu.max").write_text("10000 100000")
        inner.mkdir()
        yield inner
    finally:
        for each in (inner, outer):
            if each.exists():
                each.rmdir()


def _top_of(kind: str) -> Path | None:
    """Return where a hierarchy is mounted whose cgroups may have a quota."""
    mounts = Path("/proc/self/mountinfo")
    for line in mounts.read_text().splitlines() if mounts.exists() else ():
        top = Path(line.split()[4])
        if line.partition(" - ")[2].startswith(f"{kind} "):
            children = top / "cgroup.subtree_control"
            of_children = children.read_text().split() if children.exists() else ()
            if (top / "cpu.cfs_quota_us").exists() or "cpu" in of_children:
                return top
    return None


def test_a_real_quota_is_seen_and_what_it_stopped_is_marked(a_tenth_of_a_core: Path) -> None:
    joins = f'echo $$ > {a_tenth_of_a_core}/cgroup.procs && exec "$@"'
    done = ran(["sh", "-c", joins, "sh", sys.executable, "-c", _ASKS], check=True)
    told = json.loads(done.stdout)
    assert told["machine"]["quota_cores"] == 0.1
    assert told["machine"]["usable_cores"] == machine_record()["usable_cores"]
    assert "0.1 cores" in " ".join(advice(told["machine"], None))
    assert told["seen"]["marked"]
    assert "a CPU quota stopped it" in told["seen"]["why"]
    assert told["seen"]["throttled"] > 0
