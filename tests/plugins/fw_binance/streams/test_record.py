"""A recording of the practice exchange: what is in the store is what happened, whatever the connection did."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import fw
from fw.cli import main
from fw_binance.environment import Hosts, environment_of
from fw_binance.limits import Limiter, Pace
from fw_binance.store import Store
from fw_binance.streams.patience import Patience
from fw_binance.streams.record import Recorder
from fw_binance.streams.recording import record

LONG = 30.0
MINUTE = 60_000
WAITS = {"silence": "20s", "retry": "4ms", "retry_at_most": "40ms", "look": "4ms"}


def until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.002)


class Session(threading.Thread):
    """A recording in a thread of its own; mutable, as it goes on."""

    def __init__(self, venue: Any, data: Path, kinds: tuple[str, ...], symbols: tuple[str, ...]) -> None:
        super().__init__()
        self.venue, self.data, self.kinds, self.symbols = venue, data, kinds, symbols
        self.recorder: Recorder | None = None
        self.result: dict[str, Any] = {}
        self.problem: BaseException | None = None
        self.stop: asyncio.Event | None = None

    @property
    def store(self) -> Store:
        return Store(self.data, environment_of(Hosts(**self.venue.hosts)).venue)

    def run(self) -> None:
        try:
            asyncio.run(self._record())
        except fw.FwError as problem:
            self.problem = problem

    async def _record(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        self.result = await record(
            environment_of(Hosts(**self.venue.hosts)),
            self.symbols,
            kinds=self.kinds,
            length=None,
            flush=0.01,
            data=self.data,
            patience=Patience(**{name: fw.Duration.parse(text) for name, text in WAITS.items()}),
            limiter=Limiter(self.venue.rest, pace=Pace(first_wait=0.001, tries=2)),
            stop=self.stop,
            told=self._told,
        )

    def _told(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def until_up(self, connections: int) -> None:
        until(lambda: self.recorder and self.recorder.counters.connections >= connections, "a connection")

    def until_read(self) -> None:
        """Wait until everything sent so far has been read and written."""
        assert self.recorder is not None
        counters, seen = self.recorder.counters, -1
        while seen != counters.frames or any(track.waiting for track in self.recorder.tracks.values()):
            seen = counters.frames
            time.sleep(0.05)

    def end(self) -> None:
        if self.stop is not None and self.is_alive():
            self.loop.call_soon_threadsafe(self.stop.set)
        self.join(LONG)


@pytest.fixture
def session(make_venue: Callable[..., Any], venue_kit: Any, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    started: list[Session] = []

    def start(*kinds: str, symbols: tuple[str, ...] = ("BTCUSDT",), up: int = 1) -> Session:
        venue = make_venue(venue_kit.market(symbols, bars=40), at=10)
        started.append(Session(venue, tmp_path / "data", kinds, symbols))
        started[-1].start()
        started[-1].until_up(up)
        return started[-1]

    yield start
    for one in started:
        one.end()


def asked(venue: Any, path: str) -> Any:
    with urllib.request.urlopen(venue.rest + path) as answer:
        return json.load(answer)


def told_trades(venue: Any, first: int, count: int) -> list[tuple[Any, ...]]:
    rows = asked(venue, f"/fapi/v1/aggTrades?symbol=BTCUSDT&fromId={first}&limit={count}")
    return [(row["T"] * 10**6, row["a"], float(row["p"]), float(row["q"]), row["m"]) for row in rows]


def test_recorded_trades_are_those_the_exchange_tells_though_some_were_missed(session: Any) -> None:
    here = session("agg_trades")
    here.venue.clock.advance(ms=20_000)
    here.until_read()
    here.venue.faults.lose("btcusdt@aggTrade", times=7)
    here.venue.clock.advance(ms=20_000)
    here.until_read()
    here.venue.faults.disconnect()
    here.venue.clock.advance(ms=20_000)
    here.until_up(2)
    here.venue.clock.advance(ms=20_000)
    here.until_read()
    until(lambda: all(track.fetching.done() for track in here.recorder.tracks.values()), "what was missed")
    here.end()
    rows = here.store.read("agg_trades", "BTCUSDT")
    names = ("time", "agg_trade_id", "price", "quantity", "is_buyer_maker")
    found = list(zip(*(rows[name].tolist() for name in names), strict=True))
    assert len(found) > 250
    assert found == told_trades(here.venue, found[0][1], len(found))
    assert here.result["counters"]["trades_missed"] >= 7 + 60
    assert here.store.missing("agg_trades", "BTCUSDT", None, found[0][0], found[-1][0] + 1) == []


def test_a_recorded_book_can_be_rebuilt_and_is_the_exchanges_own(session: Any) -> None:
    here = session("depth")
    here.venue.clock.advance(ms=5_000)
    here.until_read()
    here.venue.faults.lose("btcusdt@depth.*", times=1)  # the chain of changes breaks
    here.venue.clock.advance(ms=5_000)
    here.until_read()
    here.venue.clock.advance(ms=5_000)
    here.until_read()
    here.end()
    rows = here.store.read("depth", "BTCUSDT")
    whole = here.store.read("snapshots", "BTCUSDT")
    assert len(np.unique(whole["last_id"])) == 2
    newest = whole["last_id"].max()
    sides: dict[bool, dict[float, float]] = {True: {}, False: {}}
    for table, chosen in ((whole, whole["last_id"] == newest), (rows, rows["final_id"] >= newest)):
        for is_bid, price, size in zip(*(table[name][chosen] for name in ("is_bid", "price", "quantity")), strict=True):
            sides[bool(is_bid)][price] = size
    told = asked(here.venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=100")
    last = int(rows["final_id"].max())
    assert told["lastUpdateId"] == last
    for is_bid, name in ((True, "bids"), (False, "asks")):
        left = sorted(((price, size) for price, size in sides[is_bid].items() if size > 0), reverse=is_bid)
        assert left[:20] == [(float(price), float(size)) for price, size in told[name][:20]]
    assert here.result["counters"]["book_gaps"] == 1


def test_quotes_and_marks_are_recorded_for_several_symbols(session: Any) -> None:
    here = session("book", "marks", symbols=("BTCUSDT", "ETHUSDT"), up=2)
    here.venue.clock.advance(ms=10_000)
    here.until_read()
    here.end()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        book, marks = here.store.read("book", symbol), here.store.read("marks", symbol)
        assert len(marks["time"]) >= 9
        assert (np.diff(marks["time"]) == 10**9).all()
        assert len(book["time"]) >= 30
        assert (book["bid_1"] < book["ask_1"]).all()
        assert (marks["mark"] > 0).all()


def test_nothing_is_kept_in_memory_once_it_is_written(session: Any) -> None:
    here = session("agg_trades", "book", up=2)
    for _ in range(5):
        here.venue.clock.advance(ms=MINUTE)
        here.until_read()
        assert all(not run.rows for track in here.recorder.tracks.values() for run in track.runs)
        assert all(len(track.runs) == 1 for track in here.recorder.tracks.values())


def test_an_unknown_symbol_is_not_recorded(make_venue: Any, venue_kit: Any, tmp_path: Path) -> None:
    here = Session(make_venue(venue_kit.market(bars=20), at=5), tmp_path, ("book",), ("BTCUSD",))
    here.start()
    here.join(LONG)
    assert "did you mean BTCUSDT" in str(here.problem)


def test_killing_a_recording_loses_no_more_than_what_came_since_the_last_flush(
    make_venue: Any, venue_kit: Any, tmp_path: Path
) -> None:
    venue = make_venue(venue_kit.market(bars=60), at=10)
    run = "import sys; from fw.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run, "data", "record", "BTCUSDT", "--kind", "trades", "--flush", "50ms"]
    environment = os.environ | {"FW_HOME": str(tmp_path)}
    store = Store(tmp_path / "data", environment_of(Hosts(**venue.hosts)).venue)
    recording = subprocess.Popen([*command, "--environment", venue.rest], env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: venue.hub.listeners, "a subscription")
        for count in (20, 80, 140):  # each a flush of its own
            venue.clock.advance(ms=15_000)
            until(lambda count=count: len(store.read("agg_trades", "BTCUSDT")["time"]) > count, "a flush")
        before = len(store.read("agg_trades", "BTCUSDT")["time"])
        venue.clock.advance(ms=15_000)
    finally:
        recording.send_signal(signal.SIGKILL)
        recording.wait()
    rows = store.read("agg_trades", "BTCUSDT")
    ids = rows["agg_trade_id"].tolist()
    assert len(ids) >= before
    assert ids == list(range(ids[0], ids[-1] + 1))
    names = ("time", "agg_trade_id", "price", "quantity", "is_buyer_maker")
    assert list(zip(*(rows[name].tolist() for name in names), strict=True)) == told_trades(venue, ids[0], len(ids))


def test_commands_show_the_book_and_the_trades(make_venue: Any, venue_kit: Any) -> None:
    venue = make_venue(venue_kit.market(bars=60), at=10)
    told = asked(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=5")
    there = ["--environment", venue.rest]
    shown = CliRunner().invoke(main, ["data", "book", "BTCUSDT", "--levels", "5", "--json", *there])
    assert shown.exit_code == 0, shown.output
    book = json.loads(shown.output)
    assert [(level["price"], level["size"]) for level in book["bids"]] == [
        (float(price), float(size)) for price, size in told["bids"]
    ]
    table = CliRunner().invoke(main, ["data", "book", "BTCUSDT", *there])
    assert f"{float(told['asks'][0][0]):,.10g}" in table.output
    trades = CliRunner().invoke(main, ["data", "trades", "BTCUSDT", "--limit", "3", "--json", *there])
    rows = asked(venue, "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=3")
    assert [(row["id"], row["price"]) for row in json.loads(trades.output)] == [(r["a"], float(r["p"])) for r in rows]
    assert "taker" in CliRunner().invoke(main, ["data", "trades", "BTCUSDT", *there]).output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_is_asked_to_stop_writes_what_came(
    number: signal.Signals, make_venue: Any, venue_kit: Any, tmp_path: Path
) -> None:
    venue = make_venue(venue_kit.market(bars=60), at=10)
    run = "import sys; from fw.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run, "data", "record", "BTCUSDT", "--kind", "trades", "--json"]
    recording = subprocess.Popen(
        [*command, "--environment", venue.rest],
        env=os.environ | {"FW_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: venue.hub.listeners, "a subscription")
    venue.clock.advance(ms=15_000)
    time.sleep(0.2)  # what was sent has to be read; nothing tells from outside when it was
    recording.send_signal(number)
    told, _ = recording.communicate(timeout=LONG)
    assert recording.returncode == 0
    store = Store(tmp_path / "data", environment_of(Hosts(**venue.hosts)).venue)
    written = len(store.read("agg_trades", "BTCUSDT")["time"])
    assert json.loads(told)["series"] == [{"symbol": "BTCUSDT", "kind": "agg_trades", "rows": written}]
    assert written > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["book", "BTCUSD"], "did you mean BTCUSDT"),
        (["trades", "NOSUCH"], "no contract 'NOSUCH'"),
        (["record", "BTCUSDT", "--kind", "candles"], "--kind wants some of trades, book, depth"),
        (["record", "BTCUSDT", "--for", "soon"], "--for wants a duration"),
        (["record", "BTCUSDT", "--flush", "0s"], "--flush wants more than nothing"),
    ],
)
def test_commands_say_what_is_wrong(words: list[str], said: str, make_venue: Any, venue_kit: Any) -> None:
    venue = make_venue(venue_kit.market(bars=20), at=5)
    result = CliRunner().invoke(main, ["data", *words, "--environment", venue.rest])
    assert result.exit_code in (2, 3)
    assert said in result.output
    assert "Traceback" not in result.output
