"""`ftbench open`: the pages served on this machine, until Ctrl-C."""

from __future__ import annotations

import http.client
import http.server
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from commands import Command

from ftbench.cli import report
from ftbench.errors import NothingError, ResultsError

OPEN = Command(report.open_site)


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asv.conf.json").write_text("{}", encoding="utf-8")
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "choose.html").write_text("<h1>Choose</h1>", encoding="utf-8")
    (tmp_path / "secret").write_text("no page", encoding="utf-8")
    return tmp_path


def got(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_pages_are_served_on_the_loopback_until_ctrl_c(pages: Path) -> None:
    program = "import sys, ftbench.cli; sys.argv[1:] = ['open', '--no-browser']; ftbench.cli.main()"
    served = subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        cwd=pages,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout
        address = served.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        port = int(address.removesuffix("/choose.html").rpartition(":")[2])
        assert got(port, "/choose.html") == (200, b"<h1>Choose</h1>")
        assert got(port, "/../secret")[0] == 404
        served.send_signal(signal.SIGINT)
        _, said = served.communicate(timeout=30)
    finally:
        served.kill()
        served.wait()
    assert served.returncode == 0
    assert said.strip() == "Ctrl-C ends it."


def test_a_file_is_opened_without_a_server(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def show(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    assert OPEN.call("--file").exit_code == 0
    assert opened == [(pages / "html" / "choose.html").as_uri()]


@pytest.mark.skipif(sys.platform == "win32", reason="BROWSER is a program of a shell here")
@pytest.mark.parametrize("works", [True, False])
def test_browser_names_the_browser_and_without_any_the_address_is_said(
    pages: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool
) -> None:
    """Nor is there a display."""
    browser = pages / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {pages}/opened\n', encoding="utf-8")
    browser.chmod(0o755 if works else 0o644)
    monkeypatch.setenv("BROWSER", str(browser))
    monkeypatch.setenv("PATH", "/bin" if works else "")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    program = "import sys, ftbench.cli; sys.argv[1:] = ['open', '--file']; ftbench.cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=pages, capture_output=True, text=True, check=True
    )
    address = (pages / "html" / "choose.html").as_uri()
    assert done.stdout.strip() == address
    assert ("No browser could be started" in done.stderr) is not works
    if works:
        assert (pages / "opened").read_text("utf-8") == address


def test_pages_that_are_not_drawn_say_what_draws_them(pages: Path) -> None:
    (pages / "html" / "choose.html").unlink()
    refused = OPEN.error()
    assert isinstance(refused, NothingError)
    assert "asv publish" in refused.hint


def test_a_port_that_is_taken_is_said(pages: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), report._Quiet) as other:
        refused = OPEN.error("--no-browser", "--port", str(other.server_port))
    assert isinstance(refused, ResultsError)
    assert str(other.server_port) in refused.message
