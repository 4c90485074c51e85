"""What every week of a market that never closes has in common: busy afternoons, quiet nights, quieter weekends."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from fw.domain.time import HOUR, WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOURS = WEEK // HOUR
SCALES = (24 * HOUR, 8 * HOUR, 2 * HOUR, HOUR // 2)
"""Stretches of time that are calm or wild as a whole, one inside the other: their product clusters volatility."""

WILDNESS = 0.3
"""Standard deviation of the log volatility of each."""


@cache
def activity() -> NDArray[np.float64]:
    """[hour of the week, from Monday]: trading relative to the mean hour, in UTC."""
    hour = np.arange(HOURS)
    daily = 1.0 + 0.40 * np.cos(2 * np.pi * (hour - 15) / 24) + 0.12 * np.cos(4 * np.pi * (hour - 14) / 24)
    weekend = np.where(hour >= 5 * 24, 0.6, 1.0)
    shape = daily * weekend
    return np.asarray(shape / shape.mean())


def per_bar(hourly: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """[bar of the week]: the mean of the hours it covers, or that of the hour it lies in."""
    if size >= HOUR:
        return np.asarray(hourly.reshape(-1, size // HOUR).mean(axis=1))
    return np.repeat(hourly, HOUR // size)


def stretches(size: int) -> list[tuple[int, NDArray[np.int64]]]:
    """For every scale longer than a bar: how many stretches a week has, and in which each bar lies."""
    bars = np.arange(WEEK // size, dtype=np.int64) * size
    return [(WEEK // scale, bars // scale) for scale in SCALES if scale > size]
