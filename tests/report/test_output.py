"""How a document is told: every format, to a file or not at all, in terminals of any kind."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
from commands import Command

from ftbench.errors import ResultsError, UsageError
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.output import Format, Output, output_options, rendered
from ftbench.report.terminal import print_document

HOSTILE = "\x1b[31m[red]x</td>|*_`\n"
DOCUMENT = Document(
    title="µ ± \N{MULTIPLICATION SIGN} \N{EN DASH} ≈",
    record={"schema": {"name": "test", "version": 1}, "value": math.inf, "all": (1.5, math.nan)},
    lines=(HOSTILE,),
    parts=(
        Part(
            title="■ first",
            tables=(
                Table(
                    title="numbers",
                    columns=("name", "one", "two"),
                    rows=(
                        Row(cells=("group",), tone=Tone.HEADING),
                        Row(cells=("a-name-that-is-longer-than-a-narrow-terminal-is-wide", "1 ms")),
                        Row(cells=("\N{CJK UNIFIED IDEOGRAPH-4E2D}" * 30, "12.5 µs", "0.5")),
                    ),
                    numbers=2,
                    notes=("a note → of it",),
                ),
            ),
        ),
        Part(tables=(Table(title="", columns=("only",), rows=(Row(cells=("x" * 200,)),)),)),
        Part(lines=("the end",)),
    ),
    warnings=("a file",),
)


@click.command()
@output_options
def tell(output: Output) -> None:
    """Tell the document."""
    output.write(DOCUMENT)


TELL = Command(tell)


def test_a_record_is_json_that_others_can_read() -> None:
    assert TELL.document() == {
        "schema": {"name": "test", "version": 1},
        "value": None,
        "all": [1.5, None],
    }


@pytest.mark.parametrize("form", list(Format))
def test_a_file_has_what_would_be_printed(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "told"
    assert TELL.printed("--format", form, "--output", path) == ""
    assert path.read_text(encoding="utf-8") == TELL.printed("--format", form)
    assert [each.name for each in tmp_path.iterdir()] == ["told"]


@pytest.mark.parametrize("form", list(Format))
def test_texts_of_results_are_plain_in_every_format(form: Format) -> None:
    text = rendered(DOCUMENT, form)
    assert "\x1b" not in text
    assert "x</td>|" not in text or form is Format.TABLE


def test_a_file_that_could_not_be_written_is_refused_before_anything_is_done(
    tmp_path: Path,
) -> None:
    for path in (tmp_path, tmp_path / "no" / "folder"):
        assert isinstance(TELL.error("--output", path), UsageError)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert isinstance(TELL.error("--output", tmp_path / "told"), UsageError)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has pipes and devices as files")
def test_a_pipe_a_device_and_a_link_stay_what_they_are(tmp_path: Path) -> None:
    """As root a file would else take the place of /dev/null, for all programs of the system."""
    pipe, device, link = (tmp_path / name for name in ("pipe", "device", "link"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/full" if Path("/dev/full").exists() else "/dev/null")
    link.symlink_to(tmp_path / "file")
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(pipe.read_text, "utf-8")
        TELL.call("--output", pipe)
        assert heard.result(10) == rendered(DOCUMENT, Format.TABLE)
    if Path("/dev/full").exists():
        assert "No space left" in str(TELL.error("--output", device))
    TELL.call("--output", link)
    assert (tmp_path / "file").read_text("utf-8") == rendered(DOCUMENT, Format.TABLE)
    assert (pipe.is_fifo(), device.is_symlink(), link.is_symlink()) == (True, True, True)


def test_a_write_that_fails_leaves_the_old_file_and_prints_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "told"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(Path, "replace", full)
    done = TELL.call("--output", path)
    assert isinstance(done.exception, ResultsError)
    assert "No space left" in done.exception.message
    assert "the end" in done.output
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["told"]


@pytest.mark.parametrize("width", [1, 10, 40, 80, 300])
def test_a_terminal_may_be_narrow(width: int) -> None:
    text = rendered(DOCUMENT, Format.TABLE, width=width)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    if width >= 40:
        several = [line for line in text.splitlines() if len(line.split()) > 1]
        assert max(map(len, several)) <= width  # of a long word nothing is broken
        assert "a-name-that-is-longer-than" in text.replace("\n", "")


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_a_terminal_cannot_show_is_shown_by_something_like_it(
    form: Format, encoding: str
) -> None:
    code = (
        "import sys; sys.path[:0] = ['tests/tools', 'tests/report']\n"
        "import test_output, ftbench.cli as c\n"
        "c.cli.add_command(test_output.tell)\n"
        f"sys.argv = ['ftbench', 'tell', '--format', '{form}']\n"
        "c.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"},
        capture_output=True,
        check=True,
        timeout=60,
    )
    text = done.stdout.decode("utf-8" if form is Format.HTML else encoding)
    assert "the end" in text or text.startswith("::") or json.loads(text)
    if (form, encoding) == (Format.TABLE, "ascii"):
        assert "+- x - ~" in text


def test_without_colour_nothing_steers_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    file = io.StringIO()
    print_document(DOCUMENT, file, 80)
    assert "\x1b" not in file.getvalue()
