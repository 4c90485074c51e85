"""Orders over REST: taken, filled, changed and withdrawn as the exchange does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTCUSDT"
MINUTE = 60_000


def test_a_market_order_fills_at_once_at_the_newest_price(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, newClientOrderId="mine")
    assert (order["status"], order["avgPrice"], order["executedQty"]) == ("FILLED", "40000.00", "0.100")
    assert order["clientOrderId"] == "mine"
    assert trader.size == 0.1
    (trade,) = trader.get("v1/userTrades", symbol=BTC)
    assert (trade["maker"], trade["commission"], trade["orderId"]) == (False, "2.00000000", order["orderId"])
    assert trader.wallet == 9_998.0


def test_an_acknowledgement_tells_nothing_of_the_fill(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, newOrderRespType="ACK")
    assert (order["status"], order["executedQty"], order["cumQuote"]) == ("NEW", "0.000", "0.00000")
    found = trader.get("v1/order", symbol=BTC, orderId=order["orderId"])
    assert (found["status"], found["executedQty"]) == ("FILLED", "0.100")


def test_a_limit_order_rests_until_the_price_goes_through_it(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 39_000, 40_000)
    order = trader.order("BUY", 0.1, 39_500)
    assert order["status"] == "NEW"
    assert [its["orderId"] for its in trader.get("v1/openOrders")] == [order["orderId"]]
    trader.venue.clock.advance(MINUTE)
    assert trader.get("v1/openOrders") == []
    (trade,) = trader.get("v1/userTrades", symbol=BTC)
    assert (trade["price"], trade["maker"], trade["commission"]) == ("39500.00", True, "0.79000000")


def test_a_changed_order_keeps_its_id_and_a_smaller_one_than_has_filled_ends(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 39_000, 40_000)
    order = trader.order("BUY", 0.1, 38_000)
    changed = trader.done(
        "PUT", "v1/order", symbol=BTC, orderId=order["orderId"], side="BUY", quantity=0.2, price=39_500
    )
    assert (changed["orderId"], changed["origQty"], changed["price"]) == (order["orderId"], "0.200", "39500.00")
    trader.venue.clock.advance(MINUTE)
    assert trader.get("v1/order", symbol=BTC, orderId=order["orderId"])["status"] == "FILLED"


def test_what_does_not_change_an_order_is_refused(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, 39_000)
    same = {"symbol": BTC, "orderId": order["orderId"], "side": "BUY", "quantity": 0.1, "price": 39_000}
    assert trader.code("PUT", "v1/order", **same) == -5027
    assert trader.code("PUT", "v1/order", **same | {"side": "SELL"}) == -1117
    assert trader.code("PUT", "v1/order", **same | {"orderId": 1}) == -2013


def test_a_withdrawn_order_is_withdrawn_once(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, 39_000)
    assert trader.cancel(order["orderId"])["status"] == "CANCELED"
    assert trader.code("DELETE", "v1/order", symbol=BTC, orderId=order["orderId"]) == -2011
    assert trader.code("GET", "v1/openOrder", symbol=BTC, orderId=order["orderId"]) == -2013
    assert trader.get("v1/order", symbol=BTC, orderId=order["orderId"])["status"] == "CANCELED"


def test_a_client_id_is_unique_among_open_orders_only(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    first = trader.order("BUY", 0.1, 39_000, newClientOrderId="twice")
    assert trader.refused("BUY", 0.1, 39_000, newClientOrderId="twice") == -4116
    trader.done("DELETE", "v1/order", symbol=BTC, origClientOrderId="twice")
    second = trader.order("BUY", 0.1, 39_000, newClientOrderId="twice")
    assert second["orderId"] != first["orderId"]
    found = trader.get("v1/order", symbol=BTC, origClientOrderId="twice")
    assert found["orderId"] == second["orderId"]  # the newest of that name


@pytest.mark.parametrize(
    ("force", "price", "wanted"),
    [
        ("IOC", 39_000, "EXPIRED"),
        ("IOC", 40_000, "FILLED"),
        ("FOK", 39_000, -5021),
        ("FOK", 40_000, "FILLED"),
        ("GTX", 39_000, "NEW"),
        ("GTX", 40_000, -5022),
    ],
)
def test_times_in_force(trading: Callable[..., Any], force: str, price: float, wanted: str | int) -> None:
    trader = trading(40_000, 40_000)
    if isinstance(wanted, int):
        assert trader.refused("BUY", 0.1, price, timeInForce=force) == wanted
        assert trader.get("v1/allOrders", symbol=BTC) == []  # it is not recorded
    else:
        assert trader.order("BUY", 0.1, price, timeInForce=force)["status"] == wanted


def test_an_order_good_till_a_date_expires_then(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 15)
    now = trader.venue.clock.now
    assert trader.refused("BUY", 0.1, 39_000, timeInForce="GTD", goodTillDate=now + 600_000) == -5040
    order = trader.order("BUY", 0.1, 39_000, timeInForce="GTD", goodTillDate=now + 11 * MINUTE + 1)
    assert order["goodTillDate"] == now + 11 * MINUTE  # whole seconds
    trader.venue.clock.advance(10 * MINUTE)
    assert trader.get("v1/openOrder", symbol=BTC, orderId=order["orderId"])["status"] == "NEW"
    trader.venue.clock.advance(MINUTE)
    assert trader.get("v1/order", symbol=BTC, orderId=order["orderId"])["status"] == "EXPIRED"


def test_an_amended_post_only_order_that_would_take_is_withdrawn(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, 39_000, timeInForce="GTX")
    number = order["orderId"]
    changed = trader.done("PUT", "v1/order", symbol=BTC, orderId=number, side="BUY", quantity=0.1, price=40_100)
    assert changed["status"] == "CANCELED"
    assert trader.size == 0


def test_several_orders_are_answered_one_by_one(trading: Callable[..., Any], trading_tools: Any) -> None:
    trader = trading(40_000, 40_000)
    good, bad = trading_tools.order_of("BUY", "0.1", "39000"), trading_tools.order_of("BUY", "0.1", "39000.05")
    status, headers, rows = trader.ask("POST", "v1/batchOrders", batchOrders=json.dumps([good, bad, good]))
    assert status == 200
    assert [row.get("code", row.get("status")) for row in rows] == ["NEW", -4014, "NEW"]
    assert headers["X-MBX-ORDER-COUNT-1M"] == "3"
    numbers = [row["orderId"] for row in rows if "orderId" in row]
    gone = trader.done("DELETE", "v1/batchOrders", symbol=BTC, orderIdList=json.dumps([*numbers, 5]))
    assert [row.get("code", row.get("status")) for row in gone] == ["CANCELED", "CANCELED", -2011]


def test_all_open_orders_go_together_and_conditional_ones_stay(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    trader.order("BUY", 0.1, 39_000)
    trader.order("BUY", 0.1, 38_000)
    trader.conditional("BUY", "STOP_MARKET", 0.1, triggerPrice=41_000)
    assert trader.done("DELETE", "v1/allOpenOrders", symbol=BTC)["code"] == 200
    assert trader.get("v1/openOrders") == []
    assert len(trader.get("v1/openAlgoOrders")) == 1
    assert [its["status"] for its in trader.get("v1/allOrders", symbol=BTC)] == ["CANCELED", "CANCELED"]


def test_orders_are_counted_in_the_headers(trading: Callable[..., Any], trading_tools: Any) -> None:
    trader = trading(40_000, 40_000)
    for wanted in ("1", "2"):
        _, headers, _ = trader.ask("POST", "v1/order", **trading_tools.order_of("BUY", 0.1))
        assert headers["X-MBX-ORDER-COUNT-10S"] == wanted
    assert headers["X-MBX-USED-WEIGHT-1M"] == "0"


def test_two_keys_have_two_accounts(trading: Callable[..., Any]) -> None:
    mine = trading(40_000, 40_000)
    other = type(mine)(mine.venue, "other")
    mine.order("BUY", 0.1)
    assert (mine.size, other.size) == (0.1, 0.0)
    assert other.wallet == 10_000.0


def test_a_dead_mans_switch_withdraws_what_is_open(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order("BUY", 0.1, 39_000)
    accounts, seconds = trader.venue.accounts, [0.0]
    accounts.seconds = lambda: seconds[0]
    body = trader.done("POST", "v1/countdownCancelAll", symbol=BTC, countdownTime=5_000)
    assert body == {"symbol": BTC, "countdownTime": "5000"}
    seconds[0] = 4.9
    assert len(trader.get("v1/openOrders")) == 1
    seconds[0] = 5.0
    trader.venue.call(trader.venue.hub.look_after)
    assert trader.get("v1/openOrders") == []
    assert trader.get("v1/order", symbol=BTC, orderId=order["orderId"])["status"] == "CANCELED"


def test_orders_that_came_to_nothing_are_forgotten_sooner(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 3)
    order = trader.order("BUY", 0.1, 39_000)
    trader.cancel(order["orderId"])
    trader.venue.clock.advance(3 * 24 * 60 * MINUTE + 1)
    assert trader.code("GET", "v1/order", symbol=BTC, orderId=order["orderId"]) == -2013


def test_two_contracts_share_the_margin_of_one_account(
    make_venue: Callable[..., Any], venue_kit: Any, trading_tools: Any
) -> None:
    market = venue_kit.market(symbols=(BTC, "ETHUSDT"))
    trader = trading_tools.Trader(make_venue(market, at=200))
    trader.order("BUY", 1)
    trader.order("SELL", 1, symbol="ETHUSDT")
    trader.venue.clock.advance(10 * MINUTE)
    rows = trader.get("v3/positionRisk")
    assert [(row["symbol"], row["positionAmt"]) for row in rows] == [(BTC, "1.000"), ("ETHUSDT", "-1.000")]
    account = trader.get("v3/account")
    assert float(account["totalInitialMargin"]) == pytest.approx(
        sum(abs(float(row["notional"])) / 20 for row in rows), abs=1e-6
    )
    profits = sum(float(row["unRealizedProfit"]) for row in rows)
    free = float(account["totalWalletBalance"]) + profits - float(account["totalInitialMargin"])
    assert float(account["availableBalance"]) == pytest.approx(free, abs=1e-6)


@pytest.mark.parametrize(
    ("match", "side", "wanted"),
    [("OPPONENT", "BUY", "FILLED"), ("QUEUE", "SELL", "NEW"), ("QUEUE_5", "BUY", "NEW"), ("OPPONENT_5", "SELL", "NEW")],
)
def test_a_price_may_be_taken_from_the_book(trading: Callable[..., Any], match: str, side: str, wanted: str) -> None:
    trader = trading(40_000, 40_000)
    order = trader.order(side, 0.1, type="LIMIT", timeInForce="GTC", priceMatch=match)
    book = {
        name: rows for name, rows in trader.get("v1/depth", symbol=BTC, limit=5).items() if name in ("bids", "asks")
    }
    levels = book["asks" if (side == "BUY") == match.startswith("OPPONENT") else "bids"]
    assert float(order["price"]) == float(levels[4 if match.endswith("_5") else 0][0])
    assert trader.get("v1/order", symbol=BTC, orderId=order["orderId"])["status"] in (wanted, "FILLED")
