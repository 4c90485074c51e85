"""The arithmetic of bands, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.moments import moving_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def bollinger_bands(close: Floats, spans: Integers, wide: float, out: Floats) -> None:
    """Write upper band, mean, lower band, width and place of the close, five rows for each span."""
    shape = (len(spans), len(close))
    means, variances = np.empty(shape), np.empty(shape)
    moving_moments(close, spans, means, variances)
    for k in range(len(spans)):
        upper, middle, lower, width, place = out[5 * k], out[5 * k + 1], out[5 * k + 2], out[5 * k + 3], out[5 * k + 4]
        mean, variance = means[k], variances[k]
        for i in range(len(close)):
            reach = wide * math.sqrt(variance[i])
            upper[i] = mean[i] + reach
            middle[i] = mean[i]
            lower[i] = mean[i] - reach
            width[i] = 2.0 * reach / mean[i]
            place[i] = 0.5 + 0.5 * (close[i] - mean[i]) / reach if reach != 0.0 else 0.5
