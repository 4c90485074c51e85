"""What one bar's prices say of the variance around it: terms that estimators of volatility average over a window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import CHUNK, largest_of, moving_means
from fw_features.logs import log_quotients
from fw_features.moments import moving_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

PARKINSON, GARMAN_KLASS, ROGERS_SATCHELL = range(3)


@kernel
def parkinson_terms(high: Floats, low: Floats, out: Floats) -> None:
    """Write ln(high / low)² / (4 ln 2)."""
    log_quotients(high, low, out)
    share = 1.0 / (4 * math.log(2.0))
    for i in range(len(out)):
        out[i] = share * (out[i] * out[i])


@kernel
def garman_klass_terms(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write ½ ln(high / low)² − (2 ln 2 − 1) ln(close / open)²."""
    bodies = np.empty(len(out))
    log_quotients(high, low, out)
    log_quotients(close, open, bodies)
    weight = 2 * math.log(2.0) - 1
    for i in range(len(out)):
        out[i] = 0.5 * (out[i] * out[i]) - weight * (bodies[i] * bodies[i])


@kernel
def rogers_satchell_terms(open: Floats, high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Write ln(high / open) ln(high / close) + ln(low / open) ln(low / close).

    It is 0 for a bar that only rises or only falls.
    """
    a, b, c = np.empty(len(out)), np.empty(len(out)), np.empty(len(out))
    log_quotients(high, open, out)
    log_quotients(high, close, a)
    log_quotients(low, open, b)
    log_quotients(low, close, c)
    for i in range(len(out)):
        out[i] = out[i] * a[i] + b[i] * c[i]


@kernel
def yang_zhang_variances(open: Floats, high: Floats, low: Floats, close: Floats, spans: Integers, out: Floats) -> None:
    """Write the variance a bar of the last `spans[k]` bars, of the leap from the close before too, to `out[k, bar]`."""
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    leaps, bodies, terms = np.empty(chunk + longest), np.empty(chunk + longest), np.empty(chunk + longest)
    shape = (len(spans), chunk + longest)
    between, inside, within, mean = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    out[:, : min(1, bars)] = np.nan
    for start in range(1, bars, chunk):
        end, base = min(start + chunk, bars), max(1, start - longest)
        size, skipped = end - base, start - base
        log_quotients(open[base:end], close[base - 1 : end - 1], leaps[:size])
        log_quotients(close[base:end], open[base:end], bodies[:size])
        moving_moments(leaps[:size], spans, mean, between)
        moving_moments(bodies[:size], spans, mean, inside)
        rogers_satchell_terms(open[base:end], high[base:end], low[base:end], close[base:end], terms[:size])
        moving_means(terms[:size], spans, within)
        for k in range(len(spans)):
            span = spans[k]
            unbiased = span / (span - 1.0)
            weight = 0.34 / (1.34 + (span + 1.0) / (span - 1.0))
            column, a, b, c = out[k, start:end], between[k, skipped:], inside[k, skipped:], within[k, skipped:]
            for i in range(len(column)):
                column[i] = (a[i] + weight * b[i]) * unbiased + (1.0 - weight) * c[i]


@kernel
def deviations_of_terms(
    by: int, open: Floats, high: Floats, low: Floats, close: Floats, spans: Integers, scale: float, out: Floats
) -> None:
    """Write `scale` × the root of the mean of the last `spans[k]` terms, 0 where the mean is below 0.

    The terms are those of one estimator: `PARKINSON`, `GARMAN_KLASS` or `ROGERS_SATCHELL`.
    """
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    near, means = np.empty(chunk + longest), np.empty((len(spans), chunk + longest))
    for start in range(0, bars, chunk):
        end, base = min(start + chunk, bars), max(0, start - longest)
        part = slice(base, end)
        if by == PARKINSON:
            parkinson_terms(high[part], low[part], near[: end - base])
        elif by == GARMAN_KLASS:
            garman_klass_terms(open[part], high[part], low[part], close[part], near[: end - base])
        else:
            rogers_satchell_terms(open[part], high[part], low[part], close[part], near[: end - base])
        moving_means(near[: end - base], spans, means)
        for k in range(len(spans)):
            _roots(means[k, start - base :], scale, out[k, start:end])


@inner
def _roots(variance: Floats, scale: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = scale * math.sqrt(0.0 if variance[i] < 0.0 else variance[i])


@kernel
def to_deviations(variances: Floats, scale: float) -> None:
    """Replace each variance by `scale` × its root; what rounding left below 0 counts as 0."""
    for k in range(len(variances)):
        _roots(variances[k], scale, variances[k])


@kernel
def hurst_exponents(close: Floats, spans: Integers, first: int, out: Floats) -> None:
    """Write the growth of price moves with their length over the last `spans[k]` closes, in [0, 1], to `out[k, bar]`.

    It is the slope of ½ ln(mean squared log move) over ln(lag) for the lags 1, 2, 4 … up to a quarter of the span,
    by least squares; 0.5 where there is no move at all over some lag. Rows before `first` are left NaN.
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
        begin = max(first, span - 1)
        column = out[k, begin:]
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
                mean = means[0, begin - lag + i]
                if mean > 0.0:
                    column[i] += weight * math.log(mean)
                elif mean == 0.0:
                    still[i] = True
                else:
                    column[i] = np.nan
        for i in range(len(column)):
            column[i] = 0.5 if still[i] else 0.0 if column[i] < 0.0 else 1.0 if column[i] > 1.0 else column[i]
