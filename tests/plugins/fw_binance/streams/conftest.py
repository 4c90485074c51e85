"""Live streams of a practice exchange, read by a thread that keeps what came, with waiting times of milliseconds."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

import fw
from fw.domain.event import Event
from fw_binance.environment import Hosts, environment_of
from fw_binance.limits import Limiter, Pace
from fw_binance.streams.live import LiveStream, Terms
from fw_binance.streams.patience import Patience

LONG = 30.0
"""Seconds after which a test gives up waiting for what must come."""

Kind = TypeVar("Kind", bound=Event)

QUICK = {
    "connect": "5s",
    "acknowledge": "5s",
    "silence": "20s",
    "quiet": "60s",
    "ping": "5s",
    "bar_late": "3s",
    "settle": "0ms",
    "together": "10s",
    "retry": "4ms",
    "retry_at_most": "40ms",
    "stable": "10s",
    "rotate": "1h",
    "heal": "60s",
    "look": "4ms",
}


def patient(**changed: str) -> Patience:
    """Waiting times for tests; a test says those it is about."""
    return Patience(**{name: fw.Duration.parse(text) for name, text in (QUICK | changed).items()})


class Reader:
    """Reads a stream to its end in a thread of its own; mutable, as it keeps what came."""

    def __init__(self, stream: LiveStream, venue: Any) -> None:
        self.stream, self.venue = stream, venue
        self.events: list[Event] = []
        self.problem: BaseException | None = None
        self.going_on = threading.Event()
        self.going_on.set()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        try:
            for event in self.stream:
                self.going_on.wait()
                self.events.append(event)
        except fw.FwError as problem:
            self.problem = problem

    def close(self) -> None:
        self.going_on.set()
        self.stream.close()
        self._thread.join()

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in list(self.events) if isinstance(event, kind)]

    def bars(self, symbol: str = "BTCUSDT", kind: str = "bars") -> list[fw.BarReceived]:
        return [bar for bar in self.all(fw.BarReceived) if bar.instrument == symbol and bar.kind == kind]

    def opened(self, symbol: str = "BTCUSDT", kind: str = "bars") -> list[int]:
        """Open times of the bars that came, ms."""
        return [bar.open_time // 1_000_000 for bar in self.bars(symbol, kind)]

    def troubles(self) -> list[str]:
        """`lost` and `restored`, in order."""
        kinds = {fw.FeedLost: "lost", fw.FeedRestored: "restored"}
        return [kinds[type(event)] for event in list(self.events) if type(event) in kinds]

    def until(self, condition: Callable[[], Any], what: str = "") -> None:
        """Wait until it holds."""
        end = time.monotonic() + LONG
        while not condition():
            assert self.problem is None, self.problem
            assert time.monotonic() < end, f"{what or 'it'} did not come; counters: {self.stream.counters}"
            time.sleep(0.002)

    def until_up(self, connections: int = 2) -> None:
        """Wait until the exchange has acknowledged so many connections."""
        self.until(lambda: self.stream.counters.connections >= connections, "a connection")

    def until_restored(self) -> None:
        """Let the exchange go on until the data counts as good again."""

        def restored() -> bool:
            if self.troubles()[-1:] == ["restored"]:
                return True
            self.advance(1000)
            return False

        self.until(restored, "the end of trouble")

    def until_bars(self, count: int, symbol: str = "BTCUSDT", kind: str = "bars") -> None:
        self.until(lambda: len(self.bars(symbol, kind)) >= count, f"bar {count} of {symbol}")

    def advance(self, ms: int, steps: int = 1) -> None:
        """Let the exchange go on."""
        for _ in range(steps):
            self.venue.clock.advance(ms=ms // steps)


@pytest.fixture
def read(make_venue: Callable[..., Any], venue_kit: Any) -> Iterator[Callable[..., Reader]]:
    """Streams from a practice exchange: `read(symbols, at=100, back=5, needs=…, venue=…, silence="50ms")`.

    Its clock begins at the open of bar `at`; the stream at `back` bars before that.
    """
    readers: list[Reader] = []

    def make(
        symbols: Sequence[str] = ("BTCUSDT",),
        *,
        at: int = 100,
        back: int = 0,
        needs: Sequence[str] = ("bars",),
        venue: Any = None,
        bar: str = "1m",
        most_waiting: int = 10_000,
        up: bool = True,
        **waits: str,
    ) -> Reader:
        if venue is None:
            venue = make_venue(venue_kit.market(tuple(symbols), bars=at + 60, bar=bar), at=at)
        want = fw.Want(
            instruments=tuple(symbols),
            bar=fw.BarSize.parse(bar),
            start=int(venue.market.bars.open_time[at - back]),
            needs=tuple(needs),
        )
        limiter = Limiter(venue.rest, pace=Pace(first_wait=0.001, tries=2))
        environment = environment_of(Hosts(**venue.hosts))
        terms = Terms(environment=environment, patience=patient(**waits), limiter=limiter, most_waiting=most_waiting)
        reader = Reader(LiveStream(terms, want), venue)
        readers.append(reader)
        if up:
            reader.until_up()
        return reader

    yield make
    for reader in readers:
        reader.close()


@pytest.fixture
def told() -> Callable[..., list[dict[str, float]]]:
    """Bars as the exchange tells them over REST, by a plain request: `told(venue, "BTCUSDT", start, count)`."""

    def ask(venue: Any, symbol: str, start: int, count: int, kind: str = "klines") -> list[dict[str, float]]:
        url = f"{venue.rest}/fapi/v1/{kind}?symbol={symbol}&interval=1m&startTime={start}&limit={count}"
        with urllib.request.urlopen(url) as answer:
            rows = json.load(answer)
        names = (
            "open_time",
            "open",
            "high",
            "low",
            "close",
            "volume",
            "",
            "quote_volume",
            "trades",
            "taker_buy_volume",
        )
        return [{name: float(row[place]) for place, name in enumerate(names) if name} for row in rows]

    return ask
