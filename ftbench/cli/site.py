"""`ftbench open`: the pages in a browser."""

from __future__ import annotations

import functools
import http.server
import threading
import webbrowser
from pathlib import Path
from typing import Any

import click

from ftbench.errors import NothingError, ResultsError


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


@click.command(
    "open",
    help="""Show the pages in a browser, served on this machine alone, until Ctrl-C.

    With --file there is no server, and so no raw graphs.
    """,
)
@click.option("--file", "as_file", is_flag=True, help="Open the file, without a server.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def open_site(*, as_file: bool, port: int, no_browser: bool) -> None:
    from ftbench.results.project import project_folder  # noqa: PLC0415

    first = project_folder(Path.cwd()) / "html" / "choose.html"
    if not first.is_file():
        raise NothingError(
            "The pages are not drawn yet.",
            hint="asv publish draws them from results/; ftbench bench measures and draws.",
        )
    if as_file:
        _show(first.as_uri(), silent=no_browser)
        return
    handler = functools.partial(_Quiet, directory=first.parent)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise ResultsError(
            f"Nothing can be served on port {port}: {error.strerror}.",
            hint="Leave --port out for a free one, or say --file.",
        ) from error
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _show(f"http://127.0.0.1:{server.server_port}/{first.name}", silent=no_browser)
        click.echo("Ctrl-C ends it.", err=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            server.shutdown()


def _show(address: str, *, silent: bool) -> None:
    click.echo(address)
    if not silent and not webbrowser.open(address):
        click.echo("No browser could be started: open this address in one.", err=True)
