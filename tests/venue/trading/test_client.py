"""The client that trades on the real exchange trades on the practice one, and meets the real one's faults there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

ccxt = pytest.importorskip("ccxt")

BTC = "BTC/USDT:USDT"
MINUTE = 60_000


@pytest.fixture
def drive(trading: Callable[..., Any]) -> Callable[..., Any]:
    """Does something with a client on prices, in one event loop, and gives what it gives."""
    from fw_binance.environment import Hosts, environment_of, exchange_of

    def run(work: Callable[[Any, Any], Awaitable[Any]], *opens: float, **rest: Any) -> Any:
        trader = trading(*(opens or (40_000, 40_000)), **rest)
        venue = trader.venue

        async def doing() -> Any:
            client = exchange_of(environment_of(Hosts(**venue.hosts)), pro=True)
            client.apiKey, client.secret = "key", "secret"
            client.nonce = lambda: venue.clock.now  # the clock of the exchange stands still
            try:
                await client.load_markets()
                return await work(venue, client)
            finally:
                await client.close()

        return asyncio.run(doing())

    return run


async def advance(venue: Any, ms: int) -> None:
    await asyncio.to_thread(venue.clock.advance, ms)


def test_it_places_changes_and_withdraws_orders(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        bought = await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOrderId": "entry"})
        assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.1, 40_000.0)
        order = await client.create_order(BTC, "limit", "sell", 0.1, 41_000, {"reduceOnly": True})
        assert (order["status"], order["reduceOnly"]) == ("open", True)
        changed = await client.edit_order(order["id"], BTC, "limit", "sell", 0.05, 42_000)
        assert (changed["id"], changed["amount"], changed["price"]) == (order["id"], 0.05, 42_000.0)
        found = await client.fetch_order(None, BTC, {"origClientOrderId": "entry"})
        assert (found["id"], found["cost"]) == (bought["id"], 4_000.0)
        assert [its["id"] for its in await client.fetch_open_orders(BTC)] == [order["id"]]
        assert (await client.cancel_order(order["id"], BTC))["status"] == "canceled"
        rows = await client.create_orders(
            [
                {"symbol": BTC, "type": "limit", "side": "buy", "amount": 0.01, "price": 39_000},
                {"symbol": BTC, "type": "limit", "side": "buy", "amount": 9, "price": 39_000},
            ]
        )
        assert sorted(row["status"] for row in rows) == ["open", "rejected"]
        await client.cancel_all_orders(BTC)
        assert await client.fetch_open_orders(BTC) == []
        assert len(await client.fetch_orders(BTC)) == 3

    drive(work)


def test_it_sees_its_position_its_balance_and_its_trades(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        await client.set_leverage(10, BTC)
        with pytest.raises(ccxt.MarginModeAlreadySet):
            await client.set_margin_mode("cross", BTC)
        await client.create_order(BTC, "market", "sell", 0.2)
        await advance(venue, MINUTE)
        (position,) = await client.fetch_positions([BTC])
        assert (position["side"], position["contracts"], position["entryPrice"]) == ("short", 0.2, 40_000.0)
        assert position["unrealizedPnl"] == pytest.approx(-200.0)
        balance = await client.fetch_balance()
        assert balance["USDT"]["total"] == pytest.approx(10_000 - 4 - 200)
        assert balance["USDT"]["used"] == pytest.approx(0.2 * 41_000 / 10)
        (trade,) = await client.fetch_my_trades(BTC)
        assert (trade["takerOrMaker"], trade["fee"]["cost"], trade["price"]) == ("taker", 4.0, 40_000.0)
        assert (await client.fetch_leverage(BTC))["longLeverage"] == 10
        tiers = (await client.fetch_leverage_tiers([BTC]))[BTC]
        assert tiers[0]["maintenanceMarginRate"] == venue.contracts["BTCUSDT"].rules.tiers[0].rate
        assert (await client.fetch_trading_fee(BTC))["taker"] == 0.0005
        await client.create_order(BTC, "market", "buy", 0.2, None, {"reduceOnly": True})
        assert await client.fetch_positions([BTC]) == []

    drive(work, 40_000, 41_000, 41_000)


def test_its_stops_are_conditional_orders(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        await client.create_order(BTC, "market", "buy", 0.1)
        stop = await client.create_order(
            BTC, "market", "sell", 0.1, None, {"stopLossPrice": 39_500, "reduceOnly": True}
        )
        profit = await client.create_order(BTC, "market", "sell", None, None, CLOSING)
        trail = await client.create_order(BTC, "market", "sell", 0.1, None, {"trailingPercent": 5, "reduceOnly": True})
        assert await client.fetch_open_orders(BTC) == []
        waiting = await client.fetch_open_orders(BTC, params={"trigger": True})
        assert {its["id"] for its in waiting} == {stop["id"], profit["id"], trail["id"]}
        await client.cancel_order(trail["id"], BTC, {"trigger": True})
        await advance(venue, MINUTE)
        assert await client.fetch_positions([BTC]) == []
        found = await client.fetch_order(stop["id"], BTC, {"trigger": True})
        assert found["status"] == "closed"
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.create_order(BTC, "market", "sell", 0.1, None, {"stopLossPrice": 39_500})

    drive(work, 40_000, 39_000, 39_000)


CLOSING = {"takeProfitPrice": 42_000, "closePosition": True}


def test_it_watches_its_orders_trades_and_balance(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        watched = [asyncio.ensure_future(watch(BTC)) for watch in (client.watch_orders, client.watch_my_trades)]
        balance = asyncio.ensure_future(client.watch_balance())
        while not any(connection.listen_key for connection in venue.hub.connections):
            await asyncio.sleep(0.01)
        order = await client.create_order(BTC, "limit", "buy", 0.1, 39_500)
        (seen,) = await watched[0]
        assert (seen["id"], seen["status"], seen["amount"]) == (order["id"], "open", 0.1)
        done = asyncio.ensure_future(client.watch_orders(BTC))
        await advance(venue, MINUTE)
        (trade,) = await watched[1]
        assert (trade["order"], trade["price"], trade["fee"]["cost"]) == (order["id"], 39_500.0, 0.79)
        assert (await done)[-1]["status"] == "closed"
        assert (await balance)["USDT"]["total"] == pytest.approx(10_000 - 0.79)

    drive(work, 40_000, 39_000, 39_000)


@pytest.mark.parametrize("fault", ["executed_but", "executed_unanswered", "broken_json"])
def test_an_order_with_an_unknown_outcome_is_found_by_its_client_id(drive: Callable[..., Any], fault: str) -> None:
    async def work(venue: Any, client: Any) -> None:
        getattr(venue.faults, fault)("/fapi/v1/order")
        try:
            answer = await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOrderId": "mine"})
            assert answer["id"] is None  # half a body passes for an order
        except (ccxt.NetworkError, ccxt.ExchangeError):
            pass
        found = await client.fetch_order(None, BTC, {"origClientOrderId": "mine"})
        assert (found["status"], found["filled"]) == ("closed", 0.1)
        (position,) = await client.fetch_positions([BTC])
        assert position["contracts"] == 0.1  # once

    drive(work)


def test_an_order_that_was_not_executed_is_known_to_be_absent(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        venue.faults.unavailable("/fapi/v1/order")
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.create_order(BTC, "market", "buy", 0.1, None, {"clientOrderId": "mine"})
        with pytest.raises(ccxt.OrderNotFound):
            await client.fetch_order(None, BTC, {"origClientOrderId": "mine"})

    drive(work)


def test_an_event_may_come_before_the_answer_and_may_come_twice(drive: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        first = asyncio.ensure_future(client.watch_my_trades(BTC))
        while not any(connection.listen_key for connection in venue.hub.connections):
            await asyncio.sleep(0.01)
        venue.faults.answer_late(seconds=0.2)
        venue.faults.duplicate(times=None)
        order = asyncio.ensure_future(client.create_order(BTC, "market", "buy", 0.1))
        (trade,) = await first
        assert not order.done()
        assert (await order)["id"] == trade["order"]

    drive(work)


@pytest.mark.parametrize(
    ("amount", "price", "params", "wanted"),
    [
        (100_000, None, {}, "BadRequest"),
        (6, None, {}, "InsufficientFunds"),
        (0.1, 41_000, {"timeInForce": "GTX"}, "OrderNotFillable"),
        (0.1, 39_000, {"timeInForce": "FOK"}, "OrderNotFillable"),
        (0.1, None, {"reduceOnly": True}, "InvalidOrder"),
    ],
)
def test_what_is_refused_is_an_error_of_the_clients_own_tree(
    drive: Callable[..., Any], amount: float, price: float | None, params: dict[str, Any], wanted: str
) -> None:
    async def work(venue: Any, client: Any) -> None:
        with pytest.raises(getattr(ccxt, wanted)):
            await client.create_order(BTC, "market" if price is None else "limit", "buy", amount, price, params)

    drive(work)


def test_at_another_speed_a_request_of_any_time_is_taken(trading: Callable[..., Any]) -> None:
    from fw_venue.clock import Clock

    market = trading(40_000, 40_000).venue.market
    clock = Clock(int(market.bars.open_time[0]) // 1_000_000, speed=50.0)
    trader = trading(market=market, at=None, clock=clock)
    assert trader.ask("GET", "v3/balance", timestamp=1_800_000_000_000)[0] == 200
