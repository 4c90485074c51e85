"""Gives the reader bars, rows and troubles: a bar only when all is there that a backtest would know at its close."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import fw
from fw.domain.time import MILLISECOND
from fw_binance.streams.counters import Counters
from fw_binance.streams.events import bar_event, row_event, traded_event
from fw_binance.streams.filling import Filler
from fw_binance.streams.frames import Mark
from fw_binance.streams.outbox import Outbox
from fw_binance.streams.patience import Patience, seconds
from fw_binance.streams.polling import Poll
from fw_binance.streams.trouble import Trouble

WITH_BARS = ("index", "premium")
"""Kinds of rows that belong to the traded bar, which waits for them."""


class Told(Protocol):
    """What the newest messages said."""

    now: int
    """The exchange's clock, ms."""
    marks: dict[str, Mark]


class Giving:
    """Mutable: it knows every line and poll, who waits for whom, and what is in trouble."""

    def __init__(self, hub: Told, outbox: Outbox, counters: Counters, patience: Patience, *, with_trades: bool) -> None:
        self.hub, self.outbox, self.counters = hub, outbox, counters
        self.fillers: dict[tuple[str, str], Filler] = {}
        """By instrument and kind."""
        self.polls: dict[str, dict[str, Poll]] = {}
        """By instrument, then kind."""
        self._patience, self._with_trades = patience, with_trades
        self._trouble = Trouble()
        self._waiting: dict[str, float] = {}
        """Since when an instrument's bar waits for rows that belong to it, by the loop's clock."""
        self._alone: set[str] = set()
        """Instruments whose bars have ceased to wait, until such rows come again."""
        self._loop = asyncio.get_running_loop()

    def give(self, filler: Filler) -> None:
        outbox, line = self.outbox, filler.line
        while line.ready:
            if outbox.full:
                self.counters.held += 1
                return
            if filler.kind == "bars" and not self._is_whole(filler):
                return
            bar = line.take()
            assert bar is not None
            filler.noticed = 0.0
            self.counters.bars += 1
            if filler.kind == "bars" and self._with_trades:
                outbox.put(traded_event(filler.instrument, filler.bar, bar))
            outbox.put(bar_event(filler.instrument, filler.kind, filler.bar, bar))
        if filler.kind in WITH_BARS:
            self.give(self.fillers[filler.instrument, "bars"])

    def _is_whole(self, filler: Filler) -> bool:
        """Whether all is here that a backtest would know at the close of the next bar, or has been waited for."""
        instrument, line = filler.instrument, filler.line
        lacking = False
        for kind in WITH_BARS:
            other = self.fillers.get((instrument, kind))
            if other is not None and other.line.next <= line.next:
                lacking = True
                other.start()
        mark = self.hub.marks.get(instrument)
        for poll in self.polls.get(instrument, {}).values():
            if poll.lacks(line.next + line.size, mark.next_funding if mark is not None else 0):
                lacking = True
                poll.look(self.hub.now)
        if not lacking:
            self._alone.discard(instrument)
        elif instrument not in self._alone:
            since = self._waiting.setdefault(instrument, self._loop.time())
            if self._loop.time() - since < seconds(self._patience.together):
                return False
            self._alone.add(instrument)
        self._waiting.pop(instrument, None)
        self.counters.alone += lacking
        return True

    def give_row(self, poll: Poll, at: int, values: Mapping[str, float]) -> None:
        self.outbox.put(row_event(poll.instrument, poll.kind, at, poll.lag, values))

    def begins(self, instruments: Sequence[str], cause: str, reason: str) -> None:
        fresh = self._trouble.begins(instruments, cause, reason)
        if fresh:
            self.outbox.put(fw.FeedLost(time=self.hub.now * MILLISECOND, instruments=fresh, reason=reason))

    def ends(self, instruments: Sequence[str], cause: str) -> None:
        free = self._trouble.ends(instruments, cause)
        if free:
            self.outbox.put(fw.FeedRestored(time=self.hub.now * MILLISECOND, instruments=free))
