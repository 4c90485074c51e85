"""Stretches of bars that begin at fixed instants, the same ones however much history is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Bars

    Integers = NDArray[np.int64]


def block_starts(bars: Bars, length: int, row: int = 0) -> Integers:
    """The first bar of each block of `length` bar times, counted from the epoch, from the block of `row` on.

    The first bar there is begins one as well. Where bars are missing a block has fewer than `length` bars, or none and
    no entry.
    """
    return _first_bars(bars.open_time, bars.size.origin, bars.size.ns, length, row)


@kernel
def _first_bars(times: Integers, origin: int, size: int, length: int, row: int) -> Integers:
    block = length * size
    if len(times) == 0:
        return np.empty(0, np.int64)
    first, last = (times[row] - origin) // block, (times[-1] - origin) // block
    starts = np.zeros(last - first + 1, np.int64)
    count = 0
    for number in range(first, last + 1):
        edge = origin + block * number
        bar = (edge - times[0] + size - 1) // size  # where it is when no bar is missing
        if bar <= 0:
            bar = 0
        elif bar >= len(times) or times[bar] < edge or times[bar - 1] >= edge:
            bar = np.searchsorted(times, edge)
        if count == 0 or bar > starts[count - 1]:
            starts[count] = bar
            count += 1
    return starts[:count]
