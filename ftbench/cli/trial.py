"""`ftbench try`: a user's own function in every mode, on several builds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource
from rich.console import Console

from ftbench.analysis.advice.question import cpu_price, memory_price, seconds, size
from ftbench.cli.arguments import Command, names_of, quantity
from ftbench.errors import FtbenchError, UsageError, unknown
from ftbench.facts.trial_modes import TRIAL_MODE_NAMES
from ftbench.report.output import Format, Output, output_options, rendered, writable

_TARGET: Final = "target"
_KEPT_MEMORY: Final = 3  # processes of a cell whose memory is seen, beyond the budget
_FIRST: Final = "A first result, of one process a cell. The rest is measured now."


class _Kept(click.Command):
    """A command of which a project may keep calls: `[tool.ftbench.try.NAME]`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what is given, and where that names a kept trial, what the project says as well."""
        given = list(args)
        rest = super().parse_args(ctx, args)
        ctx.meta["folder"] = Path.cwd()
        name = ctx.params[_TARGET]
        if ctx.resilient_parsing or any(each in name for each in ":./\\"):
            return rest
        from ftbench.experiments.trial.question import kept  # noqa: PLC0415

        table, folder = kept(name, Path.cwd())
        # What is given stands in the place of what is kept.
        own = {
            each
            for each in ctx.params
            if ctx.get_parameter_source(each) is not ParameterSource.DEFAULT
        }
        words = list(self._words(name, table, folder, own))
        ctx.params.clear()
        rest = super().parse_args(ctx, [*words, *given])
        ctx.params[_TARGET] = table[_TARGET]
        ctx.meta["folder"] = folder
        return rest

    def _words(
        self, name: str, table: Mapping[str, Any], folder: Path, own: set[str]
    ) -> Iterator[str]:
        options = {
            option.removeprefix("--"): each
            for each in self.params
            if isinstance(each, click.Option)
            for option in (*each.opts, *each.secondary_opts)
        }
        for key, value in table.items():
            option = key.replace("_", "-")
            if option == _TARGET:
                continue
            if option not in options:
                raise unknown(f"option of [tool.ftbench.try.{name}]", key, [_TARGET, *options])
            param = options[option]
            if param.name in own:
                continue
            if param.is_flag:
                if not isinstance(value, bool):
                    raise UsageError(f"[tool.ftbench.try.{name}]: {key} is true or false.")
                yield from [f"--{option}"] * value
                continue
            for each in value if isinstance(value, list) else [value]:
                text = json.dumps(each) if option == "input" else str(each)
                is_path = isinstance(param.type, click.Path)
                yield from (f"--{option}", str(folder / text) if is_path else text)


def _file(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    return click.option(*names, type=click.Path(path_type=Path), **attributes)


@click.command(
    "try",
    cls=_Kept,
    help="""Run a function of your own in every mode, on several builds: what to write, and
    what it costs.

    \b
    ftbench try mypkg.jobs:resize --inputs jobs.jsonl --workers 1,2,4
    ftbench try jobs.py:score --input '[30]' --with numpy --budget 3m
    ftbench try jobs.py:fetch --input '"http://127.0.0.1:8000"' --python 3.14t --slo p99=50ms

    TARGET is MODULE:FUNCTION, FILE.py:FUNCTION, or the NAME of a table [tool.ftbench.try.NAME] in
    this project's pyproject.toml, with a target and any of these options. M:F is a function, named
    like TARGET.

    First it checks on each build whether the function can be imported, its arguments and results
    can be sent to another process, its results are repeatable, it computes or waits, and threads
    that call it at once get the same results. Then fresh processes take turns over all modes, and
    every result is compared with a plain loop's. Modes whose results differ, that crash or hang are
    reported and never ranked; what a build does not have is skipped, with the reason.

    It runs your code thousands of times, with your rights: if a call writes files, opens sockets or
    starts programs, it says so and asks for --yes. Call it again to continue an interrupted trial.

    Exit codes: 0 answered, 3 nothing could run, 13 results of a mode differ, 4 a mode crashed,
    5 one timed out, 6 the GIL was switched on, 10 worse than --against, 11 lost since then.
    """,
)
@click.argument("target", metavar="TARGET")
@click.option("--input", "values", multiple=True, metavar="JSON", help="A call with this value.")
@_file("--inputs", metavar="FILE", help="A call per item: .jsonl, .json (a list) or .txt (lines).")
@click.option("--inputs-from", metavar="M:F", help="A function that yields them.")
@click.option("--kwargs", is_flag=True, help="Each input is an object of named arguments.")
@click.option("--worker-setup", metavar="M:F", help="Called once in each worker, untimed.")
@click.option("--before", metavar="M:F", help="Called before each round, untimed.")
@click.option("--after", metavar="M:F", help="Called after each round, untimed.")
@click.option(
    "--check",
    default="equal",
    help="How to compare results: equal, close:1e-9, M:F(result, expected), or none.",
)
@click.option("--executor", metavar="M:F", help="Makes an executor of N workers: one more mode.")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="RELEASE|PATH",
    shell_complete=names_of("python"),
    help="A build; can be given several times. Default: the newest GIL and free-threaded pair.",
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    metavar="NAMES",
    shell_complete=names_of("mode of try"),
    help=f"Only these, separated by commas: {', '.join(TRIAL_MODE_NAMES)}.",
)
@click.option(
    "--workers",
    multiple=True,
    metavar="NUMBERS",
    help="How many, separated by commas: 1,2,4. Default: the usable cores.",
)
@click.option("--with", "requirements", multiple=True, metavar="PACKAGE", help="Wheels only.")
@_file("--with-requirements", "requirement_files", multiple=True, metavar="FILE")
@_file("--project", metavar="DIR", help="Its code, and the dependencies in its pyproject.toml.")
@quantity("TIME", seconds, "--budget", default="1m", help="For measuring.")
@quantity("TIME", seconds, "--call-deadline", default="30s", help="Per call.")
@click.option(
    "--shake",
    type=click.IntRange(0, 1_000_000),
    default=800,
    help="Concurrent calls by threads, to see whether it is thread-safe. 0: none.",
)
@click.option("--no-memory", is_flag=True, help="Do not measure memory.")
@quantity("PRICE", cpu_price, "--price-cpu", "cpu_price", help="Per core: 0.04/h.")
@quantity("PRICE", memory_price, "--price-memory", "memory_price", help="Of memory: 0.005/GiBh.")
@click.option("--slo", "slos", multiple=True, metavar="LIMIT", help="A limit for calls: p99=50ms.")
@quantity("SIZE", size, "--memory", help="A limit for the memory of all processes: 2GiB.")
@click.option("--yes", is_flag=True, help="Its side effects are harmless, however often it runs.")
@_file(
    "--save",
    metavar="FILE",
    callback=writable,
    help="Save it for --against; memory then takes longer.",
)
@_file("--against", metavar="FILE", help="Judge it against an earlier trial.")
@_file("--scaffold", metavar="DIR", help="Write an asv benchmark repository of it, a new folder.")
@click.option("--fresh", is_flag=True, help="Start over: forget an interrupted trial.")
@output_options
@click.pass_context
def trial(context: click.Context, output: Output, /, **options: Any) -> None:
    from ftbench.analysis.trial_verdicts import against, alarm  # noqa: PLC0415
    from ftbench.analysis.trials import Limits, answer, forecasts, slo  # noqa: PLC0415
    from ftbench.experiments.trial import question  # noqa: PLC0415
    from ftbench.experiments.trial.run import raise_worst, tried  # noqa: PLC0415
    from ftbench.experiments.trial.scaffold import refuse_taken, scaffold  # noqa: PLC0415
    from ftbench.report.trial import document_of  # noqa: PLC0415
    from ftbench.results.trials import Trial, read_trial, write_trial  # noqa: PLC0415
    from ftbench.site.trial_chart import draw  # noqa: PLC0415

    before, save, folder = (options.pop(name) for name in ("against", "save", "scaffold"))
    if folder:
        refuse_taken(folder)
    earlier = read_trial(before) if before else None
    limits = Limits(
        slo=dict(map(slo, options.pop("slos"))),
        **{name: options.pop(name) for name in ("memory", "cpu_price", "memory_price")},
    )
    # One process more or less says nothing of whether memory has grown.
    seen = _KEPT_MEMORY if save or before else 1
    options["memory"] = 0 if options.pop("no_memory") else seen
    fresh = options.pop("fresh")
    asked = question.asked(options.pop(_TARGET), folder=context.meta["folder"], **options)
    console = Console(stderr=True, highlight=False)

    def shown(found: Trial) -> None:
        whole = document_of(answer(found, limits))
        tables = (replace(part, tables=part.tables[:1]) for part in whole.parts if part.tables)
        first = replace(whole, lines=(_FIRST,), parts=tuple(tables))
        console.print(rendered(first, Format.TABLE), markup=False, soft_wrap=True)

    with tried(asked, console, fresh=fresh, shown=shown) as found:
        judged = against(earlier, found) if earlier else None
        answered = answer(found, limits)
        said = list(_said(answered, forecasts))
        picture = draw(answered) if output.form is Format.HTML else ""
        try:
            output.write(document_of(answered, forecasts=said, judged=judged, picture=picture))
        finally:  # it took long to measure, though nobody may read it
            if save:
                write_trial(save, found)
            if folder:
                path = scaffold(folder, found, asked)
                console.print(f"{path} is its benchmark: asv run, in {folder}", soft_wrap=True)
    raise_worst(found)
    if judged and (raised := alarm(judged)):
        raise raised


def _said(answered: Any, forecasts: Any) -> Iterator[Any]:
    """Yield what `advise` would have said, where there are results of ftbench."""
    from ftbench.analysis.advice.cells import pick_of  # noqa: PLC0415
    from ftbench.results.project import load_project  # noqa: PLC0415

    with suppress(FtbenchError):
        pick, cells = pick_of(load_project())
        yield from forecasts(answered, cells, pick.title)
