"""Several finished runs on one page: how they grew, what they measured, and in which settings they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fw_report.html import compare_tables as tables
from fw_report.html.compare_columns import Column, columns_of
from fw_report.html.course import milliseconds, underwater
from fw_report.html.downsample import extremes
from fw_report.html.render import packed, read, render

if TYPE_CHECKING:
    from fw import SavedRun


def compare_page(runs: Sequence[SavedRun]) -> str:
    """The page as HTML; runs keep the order in which they are given. DataError where a run's file is missing."""
    from fw.domain.saved import differences

    changed = differences([run.settings for run in runs])
    columns = columns_of(runs, changed)
    warnings = tables.warnings_of(columns)
    alike = tables.alike(columns)
    return render(
        "compare.html.j2",
        title=title_of(runs),
        data={"charts": charts(columns, alike)},
        scripts=("values.js", "page.js", "compare.js"),
        look=read("compare.css"),
        columns=columns,
        ground=tables.ground_of(columns),
        warnings=warnings,
        alike=[tables.spoken(group) for group in alike],
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


def charts(columns: Sequence[Column], alike: Sequence[Sequence[Column]] = ()) -> dict[str, Any]:
    """Growth of 1 and falls from peaks, one line a run; two traces a run in growth: its line and its letter."""
    from fw.domain.time import WEEK

    growth: list[dict[str, Any]] = []
    falls: list[dict[str, Any]] = []
    gaps = {column.letter: place for group in alike for place, column in enumerate(group)}
    for column in columns:
        equity, times = column.equity["equity"], column.equity["time"]
        colour = f"@run-{column.hue}"
        dash = "dot" if column.dashed else "solid"
        if gaps.get(column.letter):  # between its dashes the equal lines under it are seen
            dash = f"9px,{9 * gaps[column.letter]}px"
        line = {"color": colour, "width": 1.6, "dash": dash}
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
            "layout": {"xaxis": dates, "yaxis": {"tickformat": "~%"}, "margin": {"r": 28}},
        },
    }
