"""Orders over a websocket: what REST takes under other names, with the same money behind it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTCUSDT"
SYMBOL = "BTC/USDT:USDT"


def asked(trader: Any, *requests: tuple[str, dict[str, Any]], secret: str = "secret") -> list[Any]:
    """The answers to requests, each signed over its parameters in the order of the alphabet."""
    from aiohttp import ClientSession

    async def talk() -> list[Any]:
        found = []
        async with ClientSession() as session, session.ws_connect(trader.venue.ws + "/ws-fapi/v1") as socket:
            for number, (method, given) in enumerate(requests):
                params = {"apiKey": "key", "timestamp": trader.venue.clock.now, **given}
                query = "&".join(f"{name}={params[name]}" for name in sorted(params))
                params["signature"] = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
                await socket.send_json({"id": str(number), "method": method, "params": params})
                found.append(await socket.receive_json())
        return found

    return asyncio.run(talk())


LIMIT = {"symbol": BTC, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "39000"}


def test_an_order_is_placed_changed_looked_at_and_withdrawn(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    (placed,) = asked(trader, ("order.place", {**LIMIT, "newClientOrderId": "mine"}))
    assert (placed["id"], placed["status"], placed["result"]["status"]) == ("0", 200, "NEW")
    assert [row["count"] for row in placed["rateLimits"] if row["rateLimitType"] == "ORDERS"] == [1, 1]
    number = {"symbol": BTC, "orderId": placed["result"]["orderId"]}
    changed, seen, gone, unknown = asked(
        trader,
        ("order.modify", {**number, "side": "BUY", "quantity": "0.2", "price": "39000"}),
        ("order.status", number),
        ("order.cancel", number),
        ("order.cancel", number),
    )
    assert changed["result"]["origQty"] == seen["result"]["origQty"] == "0.200"
    assert gone["result"]["status"] == "CANCELED"
    assert (unknown["status"], unknown["error"]["code"]) == (400, -2011)
    assert [its["status"] for its in trader.get("v1/allOrders", symbol=BTC)] == ["CANCELED"]  # REST sees the same


def test_the_account_and_conditional_orders_are_there_too(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    trader.order("BUY", 0.1)
    stop = {"algoType": "CONDITIONAL", "symbol": BTC, "side": "SELL", "type": "STOP_MARKET"}
    balance, positions, account, placed, listening = asked(
        trader,
        ("v2/account.balance", {}),
        ("v2/account.position", {}),
        ("v2/account.status", {}),
        ("algoOrder.place", {**stop, "quantity": "0.1", "triggerPrice": "39000"}),
        ("userDataStream.start", {}),
    )
    assert balance["result"] == trader.get("v3/balance")
    assert positions["result"] == trader.get("v3/positionRisk")
    assert account["result"] == trader.get("v3/account")
    assert placed["result"]["algoId"] == trader.get("v1/openAlgoOrders")[0]["algoId"]
    assert listening["result"] == trader.done("POST", "v1/listenKey")


def test_what_is_wrong_is_answered_under_its_id(trading: Callable[..., Any]) -> None:
    trader = trading(40_000, 40_000)
    unknown, refused = asked(trader, ("order.eat", {}), ("order.place", {**LIMIT, "price": "39000.05"}))
    assert (unknown["error"]["code"], refused["error"]["code"], refused["id"]) == (-1020, -4014, "1")
    (unsigned,) = asked(trader, ("order.place", LIMIT), secret="wrong")
    assert unsigned["error"]["code"] == -1022
    answer = trader.venue.sockets["/ws-fapi/v1"].__self__.answer
    for text in ("{", "[]", '{"params": 5}'):
        assert answer(text, "")["error"]["code"] == -1135


def test_the_real_client_orders_over_it(trading: Callable[..., Any]) -> None:
    ccxt = pytest.importorskip("ccxt")
    from fw_binance.environment import Hosts, environment_of, exchange_of

    venue = trading(40_000, 40_000).venue

    async def work() -> None:
        client = exchange_of(environment_of(Hosts(**venue.hosts)), pro=True)
        client.apiKey, client.secret = "key", "secret"
        client.nonce = lambda: venue.clock.now
        try:
            await client.load_markets()
            bought = await client.create_order_ws(SYMBOL, "market", "buy", 0.1)
            assert (bought["status"], bought["filled"]) == ("closed", 0.1)
            order = await client.create_order_ws(SYMBOL, "limit", "buy", 0.1, 39_000)
            changed = await client.edit_order_ws(order["id"], SYMBOL, "limit", "buy", 0.1, 38_000)
            assert changed["price"] == 38_000.0
            assert (await client.fetch_order_ws(order["id"], SYMBOL))["status"] == "open"
            assert (await client.cancel_order_ws(order["id"], SYMBOL))["status"] == "canceled"
            with pytest.raises(ccxt.ExchangeError):
                await client.create_order_ws(SYMBOL, "market", "buy", 100)
        finally:
            await client.close()

    asyncio.run(work())
