"""Every kind of order against bars at hand: when it is refused, triggered and filled, and at which price.

Orders are handed in at the close of bar 0, where 100 is traded, and meet the market in bar 1. A maker pays 0.02 %, a
taker 0.05 %: so the fee tells which of them a fill was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FLAT = (100, 100, 100, 100)
FEES = {"maker": 0.0002, "taker": 0.0005}
MAKER, TAKER = "maker", "taker"

Trade = Callable[..., Any]
Place = Callable[..., int]
Told = Callable[..., Any]
Traded = Callable[..., list[tuple[int, int, float]]]


def fee_of(fill: Any) -> str:
    """Whether a fill paid as a maker or as a taker."""
    rate = fill["fee"] / (abs(fill["lots"]) * 0.01 * fill["price"])
    return next(name for name, fee in FEES.items() if rate == pytest.approx(fee))


BUYS = [
    # kind, price, limit, bars from bar 1 on, what is traded: (bar, price, fee)
    ("market", 0.0, None, [(101, 102, 99, 100)], (1, 101.0, TAKER)),
    ("limit", 95.0, None, [(100, 100, 95, 96)], None),  # touching is not filling
    ("limit", 95.0, None, [(100, 100, 94.9, 96)], (1, 95.0, MAKER)),
    ("limit", 95.0, None, [(93, 96, 92, 96)], (1, 93.0, TAKER)),  # the market is beyond it when it arrives
    ("limit", 95.0, None, [FLAT, (93, 96, 92, 96)], (2, 95.0, MAKER)),  # later, it is what rests that is hit
    ("stop", 105.0, None, [(100, 104.9, 99, 100)], None),
    ("stop", 105.0, None, [(100, 105, 99, 100)], (1, 105.0, TAKER)),  # touching triggers
    ("stop", 105.0, None, [(107, 108, 106, 107)], (1, 107.0, TAKER)),  # a gap
    ("take_profit", 95.0, None, [(100, 101, 95.1, 96)], None),
    ("take_profit", 95.0, None, [(100, 101, 95, 96)], (1, 95.0, TAKER)),
    ("take_profit", 95.0, None, [(93, 96, 92, 96)], (1, 93.0, TAKER)),
    ("stop_limit", 105.0, 106.0, [(100, 104.9, 99, 100)], None),
    ("stop_limit", 105.0, 106.0, [(100, 106, 99, 100)], (1, 105.0, TAKER)),
    ("stop_limit", 105.0, 106.0, [(107, 108, 107, 107), (107, 107, 106, 107)], None),  # it missed, and rests
    ("stop_limit", 105.0, 106.0, [(107, 108, 105, 107), (107, 107, 105.9, 107)], (2, 106.0, MAKER)),
    ("stop_limit", 105.0, 104.0, [(100, 105, 99, 103)], None),  # 99 may have come before the trigger
    ("stop_limit", 105.0, 104.0, [(100, 105, 99, 105), (105, 105, 103.9, 104)], (2, 104.0, MAKER)),
    ("take_profit_limit", 95.0, 96.0, [(100, 100, 95, 97)], (1, 95.0, TAKER)),
    ("take_profit_limit", 95.0, 94.0, [(100, 100, 93, 97)], None),
    ("take_profit_limit", 95.0, 94.0, [(100, 100, 93, 97), (97, 97, 93.9, 95)], (2, 94.0, MAKER)),
    ("take_profit_limit", 95.0, 94.0, [(93, 95, 92, 95)], (1, 93.0, TAKER)),
]


def mirrored(number: Any) -> Any:
    """A price, or the prices of a bar, as a seller sees a buyer's: as far on the other side of 100."""
    if isinstance(number, tuple):
        opened, high, low, close = (mirrored(price) for price in number)
        return opened, low, high, close
    return round(200 - number, 9)


def seen_by_a_seller(case: Any) -> Any:
    kind, price, limit, bars, fills = case
    return (
        kind,
        mirrored(price) if price else 0.0,
        None if limit is None else mirrored(limit),
        [mirrored(bar) for bar in bars],
        None if fills is None else (fills[0], mirrored(fills[1]), fills[2]),
    )


@pytest.mark.parametrize(
    ("side", "kind", "price", "limit", "bars", "expected"),
    [(1, *case) for case in BUYS] + [(-1, *seen_by_a_seller(case)) for case in BUYS],
)
def test_each_kind_waits_for_its_price_and_trades_at_it(
    trade: Trade,
    place: Place,
    side: int,
    kind: str,
    price: float,
    limit: float | None,
    bars: Any,
    expected: tuple[int, float, str] | None,
) -> None:
    simulation = trade([FLAT, *bars], until=1, **FEES)
    place(simulation, 10 * side, kind, price, **({} if limit is None else {"limit": limit}))
    simulation.advance(1 + len(bars))
    found = [(int(fill["bar"]), float(fill["price"]), fee_of(fill)) for fill in simulation.fills]
    assert found == ([] if expected is None else [expected])
    assert simulation.positions[0]["lots"] == (0 if expected is None else 10 * side)


@pytest.mark.parametrize(
    ("lots", "kind", "price"),
    [
        *((lots, kind, price) for kind in ("stop", "stop_limit") for lots, price in ((10, 100.0), (10, 99.0))),
        *((lots, kind, price) for kind in ("stop", "stop_limit") for lots, price in ((-10, 100.0), (-10, 101.0))),
        *((10, kind, price) for kind in ("take_profit", "take_profit_limit") for price in (100.0, 101.0)),
        *((-10, kind, price) for kind in ("take_profit", "take_profit_limit") for price in (100.0, 99.0)),
        (10, "trailing_stop", 100.0),  # it begins to follow below the price
        (-10, "trailing_stop", 99.0),  # and a seller's above it
    ],
)
def test_a_trigger_that_the_price_has_passed_is_refused(
    trade: Trade, place: Place, told: Told, lots: int, kind: str, price: float
) -> None:
    simulation = trade([FLAT, FLAT], until=1)
    extra: dict[str, Any] = {"limit": 100.0} if kind.endswith("limit") else {}
    place(simulation, lots, kind, price, **extra, **({"callback": 0.01} if kind == "trailing_stop" else {}))
    assert told(simulation) == ["rejected -2021"]
    simulation.advance(2)
    assert len(simulation.fills) == 0


@pytest.mark.parametrize("side", [1, -1])
def test_post_only_rests_or_is_refused(trade: Trade, place: Place, told: Told, traded: Traded, side: int) -> None:
    for behind, state, fills in ((1.0, "filled", [(2, 10 * side, 100.0 - side)]), (0.0, "rejected -5022", [])):
        price = 100.0 - behind * side
        bars = [FLAT, FLAT, (100, 101.1, 98.9, 100)]
        simulation = trade(bars, until=1)
        place(simulation, 10 * side, "limit", price, time_in_force="post_only")
        simulation.advance(3)
        assert told(simulation) == [state]
        assert traded(simulation) == fills


@pytest.mark.parametrize(("price", "state"), [(99.0, "working"), (100.0, "cancelled"), (105.0, "cancelled")])
def test_a_post_only_order_that_is_amended_to_cross_is_cancelled(
    trade: Trade, place: Place, told: Told, price: float, state: str
) -> None:
    simulation = trade([FLAT] * 3, until=1)
    row = place(simulation, 10, "limit", 90.0, time_in_force="post_only")
    simulation.advance(2)
    simulation.amend(row, lots=None, price=price)
    simulation.advance(3)
    assert told(simulation) == [state]
    assert len(simulation.fills) == 0


@pytest.mark.parametrize(
    ("time_in_force", "lots", "price", "state", "filled"),
    [
        ("ioc", 80, 100.0, "expired", 50),  # half of the bar's volume of one coin
        ("ioc", 50, 100.0, "filled", 50),
        ("ioc", 80, 99.0, "expired", 0),  # the market is not there when it arrives; later does not count
        ("fok", 80, 100.0, "expired", 0),
        ("fok", 50, 100.0, "filled", 50),
        ("fok", 50, 99.0, "expired", 0),
        ("gtc", 80, 100.0, "working", 50),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_at_once_or_not_at_all(
    trade: Trade,
    place: Place,
    told: Told,
    side: int,
    time_in_force: str,
    lots: int,
    price: float,
    state: str,
    filled: int,
) -> None:
    simulation = trade([FLAT, (100, 102, 98, 100)], until=1, participation=0.5)
    row = place(simulation, side * lots, "limit", 100 + side * (price - 100), time_in_force=time_in_force)
    simulation.advance(2)
    assert told(simulation) == [state]
    assert simulation.orders[row]["filled"] == side * filled
    assert simulation.positions[0]["lots"] == side * filled


def test_what_a_fok_leaves_is_there_for_the_next(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, FLAT], until=1, participation=0.5)
    place(simulation, 80, "limit", 100.0, time_in_force="fok")
    place(simulation, 50)
    simulation.advance(2)
    assert traded(simulation) == [(1, 50, 100.0)]


@pytest.mark.parametrize("time_in_force", ["ioc", "fok", "post_only"])
def test_a_stop_limit_has_its_time_in_force_from_its_trigger_on(
    trade: Trade, place: Place, told: Told, traded: Traded, time_in_force: str
) -> None:
    for limit, takes in ((106.0, True), (104.0, False)):
        simulation = trade([FLAT, FLAT, (100, 105, 99, 104), (104, 104, 103, 104)], until=1)
        place(simulation, 10, "stop_limit", 105.0, limit=limit, time_in_force=time_in_force)
        simulation.advance(4)
        if time_in_force == "post_only":
            assert told(simulation) == (["rejected -5022"] if takes else ["filled"])
            assert traded(simulation) == ([] if takes else [(3, 10, 104.0)])
        else:
            assert told(simulation) == (["filled"] if takes else ["expired"])
            assert traded(simulation) == ([(2, 10, 105.0)] if takes else [])


# which price triggers

FALL = (100, 100, 90, 92)


@pytest.mark.parametrize(
    ("kind", "lots"), [("stop", -10), ("take_profit", 10), ("stop_limit", -10), ("take_profit_limit", 10)]
)
def test_the_mark_triggers_while_trades_are_elsewhere(
    trade: Trade, place: Place, traded: Traded, kind: str, lots: int
) -> None:
    extra = {"limit": 90.0 if lots < 0 else 110.0} if kind.endswith("limit") else {}
    by_mark = trade([FLAT] * 3, marks=[FLAT, FLAT, FALL], until=1, leverage=2.0)
    place(by_mark, lots, kind, 95.0, by_mark=True, **extra)
    by_mark.advance(3)
    assert traded(by_mark) == [(2, lots, 100.0)]  # as near to the trigger as was traded
    unmoved = trade([FLAT, FLAT, FALL], marks=[FLAT] * 3, until=1)
    place(unmoved, lots, kind, 95.0, by_mark=True, **extra)
    unmoved.advance(3)
    assert traded(unmoved) == []


def test_where_the_mark_had_passed_at_the_open_that_open_is_traded(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, (97, 99, 91, 98)], marks=[FLAT, (94, 95, 92, 95)], until=1)
    place(simulation, -10, "stop", 95.0, by_mark=True)
    simulation.advance(2)
    assert traded(simulation) == [(1, -10, 97.0)]


def test_the_mark_says_whether_a_trigger_has_been_passed(trade: Trade, place: Place, told: Told) -> None:
    simulation = trade([FLAT, FLAT], marks=[(90, 90, 90, 90)] * 2, until=1)
    place(simulation, 10, "stop", 95.0, by_mark=True)
    place(simulation, 10, "stop", 95.0)
    place(simulation, -10, "stop", 95.0, by_mark=True)
    assert told(simulation) == ["working", "rejected -2021", "rejected -2021"]


# trailing stops

RISE = [FLAT, (100, 110, 96, 108), (108, 108, 104.5, 106)]
"""A seller 5 % behind: 95 from the open of bar 1 on, 104.5 from its high on."""


@pytest.mark.parametrize("side", [-1, 1])
def test_a_trailing_stop_stays_its_share_behind_the_best_price(
    trade: Trade, place: Place, traded: Traded, side: int
) -> None:
    # a buyer's best falls from 100 to 90: from 105 to 94.5
    bars = RISE if side < 0 else [FLAT, (100, 104, 90, 92), (92, 94.5, 92, 94)]
    for low_enough in (True, False):
        last = list(bars[2])
        if not low_enough:
            last[2 if side < 0 else 1] -= 0.1 * side
        simulation = trade([*bars[:2], tuple(last)], until=1)
        place(simulation, 10 * side, "trailing_stop", callback=0.05)
        simulation.advance(3)
        assert traded(simulation) == ([(2, 10 * side, 104.5 if side < 0 else 94.5)] if low_enough else [])


def test_a_trailing_stop_falls_through_a_gap_to_its_open(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([*RISE[:2], (101, 103, 100, 102)], until=1)
    place(simulation, -10, "trailing_stop", callback=0.05)
    simulation.advance(3)
    assert traded(simulation) == [(2, -10, 101.0)]


@pytest.mark.parametrize("side", [-1, 1])
def test_a_trailing_stop_follows_from_its_activation_on(trade: Trade, place: Place, traded: Traded, side: int) -> None:
    bars = [FLAT, (100, 109, 90, 100), (100, 112, 108, 109), (109, 110, 106.4, 107)]  # 112 less 5 % is 106.4
    activation, level = 110.0, 106.4
    if side > 0:  # 88 and 5 % are 92.4
        bars = [FLAT, (100, 110, 91, 100), (100, 100, 88, 91), (91, 92.4, 90, 92)]
        activation, level = 90.0, 92.4
    simulation = trade(bars, until=1)
    place(simulation, 10 * side, "trailing_stop", activation, callback=0.05)
    simulation.advance(4)
    assert traded(simulation) == [(3, 10 * side, level)]


def test_by_mark_a_trailing_stop_follows_the_mark(trade: Trade, place: Place, traded: Traded) -> None:
    simulation = trade([FLAT, FLAT, (101, 103, 99, 100)], marks=RISE, until=1)
    place(simulation, -10, "trailing_stop", callback=0.05, by_mark=True)
    simulation.advance(3)
    assert traded(simulation) == [(2, -10, 103.0)]  # the mark fell to 104.5; 103 is the nearest to it that was traded


@pytest.mark.parametrize(
    ("activation", "pieces", "expected"),
    [
        # up to 110 and down again: 104.5 is reached on the way
        (0.0, [(100, 110, 100, 110), (110, 110, 104, 104)], [(2, -10, 104.5)]),
        (105.0, [(100, 110, 100, 110), (110, 110, 104, 104)], [(2, -10, 104.5)]),
        # a gap beyond where it begins, and a fall from there
        (105.0, [(110, 110, 104, 104)], [(1, -10, 104.5)]),
        (0.0, [(110, 110, 105, 105), (109, 109, 104, 104)], [(2, -10, 104.5)]),
        (111.0, [(100, 110, 100, 110), (110, 110, 104, 104)], []),
    ],
)
def test_on_a_walked_bar_a_trailing_stop_follows_the_way(
    trade: Trade, place: Place, traded: Traded, activation: float, pieces: Any, expected: Any
) -> None:
    simulation = trade([FLAT, *pieces], until=1, bar_path="ohlc")
    place(simulation, -10, "trailing_stop", activation, callback=0.05)
    simulation.advance(1 + len(pieces))
    assert traded(simulation) == expected


def test_a_bar_that_is_not_walked_is_followed_from_the_next_on(trade: Trade, place: Place, traded: Traded) -> None:
    # the high may have come after the low of 104
    simulation = trade([FLAT, (100, 110, 100, 108), (108, 110, 104, 104)], until=1)
    place(simulation, -10, "trailing_stop", 105.0, callback=0.05)
    simulation.advance(2)
    assert traded(simulation) == []
    simulation.advance(3)
    assert traded(simulation) == [(2, -10, 104.5)]
