"""The market streams: which route carries what, and that they tell what REST shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

MINUTE = 60_000


def advancing(venue: Any, minutes: float) -> Callable[[], None]:
    return lambda: venue.clock.advance(ms=round(minutes * MINUTE))


def test_a_candle_says_it_is_closed_once_and_then_equals_what_history_shows(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(at=118, pace=15_000)
    start = venue.clock.now
    streams = [f"btcusdt@kline_{interval}" for interval in ("1m", "5m", "1h")]
    found = venue_kit.heard(venue, "/market/ws", advancing(venue, 10), subscribe=streams)
    closed = [message["k"] for message in found if message["k"]["x"]]
    assert [k["t"] for k in closed if k["i"] == "1m"] == [start + n * MINUTE for n in range(10)]
    assert [k["i"] for k in closed].count("5m") == 2
    assert [k["i"] for k in closed].count("1h") == 1
    for k in closed:
        query = f"symbol=BTCUSDT&interval={k['i']}&startTime={k['t']}&limit=1"
        row = venue_kit.rows(venue, f"/fapi/v1/klines?{query}")[0]
        assert [k[name] for name in "tohlcvTqnVQB"] == row


def test_a_forming_candle_comes_at_every_moment_and_never_closed(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(at=5)
    found = venue_kit.heard(venue, "/market/ws/btcusdt@kline_1m", advancing(venue, 59 / 60))
    assert len(found) == 59 * 4  # every 250 ms
    assert {message["k"]["x"] for message in found} == {False}
    assert {message["k"]["t"] for message in found} == {found[0]["k"]["t"]}


def test_trades_of_a_bar_add_up_to_it(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=20)
    found = venue_kit.heard(venue, "/market/ws/btcusdt@aggTrade", advancing(venue, 1 - 1e-4))
    bars = venue.market.bars
    whole = venue_kit.rows(venue, "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000")
    first = [row for row in whole if row["T"] == found[0]["T"] - 250]  # what was traded as the bar opened
    prices = [float(trade["p"]) for trade in first + found]
    assert sum(float(trade["q"]) for trade in first + found) == pytest.approx(bars.volume[20])
    assert (prices[0], max(prices), min(prices), prices[-1]) == (
        bars.open[20],
        bars.high[20],
        bars.low[20],
        bars.close[20],
    )
    assert [trade["a"] for trade in found] == sorted({trade["a"] for trade in found})


@pytest.mark.parametrize("stream", ["btcusdt@depth", "btcusdt@depth@100ms", "btcusdt@depth@500ms"])
def test_a_book_kept_by_the_rule_of_the_exchange_equals_a_snapshot_later(
    make_venue: Callable[..., Any], venue_kit: ModuleType, stream: str
) -> None:
    venue = make_venue(at=20)
    snapshots = []

    def doing() -> None:
        venue.clock.advance(ms=2_000)
        snapshots.append(venue_kit.rows(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"))
        venue.clock.advance(ms=3 * MINUTE)
        snapshots.append(venue_kit.rows(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=20"))

    events = venue_kit.heard(venue, f"/public/ws/{stream}", doing)
    first, last = snapshots
    assert all(after["pu"] == before["u"] for before, after in pairwise(events))
    events = [event for event in events if event["u"] >= first["lastUpdateId"]]
    assert events[0]["U"] <= first["lastUpdateId"] <= events[0]["u"]
    bids, asks = dict(first["bids"]), dict(first["asks"])
    for event in events:
        for side, changes in ((bids, event["b"]), (asks, event["a"])):
            for price, size in changes:
                if float(size):
                    side[price] = size
                else:
                    side.pop(price, None)
    top_bids = sorted(bids.items(), key=lambda level: -float(level[0]))[:20]
    top_asks = sorted(asks.items(), key=lambda level: float(level[0]))[:20]
    assert [list(level) for level in top_bids] == last["bids"]
    assert [list(level) for level in top_asks] == last["asks"]
    assert events[-1]["u"] == last["lastUpdateId"]


def test_the_best_prices_never_cross_and_hold_the_last_trade(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(at=20)
    found = venue_kit.heard(venue, "/public/ws", advancing(venue, 1), subscribe=["btcusdt@bookTicker", "btcusdt@trade"])
    quotes = {message["E"]: message for message in found if message["e"] == "bookTicker"}
    for message in found:
        quote = quotes[message["E"]]
        assert float(quote["b"]) < float(quote["a"])
        if message["e"] == "trade":
            assert message["p"] in (quote["b"], quote["a"])


@pytest.mark.parametrize(("stream", "seconds"), [("btcusdt@markPrice@1s", 1), ("btcusdt@markPrice", 3)])
def test_mark_prices_come_at_their_pace(
    make_venue: Callable[..., Any], venue_kit: ModuleType, stream: str, seconds: int
) -> None:
    venue = make_venue(at=20)
    found = venue_kit.heard(venue, f"/market/ws/{stream}", advancing(venue, 0.5))
    assert [after["E"] - before["E"] for before, after in pairwise(found)] == [seconds * 1000] * (30 // seconds - 1)
    later = venue_kit.rows(venue, "/fapi/v1/premiumIndex?symbol=BTCUSDT")
    assert found[-1]["p"] == later["markPrice"]
    assert found[-1]["T"] == later["nextFundingTime"]


@pytest.mark.parametrize(
    ("route", "stream"),
    [
        ("/public", "btcusdt@kline_1m"),
        ("/public", "btcusdt@markPrice"),
        ("/market", "btcusdt@bookTicker"),
        ("/market", "btcusdt@depth"),
        ("", "btcusdt@kline_1m"),
        ("", "btcusdt@bookTicker"),
        ("/market", "nopeusdt@kline_1m"),
        ("/market", "btcusdt@nonsense"),
        ("/market", "BTCUSDT@kline_1m"),
    ],
)
def test_a_stream_of_another_route_is_acknowledged_and_never_sends(
    make_venue: Callable[..., Any], venue_kit: ModuleType, route: str, stream: str
) -> None:
    venue = make_venue(at=20, pace=15_000)
    assert venue_kit.heard(venue, f"{route}/ws", advancing(venue, 2), subscribe=[stream]) == []
    assert venue_kit.heard(venue, f"{route}/stream?streams={stream}", advancing(venue, 2)) == []


def test_combined_streams_are_wrapped_with_their_name(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(symbols=("BTCUSDT", "ETHUSDT")), at=20, pace=15_000)
    names = ["btcusdt@aggTrade", "ethusdt@aggTrade"]
    found = venue_kit.heard(venue, f"/market/stream?streams={'/'.join(names)}", advancing(venue, 1))
    assert {message["stream"] for message in found} == set(names)
    assert all(message["data"]["s"].lower() + "@aggTrade" == message["stream"] for message in found)


def test_what_is_unsubscribed_falls_silent(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    from aiohttp import ClientSession

    venue = make_venue(at=20, pace=15_000)

    async def talk() -> list[Any]:
        answers = []
        async with ClientSession() as session, session.ws_connect(venue.ws + "/market/ws/btcusdt@aggTrade") as socket:
            for number, method in enumerate(("LIST_SUBSCRIPTIONS", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "DANCE")):
                await socket.send_json({"method": method, "params": ["btcusdt@aggTrade"], "id": number})
                answers.append(await socket.receive_json())
            for broken in ("{", "[]", '{"method": "SUBSCRIBE", "params": 5, "id": 1}'):
                await socket.send_str(broken)
                answers.append(await socket.receive_json())
            await asyncio.to_thread(venue.clock.advance, ms=MINUTE)
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 9})
            answers.append(await socket.receive_json())
        return answers

    listed, left, empty, unknown, *broken, last = asyncio.run(talk())
    assert listed == {"result": ["btcusdt@aggTrade"], "id": 0}
    assert left == {"result": None, "id": 1}
    assert empty == {"result": [], "id": 2}
    assert {answer["error"]["code"] for answer in (unknown, *broken)} == {2}
    assert last == {"result": [], "id": 9}


def test_a_client_that_sends_more_than_ten_messages_a_second_is_let_go(make_venue: Callable[..., Any]) -> None:
    from aiohttp import ClientSession, WSMsgType

    venue = make_venue(at=20)

    async def chatter() -> int:
        async with ClientSession() as session, session.ws_connect(venue.ws + "/market/ws") as socket:
            for number in range(20):
                await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
            count = 0
            while (await socket.receive()).type is WSMsgType.TEXT:
                count += 1
            return count

    assert asyncio.run(chatter()) == 10


def is_let_go(venue: Any, minutes: list[int], *, answers: bool) -> bool:
    """Whether a client that answers pings, or does not, has been cut after so many minutes."""
    from aiohttp import ClientSession, WSMsgType

    now = [0.0]
    venue.hub.now = lambda: now[0]

    async def listen() -> bool:
        async with (
            ClientSession() as session,
            session.ws_connect(venue.ws + "/market/ws", autoping=answers) as socket,
        ):
            connection = await asyncio.to_thread(venue.call, lambda: venue.hub.connections[0])
            for minute in minutes:
                now[0] = 60.0 * minute
                await asyncio.to_thread(venue.call, venue.hub.look_after)
                if connection.is_closing:
                    return True
                await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": minute})
                while (await socket.receive()).type is WSMsgType.PING:
                    pass  # where it does not answer, pings are told like messages
            return False

    return asyncio.run(listen())


@pytest.mark.parametrize(
    ("answers", "minutes", "cut"),
    [(True, [3, 6, 9, 12], False), (False, [3, 6, 9], False), (False, [3, 6, 9, 12], True)],
)
def test_a_client_that_answers_no_ping_for_ten_minutes_is_let_go(
    make_venue: Callable[..., Any], answers: bool, minutes: list[int], cut: bool
) -> None:
    assert is_let_go(make_venue(at=20), minutes, answers=answers) is cut


def test_a_connection_lives_a_day_at_most(make_venue: Callable[..., Any]) -> None:
    venue = make_venue(at=20)
    venue.hub.patience = 1e9
    assert is_let_go(venue, [24 * 60, 24 * 60 + 1], answers=True)


def test_a_contract_that_is_settled_falls_silent_and_one_that_is_delisted_is_unknown(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(venue_kit.market(symbols=("BTCUSDT", "ETHUSDT")), at=20, pace=15_000)
    names = ["btcusdt@kline_1m", "ethusdt@kline_1m"]

    def doing() -> None:
        venue.halt("BTCUSDT")
        venue.clock.advance(ms=2 * MINUTE)

    found = venue_kit.heard(venue, "/market/ws", doing, subscribe=names)
    assert {message["s"] for message in found} == {"ETHUSDT"}
    statuses = {row["symbol"]: row["status"] for row in venue_kit.rows(venue, "/fapi/v1/exchangeInfo")["symbols"]}
    assert statuses == {"BTCUSDT": "SETTLING", "ETHUSDT": "TRADING"}
    last = venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1")[0]
    assert last[6] < venue.clock.now - 2 * MINUTE
    venue.halt("BTCUSDT", delisted=True)
    assert [row["symbol"] for row in venue_kit.rows(venue, "/fapi/v1/exchangeInfo")["symbols"]] == ["ETHUSDT"]
    assert venue_kit.get(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m")[2]["code"] == -1121
