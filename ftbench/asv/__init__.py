"""asv, told what CPython's releases are; only `plugin` changes anything in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ftbench.errors import FtbenchError
from ftbench.results.asv_import import util


@contextlib.contextmanager
def as_user_errors() -> Iterator[None]:
    """Turn an `FtbenchError` into the one kind that asv prints without a traceback, `UserError`."""
    try:
        yield
    except FtbenchError as error:
        raise util.UserError(str(error)) from error
