"""One series at a time from the exchange into the store: whole months, then days, of the archive, and pages of REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from fw.domain.time import DAY, HOUR, MINUTE
from fw_binance.archive import DAILY, MONTHLY, Archive, Place, Unusable
from fw_binance.asking import Refused
from fw_binance.client import PAGE, STATISTICS_DAYS, STATISTICS_PAGE, Client
from fw_binance.csv import parse
from fw_binance.periods import Period, Span, length, periods, pieces, within
from fw_binance.store import Series, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

T = TypeVar("T")

CANDLES = ("klines", "mark", "index", "premium")
LATE = {"funding": 10 * MINUTE, "metrics": 15 * MINUTE, "agg_trades": MINUTE}
"""How long the exchange may take to state what has happened."""

SETTLED = HOUR
"""What is older and not there never comes: then it is not asked for again."""

GIVEN_UP = 90 * DAY
"""A file of the archive that is not there may come weeks later, but not after so long."""

PAGES_TOGETHER = 90
"""Pages of REST that are kept in memory until they are written: a month of minutes."""


@attrs.define(eq=False)
class Progress:
    """How far it is, in rows as they are expected; mutable as that is what it is for."""

    shown: Callable[[str, int, int], None] | None = None
    """Is told what is fetched, rows done and rows in all."""
    total: int = 0
    done: int = 0

    def expect(self, what: str, rows: int) -> None:
        self.total += rows
        self.advance(what, 0)

    def advance(self, what: str, rows: int) -> None:
        self.done = min(self.total, self.done + rows)
        if self.shown is not None:
            self.shown(what, self.done, self.total)


@attrs.define(eq=False)
class Filled:
    """What fetching one series brought; mutable while it is fetched."""

    series: Series
    start: int
    end: int
    new: int = 0
    """Rows that were not there before."""
    changed: int = 0
    files: int = 0
    """Of the archive."""
    requests: int = 0
    """To REST."""
    notes: list[str] = attrs.field(factory=list)


@attrs.frozen(eq=False)
class Shop:
    """What all series share: the exchange, the store, and how many things are done at once."""

    client: Client
    archive: Archive
    store: Store
    now: int
    """The exchange's time, ns."""
    progress: Progress = attrs.field(factory=Progress)
    files: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(8))
    large_files: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(2))
    pages: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(4))
    threads: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(2))

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Parse and write beside the connections."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


async def fill(shop: Shop, series: Series, start: int, end: int, *, archive_only: bool = False) -> Filled:
    """Fetch what the store lacks of [start, end) (ns); what cannot be had stands in the notes."""
    filled = Filled(series, start, min(end, closed(series, shop.now)))
    job = Job(shop, filled, archive_only)
    missing = await job.missing()
    if not missing:
        return filled
    shop.progress.expect(str(series), length(missing) // job.step)
    await job.from_archive("month", missing)
    await job.from_archive("day", await job.missing())
    if not archive_only:
        await job.from_rest(await job.missing())
    await job.look_back()
    return filled


def closed(series: Series, now: int) -> int:
    """Until when rows of a series are there for good, at a time of the exchange's."""
    if series.kind in CANDLES and series.bar is not None:
        return int(series.bar.floor(now))
    return now - LATE[series.kind]


@attrs.frozen(eq=False)
class Job:
    """The fetching of one series."""

    shop: Shop
    filled: Filled
    archive_only: bool

    @property
    def series(self) -> Series:
        return self.filled.series

    @property
    def step(self) -> int:
        """Ns between two rows, as far as can be told before they are there."""
        if self.series.bar is not None:
            return self.series.bar.ns
        return 8 * HOUR if self.series.kind == "funding" else MINUTE

    async def missing(self) -> list[Span]:
        series, start, end = self.series, self.filled.start, self.filled.end
        if start >= end:
            return []
        return await self.shop.in_thread(
            lambda: self.shop.store.missing(series.kind, series.symbol, series.bar, start, end)
        )

    async def write(self, columns: Columns, source: str, covers: Span | None = None) -> None:
        series = self.series
        written = await self.shop.in_thread(
            lambda: self.shop.store.write(series.kind, series.symbol, series.bar, columns, source=source, covers=covers)
        )
        self.filled.new += written.new
        self.filled.changed += written.changed

    def advance(self, spans: Iterable[Span]) -> None:
        self.shop.progress.advance(str(self.series), length(spans) // self.step)

    async def from_archive(self, unit: str, missing: Sequence[Span]) -> None:
        """The months, or days, that are over and of which enough is missing."""
        kinds = MONTHLY if unit == "month" else DAILY
        if not self.shop.archive.is_there or self.series.kind not in kinds:
            return
        wanted = [period for period in periods(unit, missing) if self._is_worth(period, missing)]
        await together(self._file(period, within(missing, period.start, period.end)) for period in wanted)

    def _is_worth(self, period: Period, missing: Sequence[Span]) -> bool:
        """Whether a file costs less than what REST would take: more than one page of candles."""
        if period.end > self.shop.now:
            return False
        if self.series.kind not in CANDLES or self.archive_only:
            return True
        return length(within(missing, period.start, period.end)) > PAGE * self.step

    async def _file(self, period: Period, spans: Sequence[Span]) -> None:
        """One file of the archive into the store, as far as it is missing there."""
        series = self.series
        place = Place(series.kind, series.symbol, None if series.bar is None else str(series.bar), period.name)
        slots = self.shop.large_files if series.kind == "agg_trades" else self.shop.files
        async with slots:
            try:
                text = await self.shop.archive.fetch(place)
                if text is None:
                    await self._given_up(period, spans)
                    return
                columns = await self.shop.in_thread(lambda: sound(series, parse(series.kind, text), spans))
            except Unusable as problem:
                self.filled.notes.append(f"{series}: the archive's {place.path.rpartition('/')[2]}: {problem}")
                return
            self.filled.files += 1
            span = spans[0][0], spans[-1][1]
            await self.write(columns, "archive", None if series.kind in CANDLES else span)
        self.advance(spans)

    async def _given_up(self, period: Period, spans: Sequence[Span]) -> None:
        """A file that is not there now, and where nobody else has its rows never will be."""
        only_there = self.archive_only or self.series.kind == "metrics"
        if only_there and period.end < self.shop.now - GIVEN_UP:
            await self.write({name: column[:0] for name, column in empty(self.series).items()}, "archive", spans[0])

    async def from_rest(self, missing: Sequence[Span]) -> None:
        """What is missing still, page by page."""
        if self.series.kind in CANDLES:
            size = PAGE * self.step
            for piece in pieces(missing, size * PAGES_TOGETHER):
                await self._pages(pieces([piece], size), self._candles)
        elif self.series.kind == "metrics":
            oldest = self.shop.now - STATISTICS_DAYS * DAY + HOUR
            recent = within(missing, oldest - oldest % self.step, self.filled.end)
            try:
                await self._pages(pieces(recent, STATISTICS_PAGE * self.step), self._statistics)
            except Refused as refusal:  # the testnet has none
                self.filled.notes.append(f"{self.series}: {refusal}")
        else:
            for start, end in missing:
                await self._in_turn(start, end)

    async def _candles(self, start: int, end: int) -> tuple[Columns, Span]:
        series = self.series
        columns = await self.shop.client.candles(series.kind, series.symbol, str(series.bar), start, end, self.step)
        times = columns["open_time"]
        if end > self.shop.now - SETTLED:  # a bar that has just closed may be stated a moment later
            end = int(times[-1]) + self.step if len(times) else start
        return columns, (start, end)

    async def _statistics(self, start: int, end: int) -> tuple[Columns, Span]:
        columns = await self.shop.client.statistics(self.series.symbol, start, end, self.step)
        return columns, (start, start)  # what lacks now may come with the archive's file

    async def _pages(
        self, spans: Iterable[Span], page: Callable[[int, int], Coroutine[Any, Any, tuple[Columns, Span]]]
    ) -> None:
        """Several pages at once, written together; those that are there when it is interrupted are written too."""
        got: list[tuple[Columns, Span]] = []

        async def one(start: int, end: int) -> None:
            async with self.shop.pages:
                got.append(await page(start, end))
            self.filled.requests += 1
            self.advance([(start, end)])

        try:
            await together(one(start, end) for start, end in spans)
        finally:
            for columns, covers in joined(got):
                await self.write(columns, "rest", covers)

    async def _in_turn(self, start: int, end: int) -> None:
        """Rows of which each page says where the next begins."""
        client, symbol = self.shop.client, self.series.symbol
        asked: AsyncIterator[Columns]
        asked = (client.funding if self.series.kind == "funding" else client.agg_trades)(symbol, start, end)
        got: list[tuple[Columns, Span]] = []
        at = start
        try:
            async for columns in asked:
                until = int(columns["time"][-1]) + 1
                got.append((columns, (at, until)))
                self.filled.requests += 1
                self.advance([(at, until)])
                at = until
                if len(got) == PAGES_TOGETHER:
                    await self._write_all(got)
            got.append((empty(self.series), (at, end)))
        finally:
            await self._write_all(got)

    async def _write_all(self, got: list[tuple[Columns, Span]]) -> None:
        for columns, covers in joined(got):
            await self.write(columns, "rest", covers)
        got.clear()

    async def look_back(self) -> None:
        """Say what is missing in the end."""
        left = await self.missing()
        series, store = self.series, self.shop.store
        if left:
            count = length(left) // self.step
            if series.bar is not None and count:
                self.filled.notes.append(
                    f"{series}: {count:,} rows are not to be had yet, the first of {_when(left[0][0])}"
                )
            self.advance(left)
        if series.kind not in CANDLES or series.bar is None:
            return
        manifest = await self.shop.in_thread(lambda: store.manifest(series))
        gaps = within(
            (gap for part in manifest.parts.values() for gap in part.gaps), self.filled.start, self.filled.end
        )
        if gaps and not left:
            self.filled.notes.append(
                f"{series}: the exchange itself has no {length(gaps) // self.step:,} of its bars, the first of "
                f"{_when(gaps[0][0])}; source.gaps says what a run makes of that"
            )


def sound(series: Series, columns: Columns, spans: Sequence[Span]) -> Columns:
    """The rows of a file that lie in the spans; Unusable where they are not what their place says."""
    times = series.own_time(columns["open_time" if "open_time" in columns else "time"])
    inside = np.zeros(len(times), bool)
    for start, end in spans:
        inside |= (times >= start) & (times < end)
    if series.bar is not None and ((times - series.bar.origin) % series.bar.ns).any() and not series.of.lenient:
        raise Unusable(f"its times are not those of bars of {series.bar}")
    if series.of.is_candles and not all(np.isfinite(columns[name]).all() for name in ("open", "high", "low", "close")):
        raise Unusable("it has bars without a price")
    return {name: column[inside] for name, column in columns.items()} if not inside.all() else columns


def joined(got: Sequence[tuple[Columns, Span]]) -> Iterable[tuple[Columns, Span | None]]:
    """Pages in order, those that meet made one."""
    together: list[tuple[list[Columns], int, int]] = []
    for columns, (start, end) in sorted(got, key=lambda page: page[1]):
        if together and together[-1][2] == start:
            together[-1] = (*together[-1][:1], together[-1][1], end)
            together[-1][0].append(columns)
        else:
            together.append(([columns], start, end))
    for pages, start, end in together:
        table = {name: np.concatenate([page[name] for page in pages]) for name in pages[0]}
        yield table, (start, end) if start < end else None


def empty(series: Series) -> Columns:
    """No row of a series."""
    kinds = {"time": np.int64, "int": np.int64, "bool": np.bool_}
    return {name: np.empty(0, kinds.get(number, np.float64)) for name, number in series.of.columns.items()}


async def together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of it at once; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as several:
        raise _first(several) from None


def _first(several: BaseException) -> BaseException:
    while isinstance(several, BaseExceptionGroup):
        several = several.exceptions[0]
    return several


def _when(time: int) -> str:
    from fw.domain.time import format_time

    return format_time(time)
