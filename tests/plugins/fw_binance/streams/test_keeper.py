"""Connections that are of no use are noticed and replaced: wrong routes, silence, an exchange that is away."""

from __future__ import annotations

import asyncio
import socket
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

import fw
from fw_binance.environment import Hosts, environment_of, exchange_of
from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters
from fw_binance.streams.keeper import Group, Keeper
from fw_binance.streams.link import Link, LinkFailed
from fw_binance.streams.patience import Patience

MINUTE = 60_000


class Silent:
    """An owner that keeps what it is told; mutable for that."""

    def __init__(self, *, rightly: bool = False) -> None:
        self.rightly = rightly
        self.reasons: list[str] = []
        self.came = 0
        self.asked = 0

    def opened(self, group: Group) -> None: ...

    def comes(self, group: Group) -> None:
        self.came += 1

    def lost(self, group: Group, reason: str) -> None:
        self.reasons.append(reason)

    async def rightly_silent(self, group: Group) -> bool:
        self.asked += 1
        return self.rightly


class Quiet:
    """A log that nobody reads."""

    def warning(self, event: str, **more: Any) -> None: ...

    exception = warning


def waits(**changed: str) -> Patience:
    said = {"retry": "4ms", "retry_at_most": "20ms", "look": "4ms"} | changed
    return Patience(**{name: fw.Duration.parse(text) for name, text in said.items()})


def kept(venue: Any, group: Group, owner: Silent, patience: Patience, until: Any) -> Counters:
    """Let a keeper hold a group, and the exchange go on, until something holds."""
    counters = Counters()

    async def scene() -> None:
        exchange = exchange_of(environment_of(Hosts(**venue.hosts)), pro=True)

        def make(group: Group) -> Link:
            url = f"{exchange.get_ws_url('linear', group.route)}/{counters.connections + counters.failures}"
            return Link(
                exchange, url, group.streams, lambda message: None, patience=patience, counters=counters, log=Quiet()
            )

        keeper = Keeper(
            group,
            make,
            owner,
            patience=patience,
            backoff=Backoff(0.004, 0.02, Random(0)),
            counters=counters,
            log=Quiet(),
        )
        task = asyncio.ensure_future(keeper.run())
        try:
            async with asyncio.timeout(30):
                while not until(counters):
                    await asyncio.to_thread(venue.clock.advance, 250)
                    await asyncio.sleep(0.005)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await exchange.close()

    asyncio.run(scene())
    return counters


@pytest.fixture
def venue(make_venue: Any, venue_kit: Any) -> Any:
    return make_venue(venue_kit.market(bars=2000), at=10)


@pytest.mark.parametrize(
    ("route", "stream"),
    [("public", "btcusdt@kline_1m"), ("market", "btcusdt@bookTicker"), ("market", "nosuch@kline_1m")],
)
def test_a_stream_asked_for_on_the_wrong_route_is_acknowledged_and_noticed(route: str, stream: str, venue: Any) -> None:
    owner = Silent()
    group = Group("wrong", route, (stream,), ("BTCUSDT",))
    counters = kept(venue, group, owner, waits(silence="60ms"), lambda counters: len(owner.reasons) >= 2)
    assert counters.connections >= 2
    assert counters.silences >= 2
    assert "the exchange acknowledged them and sent nothing for 60ms" in owner.reasons[0]
    assert owner.came == 0


def test_a_market_that_rests_is_no_fault(venue: Any) -> None:
    owner = Silent(rightly=True)
    venue.faults.silence()
    group = Group("public 1", "public", ("btcusdt@bookTicker",), ("BTCUSDT",))
    counters = kept(venue, group, owner, waits(silence="20ms"), lambda counters: owner.asked >= 3)
    assert counters.failures == 0
    assert owner.reasons == []
    assert owner.came == 1


def test_an_exchange_that_is_away_is_asked_again_with_growing_pauses() -> None:
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        owner = Silent()

        away = SimpleNamespace(
            hosts={"rest": f"http://{address}", "ws": f"ws://{address}"}, clock=SimpleNamespace(advance=lambda ms: None)
        )
        group = Group("market 1", "market", ("btcusdt@kline_1m",), ("BTCUSDT",))
        counters = kept(away, group, owner, waits(), lambda counters: counters.failures >= 3)
    assert counters.connections == 0
    assert all("refused" in reason.lower() or "connect" in reason.lower() for reason in owner.reasons)


def test_an_exchange_that_accepts_and_says_nothing_is_given_up_in_time() -> None:
    async def scene(address: str) -> str:
        exchange = exchange_of(environment_of(Hosts(rest=f"http://{address}", ws=f"ws://{address}")), pro=True)
        link = Link(
            exchange,
            f"ws://{address}/market/ws/1",
            ("btcusdt@kline_1m",),
            lambda message: None,
            patience=waits(connect="40ms"),
            counters=Counters(),
            log=Quiet(),
        )
        try:
            await link.open()
        except LinkFailed as problem:
            return str(problem)
        finally:
            await link.close()
            await exchange.close()
        return ""

    with socket.create_server(("127.0.0.1", 0)) as mute:
        said = asyncio.run(scene(f"127.0.0.1:{mute.getsockname()[1]}"))
    assert "no connection to" in said


def test_streams_the_exchange_refuses_are_named(venue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fw_binance.streams.link.IN_ONE_MESSAGE", 600)
    owner = Silent()
    streams = tuple(f"s{number}@kline_1m" for number in range(1100))  # it carries 1024 at most
    group = Group("too many", "market", streams, ("BTCUSDT",))
    kept(venue, group, owner, waits(), lambda counters: owner.reasons)
    assert "Too many" in owner.reasons[0]
