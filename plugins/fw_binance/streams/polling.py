"""Asks for what the exchange publishes now and then and never streams: settled funding, open interest, ratios."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import attrs

from fw_binance.streams.asking import STATISTICS_STEP, TROUBLE, Asking
from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters

FIRST_LOOK = 60_000
"""How long after its time a statistic is looked for, ms; the exchange takes up to some minutes."""
NEVER = 2**62
FULL_PAGE = 500
SEVERAL = 5
"""Tries after which a missing row is said to be missing; the exchange itself publishes some late."""


@attrs.define(eq=False)
class Poll:
    """Mutable: it remembers the last row it gave. Times in ms."""

    instrument: str
    kind: str
    since: int
    """Rows from here on are still to be given."""
    asking: Asking
    give: Callable[[Poll, int, dict[str, float]], None]
    """Told of each row: its time (ms) and values."""
    caught_up: Callable[[str], None]
    """Told of the instrument when all rows there were have been given."""
    begins: Callable[[str, str, str], None]
    """Told of trouble: instrument, cause, reason."""
    ends: Callable[[str, str], None]
    """And that it is over: instrument, cause."""
    gate: asyncio.Semaphore
    backoff: Backoff
    counters: Counters
    lag: int = 0
    """From the time of a row to its publication."""
    due: int = 0
    """When the next row is expected."""
    _awaited: int = 0
    """A settlement whose rate is still to come."""
    _begun: bool = False
    """Whether what there was at the beginning has been given."""
    _task: asyncio.Task[None] | None = None

    def look(self, now: int) -> None:
        """Ask, where a row should be there by now."""
        if now >= self.due and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._ask(now))

    def settled(self, at: int) -> None:
        """Funding was settled at `at`: its rate will be there in a moment."""
        self._awaited = max(self._awaited, at)
        self.due = min(self.due, at)

    def lacks(self, close: int, settlement: int) -> bool:
        """Whether a row that a backtest would know at this close is still to come.

        `settlement`: the next one that the exchange has announced; 0: none.
        """
        if not self._begun:
            return True
        if self.kind != "funding":
            return (-(-self.since // STATISTICS_STEP)) * STATISTICS_STEP + self.lag <= close
        if 0 < settlement <= close and self.since <= settlement:
            self.settled(settlement)
        return self.since <= self._awaited <= close

    async def _ask(self, now: int) -> None:
        found = more = True
        problem: Exception | None = None
        while more:
            try:
                async with self.gate:
                    rows = await self.asking.stamps(self.kind, self.instrument, self.since, now + 1)
            except TROUBLE as failure:
                self.counters.rest_failures += 1
                found, rows, problem = False, [], failure
            for time, values in rows:
                self.give(self, time, values)
                self.since = time + 1
            more = len(rows) >= FULL_PAGE
        if self.kind == "funding":
            found = found and self.since > self._awaited
        else:
            found = self.since + STATISTICS_STEP > now
        if found:
            self._begun = True
            self.backoff.reset()
            self.due = NEVER if self.kind == "funding" else self._next()
            self.ends(self.instrument, f"missing {self.kind}")
            self.caught_up(self.instrument)
        else:
            if self.backoff.tries >= SEVERAL:
                why = problem or "the exchange does not have it yet"
                self.begins(self.instrument, f"missing {self.kind}", f"{self.kind} is missing: {why}")
            await asyncio.sleep(self.backoff.next())

    def _next(self) -> int:
        return (self.since // STATISTICS_STEP + 1) * STATISTICS_STEP + FIRST_LOOK
