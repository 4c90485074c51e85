"""What a recording has in hand: rows that follow one another, and what is known to be missing between them."""

from __future__ import annotations

import asyncio

import attrs

from fw_binance.streams.tables import Row, Table

MOST_ROWS = 500_000
"""Rows of one series kept in memory; more than that come only where writing is stuck, and are dropped."""


@attrs.define
class Run:
    """Rows between which nothing is missing; mutable, as they come."""

    rows: list[Row] = attrs.field(factory=list)
    since: int = 0
    """Up to here, ns, the rows before it reach; 0: nobody knows what was before."""
    until: int = 0
    """Where the rows after it begin, ns; 0: where its last row ends."""


@attrs.define(eq=False)
class Track:
    """One series as it is recorded; mutable, as rows come."""

    table: Table
    symbol: str
    runs: list[Run] = attrs.field(factory=lambda: [Run()])
    """What has yet to be written; the last of them goes on."""
    waiting: int = 0
    """Rows in them."""
    last: int = 0
    """Number of the newest trade, or of the newest change of a book; 0: none yet."""
    last_time: int = 0
    """When the newest row was, ns."""
    written: int = 0
    fetching: asyncio.Task[None] | None = None

    def add(self, rows: list[Row]) -> bool:
        """Keep rows that follow those before; False where there are too many to keep."""
        if self.waiting + len(rows) > MOST_ROWS:
            self.break_off()
            return False
        self.runs[-1].rows.extend(rows)
        self.waiting += len(rows)
        self.last_time = rows[-1][0]
        return True

    def take(self) -> list[Run]:
        """What has yet to be written; what comes from now on follows it."""
        found = [run for run in self.runs if run.rows]
        going_on = self.runs[-1]
        self.runs = [Run(since=self.last_time + 1) if going_on.rows else going_on]
        self.waiting = 0
        return found

    def break_off(self) -> None:
        """Something is missing from here on: what comes does not join on to what came."""
        self.runs.append(Run())


@attrs.define(eq=False)
class Gap:
    """Trades that were missed; mutable, as it is filled."""

    track: Track
    first: int
    """Number of the first that is still missing."""
    end: int
    """Number of the first after them."""
    since: int
    """Time after the trade before them, ns."""
    until: int
    """Time of the first after them, ns."""
