"""Values that become known at their own instants, looked up from bars: the last, and those of a stretch of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


def stamps_between(time: Integers, after: Integers, until: Integers) -> tuple[Integers, Integers]:
    """First and end (exclusive) of the stamps later than `after` and not later than `until`, for each bar (ns)."""
    first, end = np.searchsorted(time, after, side="right"), np.searchsorted(time, until, side="right")
    return first.astype(np.int64), np.maximum(first, end).astype(np.int64)


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
def sums_and_scores(value: Floats, first: Integers, end: Integers, sums: Floats, scores: Floats) -> None:
    """Write the sum of the values of each bar's stretch, and how many sample deviations the last is above their mean.

    No value sums up to 0; the score of less than two values, or of equal ones, is 0.
    """
    for bar in range(len(first)):
        total = moved = 0.0
        last = value[end[bar] - 1] if end[bar] > first[bar] else 0.0
        for i in range(first[bar], end[bar]):
            total += value[i]
            moved += value[i] - last  # of equal values exactly 0
        sums[bar] = total
        count = end[bar] - first[bar]
        squares = 0.0
        apart = moved / count if count > 0 else 0.0
        for i in range(first[bar], end[bar]):
            distance = (value[i] - last) - apart
            squares += distance * distance
        scores[bar] = -apart / math.sqrt(squares / (count - 1)) if squares > 0.0 else 0.0


@kernel
def log_ratios(newer: Floats, older: Floats, out: Floats) -> None:
    """Write ln(newer / older); 0 where either is not a number above 0."""
    for i in range(len(out)):
        out[i] = math.log(newer[i] / older[i]) if newer[i] > 0.0 and older[i] > 0.0 else 0.0


@kernel
def logs(values: Floats, out: Floats) -> None:
    """Write ln(value); 0 where it is not a number above 0."""
    for i in range(len(out)):
        out[i] = math.log(values[i]) if values[i] > 0.0 else 0.0


@kernel
def sums_between(value: Floats, first: Integers, end: Integers, sums: Floats) -> None:
    """Write the sum of the values of each bar's stretch."""
    for bar in range(len(sums)):
        total = 0.0
        for i in range(first[bar], end[bar]):
            total += value[i]
        sums[bar] = total


@kernel
def book_flows(
    bid: Floats, bids: Floats, ask: Floats, asks: Floats, first: Integers, end: Integers, oldest: Integers,
    flows: Floats, sizes: Floats, rows: Floats,
) -> None:  # fmt: skip
    """Write for each bar the order flow of its books, the sum of their mean best sizes, and how many there are.

    `oldest` is the first row of each bar's stretch or before it that its first book may be compared with.
    """
    for bar in range(len(flows)):
        flow = size = 0.0
        for i in range(first[bar], end[bar]):
            size += 0.5 * (bids[i] + asks[i])
            if i > oldest[bar]:
                if bid[i] >= bid[i - 1]:
                    flow += bids[i]
                if bid[i] <= bid[i - 1]:
                    flow -= bids[i - 1]
                if ask[i] <= ask[i - 1]:
                    flow -= asks[i]
                if ask[i] >= ask[i - 1]:
                    flow += asks[i - 1]
        flows[bar] = flow
        sizes[bar] = size
        rows[bar] = end[bar] - first[bar]
