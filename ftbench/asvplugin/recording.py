"""asv's results with our records beside them, written so that nothing is ever lost.

Takes the place of `asv.results.Results` in `asv run`; what asv knows nothing of happens here:
records go where the samples go, an empty result is no file, a write is whole or not at all, and
two runs never measure at once.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from asv import util
from asv.results import Results
from filelock import FileLock, Timeout

from ftbench.asvplugin.environment import SELECTED
from ftbench.errors import FtbenchError, ResultsError
from ftbench.interpreters import PythonBuild
from ftbench.interpreters.folders import cache_folder
from ftbench.results.records import Records, read_records, records_path, write_records


class _OneRun:
    """Holds a machine-wide lock from the first result of this process until its end."""

    def __init__(self) -> None:
        self._lock: FileLock | None = None

    def take(self) -> None:
        """Take the lock; raises asv's `UserError` if another run measures here."""
        if self._lock is not None:
            return
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "measuring.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise util.UserError(
                "Another asv run is measuring on this machine; two would disturb each other and "
                "write the same files. Wait until it is done, then run this again."
            ) from None
        self._lock = lock


ONE_RUN = _OneRun()


class RecordedResults(Results):
    """The results of one release in one environment, with their records."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without records; refuses to begin while another run measures."""
        super().__init__(*args, **kwargs)
        ONE_RUN.take()
        self._records = Records()
        self._environment = SELECTED.get(str(self._env_name))

    def load_data(self, result_dir: str) -> None:
        """Load what was recorded before; refuses to mix the figures of two builds."""
        try:
            super().load_data(result_dir)
            self._records = read_records(self._records_path(result_dir))
            self._refuse_another_build()
        except FtbenchError as error:
            raise util.UserError(str(error)) from error

    def _records_path(self, result_dir: str) -> Path:
        return records_path(Path(result_dir) / self._filename)

    def _refuse_another_build(self) -> None:
        now = self._environment.build_digest if self._environment else None
        for record in self._records.builds.values():
            then = PythonBuild.from_record(record).digest
            if now is not None and then != now:
                raise ResultsError(
                    f"{self._filename} holds the figures of another build of the same release "
                    f"and flavour (digest {then}, not {now}); they are never mixed.",
                    hint="Keep the old ones under another machine name (asv run --machine NAME) "
                    "or move both its files away, then measure again.",
                )

    def add_result(
        self, benchmark: Any, result: Any, *args: Any, append_samples: bool = False, **kwargs: Any
    ) -> None:
        """Add samples, and what the benchmark staged beside them."""
        super().add_result(benchmark, result, *args, append_samples=append_samples, **kwargs)
        if self._environment is not None:
            staged = self._environment.take_staged()
            self._records = self._records.with_staged(staged, append=append_samples)

    def save(self, result_dir: str) -> None:
        """Write the result file and its records, each beside its place and then renamed.

        Raises asv's `UserError` if that fails; what was there before stays as it was.
        """
        if not self._results:
            return  # skipped: recorded as nothing
        place = Path(result_dir) / self._filename
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent, prefix=".saving-") as beside:
                super().save(beside)
                (Path(beside) / self._filename).replace(place)
            write_records(records_path(place), self._records)
        except OSError as error:
            raise util.UserError(
                f"{place} could not be written: {error.strerror or error}. What was there before "
                "is untouched; the figures of this release and environment are lost. Make room "
                "or make the folder writable (results_dir in asv.conf.json), then run again; "
                "asv run --skip-existing-successful leaves out what is saved."
            ) from error
