"""How two price series move together over a window, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.moments import moving_moments, moving_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

STILL = 1e-12  # a variance that is no more of the squared mean than this is rounding


@kernel
def betas_and_correlations(own: Floats, other: Floats, spans: Integers, out: Floats) -> None:
    """Write the slope of own log returns over the other's and their correlation, over the last `spans[k]` returns.

    They are the first two of four rows for each span.
    0 where one of them stands still. The covariance is a quarter of what the variance of the sum is above that of the
    difference.
    """
    bars = len(own)
    x, y = np.empty(max(0, bars - 1)), np.empty(max(0, bars - 1))
    for i in range(len(x)):
        x[i] = math.log(own[i + 1] / own[i])
        y[i] = math.log(other[i + 1] / other[i])
    shape = (len(spans), len(x))
    mean_x, mean_y, mean = np.empty(shape), np.empty(shape), np.empty(shape)
    var_x, var_y, var_sum, var_difference = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    moving_moments(x, spans, mean_x, var_x)
    moving_moments(y, spans, mean_y, var_y)
    moving_moments(x + y, spans, mean, var_sum)
    moving_moments(x - y, spans, mean, var_difference)
    for k in range(len(spans)):
        betas, correlations = out[4 * k], out[4 * k + 1]
        betas[: min(1, bars)] = np.nan
        correlations[: min(1, bars)] = np.nan
        for i in range(shape[1]):
            covariance = 0.25 * (var_sum[k, i] - var_difference[k, i])
            still_x = var_x[k, i] <= STILL * (mean_x[k, i] * mean_x[k, i])
            still_y = var_y[k, i] <= STILL * (mean_y[k, i] * mean_y[k, i])
            together = covariance / math.sqrt(var_x[k, i] * var_y[k, i])
            betas[i + 1] = 0.0 if still_y else covariance / var_y[k, i]
            bounded = -1.0 if together < -1.0 else 1.0 if together > 1.0 else together
            correlations[i + 1] = 0.0 if still_x or still_y else bounded


@kernel
def spreads_and_scores(own: Floats, other: Floats, spans: Integers, out: Floats) -> None:
    """Write ln(own / other) less its mean over the last `spans[k]` bars, and that over its sample deviation.

    They are the last two of four rows for each span.
    """
    ratio = np.empty(len(own))
    for bar in range(len(own)):
        ratio[bar] = math.log(own[bar] / other[bar])
    shape = (len(spans), len(own))
    means, variances, scores = np.empty(shape), np.empty(shape), np.empty(shape)
    moving_scores(ratio, spans, scores)
    moving_moments(ratio, spans, means, variances)
    for k in range(len(spans)):
        spread = out[4 * k + 2]
        for bar in range(len(ratio)):
            spread[bar] = ratio[bar] - means[k, bar]
        out[4 * k + 3] = scores[k]
