"""A fleet of what stands for hosts: network namespaces, and two agents that really measure."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fake_fleet import Hosts, eventually

from ftbench.pythons import Interpreter
from ftbench.results.records import read_records

ROOT = Path(__file__).parents[2]
MAY = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("ip") is not None


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@pytest.fixture
def host_link() -> Iterator[tuple[str, str]]:
    """A namespace, and the link that the coordinator reaches it by."""
    if not MAY:
        pytest.skip("needs root and ip, for a network namespace")
    space, ours, theirs = (f"{kind}{os.getpid() % 100_000}" for kind in ("ftf", "fta", "ftb"))
    net = f"10.203.{os.getpid() % 250}"
    try:
        ip("netns", "add", space)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace can be made here: {error.stderr.strip()}")
    try:
        ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", space)
        ip("addr", "add", f"{net}.1/24", "dev", ours)
        ip("link", "set", ours, "up")
        ip("-n", space, "addr", "add", f"{net}.2/24", "dev", theirs)
        for each in ("lo", theirs):
            ip("-n", space, "link", "set", each, "up")
        yield space, ours
    finally:
        ip("netns", "del", space)


def test_a_host_that_was_cut_off_returns_with_what_it_has_done(
    hosts: Hosts, host_link: tuple[str, str]
) -> None:
    space, ours = host_link
    found = json.loads(subprocess.check_output(["ip", "-j", "addr", "show", ours]))
    hosts.ask(
        "hosts = ['a']\nbenchmarks = ['slow', 'x']\n", top=f"interface = '{ours}'\nsilent = 3"
    )
    hosts.agent("a", at=found[0]["addr_info"][0]["local"], space=space)
    run = hosts.command("run")
    eventually((hosts.folder / "a" / "slow.begun").exists)
    ip("link", "set", ours, "down")
    time.sleep(5)
    assert len(hosts.measured("a")) == 1
    assert hosts.collected("a") == 0
    ip("link", "set", ours, "up")
    hosts.ended(run)
    assert "a is silent since" in hosts.said
    assert [bench for bench, _, _ in hosts.measured("a")] == ["slow", "x"]
    assert hosts.collected("a") == 2


def test_two_agents_of_one_host_measure_one_after_the_other(
    hosts: Hosts, pair: tuple[Interpreter, Interpreter]
) -> None:
    for name in ("ftbench", "benchmarks"):
        shutil.rmtree(hosts.project / name)
        (hosts.project / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "asv.conf.json", hosts.project)
    cell = r"lifecycle.*track_round\(.threads., .none., 1, .empty"
    hosts.ask(
        f"hosts = ['a', 'b']\nbenchmarks = ['{cell}']\narms = ['gil']\nprofile = 'smoke'\n",
        release=pair[0].release.name,
    )
    for name in ("a", "b"):
        hosts.agent(name, "real", lock="same")
    hosts.run()
    times = []
    for path in (hosts.project / "results").glob("*/*.records.jsonl"):
        for record in read_records(path).cells:
            begun = datetime.fromisoformat(record["started_at"]).timestamp()
            times.append((begun, begun + record["elapsed"], path.parent.name))
            assert "agent" in record["interference"] or sys.platform != "linux"
    assert {name for _, _, name in times} == {"a", "b"}
    times.sort()
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))
