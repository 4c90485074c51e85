"""Orders that belong to a position or to one another: reduce-only, closing all, one cancels other; amended, withdrawn.

A position is taken at 100 in bar 1 and its orders are handed in at that bar's close, unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FLAT = (100, 100, 100, 100)
UP = (100, 106, 100, 104)
DOWN = (100, 100, 94, 96)
BOTH = (100, 106, 94, 100)

Trade = Callable[..., Any]
Place = Callable[..., int]
Told = Callable[..., Any]
Traded = Callable[..., list[tuple[int, int, float]]]


@pytest.fixture
def holding(trade: Trade, place: Place) -> Callable[..., Any]:
    """A venue that holds so many lots at the close of bar 1, with these bars to come."""

    def hold(lots: int, *bars: Any, **terms: Any) -> Any:
        volumes = terms.pop("volumes", None)
        if volumes is not None:
            terms["volumes"] = [100.0, 100.0, *volumes]
        simulation = trade([FLAT, FLAT, *bars], until=1, **terms)
        if lots:
            place(simulation, lots)
        simulation.advance(2)
        assert simulation.positions[0]["lots"] == lots
        return simulation

    return hold


# reduce-only


@pytest.mark.parametrize("held", [0, 100, -100])
@pytest.mark.parametrize(
    ("kind", "distance"), [("market", 0), ("limit", -5), ("limit", 1), ("stop", 5), ("take_profit", -5)]
)
def test_reduce_only_with_nothing_to_reduce_is_refused_when_it_arrives(
    holding: Any, place: Place, told: Told, held: int, kind: str, distance: float
) -> None:
    simulation = holding(held, FLAT, BOTH)
    side = -1 if held < 0 else 1
    row = place(simulation, 10 * side, kind, 100.0 + distance * side if distance else 0.0, reduce_only=True)
    simulation.advance(4)
    assert told(simulation, row) == "rejected -2022"
    assert simulation.positions[0]["lots"] == held


def test_an_entry_before_it_in_the_same_moment_is_there_to_reduce(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, FLAT, UP], until=1)
    place(simulation, 100)
    place(simulation, -100, "limit", 105.0, reduce_only=True)
    simulation.advance(3)
    assert traded(simulation) == [(1, 100, 100.0), (2, -100, 105.0)]


@pytest.mark.parametrize("side", [1, -1])
def test_reduce_only_shrinks_with_its_position_and_ends_with_it(
    holding: Any, place: Place, told: Told, traded: Traded, side: int
) -> None:
    simulation = holding(100 * side, FLAT, FLAT, FLAT, (100, 110, 90, 100))
    row = place(simulation, -80 * side, "limit", 100.0 + 5 * side, reduce_only=True)
    place(simulation, -50 * side)
    simulation.advance(3)
    assert (told(simulation, row), simulation.orders[row]["lots"]) == ("working", -50 * side)
    place(simulation, 30 * side)  # it does not grow again
    simulation.advance(4)
    assert simulation.orders[row]["lots"] == -50 * side
    place(simulation, -80 * side)
    simulation.advance(6)
    assert told(simulation, row) == "expired"
    assert [lots * side for _, lots, _ in traded(simulation)] == [100, -50, 30, -80]


# closing all


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(("kind", "bar", "price"), [("stop", DOWN, 95.0), ("take_profit", UP, 105.0)])
@pytest.mark.parametrize("change", [0, -60, 50])
def test_close_position_closes_what_is_held_then(
    holding: Any, place: Place, told: Told, traded: Traded, side: int, kind: str, bar: Any, price: float, change: int
) -> None:
    if side < 0:
        opened, high, low, close = (200 - number for number in bar)
        bar, price = (opened, low, high, close), 200 - price
    simulation = holding(100 * side, FLAT, bar)
    row = place(simulation, -side, kind, price, reduce_only=True, close_position=True)
    if change:
        place(simulation, change * side)
    simulation.advance(4)
    assert traded(simulation)[-1] == (3, -(100 + change) * side, price)
    assert simulation.positions[0]["lots"] == 0
    assert told(simulation, row) == "filled"


def test_a_second_that_closes_all_the_same_way_is_refused(holding: Any, place: Place, told: Told) -> None:
    simulation = holding(100, FLAT)
    for kind, lots, price in (("stop", -1, 95.0), ("stop", -1, 90.0), ("take_profit", -1, 105.0), ("stop", 1, 105.0)):
        place(simulation, lots, kind, price, reduce_only=True, close_position=True)
    assert told(simulation)[1:] == ["working", "rejected -4130", "working", "working"]


def test_close_position_ends_with_the_position(holding: Any, place: Place, told: Told) -> None:
    simulation = holding(100, FLAT, DOWN)
    row = place(simulation, -1, "stop", 95.0, reduce_only=True, close_position=True)
    place(simulation, -100)
    simulation.advance(4)
    assert told(simulation, row) == "expired"
    assert simulation.positions[0]["lots"] == 0


# one cancels other


def bracket(simulation: Any, place: Place, *, lots: int = -100, take: str = "limit") -> tuple[int, int]:
    """A profit at 105 and a stop at 95 in one group."""
    group = simulation.new_group()
    profit = place(simulation, lots, take, 105.0, reduce_only=True, group=group)
    return profit, place(simulation, lots, "stop", 95.0, reduce_only=True, group=group)


@pytest.mark.parametrize("take", ["limit", "take_profit"])
@pytest.mark.parametrize(
    ("bar", "path", "sold", "ambiguous"),
    [
        (UP, "pessimistic", 105.0, 0),
        (DOWN, "optimistic", 95.0, 0),
        (BOTH, "pessimistic", 95.0, 1),
        (BOTH, "optimistic", 105.0, 1),
        # what the open had passed is certain
        ((94, 106, 93, 100), "optimistic", 94.0, 0),
        ((106, 106, 94, 100), "pessimistic", 105.0, 0),
        ((106, 106, 94, 94), "ohlc", 105.0, 0),
    ],
)
def test_the_first_of_a_group_to_fill_cancels_the_other(
    holding: Any,
    place: Place,
    told: Told,
    traded: Traded,
    take: str,
    bar: Any,
    path: str,
    sold: float,
    ambiguous: int,
) -> None:
    simulation = holding(100, FLAT, bar, BOTH, bar_path=path)
    profit, stop = bracket(simulation, place, take=take)
    simulation.advance(5)
    if take == "take_profit" and bar[0] == 106:
        sold = 106.0  # a market order once triggered, where a limit is filled at its price
    assert traded(simulation)[1:] == [(3, -100, sold)]
    taken = sold > 100
    assert told(simulation, profit) == ("filled" if taken else "cancelled")
    assert told(simulation, stop) == ("cancelled" if taken else "filled")
    assert simulation.account["ambiguous"][0] == ambiguous


def test_a_part_that_fills_cancels_the_other_and_rests_on(
    holding: Any, place: Place, told: Told, traded: Traded
) -> None:
    simulation = holding(80, (100, 106, 100, 100), UP, volumes=[1.0, 1.0], participation=0.5)
    profit, stop = bracket(simulation, place, lots=-80)
    simulation.advance(3)
    assert told(simulation)[1:] == ["working", "cancelled"]
    simulation.advance(4)
    assert traded(simulation)[1:] == [(2, -50, 105.0), (3, -30, 105.0)]
    assert (told(simulation, profit), told(simulation, stop)) == ("filled", "cancelled")


def test_one_that_is_refused_cancels_nothing(holding: Any, place: Place, told: Told, traded: Traded) -> None:
    simulation = holding(100, UP)
    group = simulation.new_group()
    place(simulation, 100_000, group=group)  # no margin for it
    profit = place(simulation, -100, "limit", 105.0, group=group)
    simulation.advance(3)
    assert told(simulation)[1:] == ["rejected -2019", "filled"]
    assert told(simulation, profit) == "filled"


# amended and withdrawn


@pytest.mark.parametrize(
    ("lots", "state", "filled"), [(40, "cancelled", 50), (50, "cancelled", 50), (60, "filled", 60), (90, "working", 50)]
)
def test_an_amendment_that_leaves_nothing_to_fill_cancels(
    trade: Trade, place: Place, told: Told, lots: int, state: str, filled: int
) -> None:
    simulation = trade(
        [FLAT, (100, 100, 94, 96), (100, 100, 94 if lots == 60 else 98, 100)], until=1, participation=0.5
    )
    row = place(simulation, 80, "limit", 95.0)
    simulation.advance(2)
    assert simulation.orders[row]["filled"] == 50  # half of what was traded
    simulation.amend(row, lots=lots, price=None)
    simulation.advance(3)
    assert told(simulation) == [state]
    assert simulation.positions[0]["lots"] == filled


def test_an_amended_price_counts_from_the_next_bar_on(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, (100, 100, 94, 100), (100, 100, 94, 100)], until=1)
    row = place(simulation, 10, "limit", 90.0)
    simulation.advance(2)
    simulation.amend(row, lots=20, price=95.0)
    simulation.advance(3)
    assert traded(simulation) == [(2, 20, 95.0)]


def test_a_second_amendment_leaves_what_the_first_changed(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, FLAT, FLAT, (100, 105, 100, 104), (104, 104, 102, 104)], until=1)
    row = place(simulation, 10, "stop_limit", 110.0, limit=103.0)
    simulation.advance(2)
    simulation.amend(row, lots=None, price=105.0)
    simulation.advance(4)  # triggered at 105, it rests at its limit
    simulation.amend(row, lots=20, price=None)
    simulation.advance(5)
    assert traded(simulation) == [(4, 20, 103.0)]


@pytest.mark.parametrize("has_conditions", [False, True])
def test_a_stop_that_is_amended_beyond_the_price_is_refused(
    trade: Trade, place: Place, told: Told, has_conditions: bool
) -> None:
    simulation = trade([FLAT] * 3, until=1)
    row = place(simulation, -10, "stop", 95.0, **({"group": 1} if has_conditions else {}))
    simulation.advance(2)
    simulation.amend(row, lots=None, price=101.0)
    simulation.advance(3)
    assert told(simulation) == ["rejected -2021"]
    assert len(simulation.fills) == 0


@pytest.mark.parametrize(
    ("kind", "price", "extra"),
    [
        ("limit", 95.0, {"time_in_force": "post_only"}),
        ("stop", 105.0, {}),
        ("stop_limit", 105.0, {"limit": 106.0}),
        ("trailing_stop", 0.0, {"callback": 0.01}),
        ("take_profit", 95.0, {"group": 1}),
    ],
)
def test_what_is_withdrawn_does_not_fill(
    trade: Trade, place: Place, told: Told, kind: str, price: float, extra: dict[str, Any]
) -> None:
    simulation = trade([FLAT, FLAT, (100, 110, 90, 100)], until=1)
    row = place(simulation, 10, kind, price, **extra)
    simulation.advance(2)
    assert simulation.cancel(1, row)
    simulation.advance(3)
    assert told(simulation) == ["cancelled"]
    assert len(simulation.fills) == 0
    assert not simulation.cancel(2, row)
