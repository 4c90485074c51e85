"""What it costs to follow 200 symbols live: processor time per message, and memory over very many. `-s` prints it.

The stream's own thread is measured, as the practice exchange runs in the same process. Nothing here judges by a clock.
"""

from __future__ import annotations

import json
import threading
import time
import tracemalloc
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

import fw
from fw_binance.environment import Hosts, environment_of
from fw_binance.streams.counters import Counters
from fw_binance.streams.hub import Hub, Setup
from fw_binance.streams.live import LiveStream, Terms
from fw_binance.streams.outbox import Outbox
from fw_binance.streams.patience import Patience

SYMBOLS = tuple(f"S{number}USDT" for number in range(200))
MINUTE = 60_000


def waited(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_following_two_hundred_symbols(benchmark: Any, make_venue: Any, venue_kit: Any) -> None:
    """A minute of klines four times a second, best prices and marks: 200 × (240 + up to 240 + 60) messages."""
    market = venue_kit.market(SYMBOLS, bars=30, needs=("bars", "funding", "mark"))
    venue = make_venue(market, at=2, faults=None)
    long = fw.Duration.parse("10m")
    terms = Terms(environment=environment_of(Hosts(**venue.hosts)), patience=Patience(silence=long, quiet=long))
    start = int(market.bars.open_time[2])
    want = fw.Want(instruments=SYMBOLS, bar=market.bars.size, start=start, needs=("bars",))
    stream = LiveStream(terms, want)
    bars = minutes = 0

    def read() -> None:
        nonlocal bars
        for event in stream:
            bars += isinstance(event, fw.BarReceived)

    reader = threading.Thread(target=read)
    reader.start()
    waited(lambda: stream.counters.connections >= 3)
    clock = time.pthread_getcpuclockid(stream.thread)
    before, frames = time.clock_gettime(clock), stream.counters.frames

    def minute() -> None:
        nonlocal minutes
        count, minutes = bars, minutes + 1
        venue.clock.advance(ms=MINUTE)
        waited(lambda: bars >= count + len(SYMBOLS))

    benchmark.pedantic(minute, rounds=2, iterations=1)
    spent, frames = time.clock_gettime(clock) - before, stream.counters.frames - frames
    benchmark.extra_info |= {"messages": frames, "µs a message": round(spent / frames * 1e6, 1)}
    each = spent / frames * 1e6
    print(f"\n{frames:,} messages, {each:.1f} µs of one core each; 800 a second: {each * 0.08:.1f} % of it")
    stream.close()
    reader.join()
    assert bars == minutes * len(SYMBOLS)


@pytest.mark.parametrize("messages", [30_000])  # a million was run by hand: the page on performance has its numbers
def test_memory_stays_flat(messages: int) -> None:
    """Messages of klines and quotes through all that handles them but the socket; a reader far behind."""
    import asyncio

    async def scene() -> tuple[int, int]:
        outbox = Outbox(1_000)
        setup = Setup(
            want=fw.Want(instruments=SYMBOLS, bar=fw.BarSize.parse("1m")),
            asking=None,  # type: ignore[arg-type]  # nothing is asked
            exchange=None,
            outbox=outbox,
            patience=Patience(),
            counters=Counters(),
            random=Random(0),
            log=None,
        )
        hub = Hub(setup)
        for symbol in SYMBOLS:
            hub.follow(symbol, 0, 0)
        measured = []
        for number in range(messages):
            symbol, minute = SYMBOLS[number % 200], number // 200 // 4 * MINUTE
            hub.hear(json.loads(kline(symbol, minute, closed=number // 200 % 4 == 3)))
            hub.hear(json.loads(quote(symbol, number)))
            while outbox.full:
                outbox.take()
            if number in (messages // 3, messages - 1):
                measured.append(tracemalloc.get_traced_memory()[0])
        return measured[0], measured[1]

    tracemalloc.start()
    try:
        early, late = asyncio.run(scene())
    finally:
        tracemalloc.stop()
    print(f"\n{early / 1e6:.2f} MB after a third, {late / 1e6:.2f} MB at the end")
    assert late < early + 200_000


def kline(symbol: str, opened: int, *, closed: bool) -> str:
    prices = '"o":"1.01","c":"1.02","h":"1.03","l":"1.00","v":"39","n":48,"q":"39.5","V":"17","Q":"17.4"'
    flag = "true" if closed else "false"
    k = f'"t":{opened},"T":{opened + MINUTE - 1},"s":"{symbol}","i":"1m","x":{flag},{prices}'
    return f'{{"e":"kline","E":{opened},"s":"{symbol}","k":{{{k}}}}}'


def quote(symbol: str, number: int) -> str:
    sides = '"b":"1.01","B":"5","a":"1.02","A":"7"'
    return f'{{"e":"bookTicker","u":{number},"s":"{symbol}",{sides},"T":{number},"E":{number}}}'
