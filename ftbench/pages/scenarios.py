"""The sections of Choose as one table: what each shows, what it does not, and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftbench.results import Metric
from ftbench.results.metrics import PER_WORKER, ROUND_ARTICLE, ROUND_EMPTY, TREE_PSS


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture and its table: a metric, and the metric that stands beside it in the table."""

    metric: Metric
    beside: Metric | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One scenario: its question, its views (the headline first), and how far they carry."""

    name: str
    title: str
    question: str
    shows: str
    hides: str
    views: tuple[View, ...]


SECTIONS: Final = (
    Section(
        name="lifecycle",
        title="Starting and ending workers",
        question="What do eight workers cost before they have done anything?",
        shows="One round creates eight workers, starts them, lets each run one task and joins "
        "them. With an empty task that is the bare tax of a concurrency model; the small task, "
        "20 000 steps of integer arithmetic, says what is left of the tax once there is work.",
        hides="Nothing about long-lived workers: a pool pays this once. The first round, in which "
        "a fork server starts, is a series of its own. Parents with much memory fork slower.",
        views=(
            View(metric=ROUND_EMPTY, beside=TREE_PSS),
            View(metric=ROUND_ARTICLE, beside=TREE_PSS),
        ),
    ),
    Section(
        name="footprint",
        title="Keeping workers alive",
        question="How much memory do eight busy workers hold?",
        shows="Eight workers are alive and busy while an observer outside adds up their whole "
        "process tree: parent, workers, fork server and resource tracker. PSS counts a page that "
        "several processes share once; where the system has no PSS, RSS stands in and says so.",
        hides="Nothing about your data: these workers hold almost none. Threads share what they "
        "load, processes copy it when they touch it.",
        views=(View(metric=TREE_PSS), View(metric=PER_WORKER)),
    ),
)
