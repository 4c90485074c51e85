"""The arithmetic of the bundled features, compiled: a row comes from the bars just before it, nothing older."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.logs import logarithms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 4096  # bars worked on at a time, so that a chunk's sums stay in the processor's nearest caches


@kernel
def moving_means(values: Floats, spans: Integers, out: Floats) -> None:
    """Write the mean of the last `spans[k]` values at each bar to `out[k, bar]`; NaN for the first span − 1 bars.

    A window is added up as a fixed tree over its own values: sums of 4, 16, 64 … neighbours, shared by all spans,
    and of each span as many as the digits of the span in base 4 say. There is no running total, so nothing older
    than the window leaves a trace in it, and equal windows give equal bits wherever they stand.
    """
    bars = len(values)
    longest = largest_of(spans)
    levels = 0
    while 4 ** (levels + 1) <= longest:
        levels += 1
    chunk = max(CHUNK, 2 * longest)
    sums = np.empty((levels, min(bars, chunk + longest)))  # row k, bar i: the sum of the 4**(k + 1) values up to i
    part = np.empty(min(bars, chunk))
    for k in range(len(spans)):
        out[k, : min(spans[k] - 1, bars)] = np.nan
    for start in range(0, bars, chunk):
        end = min(start + chunk, bars)
        base = max(0, start - longest)
        size = end - base
        near = values[base:end]
        fine = near
        width = 1
        for level in range(levels):
            if size > 3 * width:
                new, old = fine[3 * width : size], fine[: size - 3 * width]
                _add(new, fine[2 * width : size - width], fine[width : size - 2 * width], old, sums[level, 3 * width :])
            fine = sums[level]
            width *= 4
        for k in range(len(spans)):
            first = max(start, spans[k] - 1)
            if first < end:
                _mean(near, sums, first - base, size, spans[k], part[: end - first], out[k, first:end])


@inner
def largest_of(spans: Integers) -> int:
    """The longest span, 1 at least."""
    longest = 1
    for k in range(len(spans)):
        longest = max(longest, spans[k])
    return longest


@inner
def _mean(values: Floats, sums: Floats, first: int, size: int, span: int, part: Floats, out: Floats) -> None:
    """Write the means over one span for the bars [first, size) of a chunk, up to four terms of the sum in one pass."""
    a = b = c = values
    gathered = 0  # terms in a, b, c that are not yet added
    taken = 0  # newest values that are in some term
    width = 1
    for level in range(len(sums) + 1):
        row = values if level == 0 else sums[level - 1]
        for _ in range(span // width % 4):
            term = row[first - taken : size - taken]
            taken += width
            if gathered == 3 and taken == span:
                _mean_of_four(a, b, c, term, span, out)
                return
            if gathered == 3:
                _add(a, b, c, term, part)
                a = part
                gathered = 1
            else:
                a, b, c = (term, b, c) if gathered == 0 else (a, term, c) if gathered == 1 else (a, b, term)
                gathered += 1
        width *= 4
    if gathered == 1:
        _mean_of_one(a, span, out)
    elif gathered == 2:
        _mean_of_two(a, b, span, out)
    else:
        _mean_of_three(a, b, c, span, out)


@inner
def _add(a: Floats, b: Floats, c: Floats, d: Floats, out: Floats) -> None:
    for i in range(len(a)):
        out[i] = (a[i] + b[i]) + (c[i] + d[i])


@inner
def _mean_of_one(a: Floats, span: int, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = a[i] / span


@inner
def _mean_of_two(a: Floats, b: Floats, span: int, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = (a[i] + b[i]) / span


@inner
def _mean_of_three(a: Floats, b: Floats, c: Floats, span: int, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = ((a[i] + b[i]) + c[i]) / span


@inner
def _mean_of_four(a: Floats, b: Floats, c: Floats, d: Floats, span: int, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = ((a[i] + b[i]) + (c[i] + d[i])) / span


@kernel
def log_returns(values: Floats, spans: Integers, out: Floats) -> None:
    """Write ln(values[bar] / values[bar − spans[k]]) to `out[k, bar]`; NaN for the first span bars."""
    bars = len(values)
    longest = largest_of(spans)
    for k in range(len(spans)):
        out[k, : min(spans[k], bars)] = np.nan
    chunk = max(CHUNK, 4 * longest)
    logs = np.empty(min(bars, chunk + longest))
    for start in range(0, bars, chunk):
        end = min(start + chunk, bars)
        base = max(0, start - longest)
        logarithms(values[base:end], logs[: end - base])
        for k in range(len(spans)):
            first = max(start, spans[k])
            if first < end:
                newer, older = logs[first - base : end - base], logs[first - spans[k] - base : end - spans[k] - base]
                _differences(newer, older, out[k, first:end])


@kernel
def differences(values: Floats, spans: Integers, out: Floats) -> None:
    """Write value − value `spans[k]` bars ago; NaN for the first span bars."""
    for k in range(len(spans)):
        span = min(spans[k], len(values))
        out[k, :span] = np.nan
        _differences(values[span:], values[: len(values) - span], out[k, span:])


@kernel
def relative_changes(values: Floats, spans: Integers, scale: float, out: Floats) -> None:
    """Write scale × (value − value `spans[k]` bars ago) / that; 0 where that was 0, NaN for the first span bars."""
    for k in range(len(spans)):
        span = min(spans[k], len(values))
        out[k, :span] = np.nan
        _relative_changes(values[span:], values[: len(values) - span], scale, out[k, span:])


@inner
def _differences(newer: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = newer[i] - older[i]


@inner
def _relative_changes(newer: Floats, older: Floats, scale: float, out: Floats) -> None:
    for i in range(len(out)):
        before = older[i]
        change = (newer[i] - before) / before * scale
        out[i] = change if before != 0.0 else 0.0


@kernel
def true_ranges(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write the largest of high − low and the distances of high and low from the previous close; the first has none."""
    out[:1] = np.nan
    before, top, bottom, reach = close[: max(0, len(close) - 1)], high[1:], low[1:], out[1:]
    for i in range(len(reach)):
        above = top[i] if top[i] > before[i] else before[i]
        below = bottom[i] if bottom[i] < before[i] else before[i]
        reach[i] = above - below


@kernel
def directions(high: Floats, low: Floats, rise: Floats, fall: Floats) -> None:
    """Write how far the high rose or the low fell, whichever moved farther, and 0 for the other; the first has none."""
    rise[:1] = np.nan
    fall[:1] = np.nan
    bars = len(high)
    _directions(high[1:], high[: max(0, bars - 1)], low[1:], low[: max(0, bars - 1)], rise[1:], fall[1:])


@inner
def _directions(high: Floats, high_before: Floats, low: Floats, low_before: Floats, rise: Floats, fall: Floats) -> None:
    for i in range(len(rise)):
        above, below = high[i] - high_before[i], low_before[i] - low[i]
        rise[i] = above if (above > below) & (above > 0.0) else 0.0
    for i in range(len(fall)):
        above, below = high[i] - high_before[i], low_before[i] - low[i]
        fall[i] = below if (below > above) & (below > 0.0) else 0.0


@kernel
def medians(high: Floats, low: Floats, out: Floats) -> None:
    """Write (high + low) / 2."""
    for i in range(len(out)):
        out[i] = (high[i] + low[i]) / 2.0


@kernel
def apart(above: Floats, below: Floats, out: Floats) -> None:
    """Write above − below."""
    _differences(above, below, out)


@kernel
def shares(part: Floats, whole: Floats, without: float, out: Floats) -> None:
    """Write 100 × part / whole, and `without` where the whole is 0; NaN stays NaN. `out` may be either of them."""
    for i in range(len(out)):
        here = whole[i]
        percent = 100.0 * (part[i] / (here if here != 0.0 else 1.0))
        out[i] = percent if here != 0.0 else without
