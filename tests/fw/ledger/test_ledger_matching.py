"""Orders and protections against single bars; of the two prices a bar may mean, the worse for the trader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fw.ledger import kinds

NAN = float("nan")
FLAT = (100, 100, 100, 100)


def held(count: int, **levels: float) -> dict[str, Any]:
    """Signal columns that stay for `count` bars, after one that buys or sells a coin."""
    return {name: [[level] * count] for name, level in levels.items()}


def exits(simulation: Any) -> list[tuple[int, str, float]]:
    """(bar, reason, price) of every fill but the first."""
    return [(int(row["bar"]), kinds.REASONS[row["reason"]], float(row["price"])) for row in simulation.fills[1:]]


@pytest.mark.parametrize(("bar", "price"), [((100, 101, 94, 96), 95.0), ((93, 97, 92, 96), 93.0)])
def test_a_stop_fills_at_its_price_or_at_the_open_it_gapped_to(
    trade: Callable[..., Any], bar: Any, price: float
) -> None:
    assert exits(trade([FLAT, FLAT, bar], strength=[[1.0] * 3], **held(3, stop_loss=95.0))) == [(2, "stop", price)]


@pytest.mark.parametrize(("bar", "price"), [((100, 106, 99, 104), 105.0), ((107, 108, 103, 104), 107.0)])
def test_a_short_s_stop_mirrors_it(trade: Callable[..., Any], bar: Any, price: float) -> None:
    assert exits(trade([FLAT, FLAT, bar], strength=[[-1.0] * 3], **held(3, stop_loss=105.0))) == [(2, "stop", price)]


def test_a_stop_loses_slippage_and_pays_as_a_taker_a_take_profit_neither(trade: Callable[..., Any]) -> None:
    terms = {"slippage": 0.01, "maker": 0.0002, "taker": 0.0005}
    # it buys at 101
    stopped = trade([FLAT, FLAT, (100, 100, 94, 96)], strength=[[1.0] * 3], **held(3, stop_loss=95.0), **terms)
    taken = trade([FLAT, FLAT, (100, 106, 100, 103)], strength=[[1.0] * 3], **held(3, take_profit=105.0), **terms)
    assert stopped.fills[1]["price"] == pytest.approx(94.05)
    assert stopped.fills[1]["fee"] == pytest.approx(94.05 * 0.0005)
    assert exits(taken) == [(2, "take_profit", 105.0)]
    assert taken.fills[1]["fee"] == pytest.approx(105.0 * 0.0002)


def test_a_stop_counts_from_the_open_that_entered(trade: Callable[..., Any]) -> None:
    assert exits(trade([FLAT, (100, 101, 94, 100)], strength=[[1.0] * 2], **held(2, stop_loss=95.0))) == [
        (1, "stop", 95.0)
    ]


@pytest.mark.parametrize(
    ("path", "reason", "price"), [("pessimistic", "stop", 95.0), ("optimistic", "take_profit", 105.0)]
)
def test_a_bar_that_touches_both(trade: Callable[..., Any], path: str, reason: str, price: float) -> None:
    signals = held(3, stop_loss=95.0, take_profit=105.0)
    simulation = trade([FLAT, FLAT, (100, 106, 94, 100)], strength=[[1.0] * 3], bar_path=path, **signals)
    assert exits(simulation) == [(2, reason, price)]
    assert simulation.account["ambiguous"][0] == 1


@pytest.mark.parametrize("path", ["pessimistic", "optimistic"])
@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((94, 99, 93.5, 98), [(3, "stop", 94.0)]),  # the gap entered at 98 and stopped at the open
        ((96, 99, 95.5, 98), []),
        ((96, 106, 95.5, 98), [(3, "take_profit", 105.0)]),  # all of the bar came after the entry
    ],
)
def test_a_limit_that_the_open_gapped_over_is_in_from_the_open_on(
    trade: Callable[..., Any], path: str, bar: tuple[float, ...], expected: list[Any]
) -> None:
    signals = held(4, limit=98.0, stop_loss=95.0, take_profit=105.0)
    simulation = trade([FLAT, FLAT, FLAT, bar], strength=[[1.0] * 4], bar_path=path, **signals)
    assert simulation.fills[0]["price"] == 98.0
    assert exits(simulation) == expected
    assert simulation.account["ambiguous"][0] == 0


@pytest.mark.parametrize("path", ["pessimistic", "optimistic"])
@pytest.mark.parametrize(
    ("opened", "reason", "price"), [(94.0, "stop", 94.0), (95.0, "stop", 95.0), (105.1, "take_profit", 105.0)]
)
def test_what_the_open_has_passed_is_certain(
    trade: Callable[..., Any], path: str, opened: float, reason: str, price: float
) -> None:
    signals = held(3, stop_loss=95.0, take_profit=105.0)
    bars = [FLAT, FLAT, (opened, 106, 93, 100)]
    simulation = trade(bars, strength=[[1.0] * 3], bar_path=path, **signals)
    assert exits(simulation) == [(2, reason, price)]
    assert simulation.account["ambiguous"][0] == 0


@pytest.mark.parametrize(
    ("bar", "stopped"),
    [
        ((97, 101, 94, 99), {"pessimistic": True, "optimistic": False}),  # the low may have come before the entry
        ((97, 101, 94, 94.5), {"pessimistic": True, "optimistic": True}),  # it closed below the stop
    ],
)
def test_a_stop_entry_may_have_come_after_the_low(
    trade: Callable[..., Any], place: Callable[..., int], bar: tuple[float, ...], stopped: dict[str, bool]
) -> None:
    for path, happens in stopped.items():
        simulation = trade([(97, 97, 97, 97), bar], until=1, bar_path=path)
        place(simulation, 100, "stop", 100.0)
        simulation.orders["planned"][0] = 1
        simulation.orders["stop"][0] = 95.0
        simulation.advance(2)
        assert [reason for _, reason, _ in exits(simulation)] == (["stop"] if happens else [])
        # it is ambiguous by either rule where the two differ
        assert simulation.account["ambiguous"][0] == len(set(stopped.values())) - 1


def test_a_long_s_trailing_stop_follows_the_highs_of_bars_that_are_over(trade: Callable[..., Any]) -> None:
    bars = [
        FLAT,
        (100, 104, 96, 103),  # entered at 100: the stop stands at 95; then at 104 − 5 = 99
        (103, 110, 100, 108),  # 99 is not reached; then 105, although the bar's low may have come after its high
        (107, 107, 104, 106),
    ]
    assert exits(trade(bars, strength=[[1.0] * 4], **held(4, trailing=5.0))) == [(3, "trailing", 105.0)]


def test_a_short_s_trailing_stop_follows_the_lows(trade: Callable[..., Any]) -> None:
    bars = [FLAT, (100, 104, 96, 97), (97, 100, 90, 92), (94, 96, 93, 95)]  # 105, then 101, then 95
    assert exits(trade(bars, strength=[[-1.0] * 4], **held(4, trailing=5.0))) == [(3, "trailing", 95.0)]


def test_of_a_stop_and_a_trailing_stop_the_nearer_counts(trade: Callable[..., Any]) -> None:
    signals = held(3, stop_loss=97.0, trailing=5.0)
    assert exits(trade([FLAT, (100, 101, 98, 100), (100, 100, 90, 95)], strength=[[1.0] * 3], **signals)) == [
        (2, "stop", 97.0)  # the trailing one stands at 96
    ]


@pytest.mark.parametrize(
    ("through", "low", "fills"),
    [(0, 99.0, 1), (0, 99.1, 0), (1, 99.0, 0), (1, 98.9, 1), (2, 98.9, 0), (2, 98.8, 1)],
)
def test_a_resting_limit_fills_where_the_market_trades_through_it(
    trade: Callable[..., Any], through: int, low: float, fills: int
) -> None:
    signals = held(2, limit=99.0)
    simulation = trade([FLAT, (100, 100, low, 100)], strength=[[1.0] * 2], through=through, maker=0.0002, **signals)
    assert len(simulation.fills) == fills
    if fills:
        assert simulation.fills[0]["price"] == 99.0
        assert simulation.fills[0]["fee"] == pytest.approx(99.0 * 0.0002)


def test_a_limit_that_arrives_marketable_takes_but_never_beyond_its_price(trade: Callable[..., Any]) -> None:
    for slippage, price in ((0.0, 100.0), (0.005, 100.5), (0.02, 101.0)):
        simulation = trade(
            [FLAT, FLAT], strength=[[1.0] * 2], slippage=slippage, taker=0.0005, maker=0.0, **held(2, limit=101.0)
        )
        assert simulation.fills[0]["price"] == pytest.approx(price)
        assert simulation.fills[0]["fee"] == pytest.approx(price * 0.0005)


@pytest.mark.parametrize(("reached", "fills"), [(2, 1), (3, 0)])
def test_a_limit_expires_after_its_bars(trade: Callable[..., Any], reached: int, fills: int) -> None:
    bars = [(100, 100, 90 if i == reached else 100, 100) for i in range(5)]
    simulation = trade(bars, strength=[[1.0] * 5], **held(5, limit=95.0, expiry=2.0))
    assert len(simulation.fills) == fills
    assert simulation.orders[0]["done"] == 2
    assert kinds.ORDER_STATES[simulation.orders[0]["state"]] == ("filled" if fills else "expired")


def test_what_a_limit_entered_may_be_stopped_in_the_same_bar_but_not_paid_its_profit(
    trade: Callable[..., Any],
) -> None:
    bar = (100, 110, 90, 100)
    stopped = trade([FLAT, bar], strength=[[1.0] * 2], **held(2, limit=95.0, stop_loss=92.0, take_profit=105.0))
    far = held(2, limit=95.0, stop_loss=87.0, take_profit=105.0)
    kept = trade([FLAT, bar], strength=[[1.0] * 2], **far)
    paid = trade([FLAT, bar], strength=[[1.0] * 2], bar_path="optimistic", **far)
    assert exits(stopped) == [(1, "stop", 92.0)]
    assert exits(kept) == []
    assert exits(paid) == [(1, "take_profit", 105.0)]


@pytest.mark.parametrize(
    ("opened", "stop", "price"),
    [
        (93.5, 94.0, 93.5),  # gapped through entry and stop: never better than the open
        (93.5, 93.0, 93.0),
    ],
)
def test_no_stop_of_an_entry_inside_the_bar_fills_better_than_entry_or_open(
    trade: Callable[..., Any], opened: float, stop: float, price: float
) -> None:
    bars = [FLAT, FLAT, (opened, 98.0, 90.0, 92.0)]
    simulation = trade(bars, strength=[[1.0] * 3], **held(3, limit=95.0, stop_loss=stop))
    assert simulation.fills[0]["price"] == 95.0
    assert exits(simulation) == [(2, "stop", price)]


def test_a_scale_in_inside_a_bar_brings_its_stop_into_that_bar(trade: Callable[..., Any]) -> None:
    # half a coin with a stop at 92; then the other half at 95 with a stop at 94, and a low of 93 in that bar
    bars = [FLAT, FLAT, (100, 100, 93, 97)]
    simulation = trade(
        bars,
        strength=[[0.5, 1.0, 1.0]],
        limit=[[NAN, 95.0, 95.0]],
        stop_loss=[[92.0, 94.0, 94.0]],
    )
    assert exits(simulation) == [(2, "signal", 95.0), (2, "stop", 94.0)]
    assert simulation.positions[0]["lots"] == 0


def test_an_exit_withdraws_what_its_signal_still_had_working(trade: Callable[..., Any]) -> None:
    # half a coin at the market; the other half waits at 90; the stop of 96 comes first, and 90 later enters nothing
    bars = [FLAT, FLAT, (100, 100, 95, 97), (97, 97, 85, 90)]
    simulation = trade(bars, strength=[[0.5, 1.0, 1.0, 1.0]], limit=[[NAN, 90.0, 90.0, 90.0]], stop_loss=[[96.0] * 4])
    assert exits(simulation) == [(2, "stop", 96.0)]
    assert kinds.ORDER_STATES[simulation.orders[1]["state"]] == "cancelled"


def test_after_a_stop_nothing_enters_until_the_signal_changes(trade: Callable[..., Any]) -> None:
    bars = [FLAT, (100, 100, 94, 100), FLAT, FLAT, FLAT, FLAT]
    simulation = trade(bars, strength=[[1.0, 1.0, 1.0, 0.5, 0.5, 0.5]], stop_loss=[[95.0] * 6])
    assert [(row["bar"], row["lots"]) for row in simulation.fills] == [(1, 100), (1, -100), (4, 50)]


def test_a_change_of_protections_alone_moves_them_and_keeps_the_size(trade: Callable[..., Any]) -> None:
    bars = [FLAT, FLAT, FLAT, (100, 100, 96, 98)]
    simulation = trade(bars, strength=[[1.0] * 4], stop_loss=[[92.0, 92.0, 97.0, 97.0]])
    assert exits(simulation) == [(3, "stop", 97.0)]
    assert kinds.ORDER_KINDS[simulation.orders[1]["kind"]] == "bracket"


@pytest.mark.parametrize(
    ("lots", "kind", "price", "bar", "paid"),
    [
        (10, "stop", 105.0, (100, 106, 99, 104), 105.0),
        (10, "stop", 105.0, (107, 108, 106, 107), 107.0),  # gapped beyond it
        (10, "stop", 105.0, (100, 104.9, 99, 104), None),
        (-10, "stop", 95.0, (100, 101, 94, 96), 95.0),
        (-10, "take_profit", 105.0, (100, 106, 99, 104), 105.0),
        (-10, "take_profit", 105.0, (107, 108, 106, 107), 107.0),
        (10, "take_profit", 95.0, (100, 101, 94, 96), 95.0),
        (-10, "limit", 105.0, (100, 105.1, 99, 104), 105.0),
        (-10, "limit", 105.0, (107, 108, 106, 107), 107.0),  # marketable when it arrives
    ],
)
def test_explicit_orders_wait_for_their_price(
    trade: Callable[..., Any],
    place: Callable[..., int],
    lots: int,
    kind: str,
    price: float,
    bar: Any,
    paid: float | None,
) -> None:
    simulation = trade([FLAT, bar], until=1)
    place(simulation, lots, kind, price)
    simulation.advance(2)
    assert [float(row["price"]) for row in simulation.fills] == ([] if paid is None else [paid])


def test_an_order_amended_beyond_the_market_takes_at_the_market(
    trade: Callable[..., Any], place: Callable[..., int]
) -> None:
    simulation = trade([FLAT, FLAT, FLAT], until=1)
    row = place(simulation, 10, "limit", 90.0)
    simulation.advance(2)
    simulation.amend(row, lots=None, price=120.0)
    simulation.advance(3)
    assert [float(fill["price"]) for fill in simulation.fills] == [100.0]


def test_a_halt_for_drawdown_closes_at_the_next_open_and_ends_trading(trade: Callable[..., Any]) -> None:
    bars = [FLAT, FLAT, (100, 100, 89, 89), (88, 90, 87, 90), FLAT, FLAT]
    # 10 coins on 1,000: at 89 equity is 890, 11 % below its peak
    simulation = trade(bars, strength=[[1.0, 1.0, 1.0, 0.5, 1.0, 1.0]], quantity=10.0, leverage=1.0, drawdown_limit=0.1)
    assert exits(simulation) == [(3, "risk", 88.0)]
    assert simulation.account["halted"][0] == 3
    assert list(simulation.equity[2:]) == pytest.approx([890.0, 880.0, 880.0, 880.0])


@pytest.mark.parametrize("path", ["pessimistic", "optimistic"])
def test_a_limit_that_adds_fills_on_the_way_to_the_stop(
    trade: Callable[..., Any], place: Callable[..., int], path: str
) -> None:
    bars = [FLAT, FLAT, (100, 100, 90, 92)]
    simulation = trade(bars, strength=[[1.0] * 3], until=2, bar_path=path, quantity=0.5, **held(3, stop_loss=95.0))
    place(simulation, 50, "limit", 97.0)
    place(simulation, 50, "limit", 94.0)  # beyond the stop: it is another position
    simulation.advance(3)
    told = [(int(row["lots"]), float(row["price"])) for row in simulation.fills]
    assert told == [(50, 100.0), (50, 97.0), (-100, 95.0), (50, 94.0)]
