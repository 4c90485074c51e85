"""What squared and neighbouring returns of a window say: how much of a move is steady, a jump, down or up."""

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


@kernel
def squared_returns(close: Floats, out: Floats) -> None:
    """Write ln(close / close before)²; the first bar has none."""
    out[:1] = np.nan
    squares = out[1:]
    log_quotients(close[1:], close[: len(squares)], squares)
    for i in range(len(squares)):
        squares[i] *= squares[i]


@kernel
def sample_deviations(close: Floats, spans: Integers, scale: float, out: Floats) -> None:
    """Write `scale` × the sample standard deviation (divisor span − 1) of the last `spans[k]` log returns.

    NaN for the first span bars: there is no return before the second.
    """
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    changes = np.empty(chunk + longest)
    means, variances = np.empty((len(spans), chunk + longest)), np.empty((len(spans), chunk + longest))
    out[:, : min(1, bars)] = np.nan
    for start in range(1, bars, chunk):
        end, base = min(start + chunk, bars), max(1, start - longest)
        near = changes[: end - base]
        log_quotients(close[base:end], close[base - 1 : end - 1], near)
        moving_moments(near, spans, means, variances)
        for k in range(len(spans)):
            unbiased = spans[k] / (spans[k] - 1.0)
            _deviations(variances[k, start - base :], unbiased, scale, out[k, start:end])


@inner
def _deviations(variance: Floats, unbiased: float, scale: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = scale * math.sqrt(variance[i] * unbiased)


@kernel
def realised_measures(close: Floats, spans: Integers, scale: float, out: Floats) -> None:
    """Write `scale` × realised, bipower, down and up deviation and the share of jumps, five rows for each span.

    NaN for the first span bars. The rows are realised, bipower, jump, downside, upside.
    """
    shape = (len(spans), max(0, len(close) - 1))
    changes, terms = np.empty(shape[1]), np.empty(shape[1])
    squares, products, falls, rises = np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape)
    log_quotients(close[1:], close[: len(changes)], changes)
    moving_means(changes * changes, spans, squares)
    for i in range(len(changes)):
        terms[i] = changes[i] * changes[i] if changes[i] < 0.0 else 0.0 * abs(changes[i])
    moving_means(terms, spans, falls)
    for i in range(len(changes)):
        terms[i] = changes[i] * changes[i] if changes[i] > 0.0 else 0.0 * abs(changes[i])
    moving_means(terms, spans, rises)
    neighbours = terms[1:]
    for i in range(len(neighbours)):
        neighbours[i] = abs(changes[i + 1]) * abs(changes[i])
    products[:, :1] = np.nan
    moving_means(neighbours, spans - 1, products[:, 1:])
    for k in range(len(spans)):
        out[5 * k : 5 * k + 5, :1] = np.nan
        first = 5 * k
        for i in range(shape[1]):
            square, smooth = squares[k, i], 0.5 * math.pi * products[k, i]
            out[first, i + 1] = scale * math.sqrt(square)
            out[first + 1, i + 1] = scale * math.sqrt(smooth)
            share = 1.0 - smooth / square if square != 0.0 else 0.0
            out[first + 2, i + 1] = 0.0 if share < 0.0 else share
            out[first + 3, i + 1] = scale * math.sqrt(falls[k, i])
            out[first + 4, i + 1] = scale * math.sqrt(rises[k, i])


@kernel
def deviations_of_deviations(close: Floats, spans: Integers, out: Floats) -> None:
    """Write deviation over mean of the last `spans[k]` deviations, each of as many log returns, to `out[k, bar]`."""
    bars = len(close)
    changes = np.empty(max(0, bars - 1))
    log_quotients(close[1:], close[: len(changes)], changes)
    for k in range(len(spans)):
        span = spans[k]
        out[k] = np.nan
        if bars < 2 * span:
            continue
        one = spans[k : k + 1]
        means, variances = np.empty((1, bars - 1)), np.empty((1, bars - 1))
        moving_moments(changes, one, means, variances)
        known = variances[0, span - 1 :]
        for i in range(len(known)):
            known[i] = math.sqrt(known[i])
        means, variances = np.empty((1, len(known))), np.empty((1, len(known)))
        moving_moments(known, one, means, variances)
        mean, variance, column = means[0], variances[0], out[k, span:]
        unbiased = span / (span - 1.0)
        for i in range(len(column)):
            column[i] = math.sqrt(variance[i] * unbiased) / mean[i] if mean[i] != 0.0 else 0.0


@kernel
def log_realised(close: Floats, spans: Integers, scale: float, first: int, out: Floats) -> None:
    """Write ln(`scale` × root of the mean of the last `spans[k]` squared log returns), not below ln(1e-6).

    Of the rows before `first` only the means are written.
    """
    squares = np.empty(len(close))
    squared_returns(close, squares)
    out[:, :1] = np.nan
    moving_means(squares[1:], spans, out[:, 1:])
    for k in range(len(spans)):
        column = out[k]
        for i in range(first, len(column)):
            deviation = scale * math.sqrt(column[i])
            column[i] = math.log(1e-6 if deviation < 1e-6 else deviation)
