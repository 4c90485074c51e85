"""How the values of a column are spread, and how long they last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BINS = 40
SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
FLAT = 1e-10
"""A spread, as a share of the values' size, that is the rounding of equal values."""


@attrs.frozen
class Shape:
    """What a column's values are like; numbers that do not exist are NaN."""

    rows: int
    known: int
    """Rows that have a number."""
    first: int | None
    """The first of them."""
    mean: float
    deviation: float
    skew: float
    excess: float
    """Kurtosis less that of a normal distribution, 3."""
    quantiles: tuple[float, ...]
    """At `SHARES`."""
    levels: int
    """Different values."""
    counts: tuple[int, ...]
    """Rows in each of `BINS` equal steps from the first to the ninety-ninth hundredth."""
    below: int
    """Rows under the first step."""
    above: int


def shape(column: Floats) -> Shape:
    """Measure a column; moments are those of the rows at hand, without corrections for small samples."""
    known = np.isfinite(column)
    values = column[known]
    if not len(values):
        nothing = (math.nan,) * len(SHARES)
        return Shape(len(column), 0, None, math.nan, math.nan, math.nan, math.nan, nothing, 0, (), 0, 0)
    mean = float(values.mean())
    away = values - mean
    deviation = float(np.sqrt(np.mean(away * away)))
    skew = excess = math.nan
    if deviation > FLAT * abs(mean):
        scaled = away / deviation
        skew, excess = float(np.mean(scaled**3)), float(np.mean(scaled**4)) - 3.0
    quantiles = np.quantile(values, SHARES)
    low, high = float(quantiles[1]), float(quantiles[-2])
    counts: tuple[int, ...] = ()
    if high > low:
        counts = tuple(np.histogram(values, bins=BINS, range=(low, high))[0].tolist())
    return Shape(
        rows=len(column),
        known=len(values),
        first=int(np.argmax(known)),
        mean=mean,
        deviation=deviation,
        skew=skew,
        excess=excess,
        quantiles=tuple(quantiles.tolist()),
        levels=len(np.unique(values)),
        counts=counts,
        below=int((values < low).sum()),
        above=int((values > high).sum()),
    )


def autocorrelations(column: Floats, lags: Sequence[int]) -> list[float]:
    """How a column goes together with itself a lag of bars before, -1 to 1; NaN where it does not move or is short.

    Deviations are from the mean of all known rows; a pair counts where both are known (Parzen 1963).
    """
    known = np.isfinite(column)
    rows = int(known.sum())
    if not rows:
        return [math.nan] * len(lags)
    mean = column[known].mean()
    away = np.where(known, column - mean, 0.0)
    spread = float(np.dot(away, away)) / rows
    if math.sqrt(spread) <= FLAT * abs(float(mean)):
        return [math.nan] * len(lags)
    size = 1 << (2 * len(column) - 1).bit_length()
    products = _with_itself(away, size)
    pairs = _with_itself(known.astype(np.float64), size)
    found = []
    for lag in lags:
        count = round(float(pairs[lag])) if lag < len(column) else 0
        found.append(float(products[lag]) / count / spread if count > 1 else math.nan)
    return found


def _with_itself(values: Floats, size: int) -> Floats:
    turned = np.fft.rfft(values, size)
    out: Floats = np.fft.irfft(turned * np.conj(turned), size)
    return out


def spaced(last: int, most: int = 48) -> list[int]:
    """Whole numbers from 1 to `last`, ever farther apart."""
    return sorted({round(step) for step in np.geomspace(1, max(last, 1), most).tolist()})
