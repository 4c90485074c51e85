"""Fewer points for drawing, never for measuring: each bucket of a line keeps its lowest and its highest value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw import Bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINE = 3_000
"""Most points of a drawn line: two a pixel of a wide screen."""


def extremes(values: NDArray[np.float64], most: int = LINE) -> NDArray[np.int64]:
    """The rows to draw, ascending: all of few, else the first, the last, and each bucket's lowest and highest.

    At most `most` rows; a value that is not a number is passed over where its bucket has others.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    buckets = max((most - 2) // 2, 1)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    low = np.where(np.isnan(values), np.inf, values)
    high = np.where(np.isnan(values), -np.inf, values)
    kept = {0, count - 1}
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept.add(first + int(low[first:last].argmin()))
        kept.add(first + int(high[first:last].argmax()))
    return np.array(sorted(kept), dtype=np.int64)


def grouped(bars: Bars, size: int) -> Bars:
    """Candles of `size` bars each, counted from the first bar; the last may hold fewer."""
    if size <= 1 or not len(bars):
        return bars
    first = np.arange(0, len(bars), size)
    last = np.minimum(first + size, len(bars)) - 1
    return Bars(
        size=bars.size,
        open_time=bars.open_time[first],
        open=bars.open[first],
        high=np.maximum.reduceat(bars.high, first),
        low=np.minimum.reduceat(bars.low, first),
        close=bars.close[last],
        volume=np.add.reduceat(bars.volume, first),
    )
