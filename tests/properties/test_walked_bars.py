"""A position in walked bars leaves where a plain walk from price to price, in whole ticks, finds its way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fw

HOUR = 3_600_000_000_000
BARS = 30

Prices = tuple[int, int, int, int]
"""Open, high, low, close in ticks."""


def random_bars(rng: np.random.Generator) -> list[Prices]:
    """Bars that gap now and then, some of them without a body or a shadow."""
    bars = []
    last = 10_000
    for _ in range(BARS):
        opened = last + int(rng.choice([0, 0, rng.integers(-60, 61)]))
        close = opened + int(rng.integers(-80, 81))
        high = max(opened, close) + int(rng.choice([0, rng.integers(0, 60)]))
        low = min(opened, close) - int(rng.choice([0, rng.integers(0, 60)]))
        bars.append((opened, high, low, close))
        last = close
    return bars


def corners(bar: Prices, path: str) -> list[int]:
    """The prices that a bar goes through, in order."""
    opened, high, low, close = bar
    low_first = path == "adaptive" and (
        opened - low < high - opened or (opened - low == high - opened and close > opened)
    )
    return [opened, low, high, close] if low_first else [opened, high, low, close]


def way_out(
    bars: Sequence[Prices], path: str, side: int, stop: float, take: float, trailing: float, through: int
) -> tuple[int, int, str, float] | None:
    """Bar, third, reason and price (in ticks) of the exit of what is entered at the second bar's open.

    All is turned so that the position is long: a short one is long of the negative price. NaN: no such protection.
    """
    best = float("-inf")
    for i, bar in enumerate(bars[1:], start=1):
        prices = [side * price for price in corners(bar, path)]
        walked = [(0, prices[0], prices[0])] + [(third, *pair) for third, pair in enumerate(pairwise(prices))]
        for third, here, there in walked:  # the first of them is the open, which may have passed a level by a gap
            best = max(best, here)
            levels = {"stop": side * stop, "trailing": best - trailing}
            reason = max((name for name in levels if not isnan(levels[name])), key=levels.__getitem__, default="")
            if reason and there <= levels[reason]:
                return i, third, reason, side * min(here, levels[reason])
            if there >= side * take + through:
                return i, third, "take_profit", take
    return None


@settings(max_examples=max(150, settings.default.max_examples))
@given(
    seed=st.integers(0, 2**32 - 1),
    path=st.sampled_from(["ohlc", "adaptive"]),
    side=st.sampled_from([1, -1]),
    stop=st.one_of(st.none(), st.integers(1, 200)),
    take=st.one_of(st.none(), st.integers(1, 200)),
    trailing=st.one_of(st.none(), st.integers(1, 150)),
    through=st.integers(0, 2),
)
def test_the_exit_is_that_of_a_plain_walk(
    make_plan: Callable[..., Any],
    made_up: ModuleType,
    seed: int,
    path: str,
    side: int,
    stop: int | None,
    take: int | None,
    trailing: int | None,
    through: int,
) -> None:
    bars = random_bars(np.random.default_rng(seed))
    close = bars[0][3]
    nan = float("nan")
    at = {
        "stop_loss": nan if stop is None else close - side * stop,
        "take_profit": nan if take is None else close + side * take,
        "trailing": nan if trailing is None else trailing + 0.5,  # between two ticks: no price is on it by chance
    }
    once = np.full((1, BARS), np.nan)
    signals = {name: once.copy() for name in ("strength", *at)}
    signals["strength"][0, 0] = side
    for name, level in at.items():
        signals[name][0, 0] = level / 10
    result = make_plan(
        made_up.market_of([tuple(price / 10 for price in bar) for bar in bars]),
        made_up.Scripted(fw.SignalArrays(**signals)),
        account={"funding": "zero", "margin": "cross", "reserve": 0},
        sizer={"use": "fixed_fraction", "fraction": 0.5},
        simulation={"bar_path": path, "through": through, "slippage": {"bps": 0}},
    ).run(write=False, engine="scan")
    expected = way_out(bars, path, side, at["stop_loss"], at["take_profit"], at["trailing"], through)

    assert result.totals["ambiguous_bars"] == 0
    if expected is None:
        assert result.fills.rows == 1
        return
    i, third, reason, price = expected
    assert result.fills.rows == 2
    assert result.fills["reason"][1] == reason
    assert result.fills["price"][1] == pytest.approx(price / 10, rel=1e-12)
    assert result.fills["time"][1] == i * HOUR + third * HOUR // 3
    assert result.trades["bars"][0] == i - 1
