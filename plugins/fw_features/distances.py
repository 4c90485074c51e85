"""How far prices are from one another: inside a bar, and from highs, lows and average prices of a window, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.extremes import highest, lowest
from fw_features.kernels import moving_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def candles(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write body, upper and lower wick as shares of the range, 0 without one, and the range as a share of the open."""
    for i in range(len(open)):
        reach = high[i] - low[i]
        whole = reach if reach > 0.0 else 1.0
        top, bottom = (close[i], open[i]) if close[i] > open[i] else (open[i], close[i])
        out[0, i] = (close[i] - open[i]) / whole
        out[1, i] = (high[i] - top) / whole
        out[2, i] = (bottom - low[i]) / whole
        out[3, i] = reach / open[i]


@kernel
def distances(high: Floats, low: Floats, close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write close over highest high, lowest low and average price of the last `spans[k]` bars, less 1.

    Three rows for each span. Prices are averaged with their volume; where none was traded the close is the average.
    """
    flow = np.empty(len(close))
    for i in range(len(flow)):
        flow[i] = ((high[i] + low[i]) + close[i]) / 3.0 * volume[i]
    shape = (len(spans), len(close))
    tops, bottoms, flows, volumes = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    highest(high, spans, tops)
    lowest(low, spans, bottoms)
    moving_means(flow, spans, flows)
    moving_means(volume, spans, volumes)
    for k in range(len(spans)):
        out[3 * k : 3 * k + 3, : min(spans[k] - 1, len(close))] = np.nan
        from_top, from_bottom, from_mean = out[3 * k], out[3 * k + 1], out[3 * k + 2]
        top, bottom, above, below = tops[k], bottoms[k], flows[k], volumes[k]
        for i in range(spans[k] - 1, len(close)):
            mean = above[i] / below[i] if below[i] > 0.0 else close[i]
            from_top[i] = (close[i] - top[i]) / top[i]
            from_bottom[i] = (close[i] - bottom[i]) / bottom[i]
            from_mean[i] = (close[i] - mean) / mean
