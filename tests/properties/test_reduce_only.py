"""Nothing reduce-only opens exposure: not from flat, not on the side of the position, not beyond its size."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.domain.order import Conditions
from fw.ledger import kinds

BARS = 120
KINDS = [name for name in kinds.ORDER_KINDS if name != "bracket"]
NOW = 100.0
BAR = (NOW, NOW, NOW, NOW)
WIDE = (NOW, 120.0, 80.0, NOW)
"""It reaches every price that an order below names."""


def placed(simulation: Any, name: str, lots: int, *, reduce_only: bool) -> int:
    """An order of a kind at the newest close, its price where the next wide bar reaches it; gives its row."""
    bar = int(simulation.account["next"][0]) - 1
    above = (lots > 0) == name.startswith("stop")
    price = 0.0 if name == "market" else NOW * (1.1 if above else 0.9)
    row = simulation.add_explicit(
        bar,
        0,
        kind=kinds.ORDER_KINDS.index(name),
        lots=lots,
        price=price,
        expiry=0,
        reduce_only=reduce_only,
        conditions={
            "stop_limit": Conditions(limit=price * (1.05 if lots > 0 else 0.95)),
            "take_profit_limit": Conditions(limit=price * (1.05 if lots > 0 else 0.95)),
            "trailing_stop": Conditions(callback=0.01),
        }.get(name),
    )
    simulation.place(row)
    return int(row)


def holding(made_up: ModuleType, lots: int) -> Any:
    """A venue that holds so many lots of A at the close of bar 1; wide bars follow."""
    market = made_up.market_of([BAR, BAR, WIDE, WIDE, BAR], tiers=(fw.Tier(0, 0.001, 0, 100),))
    simulation = made_up.venue_of(market, fw.Terms(leverage=1.0, isolated=False), capital=100_000.0)
    simulation.advance(1)
    if lots:
        placed(simulation, "market", lots, reduce_only=False)
    simulation.advance(2)
    assert simulation.positions[0]["lots"] == lots
    return simulation


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("held", "ordered", "left"),
    [(0, 50, 0), (100, 50, 100), (100, -50, 50), (100, -100, 0), (100, -150, 0)],
    ids=["from flat", "on the same side", "in part", "all", "more than there is"],
)
def test_an_order_of_every_kind(made_up: ModuleType, name: str, side: int, held: int, ordered: int, left: int) -> None:
    simulation = holding(made_up, side * held)
    placed(simulation, name, side * ordered, reduce_only=True)
    simulation.advance(5)
    assert simulation.positions[0]["lots"] == side * left
    assert np.abs(simulation.fills["lots"][1:]).sum() == held - left


@pytest.mark.parametrize("name", KINDS)
def test_several_at_once_close_no_more_than_there_is(made_up: ModuleType, name: str) -> None:
    simulation = holding(made_up, 100)
    for _ in range(3):
        placed(simulation, name, -60, reduce_only=True)
    simulation.advance(5)
    assert simulation.positions[0]["lots"] == 0
    assert simulation.fills["lots"][1:].tolist() == [-60, -40]


def test_one_that_is_amended_to_more_closes_no_more(made_up: ModuleType) -> None:
    simulation = holding(made_up, 100)
    row = placed(simulation, "limit", 10 * -1, reduce_only=True)
    simulation.amend(row, lots=-500, price=None)
    simulation.advance(5)
    assert simulation.positions[0]["lots"] == 0


@settings(
    max_examples=max(150, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    isolated=st.booleans(),
    leverage=st.sampled_from([1.0, 10.0, 100.0]),
    wild=st.sampled_from([0.002, 0.02]),
    reducing=st.sampled_from([0.3, 0.7, 1.0]),
)
def test_any_orders_at_any_time(
    made_up: ModuleType, seed: int, count: int, isolated: bool, leverage: float, wild: float, reducing: float
) -> None:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, ("BTCUSDT", "ETHUSDT")[:count], BARS, wild=wild)
    terms = fw.Terms(isolated=isolated, leverage=leverage)
    simulation = made_up.venue_of(market, terms, capital=10_000.0)
    for bar in range(BARS):
        simulation.advance(bar + 1)
        made_up.random_actions(rng, simulation, bar, reducing=reducing)
    held = [0] * count
    for fill in simulation.fills:
        k, lots = int(fill["instrument"]), int(fill["lots"])
        after = held[k] + lots
        if fill["order"] < 0 or simulation.orders[fill["order"]]["reduce_only"]:
            assert abs(after) < abs(held[k]), "it opened"
            assert after * held[k] >= 0, "it turned"
        held[k] = after
    assert held == simulation.positions["lots"].tolist()
    if reducing == 1.0:
        assert not len(simulation.fills)
