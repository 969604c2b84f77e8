"""The places where asv itself must behave otherwise; each has a contract test.

asv is pinned, so these are names that exist.  `install` puts them in place and can be called
again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import asv.commands.compare
import asv.commands.run
import asv.commands.show
import asv.environment
import tabulate
from asv import util
from asv.console import log
from asv_runner.console import color_print

from ftbench.arms import ARMS
from ftbench.asvplugin.environment import CPythonEnvironment, flavours
from ftbench.asvplugin.recording import RecordedResults
from ftbench.errors import FtbenchError
from ftbench.probe.profiles import current_profile
from ftbench.releases import Release

_ID = re.compile(r"\[?\b(3[0-9]{4}[abcf][0-9]{2})\b\]?(?: <[^>]*>)?")
_get_environments = asv.environment.get_environments
_said: set[str] = set()


def get_environments(
    conf: Any,
    env_specifiers: Sequence[str] | None,
    verbose: bool = True,  # noqa: FBT001, FBT002 - asv's signature
) -> Iterator[Any]:
    """Yield asv's environments, each of ours once per flavour.

    `-E` takes an arm's name (`ft-gil1`: the flavours that would be measured) and the whole name
    of an environment (that flavour, even where another one of the release is preferred).
    """
    try:
        every = [each for plain in _get_environments(conf, None, verbose) for each in _split(plain)]
        arms = {arm.name for arm in ARMS}
        specifiers: Sequence[str | None] = env_specifiers or [None]
        for spec in specifiers:
            named = [each for each in every if each.name == spec]
            if named:
                named[0].takes_any = True
                yield named[0]
            elif spec is None or spec in arms:
                yield from (e for e in every if e.preferred and spec in (None, e.arm.name))
            else:
                for plain in _get_environments(conf, [spec], verbose):
                    yield from (each for each in _split(plain) if each.preferred)
    except FtbenchError as error:
        raise util.UserError(str(error)) from error


def _split(environment: Any) -> Iterator[CPythonEnvironment]:
    """Yield one environment per flavour in the place of ours; any other one as it is."""
    if not isinstance(environment, CPythonEnvironment) or environment.requirements:
        yield environment
        return
    profile = current_profile().name
    for flavour, preferred in flavours(environment.arm, environment.series).items():
        yield environment.of({"build": flavour, "profile": profile}, preferred=preferred)


def skip_benchmarks(benchmarks: Any, env: Any, results: Any = None) -> Any:
    """Record nothing for an environment that has no interpreter of this release.

    asv would store `null` for every benchmark, which means failed.  What is missing is said once,
    not once per arm; asv's progress must still count what was left out.
    """
    if env.missing and env.missing not in _said:
        _said.add(env.missing)
        log.warning(env.missing)
    for _ in benchmarks:
        log.step()
    return results


def by_name(text: str) -> str:
    """Return `text` with every commit id, and asv's `[id] <name>`, as the release's name."""
    return _ID.sub(lambda match: Release.from_commit_id(match[1]).name, text)


def _saying_names(say: Callable[..., Any]) -> Callable[..., Any]:
    return lambda text, *rest, **more: say(by_name(text), *rest, **more)


def _table_with_names(rows: Any, *, headers: Sequence[str], **options: Any) -> str:
    return str(tabulate.tabulate(rows, headers=[by_name(each) for each in headers], **options))


def install() -> None:
    """Put everything in its place; a second call changes nothing."""
    asv.environment.get_environments = get_environments
    asv.commands.show.get_environments = get_environments  # it has the name of its own
    asv.commands.run.skip_benchmarks = skip_benchmarks
    asv.commands.run.Results = RecordedResults
    asv.commands.show.color_print = _saying_names(color_print)
    asv.commands.compare.tabulate = SimpleNamespace(tabulate=_table_with_names)
