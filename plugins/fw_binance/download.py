"""From the exchange into the store: what was asked for, checked, clipped to what there is, and fetched."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from importlib.util import find_spec
from typing import Any, TypeVar

import attrs

import fw
from fw.domain.time import MINUTE, format_time
from fw_binance.archive import Archive
from fw_binance.asking import Refused
from fw_binance.client import Client
from fw_binance.environment import Environment
from fw_binance.fetching import CANDLES, closed, fill
from fw_binance.listed import Listed, was_listed
from fw_binance.rows import empty
from fw_binance.rules import tiers_note, write_rules
from fw_binance.shop import Filled, Progress, Shop, together
from fw_binance.store import Series, Store

T = TypeVar("T")

STATISTICS = fw.BarSize(5 * MINUTE)
KINDS = (*CANDLES, "funding", "metrics", "agg_trades", "rules", "tiers")
FIRST_DAY = 1_567_900_800 * 10**9
"""2019-09-08, when the exchange's first perpetual began."""

SERIES_AT_ONCE = 8
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR)


@attrs.frozen(kw_only=True)
class Asked:
    """What somebody wants to have in the store."""

    symbols: tuple[str, ...]
    kinds: tuple[str, ...] = ("klines", "mark", "funding")
    bars: tuple[fw.BarSize, ...] = ()
    start: int | None = None
    """ns; None: from the first there is."""
    end: int | None = None
    """ns, exclusive; None: until now."""

    def __attrs_post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise fw.SettingsError(
                f"the end {format_time(self.end)} is not after the start {format_time(self.start)}: "
                "start is inclusive, end exclusive"
            )
        if any(kind in CANDLES for kind in self.kinds) and not self.bars:
            raise fw.SettingsError("say the size of the bars, such as --bar 1h")

    def series(self) -> list[Series]:
        """Every series of it."""
        found = []
        for symbol in self.symbols:
            for kind in self.kinds:
                if kind in CANDLES:
                    found += [Series(kind, symbol, bar) for bar in self.bars]
                elif kind not in ("rules", "tiers"):
                    found.append(Series(kind, symbol, STATISTICS if kind == "metrics" else None))
        return found


@attrs.define(eq=False)
class Outcome:
    """What a download came to; mutable while it goes on."""

    filled: list[Filled] = attrs.field(factory=list)
    notes: list[str] = attrs.field(factory=list)
    """What the user should know."""
    written: list[str] = attrs.field(factory=list)
    """Files other than the store's."""


def download(
    environment: Environment,
    store: Store,
    asked: Asked,
    *,
    shown: Callable[[str, int, int], None] | None = None,
    client: Client | None = None,
    archive: Archive | None = None,
) -> Outcome:
    """Fetch what the store lacks; what it has is not asked for again, and what was fetched is kept whatever happens.

    `shown` is told what is fetched, rows done and rows in all. DataError for a symbol that nobody knows,
    SettingsError for dates that make no sense, BrokerError where the exchange does not answer.
    """
    for module in ("aiohttp", "ccxt"):
        if find_spec(module) is None:
            raise fw.MissingExtra(f'downloads need {module}: pip install "futures-framework[binance]"')
    client = client if client is not None else Client(environment)
    archive = archive if archive is not None else Archive(environment)
    try:
        return in_loop(_download(environment, store, asked, Progress(shown), client, archive))
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        place = error.filename or store.root / store.venue
        raise fw.SettingsError(
            f"the store cannot be written: {place}: {(error.strerror or '').lower()}; make it a folder that you may "
            "write in, or set FW_HOME to another one"
        ) from None


async def _download(
    environment: Environment, store: Store, asked: Asked, progress: Progress, client: Client, archive: Archive
) -> Outcome:
    outcome = Outcome()
    async with client, archive:
        now = await client.now()
        asked = _until_now(asked, now, outcome)
        listed = Listed.of(await client.exchange_info())
        gone = await _delisted(asked, listed, archive, environment, now)
        await _rules(asked, listed, client, store, now, outcome)
        shop = Shop(client, archive, store, now, progress)
        slots = asyncio.Semaphore(SERIES_AT_ONCE)

        async def one(series: Series) -> None:
            async with slots:
                only = series.symbol in gone
                start = asked.start if asked.start is not None else FIRST_DAY
                if not only:
                    start = await _from_first(shop, series, asked, start, outcome)
                end = asked.end if asked.end is not None else now
                filled = await fill(shop, series, start, end, archive_only=only)
                outcome.filled.append(filled)
                outcome.notes += filled.notes

        try:
            await together(one(series) for series in asked.series())
        finally:
            shop.threads.shutdown()
    order = {series: place for place, series in enumerate(asked.series())}
    outcome.filled.sort(key=lambda filled: order[filled.series])
    outcome.notes = list(dict.fromkeys(outcome.notes))
    return outcome


def _until_now(asked: Asked, now: int, outcome: Outcome) -> Asked:
    """The same without the future."""
    if asked.start is not None and asked.start >= now:
        raise fw.SettingsError(
            f"the start {format_time(asked.start)} is in the future: "
            f"by the exchange's clock it is {format_time(now - now % MINUTE)} UTC"
        )
    if asked.end is not None and asked.end > now:
        outcome.notes.append(
            f"the end {format_time(asked.end)} is in the future: everything until {format_time(now - now % MINUTE)} "
            "UTC is taken"
        )
        return attrs.evolve(asked, end=now)
    return asked


async def _delisted(
    asked: Asked, listed: Listed, archive: Archive, environment: Environment, now: int
) -> frozenset[str]:
    """Symbols that only the archive knows; DataError for one that nobody does."""
    gone = listed.unknown(asked.symbols)
    for symbol in gone:
        start = asked.start if asked.start is not None else FIRST_DAY
        if not await was_listed(archive, symbol, start, asked.end if asked.end is not None else now):
            raise listed.complaint(symbol, environment.name if environment.name != "live" else "the exchange")
    return frozenset(gone)


async def _rules(asked: Asked, listed: Listed, client: Client, store: Store, now: int, outcome: Outcome) -> None:
    """Exchange rules to a file of their own; what is to be said of leverage tiers."""
    if "tiers" in asked.kinds:
        outcome.notes.append(tiers_note(asked.symbols))
    if "rules" not in asked.kinds:
        return
    contracts = [listed.contracts[symbol] for symbol in asked.symbols if symbol in listed.contracts]
    said = await client.get("fapiPublicGetFundingInfo", {}, weight=1.0, counter="funding")
    hours = {row["symbol"]: float(row["fundingIntervalHours"]) for row in said if row.get("fundingIntervalHours")}
    file, new = write_rules(store.root / store.venue, contracts, hours, now)
    if new:
        outcome.written.append(str(file))
    outcome.notes += [
        f"{symbol} is not traded any more: its rules are not to be had"
        for symbol in asked.symbols
        if symbol not in listed.contracts
    ]


async def _from_first(shop: Shop, series: Series, asked: Asked, start: int, outcome: Outcome) -> int:
    """The start, or the first bar there is where that is later; what lies before is known not to exist."""
    end = min(asked.end if asked.end is not None else shop.now, closed(series, shop.now))
    missing = shop.store.missing(series.kind, series.symbol, series.bar, start, end) if start < end else []
    if not missing or missing[0][0] > start + (series.bar.ns if series.bar is not None else 0):
        parts = list(shop.store.manifest(series).parts.values())
        known = parts[0].first if parts else start
        return _begins(series, asked, known, end, outcome) if start < known < end else start
    try:
        first = await _first(shop.client, series)
    except Refused:  # the archive may know more than REST
        return start
    if first is None:
        outcome.notes.append(f"{series}: the exchange has none")
        first = end
    if first <= start:
        return start
    none = empty(series)
    await shop.in_thread(
        lambda: shop.store.write(
            series.kind, series.symbol, series.bar, none, source="rest", covers=(start, min(first, end))
        )
    )
    return _begins(series, asked, first, end, outcome)


def _begins(series: Series, asked: Asked, first: int, end: int, outcome: Outcome) -> int:
    """The first bar there is, and a word on it where somebody asked for earlier ones."""
    if asked.start is not None and series.kind == "klines" and first > asked.start:
        what = "earlier there is nothing to take" if first < end else "after the time asked for"
        outcome.notes.append(f"{series.symbol} begins at {format_time(first)}: {what}")
    return first


async def _first(client: Client, series: Series) -> int | None:
    """When the first row there can be is of, ns; Refused where the exchange does not tell."""
    if series.kind in CANDLES:
        return await client.first_candle(series.kind, series.symbol, str(series.bar))
    try:
        return await client.first_candle("klines", series.symbol, "1m")
    except Refused:  # an exchange of one's own may have larger bars only
        return await client.first_candle("klines", series.symbol, "1h")


def command_for(
    symbols: Sequence[str],
    kinds: Iterable[str],
    bars: Iterable[fw.BarSize],
    start: int | None,
    end: int | None,
    environment: Environment,
) -> str:
    """What to type to have it."""
    words = ["fw data download", *symbols, *(f"--bar {bar}" for bar in bars), f"--kind {','.join(kinds)}"]
    words += [f"--start {_date(start)}"] if start is not None else []
    words += [f"--end {_date(end, up=True)}"] if end is not None else []
    if environment.name != "live":
        words.append(f"--environment {'testnet' if environment.name == 'testnet' else environment.rest}")
    return " ".join(words)


def _date(time: int, *, up: bool = False) -> str:
    """The day of an instant, the next one where that is no midnight and `up`."""
    day = 24 * 60 * MINUTE
    return format_time(time + (-time % day if up else -(time % day)))[:10]


def asked_now(environment: Environment) -> int:
    """The exchange's time, ns."""

    async def ask() -> int:
        async with Client(environment) as client:
            return await client.now()

    return in_loop(ask())


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end, in a thread of its own where this one already has a loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    done: Future[T] = Future()
    stops: list[Callable[[], Any]] = []

    async def watched() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        stops.append(lambda: loop.call_soon_threadsafe(task.cancel))
        try:
            done.set_result(await task)
        except BaseException as error:  # it is raised again where it is waited for
            done.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(watched()), name="fw-download")
    thread.start()
    try:
        return done.result()
    except KeyboardInterrupt:
        for stop in stops:
            stop()
        raise
    finally:
        thread.join()
