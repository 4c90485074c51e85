"""Where the trading half of an exchange joins in: endpoints, moments, and events for one listener alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

MINUTE = 60_000


def test_an_endpoint_is_a_row_of_the_table(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=20)
    venue.routes.add("GET", "/fapi/v1/secret", lambda asked: {"hello": asked.text("name")}, weight=7, security="key")
    path = "/fapi/v1/secret?name=me"
    assert venue_kit.get(venue, path)[2]["code"] == -2014
    status, headers, body = venue_kit.get(venue, path, **{"X-MBX-APIKEY": "key"})
    assert (status, headers["X-MBX-USED-WEIGHT-1M"], body) == (200, "14", {"hello": "me"})
    assert venue_kit.get(venue, "/fapi/v1/secret", **{"X-MBX-APIKEY": "key"})[2]["code"] == -1102


def test_every_moment_is_settled_before_its_streams_are_sent(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(at=20, pace=15_000)
    settled: list[int] = []
    venue.settlers.append(settled.append)
    heard_at: list[tuple[int, int]] = []
    venue.faults.edit(".*", lambda text: heard_at.append((venue.clock.now, settled[-1])) or (text,), times=None)
    start = venue.clock.now
    venue_kit.heard(venue, "/public/ws/btcusdt@bookTicker", lambda: venue.clock.advance(ms=MINUTE))
    assert settled == [start + step * 15_000 for step in range(1, 5)]
    assert heard_at == [(moment, moment) for moment in settled]


def test_moments_are_settled_though_nobody_listens(make_venue: Callable[..., Any]) -> None:
    venue = make_venue(at=20, pace=15_000)
    prices = []
    venue.settlers.append(lambda moment: prices.append(venue.tapes["BTCUSDT"].traded.price(moment)))
    venue.clock.advance(ms=MINUTE - 1)
    bars = venue.market.bars
    assert (max(prices), min(prices), prices[-1]) == (bars.high[20], bars.low[20], bars.close[20])


def test_an_event_is_told_to_its_listener_alone(make_venue: Callable[..., Any]) -> None:
    from aiohttp import ClientSession

    venue = make_venue(at=20)

    async def listen() -> list[Any]:
        found = []
        async with (
            ClientSession() as session,
            session.ws_connect(venue.ws + "/private/ws?listenKey=mine") as mine,
            session.ws_connect(venue.ws + "/private/ws/mine") as also_mine,
            session.ws_connect(venue.ws + "/private/ws?listenKey=yours") as yours,
            session.ws_connect(venue.ws + "/private/stream?streams=mine") as wrapped,
        ):
            await asyncio.to_thread(venue.call, lambda: venue.hub.tell("mine", {"e": "TRADE_LITE"}))
            await asyncio.to_thread(venue.call, lambda: venue.hub.tell("yours", {"e": "MARGIN_CALL"}))
            for socket in (mine, also_mine, yours, wrapped):
                found.append(await socket.receive_json())
        return found

    lite = {"e": "TRADE_LITE"}
    assert asyncio.run(listen()) == [lite, lite, {"e": "MARGIN_CALL"}, {"stream": "mine", "data": lite}]
