"""Bars of some weeks at once: paths from the beginning of each week to its end, as wild as the hour is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.time import DAY, HOUR, WEEK
from fw_synthetic.rhythm import WILDNESS, activity, per_bar, stretches
from fw_synthetic.weeks import Weeks, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw_synthetic.plugin import Synthetic

TAIL = 5
"""Degrees of freedom of Student's t: fat tails beyond those that changing volatility makes."""

INTERVAL = 8 * HOUR
INTERVALS = WEEK // INTERVAL
BASIS_NOISE, BASIS_FLICKER = 3e-4, 5e-5
"""Standard deviations of the basis: of a funding interval within its week, of a bar within its interval."""


@attrs.frozen(eq=False)
class Climate:
    """What all instruments share in some weeks, each float64[week, bar]."""

    share: NDArray[np.float64]
    """Of the week's variance; a week's shares add up to 1."""
    shock: NDArray[np.float64]
    """Of variance 1."""


@attrs.frozen(eq=False)
class Paths:
    """Bars of one instrument, each float64[week, bar]; prices as multiples of the first price."""

    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    activity: NDArray[np.float64]
    """Trading relative to a mean bar."""


def climate(spec: Synthetic, first: int, count: int, size: int) -> Climate:
    """How wild each bar is, and which way the market as a whole is pushed."""
    bars = WEEK // size
    wild = np.empty((count, bars))
    shock = np.empty((count, bars))
    places = stretches(size)
    for row in range(count):
        moods = stream("moods", spec.seed, first + row)  # without the size: the same days are wild at every size
        log = np.zeros(bars)
        for stretch_count, place in places:
            log += moods.standard_normal(stretch_count)[place]
        wild[row] = log
        shock[row] = stream("market shocks", spec.seed, size, first + row).standard_t(TAIL, bars)
    share = per_bar(activity(), size) * np.exp(2 * WILDNESS * wild)
    share /= share.sum(axis=1, keepdims=True)
    return Climate(share=share, shock=shock * np.sqrt((TAIL - 2) / TAIL))


def paths(spec: Synthetic, symbol: str, plan: Weeks, air: Climate, first: int, size: int) -> Paths:
    """The bars of weeks `first` on, as many as `air` has."""
    count, bars = air.share.shape
    rows = slice(first - plan.first, first - plan.first + count)
    shock, upper, lower, noise = (np.empty((count, bars)) for _ in range(4))
    for row in range(count):
        own = stream("own shocks", spec.seed, symbol, size, first + row)
        shock[row] = own.standard_t(TAIL, bars)
        upper[row] = own.standard_exponential(bars)
        lower[row] = own.standard_exponential(bars)
        noise[row] = own.standard_normal(bars)
    shock *= np.sqrt((1.0 - spec.correlation) * (TAIL - 2) / TAIL)
    shock += np.sqrt(spec.correlation) * air.shock

    # a bridge: the shocks of a week are shifted, in proportion to variance, so that they add up to the week's move
    deviation = np.sqrt(air.share)
    step = deviation * shock
    step += air.share * (plan.move[rows, None] - step.sum(axis=1, keepdims=True))
    step *= plan.scale[rows, None]
    step += plan.drift / bars
    for week, slot in zip(*np.nonzero(plan.jump[rows]), strict=True):
        step[week, int(plan.jump_at[rows][week, slot] * bars)] += plan.jump[rows][week, slot]

    end = plan.level[rows, None] + np.cumsum(step, axis=1)
    begin = np.concatenate([plan.level[rows, None], end[:, :-1]], axis=1)
    # the highest point of a Brownian path between two known ends, and the lowest
    variance = 2.0 * (plan.scale[rows, None] ** 2) * air.share
    high = begin + 0.5 * (step + np.sqrt(step * step + variance * upper))
    low = begin + 0.5 * (step - np.sqrt(step * step + variance * lower))

    shape = per_bar(activity(), size)
    busy = shape**0.5 * (air.share * bars) ** 0.5 * (0.55 + 0.6 * np.abs(shock)) * np.exp(0.3 * noise)
    calm = (plan.scale[rows, None] / (spec.volatility * np.sqrt(WEEK / (365 * DAY)))) ** 0.7
    return Paths(open=np.exp(begin), high=np.exp(high), low=np.exp(low), close=np.exp(end), activity=busy * calm)


def premium(spec: Synthetic, symbol: str, plan: Weeks) -> NDArray[np.float64]:
    """[week, interval]: the mean basis of every funding interval of 8 hours."""
    count = len(plan.level)
    noise = np.stack(
        [stream("premium", spec.seed, symbol, plan.first + row).standard_normal(INTERVALS) for row in range(count)]
    )
    along = np.arange(INTERVALS) / INTERVALS
    return plan.basis[:-1, None] * (1.0 - along) + plan.basis[1:, None] * along + BASIS_NOISE * noise


def basis(spec: Synthetic, symbol: str, plan: Weeks, first: int, count: int, size: int) -> NDArray[np.float64]:
    """[week, bar]: the basis at every close."""
    bars = WEEK // size
    interval = (np.arange(1, bars + 1) * size - 1) // INTERVAL
    rows = slice(first - plan.first, first - plan.first + count)
    flicker = np.stack(
        [stream("flicker", spec.seed, symbol, size, first + row).standard_normal(bars) for row in range(count)]
    )
    return premium(spec, symbol, plan)[rows][:, interval] + BASIS_FLICKER * flicker


def interest(spec: Synthetic, symbol: str, plan: Weeks) -> NDArray[np.float64]:
    """[week, hour]: open interest over its usual size."""
    hours = WEEK // HOUR
    count = len(plan.level)
    noise = np.stack(
        [stream("interest", spec.seed, symbol, plan.first + row).standard_normal(hours) for row in range(count)]
    )
    along = np.arange(hours) / hours
    log = plan.interest[:-1, None] * (1.0 - along) + plan.interest[1:, None] * along
    return np.exp(log + 0.004 * noise)
