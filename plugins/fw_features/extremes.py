"""The highest and lowest of the last bars, and how long ago they were, compiled; comparing never rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 2048  # bars worked on at a time, so that both rows of a chunk stay in the nearest cache


@kernel
def highest(values: Floats, spans: Integers, out: Floats) -> None:
    """Write the largest of the last `spans[k]` values at each bar to `out[k, bar]`; NaN for the first span − 1 bars."""
    for k in range(len(spans)):
        rows = np.empty((2, CHUNK + spans[k]))
        _largest(values, spans[k], 1.0, rows, out[k])


@kernel
def lowest(values: Floats, spans: Integers, out: Floats) -> None:
    """Write the smallest of the last `spans[k]` values at each bar to `out[k, bar]`; NaN for the first span − 1."""
    for k in range(len(spans)):
        rows = np.empty((2, CHUNK + spans[k]))
        _largest(values, spans[k], -1.0, rows, out[k])


@inner
def _largest(values: Floats, span: int, sign: float, rows: Floats, out: Floats) -> None:
    """Write sign × the largest of sign × value: windows of 2, 4, 8 … bars, and at last two of them that overlap."""
    bars = len(values)
    out[: min(span - 1, bars)] = np.nan
    for start in range(span - 1, bars, CHUNK):
        end = min(start + CHUNK, bars)
        base = start - span + 1
        size = end - base
        near, other = rows[0, :size], rows[1, :size]
        window = values[base:end]
        for i in range(size):
            near[i] = sign * window[i]
        width = 1
        while 2 * width <= span:
            newer, older, larger = near[width:], near[: size - width], other[width:]
            for i in range(len(larger)):
                larger[i] = newer[i] if newer[i] > older[i] else older[i]
            near, other = other, near
            width *= 2
        newer, older, column = near[span - 1 :], near[width - 1 : width - 1 + end - start], out[start:end]
        for i in range(len(column)):
            column[i] = sign * (newer[i] if newer[i] > older[i] else older[i])


@kernel
def bars_since_extreme(values: Floats, span: int, sign: float, out: Floats) -> None:
    """Write how many bars ago the highest (sign 1) or lowest (−1) of the last `span` values was, the latest of equals.

    NaN for the first span − 1 bars.
    """
    bars = len(values)
    out[: min(span - 1, bars)] = np.nan
    best = -1
    for bar in range(bars):
        first = bar - span + 1
        if best < first:
            best = max(first, 0)
            for i in range(best, bar + 1):
                if sign * values[i] >= sign * values[best]:
                    best = i
        elif best < 0 or sign * values[bar] >= sign * values[best]:
            best = bar
        if first >= 0:
            out[bar] = bar - best
