"""Several finished runs on one page: how they grew, what they measured, and in which settings they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fw_report.html.course import day, milliseconds, underwater
from fw_report.html.downsample import extremes
from fw_report.html.render import packed, read, render

if TYPE_CHECKING:
    from fw import BarSize, Frame, SavedRun

COLOURS = 6
"""Hues of lines; from the seventh run on they come again, dashed."""
IN_A_LABEL = 3
"""Most settings that a run is named by."""
MINOR = ("name", "report", "plugins", "metrics", "observers")
"""Settings that change no decision; a run is not named by them."""


@attrs.frozen(kw_only=True)
class Column:
    """A run in its place: the letter it goes by, its colour, and in what it differs from the others."""

    letter: str
    hue: int
    """1 … 6."""
    dashed: bool
    label: str
    run: SavedRun
    bar: BarSize

    @property
    def capital(self) -> float:
        """What it began with."""
        return float(self.run.result["capital"])

    @property
    def equity(self) -> Frame:
        """time (ns, close of the bar), equity."""
        return self.run.equity

    @property
    def start(self) -> int:
        """Open of its first bar, ns."""
        return int(self.run.result["start"])

    @property
    def end(self) -> int:
        """Close of its last bar, ns."""
        return int(self.run.result["end"])


def compare_page(runs: Sequence[SavedRun]) -> str:
    """The page as HTML; runs keep the order in which they are given. DataError where a run's file is missing."""
    from fw.domain.saved import differences
    from fw_report.html import compare_tables as tables

    changed = differences([run.settings for run in runs])
    columns = columns_of(runs, changed)
    warnings = tables.warnings_of(columns)
    return render(
        "compare.html.j2",
        title=title_of(runs),
        data={"charts": charts(columns)},
        scripts=("page.js", "compare.js"),
        look=read("compare.css"),
        columns=columns,
        ground=tables.ground_of(columns),
        warnings=warnings,
        remarks=tables.remarks(columns),
        headlines=tables.headlines(columns),
        metrics=tables.metric_groups(columns, comparable=not any(warning.bars_best for warning in warnings)),
        reasons=tables.reasons(columns),
        settings=tables.setting_rows(changed, columns),
        made_with=tables.made_with(columns),
        years=tables.years(columns),
        months=tables.months(columns),
        trades=tables.trade_rows(columns),
    )


def title_of(runs: Sequence[SavedRun]) -> str:
    """What the page is called."""
    names = {str(run.result.get("name", run.id)) for run in runs}
    many = f"{len(runs)} runs" if len(runs) != 1 else "One run"
    return f"{many} of {names.pop()}" if len(names) == 1 else f"{many} side by side"


def columns_of(runs: Sequence[SavedRun], changed: Mapping[str, Sequence[Any]]) -> tuple[Column, ...]:
    """The runs with letters, colours and labels."""
    from fw import BarSize

    return tuple(
        Column(
            letter=letter_of(place),
            hue=place % COLOURS + 1,
            dashed=place // COLOURS % 2 == 1,
            label=_label(run, place, changed, runs),
            run=run,
            bar=BarSize.parse(str(run.result["bar"])),
        )
        for place, run in enumerate(runs)
    )


def letter_of(place: int) -> str:
    """A … Z, then A2 … Z2 and so on."""
    turn, letter = divmod(place, 26)
    return chr(ord("A") + letter) + (str(turn + 1) if turn else "")


def _label(run: SavedRun, place: int, changed: Mapping[str, Sequence[Any]], runs: Sequence[SavedRun]) -> str:
    """Its name where names differ, then the settings that set it apart."""
    names = {str(other.result.get("name", "")) for other in runs}
    parts = [str(run.result.get("name", ""))] if len(names) > 1 else []
    paths = [path for path in changed if not path.startswith(MINOR)]
    short = _short(paths)
    told = [f"{short[path]} {written(changed[path][place])}" for path in paths if changed[path][place] is not None]
    parts += told[:IN_A_LABEL]
    if len(told) > IN_A_LABEL:
        parts.append(f"and {len(told) - IN_A_LABEL} more")
    return ", ".join(parts) or str(run.result.get("name", run.id))


def _short(paths: Iterable[str]) -> dict[str, str]:
    """Each path's last word, or as many words from its end as tell it from the others."""
    split = {path: path.split(".") for path in paths}
    short = {}
    for path, words in split.items():
        for count in range(1, len(words) + 1):
            if sum(other[-count:] == words[-count:] for other in split.values()) == 1:
                break
        short[path] = ".".join(words[-count:])
    return short


def written(value: Any) -> str:
    """A setting as a strategy file would have it; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ", ".join(written(item) for item in value) if value else "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {written(item)}" for key, item in value.items()) if value else "none"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def charts(columns: Sequence[Column]) -> dict[str, Any]:
    """Growth of 1 and falls from peaks, one line a run; two traces a run in growth: its line and its letter."""
    from fw.domain.time import WEEK

    growth, falls = [], []
    for column in columns:
        equity, times = column.equity["equity"], column.equity["time"]
        colour = f"@run-{column.hue}"
        line = {"color": colour, "width": 1.6, "dash": "dot" if column.dashed else "solid"}
        rows = extremes(equity)
        at = milliseconds(times[rows])
        shared = {"type": "scatter", "mode": "lines", "line": line, "name": column.letter, "x": packed(at)}
        hover = f"%{{x|%Y-%m-%d %H:%M}}<br><b>{column.letter}</b> "
        growth.append(
            {
                **shared,
                "y": packed(equity[rows] / column.capital),
                "hovertemplate": hover + "× %{y:,.4~f}<extra></extra>",
            }
        )
        growth.append(
            {
                "type": "scatter",
                "mode": "text",
                "x": [float(at[-1])],
                "y": [float(equity[-1]) / column.capital],
                "text": [column.letter],
                "textposition": "middle right",
                "textfont": {"color": colour, "size": 13, "weight": 700},
                "cliponaxis": False,
                "hoverinfo": "skip",
            }
        )
        depth = underwater(column)
        falls_rows = extremes(depth)
        falls.append(
            {
                **shared,
                "x": packed(milliseconds(times[falls_rows])),
                "y": packed(depth[falls_rows]),
                "line": {**line, "width": 1.2},
                "hovertemplate": hover + "%{y:.2%}<extra></extra>",
            }
        )
    first, last = min(column.start for column in columns), max(column.end for column in columns)
    formats = {"hoverformat": "%Y-%m-%d", "tickformatstops": []} if last - first > WEEK else {}
    dates = {"type": "date", "range": [first / 1e6, last / 1e6], **formats}
    return {
        "growth": {
            "data": growth,
            "layout": {
                "xaxis": dates,
                "yaxis": {"tickformat": "~r", "ticksuffix": " ×"},
                "margin": {"r": 28},
                "shapes": [
                    {
                        "type": "line",
                        "xref": "paper",
                        "x0": 0,
                        "x1": 1,
                        "y0": 1,
                        "y1": 1,
                        "line": {"color": "@muted", "width": 1, "dash": "dash"},
                    }
                ],
            },
        },
        "falls": {
            "data": falls,
            "layout": {"xaxis": dates, "yaxis": {"tickformat": ".0%"}, "margin": {"r": 28}},
        },
    }


def period_of(column: Column) -> str:
    """`2020-01-01 to 2025-01-01`."""
    return f"{day(column.start)} to {day(column.end)}"
