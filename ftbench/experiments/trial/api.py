"""`ftbench.trial`: what `ftbench try` does, for programs and notebooks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from rich.console import Console

from ftbench.analysis.trials import Tried, answer
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.experiments.trial.question import asked, inputs_of, target_of
from ftbench.experiments.trial.run import tried
from ftbench.report.output import Format, rendered
from ftbench.report.trial import document_of
from ftbench.results.trials import Trial as Found

Named = Callable[..., Any] | str  # a function of a module, or "module:function"


class Trial(Found, frozen=True):
    """What came of a trial; a notebook shows its tables."""

    @classmethod
    def of(cls, found: Found) -> Self:
        return cls(**{name: getattr(found, name) for name in Found.__struct_fields__})

    @property
    def best(self) -> Tried | None:
        return answer(self).best

    def table(self, form: Format = Format.TABLE) -> str:
        return rendered(document_of(answer(self)), form)

    def _repr_html_(self) -> str:
        return self.table(Format.HTML)


def trial(
    function: Named,
    inputs: Iterable[Any] | Callable[[], Iterable[Any]] | None = None,
    *,
    kwargs: bool = False,
    modes: Sequence[str] = (),
    workers: Sequence[int] = (),
    pythons: Sequence[str] = (),
    check: Named = "equal",
    worker_setup: Named | None = None,
    before: Named | None = None,
    after: Named | None = None,
    executor: Named | None = None,
    requirements: Sequence[str] = (),
    project: str | Path | None = None,
    budget: float = 60.0,
    call_deadline: float = 30.0,
    shake: int = 800,
    memory: bool = True,
    yes: bool = False,
    console: Console | None = None,
) -> Trial:
    """Try `function` in every mode on several builds, with each of `inputs`.

    Functions are those of modules that other processes can import, or "module:function"; an input
    is a value of JSON, one positional argument (with `kwargs`, a dict of named ones); a function as
    `inputs` makes any others.  The rest is as `ftbench try --help` has it.  A mode that fails has
    its story in `cells`; raises an `FtbenchError` for what makes no sense, or where nothing runs.
    """
    folders: list[str] = []

    def named(each: Named | None, what: str) -> str | None:
        if each is None:
            return None
        target, folder = target_of(each, what)
        folders.extend(filter(None, [folder]))
        return target

    makes = inputs if callable(inputs) else None
    question = asked(
        named(function, "The function") or "",
        folder=Path.cwd(),
        folders=folders,
        values=[] if inputs is None or callable(inputs) else inputs_of(inputs, kwargs=kwargs),
        inputs_from=named(makes, "The function that makes the inputs"),
        kwargs=kwargs,
        check=named(check, "The check") or "",
        worker_setup=named(worker_setup, "The set-up"),
        before=named(before, "What comes before"),
        after=named(after, "What comes after"),
        executor=named(executor, "The executor"),
        modes=modes,
        workers=workers,
        pythons=pythons,
        requirements=requirements,
        project=Path(project) if project else None,
        budget=budget,
        call_deadline=call_deadline,
        shake=shake,
        memory=memory,
        yes=yes,
    )
    console = console or Console(file=sys.stderr, highlight=False)
    try:
        with tried(question, console) as found:
            return Trial.of(found)
    finally:
        MEASURING_LOCK.release()  # a notebook lives on
