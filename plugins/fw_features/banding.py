"""The arithmetic of bands, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fw.ledger import kernel
from fw_features.moments import moving_moments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def bollinger_bands(close: Floats, spans: Integers, wide: float, out: Floats) -> None:
    """Write upper band, mean, lower band, width and place of the close, five rows for each span."""
    for k in range(len(spans)):
        rows = out[5 * k : 5 * k + 5]
        moving_moments(close, spans[k : k + 1], rows[1:2], rows[3:4])  # mean and variance, where mean and width will be
        upper, mean, lower, width, place = rows[0], rows[1], rows[2], rows[3], rows[4]
        for i in range(len(close)):
            reach = wide * math.sqrt(width[i])
            upper[i] = mean[i] + reach
            lower[i] = mean[i] - reach
            width[i] = 2.0 * reach / mean[i]
            place[i] = 0.5 + 0.5 * (close[i] - mean[i]) / reach if reach != 0.0 else 0.5
