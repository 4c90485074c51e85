"""A position in walked bars leaves where a plain walk from price to price, in whole ticks, finds its way out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import isnan, nan
from types import ModuleType
from typing import Any

import attrs
import numpy as np
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


@attrs.frozen(kw_only=True)
class Wanted:
    """A position and how it is let in and out, in ticks, turned so that it is long: prices of a short one are negative.

    NaN: at the next open; no such protection.
    """

    limit: float
    stop: float
    take: float
    trailing: float
    through: int


Event = tuple[int, int, str, float]
"""Bar, third, reason and price."""


def walk(bars: Sequence[list[int]], wanted: Wanted) -> list[Event]:
    """The entry and the exit of a position on the way through the corners of each bar, where there are any."""
    events: list[Event] = []
    best = float("-inf")
    for i, prices in enumerate(bars[1:], start=1):
        # the first step is the open alone, which may have passed a level by a gap
        steps = [(0, prices[0], prices[0])] + [(third, *pair) for third, pair in enumerate(pairwise(prices))]
        for number, (third, here, there) in enumerate(steps):
            if not events:
                first = i == 1 and number == 0
                if isnan(wanted.limit) or (first and here <= wanted.limit):
                    events.append((i, third, "signal", here))
                elif there <= wanted.limit - wanted.through:
                    events.append((i, third, "signal", wanted.limit))
                    here = min(here, wanted.limit)
                else:
                    continue
                best = events[0][3]
            best = max(best, here)
            levels = {"stop": wanted.stop, "trailing": best - wanted.trailing}
            reason = max((name for name in levels if not isnan(levels[name])), key=levels.__getitem__, default="")
            if reason and there <= levels[reason]:
                return [*events, (i, third, reason, min(here, levels[reason]))]
            if there >= wanted.take + wanted.through:
                return [*events, (i, third, "take_profit", wanted.take)]
            best = max(best, there)
    return events


@settings(max_examples=max(150, settings.default.max_examples))
@given(
    seed=st.integers(0, 2**32 - 1),
    path=st.sampled_from(["ohlc", "adaptive"]),
    side=st.sampled_from([1, -1]),
    limit=st.one_of(st.none(), st.integers(1, 150)),
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
    limit: int | None,
    stop: int | None,
    take: int | None,
    trailing: int | None,
    through: int,
) -> None:
    bars = random_bars(np.random.default_rng(seed))
    close = bars[0][3]
    entry = close - side * (limit or 0)
    at = {
        "limit": nan if limit is None else entry,
        "stop_loss": nan if stop is None else entry - side * stop,
        "take_profit": nan if take is None else entry + side * take,
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
    wanted = Wanted(
        limit=side * at["limit"],
        stop=side * at["stop_loss"],
        take=side * at["take_profit"],
        trailing=at["trailing"],
        through=through,
    )
    expected = walk([[side * price for price in corners(bar, path)] for bar in bars], wanted)

    assert result.totals["ambiguous_bars"] == 0
    fills = result.fills
    found = [(int(time), str(reason)) for time, reason in zip(fills["time"], fills["reason"], strict=True)]
    assert found == [(i * HOUR + third * HOUR // 3, reason) for i, third, reason, _ in expected]
    np.testing.assert_allclose(fills["price"], [side * price / 10 for *_, price in expected], rtol=1e-12)
    if len(expected) == 2:
        assert result.trades["bars"][0] == expected[1][0] - expected[0][0]
