"""The arithmetic of bands, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import largest_of
from fw_features.moments import CHUNK, moving_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def bollinger_bands(close: Floats, spans: Integers, wide: float, out: Floats) -> None:
    """Write upper band, mean, lower band, width and place of the close, five rows for each span."""
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    means, variances = np.empty((len(spans), chunk + longest)), np.empty((len(spans), chunk + longest))
    for start in range(0, bars, chunk):
        end, base = min(start + chunk, bars), max(0, start - longest)
        moving_moments(close[base:end], spans, means, variances)
        for k in range(len(spans)):
            first = 5 * k
            mean, reach, middle = means[k, start - base :], variances[k, start - base :], out[first + 1, start:end]
            _bands(mean, wide, reach, out[first, start:end], middle, out[first + 2, start:end])
            _widths(close[start:end], mean, reach, out[first + 3, start:end], out[first + 4, start:end])


@inner
def _bands(mean: Floats, wide: float, reach: Floats, upper: Floats, middle: Floats, lower: Floats) -> None:
    """Write the bands, and over the variance in `reach` how far they are from the mean."""
    for i in range(len(upper)):
        reach[i] = wide * math.sqrt(reach[i])
    for i in range(len(upper)):
        upper[i] = mean[i] + reach[i]
        middle[i] = mean[i]
        lower[i] = mean[i] - reach[i]


@kernel
def lines_around(middle: Floats, wide: float, upper: Floats, lower: Floats) -> None:
    """Write middle + wide × reach and middle − wide × reach; the reach stands where the lower line will be."""
    for i in range(len(middle)):
        away = wide * lower[i]
        upper[i] = middle[i] + away
        lower[i] = middle[i] - away


@inner
def _widths(close: Floats, mean: Floats, reach: Floats, width: Floats, place: Floats) -> None:
    for i in range(len(width)):
        width[i] = 2.0 * reach[i] / mean[i]
    for i in range(len(width)):
        where = 0.5 + 0.5 * (close[i] - mean[i]) / reach[i]
        place[i] = where if reach[i] != 0.0 else 0.5
