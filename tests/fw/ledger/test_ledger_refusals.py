"""What the venue refuses, with its own reason, and what becomes of the position then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fw
from fw.ledger import kinds

FLAT = (100, 100, 100, 100)
NAN = float("nan")


def fault(simulation: Any, row: int = 0) -> str:
    order = simulation.orders[row]
    assert order["state"] == kinds.REJECTED
    return kinds.FAULTS[order["fault"]]


@pytest.mark.parametrize(
    ("strength", "protections"),
    [
        (1.0, {"stop_loss": 100.0}),
        (1.0, {"stop_loss": 101.0}),
        (1.0, {"take_profit": 100.0}),
        (1.0, {"take_profit": 99.0}),
        (-1.0, {"stop_loss": 100.0}),
        (-1.0, {"stop_loss": 99.0}),
        (-1.0, {"take_profit": 101.0}),
        (1.0, {"limit": 95.0, "stop_loss": 95.0}),  # right of the price, wrong of the entry
        (-1.0, {"limit": 105.0, "take_profit": 106.0}),
    ],
)
def test_protections_on_the_wrong_side_are_refused_with_the_entry(
    trade: Callable[..., Any], strength: float, protections: dict[str, float]
) -> None:
    columns = {name: [[price] * 3] for name, price in protections.items()}
    simulation = trade([FLAT, (100, 120, 80, 100), FLAT], strength=[[strength] * 3], **columns)
    assert "-2021" in fault(simulation)
    assert len(simulation.fills) == 0
    assert simulation.account["rejected"][0] == 1


@pytest.mark.parametrize(
    ("isolated", "strength", "beyond", "before"),
    [
        # ten times, maintenance 1 %: a coin at 100 has a margin of 10
        (True, 1.0, 90.0 / 0.99 - 0.1, 90.0 / 0.99 + 0.1),
        (True, -1.0, 110.0 / 1.01 + 0.1, 110.0 / 1.01 - 0.1),
        # cross: the wallet of 20 stands behind it
        (False, 1.0, 80.0 / 0.99 - 0.1, 80.0 / 0.99 + 0.1),
        (False, -1.0, 120.0 / 1.01 + 0.1, 120.0 / 1.01 - 0.1),
    ],
)
def test_a_stop_beyond_the_liquidation_price_is_refused(
    trade: Callable[..., Any], isolated: bool, strength: float, beyond: float, before: float
) -> None:
    terms = {"strength": [[strength] * 2], "isolated": isolated, "capital": 20.0}
    refused = trade([FLAT, FLAT], stop_loss=[[beyond] * 2], **terms)
    taken = trade([FLAT, FLAT], stop_loss=[[before] * 2], **terms)
    assert "liquidated before its stop" in fault(refused)
    assert len(taken.fills) == 1


def test_a_refused_move_of_protections_leaves_the_old_ones(trade: Callable[..., Any]) -> None:
    bars = [FLAT, FLAT, FLAT, (100, 100, 94, 98)]
    simulation = trade(bars, strength=[[1.0] * 4], stop_loss=[[95.0, 95.0, 101.0, 101.0]])
    assert "-2021" in fault(simulation, 1)
    assert [(fill["bar"], fill["price"]) for fill in simulation.fills] == [(1, 100.0), (3, 95.0)]


def test_a_refused_turn_leaves_the_position(trade: Callable[..., Any]) -> None:
    simulation = trade([FLAT] * 4, strength=[[1.0, -1.0, -1.0, -1.0]], stop_loss=[[95.0, 95.0, 95.0, 95.0]])
    assert "-2021" in fault(simulation, 1)
    assert simulation.positions[0]["lots"] == 100


def test_a_market_order_beyond_the_largest_is_refused_and_a_limit_order_is_not(trade: Callable[..., Any]) -> None:
    rules = {"max_lots": 50}
    assert "-4005" in fault(trade([FLAT, FLAT], strength=[[1.0] * 2], rules=rules))
    assert len(trade([FLAT, FLAT], strength=[[0.5] * 2], rules=rules).fills) == 1
    resting = trade([FLAT, (100, 100, 90, 95)], strength=[[1.0] * 2], limit=[[95.0] * 2], rules=rules)
    assert len(resting.fills) == 1


TIERS = (fw.Tier(0, 0.01, 0, 20), fw.Tier(80, 0.02, 0.8, 5))


@pytest.mark.parametrize(
    ("leverage", "strength", "is_refused"), [(10.0, 1.0, True), (10.0, 0.7, False), (5.0, 1.0, False)]
)
def test_leverage_above_the_cap_of_the_bracket_is_refused(
    trade: Callable[..., Any], leverage: float, strength: float, is_refused: bool
) -> None:
    simulation = trade([FLAT, FLAT], strength=[[strength] * 2], leverage=leverage, rules={"tiers": TIERS})
    assert (simulation.account["rejected"][0] == 1) == is_refused
    if is_refused:
        assert "-2027" in fault(simulation)


def test_a_reduction_that_is_not_reduce_only_has_to_be_worth_the_minimum(
    trade: Callable[..., Any], place: Callable[..., int]
) -> None:
    for reduce_only, state in ((False, kinds.REJECTED), (True, kinds.FILLED)):
        simulation = trade([FLAT] * 4, strength=[[1.0, NAN, NAN, NAN]], rules={"min_notional": 20.0}, until=2)
        row = place(simulation, -10, reduce_only=reduce_only)  # a tenth of a coin: 10
        simulation.advance(4)
        assert simulation.orders[row]["state"] == state


@pytest.mark.parametrize(
    ("strength", "limit", "mark", "code"),
    [
        # up 5 %: of a mark of 100 that is 105.0; of 100.06 it is 105.063, so 105.0 is the highest tick
        (1.0, 105.0, 100.0, None),
        (1.0, 105.1, 100.0, "-4016"),
        (1.0, 105.1, 100.06, "-4016"),
        (1.0, 105.1, 100.1, None),  # 105.105
        (1.0, 50.0, 100.0, None),  # a buy may bid as low as it likes
        (-1.0, 95.0, 100.0, None),
        (-1.0, 94.9, 100.0, "-4024"),
        (-1.0, 95.0, 100.06, "-4024"),  # 95.057: 95.1 is the lowest tick
        (-1.0, 95.1, 100.06, None),
        (-1.0, 150.0, 100.0, None),
    ],
)
def test_a_signal_s_limit_too_far_from_the_mark_is_refused(
    trade: Callable[..., Any], strength: float, limit: float, mark: float, code: str | None
) -> None:
    simulation = trade(
        [FLAT, FLAT],
        marks=[(mark,) * 4] * 2,
        strength=[[strength] * 2],
        limit=[[limit] * 2],
        rules={"percent_up": 1.05, "percent_down": 0.95},
    )
    if code is None:
        assert simulation.account["rejected"][0] == 0
    else:
        assert code in fault(simulation)
