"""What a host keeps: each run in a file of its own, whole or not at all; and the suite it runs."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ftbench.errors import ResultsError
from ftbench.files import folder_made, written_whole
from ftbench.fleet.plan import Work

_SUFFIX: Final = ".run"
# What a run may weigh unpacked, ours some 2 MiB; a suite some 3.
MOST_BYTES: Final = 256 * 2**20
# A run is begun only where so much is free.
LEAST_FREE: Final = 64 * 2**20
_SUITES: Final = 3  # that a host keeps, with their environments
_PARTS: Final = ("asv.conf.json", "benchmarks", "ftbench", "native")
_NEVER: Final = frozenset({"__pycache__", "target"})

# Of a file of the results: no folder, and nothing that begins with a dot.
_File = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,250}\.jsonl?$")]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What one work came to on its host: the texts of its result files."""

    work: Work
    started_at: str
    agent: dict[str, str]  # the versions of what ran it
    machine: str  # its record, as asv keeps it
    benchmarks: str  # asv's list of them
    files: dict[_File, str]


def packed(run: Run) -> bytes:
    """Return a run as the bytes that are kept and sent."""
    return zlib.compress(msgspec.json.encode(run))


def unpacked(data: bytes) -> Run:
    """Return the run of `packed` bytes; raises `ResultsError` for any others."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, MOST_BYTES)
        return msgspec.json.decode(text if unpacker.eof else b"cut short", type=Run)
    except (zlib.error, ValueError, RecursionError) as error:
        raise ResultsError(f"This is no run of a fleet: {error}.") from error


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder of one agent."""

    folder: Path

    def _path(self, name: str) -> Path:
        return self.folder / "runs" / f"{Path(name).name}{_SUFFIX}"

    def refuse_full(self) -> None:
        """Raise `ResultsError` where a run could not be kept: before it is measured."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < LEAST_FREE:
            raise ResultsError(
                f"{self.folder} has less than {LEAST_FREE // 2**20} MiB left: nothing is measured "
                "that could not be kept."
            )

    def keep(self, name: str, data: bytes) -> None:
        """Keep a run, so that not even a power failure loses it."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as beside, beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def get(self, name: str) -> bytes | None:
        """Return a run that is kept, b"" for one that is collected, None for any other."""
        path = self._path(name)
        return path.read_bytes() if path.is_file() else None

    def names(self) -> list[str]:
        runs = (self.folder / "runs").glob(f"*{_SUFFIX}")
        return sorted(path.stem for path in runs if path.stat().st_size)

    def forget(self, name: str) -> None:
        """Empty a run that is collected: whoever asks once more is not to have it measured anew."""
        self._path(name).write_bytes(b"")

    def suite(self, digest: str) -> Path:
        return self.folder / "suites" / Path(digest).name

    def take_suite(self, digest: str, data: bytes) -> None:
        try:
            content = lzma.LZMADecompressor(memlimit=MOST_BYTES).decompress(data, MOST_BYTES)
            if hashlib.sha256(content).hexdigest() != digest:
                content = b""  # which is no archive
            with (
                tarfile.open(fileobj=io.BytesIO(content)) as archive,
                folder_made(self.suite(digest)) as folder,
            ):
                archive.extractall(folder, filter="data")
        except (lzma.LZMAError, tarfile.TarError) as error:
            raise ResultsError(f"This is not the suite {digest[:12]}: {error}.") from error
        # The one before may still be at work, for a coordinator that has ended.
        made = sorted(self.folder.glob("suites/*"), key=lambda path: path.stat().st_mtime)
        for older in made[:-_SUITES]:
            shutil.rmtree(older, ignore_errors=True)


def packed_suite(project: Path) -> tuple[str, bytes]:
    """Return the digest of what a project measures with, and all of it as bytes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in _files(project):
            entry = tarfile.TarInfo(path.relative_to(project).as_posix())
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                archive.addfile(entry, file)  # no time, no owner: alike in every clone
    digest = hashlib.sha256(content.getvalue()).hexdigest()
    return digest, lzma.compress(content.getvalue(), preset=6)


def _files(project: Path) -> Iterator[Path]:
    for part in _PARTS:
        top = project / part
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and not _NEVER & set(path.relative_to(project).parts):
                yield path
