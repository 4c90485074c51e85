"""What a bar's volume lets: orders in parts, their cost part by part, and what is never kept waiting.

One lot is 0.01 coins, and half of a bar's volume may be ours: of 1 coin that are 50 lots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fw
from fw.ledger import kinds

FLAT = (100, 100, 100, 100)
NAN = float("nan")

Trade = Callable[..., Any]
Place = Callable[..., int]
Told = Callable[..., Any]
Traded = Callable[..., list[tuple[int, int, float]]]


def reasons(simulation: Any) -> list[str]:
    return [kinds.REASONS[fill["reason"]] for fill in simulation.fills]


@pytest.mark.parametrize("side", [1, -1])
def test_a_market_order_goes_on_at_the_opens_to_come(
    trade: Trade, place: Place, told: Told, traded: Traded, side: int
) -> None:
    bars = [FLAT, FLAT, (101, 101, 101, 101), (102, 102, 102, 102), (103, 103, 103, 103)]
    simulation = trade(bars, volumes=[9, 1.0, 0.0, 0.6, 2.0], until=1, participation=0.5)
    place(simulation, 120 * side)
    simulation.advance(3)
    assert told(simulation) == ["working"]
    simulation.advance(5)
    assert traded(simulation) == [(1, 50 * side, 100.0), (3, 30 * side, 102.0), (4, 40 * side, 103.0)]
    assert told(simulation) == ["filled"]


def test_a_signal_s_order_does_so_too(trade: Trade, traded: Traded) -> None:
    simulation = trade([FLAT] * 5, strength=[[1.0] * 5], volumes=[1.0] * 5, participation=0.25, stop_loss=[[95.0] * 5])
    assert traded(simulation) == [(bar, 25, 100.0) for bar in (1, 2, 3, 4)]
    assert simulation.positions[0]["stop"] == 95.0  # from the first part on


def test_two_orders_share_a_bar(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT] * 3, volumes=[1.0] * 3, until=1, participation=0.5)
    place(simulation, 30)
    place(simulation, 30)
    simulation.advance(3)
    assert traded(simulation) == [(1, 30, 100.0), (1, 20, 100.0), (2, 10, 100.0)]


def test_the_rest_of_a_limit_rests(trade: Trade, place: Place, traded: Traded) -> None:
    through, away = (96, 97, 94, 96), (96, 97, 95, 96)
    simulation = trade([FLAT, through, away, through], volumes=[1.0] * 4, until=1, participation=0.5)
    place(simulation, 80, "limit", 95.0)
    simulation.advance(4)
    assert traded(simulation) == [(1, 50, 95.0), (3, 30, 95.0)]


def test_the_rest_of_a_stop_goes_at_the_market(trade: Trade, place: Place, traded: Traded) -> None:
    # once triggered it is a market order, though the price comes back
    bars = [FLAT, (100, 105, 100, 104), (99, 99, 99, 99)]
    simulation = trade(bars, volumes=[1.0] * 3, until=1, participation=0.5)
    place(simulation, 80, "stop", 105.0)
    simulation.advance(3)
    assert traded(simulation) == [(1, 50, 105.0), (2, 30, 99.0)]


@pytest.mark.parametrize("side", [1, -1])
def test_a_position_s_stop_larger_than_its_bar_is_closed_over_several(trade: Trade, traded: Traded, side: int) -> None:
    bars = [FLAT, FLAT, (100, 100, 94, 94), (93, 97, 93, 93), (92, 99, 92, 92), (92, 120, 92, 92)]
    if side < 0:
        bars = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in bars]
    down = 100 - 100 * side  # a seller sees 200 less the price
    simulation = trade(
        bars,
        volumes=[9, 9, 1.0, 0.6, 2.0, 9.0],
        strength=[[1.0 * side] * 6],
        stop_loss=[[down + 95.0 * side] * 6],
        take_profit=[[down + 98.0 * side + 10 * side] * 6],
        participation=0.5,
    )
    assert traded(simulation) == [
        (1, 100 * side, 100.0),
        (2, -50 * side, down + 95.0 * side),
        (3, -30 * side, down + 93.0 * side),
        (4, -20 * side, down + 92.0 * side),
    ]
    assert reasons(simulation) == ["signal", "stop", "stop", "stop"]
    assert simulation.positions[0]["lots"] == 0  # and nothing re-entered


def test_a_take_profit_larger_than_its_bar_rests_on(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, FLAT, (100, 106, 100, 104), (104, 105, 103, 104), (104, 106, 103, 104)]
    simulation = trade(
        bars, volumes=[9, 9, 1, 1, 9], strength=[[1.0] * 5], take_profit=[[105.0] * 5], participation=0.5
    )
    assert traded(simulation)[1:] == [(2, -50, 105.0), (4, -50, 105.0)]
    assert reasons(simulation)[1:] == ["take_profit", "take_profit"]


def test_a_turn_in_parts_has_the_new_stop_when_it_has_turned(trade: Trade, traded: Traded) -> None:
    # a long's stop at 105 would close it at once
    simulation = trade(
        [FLAT] * 7,
        volumes=[9, 9, 1, 1, 1, 1, 1],
        strength=[[1.0, -1.0] + [-1.0] * 5],
        stop_loss=[[95.0, 105.0] + [105.0] * 5],
        participation=0.5,
    )
    assert traded(simulation)[1:] == [(bar, -50, 100.0) for bar in (2, 3, 4, 5)]
    assert set(reasons(simulation)) == {"signal"}
    assert (simulation.positions[0]["lots"], simulation.positions[0]["stop"]) == (-100, 105.0)


def test_what_is_closed_in_parts_keeps_its_stop_until_it_is_closed(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, FLAT, (99, 99, 99, 99), (98, 98, 94, 96), (96, 96, 96, 96)]
    simulation = trade(
        bars, volumes=[9, 9, 0.5, 9, 9], strength=[[1.0, 0.0, 0.0, 0.0, 0.0]], stop_loss=[[95.0] * 5], participation=0.1
    )
    # ten a bar of nine coins; five of the half: then the stop's bar closes what is left
    assert traded(simulation)[0] == (1, 90, 100.0)
    assert simulation.positions[0]["lots"] == 0
    assert traded(simulation)[1:] == [(2, -5, 99.0), (3, -85, 98.0)]


def test_a_liquidation_waits_for_no_volume(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, FLAT, (100, 100, 80, 85)]
    simulation = trade(bars, volumes=[9, 9, 0.1], strength=[[1.0] * 3], participation=0.5)
    assert [lots for _, lots, _ in traded(simulation)] == [100, -100]
    assert reasons(simulation) == ["signal", "liquidation"]


def test_the_impact_of_each_part_is_its_own(trade: Trade, place: Place, traded: Traded) -> None:
    # returns of 10 % up and 10 % down: σ = 0.1 of the two bars before bar 3; of those before bar 4 (−10 %, 0): 0.05
    bars = [FLAT, (110, 110, 110, 110), (99, 99, 99, 99), (99, 99, 99, 99), (99, 99, 99, 99)]
    simulation = trade(
        bars,
        volumes=[1.0, 1.0, 1.0, 3.0, 9.0],
        until=3,
        participation=0.25,
        slippage=fw.Slippage(impact=1.0, span=2),
        leverage=1.0,
    )
    place(simulation, 100)
    simulation.advance(5)
    first, second = simulation.fills
    assert (first["lots"], second["lots"]) == (75, 25)
    assert first["price"] == pytest.approx(99 * (1 + 0.1 * 0.75**0.5))  # 0.75 of 1 coin a bar
    assert second["price"] == pytest.approx(99 * (1 + 0.05 * (0.25 / 2) ** 0.5))  # 0.25 of 2 coins a bar


def test_the_rest_of_a_stop_is_the_venue_s_and_not_to_be_withdrawn(trade: Trade, traded: Traded) -> None:
    bars = [FLAT, FLAT, (100, 100, 94, 94), (93, 97, 93, 93), (92, 99, 92, 92)]
    terms = {"strength": [[1.0] * 5], "stop_loss": [[95.0] * 5], "participation": 0.5}
    simulation = trade(bars, volumes=[9, 9, 1.0, 0.6, 9.0], until=3, **terms)
    assert simulation.positions[0]["lots"] == 50
    simulation.cancel_all(2, 0)
    simulation.advance(5)
    assert traded(simulation)[1:] == [(2, -50, 95.0), (3, -30, 93.0), (4, -20, 92.0)]
