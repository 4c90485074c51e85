"""Brings together what the connections of one live source say: bars in line, newest quotes, rows, troubles."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import attrs

import fw
from fw.domain.time import MILLISECOND
from fw_binance.streams import frames
from fw_binance.streams.asking import TROUBLE, Asking, Contract, unknown
from fw_binance.streams.backoff import Backoff
from fw_binance.streams.counters import Counters
from fw_binance.streams.events import quote_event
from fw_binance.streams.filling import Filler
from fw_binance.streams.frames import Mark, Quote
from fw_binance.streams.giving import Giving
from fw_binance.streams.keeper import Group, Keeper
from fw_binance.streams.laying import groups
from fw_binance.streams.lines import Line
from fw_binance.streams.link import Link
from fw_binance.streams.outbox import Outbox
from fw_binance.streams.patience import Patience, seconds
from fw_binance.streams.polling import Poll

AT_ONCE = 8
"""Questions over REST under way at one time."""
SAMPLE = 3
"""Instruments asked for where a whole connection is silent."""
OVER_REST = ("mark", "index", "premium")
"""Kinds of bars that no stream of the exchange tells."""
POLLED = ("funding", "open_interest", "taker_ratio", "long_short")
STREAMED = ("bars", *OVER_REST, *POLLED, "trades")
ONE_BY_ONE = ("trades.buys", "trades.sells")
"""Needs that only single trades can fill."""


@attrs.frozen(kw_only=True)
class Setup:
    """What a hub works with."""

    want: fw.Want
    asking: Asking
    exchange: Any
    """ccxt's client with its websocket half."""
    outbox: Outbox
    patience: Patience
    counters: Counters
    random: Random
    log: Any
    timed: Callable[[], None] = lambda: None
    """Told when the exchange's time is known."""
    lag: int = 0
    """From the time of a row of statistics to its publication, ns."""


class Hub:
    """Mutable: it holds the state of every line; all of it is used from one event loop."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.now = 0
        """The exchange's clock as of the newest message, ms."""
        self.ahead = 0
        """By how much it is ahead of this machine's, ns."""
        self.quotes: dict[str, Quote] = {}
        self.marks: dict[str, Mark] = {}
        self._want, self._counters, self._patience = setup.want, setup.counters, setup.patience
        self._size = str(setup.want.bar)
        with_trades = any(need.partition(".")[0] == "trades" for need in setup.want.needs)
        self._giving = Giving(self, setup.outbox, setup.counters, setup.patience, with_trades=with_trades)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._keepers: dict[str, Keeper] = {}
        self._catching_up: dict[str, asyncio.Task[None]] = {}
        self._returning: dict[str, asyncio.Task[None]] = {}
        self._rested: dict[str, float] = {}
        """When the quotes of an instrument last moved, or were found to be right, by the loop's clock."""
        self._probes: dict[str, asyncio.Task[None]] = {}
        self._links = 0
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """For ever; DataError where an instrument or a kind of data is not to be had."""
        contracts = await self._checked()
        self.now = await self.setup.asking.now()
        self.ahead = self.now * MILLISECOND - time.time_ns()
        self.setup.timed()
        self._line_up(contracts)
        tasks = [asyncio.ensure_future(keeper.run()) for keeper in self._keepers.values()]
        tasks.append(asyncio.ensure_future(self._look_out()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # what keepers tell

    def opened(self, group: Group) -> None:
        """The group is subscribed: bars that closed meanwhile are asked for, also if no message comes."""
        self._rested |= dict.fromkeys(group.instruments, self._loop.time())
        self._catching_up[group.name] = asyncio.ensure_future(self._catch_up(group))

    def comes(self, group: Group) -> None:
        """Data comes: once what was missed is given, the instruments are as good as before."""
        self._forget_returning(group)
        self._returning[group.name] = asyncio.ensure_future(self._return(group))

    def lost(self, group: Group, reason: str) -> None:
        """Nothing is to be risked on these instruments."""
        self._forget_returning(group)
        self._giving.begins(group.instruments, group.name, reason)

    async def rightly_silent(self, group: Group) -> bool:
        """Mark prices come every second, so only quotes may rest: REST knows whether they did."""
        if group.route == "market":
            return False
        try:
            for instrument in group.instruments[:SAMPLE]:
                if await self._is_old(instrument):
                    return False
            return True
        except TROUBLE:
            self._counters.rest_failures += 1
            return False

    async def _return(self, group: Group) -> None:
        await self._catch_up(group)
        self._giving.ends(group.instruments, group.name)

    async def _catch_up(self, group: Group) -> None:
        """Until no bar of the group is missing that has closed by now."""
        fillers = [self._giving.fillers[name, kind] for name in group.instruments for kind in self._kinds_of(group)]
        with contextlib.suppress(*TROUBLE):  # without the time each has to see for itself
            now = await self.setup.asking.now() if fillers else 0
            fillers = [filler for filler in fillers if filler.line.next + filler.line.size <= now]
        for task in [filler.start() for filler in fillers]:
            await task

    def _forget_returning(self, group: Group) -> None:
        task = self._returning.pop(group.name, None)
        if task is not None:
            task.cancel()

    # what messages tell

    def hear(self, message: Mapping[str, Any]) -> None:
        """One message of a stream; MalformedFrame where it lacks something."""
        event, at = message["e"], message.get("E")
        if isinstance(at, int) and at > self.now:
            self.now = at
        if event == "kline":
            self._hear_kline(message)
        elif event == "bookTicker":
            self._hear_quote(message)
        elif event == "markPriceUpdate":
            self._hear_mark(message)
        else:
            self._counters.unknown += 1

    def _hear_kline(self, message: Mapping[str, Any]) -> None:
        bar = frames.kline(message)
        if bar is None:
            return
        filler = self._giving.fillers.get((message.get("s", ""), "bars"))
        if filler is None or message["k"].get("i") != self._size:
            self._counters.unknown += 1
            return
        line = filler.line
        before = line.duplicates, line.revised
        line.offer(bar)
        self._counters.duplicates += line.duplicates - before[0]
        self._counters.revised += line.revised - before[1]
        self._giving.give(filler)
        if line.behind_a_hole:
            filler.start()

    def _hear_quote(self, message: Mapping[str, Any]) -> None:
        quote, symbol = frames.quote(message), message.get("s", "")
        last = self.quotes.get(symbol)
        if last is None and symbol not in self._want.instruments:
            self._counters.unknown += 1
            return
        if last is not None and quote.update <= last.update and quote.time <= last.time:
            return  # it went a longer way, on the connection that is being replaced
        self.quotes[symbol] = quote
        self._rested[symbol] = self._loop.time()
        self.setup.outbox.put_newest(symbol, lambda: quote_event(symbol, quote, self.marks.get(symbol)))

    def _hear_mark(self, message: Mapping[str, Any]) -> None:
        mark, symbol = frames.mark(message), message.get("s", "")
        last = self.marks.get(symbol)
        self.marks[symbol] = mark
        if last is not None and mark.next_funding > last.next_funding:
            poll = self._giving.polls.get(symbol, {}).get("funding")
            if poll is not None:
                poll.settled(last.next_funding)

    # the beginning

    async def _checked(self) -> dict[str, Contract]:
        for need in self._want.needs:
            kind = need.partition(".")[0]
            if kind not in STREAMED:
                offered = ", ".join(STREAMED)
                raise fw.DataError(f"source binance does not stream {kind!r} (it streams {offered}); leave it out live")
            if need in ONE_BY_ONE:
                raise fw.DataError(
                    f"source binance does not stream {need!r}, only volumes bought and sold; leave it out"
                )
        contracts = await self.setup.asking.contracts()
        for instrument in self._want.instruments:
            if instrument not in contracts:
                raise unknown(instrument, contracts)
        return contracts

    def _line_up(self, contracts: Mapping[str, Contract]) -> None:
        want, ms = self._want, self._want.bar.ns // MILLISECOND
        origin = want.bar.origin // MILLISECOND
        start = self.now - ms + 1 if want.start is None else want.start // MILLISECOND
        for instrument in want.instruments:
            contract = contracts[instrument]
            first = max(start, contract.onboard)
            opens = origin - -(first - origin) // ms * ms  # the first bar that opens at `first` or later
            self.follow(instrument, opens, first)
            if not contract.trades:
                reason = f"{instrument} is {contract.status}, not TRADING: the exchange will send no more bars of it"
                self._giving.begins([instrument], "status", reason)
        for group in groups(want.instruments, self._size):
            self._keepers[group.name] = Keeper(
                group,
                self._link,
                self,
                patience=self._patience,
                backoff=self._backoff(),
                counters=self._counters,
                log=self.setup.log,
            )

    def follow(self, instrument: str, opens: int, since: int) -> None:
        """Expect bars from the one that opens at `opens` on, and rows from `since` on, ms."""
        ms, needs = self._want.bar.ns // MILLISECOND, {need.partition(".")[0] for need in self._want.needs}
        for kind in ("bars", *(kind for kind in OVER_REST if kind in needs)):
            self._giving.fillers[instrument, kind] = self._filler(instrument, kind, Line(opens, ms))
        for kind in POLLED:
            if kind in needs:
                self._giving.polls.setdefault(instrument, {})[kind] = self._poll(instrument, kind, since)

    def _filler(self, instrument: str, kind: str, line: Line) -> Filler:
        return Filler(
            instrument=instrument,
            kind=kind,
            bar=self._want.bar,
            line=line,
            asking=self.setup.asking,
            give=self._giving.give,
            begins=lambda name, cause, reason: self._giving.begins([name], cause, reason),
            ends=lambda name, cause: self._giving.ends([name], cause),
            gate=self._gate,
            patience=self._patience,
            backoff=self._backoff(),
            counters=self._counters,
        )

    def _poll(self, instrument: str, kind: str, since: int) -> Poll:
        return Poll(
            instrument=instrument,
            kind=kind,
            since=since,
            asking=self.setup.asking,
            give=self._giving.give_row,
            caught_up=lambda name: self._giving.give(self._giving.fillers[name, "bars"]),
            begins=lambda name, cause, reason: self._giving.begins([name], cause, reason),
            ends=lambda name, cause: self._giving.ends([name], cause),
            gate=self._gate,
            backoff=self._backoff(),
            counters=self._counters,
            lag=0 if kind == "funding" else self.setup.lag // MILLISECOND,
        )

    def _backoff(self) -> Backoff:
        patience = self._patience
        return Backoff(seconds(patience.retry), seconds(patience.retry_at_most), self.setup.random)

    def _link(self, group: Group) -> Link:
        # a number of its own for each connection, as ccxt keeps one client an address; the exchange ignores it
        self._links += 1
        exchange = self.setup.exchange
        url = f"{exchange.get_ws_url('linear', group.route)}/{self._links}"
        return Link(
            exchange,
            url,
            group.streams,
            self.hear,
            patience=self._patience,
            counters=self._counters,
            log=self.setup.log,
        )

    def _kinds_of(self, group: Group) -> list[str]:
        if group.route != "market":
            return []
        return [kind for kind in ("bars", *OVER_REST) if (group.instruments[0], kind) in self._giving.fillers]

    # what time brings

    async def _look_out(self) -> None:
        while True:
            await asyncio.sleep(seconds(self._patience.look))
            self._counters.quotes_dropped = self.setup.outbox.dropped
            moment = self._loop.time()
            for filler in self._giving.fillers.values():
                self._look_for_bar(filler, moment)
            for polls in self._giving.polls.values():
                for poll in polls.values():
                    poll.look(self.now)
            for instrument, since in self._rested.items():
                if moment - since > seconds(self._patience.quiet) and instrument not in self._probes:
                    self._probes[instrument] = asyncio.ensure_future(self._probe(instrument))

    def _look_for_bar(self, filler: Filler, moment: float) -> None:
        line = filler.line
        if line.ready:
            self._giving.give(filler)
        if filler.filling or line.next + line.size > self.now:
            return
        if not filler.noticed:
            filler.noticed = moment
        late = filler.kind == "bars" and moment - filler.noticed < seconds(self._patience.bar_late)
        if not late:
            filler.noticed = 0.0
            filler.start()

    async def _probe(self, instrument: str) -> None:
        """Ask whether quotes rest because the market does, or because their stream is dead."""
        with contextlib.suppress(*TROUBLE):
            if await self._is_old(instrument):
                for keeper in self._keepers.values():
                    if keeper.group.route == "public" and instrument in keeper.group.instruments:
                        self._counters.silences += 1
                        keeper.fail(f"quotes of {instrument} stopped coming, though REST has newer ones")
        self._rested[instrument] = self._loop.time()
        del self._probes[instrument]

    async def _is_old(self, instrument: str) -> bool:
        newer, last = await self.setup.asking.quote(instrument), self.quotes.get(instrument)
        if last is None or newer.time <= last.time:
            return last is None
        return (newer.bid, newer.ask) != (last.bid, last.ask)
