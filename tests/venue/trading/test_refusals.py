"""What the exchange does not take, each with its code; the ledger never sees such an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTCUSDT"

LIMIT = {"type": "LIMIT", "price": 39_000, "timeInForce": "GTC"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"side": "UP"}, -1117),
        ({"type": "NOPE"}, -1116),
        ({"timeInForce": "NOPE"}, -1115),
        ({"timeInForce": ""}, -1102),
        ({"price": ""}, -1102),
        ({"quantity": ""}, -1102),
        ({"quantity": "-1"}, -1100),
        ({"quantity": "1e3"}, -1100),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": "with space"}, -1100),
        ({"positionSide": "LONG"}, -4061),
        ({"quantity": "0.0001"}, -1111),
        ({"price": "39000.123"}, -1111),
        ({"price": "39000.05"}, -4014),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.1", "price": "200000"}, -4016),
        ({"side": "SELL", "price": "10000"}, -4024),
        ({"reduceOnly": "true"}, -2022),
        ({"quantity": "20"}, -2019),
        ({"stopPrice": "39000"}, -1106),
        ({"goodTillDate": "1"}, -1106),
        ({"priceMatch": "OPPONENT"}, -1106),
        ({"price": "", "priceMatch": "NOPE"}, -1102),
        ({"newOrderRespType": "FULL"}, -1102),
    ],
)
def test_a_limit_order_that_cannot_be_is_refused(
    trading: Callable[..., Any], change: dict[str, Any], wanted: int
) -> None:
    trader = trading(40_000, 40_000)
    good = {"symbol": BTC, "side": "BUY", "quantity": "0.1", **LIMIT}
    assert trader.code("POST", "v1/order", **good | change) == wanted
    assert trader.get("v1/allOrders", symbol=BTC) == []
    assert trader.done("POST", "v1/order", **good)["status"] == "NEW"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"timeInForce": "GTC"}, -1106),
        ({"price": 39_000}, -1106),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": 100_000}, -4005),
        ({"quantity": 6}, -2019),
        ({"reduceOnly": True}, -2022),
    ],
)
def test_a_market_order_that_cannot_be_is_refused(
    trading: Callable[..., Any], change: dict[str, Any], wanted: int
) -> None:
    trader = trading(40_000, 40_000)
    good = {"symbol": BTC, "side": "BUY", "quantity": "0.1", "type": "MARKET"}
    assert trader.code("POST", "v1/order", **good | change) == wanted
    assert trader.size == 0.0


def test_an_order_too_small_to_be_worth_it_is_refused(trading: Callable[..., Any]) -> None:
    trader = trading(400, 400)
    least = next(
        row for row in trader.venue.contracts[BTC].described()["filters"] if row["filterType"] == "MIN_NOTIONAL"
    )
    few = 0.9 * float(least["notional"]) / 400
    trader.order("BUY", 1)
    assert trader.refused("SELL", f"{few:.3f}") == -4164
    assert trader.order("SELL", f"{few:.3f}", reduceOnly=True)["status"] == "FILLED"  # those are exempt


def test_a_market_order_far_from_the_mark_price_is_refused(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, marks=(30_000, 30_000))
    assert trader.refused("BUY", 0.1) == -4131


def test_a_position_larger_than_its_bracket_allows_is_refused(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, capital=1e9)
    trader.done("POST", "v1/leverage", symbol=BTC, leverage=100)
    assert trader.refused("BUY", 100) == -2027
    assert trader.refused("BUY", 100, 39_000) == -2027
    assert trader.order("BUY", 1)["status"] == "FILLED"


def test_open_orders_bind_margin(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    trader.order("BUY", 4, 39_000)  # 156,000 at 20x
    balance = trader.get("v3/balance")[0]
    assert float(balance["availableBalance"]) == pytest.approx(10_000 - 156_000 / 20)
    assert trader.refused("BUY", 2, 39_000) == -2019
    assert trader.refused("BUY", 2) == -2019
    assert trader.order("SELL", 3, 41_000)["status"] == "NEW"  # the two sides do not add up


def test_a_settled_contract_takes_no_orders(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, 40_000, at=1)
    trader.venue.halt(BTC)
    assert trader.refused("BUY", 0.1) == -4140


def test_more_orders_than_a_contract_takes_are_refused(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    contract = trader.venue.contracts[BTC]
    most = contract.rules.max_orders
    trader.venue.limits.orders_ten_seconds = 10_000
    for _ in range(most):
        trader.order("BUY", 0.001, 30_000) if contract.rules.min_notional <= 30 else trader.order("BUY", 0.01, 30_000)
    assert trader.refused("BUY", 0.01, 30_000) == -2025


@pytest.mark.parametrize(("late", "wanted"), [(5_000, None), (5_001, -1021), (-999, None), (-1_000, -1021)])
def test_a_request_out_of_its_time_is_refused(trading: Callable[..., Any], late: int, wanted: int | None) -> None:
    trader = trading(40_000, 40_000)
    status, _, body = trader.ask("GET", "v3/balance", timestamp=trader.venue.clock.now - late)
    assert (None if status == 200 else body["code"]) == wanted


def test_a_wrong_signature_is_refused(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    assert trader.code("GET", "v3/balance", __secret="wrong") == -1022
