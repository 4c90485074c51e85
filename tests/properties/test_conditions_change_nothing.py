"""The way through a bar that orders with conditions take gives plain orders and signals the same bytes."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS = 150
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def left_by(simulation: Any) -> dict[str, bytes]:
    """Everything that a run leaves, as bytes."""
    names = ("account", "positions", "orders", "working", "fills", "decisions", "equity")
    found = {name: np.ascontiguousarray(getattr(simulation, name)).tobytes() for name in names}
    return {**found, "payments": simulation.payments[: simulation.count("payments")].tobytes()}


@settings(
    max_examples=max(60, settings.default.max_examples // 4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    explicit=st.booleans(),
    terms=st.builds(
        fw.Terms,
        maker=st.just(0.0002),
        taker=st.just(0.0005),
        slippage=st.sampled_from([0.0, fw.Slippage(share=0.001, impact=0.5, span=20)]),
        bar_path=st.sampled_from(["pessimistic", "optimistic", "ohlc"]),
        participation=st.sampled_from([float("inf"), 0.02]),
        isolated=st.booleans(),
        leverage=st.sampled_from([1.0, 20.0]),
        fraction=st.sampled_from([0.5, 5.0]),
        drawdown_limit=st.sampled_from([float("inf"), 0.3]),
        rebalance=st.sampled_from([float("inf"), 0.1]),
    ),
)
def test_plain_orders_and_signals_leave_the_same_bytes_on_either_way(
    made_up: ModuleType, seed: int, count: int, explicit: bool, terms: fw.Terms
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, SYMBOLS[:count], BARS, wild=0.02, marked=True)
    signals: dict[str, Any] = {}
    if not explicit:
        arrays = made_up.random_signals(rng, market)
        signals = {name: getattr(arrays, name) for name in kinds.SIGNAL_FIELDS if getattr(arrays, name) is not None}
    left = []
    for has_conditions in (False, True):
        simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=True, **signals)
        simulation.has_conditions = has_conditions
        if explicit:
            again = np.random.default_rng(seed)
            for bar in range(BARS):
                simulation.advance(bar + 1)
                made_up.random_actions(again, simulation, bar, conditional=0.0)
        else:
            simulation.advance(BARS)
        assert simulation.has_conditions == has_conditions
        left.append(left_by(simulation))
    for name, found in left[0].items():
        assert found == left[1][name], name
