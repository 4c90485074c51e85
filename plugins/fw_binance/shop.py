"""What the fetching of all series shares: the exchange, the store, and how many things are done at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import attrs

from fw_binance.archive import Archive
from fw_binance.client import Client
from fw_binance.store import Series, Store

T = TypeVar("T")


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
