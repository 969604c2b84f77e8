"""Has asv's commands end with a message where a damaged result or a full disk gave a traceback."""

from __future__ import annotations

import functools
from typing import Any

import asv.commands.publish
from asv import util
from asv.commands.publish import Publish
from asv.results import Results

from ftbench.results import sound

_publish = Publish.run.__func__


@functools.wraps(_publish)
def publish(cls: type[Publish], conf: Any, *args: Any, **kwargs: Any) -> Any:
    """Do what `asv publish` does; raises `UserError` where the site cannot be written."""
    try:
        return _publish(cls, conf, *args, **kwargs)
    except OSError as error:
        raise util.UserError(
            f"The site cannot be written to '{conf.html_dir}': {error}. Make room there or make "
            "it writable, or publish elsewhere: asv publish --html-dir FOLDER"
        ) from error


def install() -> None:
    """Put the guards in asv's places; a second call changes nothing."""
    util.load_json = sound.load_json
    Results.load = classmethod(sound.load_results)
    asv.commands.publish.iter_machine_files = sound.machine_files
    Publish.run = classmethod(publish)
