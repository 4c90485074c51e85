"""Conditional orders: watched by the exchange, in lists of their own, an order behind the trigger of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTCUSDT"
MINUTE = 60_000


def states(events: list[Any]) -> list[tuple[str, str]]:
    """Kind and state of each event about an order."""
    return [(event["e"], event["o"]["X"]) for event in events if "o" in event]


def test_a_stop_sells_when_the_price_falls_through_it(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 39_000, 39_000)
    trader.order("BUY", 0.1)
    stop = trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_500, reduceOnly=True)
    assert stop["algoStatus"] == "NEW"
    assert trader.get("v1/openOrders") == []  # they have a list of their own
    assert [its["algoId"] for its in trader.get("v1/openAlgoOrders", symbol=BTC)] == [stop["algoId"]]
    events = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    assert states(events) == [
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "FINISHED"),
    ]
    found = trader.get("v1/algoOrder", algoId=stop["algoId"])
    assert (found["algoStatus"], found["actualQty"], found["actualType"]) == ("FINISHED", "0.100", "MARKET")
    order = trader.get("v1/order", symbol=BTC, orderId=int(found["actualOrderId"]))
    assert (order["status"], order["origType"], order["type"]) == ("FILLED", "STOP_MARKET", "MARKET")
    assert 39_490 < float(order["avgPrice"]) <= 39_500  # the first price at or beyond its trigger
    assert trader.size == 0.0
    finished = events[-1]["o"]
    assert (finished["ai"], finished["aq"]) == (found["actualOrderId"], "0.100")


def test_a_take_profit_sells_above_and_a_stop_limit_may_miss(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 41_000, 39_000, 39_000)
    trader.order("BUY", 0.1)
    trader.conditional("SELL", "TAKE_PROFIT_MARKET", 0.05, triggerPrice=40_500)
    missed = trader.conditional("SELL", "STOP", 0.05, triggerPrice=39_500, price=39_600)
    trader.venue.clock.advance(MINUTE)
    assert trader.size == 0.05
    trader.venue.clock.advance(MINUTE)
    found = trader.get("v1/algoOrder", algoId=missed["algoId"])
    assert found["algoStatus"] == "TRIGGERED"
    (order,) = trader.get("v1/openOrders")
    assert (order["orderId"], order["type"], order["price"]) == (int(found["actualOrderId"]), "LIMIT", "39600.00")
    trader.cancel(order["orderId"])
    assert trader.get("v1/algoOrder", algoId=missed["algoId"])["algoStatus"] == "FINISHED"


def test_a_trailing_stop_follows_the_best_price(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 42_000, 40_000, 40_000)
    trader.order("BUY", 0.1)
    trader.conditional("SELL", "TRAILING_STOP_MARKET", 0.1, callbackRate=2)
    trader.venue.clock.advance(2 * MINUTE)
    trade = trader.get("v1/userTrades", symbol=BTC)[-1]
    assert 42_000 * 0.98 - 10 < float(trade["price"]) <= 42_000 * 0.98


def test_a_closing_stop_closes_whatever_is_held(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 39_000, 39_000)
    trader.order("BUY", 0.1)
    stop = trader.conditional("SELL", "STOP_MARKET", triggerPrice=39_500, closePosition=True)
    assert (stop["closePosition"], stop["quantity"]) == (True, "0.000")
    trader.order("BUY", 0.2)
    trader.venue.clock.advance(MINUTE)
    assert trader.size == 0.0
    assert trader.get("v1/algoOrder", algoId=stop["algoId"])["actualQty"] == "0.300"


def test_the_mark_price_triggers_where_it_is_asked_to(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, 40_000, marks=(40_000, 39_000, 39_000))
    trader.order("BUY", 0.2)
    by_mark = trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_500, workingType="MARK_PRICE")
    by_last = trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_500)
    trader.venue.clock.advance(MINUTE)
    assert trader.get("v1/algoOrder", algoId=by_mark["algoId"])["algoStatus"] == "FINISHED"
    assert trader.get("v1/algoOrder", algoId=by_last["algoId"])["algoStatus"] == "NEW"
    assert trader.get("v1/userTrades", symbol=BTC)[-1]["price"] == "40000.00"  # where it trades


def test_the_margin_is_looked_for_when_the_trigger_is_reached(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 41_000, 41_000)
    too_much = trader.conditional("BUY", "STOP_MARKET", 6, triggerPrice=40_500)
    events = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    assert states(events) == [("ALGO_UPDATE", "TRIGGERING"), ("ALGO_UPDATE", "REJECTED")]
    assert events[-1]["o"]["rm"] == "Margin is insufficient."
    assert trader.get("v1/algoOrder", algoId=too_much["algoId"])["algoStatus"] == "REJECTED"
    assert trader.get("v1/openAlgoOrders") == []


def test_what_covers_nothing_any_more_expires(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, 40_000)
    trader.order("BUY", 0.1)
    stop = trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_000, reduceOnly=True)
    trader.order("SELL", 0.1)
    trader.venue.clock.advance(MINUTE)
    assert trader.get("v1/algoOrder", algoId=stop["algoId"])["algoStatus"] == "EXPIRED"


def test_a_withdrawn_one_is_told_in_few_words(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    first = trader.conditional("BUY", "STOP_MARKET", 0.1, triggerPrice=41_000, clientAlgoId="mine")
    assert trader.done("DELETE", "v1/algoOrder", clientAlgoId="mine") == {
        "algoId": first["algoId"],
        "clientAlgoId": "mine",
        "code": "200",
        "msg": "success",
    }
    assert trader.code("DELETE", "v1/algoOrder", clientAlgoId="mine") == -2011
    trader.conditional("BUY", "STOP_MARKET", 0.1, triggerPrice=41_000)
    trader.conditional("SELL", "STOP_MARKET", 0.1, triggerPrice=39_000)
    trader.done("DELETE", "v1/algoOpenOrders", symbol=BTC)
    assert [its["algoStatus"] for its in trader.get("v1/allAlgoOrders", symbol=BTC)] == ["CANCELED"] * 3


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"side": "BUY", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 39_000}, -2021),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 40_000}, -2021),
        ({"side": "SELL", "type": "TAKE_PROFIT_MARKET", "quantity": 0.1, "triggerPrice": 39_000}, -2021),
        ({"side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": 0.1, "callbackRate": 21}, -1130),
        ({"side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": 0.1, "callbackRate": 0.05}, -1130),
        ({"side": "SELL", "type": "TRAILING_STOP_MARKET", "quantity": 0.1}, -1102),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1}, -1102),
        ({"side": "SELL", "type": "STOP", "quantity": 0.1, "triggerPrice": 39_000}, -1102),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 39_000.05}, -4014),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 39_000.12345}, -1111),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 39_000, "reduceOnly": True}, -2022),
        ({"side": "SELL", "type": "STOP_MARKET", "triggerPrice": 39_000, "closePosition": True}, -2022),
        (
            {"side": "SELL", "type": "STOP_MARKET", "triggerPrice": 39_000, "closePosition": True, "quantity": 1},
            -4137,
        ),
        ({"side": "SELL", "type": "STOP", "triggerPrice": 39_000, "price": 39_000, "closePosition": True}, -4136),
        ({"side": "SELL", "type": "LIMIT", "quantity": 0.1, "price": 39_000}, -1116),
        ({"side": "SELL", "type": "STOP_MARKET", "quantity": 0.1, "triggerPrice": 39_000, "priceProtect": True}, -1106),
    ],
)
def test_a_conditional_order_that_cannot_be_is_refused(
    trading: Callable[..., Any], given: dict[str, Any], wanted: int
) -> None:
    trader = trading(40_000, 40_000)
    assert trader.code("POST", "v1/algoOrder", algoType="CONDITIONAL", symbol=BTC, **given) == wanted
    assert trader.get("v1/allAlgoOrders", symbol=BTC) == []


def test_only_one_order_of_a_kind_closes_all(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    trader.order("BUY", 0.1)
    trader.conditional("SELL", "STOP_MARKET", triggerPrice=39_500, closePosition=True)
    again = {"algoType": "CONDITIONAL", "symbol": BTC, "side": "SELL", "triggerPrice": 39_000, "closePosition": True}
    assert trader.code("POST", "v1/algoOrder", type="STOP_MARKET", **again) == -4130


@pytest.mark.parametrize("kind", ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"])
def test_the_order_endpoint_takes_no_conditional_ones(trading: Callable[..., Any], kind: str) -> None:
    trader = trading(40_000, 40_000)
    assert trader.refused("BUY", 0.1, type=kind, stopPrice=41_000) == -4120
