"""Whose rounds are long has the other side of a duel do its part amid them."""

from __future__ import annotations

import pytest

from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import DUEL, PROFILES, Profile
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios import grain
from ftbench.probe.scenarios.base import Cell, scenario_named
from ftbench.probe.scenarios.data import SIZES, TRIPS
from ftbench.probe.workers.base import Deadline

ROUNDS = 2


def run(scenario: str, profile: Profile) -> tuple[Outcome, int]:
    """Run two rounds by two threads; return the outcome, and how often the stick was asked."""
    asked: list[int | None] = []

    def stick(begun: int | None = None) -> bool:
        asked.append(begun)
        return begun == ROUNDS

    defaults = {name: param.default for name, param in scenario_named(scenario).params.items()}
    cell = Cell(
        mode=mode_named("threads"),
        params=defaults | ({"workers": 2} if "workers" in defaults else {}),
        profile=profile,
        deadline=Deadline(60),
        observe=lambda *_: None,
        stick=stick,
    )
    outcome = scenario_named(scenario).run(cell)
    assert outcome.notes["rounds"] == ROUNDS
    return outcome, asked.count(None)


SLICES = 2 * sum(size.slices for size in grain.SIZES)


@pytest.mark.parametrize(
    ("scenario", "least"), [("cpu_scaling", 3), ("must_scale", 3), ("pools", 4), ("grain", SLICES)]
)
def test_in_a_duel_the_other_side_has_its_turn_amid_a_round(scenario: str, least: int) -> None:
    _, asked = run(scenario, DUEL)
    assert asked >= ROUNDS * least
    if scenario in {"pools", "grain"}:  # elsewhere what lost its core is taken again
        assert asked == ROUNDS * least


def test_elsewhere_nobody_has_a_turn_amid_a_round() -> None:
    smoke = PROFILES["smoke"]._replace(least_repeats=ROUNDS, most_repeats=ROUNDS)
    for scenario in ("cpu_scaling", "pools"):
        assert run(scenario, smoke)[1] == 0


def test_in_a_duel_a_round_of_data_has_an_eighth_of_the_trips() -> None:
    outcome, _ = run("data", DUEL)
    expected = {name: max(1, count // 8) for name, count in zip(SIZES, TRIPS["bytes"], strict=True)}
    assert outcome.notes["trips"] == expected
