"""Brings one instrument's line of bars up to date over REST: what was missed, in order, before anything later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

import fw
from fw.domain.time import MILLISECOND, format_time
from fw_binance.streams.asking import TROUBLE, Asking
from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters
from fw_binance.streams.lines import Line
from fw_binance.streams.patience import Patience, seconds

SEVERAL = 3
"""Tries after which it is said that a bar is late: it may be late on the exchange's own side by a moment."""


class NotYet(Exception):
    """The exchange does not have the bar yet."""


class LeftOut(Exception):
    """The exchange shows a later bar but not the next one."""

    def __init__(self, next_there: int, text: str) -> None:
        super().__init__(text)
        self.next_there = next_there


@attrs.define(eq=False)
class Filler:
    """Mutable: it holds the task that fills, of which there is one at a time."""

    instrument: str
    kind: str
    """`bars`, `mark`, `index` or `premium`."""
    bar: fw.BarSize
    line: Line
    asking: Asking
    give: Callable[[Filler], None]
    """Takes what is ready from the line, as far as there is room for it."""
    begins: Callable[[str, str, str], None]
    """Told of trouble: instrument, cause, reason."""
    ends: Callable[[str, str], None]
    """And that it is over: instrument, cause."""
    gate: asyncio.Semaphore
    patience: Patience
    backoff: Backoff
    counters: Counters
    noticed: float = 0.0
    """When it was first seen that the next bar has closed, by the loop's clock; 0: it has not."""
    _task: asyncio.Task[None] | None = None

    @property
    def cause(self) -> str:
        """What its troubles are filed under."""
        return f"missing {self.kind}"

    def start(self) -> asyncio.Task[None]:
        """Fill, unless that is being done; done when the line is up to date."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._until_filled())
        return self._task

    @property
    def filling(self) -> bool:
        """Whether it is being done."""
        return self._task is not None and not self._task.done()

    async def _until_filled(self) -> None:
        self.backoff.reset()
        loop = asyncio.get_running_loop()
        hole, since = 0, 0.0
        slow = loop.call_later(2 * seconds(self.patience.bar_late), self._late)
        try:
            while True:
                try:
                    await self._fill()
                    break
                except LeftOut as gap:
                    self.begins(self.instrument, self.cause, str(gap))
                    if hole != self.line.next:
                        hole, since = self.line.next, loop.time()
                    elif loop.time() - since > seconds(self.patience.heal):
                        self.counters.gaps += self.line.skip(gap.next_there)
                        hole = 0
                        continue
                except NotYet as late:
                    if self.backoff.tries >= SEVERAL:
                        self.begins(self.instrument, self.cause, str(late))
                except TROUBLE as problem:
                    self.counters.rest_failures += 1
                    self.begins(self.instrument, self.cause, f"bars cannot be fetched: {problem}")
                await asyncio.sleep(self.backoff.next())
            self.counters.healed += bool(hole)
            self.ends(self.instrument, self.cause)
        finally:
            slow.cancel()

    def _late(self) -> None:
        since = format_time(self.line.next * MILLISECOND)
        self.begins(self.instrument, self.cause, f"{self.kind} from {since} on are still being fetched")

    async def _fill(self) -> None:
        """Once through all that is missing; NotYet, LeftOut or one of TROUBLE where that is not all to be had."""
        line, size = self.line, self.line.size
        settle = self.patience.settle.ns // MILLISECOND
        while True:
            while line.ready:  # the reader is behind
                self.give(self)
                if line.ready:
                    await asyncio.sleep(seconds(self.patience.look))
            before = line.next
            async with self.gate:
                now = await self.asking.now()
                if line.next + size > now:
                    return
                bars = await self.asking.klines(self.kind, self.instrument, self.bar, line.next, now + size)
            last = len(bars) - 1
            final = [bar for at, bar in enumerate(bars) if at < last or bar.open_time + size + settle <= now]
            if line.next == before and final and final[0].open_time > before:
                there = format_time(final[0].open_time * MILLISECOND)
                missing = format_time(line.next * MILLISECOND)
                raise LeftOut(final[0].open_time, f"the exchange has no bar of {missing}, though one of {there}")
            for bar in final:
                line.offer(bar)
            self.counters.filled += sum(bar.open_time >= before for bar in final)
            self.give(self)
            if not final:
                raise NotYet(f"the exchange does not have the bar of {format_time(line.next * MILLISECOND)} yet")
