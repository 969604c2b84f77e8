"""What code needs, read from where it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.errors import UsageError
from ftbench.pythons import requirements

SCRIPT = """\
#!/usr/bin/env python3
# /// script
# requires-python = ">=3.13"
# dependencies = [
#   "numpy>=2",  # arrays
#   'rich',
# ]
# ///
import numpy
"""


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_script_s_block_is_read(tmp_path: Path) -> None:
    script = written(tmp_path / "crunch.py", SCRIPT)
    needs = requirements.of_script(script)
    assert needs.named == ("numpy>=2", "rich")
    assert needs.pythons == {str(script): ">=3.13"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_block_is_read_whatever_ends_its_lines(tmp_path: Path, end: str) -> None:
    script = tmp_path / "crunch.py"
    script.write_bytes(SCRIPT.replace("\n", end).encode())
    assert requirements.of_script(script).named == ("numpy>=2", "rich")


def test_a_script_without_a_block_needs_nothing(tmp_path: Path) -> None:
    script = written(tmp_path / "plain.py", "# script\nx = 1\n")
    assert requirements.of_script(script) == requirements.Requirements()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SCRIPT + SCRIPT, "2 blocks"),
        ("# /// script\n# dependencies = [\n# ///\n", "no valid TOML"),
        ('# /// script\n# dependencies = "numpy"\n# ///\n', "no list of strings"),
        ('# /// script\n# dependencies = ["numpy>=>2"]\n# ///\n', "'numpy>=>2' in .* is no requir"),
        ('# /// script\n# requires-python = "three"\n# ///\n', "no version range"),
    ],
)
def test_a_block_that_makes_no_sense_is_said_so(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        requirements.of_script(written(tmp_path / "odd.py", text))


@pytest.mark.parametrize("file", ["nowhere.py", "."], ids=["a file that is not there", "a folder"])
def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, file: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        requirements.of_script(tmp_path / file)


def test_files_are_followed_and_their_options_kept(tmp_path: Path) -> None:
    written(tmp_path / "more.txt", "rich[jupyter]  # colours\n")
    text = "-r more.txt\n\n# all of it\nnumpy==2.4.1 \\\n    --hash=sha256:00\n--pre\n"
    needs = requirements.of_names([], [written(tmp_path / "requirements.txt", text)])
    assert needs.lines == ("rich[jupyter]", "numpy==2.4.1", "--pre")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-e .", "have to be built"),
        ("./package", "is no requirement"),
        ("mine @ git+https://example.invalid/mine.git", "have to be built"),
        ("./mine-1.0-py3-none-any.whl", "no wheel ./mine"),
    ],
)
def test_a_line_that_is_no_wheel_s_is_refused(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        requirements.of_names([], [written(tmp_path / "requirements.txt", f"{line}\n")])


PROJECT = '[project]\nname = "mine"\nrequires-python = ">=3.12"\ndependencies = ["numpy"]\n'


@pytest.mark.parametrize("layout", ["src", "."])
def test_a_project_is_its_own_path_and_what_it_depends_on(tmp_path: Path, layout: str) -> None:
    written(tmp_path / layout / "mine" / "__init__.py", "")
    written(tmp_path / "pyproject.toml", PROJECT)
    needs = requirements.of_project(tmp_path)
    assert needs.path == (tmp_path / layout,)
    assert needs.named == ("numpy",)
    assert list(needs.pythons.values()) == [">=3.12"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PROJECT + '[build-system]\nrequires = ["maturin>=1,<2"]\n', "built by maturin"),
        (PROJECT + '[build-system]\nrequires = ["setuptools", "Cython"]\n', "by cython"),
        ('[project]\nname = "mine"\ndynamic = ["dependencies"]\n', "no list of a project's dep"),
        ("", "no list of a project's dep"),
        ('[tool.poetry]\nname = "mine"\n', "no list of a project's dep"),
    ],
)
def test_a_project_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, text: str, says: str
) -> None:
    written(tmp_path / "pyproject.toml", text)
    with pytest.raises(UsageError, match=says) as caught:
        requirements.of_project(tmp_path)
    assert "--with" in caught.value.hint


def test_two_sources_are_one(tmp_path: Path) -> None:
    script = requirements.of_script(written(tmp_path / "crunch.py", SCRIPT))
    both = script.both(requirements.of_names(["rich", "scipy"]))
    assert both.named == ("numpy>=2", "rich", "scipy")
    assert both.pythons == script.pythons
