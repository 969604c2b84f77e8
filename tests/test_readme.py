"""README and the guide: short enough to be read, with commands and links that are there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from commands import subcommands

from ftbench.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
TEXTS = {ROOT / "README.md": README, CONTRIBUTING: CONTRIBUTING.read_text("utf-8")}
TEXTS |= {path: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}
# What is no option of ours, in lines that have one of ours as well.
OTHERS = {"--bench", "--interleave-rounds", "--record-samples"}


def test_it_is_read_in_minutes_and_begins_with_a_picture_and_an_answer() -> None:
    assert len(README.split()) < 1200
    first, _, _ = README.partition("## ")
    places = [first.index(each) for each in ("<picture>", "**On the", "\n|", "ftbench advise")]
    assert places == sorted(places)
    assert re.search(r'<img src="[^"]+" alt="[^"]+">', first)
    words = [line for line in first.splitlines() if line and not line.startswith("<")]
    assert len(words) < 24


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[path]):
        name, _, anchor = target.partition("#")
        linked = path.parent / name if name else path
        assert linked.exists(), target
        if anchor:
            titles = re.findall(r"(?m)^#+ (.*)$", linked.read_text("utf-8"))
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in slugs, target


@pytest.mark.parametrize(
    "path", [CONTRIBUTING, ROOT / "docs" / "measuring.md"], ids=lambda path: path.name
)
def test_files_that_are_named_are_there(path: Path) -> None:
    named = set(re.findall(r"`([\w./-]+(?:\.(?:py|md|j2|js|css)|/))`", TEXTS[path]))
    rooms = ("ftbench", "tests", "docs", "benchmarks", "native", "examples", "results")
    found = [each for room in rooms for each in (ROOT / room, *(ROOT / room).rglob("*"))]
    files = {f"/{each.relative_to(ROOT).as_posix()}{'/' * each.is_dir()}" for each in found}
    assert len(named) > 5
    lost = {each for each in named if not any(file.endswith(f"/{each}") for file in files)}
    assert not {each for each in lost if "NAME" not in each}


def test_every_command_that_is_shown_is_there_with_its_options() -> None:
    commands = dict(subcommands(cli))
    shown = [line for text in TEXTS.values() for line in re.findall(r"ftbench ([^`#\n]+)", text)]
    seen = set()
    for words in (line.split() for line in shown):
        command = commands.get(words[0])
        if command is None:
            continue
        if isinstance(command, click.Group) and len(words) > 1:
            command = dict(subcommands(command)).get(words[1], command)
        seen.add(words[0])
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        asked = {word.split("=")[0] for word in words if re.fullmatch(r"--[a-z0-9-]+(=.*)?", word)}
        assert asked <= options | OTHERS | {"--help"}, words
    assert commands.keys() - seen <= {"results", "engines"}


def test_each_command_has_its_line_in_the_help_and_in_readme() -> None:
    assert all(
        f"`{name}`" in README or f"ftbench {name}" in README or name == "bench"
        for name, _ in subcommands(cli)
    )
