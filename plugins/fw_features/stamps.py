"""Values that become known at their own instants, looked up from bars: the last, and those of a stretch of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


MINUTE = 60_000_000_000
HOUR = 60 * MINUTE
EIGHT_HOURS = 8 * HOUR
YEAR = 365 * 24 * HOUR


@kernel
def carry(published: Integers, value: Floats, closes: Integers, within: int, absent: float, out: Floats) -> None:
    """Write the value published last by each close; `absent` where none was in the `within` ns up to it."""
    known = 0
    for bar in range(len(closes)):
        while known < len(published) and published[known] <= closes[bar]:
            known += 1
        fresh = known > 0 and published[known - 1] > closes[bar] - within
        out[bar] = value[known - 1] if fresh else absent


@kernel
def settlements(
    known: Integers, time: Integers, value: Floats, closes: Integers, size: int, spans: Integers, first_row: int,
    out: Floats,
) -> None:  # fmt: skip
    """Write rate, change and hours to the next settlement; then sum, score and yearly carry for each of `spans` (bars).

    Counted are rates known later than a span of bars (of `size` ns) before the close, and not later than the close;
    the first three rows go by the longest span. No rate sums up to 0; the score of less than two, or of equal ones, is
    0. Without two the next settlement is due by the clock, every 8 hours. Rows before `first_row` are left as they are.
    """
    longest = 1
    for k in range(len(spans)):
        longest = max(longest, spans[k])
    out[:3, : min(longest - 1, len(closes))] = np.nan
    for k in range(len(spans)):
        out[3 * k + 3 : 3 * k + 6, : min(spans[k] - 1, len(closes))] = np.nan
    end = 0
    first = np.zeros(len(spans) + 1, np.int64)
    for bar in range(first_row, len(closes)):
        close = closes[bar]
        while end < len(known) and known[end] <= close:
            end += 1
        for k in range(len(spans) + 1):
            since = close - (longest if k == len(spans) else spans[k]) * size
            while first[k] < end and known[first[k]] <= since:
                first[k] += 1
        count = end - first[len(spans)]
        if bar >= longest - 1:
            out[0, bar] = value[end - 1] if count > 0 else 0.0
            out[1, bar] = value[end - 1] - value[end - 2] if count > 1 else 0.0
            due = close - close % EIGHT_HOURS + EIGHT_HOURS
            if count > 1:
                last, before = time[end - 1], time[end - 2]
                due = 2 * (last - last % MINUTE) - (before - before % MINUTE)
            out[2, bar] = max(due - close, 0) / HOUR
        for k in range(len(spans)):
            if bar >= spans[k] - 1:
                total, score = _sum_and_score(value, first[k], end)
                out[3 * k + 3, bar] = total
                out[3 * k + 4, bar] = score
                out[3 * k + 5, bar] = total * (YEAR / (spans[k] * size))


@inner
def _sum_and_score(value: Floats, first: int, end: int) -> tuple[float, float]:
    """The sum of some values, and how many sample deviations the last is above their mean."""
    total = moved = squares = 0.0
    count = end - first
    for i in range(first, end):
        total += value[i]
        moved += value[i] - value[end - 1]  # of equal values exactly 0
    apart = moved / count if count > 0 else 0.0
    for i in range(first, end):
        distance = (value[i] - value[end - 1]) - apart
        squares += distance * distance
    return total, -apart / math.sqrt(squares / (count - 1)) if squares > 0.0 else 0.0


@kernel
def logs(values: Floats, out: Floats) -> None:
    """Write ln(value); 0 where it is not a number above 0."""
    for i in range(len(out)):
        out[i] = math.log(values[i]) if values[i] > 0.0 else 0.0


@kernel
def nearest(times: Integers) -> int:
    """The least time between two neighbours; 0 of less than two."""
    least = times[1] - times[0] if len(times) > 1 else 0
    for i in range(2, len(times)):
        least = min(least, times[i] - times[i - 1])
    return least
