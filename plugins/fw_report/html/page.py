"""Everything the report page shows, gathered from a finished run and put into its template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.time import DAY, format_time
from fw_report.bounds import FIRST
from fw_report.findings import currency_of
from fw_report.html import charts, tables
from fw_report.html.candles import candles_of, protections_of
from fw_report.html.costs import printed, waterfall
from fw_report.html.course import Drawdown, day, drawdowns, returns_by_month, stake_of
from fw_report.html.downsample import extremes
from fw_report.html.groups import Grouping, groupings
from fw_report.html.headline import Cell, cards, groups_of, length
from fw_report.html.render import render
from fw_report.html.shades import hundredths, shade_of
from fw_report.sober import sober
from fw_report.text import DASH, count, money, percent

if TYPE_CHECKING:
    from fw import Result

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""Size of a monthly return from which it has this shade."""
SCRIPTS = ("values.js", "page.js", "table.js", "candles.js")


def page_of(result: Result, folder: Path | None = None) -> str:
    """The page as text; the manifest is read from the run's folder where there is one."""
    worst = drawdowns(result)
    figures: dict[str, Any] = {}
    long_tables: dict[str, Any] = {}
    has_bars, trades = result.equity.rows > 0, result.trades.rows
    ways = groupings(result) if trades else ()
    stake, flow = stake_of(result), waterfall(result)
    if has_bars:
        figures["equity"] = charts.equity_chart(result)
    if worst:
        figures["drawdown"] = charts.drawdown_chart(result, worst)
    if trades:
        long_tables["trades"] = tables.trades_table(result)
        for way in ways:
            figures[way.key] = charts.group_chart(_drawn(way), lying=way.key in LYING)
        figures["stake"] = charts.stake_chart(result, stake)
    if result.fills.rows:
        figures["costs"] = charts.waterfall_chart(flow)
    protections, protected = protections_of(result)
    refusals, refused = tables.refusals_of(result)
    decisions, decided = tables.decisions_of(result)
    if decided:
        long_tables["decisions"] = decisions
    if refused:
        long_tables["refusals"] = refusals
    data = {
        "charts": figures,
        "tables": long_tables,
        "candles": candles_of(result) if has_bars else [],
        "protections": protections,
    }
    hidden = None if result.bounds is None else result.bounds.hidden
    return render(
        "report.html.j2",
        title=result.name,
        data=data,
        scripts=SCRIPTS,
        about=about(result),
        cards=cards(result, worst),
        groups=groups_of(result),
        findings=sober(result).findings,
        notes=result.notes,
        hidden=hidden,
        first=hidden and FIRST[hidden],
        points=(min(extremes(result.equity["equity"]).size, result.equity.rows), result.equity.rows),
        worst=[Fall.of(fall) for fall in worst],
        months=MONTHS,
        years=heat(result),
        trades=trades,
        shown_trades=min(trades, tables.MOST_TRADES),
        ways=ways,
        lying=LYING,
        protected=protected,
        instruments=result.instruments,
        stake=_stake_words(result, stake),
        currency=currency_of(result),
        flow=[(step, printed(step.amount)) for step in flow.all],
        filled=result.fills.rows,
        decided=decided,
        shown_decisions=decisions["rows"],
        refused=refused,
        shown_refusals=refusals["rows"],
        settings=as_yaml(result.settings),
        manifest=manifest_of(folder),
        count=count,
        money=money,
        percent=percent,
    )


LYING = ("holding", "exit", "tag")
"""Groupings whose names are words: their bars lie, so that the words have room."""


def _drawn(way: Grouping) -> Sequence[Any]:
    """Without the empty groups at both ends of a scale of holding times."""
    if way.key != "holding":
        return way.groups
    filled = [place for place, group in enumerate(way.groups) if group.trades]
    return way.groups[filled[0] : filled[-1] + 1]


def about(result: Result) -> list[str]:
    """What ran, over which period, on what money, by which engine."""
    rows = result.equity.rows
    shown = ", ".join(result.instruments[:8]) + (
        f" and {len(result.instruments) - 8} more" if len(result.instruments) > 8 else ""
    )
    lines = [f"{shown} on {result.bar} bars"]
    if rows:
        times = result.equity["time"]
        start, end = format_time(int(times[0]) - result.bar.ns), format_time(int(times[-1]))
        lines[0] += f", {start} to {end} UTC, {count(rows)} {'bar' if rows == 1 else 'bars'}"
    lines.append(f"Capital {money(result.capital)} {currency_of(result)}".rstrip())
    lines[-1] += f" · engine {result.engine}" + (f" ({result.engine_reason})" if result.engine_reason else "")
    return lines


@attrs.frozen
class Fall:
    """A drawdown as the page prints it."""

    depth: str
    start: str
    trough: str
    end: str
    length: str

    @classmethod
    def of(cls, fall: Drawdown) -> Fall:
        """Dates, or moments where it lasted less than some days."""
        when = format_time if fall.length < 3 * DAY else day
        end = "not yet" if fall.end is None else when(fall.end)
        return cls(percent(fall.depth), when(fall.start), when(fall.trough), end, length(fall.length))


def heat(result: Result) -> list[tuple[int, list[Cell], Cell]]:
    """Year, twelve months, the year's return: as printed, with their shades."""
    made = []
    for year, row in returns_by_month(result).items():
        cells = [_heat_cell(row[month]) if month in row else Cell("") for month in range(1, 13)]
        made.append((year, cells, _heat_cell(row[0])))
    return made


def _heat_cell(value: float | None) -> Cell:
    if value is None:
        return Cell(DASH, "equity was not above zero before")
    return Cell(hundredths(value), tone=shade_of(value))


def _stake_words(result: Result, stake: Any) -> dict[str, str]:
    """The most that was at stake, in words."""
    import numpy as np

    known = stake.exposure[np.isfinite(stake.exposure)]
    account = result.settings.get("account")
    leverage = account.get("leverage") if isinstance(account, Mapping) else None
    return {
        "most": percent(float(known.max())) if len(known) else DASH,
        "mean": percent(float(known.mean())) if len(known) else DASH,
        "leverage": f"{leverage:g}" if isinstance(leverage, int | float) else "",
    }


def as_yaml(settings: Mapping[str, Any]) -> str:
    """The settings as they could stand in a strategy file."""
    import yaml

    plain = json.loads(json.dumps(settings, default=str))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100) if plain else ""
    return text


def manifest_of(folder: Path | None) -> list[tuple[str, str]]:
    """What the run's manifest says beside the settings; nothing where it cannot be read."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8")) if folder else {}
    except (OSError, ValueError):
        return []
    lines = []
    for name, value in manifest.items() if isinstance(manifest, Mapping) else ():
        if name in ("settings", "status") or value is None:
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {item}" for key, item in value.items())
        lines.append((name.replace("_", " "), str(value)))
    return lines
