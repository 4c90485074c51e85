"""Writes streams to the store for as long as one likes: rows wait in memory for a moment, never longer than a flush.

What is lost by killing it is what came since the last flush. Trades that were missed are fetched over REST by their
numbers; a book whose chain of changes broke begins again with a snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import attrs

from fw_binance.streams.asking import TROUBLE, Asking, unknown
from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters
from fw_binance.streams.keeper import Group, Keeper
from fw_binance.streams.link import Link
from fw_binance.streams.patience import Patience, seconds
from fw_binance.streams.tables import HEARTBEAT, SNAPSHOTS, TABLES, Row, depth_rows, trade_row
from fw_binance.streams.tracks import Gap, Run, Track

if TYPE_CHECKING:
    from fw_binance.store import Store

ON_ONE = 200
PAGE_OF_TRADES = 1000
SNAPSHOT = 1000
"""Levels of a side."""
SOURCE = "stream"


@attrs.frozen(kw_only=True)
class Recording:
    """What is recorded, from where to where."""

    symbols: tuple[str, ...]
    kinds: tuple[str, ...]
    """Of the store."""
    asking: Asking
    exchange: Any
    store: Store
    flush: float = 60.0
    """Seconds between two writes."""
    patience: Patience = attrs.field(factory=Patience)
    counters: Counters = attrs.field(factory=Counters)
    random: Random = attrs.field(factory=Random)
    log: Any = None
    told: Callable[[Recorder], None] = lambda recorder: None
    """Told after each look at the clock."""


class Recorder:
    """Mutable: it holds what was not written yet."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.counters, self._patience = recording.counters, recording.patience
        self.now = 0
        """The exchange's clock as of the newest message, ms."""
        self.troubles: dict[str, str] = {}
        """Groups of streams that do not come just now, with the reason."""
        wanted = [table for table in TABLES.values() if table.kind in recording.kinds]
        self.tracks = {
            (event, symbol): Track(table, symbol)
            for event, table in TABLES.items()
            if table in wanted
            for symbol in recording.symbols
        }
        if "depth" in recording.kinds:
            self.tracks |= {("snapshot", symbol): Track(SNAPSHOTS, symbol) for symbol in recording.symbols}
        self._heard: dict[str, int] = {}
        """When the newest message of a group came, by the exchange's clock, ms."""
        self._links = 0
        self._writing = asyncio.Lock()

    @property
    def rows(self) -> int:
        """Written so far."""
        return sum(track.written for track in self.tracks.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what came by then is written. DataError for a symbol that is not there."""
        contracts = await self.recording.asking.contracts()
        for symbol in self.recording.symbols:
            if symbol not in contracts:
                raise unknown(symbol, contracts)
        tasks = [asyncio.ensure_future(self._keeper(group).run()) for group in self._groups()]
        tasks.append(asyncio.ensure_future(self._write_now_and_then()))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopping}:
                task.result()  # only a failure ends them: a full disk, or a mistake of ours
        finally:
            fetching = [track.fetching for track in self.tracks.values() if track.fetching is not None]
            async with self._writing:  # what is being written is written to its end
                for task in (*tasks, stopping, *fetching):
                    task.cancel()
            await asyncio.gather(*tasks, stopping, *fetching, return_exceptions=True)
        await self.flush()

    # what keepers tell

    def opened(self, group: Group) -> None:
        """Nothing is asked for before it is known what was missed."""

    def comes(self, group: Group) -> None:
        """Data comes again."""
        self.troubles.pop(group.name, None)

    def lost(self, group: Group, reason: str) -> None:
        """What comes later does not join on to what came; trades are joined by their numbers."""
        self.troubles[group.name] = reason
        for track in self.tracks.values():
            if track.table.route == group.route and track.symbol in group.instruments:
                track.break_off()

    async def rightly_silent(self, group: Group) -> bool:
        """A market connection has mark prices every second; quotes may rest, and REST knows whether they do."""
        if group.route == "market":
            return False
        try:
            newest = await self.recording.asking.quote(group.instruments[0])
        except TROUBLE:
            self.counters.rest_failures += 1
            return False
        return newest.time <= self._heard.get(group.name, 0) + 1000

    # what messages tell

    def hear(self, group: Group, message: Mapping[str, Any]) -> None:
        """One message of a stream; MalformedFrame where it lacks something."""
        at = message.get("E")
        if isinstance(at, int):
            self.now = max(self.now, at)
            self._heard[group.name] = max(self._heard.get(group.name, 0), at)
        event = message["e"]
        inner = message.get("o") if event == "forceOrder" else message
        symbol = inner.get("s", "") if isinstance(inner, Mapping) else ""
        track = self.tracks.get((event, symbol))
        if track is None:
            if event != "markPriceUpdate":
                self.counters.unknown += 1
            return
        rows = track.table.rows(message)
        if track.table.kind == "agg_trades":
            self._follow_trades(track, rows)
        elif track.table.kind == "depth":
            self._follow_book(track, message, rows)
        else:
            self._add(track, rows)

    def _add(self, track: Track, rows: list[Row]) -> None:
        if not track.add(rows):
            self.counters.rows_dropped += len(rows)

    def _follow_trades(self, track: Track, rows: list[Row]) -> None:
        time, number = rows[0][:2]
        if number <= track.last:
            return  # on both connections while one replaces the other
        if track.last:
            missing = number - track.last - 1
            if missing:
                self.counters.trades_missed += missing
                gap = Gap(track, track.last + 1, number, track.last_time + 1, time)
                track.fetching = asyncio.ensure_future(self._fetch_trades(gap, track.fetching))
                track.break_off()
            if not track.runs[-1].rows and not track.runs[-1].since:
                track.runs[-1].since = time if missing else track.last_time + 1
        track.last = number
        self._add(track, rows)

    async def _fetch_trades(self, gap: Gap, before: asyncio.Task[None] | None) -> None:
        """Fill a gap page by page, once the one before it is filled."""
        if before is not None:
            await before
        backoff = self._backoff()
        while gap.first < gap.end:
            try:
                found = await self.recording.asking.trades(gap.track.symbol, first=gap.first, limit=PAGE_OF_TRADES)
            except TROUBLE:
                self.counters.rest_failures += 1
                await asyncio.sleep(backoff.next())
                continue
            page = [trade for trade in found if gap.first <= trade.id < gap.end]
            if not page or page[0].id != gap.first:
                return  # the exchange does not have them any more
            rows = [trade_row(trade) for trade in page]
            gap.first = page[-1].id + 1
            until = gap.until if gap.first == gap.end else rows[-1][0] + 1
            gap.track.runs.insert(0, Run(rows, gap.since, until))
            gap.track.waiting += len(rows)
            gap.since = until

    def _follow_book(self, track: Track, message: Mapping[str, Any], rows: list[Row]) -> None:
        last, previous = int(message["u"]), int(message["pu"])
        if last <= track.last:
            return
        if previous != track.last:
            if track.last:
                self.counters.book_gaps += 1
                track.break_off()
            if track.fetching is None or track.fetching.done():
                track.fetching = asyncio.ensure_future(self._snapshot(track))
        track.last = last
        if rows:
            self._add(track, rows)

    async def _snapshot(self, track: Track) -> None:
        """Changes before it are of no use, those after it join on to it."""
        backoff = self._backoff()
        while True:
            try:
                last, bids, asks = await self.recording.asking.depth(track.symbol, SNAPSHOT)
            except TROUBLE:
                self.counters.rest_failures += 1
                await asyncio.sleep(backoff.next())
                continue
            self._add(self.tracks["snapshot", track.symbol], depth_rows(self.now, (last,), bids, asks))
            return

    # writing

    async def _write_now_and_then(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self.recording.flush
        while True:
            await asyncio.sleep(min(self.recording.flush, seconds(self._patience.look)))
            self.recording.told(self)
            if loop.time() >= due:
                await self.flush()
                due = loop.time() + self.recording.flush

    async def flush(self) -> None:
        """Write what came; reading goes on meanwhile. DataError where the disk does not take it."""
        async with self._writing:
            for track in self.tracks.values():
                for run in track.take():
                    await asyncio.to_thread(self._write, track, run)

    def _write(self, track: Track, run: Run) -> None:
        import numpy as np

        columns = {
            name: np.array(column)
            for name, column in zip(track.table.columns, zip(*run.rows, strict=True), strict=True)
        }
        times = columns["time"]
        first, end = int(times.min()), int(times.max()) + 1
        covers = min(run.since or first, first), max(run.until, end)
        kind = track.table.kind
        found = self.recording.store.write(kind, track.symbol, None, columns, source=SOURCE, covers=covers)
        track.written += found.new

    # connections

    def _groups(self) -> list[Group]:
        found = []
        for route in ("market", "public"):
            streams = [
                (f"{track.symbol.lower()}@{track.table.stream}", track.symbol)
                for track in self.tracks.values()
                if track.table.route == route
            ]
            for number, first in enumerate(range(0, len(streams), ON_ONE - 1), 1):
                mine = streams[first : first + ON_ONE - 1]
                names = [name for name, _ in mine]
                if route == "market":
                    names.append(f"{mine[0][1].lower()}@{HEARTBEAT}")
                instruments = tuple(dict.fromkeys(symbol for _, symbol in mine))
                found.append(Group(f"{route} {number}", route, tuple(dict.fromkeys(names)), instruments))
        return found

    def _keeper(self, group: Group) -> Keeper:
        return Keeper(
            group,
            self._link,
            self,
            patience=self._patience,
            backoff=self._backoff(),
            counters=self.counters,
            log=self.recording.log,
        )

    def _backoff(self) -> Backoff:
        patience = self._patience
        return Backoff(seconds(patience.retry), seconds(patience.retry_at_most), self.recording.random)

    def _link(self, group: Group) -> Link:
        self._links += 1
        exchange = self.recording.exchange
        return Link(
            exchange,
            f"{exchange.get_ws_url('linear', group.route)}/{self._links}",
            group.streams,
            lambda message: self.hear(group, message),
            patience=self._patience,
            counters=self.counters,
            log=self.recording.log,
        )
