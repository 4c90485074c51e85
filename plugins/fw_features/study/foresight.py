"""How well a column ranks what prices do next, and how far that may be luck."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw_features.study.ranks import ranks, standard_ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_WINDOWS = 10
"""Stretches of the horizon's length, side by side, below which nothing is said."""
BUCKETS = 10


@attrs.frozen
class Foresight:
    """A rank information coefficient with its error."""

    coefficient: float
    """Spearman's correlation of the column with the forward return, -1 to 1."""
    error: float
    """Its standard error after Newey and West 1987: returns over overlapping stretches are not news each bar."""
    chance: float
    """How often a column that knows nothing shows as much, by Student's t; two-sided."""
    rows: int

    @property
    def t(self) -> float:
        """The coefficient in standard errors."""
        return self.coefficient / self.error if self.error > 0.0 else math.copysign(math.inf, self.coefficient)


def forward_returns(opens: Floats, horizon: int) -> Floats:
    """ln(open a horizon later / open) from the next bar's open, the first price a decision can have; NaN at the end."""
    out = np.full(len(opens), np.nan)
    if len(opens) > horizon + 1:
        logs = np.log(opens)
        out[: -horizon - 1] = logs[horizon + 1 :] - logs[1:-horizon]
    return out


def foresight(column: Floats, forward: Floats, horizon: int) -> Foresight | None:
    """The rank information coefficient of a column for returns over `horizon` bars; None where there is too little.

    It is the slope of the return's standard rank on the column's, and its error that of least squares with Bartlett
    weights over `lags(...)` bars; rows that are not known weigh nothing and keep their place in time. Student's t has
    the degrees of freedom that such a sum over lags leaves: 1.5 × rows / (lags + 1).
    """
    known = np.isfinite(column) & np.isfinite(forward)
    rows = int(known.sum())
    if rows < LEAST_WINDOWS * horizon:
        return None
    told, came = standard_ranks(column[known]), standard_ranks(forward[known])
    if told is None or came is None:
        return None
    coefficient = float(np.mean(told * came))
    surprise = np.zeros(len(column))
    surprise[known] = told * (came - coefficient * told)
    reach = lags(rows, horizon)
    error = math.sqrt(max(long_run_sum(surprise, reach), 0.0)) / rows
    if error < 1e-12:  # one tells the other exactly
        return Foresight(coefficient, 0.0, 0.0 if abs(coefficient) > 0.5 else 1.0, rows)
    return Foresight(coefficient, error, two_sided(coefficient / error, 1.5 * rows / (reach + 1)), rows)


def lags(rows: int, horizon: int) -> int:
    """Bars over which surprises may hang together: twice the overlap, at least 4 (rows / 100)^(2/9).

    Weights fall with the distance, so once the overlap would leave out half of what the overlap brings.
    """
    return max(int(4 * (rows / 100) ** (2 / 9)), 2 * (horizon - 1))


def long_run_sum(values: Floats, reach: int) -> float:
    """Σ values² + 2 Σ (1 − lag / (reach + 1)) Σ values × values a lag before, lags 1 to `reach`."""
    size = 1 << (2 * len(values) - 1).bit_length()
    turned = np.fft.rfft(values, size)
    products = np.fft.irfft(turned * np.conj(turned), size)[: reach + 1]
    weights = 1.0 - np.arange(1, len(products)) / (reach + 1)
    return float(products[0] + 2.0 * np.dot(weights, products[1:]))


def bucket_means(column: Floats, forward: Floats) -> list[float] | None:
    """The mean forward return of the rows in each tenth of the column, lowest first; None where it has no ten places.

    Equal values stand in one tenth, so that a tenth of few levels may be empty: NaN.
    """
    known = np.isfinite(column) & np.isfinite(forward)
    rows = int(known.sum())
    if rows < LEAST_WINDOWS * BUCKETS:
        return None
    bucket = np.minimum(((ranks(column[known]) - 0.5) * BUCKETS / rows).astype(np.int64), BUCKETS - 1)
    count = np.bincount(bucket, minlength=BUCKETS)
    total = np.bincount(bucket, weights=forward[known], minlength=BUCKETS)
    return [float(t / n) if n else math.nan for t, n in zip(total.tolist(), count.tolist(), strict=True)]


def holm(chances: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which of many tests stand when the whole family may err once in 1 / `level` times (Holm 1979)."""
    order = sorted(range(len(chances)), key=lambda k: chances[k])
    stands = [False] * len(chances)
    for place, k in enumerate(order):
        if chances[k] > level / (len(chances) - place):
            break
        stands[k] = True
    return stands


def two_sided(t: float, freedom: float) -> float:
    """How often Student's t with so many degrees of freedom is at least as far from zero."""
    return _beta_share(freedom / (freedom + t * t), freedom / 2.0, 0.5)


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (DLMF 8.17.22, after Lentz)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_share(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    tiny = 1e-300
    upper, lower = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0) or tiny)
    share = lower
    for m in range(1, 400):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            lower = 1.0 / (1.0 + term * lower or tiny)
            upper = 1.0 + term / upper or tiny
            share *= lower * upper
        if abs(lower * upper - 1.0) < 1e-15:
            break
    return front * share / a
