"""Bars marked together, and steps that leave out what cannot happen, end where stepping through every bar does.

The witness decides by hand, bar by bar, on terms that resize at a drift which no position ever has: such terms are
never calm, and what comes bar by bar knows nothing of the bars around it.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds
from fw.parts.broker import Slippage

SYMBOLS = tuple(f"{name}USDT" for name in "ABCDE")
HUGE = 1e300


def script(rng: np.random.Generator, close: np.ndarray, every: int, wide: float) -> list[dict[int, fw.Signal]]:
    """Per instrument: at which bars which signal comes, most of them with a bracket around the close."""
    scripts: list[dict[int, fw.Signal]] = []
    for prices in close:
        bars = np.flatnonzero(rng.random(len(prices)) < 1 / every)
        signals = {}
        for b in bars.tolist():
            strength = float(rng.choice([1.0, -1.0, 0.5, 0.0]))
            side = np.sign(strength) * wide * float(prices[b])
            protected = strength != 0.0 and rng.random() < 0.7
            signals[b] = fw.Signal(
                strength,
                stop_loss=float(prices[b] - side) if protected else None,
                take_profit=float(prices[b] + 2 * side) if protected and rng.random() < 0.7 else None,
                trailing=float(abs(side)) if strength != 0.0 and rng.random() < 0.1 else None,
            )
        scripts.append(signals)
    return scripts


def arrays_of(scripts: list[dict[int, fw.Signal]], bars: int) -> dict[str, np.ndarray]:
    """The same as columns, NaN where nothing new is said."""
    columns = {name: np.full((len(scripts), bars), np.nan) for name in kinds.SIGNAL_FIELDS[:4]}
    for k, signals in enumerate(scripts):
        for b, signal in signals.items():
            for name, column in columns.items():
                value = getattr(signal, name)
                column[k, b] = np.nan if value is None else value
    return columns


def by_hand(venue: Any, scripts: list[dict[int, fw.Signal]], bars: int) -> Any:
    """Step through every bar, and decide at each close."""
    for b in range(bars):
        venue.advance(b + 1)
        for k, signals in enumerate(scripts):
            if b in signals:
                venue.wish(k, signals[b], unit=int(kinds.BY_STRENGTH), amount=0.0, force=int(kinds.NONE))
        venue.decide(b, placing=True)
    return venue


@pytest.mark.parametrize("protected", [True, False])
@settings(max_examples=max(60, settings.default.max_examples // 4), deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 5),
    isolated=st.booleans(),
    leverage=st.sampled_from([1.0, 5.0, 20.0, 100.0]),
    size=st.sampled_from([0.05, 0.3, 1.0, 6.0]),
    drawdown=st.sampled_from([np.inf, np.inf, 0.1, 0.5]),
    every=st.sampled_from([3, 20, 150]),
    wide=st.sampled_from([0.004, 0.02, 0.2]),
    wild=st.sampled_from([0.001, 0.01, 0.04]),
    marked=st.booleans(),
    slippage=st.sampled_from([0.0, 1e-4, Slippage(share=1e-4, impact=1.0, volatility=0.1, span=12)]),
    path=st.sampled_from(["pessimistic", "optimistic"]),
)
def test_a_calm_account_ends_where_one_stepped_through_does(
    made_up: ModuleType,
    protected: bool,
    seed: int,
    count: int,
    isolated: bool,
    leverage: float,
    size: float,
    drawdown: float,
    every: int,
    wide: float,
    wild: float,
    marked: bool,
    slippage: float | Slippage,
    path: str,
) -> None:
    rng = np.random.default_rng(seed)
    bars = 400
    market = made_up.random_market(rng, SYMBOLS[:count], bars, wild=wild, marked=marked)
    close = np.stack([series.bars.close for series in market.series.values()])
    scripts = script(rng, close, every, wide)
    columns = arrays_of(scripts, bars)
    if not protected:
        scripts = [{b: fw.Signal(signal.strength) for b, signal in signals.items()} for signals in scripts]
        columns = {"strength": columns["strength"]}
    terms: dict[str, Any] = {
        "taker": 5e-4,
        "maker": 2e-4,
        "slippage": slippage,
        "isolated": isolated,
        "leverage": leverage,
        "fraction": size * leverage / count,
        "drawdown_limit": drawdown,
        "bar_path": path,
    }
    whole = made_up.venue_of(market, fw.Terms(**terms), capital=10_000.0, with_marks=marked, **columns)
    whole.advance(bars)
    stepped = made_up.venue_of(market, fw.Terms(**terms, rebalance=HUGE), capital=10_000.0, with_marks=marked)
    by_hand(stepped, scripts, bars)
    np.testing.assert_array_equal(whole.equity, stepped.equity)
    for name in ("fills", "orders", "decisions"):
        one, other = getattr(whole, name), getattr(stepped, name)
        assert len(one) == len(other), name
        for field in one.dtype.names:
            np.testing.assert_array_equal(one[field], other[field], err_msg=f"{name}.{field}")
    for field in kinds.ACCOUNT.names or ():
        if field not in ("rebalance", "safe"):
            np.testing.assert_array_equal(whole.account[field], stepped.account[field], err_msg=field)
    paid = whole.count("payments")
    np.testing.assert_array_equal(whole.payments["amount"][:paid], stepped.payments["amount"][:paid])


def test_a_second_run_on_the_same_tape_sees_what_the_first_saw(made_up: ModuleType) -> None:
    rng = np.random.default_rng(7)
    market = made_up.random_market(rng, SYMBOLS[:2], 500, wild=0.01, marked=True)
    strength = np.sign(rng.standard_normal((2, 500)))
    first = made_up.venue_of(market, fw.Terms(fraction=2.0, leverage=10.0), with_marks=True, strength=strength)
    first.advance(500)
    marks = first.tape.block[:, kinds.PRICE_FIELDS :]
    for block in range(500 // kinds.BLOCK):
        bars = slice(block * kinds.BLOCK, (block + 1) * kinds.BLOCK)
        seen = first.tape.extremes[:, :, block]
        known = ~np.isnan(seen[:, 0])
        np.testing.assert_array_equal(seen[known, 0], marks[known, kinds.LOW, bars].min(axis=1))
        np.testing.assert_array_equal(seen[known, 1], marks[known, kinds.HIGH, bars].max(axis=1))
    assert not np.isnan(first.tape.extremes).all()
