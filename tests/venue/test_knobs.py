"""Each knob lets go wrong what it says, and only as often as it says."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

MINUTE = 60_000
KLINES = "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=3"


def statuses(venue: Any, kit: ModuleType, count: int = 2) -> list[int]:
    return [kit.get(venue, KLINES)[0] for _ in range(count)]


def test_refusals_come_as_often_as_asked(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=100)
    venue.faults.too_many(retry_after=7)
    venue.faults.too_many()
    (first, headers, body), (second, without, _) = (venue_kit.get(venue, KLINES) for _ in range(2))
    assert (first, headers["Retry-After"], body["code"]) == (429, "7", -1003)
    assert (second, "Retry-After" in without) == (429, False)
    assert statuses(venue, venue_kit) == [200, 200]
    venue.faults.unavailable("/fapi/v1/klines", times=2)
    assert venue_kit.get(venue, "/fapi/v1/time")[0] == 200
    assert statuses(venue, venue_kit, 3) == [503, 503, 200]
    venue.faults.banned(1_700_000_000_000, times=None)
    assert statuses(venue, venue_kit) == [418, 418]
    venue.faults.calm()
    assert statuses(venue, venue_kit) == [200, 200]


def test_a_firewall_answers_with_a_page(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=100)
    venue.faults.forbidden("/data/.*")
    status, _, body = venue_kit.get(venue, "/data/futures/um/x.zip")
    assert (status, body.startswith(b"<html>")) == (403, True)


def test_bodies_are_cut_broken_or_replaced(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bar="1h", bars=72))
    whole = venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3")
    venue.faults.truncate()
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        venue_kit.get(venue, KLINES)
    venue.faults.broken_json()
    with pytest.raises(json.JSONDecodeError):
        venue_kit.get(venue, KLINES)
    venue.faults.without_row("/fapi/v1/klines", whole[1][0])
    assert venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3") == [whole[0], whole[2]]
    venue.faults.calm()
    assert venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=3") == whole
    file = "/data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-01.zip"
    checksum = venue_kit.get(venue, f"{file}.CHECKSUM")[2].decode().split()[0]
    digests = []
    venue.faults.corrupt()
    for _ in range(2):
        digests.append(hashlib.sha256(venue_kit.get(venue, file)[2]).hexdigest() == checksum)
    assert digests == [False, True]
    venue.faults.page()
    assert venue_kit.get(venue, file)[2].startswith(b"<!DOCTYPE html>")


def test_a_request_is_cut_or_waits(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=100)
    venue.faults.cut()
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        venue_kit.get(venue, KLINES)
    venue.faults.hang(seconds=0.05)
    assert statuses(venue, venue_kit, 1) == [200]
    assert venue.faults.requests[-2:] == [KLINES, KLINES]


def test_the_clock_it_shows_may_be_wrong(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=100)
    venue.clock.skew = 90_000
    assert venue_kit.rows(venue, "/fapi/v1/time")["serverTime"] == venue.clock.now + 90_000


def one_minute(venue: Any) -> Callable[[], None]:
    return lambda: venue.clock.advance(ms=MINUTE)


def test_messages_are_doubled_lost_swapped_or_changed(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=20, pace=15_000)
    stream = "/market/ws/btcusdt@kline_1m"

    def times() -> list[int]:
        return [(message["E"] - start) // 15_000 for message in venue_kit.heard(venue, stream, one_minute(venue))]

    start = venue.clock.now
    assert times() == [1, 2, 3, 4, 4]  # the last moment says that one is closed, and begins another
    start = venue.clock.now
    venue.faults.duplicate()
    assert times() == [1, 1, 2, 3, 4, 4]
    start = venue.clock.now
    venue.faults.lose(times=2)
    assert times() == [3, 4, 4]
    start = venue.clock.now
    venue.faults.swap()
    assert times() == [2, 1, 3, 4, 4]
    venue.faults.unknown_fields()
    assert all("zz" in message for message in venue_kit.heard(venue, stream, one_minute(venue)))
    venue.faults.calm()
    venue.faults.missing_field(".*", "k.x")
    assert ["x" in message["k"] for message in venue_kit.heard(venue, stream, one_minute(venue))][:2] == [False, True]
    venue.faults.silence("btcusdt@kline.*")
    assert venue_kit.heard(venue, stream, one_minute(venue)) == []


def test_a_candle_is_hidden_until_it_heals(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=20, pace=15_000)
    hidden = venue.clock.now
    venue.faults.hide_candle(hidden)
    found = venue_kit.heard(venue, "/market/ws/btcusdt@kline_1m", lambda: venue.clock.advance(ms=2 * MINUTE))
    assert [message["k"]["t"] - hidden for message in found if message["k"]["x"]] == [MINUTE]
    path = f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime={hidden}"
    assert [row[0] - hidden for row in venue_kit.rows(venue, path)] == [MINUTE, 2 * MINUTE]
    venue.faults.calm()
    assert [row[0] - hidden for row in venue_kit.rows(venue, path)] == [0, MINUTE, 2 * MINUTE]


def test_a_message_may_be_malformed_and_a_frame_none_at_all(make_venue: Callable[..., Any]) -> None:
    from aiohttp import ClientSession, WSMsgType

    venue = make_venue(at=20, pace=15_000)

    async def listen() -> list[Any]:
        async with ClientSession() as session, session.ws_connect(venue.ws + "/market/ws/btcusdt@kline_1m") as socket:
            await asyncio.to_thread(one_minute(venue))
            return [(await socket.receive()).type for _ in range(3)]

    venue.faults.malformed()
    assert asyncio.run(listen()) == [WSMsgType.TEXT] * 3
    venue.faults.garbage()
    assert asyncio.run(listen())[0] is WSMsgType.ERROR


def test_a_connection_breaks_or_stays_open_and_dead(make_venue: Callable[..., Any]) -> None:
    from aiohttp import ClientSession, ClientWSTimeout, WSMsgType

    venue = make_venue(at=20, pace=15_000)

    async def listen() -> list[Any]:
        found = []
        async with ClientSession() as session:
            async with session.ws_connect(venue.ws + "/market/ws/btcusdt@kline_1m") as socket:
                venue.faults.disconnect()
                found.append((await socket.receive()).type)
            soon = ClientWSTimeout(ws_close=0.01)
            async with session.ws_connect(venue.ws + "/market/ws/btcusdt@kline_1m", timeout=soon) as socket:
                venue.faults.half_open()
                await asyncio.to_thread(one_minute(venue))
                await socket.ping()
                await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 1})
                try:
                    found.append((await socket.receive(timeout=0.05)).type)
                except TimeoutError:
                    found.append("silence")
        return found

    assert asyncio.run(listen()) in ([WSMsgType.CLOSED, "silence"], [WSMsgType.ERROR, "silence"])


def test_websockets_are_refused_as_requests_are(make_venue: Callable[..., Any]) -> None:
    from aiohttp import ClientSession, WSServerHandshakeError

    venue = make_venue(at=20)
    venue.faults.unavailable("/market/.*")

    async def connect() -> int:
        async with ClientSession() as session:
            try:
                async with session.ws_connect(venue.ws + "/market/ws/btcusdt@kline_1m"):
                    return 101
            except WSServerHandshakeError as refused:
                return refused.status

    assert [asyncio.run(connect()) for _ in range(2)] == [503, 101]
