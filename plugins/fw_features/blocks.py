"""Stretches of bars that begin at fixed instants, the same ones however much history is at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Bars


def block_starts(bars: Bars, length: int) -> NDArray[np.int64]:
    """The first bar of each block of `length` bar times, counted from the epoch; the first bar begins one as well.

    Where bars are missing a block has fewer than `length` bars, or none and no entry.
    """
    if len(bars) == 0:
        return np.empty(0, np.int64)
    block = length * bars.size.ns
    origin = bars.size.origin
    first, last = ((int(time) - origin) // block for time in (bars.open_time[0], bars.open_time[-1]))
    edges = origin + block * np.arange(first + 1, last + 1)
    return np.unique(np.append(0, np.searchsorted(bars.open_time, edges))).astype(np.int64)
