"""Whatever is sent arrives later, at the price then: orders, amendments, withdrawals, protections and replacements.

Bars are hours and the latency is one, unless told. What is decided at the close of bar 0 arrives with that of bar 1,
and meets the market at the open of bar 2.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import pytest

import fw
from fw.ledger.simulation import Simulation

HOUR = 3_600_000_000_000
LATE = {"latency": HOUR}
FLAT = (100, 100, 100, 100)
DOWN = (100, 100, 94, 100)
NAN = float("nan")

Trade = Callable[..., Any]
Place = Callable[..., int]
Told = Callable[..., Any]
Traded = Callable[..., list[tuple[int, int, float]]]


def still(*prices: float) -> list[tuple[float, float, float, float]]:
    return [(price,) * 4 for price in prices]


@pytest.mark.parametrize(("latency", "bar"), [(0, 1), (1, 2), (HOUR, 2), (HOUR + 1, 3)])
def test_an_order_meets_the_first_open_after_its_latency(
    trade: Trade, place: Place, traded: Traded, latency: int, bar: int
) -> None:
    simulation = trade(still(100, 101, 102, 103), until=1, latency=latency)
    place(simulation, 10)
    simulation.advance(4)
    assert traded(simulation) == [(bar, 10, 100.0 + bar)]


def test_on_the_pieces_of_a_walked_bar_it_meets_a_whole_bar(made_up: ModuleType, traded: Traded) -> None:
    market = made_up.market_of(still(*range(100, 112)))
    laid = made_up.venue_of(market, fw.Terms())
    tape = attrs.evolve(laid.tape, pieces=3)
    simulation = Simulation(tape, laid.instruments, fw.Terms(latency=HOUR, bar_path="ohlc"), capital=10_000.0)
    simulation.advance(3)
    row = simulation.add_explicit(2, 0, kind=0, lots=10, price=0.0, expiry=0, reduce_only=False)
    simulation.place(row)
    simulation.advance(12)
    assert traded(simulation) == [(6, 10, 106.0)]  # an hour into the first piece there is no open; the next bar has one


@pytest.mark.parametrize(
    ("kind", "price", "arrives", "state"),
    [
        ("stop", 105.0, 106.0, "rejected -2021"),  # it has passed by then
        ("stop", 105.0, 104.0, "working"),
        ("stop", 99.0, 98.0, "working"),  # passed when it was sent, and not when it arrives
        ("take_profit", 95.0, 94.0, "rejected -2021"),
        ("take_profit", 101.0, 102.0, "working"),
    ],
)
def test_a_trigger_is_judged_by_the_price_at_its_arrival(
    trade: Trade, place: Place, told: Told, kind: str, price: float, arrives: float, state: str
) -> None:
    simulation = trade(still(100, 100, arrives), until=1, **LATE)
    place(simulation, 10, kind, price)
    simulation.advance(3)
    assert told(simulation) == [state]


def test_post_only_is_judged_then_too(trade: Trade, place: Place, told: Told) -> None:
    for arrives, state in ((99.0, "rejected -5022"), (101.0, "working")):
        simulation = trade(still(100, 100, arrives), until=1, **LATE)
        place(simulation, 10, "limit", 100.0, time_in_force="post_only")
        simulation.advance(3)
        assert told(simulation) == [state]


def test_what_is_on_its_way_neither_fills_nor_follows(trade: Trade, place: Place, traded: Traded) -> None:
    bars = [FLAT, (100, 120, 80, 100), FLAT, (100, 100, 95, 100)]
    simulation = trade(bars, until=1, leverage=1.0, **LATE)
    place(simulation, 10, "limit", 90.0)
    place(simulation, 10, "stop", 110.0)
    place(simulation, -10, "trailing_stop", callback=0.05)  # 5 % behind the 100 of its arrival, not behind 120
    simulation.advance(4)
    assert traded(simulation) == [(3, -10, 95.0)]


def test_an_order_whose_withdrawal_is_on_its_way_may_still_fill(
    trade: Trade, place: Place, told: Told, traded: Traded
) -> None:
    for filled_in, state in ((3, "filled"), (4, "cancelled")):
        bars = [DOWN if bar == filled_in else FLAT for bar in range(5)]
        simulation = trade(bars, until=1, **LATE)
        row = place(simulation, 10, "limit", 95.0)
        simulation.advance(3)
        assert simulation.cancel(2, row)  # it arrives with the close of bar 3
        simulation.advance(5)
        assert told(simulation) == [state]
        assert traded(simulation) == ([(3, 10, 95.0)] if state == "filled" else [])


def test_an_amendment_arrives_late(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, FLAT, FLAT, DOWN, DOWN], until=1, **LATE)
    row = place(simulation, 10, "limit", 90.0)
    simulation.advance(3)
    simulation.amend(row, lots=20, price=95.0)  # at the close of bar 2
    simulation.advance(5)
    assert traded(simulation) == [(4, 20, 95.0)]


def test_amendments_at_every_bar_arrive_one_after_another(trade: Trade, place: Place, traded: Traded) -> None:
    bars = [FLAT, FLAT, FLAT, FLAT, (100, 100, 95.9, 100), FLAT]
    simulation = trade(bars, until=1, **LATE)
    row = place(simulation, 10, "limit", 90.0)
    for bar, price in ((2, 95.0), (3, 96.0), (4, 97.0)):
        simulation.advance(bar)
        simulation.amend(row, lots=None, price=price)  # decided at the close of bar − 1, in force in bar + 1
    simulation.advance(6)
    assert traded(simulation) == [(4, 10, 96.0)]


def test_an_amendment_to_less_than_has_filled_by_its_arrival_cancels(
    trade: Trade, place: Place, told: Told, traded: Traded
) -> None:
    simulation = trade([FLAT, FLAT, FLAT, DOWN, DOWN, DOWN], until=1, participation=0.5, **LATE)
    row = place(simulation, 80, "limit", 95.0)
    simulation.advance(3)
    simulation.amend(row, lots=40, price=None)  # 50 fill in bar 3, while it is on its way
    simulation.advance(6)
    assert traded(simulation) == [(3, 50, 95.0)]
    assert told(simulation) == ["cancelled"]


def test_more_lots_on_their_way_count_as_working(made_up: ModuleType, trade: Trade, place: Place) -> None:
    simulation = trade([FLAT] * 5, until=1, leverage=1.0, **LATE)  # 1,000 of capital are ten coins at 100
    row = place(simulation, 100, "limit", 90.0)
    simulation.advance(3)
    assert simulation.admit(2, 0, 10_000) == 900
    simulation.amend(row, lots=700, price=None)
    assert simulation.admit(2, 0, 10_000) == 300
    simulation.advance(5)
    assert simulation.orders[row]["lots"] == 700
    assert simulation.admit(4, 0, 10_000) == 300


def test_an_expiry_counts_from_the_arrival(trade: Trade, place: Place, told: Told, traded: Traded) -> None:
    for filled_in, state in ((2, "filled"), (3, "filled"), (4, "expired")):
        bars = [DOWN if bar == filled_in else FLAT for bar in range(5)]
        simulation = trade(bars, until=1, **LATE)
        place(simulation, 10, "limit", 95.0, expiry=2)
        simulation.advance(5)
        assert told(simulation) == [state]


# signals


def test_an_entry_and_its_stop_arrive_together(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, DOWN, FLAT, DOWN]
    simulation = trade(bars, strength=[[1.0] * 4], stop_loss=[[95.0] * 4], **LATE)
    assert traded(simulation) == [(2, 100, 100.0), (3, -100, 95.0)]


def test_protections_that_are_moved_arrive_late(trade: Trade, traded: Traded) -> None:
    dip = (100, 100, 96, 100)
    simulation = trade(
        [FLAT, FLAT, FLAT, FLAT, dip, dip],
        strength=[[1.0] * 6],
        stop_loss=[[92.0, 92.0, 92.0, 97.0, 97.0, 97.0]],  # at the close of bar 3
        **LATE,
    )
    assert traded(simulation) == [(2, 100, 100.0), (5, -100, 97.0)]


def test_of_protections_that_are_moved_back_the_last_word_counts(trade: Trade) -> None:
    simulation = trade(
        [FLAT] * 8, strength=[[1.0] * 8], stop_loss=[[92.0, 92.0, 92.0, 97.0, 92.0, 92.0, 92.0, 92.0]], **LATE
    )
    assert simulation.positions[0]["stop"] == 92.0


def test_protections_of_an_entry_on_its_way_are_moved_when_the_word_arrives(trade: Trade) -> None:
    simulation = trade([FLAT] * 4, strength=[[1.0] * 4], stop_loss=[[92.0, 97.0, 97.0, 97.0]], until=3, **LATE)
    assert simulation.positions[0]["stop"] == 92.0  # the entry is in, at the open of bar 2
    simulation.advance(4)
    assert simulation.positions[0]["stop"] == 97.0


def test_a_stop_that_the_price_has_passed_by_its_arrival_is_refused_with_its_entry(trade: Trade, told: Told) -> None:
    simulation = trade(still(100, 100, 94, 94), strength=[[1.0] * 4], stop_loss=[[95.0] * 4], **LATE)
    assert told(simulation) == ["rejected -2021"]


@pytest.mark.parametrize(
    ("strengths", "expected"),
    [
        # half of it before the whole has arrived: the whole fills, and the half that is too much goes
        ([1.0, 0.5], [(2, 100, 100.0), (3, -50, 100.0)]),
        ([0.5, 1.0], [(2, 50, 100.0), (3, 50, 100.0)]),
        # flat again before it arrived
        ([1.0, 0.0], [(2, 100, 100.0), (3, -100, 100.0)]),
        ([1.0, -1.0], [(2, 100, 100.0), (3, -200, 100.0)]),
        ([1.0, 0.0, 1.0], [(2, 100, 100.0), (3, -100, 100.0), (4, 100, 100.0)]),
        ([1.0, 0.5, 1.0, 0.5], [(2, 100, 100.0), (3, -50, 100.0), (4, 50, 100.0), (5, -50, 100.0)]),
    ],
)
def test_a_replacement_comes_to_its_target_whatever_filled_meanwhile(
    trade: Trade, traded: Traded, strengths: list[float], expected: Any
) -> None:
    strength = strengths + strengths[-1:] * (8 - len(strengths))
    simulation = trade([FLAT] * 8, strength=[strength], **LATE)
    assert traded(simulation) == expected
    assert simulation.positions[0]["lots"] == 100 * strengths[-1]


@pytest.mark.parametrize("dips_in", [2, 3, 4])
def test_a_replaced_limit_entry_is_never_filled_twice(trade: Trade, traded: Traded, dips_in: int) -> None:
    # 95 until the close of bar 2, then 97: in bar 3 the first is still there, from bar 4 on the second
    bars = [(100, 100, 90, 100) if bar == dips_in else FLAT for bar in range(7)]
    limits = [95.0, 95.0, 97.0, 97.0, 97.0, 97.0, 97.0]
    simulation = trade([*bars[:6], (100, 100, 90, 100)], strength=[[1.0] * 7], limit=[limits], **LATE)
    assert traded(simulation) == [(dips_in, 100, 97.0 if dips_in == 4 else 95.0)]


def test_a_move_too_small_for_an_order_is_not_lost_on_one_that_fills(trade: Trade, traded: Traded) -> None:
    # 0.5 coins are held; 1.0 is on its way when 0.52 is wanted: 2 a coin is below the smallest order, 48 are not
    strength = [[0.5, 0.5, 0.5, 1.0, 0.52, 0.52, 0.52, 0.52]]
    simulation = trade([FLAT] * 8, strength=strength, rules={"min_notional": 5.0}, **LATE)
    assert traded(simulation) == [(2, 50, 100.0), (5, 50, 100.0), (6, -48, 100.0)]


def test_a_stopped_position_is_not_entered_again_by_what_was_on_its_way(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, FLAT, FLAT, FLAT, DOWN, FLAT, FLAT]
    strength = [[0.5, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0]]  # more at the close of bar 3; stopped in bar 4
    simulation = trade(bars, strength=strength, stop_loss=[[95.0] * 7], **LATE)
    assert traded(simulation) == [(2, 50, 100.0), (4, -50, 95.0)]


def test_a_halt_closes_late_as_well(trade: Trade, traded: Traded) -> None:
    bars = still(100, 100, 100, 80, 80, 79, 78)
    simulation = trade(bars, strength=[[1.0] * 7], quantity=5.0, leverage=1.0, drawdown_limit=0.05, **LATE)
    assert traded(simulation) == [(2, 500, 100.0), (5, -500, 79.0)]
