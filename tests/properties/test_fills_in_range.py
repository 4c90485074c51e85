"""A fill never beats its bar: without slippage its price was traded in that bar, or marked in it for a liquidation.

One kind of fill lies outside: what rested at a price that the open has passed is filled at its own price, which is
worse for the trader than any in the bar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds
from fw.plan import Plan

BARS = 150
SYMBOLS = ("BTCUSDT", "ETHUSDT")
HAIR = 1e-12

case = given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    terms=st.builds(
        fw.Terms,
        maker=st.just(0.0),
        taker=st.just(0.0005),
        slippage=st.sampled_from([0.0, 0.002, fw.Slippage(half_spread=3.0, volatility=0.3, impact=1.0, span=20)]),
        bar_path=st.sampled_from(["pessimistic", "optimistic"]),
        through=st.integers(0, 2),
        isolated=st.booleans(),
        leverage=st.sampled_from([2.0, 10.0, 100.0]),
        fraction=st.sampled_from([0.5, 5.0, 50.0]),
    ),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    marked=st.booleans(),
)
some = settings(
    max_examples=max(150, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def assert_in_range(simulation: Any) -> Counter[str]:
    """Every fill of a finished simulation was in its bar's range; gives how many of each reason there were."""
    block = simulation.tape.block
    for fill in simulation.fills:
        k, bar, lots = int(fill["instrument"]), int(fill["bar"]), int(fill["lots"])
        liquidated = fill["reason"] == kinds.LIQUIDATION
        marks = kinds.PRICE_FIELDS if liquidated and block.shape[1] == kinds.MARK_FIELDS else 0
        low, high = block[k, marks + kinds.LOW, bar], block[k, marks + kinds.HIGH, bar]
        assert fill["slippage"] >= 0.0, "slippage that pays"
        each = fill["slippage"] / (abs(lots) * simulation.instruments[k].lot)
        seen = fill["price"] - (each if lots > 0 else -each)
        if fill["fee"] == 0.0 and not liquidated:  # a maker: in these runs they alone pay nothing
            assert fill["slippage"] == 0.0
            beats = seen < low * (1 - HAIR) if lots > 0 else seen > high * (1 + HAIR)
            assert not beats, f"{fill} beats [{low}, {high}]"
        else:
            assert low * (1 - HAIR) <= seen <= high * (1 + HAIR), f"{fill} outside [{low}, {high}]"
    return Counter(kinds.REASONS[reason] for reason in simulation.fills["reason"])


@some
@case
def test_fills_of_signals_with_protections(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, SYMBOLS[:count], BARS, wild=wild, marked=marked)
    signals = made_up.random_signals(rng, market)
    columns = {name: getattr(signals, name) for name in kinds.SIGNAL_FIELDS if getattr(signals, name) is not None}
    simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=marked, **columns)
    simulation.advance(BARS)
    assert_in_range(simulation)


@some
@case
def test_fills_of_orders_of_every_kind(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, SYMBOLS[:count], BARS, wild=wild, marked=marked)
    simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=marked)
    for bar in range(BARS):
        simulation.advance(bar + 1)
        made_up.random_actions(rng, simulation, bar)
    assert_in_range(simulation)


@settings(
    max_examples=max(60, settings.default.max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    engine=st.sampled_from(["scan", "loop"]),
    path=st.sampled_from(["pessimistic", "optimistic", "ohlc", "adaptive"]),
    margin=st.sampled_from(["cross", "isolated"]),
    fraction=st.sampled_from([0.5, 5.0]),
    bps=st.sampled_from([0.0, 20.0]),
    wild=st.sampled_from([0.003, 0.02]),
)
def test_fills_of_a_run_by_any_path_through_its_bars(
    make_plan: Callable[..., Plan],
    scripted: Any,
    seed: int,
    engine: str,
    path: str,
    margin: str,
    fraction: float,
    bps: float,
    wild: float,
) -> None:
    market, strategy = scripted(seed, SYMBOLS, BARS, wild=wild)
    plan = make_plan(
        market,
        strategy,
        account={"margin": margin, "leverage": 10, "allow_high_leverage": True},
        sizer={"use": "fixed_fraction", "fraction": fraction},
        simulation={"bar_path": path, "slippage": {"bps": bps}},
    )
    fills = plan.run(write=False, engine=engine).fills
    for symbol in SYMBOLS:
        bars = market.of(symbol).bars
        mine = fills["instrument"] == symbol
        columns = ("time", "quantity", "price", "fee", "slippage", "reason")
        for time, quantity, price, fee, slippage, reason in zip(*(fills[name][mine] for name in columns), strict=True):
            bar = int(np.searchsorted(bars.open_time, time, side="right")) - 1
            low, high = bars.low[bar] * (1 - HAIR), bars.high[bar] * (1 + HAIR)
            seen = price - slippage / quantity
            rested = reason != "liquidation" and fee < 0.0003 * abs(quantity) * price  # 0.02 % against 0.05 %
            assert seen >= low if quantity > 0 else seen <= high
            assert rested or low <= seen <= high


def test_these_markets_fill_for_every_reason(made_up: ModuleType) -> None:
    found: Counter[str] = Counter()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        market = made_up.random_market(rng, SYMBOLS, BARS, wild=0.02, marked=bool(seed % 2))
        signals = made_up.random_signals(rng, market)
        columns = {name: getattr(signals, name) for name in kinds.SIGNAL_FIELDS if getattr(signals, name) is not None}
        terms = fw.Terms(taker=0.0005, fraction=5.0, leverage=20.0, isolated=bool(seed % 3), drawdown_limit=0.8)
        simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=bool(seed % 2), **columns)
        for bar in range(BARS):
            simulation.advance(bar + 1)
            made_up.random_actions(rng, simulation, bar)
        found += assert_in_range(simulation)
    reasons = {"signal", "risk", "order", "stop", "take_profit", "trailing", "liquidation"}
    assert {reason for reason in reasons if found[reason] >= 5} == reasons
