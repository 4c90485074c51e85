"""The market in weeks: how far each instrument goes, how wild the week is, where it jumps, how dear it is to be long.

A week is the block everything is made of. Its draws depend on its number and on nothing else, so any stretch of any
instrument can be made alone. Weeks count from the anchor, forwards and backwards.
"""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.time import WEEK, YEAR, parse_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw_synthetic.plugin import Synthetic

ANCHOR = parse_time("2021-12-27")
"""The Monday on which week 0 begins, and on which every instrument has its first price."""

SLOTS = 16
"""Jumps a week has room for, of the whole market and of each instrument; each slot is seldom taken."""

JUMP = 0.02
"""Standard deviation of a jump, in log price."""

CALM = (0.9, 0.45)
"""How much of a week's log volatility lasts into the next, and its standard deviation."""

BASIS = (0.8, 4e-4, 1e-4)
"""The same of the basis (perpetual over index, less one), and its mean."""

INTEREST = (0.9, 0.25)
"""The same of the log of open interest."""


@attrs.frozen(eq=False)
class Weeks:
    """Consecutive weeks of one instrument; `first` is the number of the first one."""

    first: int
    level: NDArray[np.float64]
    """[week]: log of the price at its beginning, over the price at the anchor."""
    scale: NDArray[np.float64]
    """[week]: standard deviation of its log return without jumps."""
    move: NDArray[np.float64]
    """[week]: that return, in units of its scale."""
    drift: float
    """Mean log return of a week."""
    jump: NDArray[np.float64]
    """[week, slot]: log returns, 0 in a slot that is not taken."""
    jump_at: NDArray[np.float64]
    """[week, slot]: when, as a share of the week."""
    basis: NDArray[np.float64]
    """[week + 1]: around the beginning of each week, and of the one after the last."""
    interest: NDArray[np.float64]
    """[week + 1]: log of open interest over its usual size, likewise."""


def stream(*key: object) -> np.random.Generator:
    """Randomness that belongs to a key, the same in every process."""
    digest = hashlib.sha256(" ".join(map(str, key)).encode()).digest()
    return np.random.Generator(np.random.SFC64(np.frombuffer(digest, "<u4").tolist()))


def weeks(spec: Synthetic, symbol: str, first: int, last: int) -> Weeks:
    """Weeks `first` to `last`, both included; they are the same whatever else is asked for."""
    low, high = min(first, 0), max(last, 0) + 1
    per_year = YEAR / WEEK
    market = _normals(("market", spec.seed), low, high, 2)
    own = _normals(("own", spec.seed, symbol), low, high, 3)

    persistence, spread = CALM
    smooth = max(spec.volatility**2 - spec.jumps * JUMP**2, spec.volatility**2 / 4)  # variance that is not jumps
    # the mean of exp(2x) is exp(2 spread²), which is taken out again
    scale = math.sqrt(smooth / per_year) * np.exp(_lasting(market[:, 0], persistence, low) * spread - spread**2)
    shared = spec.correlation
    move = math.sqrt(shared) * market[:, 1] + math.sqrt(1.0 - shared) * own[:, 0]
    market_jump, market_at = _jumps(("market jumps", spec.seed), low, high, spec.jumps * shared / per_year)
    own_jump, own_at = _jumps(("own jumps", spec.seed, symbol), low, high, spec.jumps * (1.0 - shared) / per_year)
    jump = np.concatenate([market_jump, own_jump], axis=1)
    gone = np.concatenate([[0.0], np.cumsum(scale * move + jump.sum(axis=1) + spec.drift / per_year)])
    level = gone[:-1] - gone[-low]

    persistence, spread, mean = BASIS
    # rising weeks make it dear to be long
    basis = mean + spread * _lasting(0.6 * move + 0.8 * own[:, 1], persistence, low)
    interest = INTEREST[1] * _lasting(own[:, 2], INTEREST[0], low)
    rows, ends = slice(first - low, last - low + 1), slice(first - low, last - low + 2)
    return Weeks(
        first=first,
        level=level[rows],
        scale=scale[rows],
        move=move[rows],
        drift=spec.drift / per_year,
        jump=jump[rows],
        jump_at=np.concatenate([market_at, own_at], axis=1)[rows],
        basis=basis[ends],
        interest=interest[ends],
    )


def _normals(key: tuple[object, ...], low: int, high: int, columns: int) -> NDArray[np.float64]:
    """[week, column] for weeks `low` (at most 0) to `high`, grown from week 0 in both directions."""
    after = stream(*key, "after").standard_normal((high + 1, columns))
    before = stream(*key, "before").standard_normal((-low, columns))
    return np.concatenate([before[::-1], after])


def _jumps(
    key: tuple[object, ...], low: int, high: int, per_week: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sizes and places, each [week, slot]."""
    sizes = JUMP * _normals((*key, "size"), low, high, SLOTS)
    after = stream(*key, "place", "after").random((high + 1, 2 * SLOTS))
    before = stream(*key, "place", "before").random((-low, 2 * SLOTS))
    draws = np.concatenate([before[::-1], after])
    return np.where(draws[:, :SLOTS] < per_week / SLOTS, sizes, 0.0), draws[:, SLOTS:]


def _lasting(shocks: NDArray[np.float64], persistence: float, low: int) -> NDArray[np.float64]:
    """A stationary process of variance 1 in which every week keeps part of its neighbour nearer to week 0."""
    fresh = math.sqrt(1.0 - persistence**2)
    out = shocks.copy()
    for week in range(-low + 1, len(out)):
        out[week] = persistence * out[week - 1] + fresh * shocks[week]
    for week in range(-low - 1, -1, -1):
        out[week] = persistence * out[week + 1] + fresh * shocks[week]
    return out
