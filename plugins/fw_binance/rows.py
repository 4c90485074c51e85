"""Rows on their way into the store: judged, cut, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw_binance.archive import Unusable
from fw_binance.periods import Span
from fw_binance.store import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]


def sound(series: Series, columns: Columns, spans: Sequence[Span]) -> Columns:
    """The rows of a file that lie in the spans; Unusable where they are not what their place says."""
    times = series.own_time(columns["open_time" if "open_time" in columns else "time"])
    inside = np.zeros(len(times), bool)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    if series.bar is not None and ((times - series.bar.origin) % series.bar.ns).any() and not series.of.lenient:
        raise Unusable(f"its times are not those of bars of {series.bar}")
    if series.of.is_candles and not all(np.isfinite(columns[name]).all() for name in ("open", "high", "low", "close")):
        raise Unusable("it has bars without a price")
    return {name: column[inside] for name, column in columns.items()} if not inside.all() else columns


def joined(got: Sequence[tuple[Columns, Span]]) -> Iterable[tuple[Columns, Span | None]]:
    """Pages in order, those that meet made one."""
    runs: list[tuple[list[Columns], int, int]] = []
    for columns, (start, end) in sorted(got, key=lambda page: page[1]):
        if runs and runs[-1][2] == start:
            several, begin, _ = runs[-1]
            runs[-1] = ([*several, columns], begin, end)
        else:
            runs.append(([columns], start, end))
    for several, start, end in runs:
        table = {name: np.concatenate([page[name] for page in several]) for name in several[0]}
        yield table, (start, end) if start < end else None


def empty(series: Series) -> Columns:
    """No row of a series."""
    kinds = {"time": np.int64, "int": np.int64, "bool": np.bool_}
    return {name: np.empty(0, kinds.get(number, np.float64)) for name, number in series.of.columns.items()}
