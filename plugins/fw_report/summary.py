"""A run on one screen: what ran, what it earned, how it moved, what it traded and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from fw import Unmeasured
from fw_report.bounds import line_of
from fw_report.metrics import METRICS
from fw_report.text import plain, shorten, show, width, wrap
from fw_report.writing import write_whole

if TYPE_CHECKING:
    from fw import Result
    from fw.parts.metric import Value

WIDTH = 80
GAP = 4
COLUMN = (WIDTH - GAP) // 2

GROUPS: dict[str, dict[str, str]] = {
    "Return": {
        "final_equity": "Final equity",
        "total_return": "Total return",
        "cagr": "Return a year",
        "exposure": "Time in the market",
    },
    "Risk": {
        "volatility": "Volatility a year",
        "max_drawdown": "Max drawdown",
        "sharpe": "Sharpe",
        "max_drawdown_duration": "Longest drawdown",
        "sortino": "Sortino",
        "value_at_risk": "Value at risk, a bar",
        "calmar": "Calmar",
        "conditional_value_at_risk": "Expected shortfall",
        "skew": "Skew",
        "kurtosis": "Excess kurtosis",
    },
    "Trades": {
        "trades": "Trades",
        "average_holding": "Average holding",
        "win_rate": "Won",
        "expectancy": "Mean profit",
        "profit_factor": "Profit factor",
        "best_trade": "Best",
        "payoff_ratio": "Payoff ratio",
        "worst_trade": "Worst",
        "longest_winning_streak": "Most won in a row",
        "longest_losing_streak": "Most lost in a row",
    },
    "Costs": {
        "fees": "Fees paid",
        "funding": "Funding received",
        "slippage": "Slippage",
        "turnover": "Turnover a year",
        "liquidations": "Liquidations",
    },
}
"""Group to metric to label; read row by row, two to a row."""

PAID = {"funding": "Funding paid"}
"""Labels of sums received that are below zero; they are shown without the sign."""


@attrs.frozen
class Summary:
    """A table of the run's metrics that fits 80 columns; `summary.txt` in the run's folder."""

    groups: ClassVar[Mapping[str, Mapping[str, str]]] = GROUPS
    """`fw show` keeps to them too."""
    paid: ClassVar[Mapping[str, str]] = PAID

    def report(self, result: Result, folder: Path | None) -> str:
        """The table; reasons for dashes and the run's notes stand under it."""
        text = summary_of(result)
        if folder is not None:
            write_whole(folder / "summary.txt", lambda path: path.write_text(text + "\n", encoding="utf-8"))
        return text


def summary_of(result: Result) -> str:
    """The table as text, no line wider than 80 cells."""
    metrics = result.metrics or {name: metric().measure(result) for name, metric in METRICS.items()}
    footnotes: dict[str, int] = {}
    lines = _heading(result)
    for title, cells in _groups(metrics).items():
        shown = [
            _cell(*turned(name, label, metrics[name]), _unit(name, metrics[name], result.units), footnotes)
            for name, label in cells.items()
            if name in metrics
        ]
        if shown:
            lines += ["", title, "─" * WIDTH]
            pairs = [shown[i : i + 2] for i in range(0, len(shown), 2)]
            lines += [(" " * GAP).join(pair).rstrip() for pair in pairs]
        if title == "Return" and result.bounds is not None:
            lines += wrap(line_of(result.bounds), cells=WIDTH, indent="  ")
    if footnotes:
        lines.append("")
        for reason, number in footnotes.items():
            lines += wrap(f"[{number}] {plain(reason)}", cells=WIDTH, indent="    ")
    if result.notes:
        lines += ["", "Notes"]
        for note in result.notes:
            lines += wrap(f"• {plain(note)}", cells=WIDTH, indent="  ")
    return "\n".join(lines)


def _heading(result: Result) -> list[str]:
    from fw.domain.time import format_time

    bars = result.equity.rows
    instruments = shorten(plain(", ".join(result.instruments)), cells=WIDTH - 24)
    lines = [shorten(plain(result.name), cells=WIDTH), f"{instruments} on {result.bar} bars"]
    if bars:
        times = result.equity["time"]
        start, end = format_time(int(times[0]) - result.bar.ns), format_time(int(times[-1]))
        lines.append(f"{start} to {end} UTC, {bars:,} {'bar' if bars == 1 else 'bars'}")
    else:
        lines.append("no bars")
    lines.append(f"capital {show(result.capital, unit='money')} {_currency(result)}".rstrip())
    return lines + wrap(f"engine {result.engine}: {plain(result.engine_reason)}", cells=WIDTH, indent="  ")


def _currency(result: Result) -> str:
    account = result.settings.get("account")
    return shorten(plain(str(account.get("settle", ""))), cells=12) if isinstance(account, Mapping) else ""


def _groups(metrics: Mapping[str, Value]) -> dict[str, dict[str, str]]:
    """The bundled groups, and one for what other plugins measured."""
    known = {name for cells in GROUPS.values() for name in cells}
    others = {name: name.replace("_", " ").capitalize() for name in metrics if name not in known}
    return {**GROUPS, "Others": others}


def turned(name: str, label: str, value: Value) -> tuple[str, Value]:
    """Label and value; a sum received that is below zero is a sum paid."""
    if name in PAID and not isinstance(value, Unmeasured) and value < 0:
        return PAID[name], -value
    return label, value


def _cell(label: str, value: Any, unit: str, footnotes: dict[str, int]) -> str:
    text = show(value, unit=unit)
    if isinstance(value, Unmeasured):
        text += f" [{footnotes.setdefault(value.reason, len(footnotes) + 1)}]"
    label = shorten(plain(label), cells=COLUMN - width(text) - 1)
    return label + " " * (COLUMN - width(label) - width(text)) + text


def _unit(name: str, value: Value, units: Mapping[str, str]) -> str:
    """What the run says of a metric; where it says nothing, a whole number counts something."""
    if name in units or name in METRICS:
        unit: str = units[name] if name in units else METRICS[name].unit
        return unit
    return "count" if isinstance(value, int) else "ratio"
