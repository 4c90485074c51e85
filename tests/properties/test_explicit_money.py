"""Orders of every kind, placed, amended and withdrawn at random: the second ledger still comes to the same account."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS = 120
HOUR = 3_600_000_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@settings(
    max_examples=max(100, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    terms=st.builds(
        fw.Terms,
        maker=st.just(0.0002),
        taker=st.just(0.0005),
        slippage=st.sampled_from([0.0, 0.001, fw.Slippage(half_spread=2.0, volatility=0.1, impact=0.5, span=20)]),
        through=st.integers(0, 2),
        isolated=st.booleans(),
        leverage=st.sampled_from([1.0, 10.0, 100.0]),
        latency=st.sampled_from([0, 0, 1, HOUR, 5 * HOUR // 2]),
        participation=st.sampled_from([float("inf"), float("inf"), 0.05, 1.0]),
    ),
    wild=st.sampled_from([0.002, 0.02]),
    marked=st.booleans(),
)
def test_any_orders_leave_the_account_that_the_second_ledger_has(
    made_up: ModuleType,
    second_ledger: ModuleType,
    seed: int,
    count: int,
    terms: fw.Terms,
    wild: float,
    marked: bool,
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, SYMBOLS[:count], BARS, wild=wild, marked=marked)
    simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=marked)
    audit = second_ledger.Audit(simulation, terms)
    for bar in range(BARS):
        simulation.advance(bar + 1)
        audit.follow(bar)
        made_up.random_actions(rng, simulation, bar)
    for order in simulation.orders[simulation.orders["state"] == kinds.FILLED]:
        assert order["done"] > order["bar"]
