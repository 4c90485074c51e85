"""What stands side by side on the page of several runs: metrics, settings, returns and trades, one column a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from fw import Unmeasured
from fw_report.bounds import FIRST
from fw_report.html.compare_columns import Column, period_of, written
from fw_report.html.course import returns_by_month
from fw_report.html.shades import hundredths, shade_of
from fw_report.metrics import METRICS
from fw_report.summary import GROUPS
from fw_report.text import DASH, count, money, show

if TYPE_CHECKING:
    from fw import Frame

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HIGHER = {
    "final_equity",
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "calmar",
    "value_at_risk",
    "conditional_value_at_risk",
    "profit_factor",
    "expectancy",
    "worst_trade",
}
LOWER = {"max_drawdown", "max_drawdown_duration", "liquidations"}
"""Metrics of which one direction is better whatever else holds; of the others (trades, win rate …) none is."""
HEADLINES = ("total_return", "sharpe", "max_drawdown")
MOST_REMARKS = 3
"""From which return a month gets the first, second and third shade."""


@attrs.frozen(kw_only=True)
class Difference:
    """Why the runs cannot simply be read beside one another."""

    text: str
    bars_best: bool
    """Whether no number is called the best because of it."""


@attrs.frozen(kw_only=True)
class Cell:
    """One number as it is shown."""

    text: str
    note: int | None = None
    """Of a dash: the number of its reason."""
    best: bool = False
    shade: str = ""
    more: str = ""


@attrs.frozen(kw_only=True)
class Row:
    """A label and one cell a run."""

    label: str
    cells: tuple[Cell, ...]
    total: bool = False


def warnings_of(columns: Sequence[Column]) -> list[Difference]:
    """Differences of what the runs were made on, the gravest first."""
    found = []

    def told(value: Callable[[Column], Any], text: str, *, bars_best: bool = True) -> bool:
        values = [value(column) for column in columns]
        if len(set(values)) > 1:
            found.append(Difference(text=f"{text}: {by_value(columns, values)}.", bars_best=bars_best))
        return len(set(values)) > 1

    told(_instruments, "The runs traded different instruments")
    told(period_of, "The runs cover different periods, and no strategy earns the same in all of them")
    told(_money, "The runs began with different accounts, so amounts of money are not comparable")
    if not told(lambda column: str(column.bar), "The runs decided on different bars", bars_best=False) and not found:
        text = "Period and instruments are alike, but the data are not: candles, funding or marks changed"
        told(lambda column: str(column.run.result.get("data", ""))[:8], text, bars_best=False)
    return found


def alike(columns: Sequence[Column]) -> list[list[Column]]:
    """Runs that are equal in every number, two or more together."""
    groups: list[list[Column]] = []
    for column in columns:
        group = next((group for group in groups if _is_equal(group[0], column)), None)
        if group is None:
            groups.append([column])
        else:
            group.append(column)
    return [group for group in groups if len(group) > 1]


def _is_equal(one: Column, other: Column) -> bool:
    if any(one.run.result.get(name) != other.run.result.get(name) for name in ("metrics", "capital", "start", "end")):
        return False
    pairs = ((one.equity, other.equity), (one.run.trades, other.run.trades))
    return all(_numbers(first) == _numbers(second) for first, second in pairs)


def _numbers(frame: Frame) -> dict[str, bytes]:
    """Every column of numbers as its bytes, so that NaN equals NaN."""
    return {name: frame[name].tobytes() for name in frame if frame[name].dtype.kind in "biuf"}


def spoken(columns: Sequence[Column]) -> str:
    """`A, B and C`."""
    *letters, last = [column.letter for column in columns]
    return f"{', '.join(letters)} and {last}"


def by_value(columns: Sequence[Column], values: Sequence[Any]) -> str:
    """`A, C 1h; B 4h`."""
    groups: dict[Any, list[str]] = {}
    for column, value in zip(columns, values, strict=True):
        groups.setdefault(value, []).append(column.letter)
    return "; ".join(f"{', '.join(letters)} {value}" for value, letters in groups.items())


def ground_of(columns: Sequence[Column]) -> str:
    """What all runs share: instruments, bars, period and capital, as far as they are the same."""
    shared = []
    for value in (_instruments, lambda column: f"{column.bar} bars", period_of, _money):
        values = {value(column) for column in columns}
        if len(values) == 1:
            shared.append(values.pop())
    return " · ".join(shared)


def _instruments(column: Column) -> str:
    return ", ".join(column.run.result.get("instruments", ()))


def _money(column: Column) -> str:
    account = column.run.settings.get("account")
    currency = account.get("settle", "") if isinstance(account, Mapping) else ""
    return f"{money(column.capital)} {currency}".rstrip()


def remarks(columns: Sequence[Column]) -> list[tuple[list[str], int]]:
    """For each run the latest notes that most of the others do not share, and how many more there are."""
    notes = [[str(note) for note in column.run.result.get("notes", ())] for column in columns]
    runs = Counter(note for mine in notes for note in set(mine))
    usual = {note for note, times in runs.items() if len(columns) > 1 and times > len(columns) / 2}
    own = [[note for note in reversed(mine) if note not in usual] for mine in notes]
    return [(mine[:MOST_REMARKS], len(mine[MOST_REMARKS:])) for mine in own]


def headlines(columns: Sequence[Column]) -> list[list[tuple[str, str]]]:
    """Label and text of the three numbers that stand beside each run's name."""
    labels = {name: label for group in GROUPS.values() for name, label in group.items()}
    return [
        [(labels[name], show(_value(column, name), unit=METRICS[name].unit)) for name in HEADLINES]
        for column in columns
    ]


def _value(column: Column, name: str) -> Any:
    """A metric of a run; `Unmeasured` with its reason where there is none."""
    value = column.run.result.get("metrics", {}).get(name)
    if value is None:
        reason = column.run.result.get("unmeasured", {}).get(name, "the run was made without this metric")
        return Unmeasured(str(reason))
    return value


def reasons(columns: Sequence[Column]) -> dict[str, int]:
    """Why numbers are missing, each reason once, numbered from 1 in the order of the table."""
    found: dict[str, int] = {}
    for names in _groups(columns).values():
        for name in names:
            for column in columns:
                value = _value(column, name)
                if isinstance(value, Unmeasured):
                    found.setdefault(value.reason, len(found) + 1)
    return found


def _groups(columns: Sequence[Column]) -> dict[str, dict[str, str]]:
    """Title to metric to label; what other plugins measured comes last."""
    names = dict.fromkeys(name for column in columns for name in column.run.result.get("metrics", {}))
    groups = {title: {name: text for name, text in group.items() if name in names} for title, group in GROUPS.items()}
    known = {name for group in GROUPS.values() for name in group}
    groups["Others"] = {name: name.replace("_", " ").capitalize() for name in names if name not in known}
    return {title: group for title, group in groups.items() if group}


def metric_groups(columns: Sequence[Column], *, comparable: bool) -> list[tuple[str, list[Row]]]:
    """Every metric; the best is marked where the runs are comparable and one direction is better."""
    units = {name: unit for column in columns for name, unit in column.run.result.get("units", {}).items()}
    notes = reasons(columns)
    groups = []
    for title, names in _groups(columns).items():
        rows = []
        for name, label in names.items():
            values = [_value(column, name) for column in columns]
            unit = units.get(name) or (METRICS[name].unit if name in METRICS else "ratio")
            best = _best(name, values) if comparable else set()
            cells = [
                Cell(
                    text=show(value, unit=unit),
                    note=notes[value.reason] if isinstance(value, Unmeasured) else None,
                    best=place in best,
                )
                for place, value in enumerate(values)
            ]
            rows.append(Row(label=label, cells=tuple(cells)))
        groups.append((title, rows))
    return groups + ([("Ambiguous bars", _bound_rows(columns))] if any(map(_bounds, columns)) else [])


def _bounds(column: Column) -> Mapping[str, Any]:
    """The result by both rules for ambiguous bars; empty where there are none, or the run is older than that."""
    bounds: Mapping[str, Any] = column.run.result.get("bounds") or {}
    return bounds


def _bound_rows(columns: Sequence[Column]) -> list[Row]:
    """How many bars did not tell what came first inside them, and what the run returned by either rule."""
    bars = [column.run.result.get("totals", {}).get("ambiguous_bars") for column in columns]
    rows = [Row(label="Bars", cells=tuple(Cell(text=DASH if number is None else count(number)) for number in bars))]
    for rule in FIRST:
        returns = [_bounds(column).get(rule, {}).get("total_return") for column in columns]
        cells = tuple(Cell(text=DASH if value is None else show(value, unit="percent")) for value in returns)
        rows.append(Row(label=f"Total return if {rule}", cells=cells))
    return rows


def _best(name: str, values: Sequence[Any]) -> set[int]:
    """Places of the best values; none where all are the same or no direction is better."""
    known = {place: value for place, value in enumerate(values) if not isinstance(value, Unmeasured)}
    if name not in HIGHER | LOWER or len(set(known.values())) < 2:
        return set()
    best = (max if name in HIGHER else min)(known.values())
    return {place for place, value in known.items() if value == best}


def setting_rows(changed: Mapping[str, Sequence[Any]], columns: Sequence[Column]) -> list[Row]:
    """The settings that are not the same in all runs; the run's own name stands elsewhere."""
    return [
        Row(label=path, cells=tuple(Cell(text=written(value)) for value in values)) for path, values in changed.items()
    ]


def made_with(columns: Sequence[Column]) -> list[Row]:
    """Versions, seeds and profiles that are not the same in all runs."""
    from fw.domain.saved import differences

    told = ("packages", "plugins", "python", "platform", "seed", "profile")
    made = [{name: column.run.manifest.get(name) for name in told} for column in columns]
    return setting_rows(differences(made), columns)


def years(columns: Sequence[Column]) -> list[Row]:
    """Returns of calendar years, UTC."""
    tables = [returns_by_month(column) for column in columns]
    found = sorted({year for table in tables for year in table})
    return [_returns(str(year), [table.get(year, {}).get(0) for table in tables]) for year in found]


def months(columns: Sequence[Column]) -> list[tuple[int, list[Row]]]:
    """Returns of calendar months, UTC, year by year."""
    tables = [returns_by_month(column) for column in columns]
    found = sorted({(year, month) for table in tables for year, row in table.items() for month in row if month})
    grouped: dict[int, list[Row]] = {}
    for year, month in found:
        values = [table.get(year, {}).get(month) for table in tables]
        grouped.setdefault(year, []).append(_returns(MONTHS[month - 1], values))
    return list(grouped.items())


def _returns(label: str, values: Sequence[float | None]) -> Row:
    cells = [
        Cell(text=DASH) if value is None else Cell(text=f"{hundredths(value)} %", shade=shade_of(value))
        for value in values
    ]
    return Row(label=label, cells=tuple(cells))


def trade_rows(columns: Sequence[Column]) -> list[Row]:
    """How many trades, on which side and how they ended; under each number what those trades made."""
    frames = [column.run.trades for column in columns]
    exits: Counter[str] = Counter()
    for frame in frames:
        exits.update(str(reason) for reason in frame["exit_reason"].tolist())
    if not exits:
        return []

    def row(label: str, chosen: Callable[[Any], Any], *, total: bool = False) -> Row:
        cells = []
        for frame in frames:
            mine = chosen(frame)
            number = int(mine.sum())
            made = money(float(frame["profit"][mine].sum())) if number else ""
            cells.append(Cell(text=count(number), more=made))
        return Row(label=label, cells=tuple(cells), total=total)

    rows = [
        row("All trades", lambda frame: frame["quantity"] > 0.0, total=True),
        row("Long", lambda frame: frame["side"] > 0),
        row("Short", lambda frame: frame["side"] < 0),
    ]
    for reason, _ in exits.most_common():
        label = f"Ended by {reason.replace('_', ' ')}" if reason != "end" else "Open at the end"
        rows.append(row(label, partial(_ended_by, reason)))
    return rows


def _ended_by(reason: str, frame: Any) -> Any:
    return frame["exit_reason"].astype(str) == reason
