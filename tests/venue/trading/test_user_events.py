"""What a listener is told of its account: which events, in which order, and for how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fw

BTC = "BTCUSDT"
MINUTE = 60_000


def told(events: list[Any]) -> list[str]:
    """In a word each: orders with what was done to them, accounts with the reason."""
    return [
        f"{event['e']} {event['o']['x']}"
        if event["e"] == "ORDER_TRADE_UPDATE"
        else f"{event['e']} {event['a']['m']}"
        if event["e"] == "ACCOUNT_UPDATE"
        else event["e"]
        for event in events
    ]


def test_a_fill_is_told_in_this_order(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    answers: list[Any] = []
    events = trader.events(lambda: answers.append(trader.order("BUY", 0.1)))
    wanted = ["ORDER_TRADE_UPDATE NEW", "TRADE_LITE", "ACCOUNT_UPDATE ORDER", "ORDER_TRADE_UPDATE TRADE"]
    assert told(events) == wanted
    placed, lite, account, filled = events
    assert placed["o"]["X"] == "NEW"
    order = filled["o"]
    assert (order["X"], order["i"], order["z"], order["L"]) == ("FILLED", answers[0]["orderId"], "0.100", "40000.00")
    assert (order["n"], order["N"], order["m"]) == ("2.00000000", "USDT", False)
    assert (lite["t"], lite["l"], lite["L"]) == (order["t"], "0.100", "40000.00")
    (balance,), (position,) = account["a"]["B"], account["a"]["P"]
    assert (balance["a"], balance["wb"], balance["cw"]) == ("USDT", "9998.00000000", "9998.00000000")
    assert (position["s"], position["pa"], position["ep"], position["mt"]) == (BTC, "0.100", "40000.00", "cross")


def test_an_order_that_does_not_fill_moves_no_account(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)

    def doing() -> None:
        number = trader.order("BUY", 0.1, 39_000)["orderId"]
        trader.done("PUT", "v1/order", symbol=BTC, orderId=number, side="BUY", quantity=0.1, price=39_100)
        trader.cancel(number)

    wanted = ["ORDER_TRADE_UPDATE NEW", "ORDER_TRADE_UPDATE AMENDMENT", "ORDER_TRADE_UPDATE CANCELED"]
    assert told(trader.events(doing)) == wanted


def test_a_refused_order_is_told_to_nobody(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    assert trader.events(lambda: trader.refused("BUY", 0.1, 40_000, timeInForce="GTX")) == []


def test_funding_is_paid_by_what_was_held_and_told(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 3, funding=((1, 0.0001),), marks=(40_000, 40_100, 40_100))
    trader.order("BUY", 0.1)
    before = trader.wallet
    (event,) = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    assert told([event]) == ["ACCOUNT_UPDATE FUNDING_FEE"]
    assert event["a"]["P"] == []  # in a shared margin no position changes
    assert event["a"]["B"][0]["bc"] == "-0.40100000"  # 0.1 × 40,100 × 0.01 %
    assert trader.wallet == before - 0.401
    (row,) = trader.get("v1/income", incomeType="FUNDING_FEE")
    assert (row["income"], row["time"], row["symbol"]) == ("-0.40100000", trader.venue.clock.now, BTC)


def test_an_order_given_at_the_stamp_pays_nothing(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 3, funding=((1, 0.0001),))
    trader.venue.clock.advance(MINUTE)
    trader.order("BUY", 0.1)
    trader.venue.clock.advance(MINUTE - 1)
    assert trader.get("v1/income", incomeType="FUNDING_FEE") == []


def test_a_liquidation_withdraws_orders_and_closes_by_an_order_of_the_exchanges_own(
    trading: Callable[..., Any],
) -> None:
    trader = trading(40_000, 30_000, 30_000)
    trader.done("POST", "v1/leverage", symbol=BTC, leverage=50)
    order = trader.order("BUY", 1)
    resting = trader.order("SELL", 0.01, 42_000)
    (risk,) = trader.get("v2/positionRisk", symbol=BTC)
    price = float(risk["liquidationPrice"])
    # 1 × (entry − p) = wallet − maintenance(p), in the bracket of 30,000: there is one that holds
    tiers = trader.get("v1/leverageBracket", symbol=BTC)[0]["brackets"]
    tier = next(row for row in tiers if row["notionalFloor"] <= price < row["notionalCap"])
    wallet = trader.wallet
    assert abs(wallet + price - 40_000 - (price * tier["maintMarginRatio"] - tier["cum"])) < 1e-6
    events = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    kinds = told(events)
    assert kinds[0] == "MARGIN_CALL"
    assert kinds[1:5] == [
        "ORDER_TRADE_UPDATE CANCELED",
        "TRADE_LITE",
        "ACCOUNT_UPDATE ORDER",
        "ORDER_TRADE_UPDATE CALCULATED",
    ]
    forced = events[4]["o"]
    assert forced["c"].startswith("autoclose-")
    assert (forced["S"], forced["f"], forced["i"] != order["orderId"]) == ("SELL", "IOC", True)
    assert abs(float(forced["L"]) - price) < 100  # the first price of the market at or beyond it
    assert float(forced["L"]) <= price
    assert trader.size == 0.0
    assert trader.get("v1/order", symbol=BTC, orderId=resting["orderId"])["status"] == "CANCELED"
    assert [row["clientOrderId"] for row in trader.get("v1/forceOrders", symbol=BTC)] == [forced["c"]]
    assert {row["incomeType"] for row in trader.get("v1/income")} >= {"REALIZED_PNL", "COMMISSION", "INSURANCE_CLEAR"}


def test_a_changed_leverage_is_told(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    (event,) = trader.events(lambda: trader.done("POST", "v1/leverage", symbol=BTC, leverage=7))
    assert (event["e"], event["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": BTC, "l": 7})


def test_a_listen_key_lives_an_hour_and_is_prolonged_by_asking(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    keys, seconds = trader.venue.accounts.listening, [0.0]
    keys.seconds = lambda: seconds[0]
    first = trader.done("POST", "v1/listenKey")["listenKey"]
    seconds[0] = 3_000.0
    assert trader.done("POST", "v1/listenKey")["listenKey"] == first
    seconds[0] = 6_000.0
    assert trader.done("PUT", "v1/listenKey")["listenKey"] == first
    seconds[0] = 9_600.0
    assert trader.code("PUT", "v1/listenKey") == -1125
    assert trader.done("POST", "v1/listenKey")["listenKey"] != first
    trader.done("DELETE", "v1/listenKey")
    assert trader.code("PUT", "v1/listenKey") == -1125


def test_a_key_that_nobody_keeps_alive_falls_silent_and_says_so(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    keys, seconds = trader.venue.accounts.listening, [0.0]
    keys.seconds = lambda: seconds[0]

    def doing() -> None:
        seconds[0] = 3_600.0
        trader.venue.call(trader.venue.hub.look_after)
        trader.order("BUY", 0.1)

    (event,) = trader.events(doing)
    assert (event["e"], len(event["listenKey"])) == ("listenKeyExpired", 64)


def test_events_come_to_their_own_account_alone(trading: Callable[..., Any]) -> None:
    mine = trading(40_000, 40_000)
    other = type(mine)(mine.venue, "other")
    assert other.events(lambda: mine.order("BUY", 0.1)) == []


def test_no_moment_is_lived_through_while_nothing_is_at_stake(trading: Callable[..., Any]) -> None:
    trader = trading(*[40_000] * 4)
    assert trader.venue.settlers == []
    number = trader.order("BUY", 0.1, 39_000)["orderId"]
    assert len(trader.venue.settlers) == 1
    trader.cancel(number)
    trader.venue.clock.advance(MINUTE)
    assert trader.venue.settlers == []
    account = trader.venue.accounts.of_key("key")
    steps = account.simulation.steps
    trader.venue.clock.advance(MINUTE)
    assert account.simulation.steps == steps


def test_what_a_client_sets_is_the_default_of_no_other(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000, terms=fw.Terms(taker=0.001, isolated=True, leverage=3.0), capital=500.0)
    assert trader.wallet == 500.0
    (its,) = trader.get("v1/symbolConfig", symbol=BTC)
    assert (its["leverage"], its["marginType"]) == (3, "ISOLATED")
    assert trader.get("v1/commissionRate", symbol=BTC)["takerCommissionRate"] == "0.001000"


def test_a_low_margin_is_warned_of_once(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 30_160, 30_160, 30_160)
    trader.done("POST", "v1/leverage", symbol=BTC, leverage=50)
    trader.order("BUY", 1)  # 9,980 are left, and at 30,160 140 of them, of which 121 are maintenance
    (event,) = trader.events(lambda: trader.venue.clock.advance(2 * MINUTE))
    assert event["e"] == "MARGIN_CALL"
    (row,) = event["p"]
    balance = float(event["cw"]) + float(row["up"])
    assert float(row["mm"]) / balance > 0.8


def test_of_several_fills_at_one_price_each_is_told_with_what_it_left(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 39_000, 39_000)
    for size in (0.1, 0.2, 0.3):
        trader.order("BUY", size, 39_999.9)
    events = trader.events(lambda: trader.venue.clock.advance(MINUTE))
    updates = [event["a"] for event in events if event["e"] == "ACCOUNT_UPDATE"]
    assert [update["P"][0]["pa"] for update in updates] == ["0.100", "0.300", "0.600"]
    paid, wallet = 39_999.9 * 0.0002, 10_000.0
    for update, size in zip(updates, (0.1, 0.2, 0.3), strict=True):
        wallet -= paid * size
        assert float(update["B"][0]["wb"]) == round(wallet, 8)
        assert update["P"][0]["ep"] == "39999.90"
