"""What order books say at the close of each bar, and how they changed in its time, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.flows import shares
from fw_features.kernels import moving_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@inner
def _newest(published: Integers, row: int, close: int) -> int:
    """The first row from `row` on that is published after a bar's close."""
    while row < len(published) and published[row] <= close:
        row += 1
    return row


@kernel
def quoted_spreads(published: Integers, bid: Floats, ask: Floats, closes: Integers, within: int, out: Floats) -> None:
    """Write (ask − bid) / their middle of the newest book at each close.

    0 where none was published in the `within` ns up to it, or its bid is not below its ask.
    """
    row = 0
    for bar in range(len(closes)):
        row = _newest(published, row, closes[bar])
        there = row > 0 and published[row - 1] > closes[bar] - within
        low, high = (bid[row - 1], ask[row - 1]) if there else (0.0, 0.0)
        out[bar] = (high - low) / (0.5 * (high + low)) if low > 0.0 and high > low else 0.0


@kernel
def add_level(
    published: Integers, bids: Floats, asks: Floats, closes: Integers, within: int, waiting: Floats, out: Floats
) -> None:
    """Add the sizes of a level of the newest book at each close to `waiting`, float64[side, bar], the bids' first.

    Write (bids − asks) / (bids + asks) of all that waits; 0 where nothing does.
    """
    row = 0
    for bar in range(len(closes)):
        row = _newest(published, row, closes[bar])
        if row > 0 and published[row - 1] > closes[bar] - within:
            waiting[0, bar] += bids[row - 1]
            waiting[1, bar] += asks[row - 1]
        both = waiting[0, bar] + waiting[1, bar]
        out[bar] = (waiting[0, bar] - waiting[1, bar]) / both if both > 0.0 else 0.0


@kernel
def leans(
    published: Integers, bid: Floats, bids: Floats, ask: Floats, asks: Floats, closes: Integers, within: int,
    out: Floats,
) -> None:  # fmt: skip
    """Write half the spread × which side waits, as a share of the middle, of the newest book at each close.

    0 where none was published in the `within` ns up to it, or it is empty.
    """
    row = 0
    for bar in range(len(closes)):
        row = _newest(published, row, closes[bar])
        out[bar] = 0.0
        if row > 0 and published[row - 1] > closes[bar] - within:
            low, high, on_bid, on_ask = bid[row - 1], ask[row - 1], bids[row - 1], asks[row - 1]
            waiting, middle = on_bid + on_ask, 0.5 * (low + high)
            if waiting > 0.0 and middle > 0.0:
                out[bar] = 0.5 * (high - low) * (on_bid - on_ask) / (waiting * middle)


@kernel
def order_flows(
    published: Integers, bid: Floats, bids: Floats, ask: Floats, asks: Floats, closes: Integers, size: int,
    stale: int, spans: Integers, out: Floats,
) -> None:  # fmt: skip
    """Write the order flow of the books of the last `spans[k]` bars (of `size` ns), in their mean best sizes.

    A book is compared with the one before, unless that was published more than `stale` bars before the bar began. NaN
    for the first span + stale − 1 bars.
    """
    bars = len(closes)
    flows, sizes, rows = np.empty(bars), np.empty(bars), np.empty(bars)
    row = oldest = 0
    for bar in range(bars):
        since = closes[bar] - size
        oldest = _newest(published, oldest, since - stale * size)
        first = _newest(published, row, since)
        row = _newest(published, first, closes[bar])
        flow = waiting = 0.0
        for i in range(first, row):
            waiting += 0.5 * (bids[i] + asks[i])
            if i > oldest:
                if bid[i] >= bid[i - 1]:
                    flow += bids[i]
                if bid[i] <= bid[i - 1]:
                    flow -= bids[i - 1]
                if ask[i] <= ask[i - 1]:
                    flow -= asks[i]
                if ask[i] >= ask[i - 1]:
                    flow += asks[i - 1]
        flows[bar], sizes[bar], rows[bar] = flow, waiting, row - first
    late = min(stale, bars)
    means, usual = np.empty((len(spans), bars - late)), np.empty((len(spans), bars - late))
    moving_means(flows[late:], spans, means)
    shares(sizes[late:], rows[late:], spans, usual)
    out[:, :late] = np.nan
    for k in range(len(spans)):
        column = out[k, late:]
        for i in range(len(column)):
            column[i] = 0.0 if usual[k, i] <= 0.0 else spans[k] * means[k, i] / usual[k, i]
