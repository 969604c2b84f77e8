"""What many tests share: real interpreters, fetched or built once, and no PYTHON* of the caller."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from ftbench.pythons import Interpreter, discover
from ftbench.pythons.install import ensure_pair

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# A build from source takes minutes, once per machine; it happens before the first test that
# needs it, outside of any test's own deadline.
_PAIR: list[tuple[Interpreter, Interpreter]] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let what was expected of a text be renewed, all of it in one way."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write golden files anew; look at git diff",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Leave nothing of the caller's Python settings to the tests, nor that it ignores Ctrl-C.

    A shell without job control starts what it puts in the background that way, and every child
    would inherit it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith(("PYTHON", "FTBENCH_PROFILE"))]:
        if name != "PYTHONPATH":
            del os.environ[name]
    if "FTBENCH_FUZZ" in os.environ:  # so many inputs take as long as they take
        config.option.timeout = 0
    # Tests run beside each other and whatever else: each would find itself disturbed.
    os.environ["FTBENCH_REPEATS"] = "0"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Get the interpreters before the clock of any test runs, if a test needs them."""
    wanted = {"pair", "gil_python", "ft_python", "new_python"}
    needed = any(wanted & set(getattr(item, "fixturenames", ())) for item in session.items)
    if needed and not session.config.option.collectonly:
        _PAIR.append(ensure_pair(Console(stderr=True)))


@pytest.fixture(scope="session")
def pair() -> tuple[Interpreter, Interpreter]:
    """A GIL and a free-threaded interpreter of one release, built alike."""
    return _PAIR[0]


@pytest.fixture(scope="session")
def gil_python(pair: tuple[Interpreter, Interpreter]) -> Interpreter:
    """The GIL build of the pair."""
    return pair[0]


@pytest.fixture(scope="session")
def ft_python(pair: tuple[Interpreter, Interpreter]) -> Interpreter:
    """The free-threaded build of the pair."""
    return pair[1]


@pytest.fixture(scope="session")
def new_python(pair: tuple[Interpreter, Interpreter]) -> Interpreter:
    """An interpreter with concurrent.interpreters, whichever build; skips where there is none."""
    for interpreter in reversed(discover()):
        if (interpreter.release.major, interpreter.release.minor) >= (3, 14):
            return interpreter
    pytest.skip("needs an installed CPython 3.14 or newer")


@pytest.fixture
def assert_golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return what asserts that a text is the golden file of that name beside the test.

    With `--update-golden` the file is written first; git diff then shows what has changed.
    """

    def hold(text: str, name: str, *, hint: str = "") -> None:
        lines = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        path = request.path.with_name(name)
        if request.config.getoption("--update-golden"):
            path.write_text(lines, encoding="utf-8", newline="\n")
        assert lines == path.read_text(encoding="utf-8"), hint or f"pytest --update-golden {name}?"

    return hold


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser of this system.

    It ends with its module: while it is there, an event loop runs in this thread, and nothing
    else that needs one can.
    """
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        launched = playwright.chromium.launch(
            executable_path=executable, args=["--no-proxy-server", *arguments], headless=True
        )
        yield launched
        launched.close()
