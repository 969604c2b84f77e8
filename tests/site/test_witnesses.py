"""asv's own clock and peak are held against the probe's figures of the same."""

from __future__ import annotations

from importlib import import_module

import pytest
from fake_figures import figure
from probing import ROOT

from ftbench.experiments import suite
from ftbench.site.method_tables import WITNESSES, Witness, ratios, witnesses

TIMES = "\N{MULTIPLICATION SIGN}"
EACH = pytest.mark.parametrize("witness", WITNESSES, ids=lambda each: each.asv)


@EACH
def test_both_are_there_and_see_the_same_cell(witness: Witness) -> None:
    group, _, track = witness.probe.rpartition(".")
    [probe] = [each for each in suite.classes(ROOT) if each.group() == group]
    module, name, _ = witness.asv.split(".")
    modes = getattr(import_module(f"benchmarks.{module}"), name).modes
    assert hasattr(probe, track)
    measured = [
        {"mode": mode.name} | {name: str(value) for name, value in params.items()}
        for _cell, mode, params in probe.cells()
    ]
    assert all({"mode": mode, **witness.params} in measured for mode in modes)


@EACH
def test_what_is_within_a_tenth_agrees_and_what_is_not_says_why(witness: Witness) -> None:
    own = {"mode": "threads", **witness.params}
    probe = figure(cost=0.01, benchmark=witness.probe, params=own)
    said = {}
    for off in (1.0, 1.09, 1.2, 0.8):
        cost = 0.01 * witness.times("threads") * off
        asv = figure(cost=cost, benchmark=witness.asv, params=own)
        [row] = witnesses([probe, asv]).rows
        said[off] = row.cells[-2:]
    assert said == {
        1.0: ("they agree", f"1.00{TIMES}"),
        1.09: ("they agree", f"1.09{TIMES}"),
        1.2: (witness.why, f"1.20{TIMES}"),
        0.8: (witness.why, f"0.80{TIMES}"),
    }


def test_only_figures_of_one_run_one_arm_and_one_mode_are_compared() -> None:
    witness = WITNESSES[0]
    own = {"mode": "threads", **witness.params}
    asv = figure(benchmark=witness.asv, params=own)
    same = figure(benchmark=witness.probe, params=own)
    others = [
        figure(benchmark=witness.probe, params=own, arm="gil"),
        figure(benchmark=witness.probe, params=own, runs=frozenset({"another"})),
        figure(benchmark=witness.probe, params={**own, "mode": "processes-fork"}),
        figure("3.14.2", benchmark=witness.probe, params=own),
    ]
    assert list(ratios([asv, *others])) == []
    assert len(list(ratios([asv, same, *others]))) == 1
