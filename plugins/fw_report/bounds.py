"""What a run owes to bars that do not tell what came first inside them, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fw import Unmeasured
from fw_report.evidence import CONFIDENCE, Z, confidence_of, edge_of
from fw_report.findings import FEW_TRADES, Finding, Verdict
from fw_report.text import count, percent

if TYPE_CHECKING:
    from fw import Result
    from fw.domain.bounds import Bounds, Rule

FIRST: dict[Rule, str] = {"pessimistic": "the worse", "optimistic": "the better"}
"""What came first by each rule."""
LARGE_PART = 0.5
"""Of the profit shown: more is doubtful."""
FINER = "Finer data would tell (simulation.finer)"


def line_of(bounds: Bounds) -> str:
    """Both returns on one line, the one shown first."""
    shown, hidden = bounds.of(bounds.shown), bounds.of(bounds.hidden)
    returns = f"{percent(shown.total_return)} {bounds.shown} (shown), {percent(hidden.total_return)} {bounds.hidden}"
    return f"Ambiguous bars {count(shown.ambiguous_bars)}: return {returns}"


def meaning_of_hidden(bounds: Bounds) -> str:
    """What stands beside the return by the rule that is not shown."""
    return (
        f"In {_bars(bounds.of(bounds.shown).ambiguous_bars)} nobody knows what came first, the stop or the take-profit "
        f"for example. This return takes {FIRST[bounds.hidden]} each time, all other numbers {FIRST[bounds.shown]}."
    )


def of_bounds(result: Result) -> Iterator[Finding]:
    """Whether a run's conclusions hold by both rules; nothing where no bar was ambiguous."""
    bounds = result.bounds
    if bounds is None:
        return
    verdict, text = _judged(bounds)
    returns = " and ".join(
        f"{percent(bounds.of(rule).total_return)} with {FIRST[rule]} first ({rule}{', shown' * (rule == bounds.shown)})"
        for rule in FIRST
    )
    yield Finding(about="Order inside bars", verdict=verdict, sentence=f"{text}. The return is {returns}.")


def _judged(bounds: Bounds) -> tuple[Verdict, str]:
    shown = bounds.of(bounds.shown)
    inside = f"What came first inside {_bars(shown.ambiguous_bars)}"
    profits = {rule: bounds.of(rule).profit for rule in FIRST}
    if len({profit > 0.0 for profit in profits.values()}) > 1:
        return "bad", f"{inside} decides whether the run earned or lost. {FINER}"
    certain = {_is_certain(bounds.of(rule).result): rule for rule in FIRST}
    if len(certain) == 2:
        text = f"if {certain[True]} it hardly does, if {certain[False]} it may"
        return "doubtful", f"{inside} decides whether luck explains the run: {text}. {FINER}"
    if shown.profit <= 0.0:
        return "bad", f"{inside} does not matter: the run lost either way"
    if shown.profit - min(profits.values()) > LARGE_PART * shown.profit:
        return "doubtful", f"{inside} made more than half of the profit. {FINER}"
    return "good", f"{inside} changes no conclusion"


def _is_certain(result: Result) -> bool:
    """Whether the trades, and the returns, are told from luck, each as its own finding judges them."""
    edge, confidence = edge_of(result), confidence_of(result)
    if isinstance(edge, Unmeasured) or isinstance(confidence, Unmeasured):
        return False
    return edge.trades >= FEW_TRADES and (edge.errors or 0.0) >= Z and confidence >= CONFIDENCE


def _bars(number: int) -> str:
    return f"{count(number)} {'bar' if number == 1 else 'bars'}"
