"""A live source for tests: a market cut in time, whose later bars happen as fast as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from fw.domain.received import BarReceived, QuoteReceived, StampReceived

if TYPE_CHECKING:
    from fw.domain.bars import Bars
    from fw.domain.event import Event
    from fw.domain.market import Market, Series
    from fw.parts.source import Want

SHARES = (0.1, 0.4, 0.6, 0.9)
"""Of a bar's time, at which its open, its nearer extreme, its farther one and its close are quoted."""


class Happening:
    """A live source: what of `market` opens before `begins` (ns) is history, the rest happens, event after event.

    With `quotes` each bar is quoted four times, on its way from the open to the nearer extreme, the other one and the
    close. Bars arrive `late` ns after their close. `amiss` are events that happen besides, at their times. Its clock
    stands where the event stands that was read last, so it is mutable; its stream ends where the market does.
    """

    def __init__(
        self, market: Market, begins: int, *, quotes: bool = False, late: int = 0, amiss: Sequence[Event] = ()
    ) -> None:
        self.market, self.quotes, self.late, self._amiss = market, quotes, late, amiss
        self._now = begins

    @property
    def now(self) -> int:
        """Where its clock stands, ns."""
        return self._now

    def wind(self, now: int) -> None:
        """Set the clock."""
        self._now = now

    def __repr__(self) -> str:
        return f"<Happening {', '.join(self.market.instruments)}, {len(self.market.bars)} bars>"

    def history(self, want: Want) -> Market:
        """What has happened by now, or by `want.end`."""
        end = self.now if want.end is None else min(want.end, self.now)
        return self.market.between(want.start, end).known(end)

    def stream(self, want: Want) -> Replay:
        """Everything from the bar on that opens at `want.start`."""
        start = self.now if want.start is None else want.start
        return Replay(self, sorted(self._events(want, start), key=lambda timed: timed[:2]))

    def _events(self, want: Want, start: int) -> Iterator[tuple[int, int, Event]]:
        """Events with the instant at which each arrives and its rank among those of one instant."""
        for symbol in want.instruments:
            data = self.market.series[symbol]
            for bars, kind in ((data.bars, "bars"), (data.mark, "mark")):
                if bars is not None and kind in want.needs:
                    for bar in _bars(symbol, bars.between(start, None), kind):
                        yield bar.time + self.late, 2, bar
            if self.quotes:
                for quote in _quotes(symbol, data, start):
                    yield quote.time, 1, quote
            for stamp in _stamps(symbol, data, want.needs):
                if stamp.time >= start:
                    yield stamp.time, 0, stamp
        for event in self._amiss:
            if event.time >= start:
                yield event.time, 3, event


class Replay:
    """The stream of a market that is given. Mutable: it moves the clock of its source."""

    def __init__(self, source: Happening, events: Sequence[tuple[int, int, Event]]) -> None:
        self._source, self._events = source, iter(events)
        self._closed = False

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        arrives, _, event = next(self._events)
        if self._closed:
            raise StopIteration
        self._source.wind(arrives)
        return event

    def close(self) -> None:
        self._closed = True


def _bars(symbol: str, bars: Bars, kind: str) -> Iterator[BarReceived]:
    for row in range(len(bars)):
        opened = int(bars.open_time[row])
        prices = {name: float(getattr(bars, name)[row]) for name in ("open", "high", "low", "close", "volume")}
        extra = {name: float(column[row]) for name, column in bars.extra.items()}
        yield BarReceived(
            time=opened + bars.size.ns, instrument=symbol, open_time=opened, kind=kind, extra=extra, **prices
        )


def _quotes(symbol: str, data: Series, start: int) -> Iterator[QuoteReceived]:
    bars, marks = data.bars.between(start, None), data.mark
    for row in range(len(bars)):
        opened = int(bars.open_time[row])
        mark = None if marks is None else marks.between(opened, opened + 1)
        for share, price in zip(SHARES, _way(bars, row), strict=True):
            yield QuoteReceived(
                time=opened + int(share * bars.size.ns),
                instrument=symbol,
                bid=price,
                ask=price,
                bid_size=1.0,
                ask_size=1.0,
                mark=float(mark.close[0]) if mark is not None and len(mark) else None,
            )


def _way(bars: Bars, row: int) -> tuple[float, float, float, float]:
    first, high, low, last = (float(getattr(bars, name)[row]) for name in ("open", "high", "low", "close"))
    return (first, high, low, last) if high - first < first - low else (first, low, high, last)


def _stamps(symbol: str, data: Series, needs: Sequence[str]) -> Iterator[StampReceived]:
    funding = {} if data.funding is None else {"funding": data.funding}
    for kind, stamps in chain(funding.items(), data.stamps.items()):
        if kind not in needs:
            continue
        for row in range(len(stamps)):
            values = {name: float(column[row]) for name, column in stamps.columns.items()}
            yield StampReceived(
                time=int(stamps.published[row]), instrument=symbol, kind=kind, at=int(stamps.time[row]), values=values
            )
