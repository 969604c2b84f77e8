"""The places where asv itself must behave otherwise; each has a contract test.

asv is pinned, so these are names that exist.  `install` puts them in place and can be called
again.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asv.commands.asv_profiling
import asv.commands.compare
import asv.commands.find
import asv.commands.publish
import asv.commands.run
import asv.commands.show
import asv.environment
import asv.plugins.summarylist
import asv.runner
import tabulate
from asv import util
from asv.benchmarks import Benchmarks
from asv.commands import Command
from asv.commands.publish import Publish
from asv.console import log
from asv.results import Results
from asv_runner.console import color_print

from ftbench.asv import as_user_errors, publisher
from ftbench.asv.command import FIRST_RESULT
from ftbench.asv.environment import (
    ENVIRONMENTS,
    CPythonEnvironment,
    MissingInterpreterError,
    flavours,
    nothing_for,
)
from ftbench.asv.journal import JOURNALS
from ftbench.asv.machines import OwnMachine
from ftbench.asv.repository import ROUNDS, release_of_id
from ftbench.asv.results_writer import RecordedResults
from ftbench.errors import NothingError, unknown
from ftbench.facts.arms import ARMS, arm_of
from ftbench.facts.profiles import current_profile
from ftbench.files import written_whole
from ftbench.probe.instruments.machine import advice, load, machine_record
from ftbench.probe.run.asv_benchmark import USUAL
from ftbench.probe.run.child import reset_signals
from ftbench.probe.run.lacks import OF_PROGRAMS, lacking
from ftbench.results import ladders, safe_loading
from ftbench.results.asvformat import at_usual_speed

_ID = re.compile(r"\[?\b(3[0-9]{4}[abcf][0-9]{2})\b\]?(?: <[^>]*>)?")
_get_environments = asv.environment.get_environments
_write_json = util.write_json
_run_benchmark = asv.runner.run_benchmark
_format_benchmark_result = asv.runner.format_benchmark_result
_results_before = asv.commands.run.iter_results_for_machine_and_hash
_unroll_result = asv.commands.compare.unroll_result
_benchmark_param_iter = asv.plugins.summarylist.benchmark_param_iter
_warnings_given: set[str] = set()


def get_environments(
    conf: Any,
    env_specifiers: Sequence[str] | None,
    verbose: bool = True,  # noqa: FBT001, FBT002 - asv's signature
) -> Iterator[Any]:
    """Yield asv's environments, each of ours once per flavour.

    `-E` takes an arm's name (`ft-gil1`: the flavours that would be measured), the whole name of
    an environment (that flavour, even where another one of the release is preferred) and what it
    takes in stock asv (`cpython:ft`, `existing:...`).
    """
    with as_user_errors():
        if verbose:
            for sentence in advice(machine_record(), load()):
                _warn_once(sentence)
        plain = _get_environments(conf, None, verbose)
        every = [each for one in plain for each in _split(one, verbose=verbose)]
        for spec in env_specifiers or [CPythonEnvironment.tool_name]:
            if not verbose:  # to show or to compare results: names are all that asv wants
                yield from _recorded(conf, spec)
            chosen = _chosen(every, spec)
            if chosen is None:
                chosen = _others(conf, spec, every, verbose=verbose)
            for each in chosen:
                ENVIRONMENTS[each.name] = each
                yield each


def _split(environment: Any, *, verbose: bool) -> Iterator[Any]:
    if not isinstance(environment, CPythonEnvironment) or environment.requirements:
        yield environment
        return
    profile = current_profile().name
    by_flavour = flavours(environment.arm, environment.series)
    if not by_flavour and verbose:
        _warn_once(nothing_for(environment.arm))
    for flavour, preferred in by_flavour.items():
        yield environment.of({"build": flavour, "profile": profile}, preferred=preferred)


def _chosen(every: Sequence[Any], spec: str) -> Sequence[Any] | None:
    """Return those of `every` environment that `spec` means, None for what is none of ours."""
    named = [each for each in every if each.name == spec]
    if named:
        named[0].takes_any = True
        return named[:1]
    tool, _, python = spec.partition(":")
    usual = [each for each in every if getattr(each, "preferred", True)]
    if tool in {"", CPythonEnvironment.tool_name}:
        return [each for each in usual if python in {"", each.python}]
    if spec in {arm.name for arm in ARMS}:
        return [each for each in usual if each.arm.name == spec]
    return None


def _recorded(conf: Any, spec: str) -> Iterator[Any]:
    for result in sorted(Path(conf.results_dir).glob("*/*.json")):
        name = result.stem.partition("-")[2]
        variables = dict(re.findall("-(PYTHON_[A-Z]+)(.*?)(?=-|$)", name))
        python = name.removeprefix("cpython-py").partition("-")[0]
        if (arm := arm_of(python, variables)) and arm.name == spec:
            yield SimpleNamespace(name=name)


def _others(conf: Any, spec: str, every: Sequence[Any], *, verbose: bool) -> Sequence[Any]:
    """Return asv's own environments of that name; raises `UsageError` for a name of nothing."""
    # Not where results are only looked at (`verbose` is false): they may be another machine's.
    tools = {each.tool_name for each in util.iter_subclasses(asv.environment.Environment)}
    if verbose and spec.partition(":")[0] not in tools:
        raise unknown(
            "environment", spec, [*(arm.name for arm in ARMS), *(each.name for each in every)]
        )
    return list(_get_environments(conf, [spec], verbose))


def skip_benchmarks(benchmarks: Any, env: Any, results: Any = None) -> Any:
    """Record nothing where there is no interpreter of this release: asv would store failures.

    What is missing is said once, not once per arm; asv's progress still counts it.
    """
    try:
        env.interpreter(results.commit_hash)
    except MissingInterpreterError as missing:
        JOURNALS.skipped[missing.message] = None
        if not missing.elsewhere:
            _warn_once(missing.message)
    for _ in benchmarks:
        log.step()
    return results


_select_benchmarks = Benchmarks.__init__


@functools.wraps(_select_benchmarks)
def select_benchmarks(
    self: Benchmarks, conf: Any, benchmarks: Iterable[Any], regex: Any = None
) -> None:
    """Do what `Benchmarks` does, without combinations that are no mode; by default the `USUAL`.

    Raises `UserError` for the benchmarks of older results.
    """
    every = list(benchmarks)
    safe_loading.refuse_older(
        Path(conf.results_dir) / "benchmarks.json", (each["params"] for each in every)
    )
    _select_benchmarks(self, conf, every, regex or USUAL)
    if FIRST_RESULT in os.environ:
        self.update({name: {**each, "rounds": 1} for name, each in self.items()})
    for each in every:
        selected = self.benchmark_selection[each["name"]]
        if selected:
            exist = ladders.existing(each["params"])
            selected[:] = [index for index in selected if exist[index]]
            if not selected:
                del self[each["name"]]
    first: dict[tuple[str, int | None], tuple[str, int]] = {}
    for name, each in sorted(self.items()):
        for index in self.benchmark_selection[name] or [None]:
            asked = name if index is None else f"{name}-{index}"
            cell = name.rpartition(".")[0], index
            first.setdefault(cell, (asked, int(each.get("rounds") or 1)))
    JOURNALS.planned = dict(first.values())


def results_before(*args: Any) -> Iterator[Any]:
    """Do what asv does to find what `--skip-existing` leaves out, and note that there is some."""
    for result in _results_before(*args):
        JOURNALS.told |= result.env_name in ENVIRONMENTS
        yield result


def run_benchmark(benchmark: Any, *args: Any, **kwargs: Any) -> Any:
    """Do what asv does to run a benchmark; one that fails in every cell has no skipped hole."""
    # asv tries no further round of what is failed as a whole.
    result = _run_benchmark(benchmark, *args, **kwargs)
    params = benchmark["params"]
    if any(each is not None for each in ladders.without_holes(result.result, params)):
        return result
    return result._replace(result=[None] * len(result.result))


def format_benchmark_result(results: Any, benchmark: Any) -> Any:
    """Do what asv does to show a benchmark's results, one line for a mode, none for a hole."""
    names, values = ladders.as_one(benchmark["param_names"], benchmark["params"])

    def existing(get: Callable[..., Any]) -> Callable[..., Any]:
        return lambda name, _: ladders.without_holes(get(name, params), params)

    params = benchmark["params"]
    return _format_benchmark_result(
        SimpleNamespace(
            get_result_value=existing(results.get_result_value),
            get_result_stats=existing(results.get_result_stats),
            stderr=results.stderr,
        ),
        {**benchmark, "param_names": names, "params": values},
    )


def unroll_result(name: str, params: Any, *values: Any) -> Iterator[Any]:
    """Do what `asv compare` does to list a benchmark's cells, without those that were skipped."""
    # Of shards, another file has them.
    every = itertools.compress(_unroll_result(name, params, *values), ladders.existing(params))
    return (each for each in every if not util.is_nan(each[1]))


def benchmark_param_iter(benchmark: Any) -> Iterator[Any]:
    """Do what asv's list of all results does to go through the cells, without the holes."""
    return itertools.compress(
        _benchmark_param_iter(benchmark), ladders.existing(benchmark["params"])
    )


def _warn_once(message: str) -> None:
    if message not in _warnings_given:
        _warnings_given.add(message)
        log.warning(message)


def by_name(text: str) -> str:
    """Return `text` with every commit id, and asv's `[id] <name>`, as the release's name."""
    return _ID.sub(_name_of, text)


def _name_of(match: re.Match[str]) -> str:
    release = release_of_id(match[1])
    return release.name if release else match[0]  # it only looks like an id


def print_names(text: str, *rest: Any, **more: Any) -> None:
    """Do what asv does to print in colour, with releases by name."""
    color_print(by_name(text), *rest, **more)


def _table_with_names(rows: Any, *, headers: Sequence[str], **options: Any) -> str:
    named = [by_name(each) for each in headers]
    return str(tabulate.tabulate(rows, headers=named, disable_numparse=True, **options))


def write_json(path: str, data: Any, *rest: Any, **more: Any) -> None:
    """Write JSON as asv does, but beside its place and then renamed: whole or not at all."""
    with written_whole(Path(path)) as beside:
        _write_json(str(beside), data, *rest, **more)


_PERHAPS = (
    " A full disk, a folder that cannot be written? asv.conf.json names the folders; -v shows "
    "where it happened."
)


# asv reckons its durations and time-outs as differences of the wall clock, which may be set.
_BEGAN, _BEGAN_AT = datetime.now(UTC), time.monotonic()
CLOCK = SimpleNamespace(time=time.monotonic, sleep=time.sleep)


def steady_now(zone: tzinfo | None) -> datetime:
    """Return the time of day by the clock that nobody sets, as of the start of this process."""
    return (_BEGAN + timedelta(seconds=time.monotonic() - _BEGAN_AT)).astimezone(zone)


def _explained(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what asv lets through as a traceback into a message, and into its exit code 1."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            with as_user_errors():
                result = command(*args, **kwargs)
            if FIRST_RESULT not in os.environ:
                for journal in JOURNALS.values():  # whatever ended otherwise is gone on with
                    journal.settle(saved=JOURNALS.saved)
            if JOURNALS.skipped and not (result or JOURNALS.told):
                reasons = "".join(f"\n  {reason}" for reason in JOURNALS.skipped)
                log.error(f"Nothing was measured. Every cell was skipped:{reasons}")
                result = NothingError.exit_code
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise util.UserError("Interrupted.") from None
        except BrokenPipeError:  # asv show | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        except OSError as error:
            log.debug(traceback.format_exc())
            lack = lacking(f"{type(error).__name__}: {error}", OF_PROGRAMS)
            raise util.UserError(
                f"{lack or error}. What was saved before is untouched.{'' if lack else _PERHAPS}"
            ) from error
        else:
            return result

    return guarded


def install() -> None:
    """Put everything in its place; a second call changes nothing."""
    reset_signals()
    install_loaders()
    asv.environment.get_environments = get_environments
    asv.commands.show.get_environments = get_environments  # these have the name of their own
    asv.commands.compare.get_environments = get_environments
    asv.commands.asv_profiling.get_environments = get_environments
    asv.commands.run.skip_benchmarks = skip_benchmarks
    asv.commands.run.Results = RecordedResults
    asv.commands.run.Machine = asv.commands.find.Machine = OwnMachine
    asv.commands.run.iter_results_for_machine_and_hash = results_before
    asv.commands.find.Results = RecordedResults
    asv.commands.show.color_print = print_names
    asv.commands.compare.tabulate = SimpleNamespace(tabulate=_table_with_names)
    util.write_json = write_json
    asv.runner.datetime = SimpleNamespace(
        datetime=SimpleNamespace(now=steady_now), timezone=timezone
    )
    asv.runner.time = asv.commands.run.time = util.time = CLOCK
    util.iter_chunks = ROUNDS.iter_chunks
    Benchmarks.__init__ = select_benchmarks
    asv.runner.run_benchmark = run_benchmark
    asv.runner.format_benchmark_result = format_benchmark_result
    asv.commands.show.format_benchmark_result = format_benchmark_result
    asv.commands.compare.unroll_result = unroll_result
    for command in util.iter_subclasses(Command):
        run = command.__dict__.get("run_from_conf_args")
        if run is not None and not hasattr(run.__func__, "__wrapped__"):
            command.run_from_conf_args = classmethod(_explained(run.__func__))


def load_benchmarks(cls: type[Benchmarks], conf: Any, regex: Any = None) -> Benchmarks:
    """Do what asv's `Benchmarks.load` does, without the entries that are damaged."""
    path = Path(cls.get_benchmark_file_path(conf.results_dir))
    known = safe_loading.load_benchmarks(path, safe_loading.log_once)
    return cls(conf, known.values(), regex=regex or ".")  # to show, all of them


_publish = Publish.run.__func__


@functools.wraps(_publish)
def publish(cls: type[Publish], conf: Any, *args: Any, **kwargs: Any) -> Any:
    """Do what `asv publish` does, with our pages; raises `UserError` where it cannot write."""
    util.get_multiprocessing_pool = publisher.pool
    try:
        results = Path(conf.results_dir)
        with publisher.in_background(results, Path(conf.html_dir)) as tree:
            # Its graphs, and where they step, are those of our pages.
            asv.commands.publish.iter_results = at_usual_speed(results, tree)
            return _publish(cls, conf, *args, **kwargs)
    except BrokenProcessPool as error:
        raise util.UserError(
            f"A process that searched for steps was killed. {publisher.KILLED}"
        ) from error
    except OSError as error:
        raise util.UserError(
            f"The site cannot be written to '{conf.html_dir}': {error}. Make room there or make "
            "it writable, or publish elsewhere: asv publish --html-dir FOLDER"
        ) from error


def install_loaders() -> None:
    """Put in their places those that `asv publish` needs; a second call changes nothing."""
    util.load_json = safe_loading.load_json
    Results.load = classmethod(safe_loading.load_results)
    Results.save = safe_loading.save_results
    Benchmarks.load = classmethod(load_benchmarks)
    asv.commands.publish.iter_machine_files = safe_loading.machine_files
    # Its rule knows no noise: our verdicts, and a feed of them, are on Releases.
    asv.plugins.regressions.Regressions.publish = lambda *_: None
    asv.plugins.summarylist.benchmark_param_iter = benchmark_param_iter
    Publish.run = classmethod(publish)
