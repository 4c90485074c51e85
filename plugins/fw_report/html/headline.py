"""The numbers a reader asks for first, each with a sentence that says what it means, and the full list after them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fw import Unmeasured
from fw.domain.time import DAY
from fw_report.bounds import meaning_of_hidden
from fw_report.findings import currency_of
from fw_report.html.course import Drawdown, buy_and_hold, day
from fw_report.metrics import METRICS
from fw_report.summary import GROUPS, turned
from fw_report.text import DASH, count, duration, money, percent, show

if TYPE_CHECKING:
    from fw import Result
    from fw.domain.bounds import Bounds
    from fw.parts.metric import Value


@attrs.frozen
class Cell:
    """A value as printed; where there is none, `why`."""

    text: str
    why: str = ""
    tone: str = ""
    """gain, loss or nothing: a class of the style."""


@attrs.frozen
class Card:
    """A headline number and what it means."""

    label: str
    cell: Cell
    meaning: str


@attrs.frozen
class Row:
    """A line of the full list."""

    label: str
    cell: Cell
    meaning: str


def measured(result: Result) -> Mapping[str, Value]:
    """The run's metrics; the bundled ones where it was made without."""
    return result.metrics or {name: metric().measure(result) for name, metric in METRICS.items()}


def cards(result: Result, worst: Sequence[Drawdown]) -> list[Card]:
    """What a colleague would ask first."""
    metrics = measured(result)

    def cell(name: str, *, toned: bool = False) -> Cell:
        value = metrics.get(name, Unmeasured("not measured in this run"))
        if isinstance(value, Unmeasured):
            return Cell(DASH, value.reason)
        tone = ("gain" if value > 0 else "loss" if value < 0 else "") if toned else ""
        return Cell(show(value, unit=unit_of(name, value, result.units)), tone=tone)

    def text(name: str) -> str:
        return cell(name).text

    currency = currency_of(result)
    equity = result.equity["equity"]
    final = f"{money(result.capital)} {currency}".strip() + f" became {text('final_equity')}."
    held = buy_and_hold(result)
    if len(held) and result.capital > 0:
        final += f" Buying and holding would have given {percent(float(held[-1]) / result.capital - 1.0)}."
    fall = "The deepest fall of equity from a peak."
    if worst:
        back = "not recovered since" if worst[0].end is None else f"recovered on {day(worst[0].end)}"
        fall = f"The deepest fall from a peak: {day(worst[0].start)} to {day(worst[0].trough)}, {back}."
    made = [
        Card("Total return", cell("total_return", toned=True), final if len(equity) else "Nothing was run."),
        Card("Return a year", cell("cagr", toned=True), "The steady yearly growth that would end at the same place."),
        Card("Max drawdown", cell("max_drawdown"), fall),
        Card(
            "Sharpe",
            cell("sharpe"),
            "Mean return over its own noise, scaled to a year. Luck alone can give 1 or more on a short run.",
        ),
        Card("Trades", cell("trades"), _of_trades(text)),
        Card("Profit factor", cell("profit_factor"), "Money won for each unit of money lost; below 1 the trades lost."),
        _costs(result),
        Card("Time in the market", cell("exposure"), "Share of bars with a position."),
    ]
    if result.bounds is not None:
        made.insert(1, _hidden(result.bounds))
    if result.totals.get("liquidations"):
        said = "Positions that the venue closed because their margin was used up."
        made.append(Card("Liquidations", Cell(count(result.totals["liquidations"]), tone="loss"), said))
    return made


def _hidden(bounds: Bounds) -> Card:
    """The return by the rule that the rest of the page does not follow."""
    value = bounds.of(bounds.hidden).total_return
    cell = Cell(percent(value), tone="gain" if value > 0 else "loss" if value < 0 else "")
    return Card(f"Total return if {bounds.hidden}", cell, meaning_of_hidden(bounds))


def _of_trades(text: Any) -> str:
    if text("win_rate") == DASH:
        return "From flat to flat; none was made."
    return (
        f"From flat to flat. {text('win_rate')} won; mean profit {text('expectancy')}, "
        f"held {text('average_holding')} on average."
    )


def _costs(result: Result) -> Card:
    fees, slippage, funding, borne = (
        float(result.totals.get(name, 0.0)) for name in ("fees", "slippage", "funding", "shortfall")
    )
    said = f"Fees {money(fees)}, slippage {money(slippage)}, funding {money(-funding)}."
    equity = result.equity["equity"]
    gross = (float(equity[-1]) - result.capital if len(equity) else 0.0) + fees + slippage - funding - borne
    cost = fees + slippage - funding
    if gross > 0.0 and cost > 0.0:
        said += f" {percent(cost / gross)} of what prices gave."
    return Card("Costs", Cell(money(cost)), said)


def groups_of(result: Result) -> list[tuple[str, list[Row]]]:
    """Every metric of the run, in the summary's groups; those of other plugins last."""
    metrics = measured(result)
    known = {name for cells in GROUPS.values() for name in cells}
    others = {name: name.replace("_", " ").capitalize() for name in metrics if name not in known}
    made = []
    for title, labels in {**GROUPS, "Others": others}.items():
        rows = [
            _row(name, *turned(name, label, metrics[name]), result) for name, label in labels.items() if name in metrics
        ]
        if rows:
            made.append((title, rows))
    return made


def _row(name: str, label: str, value: Value, result: Result) -> Row:
    return Row(label, _cell(name, value, result), meaning_of(name))


def _cell(name: str, value: Value, result: Result) -> Cell:
    if isinstance(value, Unmeasured):
        return Cell(DASH, value.reason)
    return Cell(show(value, unit=unit_of(name, value, result.units)))


def unit_of(name: str, value: Value, units: Mapping[str, str]) -> str:
    """What the run says of a metric; where it says nothing, a whole number counts something."""
    if name in units or name in METRICS:
        return str(units[name] if name in units else METRICS[name].unit)
    return "count" if isinstance(value, int) else "ratio"


def meaning_of(name: str) -> str:
    """The first line of a bundled metric's definition."""
    return (inspect.getdoc(METRICS[name]) or "").partition("\n")[0] if name in METRICS else ""


def length(ns: int) -> str:
    """A stretch of time; whole days where it is longer than three."""
    return f"{count(ns / DAY)}d" if ns > 3 * DAY else duration(ns)
