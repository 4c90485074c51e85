"""What one bar's prices say of the variance around it: terms that estimators of volatility average over a window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.kernels import moving_means
from fw_features.moments import moving_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@kernel
def parkinson_terms(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """ln(high / low)² / (4 ln 2)."""
    out = np.empty(len(close))
    for bar in range(len(out)):
        reach = math.log(high[bar] / low[bar])
        out[bar] = reach * reach / (4 * math.log(2.0))
    return out


@kernel
def garman_klass_terms(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """½ ln(high / low)² − (2 ln 2 − 1) ln(close / open)²."""
    out = np.empty(len(close))
    for bar in range(len(out)):
        reach, body = math.log(high[bar] / low[bar]), math.log(close[bar] / open[bar])
        out[bar] = 0.5 * (reach * reach) - (2 * math.log(2.0) - 1) * (body * body)
    return out


@kernel
def rogers_satchell_terms(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """ln(high / open) ln(high / close) + ln(low / open) ln(low / close); 0 for a bar that only rises or only falls."""
    out = np.empty(len(close))
    for bar in range(len(out)):
        up, down, body = (
            math.log(high[bar] / open[bar]),
            math.log(low[bar] / open[bar]),
            math.log(close[bar] / open[bar]),
        )
        out[bar] = up * (up - body) + down * (down - body)
    return out


@kernel
def yang_zhang_variances(open: Floats, high: Floats, low: Floats, close: Floats, spans: Integers, out: Floats) -> None:
    """Write the variance a bar of the last `spans[k]` bars, of the leap from the close before too, to `out[k, bar]`."""
    bars = len(close)
    leaps, bodies = np.empty(max(0, bars - 1)), np.empty(max(0, bars - 1))
    for i in range(len(leaps)):
        leaps[i] = math.log(open[i + 1] / close[i])
        bodies[i] = math.log(close[i + 1] / open[i + 1])
    shape = (len(spans), len(leaps))
    between, inside, within, mean = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    moving_moments(leaps, spans, mean, between)
    moving_moments(bodies, spans, mean, inside)
    moving_means(rogers_satchell_terms(open[1:], high[1:], low[1:], close[1:]), spans, within)
    for k in range(len(spans)):
        span = spans[k]
        unbiased = span / (span - 1.0)
        weight = 0.34 / (1.34 + (span + 1.0) / (span - 1.0))
        out[k, :1] = np.nan
        column, a, b, c = out[k, 1:], between[k], inside[k], within[k]
        for i in range(len(column)):
            column[i] = (a[i] + weight * b[i]) * unbiased + (1.0 - weight) * c[i]


@kernel
def return_terms(close: Floats) -> Floats:
    """Four rows over the one-bar log returns r: r², |r| × |r before|, r² where r < 0, r² where r > 0.

    The first bar has no return and the second no return before: NaN.
    """
    bars = len(close)
    out = np.empty((4, bars))
    out[:, : min(1, bars)] = np.nan
    before = np.nan
    for bar in range(1, bars):
        change = math.log(close[bar] / close[bar - 1])
        square = change * change
        out[0, bar] = square
        out[1, bar] = abs(change) * before
        out[2, bar] = square if change < 0.0 else 0.0
        out[3, bar] = square if change > 0.0 else 0.0
        before = abs(change)
    return out


@kernel
def to_deviations(variances: Floats, scale: float) -> None:
    """Replace each variance by `scale` × its root; what rounding left below 0 counts as 0."""
    for k in range(len(variances)):
        column = variances[k]
        for i in range(len(column)):
            column[i] = scale * math.sqrt(0.0 if column[i] < 0.0 else column[i])


@kernel
def hurst_exponents(close: Floats, spans: Integers, out: Floats) -> None:
    """Write the growth of price moves with their length over the last `spans[k]` closes, in [0, 1], to `out[k, bar]`.

    It is the slope of ½ ln(mean squared log move) over ln(lag) for the lags 1, 2, 4 … up to a quarter of the span,
    by least squares; 0.5 where there is no move at all over some lag.
    """
    bars = len(close)
    logs = np.empty(bars)
    for bar in range(bars):
        logs[bar] = math.log(close[bar])
    for k in range(len(spans)):
        span = spans[k]
        out[k] = np.nan
        if bars < span:
            continue
        lags = 1
        while 4 * 2**lags <= span:
            lags += 1
        column = out[k, span - 1 :]
        column[:] = 0.0
        still = np.zeros(len(column), np.bool_)
        spread = 0.0
        for j in range(lags):
            spread += (j - 0.5 * (lags - 1)) ** 2
        for j in range(lags):
            lag = 2**j
            squares = np.empty(bars - lag)
            for i in range(len(squares)):
                move = logs[i + lag] - logs[i]
                squares[i] = move * move
            means = np.empty((1, bars - lag))
            moving_means(squares, np.array([span - lag]), means)
            weight = (j - 0.5 * (lags - 1)) / (spread * math.log(2.0)) * 0.5
            for i in range(len(column)):
                mean = means[0, span - lag - 1 + i]
                if mean > 0.0:
                    column[i] += weight * math.log(mean)
                elif mean == 0.0:
                    still[i] = True
                else:
                    column[i] = np.nan
        for i in range(len(column)):
            column[i] = 0.5 if still[i] else 0.0 if column[i] < 0.0 else 1.0 if column[i] > 1.0 else column[i]
