"""The exchange's filters, each with the codes and words of its documentation; bounds worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw.domain.filters import Refusal, quantity_of, refusal
from fw.domain.instrument import Instrument

BTC = Instrument(  # as recorded on 2021-07-21, but for market orders, which had the bounds of all
    symbol="BTCUSDT",
    tick=0.01,
    lot=0.001,
    min_notional=5.0,
    min_price=556.72,
    max_price=1_000_000.0,
    percent_up=1.15,
    percent_down=0.85,
    max_limit_lots=1_000_000,
    max_lots=120_000,
    min_market_lots=2,
    market_step=2,
)
MARK = 31_967.27


def code(quantity: Any, price: Any = None, **more: Any) -> int | None:
    refused = refusal(BTC, quantity, price=price, **{"mark": MARK, **more})
    return None if refused is None else refused.code


@pytest.mark.parametrize(
    ("quantity", "price", "expected"),
    [
        ("0.001", "31967.27", None),
        ("0", "31967.27", -4003),
        ("0.0009", "31967.27", -4004),
        ("0.0015", "31967.27", -4023),
        ("1000", "31967.27", None),
        ("1000.001", "31967.27", -4005),
        ("0.1", "556.71", -4013),
        ("0.1", "1000000.01", -4002),
        ("0.1", "31967.275", -4014),
        # 31967.27 × 1.15 = 36762.3605 and × 0.85 = 27172.1795; 0.01 is the tick
        ("0.1", "36762.36", None),
        ("0.1", "36762.37", -4016),
        ("-0.1", "27172.18", None),
        ("-0.1", "27172.17", -4024),
        # each side has one bound: who buys low or sells high hurts nobody
        ("0.1", "600.00", None),
        ("-0.1", "900000.00", None),
    ],
)
def test_a_limit_order_is_refused_as_the_exchange_refuses_it(quantity: str, price: str, expected: int | None) -> None:
    assert code(quantity, price) == expected
    assert code(float(quantity), float(price)) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [("0.002", None), ("0.001", -4004), ("0.003", -4023), ("120", None), ("120.002", -4005), ("-120.002", -4005)],
)
def test_a_market_order_has_its_own_step_and_bounds(quantity: str, expected: int | None) -> None:
    assert code(quantity) == expected


def test_a_market_order_is_refused_where_the_other_side_is_too_far_from_the_mark() -> None:
    assert code("0.1", best="36762.36") is None
    assert code("0.1", best="36762.37") == -4131
    assert code("-0.1", best="27172.18") is None
    assert code("-0.1", best="27172.17") == -4131
    assert code("-0.1", best="36762.37") is None


def test_the_smallest_notional_is_at_the_orders_price_and_does_not_bind_what_only_reduces() -> None:
    small = Instrument(symbol="X", tick=0.01, lot=0.001, min_notional=5.0)
    for quantity, more, expected in (
        ("0.5", {"price": "10"}, None),
        ("0.499", {"price": "10"}, -4164),
        ("0.499", {"price": "10", "reduce_only": True}, None),
        ("0.5", {"trigger": "9.99"}, -4164),
        ("0.05", {}, None),  # at the mark
        ("0.049", {}, -4164),
    ):
        refused = refusal(small, quantity, mark="100", **more)
        assert (refused.code if refused else None) == expected, (quantity, more)


def test_a_conditional_order_has_a_trigger_on_the_tick_and_its_price_near_the_trigger() -> None:
    assert code("0.1", trigger="20000.005") == -4014
    assert code("0.1", trigger="0") == -4006
    assert code("0.1", trigger="1000000.01") == -4007
    assert code("0.1", trigger="50000") is None  # far from the mark: that is what it waits for
    assert code("0.1", "57500.00", trigger="50000") is None
    assert code("0.1", "57500.01", trigger="50000") == -4183
    assert code("-0.1", "16999.99", trigger="20000") == -4184


def test_open_orders_are_counted_conditional_ones_by_themselves() -> None:
    assert code("0.1", MARK, working=199, waiting=500) is None
    assert code("0.1", MARK, working=200) == -2025
    assert code("0.1", trigger="40000", working=500, waiting=199) is None
    assert code("0.1", trigger="40000", waiting=200) == -4045


def test_a_refusal_has_the_exchanges_words() -> None:
    def said(quantity: str, price: str | None = None) -> str:
        return str(refusal(BTC, quantity, price=price, mark=MARK))

    assert said("0.1", "40000") == "Limit price can't be higher than 36762.36. (-4016)"
    assert said("-0.1", "20000") == "Limit price can't be lower than 27172.18. (-4024)"
    assert said("0.001", "600") == "Order's notional must be no smaller than 5 (unless you choose reduce only). (-4164)"
    assert refusal(BTC, "1000.001", mark=MARK) == Refusal(-4005, "Quantity greater than max quantity.")


def test_what_nothing_is_known_of_refuses_nothing() -> None:
    free = Instrument(symbol="X", tick=1e-7, lot=1.0)
    for price in (1e-7, 0.0000231, 1e9, 1e200):
        assert refusal(free, 1e11, price=price, mark=1.0) is None
    assert refusal(free, -1e11, mark=1.0, best=1e-7) is None


@given(ticks=st.integers(1, 10**9), lots=st.integers(1, 10**9), tick=st.sampled_from([0.1, 0.01, 1e-5, 1e-7, 0.25]))
def test_whole_ticks_and_lots_pass_and_anything_between_does_not(ticks: int, lots: int, tick: float) -> None:
    free = Instrument(symbol="X", tick=tick, lot=tick)
    price, quantity = ticks * Decimal(repr(tick)), quantity_of(free, lots)
    assert refusal(free, quantity, price=price, mark=price) is None
    # the nearest float to a decimal price is that price again
    assert refusal(free, float(quantity), price=float(price), mark=price) is None
    between = price + Decimal(repr(tick)) / 3
    off = refusal(free, quantity, price=between, mark=price)
    assert off is not None
    assert off.code == -4014
