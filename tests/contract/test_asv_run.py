"""What we rely on in the way asv runs benchmarks; each message says what of ours would break."""

from __future__ import annotations

import inspect
import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from asv import main as asv_main
from asv import runner as asv_runner
from asv import util
from asv.benchmarks import Benchmarks
from asv.commands import Command, asv_profiling
from asv.commands import compare as asv_compare
from asv.commands import find as asv_find
from asv.commands import run as asv_run
from asv.commands import show as asv_show
from asv.config import Config
from asv.plugins import summarylist
from asv.results import Results
from asv.runner import BenchmarkResult, run_benchmarks

from ftbench.asv import patches
from ftbench.asv.environment import MissingInterpreterError

CELL_FILE = (
    "the cell file (ftbench/probe/run/asv_benchmark.py) lies in asv's directory for a setup_cache"
)
FIGURE = "CPythonEnvironment.run answers asv's call from the cell file"
RECORDS = "RecordedResults.add_result puts records where asv puts samples"
PATCH = "ftbench/asv/patches.py puts its own in this place"


def benchmark(name: str, **more: Any) -> dict[str, Any]:
    """A benchmark as asv's discovery describes it: two cells, one setup_cache."""
    return {
        "code": "pass",
        "name": name,
        "param_names": ["n"],
        "params": [["1", "2"]],
        "setup_cache_key": "cells",
        "timeout": 60,
        "type": "track",
        "unit": "seconds",
        "version": "1",
        **more,
    }


class Answering:
    """An environment that notes asv's calls and answers as a benchmark's process would."""

    name = "answering"
    env_vars: ClassVar[dict[str, str]] = {}
    _default_benchmark_timeout: ClassVar = 60

    def __init__(self, answer: Callable[[str], Any], code: int = 0) -> None:
        self.answer = answer
        self.code = code
        self.calls: list[tuple[list[str], str]] = []

    def run(self, args: list[str], **kwargs: Any) -> tuple[str, str, int]:
        self.calls.append((args, kwargs["cwd"]))
        assert Path(kwargs["cwd"]).is_dir()
        if args[1] == "run":
            Path(args[-1]).write_text(json.dumps(self.answer(args[3])), encoding="utf-8")
            return "", "", self.code
        return "", "", 0

    def of(self, command: str) -> Iterator[tuple[list[str], str]]:
        return (each for each in self.calls if each[0][1] == command)


def run_in(env: Answering, *names: str, results: Results | None = None, **more: Any) -> Results:
    conf = Config()
    benchmarks = Benchmarks(conf, [benchmark(name, **more) for name in names])
    given = results or Results({"machine": "m"}, {}, "31315f00", 0, "ft", "env", {})
    return run_benchmarks(benchmarks, env, results=given, record_samples=True)


def samples(_name: str) -> dict[str, Any]:
    return {"samples": [1.0, 2.0, 4.0], "number": 1}


def test_the_run_call_has_the_words_that_we_read() -> None:
    env = Answering(samples)
    run_in(env, "m.Group.track_a")
    words, _ = next(env.of("run"))
    script, command, folder, name, params, profile, result = words
    assert Path(script).name == "benchmark.py", FIGURE
    assert (command, name, profile) == ("run", "m.Group.track_a-0", "None"), FIGURE
    assert json.loads(params) == {}, FIGURE
    assert Path(folder).is_absolute(), FIGURE
    assert Path(result).is_absolute(), FIGURE


def test_the_directory_of_a_setup_cache_is_where_all_its_benchmarks_run() -> None:
    env = Answering(samples)
    run_in(env, "m.Group.track_a", "m.Group.track_b")
    (cache,) = {cwd for _, cwd in env.of("setup_cache")}
    assert {cwd for _, cwd in env.of("run")} == {cache}, CELL_FILE
    assert len(list(env.of("run"))) == 4, CELL_FILE


def test_each_call_of_run_benchmarks_has_a_directory_of_its_own_and_removes_it() -> None:
    env = Answering(samples)
    run_in(env, "m.Group.track_a")
    run_in(env, "m.Group.track_a")
    first, second = [cwd for _, cwd in env.of("setup_cache")]
    assert first != second, f"{CELL_FILE}; a second run would take the first one's figures"
    assert not Path(first).exists(), CELL_FILE


def test_all_benchmarks_have_a_round_before_the_next_round_begins() -> None:
    env = Answering(samples)
    run_in(env, "m.Group.track_a", "m.Group.track_b", rounds=2)
    order = [words[3][-3:] for words, _ in env.of("run")]
    assert order == ["a-0", "a-1", "b-0", "b-1"] * 2, f"{CELL_FILE}, until the next round"


def test_samples_of_rounds_are_appended_after_the_first() -> None:
    noted: list[bool] = []

    class Noting(Results):  # type: ignore[misc] # asv is untyped
        def add_result(self, *args: Any, append_samples: bool = False, **kwargs: Any) -> None:
            noted.append(append_samples)
            super().add_result(*args, append_samples=append_samples, **kwargs)

    results = Noting({"machine": "m"}, {}, "31315f00", 0, "ft", "env", {})
    run_in(Answering(samples), "m.Group.track_a", results=results, rounds=3)
    assert noted == [False, True, True], RECORDS
    (first, _) = results.get_result_samples("m.Group.track_a", [["1", "2"]])
    assert first == [1.0, 2.0, 4.0] * 3, RECORDS


def test_what_has_fewer_rounds_forgets_its_samples_before_the_first_and_appends_from_then() -> None:
    forgotten: list[tuple[Any, ...]] = []

    class Noting(Results):  # type: ignore[misc] # asv is untyped
        def remove_samples(self, *args: Any) -> None:
            forgotten.append(args)
            super().remove_samples(*args)

    results = Noting({"machine": "m"}, {}, "31315f00", 0, "ft", "env", {})
    once, twice = benchmark("m.Clock.time_a"), benchmark("m.Group.track_b", rounds=2)
    for number in (2, 1, 2, 1):  # two interleaved runs, the second over the first
        run_benchmarks(
            Benchmarks(Config(), [once, twice]),
            Answering(samples),
            results=results,
            record_samples=True,
            run_rounds=[number],
            append_samples=number < 2,
        )
    assert [name for name, _ in forgotten] == ["m.Clock.time_a"], RECORDS
    (first, _) = results.get_result_samples("m.Clock.time_a", [["1", "2"]])
    assert first == [1.0, 2.0, 4.0], RECORDS


def test_samples_are_summed_up_by_their_median() -> None:
    results = run_in(Answering(samples), "m.Group.track_a")
    assert results.get_result_value("m.Group.track_a", [["1", "2"]]) == [2.0, 2.0]


def test_nan_means_skipped_and_an_exit_code_means_failed() -> None:
    skipped = run_in(Answering(lambda _: math.nan), "m.Group.track_a")
    values = skipped.get_result_value("m.Group.track_a", [["1", "2"]])
    assert all(math.isnan(each) for each in values), "in_asv_form says NaN for what is no metric"
    failed = run_in(Answering(samples, code=1), "m.Group.track_a")
    assert failed.get_result_value("m.Group.track_a", [["1", "2"]]) == [None, None]


def test_a_name_of_digits_tells_the_cell() -> None:
    env = Answering(lambda name: float(name.rpartition("-")[2]))
    results = run_in(env, "m.Group.track_a")
    assert results.get_result_value("m.Group.track_a", [["1", "2"]]) == [0.0, 1.0], FIGURE


class Failing:
    name = "failing"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def install_project(self, *_: object) -> None:
        raise self.error


def test_a_process_error_is_a_failed_build_and_the_run_goes_on() -> None:
    error = MissingInterpreterError("none here", elsewhere=False)
    name, (success, _) = asv_run._do_build((Failing(error), None, None, "31315f00"))
    assert (name, success) == ("failing", False), "MissingInterpreterError skips an environment"


def test_any_other_error_of_a_build_ends_the_run() -> None:
    with pytest.raises(util.UserError):
        asv_run._do_build((Failing(util.UserError("broken")), None, None, "31315f00"))


def test_what_was_not_built_goes_to_skip_benchmarks_with_its_results() -> None:
    source = inspect.getsource(asv_run.Run.run)
    assert "skip_benchmarks(benchmark_set, env, results=result)" in source, PATCH
    assert "result.load_data(conf.results_dir)" in source, "it refuses another build's figures"
    assert source.index("result.load_data(") < source.index("run_benchmarks("), PATCH


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (asv_run, "skip_benchmarks"),
        (asv_run, "Results"),
        (asv_find, "Results"),
        (asv_show, "color_print"),
        (asv_show, "get_environments"),
        (asv_compare, "tabulate"),
        (asv_compare, "get_environments"),
        (asv_compare, "unroll_result"),
        (asv_show, "format_benchmark_result"),
        (asv_runner, "format_benchmark_result"),
        (asv_runner, "run_benchmark"),
        (summarylist, "benchmark_param_iter"),
        (asv_profiling, "get_environments"),
        (util, "write_json"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_the_names_that_we_replace_are_there(module: object, name: str) -> None:
    assert hasattr(module, name), PATCH


def test_show_prints_with_color_print_and_compare_with_tabulate() -> None:
    assert 'color_print(f"    {commit[: conf.hash_length]}")' in inspect.getsource(asv_show), PATCH
    assert "tabulate.tabulate(" in inspect.getsource(asv_compare.Compare.print_table), PATCH


@pytest.mark.parametrize("name", ["results", "benchmarks", "machine", "environment"])
def test_asv_writes_json_by_a_name_that_can_be_replaced(name: str) -> None:
    module = sys.modules[f"asv.{name}"]
    assert "util.write_json(" in inspect.getsource(module), PATCH
    assert "import write_json" not in inspect.getsource(module), PATCH


def test_every_command_is_called_through_run_from_conf_args() -> None:
    assert "return cls.run_from_conf_args(conf, args)" in inspect.getsource(
        Command.run_from_args
    ), PATCH
    assert "run_from_conf_args" in vars(asv_run.Run), PATCH


def test_a_user_error_is_a_message_and_exit_code_one() -> None:
    source = inspect.getsource(asv_main.main)
    assert "except util.UserError" in source, "every message of ours reaches the user as one"
    assert "sys.exit(1)" in source


def test_discovery_makes_the_environment_before_it_catches_anything(tmp_path: Path) -> None:
    """So a second asv is refused at once, and not tried with every release."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    conf = Config()
    conf.benchmark_dir, conf.branches = str(tmp_path / "benchmarks"), []
    created: list[str] = []

    def create() -> None:
        created.append("once")
        raise util.UserError("another asv")

    repo = SimpleNamespace(get_hash_from_name=lambda name: name)
    with pytest.raises(util.UserError, match="another asv"):
        Benchmarks.discover(conf, repo, [SimpleNamespace(create=create)], ["a", "b"])
    assert created == ["once"], "CPythonEnvironment.create takes the turn"


def test_a_result_file_keeps_what_an_earlier_run_measured(tmp_path: Path) -> None:
    first = run_in(Answering(samples), "m.Group.track_a")
    first.save(str(tmp_path))
    second = Results({"machine": "m"}, {}, "31315f00", 0, "ft", "env", {})
    second.load_data(str(tmp_path))
    run_in(Answering(samples), "m.Group.track_b", results=second)
    assert set(second.get_all_result_keys()) == {"m.Group.track_a", "m.Group.track_b"}, RECORDS


def test_a_result_has_the_attributes_that_we_read() -> None:
    results = run_in(Answering(samples), "m.Group.track_a")
    assert results._filename == str(Path("m", "31315f00-env.json")), RECORDS
    assert results._env_name == "env", RECORDS
    assert results._samples["m.Group.track_a"] == [[1.0, 2.0, 4.0]] * 2, RECORDS
    assert results._commit_hash == "31315f00", RECORDS


def test_a_fake_result_has_the_fields_of_asvs() -> None:
    assert BenchmarkResult._fields == (
        "result",
        "samples",
        "number",
        "errcode",
        "stderr",
        "profile",
    )


def test_a_run_names_a_release_and_then_takes_its_environments_in_chunks() -> None:
    """By which `asvplugin/rounds.py` turns every other round."""
    source = inspect.getsource(asv_run.Run.run)
    assert source.count("util.iter_chunks(active_environments, parallel)") == 1, PATCH
    assert source.count("repo.get_decorated_hash(commit_hash, 8)") == 1, PATCH
    assert source.index("repo.get_decorated_hash(") < source.index("util.iter_chunks("), PATCH
    users = [
        file.stem
        for file in Path(str(util.__file__)).parent.rglob("*.py")
        if ".iter_chunks(" in file.read_text(encoding="utf-8")
    ]
    assert users == ["run"], "another order than that of a run would be turned"


def test_a_run_turns_its_releases_with_every_other_round() -> None:
    source = inspect.getsource(asv_run.Run.run)
    assert "run_round_set = [[j] for j in range(max_rounds, 0, -1)]" in source, PATCH
    assert "if interleave_rounds and run_rounds[0] % 2 == 0:" in source, PATCH
    assert "for commit_hash in commit_hashes[::-1]:" in source, PATCH


@pytest.fixture
def modes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What makes a benchmark one with modes, two rounds and six cells that can exist."""
    monkeypatch.setattr(Benchmarks, "__init__", patches.select_benchmarks)
    monkeypatch.setattr(asv_runner, "run_benchmark", patches.run_benchmark)
    monkeypatch.setattr(asv_runner, "format_benchmark_result", patches.format_benchmark_result)
    return {
        "param_names": ["mode", "start_method", "n"],
        "params": [["'threads'", "'processes'"], ["'none'", "'fork'", "'spawn'"], ["1", "2"]],
        "rounds": 2,
    }


# The places of the six among the twelve.
EXISTING = [0, 1, 8, 9, 10, 11]
HOLES = "ftbench/asv/patches.py keeps asv from cells that cannot exist"


def test_what_is_not_selected_is_not_run_and_skipped(modes: dict[str, Any]) -> None:
    env = Answering(samples)
    results = run_in(env, "m.Group.track_a", **modes)
    places = [int(words[3].rpartition("-")[2]) for words, _ in env.of("run")]
    assert places == EXISTING * 2, HOLES
    values = results.get_result_value("m.Group.track_a", modes["params"])
    assert [n for n, value in enumerate(values) if not math.isnan(value)] == EXISTING, HOLES


def test_a_benchmark_whose_every_cell_fails_is_failed_in_spite_of_its_holes(
    modes: dict[str, Any],
) -> None:
    """asv tries no second round of one that failed in every cell."""
    env = Answering(samples, code=1)
    results = run_in(env, "m.Group.track_a", **modes)
    assert len(list(env.of("run"))) == len(EXISTING), HOLES
    assert set(results._results["m.Group.track_a"] or [None]) == {None}, HOLES


@pytest.mark.parametrize(
    ("regex", "selected"),
    [
        (None, {"a": EXISTING, "b": [0, 1]}),
        ("processes", {"a": [8, 9, 10, 11], "b": []}),
        ("'none'", {"a": [0, 1], "b": []}),
        ("threads.*fork", {"a": [], "b": []}),
    ],
)
def test_a_benchmark_of_which_only_holes_match_is_not_selected(
    modes: dict[str, Any], regex: str | None, selected: dict[str, list[int]]
) -> None:
    chosen = Benchmarks(Config(), [benchmark("a", **modes), benchmark("b")], regex=regex)
    assert chosen.benchmark_selection == selected, HOLES
    assert set(chosen) == {name for name, places in selected.items() if places}, HOLES


def test_asv_shows_a_line_for_a_mode_and_none_for_a_hole(modes: dict[str, Any]) -> None:
    results = run_in(Answering(samples), "m.Group.track_a", **modes)
    info, details = patches.format_benchmark_result(results, benchmark("m.Group.track_a", **modes))
    assert info == "ok"
    assert re.findall(r"^\s*(\w+, \w+)\b", details, re.MULTILINE) == [
        "mode, start_method",
        "threads, none",
        "processes, fork",
        "processes, spawn",
    ], HOLES
    assert "n/a" not in details, HOLES


def test_asv_compares_and_lists_no_holes(modes: dict[str, Any]) -> None:
    names = [f"m({mode}, {n})" for mode in ("'threads', 'none'",) for n in (1, 2)]
    rows = list(patches.unroll_result("m", modes["params"], list(range(12)), None))
    assert [value for _, value, _ in rows] == EXISTING, HOLES
    assert [name for name, *_ in rows][:2] == names, HOLES
    listed = patches.benchmark_param_iter(benchmark("m", **modes))
    assert [index for index, _ in listed] == EXISTING, HOLES
    assert list(patches.benchmark_param_iter({"params": []})) == [(None, ())], HOLES


def test_benchmarks_of_older_results_are_refused_with_the_command_that_helps(
    modes: dict[str, Any],
) -> None:
    older = {"param_names": ["mode"], "params": [["'threads'", "'processes-fork'"]]}
    with pytest.raises(util.UserError, match="ftbench results migrate"):
        Benchmarks(Config(), [benchmark("a", **modes | older)])
