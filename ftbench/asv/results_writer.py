"""asv's results with our records beside them, in the place of `Results` where asv measures.

What was not measured is no file and changes none, and a write is whole or not at all.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from asv import util
from asv.results import Results

from ftbench.asv import as_user_errors
from ftbench.asv.environment import ENVIRONMENTS, MissingInterpreterError
from ftbench.asv.journal import JOURNALS
from ftbench.errors import ResultsError
from ftbench.facts.units import kept
from ftbench.pythons import PythonBuild
from ftbench.results.ladders import plain_text
from ftbench.results.records import Records, read_records, records_path, records_written


def _shortened(cells: list[list[float] | None] | None) -> list[list[float] | None] | None:
    """Return the samples with the digits that mean something: results are kept for years."""
    return cells and [cell and list(map(kept, cell)) for cell in cells]


def refuse_another_build(name: str, records: Records, now: str | None) -> None:
    """Raise `ResultsError` if a result file has records of another build than the one measured."""
    for record in records.builds.values():
        then = PythonBuild.from_record(record).digest
        if now is not None and then != now:
            raise ResultsError(
                f"{name} holds the figures of another build of the same release "
                f"and flavour (digest {then}, not {now}); they are never mixed.",
                hint="Keep the old ones under another machine name (asv run --machine NAME) "
                "or move both its files away, then measure again.",
            )


class RecordedResults(Results):
    """The results of one release in one environment, with their records."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._records = Records()
        self._environment = ENVIRONMENTS.get(str(self._env_name))
        self._measured = False

    def load_data(self, result_dir: str) -> None:
        """Load what was recorded before; refuses to mix the figures of two builds.

        Raises asv's `UserError` for a damaged file: nothing is measured that would replace it.
        """
        with as_user_errors():
            try:
                super().load_data(result_dir)
            except util.UserError as error:
                raise ResultsError(
                    f"{error}",
                    hint="It is left as it is. Take it from version control, or remove it and the "
                    "records of the same name and measure again.",
                ) from error
            place = Path(result_dir) / self._filename
            if place.is_file():  # what `asv rm` has left behind is of figures that are gone
                self._records = read_records(records_path(place))
            refuse_another_build(str(self._filename), self._records, self._build_digest())

    def _build_digest(self) -> str | None:
        if self._environment is not None:
            with contextlib.suppress(MissingInterpreterError):
                return self._environment.interpreter(self._commit_hash).build.digest
        return None

    def add_result(
        self, benchmark: Any, result: Any, *args: Any, append_samples: bool = False, **kwargs: Any
    ) -> None:
        name = benchmark["name"]
        known = set(product(*self.get_result_params(name))) if name in self._results else None
        super().add_result(benchmark, result, *args, append_samples=append_samples, **kwargs)
        asked = kwargs.get("selected_idx")
        if known is not None and asked is not None and self._results[name] is not None:
            # asv has a cell that is new to the ladder, and was not asked for, as failed.
            for at, cell in enumerate(product(*benchmark["params"])):
                if at not in asked and cell not in known:
                    self._results[name][at] = math.nan
        self._samples[name] = _shortened(self._samples[name])
        self._measured = True
        JOURNALS.told |= not all(map(util.is_nan, result.result or [None]))
        if self._environment is not None:
            staged = self._environment.take_staged()
            JOURNALS.skipped |= {str(each["reason"]): None for each in staged if "reason" in each}
            self._records = self._records.with_staged(staged, append=append_samples)

    def remove_samples(self, key: str, selected_idx: Sequence[int] | None = None) -> None:
        """Forget the samples of an earlier run, and the records behind them.

        asv does so for what has fewer rounds than others, and appends to it from its first on.
        """
        super().remove_samples(key, selected_idx)
        every = list(product(*self.get_result_params(key)))
        gone = every if selected_idx is None else [every[at] for at in selected_idx]
        values = {tuple(sorted(map(plain_text, cell))) for cell in gone}
        self._records = self._records.without(key.rpartition(".")[0], values)

    def save(self, result_dir: str) -> None:
        """Write the result file and its records, each beside its place and then renamed.

        Raises asv's `UserError` if that fails; what was there before stays as it was.
        """
        if not self._measured:
            return  # skipped: recorded as nothing
        JOURNALS.saved = True
        place = Path(result_dir) / self._filename
        try:
            with records_written(records_path(place), self._records):
                super().save(result_dir)
        except OSError as error:
            raise util.UserError(
                f"{place} could not be written: {error.strerror or error}. What was there before "
                "is untouched; the figures of this release and environment are lost. Make room "
                "or make the folder writable (results_dir in asv.conf.json), then run again; "
                "asv run --skip-existing-successful leaves out what is saved."
            ) from error
