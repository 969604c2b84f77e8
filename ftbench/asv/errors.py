"""Our errors in asv's words: the one kind that asv prints without a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from asv import util

from ftbench.errors import FtbenchError


@contextlib.contextmanager
def as_user_errors() -> Iterator[None]:
    """Turn an `FtbenchError` into asv's `UserError`, with the whole message."""
    try:
        yield
    except FtbenchError as error:
        raise util.UserError(str(error)) from error
