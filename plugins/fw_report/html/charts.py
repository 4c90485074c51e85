"""Figures as plotly.js reads them; a colour is a token such as `@accent`, which the page turns into the theme's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw_report.html.costs import Waterfall, printed
from fw_report.html.course import Drawdown, Numbers, Stake, buy_and_hold, milliseconds, underwater
from fw_report.html.downsample import extremes
from fw_report.html.groups import Group
from fw_report.html.render import packed
from fw_report.text import count, money, percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Result

Figure = dict[str, Any]
LETTERS = 22
"""Of a tag on an axis; the pointer and the table show all of it."""


def line(times: NDArray[np.int64], values: Numbers, *, name: str, color: str, form: str, **more: Any) -> Figure:
    """A trace of a long line, thinned for drawing; `form` is a d3 format; times are ns."""
    rows = extremes(np.asarray(values, dtype=np.float64))
    return {
        "type": "scatter",
        "mode": "lines" if len(rows) > 1 else "markers",
        "name": plot_text(name),
        "x": packed(milliseconds(times[rows])),
        "y": packed(values[rows]),
        "line": {"color": color, "width": 1.6},
        "hovertemplate": f"%{{y:{form}}}",
        **more,
    }


def over_time(data: Sequence[Figure], *, form: str, **layout: Any) -> Figure:
    """A figure of lines over time; `form` is the d3 format of the upright axis. Dragging zooms in time."""
    return {
        "data": list(data),
        "layout": {
            "xaxis": {"type": "date", "fixedrange": False, "hoverformat": "%Y-%m-%d %H:%M"},
            "yaxis": {"tickformat": form, "nticks": 7},
            "hovermode": "x unified",
            "dragmode": "zoom",
            **layout,
        },
    }


def equity_chart(result: Result) -> Figure:
    """Equity, what it would have been by the other rule for ambiguous bars, and what buying and holding would be."""
    times, equity = result.equity["time"], result.equity["equity"]
    lines = [
        line(times, buy_and_hold(result), name="Buy and hold", color="@other", form=",.2f"),
        line(times, equity, name="Equity", color="@accent", form=",.2f"),
    ]
    if result.bounds is not None:
        hidden = result.bounds.hidden
        other = result.bounds.of(hidden).result.equity
        drawn = line(other["time"], other["equity"], name=f"If {hidden}", color="@muted", form=",.2f")
        drawn["line"]["dash"] = "dot"
        lines.insert(1, drawn)
    return over_time(lines, form=",~r")


def drawdown_chart(result: Result, worst: Sequence[Drawdown]) -> Figure:
    """How far equity was under its peak; the worst falls are numbered at their lowest."""
    times = result.equity["time"]
    trace = line(
        times,
        underwater(result),
        name="Under the peak",
        color="@loss",
        form=".2%",
        fill="tozeroy",
        fillcolor="@loss/18",
    )
    numbers = [
        {
            "x": fall.trough / 1e6,
            "y": -fall.depth,
            "text": str(place),
            "showarrow": False,
            "yshift": -12,
            "bgcolor": "@surface",
            "bordercolor": "@loss",
            "borderpad": 1.5,
            "font": {"color": "@loss", "size": 11},
        }
        for place, fall in enumerate(worst, start=1)
    ]
    return over_time([trace], form="~%", annotations=numbers)


def stake_chart(result: Result, stake: Stake) -> Figure:
    """Exposure, and the initial margin it takes, as shares of equity."""
    times = result.equity["time"]
    traces = [
        line(
            times, stake.exposure, name="Exposure", color="@accent", form=".1%", fill="tozeroy", fillcolor="@accent/15"
        )
    ]
    if stake.margin is not None:
        traces.append(line(times, stake.margin, name="Initial margin", color="@other", form=".1%"))
    figure = over_time(traces, form="~%")
    figure["layout"]["yaxis"]["rangemode"] = "tozero"
    return figure


def group_chart(groups: Sequence[Group], *, lying: bool) -> Figure:
    """Profit of each group of trades; `lying` bars leave room for words."""
    profits = [group.profit for group in groups]
    names = [plot_text(group.name) for group in groups]
    places = list(range(len(groups)))
    labels = [plot_text(group.short or _cut(group.name)) for group in groups]
    said = [
        f"{name}: {money(group.profit)}<br>{count(group.trades)} trades"
        + (f", {percent(group.won / group.trades)} won<br>mean {money(group.mean)}" if group.mean is not None else "")
        for name, group in zip(names, groups, strict=True)
    ]
    trace = {
        "type": "bar",
        "orientation": "h" if lying else "v",
        "x": profits if lying else places,
        "y": places if lying else profits,
        "text": said,
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": ["@gain/75" if profit >= 0 else "@loss/75" for profit in profits]},
    }
    every = 4 if len(groups) > 16 else 1  # the hours of the day
    words, numbers = ("yaxis", "xaxis") if lying else ("xaxis", "yaxis")
    layout: dict[str, Any] = {
        words: {"tickvals": places[::every], "ticktext": labels[::every], "showgrid": False},
        numbers: {"tickformat": "~s", "zeroline": True, "showgrid": True, "nticks": 5},
    }
    if lying:
        layout["yaxis"] |= {"autorange": "reversed", "ticklabelstandoff": 4}
    return {"data": [trace], "layout": layout}


def waterfall_chart(flow: Waterfall) -> Figure:
    """Gross, the costs, and what is left; what adds is green and what takes away is red, the sums too."""
    measures = ["relative", *("relative" for _ in flow.steps), "total"]
    amounts = [float(step.amount) for step in flow.all]
    reached = np.cumsum([0.0, *amounts[:-1]])
    low, high = float(reached.min()), float(reached.max())
    room = 0.12 * (high - low or 1.0)
    return {
        "data": [
            {
                "type": "waterfall",
                "x": [step.name for step in flow.all],
                "y": amounts,
                "measure": measures,
                "text": [printed(step.amount) for step in flow.all],
                "textposition": "outside",
                "textfont": {"color": "@ink"},
                "cliponaxis": False,
                "hoverinfo": "skip",
                "increasing": {"marker": {"color": "@gain/75"}},
                "decreasing": {"marker": {"color": "@loss/75"}},
                "totals": {"marker": {"color": "@gain/75" if flow.net.amount >= 0 else "@loss/75"}},
                "connector": {"line": {"color": "@muted", "width": 1, "dash": "dot"}},
            }
        ],
        "layout": {
            "xaxis": {"type": "category", "showgrid": False},
            "yaxis": {"tickformat": "~s", "zeroline": True, "nticks": 6, "range": [low - room, high + room]},
            "bargap": 0.45,
        },
    }


def _cut(name: str) -> str:
    return name if len(name) <= LETTERS else name[: LETTERS - 1] + "…"


def plot_text(text: str) -> str:
    """Text as plotly shows it letter by letter: it would read tags such as `<b>` and `<a>` as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
