"""What published levels come to over a window of bars: means, scores and changes, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.kernels import log_returns, moving_means
from fw_features.moments import moving_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def levels_and_scores(levels: Floats, spans: Integers, late: int, out: Floats) -> None:
    """Write the levels, then mean and score over the last `spans[k]` of them; NaN for the first `late` bars."""
    late = min(late, len(levels))
    out[:, :late] = np.nan
    known = levels[late:]
    out[0, late:] = known
    means, scores = np.empty((len(spans), len(known))), np.empty((len(spans), len(known)))
    moving_means(known, spans, means)
    moving_scores(known, spans, scores)
    for k in range(len(spans)):
        out[1 + 2 * k, late:] = means[k]
        out[2 + 2 * k, late:] = scores[k]


@kernel
def ratios(known: Floats, spans: Integers, late: int, out: Floats) -> None:
    """Write for each row of `known` its log, then change and score over `spans[k]` bars; 0 where one is not above 0.

    NaN for the first `late` bars, and as many more as the span of change or score.
    """
    bars = known.shape[1]
    late = min(late, bars)
    out[:, :late] = np.nan
    each = 1 + 2 * len(spans)
    scores = np.empty((len(spans), bars - late))
    for block in range(len(known)):
        value, level = known[block, late:], out[block * each, late:]
        for i in range(len(value)):
            level[i] = math.log(value[i]) if value[i] > 0.0 else 0.0
        moving_scores(level, spans, scores)
        for k in range(len(spans)):
            span = spans[k]
            change = out[block * each + 1 + 2 * k, late:]
            change[: min(span, len(change))] = np.nan
            for i in range(span, len(change)):
                there = value[i] > 0.0 and value[i - span] > 0.0
                change[i] = level[i] - level[i - span] if there else 0.0
            out[block * each + 2 + 2 * k, late:] = scores[k]


@kernel
def interests(close: Floats, volume: Floats, known: Floats, spans: Integers, stale: int, out: Floats) -> None:
    """Write the log change of `known` over `spans[k]` bars, what share of their volume it is, and how far close parted.

    0 where a value is not above 0; NaN for the first span + stale − 1 bars.
    """
    shape = (len(spans), len(close))
    prices, means = np.empty(shape), np.empty(shape)
    log_returns(close, spans, prices)
    moving_means(volume, spans, means)
    for k in range(len(spans)):
        span = spans[k]
        first = min(span + stale - 1, len(close))
        out[3 * k : 3 * k + 3, :first] = np.nan
        change, share, apart = out[3 * k], out[3 * k + 1], out[3 * k + 2]
        for i in range(first, len(close)):
            newer, older, traded = known[i], known[i - span], span * means[k, i]
            both = newer > 0.0 and older > 0.0
            change[i] = math.log(newer / older) if both else 0.0
            share[i] = newer / traded if newer > 0.0 and traded > 0.0 else 0.0
            apart[i] = prices[k, i] - change[i] if both else 0.0


@kernel
def premiums(close: Floats, closes: Integers, other: Floats, others: Integers, out: Floats) -> None:
    """Write close / the other price − 1 where that has the same time of close; 0 where there is none."""
    place = 0
    for bar in range(len(close)):
        while place < len(others) and others[place] < closes[bar]:
            place += 1
        there = place < len(others) and others[place] == closes[bar]
        out[bar] = close[bar] / other[place] - 1.0 if there else 0.0


@kernel
def apart(price: Floats, other: Floats, out: Floats) -> None:
    """Write price / other − 1; 0 where the other is not above 0. `out` may be either of them."""
    for i in range(len(out)):
        out[i] = price[i] / other[i] - 1.0 if other[i] > 0.0 else 0.0
