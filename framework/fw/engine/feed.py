"""The feed of a market that is still happening: what a source says becomes steps of the account, and moments to act at.

The bars of one close make a moment, once those of all instruments are there. Between two closes quotes move the
account, one at a time. Whatever is done follows from what was heard and when, so a journal of that is enough to do it
again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.event import Event
from fw.domain.received import BarReceived, FeedLost, FeedRestored, QuoteReceived, StampReceived
from fw.domain.time import SECOND, Duration, format_time
from fw.engine.lines import Opened, Quoted
from fw.engine.soundness import check_bars, check_stamps
from fw.engine.stepping import Steps
from fw.engine.unfolding import one_bar
from fw.errors import Gap, OutOfOrder

if TYPE_CHECKING:
    from fw.domain.market import Market
    from fw.engine.journal import Journal
    from fw.engine.loop import Loop
    from fw.engine.unfolding import Unfolding
    from fw.ledger.growing import GrowingSimulation


@attrs.frozen(kw_only=True)
class Pace:
    """How a run keeps step with a market that is happening."""

    patience: int = 0
    """Ns after a close by which all of its bars should be there."""
    quotes: int | None = None
    """Ns between two quotes that move the account; None: only closed bars do."""
    latency: int = 0
    """Ns that an order takes to the venue."""
    until: int | None = None
    """A close at which the run ends, ns."""
    moments: int | None = None
    """Moments after which it ends."""


class LiveFeed:
    """Moments as they happen, each as the number of its bar. Mutable: it knows what has happened.

    First come those that the journal tells again. Then it listens to what arrives from the next bar on: events with the
    instants at which they came, and None where for a while there is none.
    """

    def __init__(
        self,
        simulation: GrowingSimulation,
        unfolding: Unfolding,
        journal: Journal,
        pace: Pace,
        *,
        listen: Callable[[int], Iterable[tuple[Event | None, int]]],
        with_funding: bool,
        log: Any,
    ) -> None:
        self.simulation, self.unfolding, self.journal, self.pace = simulation, unfolding, journal, pace
        self.now = 0
        """When the newest event came, ns."""
        self.moments = 0
        self.lived: Callable[[], None] = lambda: None
        """Called after every moment that is new."""
        self._listen, self._with_funding, self._log = listen, with_funding, log
        market = unfolding.market
        self._size = market.bars.size
        self._number = {symbol: k for k, symbol in enumerate(market.instruments)}
        self._strands = [(symbol, "bars") for symbol in self._number]
        self._strands += [(symbol, "mark") for symbol, data in market.series.items() if data.mark is not None]
        self.opens = int(market.bars.open_time[-1]) + self._size.ns
        """When the bar that is under way opened, ns: the newest close."""
        self._next = dict.fromkeys(self._strands, self.opens)
        self._known = dict(self._next)
        self._stamped = {(symbol, kind): last for symbol, kind, last in _last_stamps(market)}
        self._waiting: dict[int, dict[tuple[str, str], BarReceived]] = {}
        self._lost: dict[str, str] = {}
        self._quoted = dict.fromkeys(self._number, 0)
        """The time of each instrument's newest quote, ns."""
        self._awaited: set[str] = set()
        """Instruments with orders that no quote has met yet: they are filled at prices that came after them."""
        self._fresh: dict[str, QuoteReceived] = {}
        """The newest quotes since the last step."""
        self._steps = Steps(simulation)
        self._next_step = 0
        self._warned = 0

    def attach(self, loop: Loop) -> None:
        """Serve this loop."""
        self._loop = loop

    def __iter__(self) -> Iterator[int]:
        for event, now in self.journal.replayed():
            self.now = now
            if self._apply(event):
                yield from self._moment()
        if self._is_over():
            return
        self._known = dict(self._next)
        for arrived, now in self._listen(self.opens):
            if arrived is None:
                self._look_at_the_time(now)
                continue
            self.now = max(self.now, now)
            found = self._sound(arrived)
            if found is None:
                continue
            self.journal.hear(found, self.now)
            if self._apply(found):
                yield from self._moment()
                if self._is_over():
                    return

    def _moment(self) -> Iterator[int]:
        """One moment, and after it what the venue has to say of what was decided."""
        bar = self._close()
        yield bar
        simulation = self.simulation
        if simulation.count("working"):
            orders = simulation.orders[simulation.working]
            sent = orders["instrument"][orders["bar"] == simulation.steps - 1]
            self._awaited = {simulation.instruments[int(k)].symbol for k in sent}
        self._loop.broker.advance(bar)
        if self.journal.is_new:
            self.lived()

    @property
    def trouble(self) -> str:
        """Why nothing new may be risked now; empty: there is no reason."""
        return ", ".join(f"{name}: {why}" for name, why in list(self._lost.items()))

    def _is_over(self) -> bool:
        pace = self.pace
        return (pace.until is not None and self.opens >= pace.until) or (
            pace.moments is not None and self.moments >= pace.moments
        )

    def _sound(self, event: Event) -> Event | None:
        """The event as the run is told of it, checked; None where it changes nothing."""
        if isinstance(event, QuoteReceived):
            return self._step_on(event)
        if isinstance(event, BarReceived):
            return event if self._is_next(event) else None
        if isinstance(event, StampReceived):
            return event if self._is_news(event) else None
        if isinstance(event, FeedLost | FeedRestored):
            mine = tuple(symbol for symbol in event.instruments if symbol in self._number)
            return attrs.evolve(event, instruments=mine) if mine else None
        return event if isinstance(event, Opened) else None

    def _is_next(self, bar: BarReceived) -> bool:
        """Whether a bar is one of this run's; Gap or OutOfOrder where another one should have come."""
        strand = bar.instrument, bar.kind
        wanted = self._next.get(strand)
        if wanted is None or bar.open_time < self._known[strand]:
            return False  # none of ours, or heard before the stream was opened
        name = bar.instrument if bar.kind == "bars" else f"{bar.instrument} {bar.kind}"
        if bar.open_time > wanted:
            missing = -(-(bar.open_time - wanted) // self._size.ns)
            raise Gap(
                f"{name}: the stream went on at {format_time(bar.open_time)} without {missing} "
                f"bar{'s' * (missing != 1)} from {format_time(wanted)} on; run again, and the source fills the hole"
            )
        if bar.open_time < wanted:
            raise OutOfOrder(f"{name}: the stream gave the bar of {format_time(bar.open_time)} twice, or too late")
        data = self.unfolding.market.series[bar.instrument]
        like = data.bars if bar.kind == "bars" else data.mark
        assert like is not None
        check_bars(one_bar(bar, like), name, self._size)
        return True

    def _is_news(self, stamp: StampReceived) -> bool:
        """Whether a stamp is of a kind that this run uses, and not one that it has already."""
        last = self._stamped.get((stamp.instrument, stamp.kind))
        if last is None or stamp.at <= last:
            return False
        check_stamps(_as_rows(stamp), f"{stamp.instrument} {stamp.kind}")
        return True

    def _step_on(self, quote: QuoteReceived) -> Quoted | None:
        """The step that a quote makes; None where it makes none: it is too early, or there is nothing at stake."""
        if quote.time <= self._quoted.get(quote.instrument, quote.time):
            return None  # none of ours, or an older one
        if not 0.0 < quote.bid <= quote.ask < math.inf:
            return None
        self._quoted[quote.instrument] = quote.time
        if not self.opens <= quote.time < self.opens + self._size.ns:
            return None  # the close in between comes first
        self._fresh[quote.instrument] = quote
        if self.pace.quotes is None or self._lost or quote.time < self._next_step or not self.simulation.at_stake:
            return None
        if self._awaited.difference(self._fresh):
            return None
        newest = {symbol: self._fresh[symbol] for symbol in self._number if symbol in self._fresh}
        quotes = {symbol: (said.time, said.bid, said.ask, said.mark) for symbol, said in newest.items()}
        return Quoted(time=quote.time, quotes=quotes)

    def _apply(self, event: Event) -> bool:
        """Take in what was heard; whether the bars of the next close are there now."""
        if isinstance(event, BarReceived):
            strand = event.instrument, event.kind
            self._waiting.setdefault(event.open_time, {})[strand] = event
            self._next[strand] = event.open_time + self._size.ns
        elif isinstance(event, Quoted):
            self._step(event)
        elif isinstance(event, StampReceived):
            self._take_stamp(event)
        elif isinstance(event, FeedLost):
            self._lost.update(dict.fromkeys(event.instruments, event.reason))
        elif isinstance(event, FeedRestored):
            for symbol in event.instruments:
                self._lost.pop(symbol, None)
        elif isinstance(event, Opened):
            self._lost.clear()
        self._loop.inbox.put(event)
        return len(self._waiting.get(self.opens, ())) == len(self._strands)

    def _step(self, event: Quoted) -> None:
        """Move the account by a quote."""
        self._fresh.clear()
        self._awaited.clear()
        for symbol, (quoted, *_) in event.quotes.items():
            self._quoted[symbol] = quoted
        self._steps.quote(event)
        assert self.pace.quotes is not None
        self._next_step = event.time + self.pace.quotes
        self._loop.broker.advance(self.simulation.bars)

    def _take_stamp(self, stamp: StampReceived) -> None:
        self._stamped[stamp.instrument, stamp.kind] = stamp.at
        self.unfolding.hold(stamp)
        if stamp.kind == "funding" and self._with_funding:
            price = stamp.values.get("mark")
            self.simulation.settle(self._number[stamp.instrument], stamp.at, stamp.values["value"], price)

    def _close(self) -> int:
        """Bring market and tape to the close of the bar under way; the number of that bar."""
        strands = self._waiting.pop(self.opens)
        opened, closed = self.opens, self.opens + self._size.ns
        stale = self._why_stale(strands, closed)
        self._steps.close(strands, opened, closed)
        bar = self.simulation.close_bar()
        market = self.unfolding.close(strands, closed)
        self._loop.shared.renew(market, self.unfolding.columns)
        self._loop.shared.moment.stale = stale
        self.opens, self.moments = closed, self.moments + 1
        self._next_step = max(self._next_step, self.now + self.pace.latency)
        self._fresh.clear()
        self._awaited.clear()
        if stale and self.journal.is_new:
            self._log.warning("no new exposure at this moment", close=format_time(closed), why=stale)
        return bar

    def _why_stale(self, strands: dict[tuple[str, str], BarReceived], closed: int) -> str:
        """Why nothing new is to be risked at this close; empty: it is fresh."""
        if self._lost:
            return f"the feed is lost: {', '.join(f'{name} ({why})' for name, why in self._lost.items())}"
        late = self.now - closed
        if late > self.pace.patience:
            return f"the bars came {late / SECOND:.1f} s after the close; patience is {Duration(self.pace.patience)}"
        return ""

    def _look_at_the_time(self, now: int) -> None:
        """Tell whose bar is late, once a close."""
        closed = self.opens + self._size.ns
        if self._warned == closed or now <= closed + self.pace.patience:
            return
        self._warned = closed
        there = self._waiting.get(self.opens, {})
        late = [" ".join(strand) for strand in self._strands if strand not in there]
        self._log.warning("bars are late", close=format_time(closed), of=", ".join(late))


def _last_stamps(market: Market) -> Iterator[tuple[str, str, int]]:
    """Instrument, kind and newest instant of all stamps that a market has."""
    for symbol, data in market.series.items():
        kinds_of = {**data.stamps, **({} if data.funding is None else {"funding": data.funding})}
        for kind, stamps in kinds_of.items():
            yield symbol, kind, int(stamps.time[-1]) if len(stamps) else -1


def _as_rows(stamp: StampReceived) -> Any:
    from fw.domain.stamps import Stamps

    columns = {name: [value] for name, value in stamp.values.items()}
    return Stamps([stamp.at], columns, published=[max(stamp.time, stamp.at)])
