"""An agent by itself: what it keeps, what it refuses, and what becomes of it in the results."""

from __future__ import annotations

import io
import json
import lzma
import os
import shutil
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest
from fake_cell import results
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError, NotAvailableError, ResultsError, UsageError
from ftbench.fleet import spool
from ftbench.fleet.agent import Agent, Hello, Request
from ftbench.fleet.links import Reply, answer_once
from ftbench.fleet.merging import merge
from ftbench.fleet.plan import Work
from ftbench.fleet.spool import Run, packed, packed_suite, unpacked
from ftbench.probe.run import MARK

ROOT = Path(__file__).parents[2]


@pytest.fixture
def suite(agent: Agent, tmp_path: Path) -> str:
    """A suite that the agent has."""
    (tmp_path / "other" / "benchmarks").mkdir(parents=True)
    (tmp_path / "other" / "benchmarks" / "one.py").write_text("", encoding="utf-8")
    digest, data = packed_suite(tmp_path / "other")
    agent.answer(Request(ask="suite", name=digest, data=data).packed())
    return digest


def work(bench: str, suite: str, **others: Any) -> Work:
    return Work(
        host="a",
        releases=("3.14.7",),
        arms=("gil",),
        bench=bench,
        profile="smoke",
        deadline=20.0,
        suite=suite,
        sitting="",
        **others,
    )


def do(agent: Agent, asked: Work) -> bytes:
    return agent.answer(Request(ask="do", work=asked).packed())


def measured(agent: Agent) -> int:
    path = agent.folder / "measured.txt"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def test_a_run_is_measured_once_however_often_it_is_asked_for(agent: Agent, suite: str) -> None:
    asked = work("x", suite)
    first = do(agent, asked)
    assert do(agent, asked) == first
    assert agent.answer(Request(ask="fetch", name=asked.id).packed()) == first
    reply = agent.answer(Request(ask="hello").packed())
    assert msgspec.msgpack.decode(reply, type=Hello).kept == (asked.id,)
    reply = agent.answer(Request(ask="forget", name=asked.id).packed())
    assert msgspec.msgpack.decode(reply, type=Hello).kept == ()
    assert do(agent, asked) == b""
    assert measured(agent) == 1


def test_two_that_ask_at_once_get_one_run(agent: Agent, suite: str) -> None:
    threads = [Thread(target=do, args=(agent, work("slow", suite))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert measured(agent) == 1


def test_nothing_is_measured_that_could_not_be_kept(
    agent: Agent, suite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(agent.folder)._replace(free=spool.LEAST_FREE - 1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(ResultsError, match="nothing is measured"):
        do(agent, work("x", suite))
    assert measured(agent) == 0


def test_a_disk_that_fills_up_meanwhile_leaves_no_half_a_run(
    agent: Agent, suite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(ResultsError, match="No space left"):
            do(agent, work("x", suite))
    assert not list((agent.folder / "runs").iterdir())
    assert unpacked(do(agent, work("x", suite))).files  # tried again


def test_a_suite_is_what_its_digest_says_or_nothing(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "one.py").write_text("1", encoding="utf-8")
    digest, data = packed_suite(tmp_path)
    other = lzma.compress(lzma.decompress(data).replace(b"one.py", b"two.py"))
    for wrong in (other, data[:50], b""):
        with pytest.raises(ResultsError, match="not the suite"):
            agent.answer(Request(ask="suite", name=digest, data=wrong).packed())
    assert not list(agent.folder.glob("suites/*"))
    agent.answer(Request(ask="suite", name=digest, data=data).packed())
    assert (agent.spool.suite(digest) / "benchmarks" / "one.py").read_text("utf-8") == "1"


def test_of_suites_the_last_three_stay(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    digests = []
    for number in range(4):
        (tmp_path / "benchmarks" / "one.py").write_text(f"{number}", encoding="utf-8")
        digest, data = packed_suite(tmp_path)
        agent.answer(Request(ask="suite", name=digest, data=data).packed())
        os.utime(agent.spool.suite(digest), (number, number))
        digests.append(digest)
    assert {path.name for path in agent.folder.glob("suites/*")} == set(digests[1:])


def test_another_version_is_refused_before_anything_is_done(agent: Agent, suite: str) -> None:
    others = Request(ask="do", work=work("x", suite), versions={"ftbench.fleet": "other"})
    with pytest.raises(NotAvailableError, match=r"a has asv 0\.6\.6"):
        agent.answer(others.packed())
    assert measured(agent) == 0


@given(st.binary(max_size=200))
def test_whatever_else_is_asked_is_an_error_of_ours(data: bytes) -> None:
    with pytest.raises(FtbenchError):
        Agent(host="a", folder=Path("nowhere")).answer(data)
    with pytest.raises(FtbenchError):
        unpacked(data)


def run_of(host: str, files: dict[str, Any], identity: str = "i") -> Run:
    record = {"machine": host, "identity": identity, "version": 1}
    return Run(
        work=work("x", "s"),
        started_at="",
        agent={},
        machine=json.dumps(record),
        benchmarks='{"version": 2}',
        files={name: json.dumps(content) for name, content in files.items()},
    )


FILE = "31407f00-cpython-pygil-buildsource-profilesmoke.json"


def test_of_each_benchmark_the_newer_figures_stay_in_whatever_order_runs_come(
    tmp_path: Path,
) -> None:
    def merged(*runs: Run) -> dict[str, Any]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for run in runs:
            merge(folder, run, "s")
        found: dict[str, Any] = json.loads((folder / "a" / FILE).read_text("utf-8"))["results"]
        return {name: row[0] for name, row in found.items()}

    old = run_of("a", {FILE: results("a", "x", 1.0, value=1.0)})
    new = run_of("a", {FILE: results("a", "x", 2.0, value=2.0)})
    other = run_of("a", {FILE: results("a", "y", 1.5, value=3.0)})
    both = {"x.Class.track_round": [2.0], "y.Class.track_round": [3.0]}
    assert merged(old, new, other) == both
    assert merged(other, new, old, new) == both


def test_cells_of_real_results_that_a_run_lacks_stay(tmp_path: Path) -> None:
    source = ROOT / "results" / "amd-epyc-2cpu"
    path = min(source.glob("*profilefull.json"))
    name, records = path.name, path.name.replace(".json", ".records.jsonl")
    texts = {each: (source / each).read_text("utf-8") for each in (name, records)}
    whole = json.loads(texts[name])
    for content in (whole,):
        content["params"]["machine"] = "a"
    machine = json.loads((source / "machine.json").read_text("utf-8"))
    machine |= {"machine": "a", "identity": "i"}
    part = json.loads(json.dumps(whole))
    first = next(n for n, row in whole["results"].items() if row[0] and len(row[0]) > 1)
    part["results"] = {first: part["results"][first]}
    run = msgspec.structs.replace(run_of("a", {name: whole}), machine=json.dumps(machine))
    run.files[records] = texts[records]
    merge(tmp_path, run, "s")
    before = {each.name: each.read_bytes() for each in (tmp_path / "a").iterdir()}
    again = msgspec.structs.replace(run, files={name: json.dumps(part), records: texts[records]})
    merge(tmp_path, again, "s")
    after = {each.name: each.read_bytes() for each in (tmp_path / "a").iterdir()}
    assert json.loads(after[name])["results"] == json.loads(before[name])["results"]
    assert sorted(after[records].splitlines()) == sorted(before[records].splitlines())


def test_figures_of_another_build_of_the_same_flavour_are_not_mixed(tmp_path: Path) -> None:
    records = FILE.replace(".json", ".records.jsonl")
    source = next((ROOT / "results" / "amd-epyc-2cpu").glob("*pygil*.records.jsonl"))
    lines = source.read_text("utf-8").splitlines()
    build = next(line for line in lines if json.loads(line)["kind"] == "build")
    cell = next(json.loads(line) for line in lines if json.loads(line)["kind"] == "cell")
    cell |= {"group": "x.Class", "build": json.loads(build)["digest"], "machine": ""}
    for pgo in (False, True):
        changed = json.dumps({**json.loads(build), "pgo": pgo})
        text = "\n".join([lines[0], changed, json.dumps(cell)])
        run = run_of("a", {FILE: results("a", "x", 1.0 + pgo)})
        run.files[records] = text + "\n"
        if pgo:
            with pytest.raises(ResultsError, match="never mixed"):
                merge(tmp_path, run, "s")
        else:
            merge(tmp_path, run, "s")


def test_no_run_is_written_into_the_folder_of_another_machine(tmp_path: Path) -> None:
    merge(tmp_path, run_of("a", {FILE: results("a", "x", 1.0)}, identity="one"), "s")
    before = (tmp_path / "a" / FILE).read_bytes()
    with pytest.raises(UsageError, match="not known to be of the host"):
        merge(tmp_path, run_of("a", {FILE: results("a", "x", 2.0)}, identity="two"), "s")
    assert (tmp_path / "a" / FILE).read_bytes() == before


@pytest.mark.parametrize("name", ["../x.json", "/x.json", ".x.json", "x.py", "a/x.json"])
def test_no_run_names_a_file_elsewhere(name: str) -> None:
    with pytest.raises(ResultsError, match="no run of a fleet"):
        unpacked(packed(run_of("a", {name: {}})))


def test_a_run_of_many_bytes_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "MOST_BYTES", 1000)
    with pytest.raises(ResultsError, match="no run of a fleet"):
        unpacked(packed(run_of("a", {"x.json": "x" * 5000})))


def test_a_folder_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("", encoding="utf-8")
    (tmp_path / "benchmarks").mkdir()
    digest, data = packed_suite(tmp_path)
    agent = Agent(host="a", folder=tmp_path / "full" / "a")
    with pytest.raises(ResultsError, match="a cannot work in"):
        agent.answer(Request(ask="suite", name=digest, data=data).packed())


def test_an_agent_that_is_asked_once_answers_behind_a_mark(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for asked, code in ((Request(ask="hello").packed(), 0), (b"odd", 8)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(asked)))
        answer_once(agent)
        _, _, text = capsys.readouterr().out.rpartition(MARK)
        assert msgspec.json.decode(text, type=Reply).code == code
