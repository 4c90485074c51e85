"""One series at a time from the exchange into the store: whole months, then days, of the archive, and pages of REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.time import DAY, HOUR, MINUTE, format_time
from fw_binance.archive import DAILY, MONTHLY, Place, Unusable
from fw_binance.asking import Refused
from fw_binance.client import PAGE, STATISTICS_DAYS, STATISTICS_PAGE
from fw_binance.csv import parse
from fw_binance.periods import Period, Span, length, pages, periods, within
from fw_binance.rows import empty, joined, sound
from fw_binance.shop import Filled, Shop, together
from fw_binance.store import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

CANDLES = ("klines", "mark", "index", "premium")
LATE = {"funding": 10 * MINUTE, "metrics": 15 * MINUTE, "agg_trades": MINUTE}
"""How long the exchange may take to state what has happened."""

SETTLED = HOUR
"""What is older and not there never comes: then it is not asked for again."""

GIVEN_UP = 90 * DAY
"""A file of the archive that is not there may come weeks later, but not after so long."""

PAGES_TOGETHER = 90
"""Pages of REST that are kept in memory until they are written: a month of minutes."""


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
    late = now - LATE[series.kind]
    return late - late % MINUTE


@attrs.frozen(eq=False)
class Job:
    """The fetching of one series."""

    shop: Shop
    filled: Filled
    archive_only: bool
    writing: asyncio.Lock = attrs.field(factory=asyncio.Lock)

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
        async with self.writing:  # the store would let a second thread wait, and tell the user so
            written = await self.shop.in_thread(
                lambda: self.shop.store.write(
                    series.kind, series.symbol, series.bar, columns, source=source, covers=covers
                )
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
        parts: dict[str, list[Period]] = {}
        for period in wanted:
            parts.setdefault(self.series.part_of(period.start), []).append(period)
        await together(self._files(several, missing) for several in parts.values())

    def _is_worth(self, period: Period, missing: Sequence[Span]) -> bool:
        """Whether a file costs less than what REST would take: more than one page of candles."""
        if period.end > self.shop.now:
            return False
        if self.series.kind not in CANDLES or self.archive_only:
            return True
        return length(within(missing, period.start, period.end)) > PAGE * self.step

    async def _files(self, several: Sequence[Period], missing: Sequence[Span]) -> None:
        """The files of the archive that go into one file of the store, written together, also when interrupted."""
        got: list[tuple[Columns, Span]] = []

        async def one(period: Period) -> None:
            spans = within(missing, period.start, period.end)
            columns = await self._file(period, spans)
            if columns is not None:
                got.append((columns, (spans[0][0], spans[-1][1])))
                self.advance(spans)

        try:
            await together(one(period) for period in several)
        finally:
            for columns, span in joined(got):
                await self.write(columns, "archive", None if self.series.kind in CANDLES else span)

    async def _file(self, period: Period, spans: Sequence[Span]) -> Columns | None:
        """The rows of one file of the archive, as far as they are missing; None where it cannot be used."""
        series = self.series
        place = Place(series.kind, series.symbol, None if series.bar is None else str(series.bar), period.name)
        async with self.shop.large_files if series.kind == "agg_trades" else self.shop.files:
            try:
                text = await self.shop.archive.fetch(place)
                if text is None:
                    await self._given_up(period, spans)
                    return None
                columns = await self.shop.in_thread(lambda: sound(series, parse(series.kind, text), spans))
            except Unusable as problem:
                self.filled.notes.append(f"{series}: the archive's {place.path.rpartition('/')[2]}: {problem}")
                return None
        self.filled.files += 1
        return columns

    async def _given_up(self, period: Period, spans: Sequence[Span]) -> None:
        """A file that is not there now, and where nobody else has its rows never will be."""
        only_there = self.archive_only or self.series.kind == "metrics"
        if only_there and period.end < self.shop.now - GIVEN_UP:
            for span in spans:
                await self.write(empty(self.series), "archive", span)

    async def from_rest(self, missing: Sequence[Span]) -> None:
        """What is missing still, page by page."""
        if self.series.kind in CANDLES:
            found = list(pages(missing, PAGE * self.step))
            for at in range(0, len(found), PAGES_TOGETHER):
                await self._pages(found[at : at + PAGES_TOGETHER], self._candles)
        elif self.series.kind == "metrics":
            oldest = self.shop.now - STATISTICS_DAYS * DAY + HOUR
            recent = within(missing, oldest - oldest % self.step, self.filled.end)
            try:
                await self._pages(pages(recent, STATISTICS_PAGE * self.step), self._statistics)
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
                    f"{series}: {count:,} rows are not to be had yet, the first of {format_time(left[0][0])}"
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
                f"{format_time(gaps[0][0])}; source.gaps says what a run makes of that"
            )
