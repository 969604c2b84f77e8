"""A command of ftbench as tests call it: what it says, what it ends with, its document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click
from click.testing import CliRunner, Result

from ftbench.errors import FtbenchError, LostError, NothingError, RegressionError


def subcommands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """Yield the commands of a group by name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield name, command


OUTCOMES = RegressionError | LostError | NothingError


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is called in this process."""

    command: click.Command

    def call(self, *words: object) -> Result:
        """Call it; an error of ours is the result's exception."""
        return CliRunner().invoke(self.command, list(map(str, words)), standalone_mode=False)

    def code(self, *words: object) -> int:
        """Return the exit code."""
        result = self.call(*words)
        return getattr(result.exception, "exit_code", result.exit_code)

    def printed(self, *words: object) -> str:
        """Return what a call prints to stdout that tells its document, whatever came of it."""
        result = self.call(*words)
        assert isinstance(result.exception, OUTCOMES | None), result.exception
        return result.stdout

    def said(self, *words: object) -> str:
        """Return what a call that ends well prints, in one line."""
        return " ".join(self.printed(*words).split())

    def document(self, *words: object) -> Any:
        """Return what it prints as JSON."""
        return json.loads(self.printed(*words, "--format", "json"))

    def error(self, *words: object) -> FtbenchError:
        """Return the error of ours that a call ends with."""
        result = self.call(*words)
        assert isinstance(result.exception, FtbenchError), result
        return result.exception
