"""The highest and lowest of the last bars, and how long ago they were, compiled; comparing never rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 1024  # bars worked on at a time, so that all rows of a chunk stay in the nearest cache


@kernel
def highest(values: Floats, spans: Integers, out: Floats) -> None:
    """Write the largest of the last `spans[k]` values at each bar to `out[k, bar]`; NaN for the first span − 1 bars."""
    for k in range(len(spans)):
        span = spans[k]
        rows = np.empty((2, CHUNK + span))
        out[k, : min(span - 1, len(values))] = np.nan
        for start in range(span - 1, len(values), CHUNK):
            end = min(start + CHUNK, len(values))
            largest(values[start - span + 1 : end], span, rows, out[k, start:end])


@kernel
def lowest(values: Floats, spans: Integers, out: Floats) -> None:
    """Write the smallest of the last `spans[k]` values at each bar to `out[k, bar]`; NaN for the first span − 1."""
    for k in range(len(spans)):
        span = spans[k]
        rows = np.empty((2, CHUNK + span))
        out[k, : min(span - 1, len(values))] = np.nan
        for start in range(span - 1, len(values), CHUNK):
            end = min(start + CHUNK, len(values))
            smallest(values[start - span + 1 : end], span, rows, out[k, start:end])


@inner
def largest(values: Floats, span: int, rows: Floats, out: Floats) -> None:
    """Write the largest of each `span` neighbours: windows of 2, 4, 8 … values, and at last two of them that overlap.

    `out` has span − 1 values fewer than `values`, each of two `rows` has room for as many.
    """
    near, width, turn = values, 1, 0
    while 2 * width < span:
        _larger(near[width:], near[: len(near) - width], rows[turn])
        near = rows[turn, : len(near) - width]
        width *= 2
        turn = 1 - turn
    _larger(near[span - width :], near[: len(out)], out)


@inner
def smallest(values: Floats, span: int, rows: Floats, out: Floats) -> None:
    """Write the smallest of each `span` neighbours, in the same way."""
    near, width, turn = values, 1, 0
    while 2 * width < span:
        _smaller(near[width:], near[: len(near) - width], rows[turn])
        near = rows[turn, : len(near) - width]
        width *= 2
        turn = 1 - turn
    _smaller(near[span - width :], near[: len(out)], out)


@inner
def _larger(newer: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(newer)):
        out[i] = newer[i] if newer[i] > older[i] else older[i]


@inner
def _smaller(newer: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(newer)):
        out[i] = newer[i] if newer[i] < older[i] else older[i]


@kernel
def channels(high: Floats, low: Floats, spans: Integers, out: Floats) -> None:
    """Write the highest high, the lowest low and the middle of both, three rows for each span."""
    bars = len(high)
    for k in range(len(spans)):
        span = spans[k]
        rows = np.empty((2, CHUNK + span))
        upper, lower, middle = out[3 * k], out[3 * k + 1], out[3 * k + 2]
        out[3 * k : 3 * k + 3, : min(span - 1, bars)] = np.nan
        for start in range(span - 1, bars, CHUNK):
            end = min(start + CHUNK, bars)
            base = start - span + 1
            largest(high[base:end], span, rows, upper[start:end])
            smallest(low[base:end], span, rows, lower[start:end])
            _middle(upper[start:end], lower[start:end], middle[start:end])


@inner
def _middle(upper: Floats, lower: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = (upper[i] + lower[i]) / 2.0


@kernel
def places(high: Floats, low: Floats, value: Floats, span: int, from_high: bool, out: Floats) -> None:
    """Write where each value stands between the lowest low and the highest high of the last `span` bars.

    0 to 100 from the low, or −100 to 0 from the high; the middle where both are equal. NaN for the first span − 1.
    """
    bars = len(value)
    rows, upper, lower = np.empty((2, CHUNK + span)), np.empty(CHUNK), np.empty(CHUNK)
    out[: min(span - 1, bars)] = np.nan
    for start in range(span - 1, bars, CHUNK):
        end = min(start + CHUNK, bars)
        base, count = start - span + 1, end - start
        largest(high[base:end], span, rows, upper[:count])
        smallest(low[base:end], span, rows, lower[:count])
        zero, flat = (upper, -50.0) if from_high else (lower, 50.0)
        _place(value[start:end], upper, lower, zero, flat, out[start:end])


@inner
def _place(value: Floats, upper: Floats, lower: Floats, zero: Floats, flat: float, out: Floats) -> None:
    for i in range(len(out)):
        reach = upper[i] - lower[i]
        place = 100.0 * ((value[i] - zero[i]) / reach)
        out[i] = place if reach != 0.0 else flat


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


@kernel
def places_of_extremes(high: Floats, low: Floats, spans: Integers, out: Floats) -> None:
    """Write Aroon up, Aroon down and their difference, three rows for each span."""
    for k in range(len(spans)):
        span = spans[k]
        up, down, balance = out[3 * k], out[3 * k + 1], out[3 * k + 2]
        bars_since_extreme(high, span + 1, 1.0, up)
        bars_since_extreme(low, span + 1, -1.0, down)
        for i in range(len(up)):
            balance[i] = 100.0 * (down[i] - up[i]) / span
            up[i] = 100.0 * (span - up[i]) / span
            down[i] = 100.0 * (span - down[i]) / span
