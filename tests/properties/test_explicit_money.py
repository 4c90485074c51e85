"""Orders of every kind, placed, amended and withdrawn at random: the second ledger still comes to the same account."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS = 120
SYMBOLS = ("BTCUSDT", "ETHUSDT")


def act(rng: np.random.Generator, simulation: Any, bar: int, count: int) -> None:
    """Some actions at the close of a bar; no limit applies, so that the venue has to refuse what it must."""
    for _ in range(int(rng.choice([0, 0, 1, 2, 4]))):
        k = int(rng.integers(count))
        close = float(simulation.tape.block[k, kinds.CLOSE, bar])
        price = close * float(rng.uniform(0.95, 1.05))
        if len(simulation.working) and rng.random() < 0.3:
            row = int(rng.choice(simulation.working))
            if rng.random() < 0.3:
                simulation.cancel(bar, row)
            else:
                order = simulation.orders[row]
                lots = max(1, abs(int(order["lots"]) * int(rng.integers(1, 4)) // 2))
                lots = lots if order["lots"] > 0 else -lots
                moved = float(simulation.tape.block[order["instrument"], kinds.CLOSE, bar]) * rng.uniform(0.95, 1.05)
                is_market = order["kind"] == kinds.MARKET
                simulation.amend(row, lots=lots, price=None if is_market else float(moved))
            continue
        kind = int(rng.integers(4))
        lots = int(rng.choice([-1, 1])) * int(10 ** rng.uniform(0, 5))
        row = simulation.add_explicit(
            bar,
            k,
            kind=kind,
            lots=lots,
            price=0.0 if kind == kinds.MARKET else price,
            expiry=int(rng.choice([0, 0, 1, 5])),
            reduce_only=bool(rng.random() < 0.3),
        )
        simulation.place(row)


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
        slippage=st.sampled_from([0.0, 0.001]),
        through=st.integers(0, 2),
        isolated=st.booleans(),
        leverage=st.sampled_from([1.0, 10.0, 100.0]),
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
        act(rng, simulation, bar, count)
    for order in simulation.orders[simulation.orders["state"] == kinds.FILLED]:
        assert order["done"] > order["bar"]
