"""What one bar's prices say of the variance around it: terms that estimators of volatility average over a window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel
from fw_features.kernels import moving_means
from fw_features.logs import log_quotients
from fw_features.moments import moving_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


CHUNK = 1024  # bars worked on at a time, so that their logarithms stay in the processor's nearest cache


@kernel
def parkinson_terms(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write ln(high / low)² / (4 ln 2)."""
    log_quotients(high, low, out)
    for bar in range(len(out)):
        out[bar] = out[bar] * out[bar] / (4 * math.log(2.0))


@kernel
def garman_klass_terms(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write ½ ln(high / low)² − (2 ln 2 − 1) ln(close / open)²."""
    log_quotients(high, low, out)
    bodies = np.empty(CHUNK)
    for start in range(0, len(out), CHUNK):
        part = slice(start, min(start + CHUNK, len(out)))
        reach = out[part]
        body = bodies[: len(reach)]
        log_quotients(close[part], open[part], body)
        for i in range(len(reach)):
            reach[i] = 0.5 * (reach[i] * reach[i]) - (2 * math.log(2.0) - 1) * (body[i] * body[i])


@kernel
def rogers_satchell_terms(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write ln(high / open) ln(high / close) + ln(low / open) ln(low / close).

    It is 0 for a bar that only rises or only falls.
    """
    logs = np.empty((4, CHUNK))
    for start in range(0, len(out), CHUNK):
        part = slice(start, min(start + CHUNK, len(out)))
        term = out[part]
        a, b, c, d = logs[0, : len(term)], logs[1, : len(term)], logs[2, : len(term)], logs[3, : len(term)]
        log_quotients(high[part], open[part], a)
        log_quotients(high[part], close[part], b)
        log_quotients(low[part], open[part], c)
        log_quotients(low[part], close[part], d)
        for i in range(len(term)):
            term[i] = a[i] * b[i] + c[i] * d[i]


@kernel
def yang_zhang_variances(open: Floats, high: Floats, low: Floats, close: Floats, spans: Integers, out: Floats) -> None:
    """Write the variance a bar of the last `spans[k]` bars, of the leap from the close before too, to `out[k, bar]`."""
    bars = len(close)
    leaps, bodies = np.empty(max(0, bars - 1)), np.empty(max(0, bars - 1))
    log_quotients(open[1:], close[: len(leaps)], leaps)
    log_quotients(close[1:], open[1:], bodies)
    shape = (len(spans), len(leaps))
    between, inside, within, mean = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    moving_moments(leaps, spans, mean, between)
    moving_moments(bodies, spans, mean, inside)
    terms = np.empty(len(leaps))
    rogers_satchell_terms(open[1:], high[1:], low[1:], close[1:], terms)
    moving_means(terms, spans, within)
    for k in range(len(spans)):
        span = spans[k]
        unbiased = span / (span - 1.0)
        weight = 0.34 / (1.34 + (span + 1.0) / (span - 1.0))
        out[k, :1] = np.nan
        column, a, b, c = out[k, 1:], between[k], inside[k], within[k]
        for i in range(len(column)):
            column[i] = (a[i] + weight * b[i]) * unbiased + (1.0 - weight) * c[i]


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
    log_quotients(close, np.ones(bars), logs)
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
