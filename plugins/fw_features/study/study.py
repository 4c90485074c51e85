"""All columns of a strategy file against what prices did next, as plain data for a page or a program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import to_datetime64
from fw_features.study.clusters import clusters
from fw_features.study.foresight import Foresight, bucket_means, foresight, forward_returns, holm
from fw_features.study.ranks import rank_correlations
from fw_features.study.shape import Shape, autocorrelations, shape, spaced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Bars, Frame, Plan

    Floats = NDArray[np.float64]
    Progress = Callable[[str, float], None]

HORIZONS = (1, 4, 24, 168)
"""Bars: of an hour, an hour, four, a day and a week."""
POINTS = 240
"""Of the line of a column over time, each with the lowest and the highest value of its stretch."""
SLOW = 0.7
"""Autocorrelation over the longest horizon from which a column is called slow."""
FEW_LEVELS = 10
YEARS = 3
"""Below so many, quarters are compared."""
RARE = 0.95
"""Share of rows with a number below which a column is called incomplete."""


def study(plan: Plan, *, horizons: Sequence[int] = HORIZONS, progress: Progress | None = None) -> dict[str, Any]:
    """Measure every column of every instrument over the traded period; what does not exist is None.

    Forward returns are from the next bar's open; a horizon that is too long for the data has no number.
    """
    market = plan.market()
    begin, end = plan.period()
    frames = plan.features(progress=progress)
    about = {column.name: column for part in plan.feature_sets() for column in getattr(part, "about", tuple)()}
    composed = {entry.name: entry.spec.expr for entry in plan.settings.features if hasattr(entry.spec, "expr")}
    instruments = []
    for place, (symbol, frame) in enumerate(frames.items()):
        bars = market.of(symbol).bars
        inside = bars.open_time >= begin
        told = _told(progress, place, len(frames))
        instruments.append(_instrument(symbol, frame, bars, inside, horizons, told))
    names = [name for name in next(iter(frames.values())) if name != "time"]
    found: dict[str, Any] = {
        "name": plan.settings.name,
        "bar": str(market.bars.size),
        "start": begin,
        "end": end,
        "made_up": bool(market.made_up),
        "horizons": list(horizons),
        "memory_lags": memory_lags(horizons),
        "columns": [_described(name, about, composed) for name in names],
        "instruments": instruments,
    }
    _judge_together(found)
    return found


def _told(progress: Progress | None, place: int, of: int) -> Callable[[float], None]:
    def tell(share: float) -> None:
        if progress is not None:
            progress("judging columns", (place + share) / of)

    return tell


def memory_lags(horizons: Sequence[int]) -> list[int]:
    """The lags of `memory`: one bar, and every horizon."""
    return sorted({1, *horizons})


def bare(name: str) -> str:
    """A column's name in its own set: `ETHUSDT:rsi_14@4h` is `rsi_14` there."""
    return name.rpartition(":")[2].partition("@")[0]


def _described(name: str, about: Mapping[str, Any], composed: Mapping[str, str]) -> dict[str, Any]:
    """What a column says of itself, None where it says nothing; of a composed one, its expression."""
    column = about.get(bare(name))
    if column is None and name in composed:
        return {"name": name, "formula": composed[name], "unit": None, "scale_free": None, "source": None}
    said = {key: getattr(column, key, None) for key in ("formula", "unit", "scale_free", "source")}
    return {"name": name, **said}


def _instrument(
    symbol: str,
    frame: Frame,
    bars: Bars,
    inside: NDArray[np.bool_],
    horizons: Sequence[int],
    tell: Callable[[float], None],
) -> dict[str, Any]:
    opens, closes = bars.open[inside], bars.close_time[inside]
    forward = [forward_returns(opens, horizon) for horizon in horizons]
    kind, stretches = stretches_of(closes)
    steps, reaches = spaced(max(*horizons, 48)), memory_lags(horizons)
    columns = {name: column[inside] for name, column in frame.items() if name != "time"}
    measured = []
    for k, column in enumerate(columns.values()):
        tell(k / len(columns))
        memory = autocorrelations(column, [*reaches, *steps])
        measured.append(
            {
                **_shaped(shape(column)),
                "memory": [_number(value) for value in memory[: len(reaches)]],
                "autocorrelation": [_number(value) for value in memory[len(reaches) :]],
                "foresight": [_seen(foresight(column, f, h)) for f, h in zip(forward, horizons, strict=True)],
                "stretches": [
                    [_seen(foresight(column[at], f[at], h)) for f, h in zip(forward, horizons, strict=True)]
                    for _, at in stretches
                ],
                "tenths": [_numbers(bucket_means(column, f)) for f in forward],
                "course": _course(column),
            }
        )
    table = np.stack(list(columns.values())) if columns else np.empty((0, len(opens)))
    together = rank_correlations(table)
    return {
        "symbol": symbol,
        "bars": len(opens),
        "stretch": kind,
        "stretches": [name for name, _ in stretches],
        "steps": steps,
        "measured": measured,
        "correlations": np.round(together, 2).tolist(),
        "groups": clusters(together),
    }


def stretches_of(closes: NDArray[np.int64]) -> tuple[str, list[tuple[str, NDArray[np.bool_]]]]:
    """`year` or `quarter`, and each one's name and rows; quarters where there are too few years to compare."""
    months = to_datetime64(closes - 1).astype("datetime64[M]").astype(np.int64)  # a bar belongs to when it was traded
    years, quarters = months // 12 + 1970, months // 3
    if len(np.unique(years)) >= YEARS:
        return "year", [(str(year), years == year) for year in np.unique(years).tolist()]
    names = {quarter: f"{quarter // 4 + 1970} Q{quarter % 4 + 1}" for quarter in np.unique(quarters).tolist()}
    return "quarter", [(name, quarters == quarter) for quarter, name in names.items()]


def _shaped(found: Shape) -> dict[str, Any]:
    numbers = {name: _number(getattr(found, name)) for name in ("mean", "deviation", "skew", "excess")}
    return {
        "rows": found.rows,
        "known": found.known,
        "first": found.first,
        "levels": found.levels,
        **numbers,
        "quantiles": _numbers(found.quantiles),
        "counts": list(found.counts),
        "below": found.below,
        "above": found.above,
    }


def _seen(found: Foresight | None) -> dict[str, Any] | None:
    if found is None:
        return None
    chance = float(f"{found.chance:.3g}")
    return {"c": _number(found.coefficient), "e": _number(found.error), "p": chance, "n": found.rows}


def _course(column: Floats) -> dict[str, Any]:
    """The lowest and highest value of each of `POINTS` stretches; None where a stretch has no number."""
    edges = np.unique(np.linspace(0, len(column), min(POINTS, len(column)) + 1).astype(np.int64))
    parts = [part[np.isfinite(part)] for part in np.split(column, edges[1:-1])]
    return {
        "low": [_number(float(part.min())) if len(part) else None for part in parts],
        "high": [_number(float(part.max())) if len(part) else None for part in parts],
    }


def _judge_together(found: dict[str, Any]) -> None:
    """Mark what stands after all tests of the page are counted, and what each column is to be warned of."""
    tests = [
        one for instrument in found["instruments"] for column in instrument["measured"] for one in column["foresight"]
    ]
    made = [one for one in tests if one is not None]
    for one, stands in zip(made, holm([one["p"] for one in made]), strict=True):
        one["stands"] = stands
    found["tests"] = len(made)
    found["below_5_percent"] = sum(one["p"] < 0.05 for one in made)
    found["stand"] = sum(one["stands"] for one in made)
    for instrument in found["instruments"]:
        for told, column in zip(found["columns"], instrument["measured"], strict=True):
            column["warnings"] = _warnings(told, column)


def _warnings(told: Mapping[str, Any], column: Mapping[str, Any]) -> list[str]:
    said = []
    if not column["known"]:
        return ["empty"]
    if column["levels"] == 1:
        return ["constant"]
    if column["known"] < RARE * column["rows"]:
        said.append("incomplete")
    if column["levels"] <= FEW_LEVELS:
        said.append("few levels")
    if told["scale_free"] is False and told["unit"] == "price":
        said.append("moves with the price")
    longest = next((value for value in reversed(column["memory"]) if value is not None), 0.0)
    if longest > SLOW:
        said.append("slow")
    return said


def _numbers(values: Sequence[float] | None) -> list[float | None] | None:
    return None if values is None else [_number(value) for value in values]


def _number(value: float) -> float | None:
    """Six digits, which are more than anyone reads; None for what is no number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
