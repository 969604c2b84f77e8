"""Packages that are next to nothing, in a folder that stands for an index: no network."""

from __future__ import annotations

import io
import platform
import tarfile
import zipfile
from pathlib import Path

import pytest

PURE = "py3-none-any"
MACHINE = f"linux_{platform.machine()}"


def metadata(name: str, version: str, *lines: str) -> str:
    return "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""])


def wheel(folder: Path, name: str, version: str, *lines: str, tag: str = PURE) -> Path:
    """Write a wheel whose module of that name has a VERSION; `lines` are of its metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    pure = "true" if tag == PURE else "false"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": metadata(name, version, *lines),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: {pure}\nTag: {tag}\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


def source(folder: Path, name: str, version: str) -> Path:
    """Write a source archive whose build would leave a file BUILT beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    setup = f"open({str(folder / 'BUILT')!r}, 'w'); import setuptools; setuptools.setup()\n"
    files = {"PKG-INFO": metadata(name, version), "setup.py": setup}
    return _archive(folder / f"{name}-{version}.tar.gz", files)


def _archive(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{file}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


def buildable(folder: Path, name: str, version: str) -> Path:
    """Write a source archive that makes the wheel that `wheel` writes, and needs nothing for it."""
    folder.mkdir(parents=True, exist_ok=True)
    made = wheel(folder / "made", name, version)
    own = "import shutil\n\ndef build_wheel(folder, *_more):\n"
    own += f"    return shutil.copy({str(made)!r}, folder).rpartition('/')[2]\n"
    system = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
    files = {"PKG-INFO": metadata(name, version), "pyproject.toml": system, "own.py": own}
    return _archive(folder / f"{name}-{version}.tar.gz", files)


def only_index(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have uv and pip see what lies in a folder, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    empty = folder.with_name(f"{folder.name}-empty")
    empty.mkdir(exist_ok=True)
    for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", empty.as_uri())
