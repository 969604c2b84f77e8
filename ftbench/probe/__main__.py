"""`python -m ftbench.probe SCENARIO`: measure one cell with the interpreter that runs this."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from pathlib import Path

from ftbench.errors import (
    EXIT_CODES,
    INTERRUPTED,
    NOBODY_READS,
    FaultError,
    FtbenchError,
    ResultsError,
    UsageError,
    unknown,
)
from ftbench.facts.modes import KINDS, MODE_NAMES, START_METHODS
from ftbench.facts.profiles import KEYS, PROFILES
from ftbench.probe.run.child import reset_signals
from ftbench.probe.run.document import table
from ftbench.probe.run.measure import DEADLINE_SECONDS, measure
from ftbench.probe.scenarios.base import NAMES, scenario_named

_ON_OFF = {"on": True, "off": False}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ftbench.probe",
        description="Measure one cell with the interpreter that runs this.",
        epilog=f"scenarios: {'; '.join(f'{n}: {scenario_named(n).title}' for n in NAMES)}. "
        f"exit codes: {'; '.join(f'{code}: {means}' for code, means in EXIT_CODES.items())}.",
        allow_abbrev=False,
    )
    parser.add_argument("scenario", help=", ".join(NAMES))
    parser.add_argument("--mode", default="threads", help=", ".join(KINDS))
    parser.add_argument("--start-method", help=f"for processes: {', '.join(START_METHODS)}")
    parser.add_argument("--workers", help="how many workers (the same as --set workers=N)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a scenario's parameter"
    )
    parser.add_argument(
        "--profile",
        help=f"{', '.join(PROFILES)} (default: FTBENCH_PROFILE, quick), or one of your own with "
        f"any of {', '.join(f'{key}=N' for key in KEYS)}",
    )
    parser.add_argument("--gil", choices=_ON_OFF, help="default: PYTHON_GIL, the build's own way")
    parser.add_argument(
        "--deadline", type=float, default=DEADLINE_SECONDS, help="seconds (%(default)g)"
    )
    parser.add_argument(
        "--extra",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="do so much more of the work, 0.1 for a tenth: a slowdown that is known",
    )
    parser.add_argument("--json", action="store_true", help="print the whole measurement")
    parser.add_argument("--output", metavar="FILE", help="write the whole measurement there")
    return parser


def mode_name(kind: str, start_method: str | None) -> str:
    """Return the mode that both options name; the interpreter's default is for processes alone."""
    if kind in MODE_NAMES and start_method is None:
        return kind
    if kind != "processes" and start_method is not None:
        raise UsageError(
            f"--start-method {start_method} goes with --mode processes, not with {kind}."
        )
    if start_method is not None and start_method not in START_METHODS:
        raise unknown("start method", start_method, START_METHODS)
    if kind == "processes":
        import multiprocessing  # noqa: PLC0415

        return f"processes-{start_method or multiprocessing.get_context().get_start_method()}"
    return kind


def parameters(assignments: list[str], workers: str | None) -> dict[str, int | str]:
    """Return the scenario's parameters that the command line sets."""
    params: dict[str, int | str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set takes KEY=VALUE, not {assignment!r}.")
        params[name] = value
    if workers is not None:
        params["workers"] = workers
    return params


def main(argv: list[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    reset_signals()
    options = _parser().parse_args(argv)
    try:
        measurement = measure(
            options.scenario,
            mode=mode_name(options.mode, options.start_method),
            params=parameters(options.set, options.workers),
            profile=options.profile,
            gil=_ON_OFF.get(options.gil),
            deadline=options.deadline,
            extra=options.extra,
        )
    except FtbenchError as error:
        return _failed(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _failed("interrupted; nothing is recorded.", INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - Python would end with 1
        sys.excepthook(type(error), error, error.__traceback__)
        return _failed("this is a fault of ftbench; please report it.", FaultError.exit_code)
    document = json.dumps(measurement.to_json())
    try:
        if options.output:
            Path(options.output).write_text(document, encoding="utf-8")
        else:
            show(document if options.json else table(measurement))
    except BrokenPipeError:  # whoever read this has seen enough
        return NOBODY_READS
    except OSError as error:
        return _failed(f"what was measured cannot be written: {error}.", ResultsError.exit_code)
    return 0


def _failed(why: str, code: int) -> int:
    if sys.stderr is not None:  # else it would be printed as if it were measured
        with contextlib.suppress(OSError):
            print(f"ftbench.probe: {why}", file=sys.stderr)
    return code


def show(text: str) -> None:
    """Print `text` whatever the terminal can spell."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        print(text, flush=True)
    except OSError:  # which Python would tell of once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


if __name__ == "__main__":
    sys.exit(main())
