"""A market that grows: what becomes known is added at its end, and nothing that was shown ever changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars, resample
from fw.domain.market import LazySeries, LazyStamps, Market, Series
from fw.domain.stamps import Stamps
from fw.errors import DataError

if TYPE_CHECKING:
    from fw.domain.instrument import Instrument
    from fw.domain.time import BarSize

Rooms = Mapping[str, tuple[Any, int]]
"""By kind, rows with room behind them, and how many of them there are by now."""

OWN = ("bars", "funding", "mark")
SPARE = 1024  # rows of room made at once, so that adding a row seldom copies the others


class GrowingMarket:
    """The last `keep` bars of a market, or some more, and what else happened since. Mutable: `add` lets it grow.

    A market that it gave out stays as it was: rows are written behind its end, and into new memory when that is full.
    """

    def __init__(self, market: Market, keep: int) -> None:
        self._keep = keep
        self._kinds = {
            symbol: {kind: _Growing(rows) for kind, rows in _kinds(data).items()}
            for symbol, data in market.trailing(keep).series.items()
        }
        self._rules = {symbol: data.rules for symbol, data in market.series.items()}
        self._now = self._standing()
        self.market = attrs.evolve(market, series=self._series())

    def add(self, newer: Market) -> Market:
        """Take in bars and stamps later than those that are there; the whole market. DataError where a kind is gone."""
        for symbol, kinds in self._kinds.items():
            data = newer.series[symbol]
            stamps = data.stamps
            for kind, growing in kinds.items():
                rows = getattr(data, kind) if kind in OWN else stamps.get(kind)
                if rows is None:
                    raise DataError(f"the source no longer gives {kind} of {symbol}, which it gave before")
                growing.add(rows, self._since)
        self._now = self._standing()
        self.market = self._with(self._series())
        return self.market

    def trailing(self, bars: int) -> Market:
        """The last so many bars of the market, as `Market.trailing` has them, cut at once from where they stand."""
        focus = self._kinds[self.market.focus]["bars"]
        if bars >= focus.count:
            return self.market
        return self._with(self._series(bars, int(focus.room.open_time[focus.count - bars])))

    def _with(self, series: dict[str, Series]) -> Market:
        market = self.market
        return Market(series=series, focus=market.focus, notes=market.notes, made_up=market.made_up)

    def _since(self) -> int | None:
        return _since(self.market.bars, self._keep)

    def _standing(self) -> dict[str, tuple[Rooms, Rooms]]:
        """Where the rows of each instrument stand by now: its own, and its stamps."""
        now: dict[str, tuple[Rooms, Rooms]] = {}
        for symbol, kinds in self._kinds.items():
            rooms = {kind: (growing.room, growing.count) for kind, growing in kinds.items()}
            now[symbol] = {kind: rooms.pop(kind) for kind in OWN if kind in rooms}, rooms
        return now

    def _series(self, bars: int = 0, since: int | None = None) -> dict[str, Series]:
        return {symbol: _shown(*rooms, self._rules[symbol], bars, since) for symbol, rooms in self._now.items()}


def _shown(own: Rooms, stamps: Rooms, rules: Instrument | None, bars: int, since: int | None) -> Series:
    """What there is of an instrument, cut from its room when it is first looked at.

    All of it, or what came since an instant, at which the last so many bars begin where none is missing.
    """

    def cut(whole: tuple[Any, int]) -> Any:
        room, count = whole
        return room.rows(slice(0 if since is None else _first(room, count, bars, since), count))

    def make(name: str) -> Any:
        if name == "stamps":
            return LazyStamps(stamps, cut)
        return rules if name == "rules" else cut(own[name]) if name in own else None

    return LazySeries.of(make)


def _first(room: Bars | Stamps, count: int, bars: int, since: int) -> int:
    """The first of the first `count` rows that is of an instant or later."""
    times = room.open_time if isinstance(room, Bars) else room.published
    likely = count - bars
    if likely > 0 and times[likely - 1] < since <= times[likely]:
        return likely
    return int(times[:count].searchsorted(since))


class GrowingLarger:
    """The same market in larger bars, each there when it has closed. Mutable: `add` lets it grow."""

    def __init__(self, market: Market, size: BarSize, keep: int) -> None:
        self._size = size
        self._keep = keep
        self._until = self._closed_until(market)
        self.market = market.resampled(size)
        self._bars = {symbol: _Growing(data.bars) for symbol, data in self.market.series.items()}

    def add(self, market: Market) -> bool:
        """Look whether a larger bar has closed of a market that has grown; `market` is the newest either way."""
        until = self._closed_until(market)
        if until == self._until:
            return False
        self._until = until
        series = {}
        for symbol, growing in self._bars.items():
            data = market.series[symbol]
            growing.add(self._closed(data.bars, growing.shown), self._since)
            series[symbol] = attrs.evolve(data, bars=growing.shown)
        self.market = attrs.evolve(market, series=series)
        return True

    def trailing(self, bars: int) -> Market:
        """The last so many larger bars of the market."""
        return self.market.trailing(bars)

    def _since(self) -> int | None:
        return _since(self.market.bars, self._keep)

    def _closed_until(self, market: Market) -> int:
        """The last instant so far at which a bar of this size may close."""
        opens = market.bars.open_time
        until: int = self._size.floor(int(opens[-1]) + market.bars.size.ns) if len(opens) else 0
        return until

    def _closed(self, bars: Bars, held: Bars) -> Bars:
        """The larger bars that have closed after those held."""
        if not len(held):
            return resample(bars, self._size)
        last = int(held.open_time[-1])
        # one bar of what came before stands in front: after it, a larger bar whose first bars are missing is kept
        first = max(0, int(bars.open_time.searchsorted(last + self._size.ns)) - 1)
        return resample(bars.rows(slice(first, None)), self._size).between(last + 1, None)


def _kinds(data: Series) -> dict[str, Any]:
    """Bars and stamps of an instrument, by kind; only what is there."""
    own = {kind: getattr(data, kind) for kind in OWN}
    return {kind: rows for kind, rows in own.items() if rows is not None} | dict(data.stamps)


class _Growing:
    """Bars or stamps of one kind that grow. Mutable: the first `count` rows of `room` are what there is by now."""

    room: Any
    count: int

    def __init__(self, rows: Bars | Stamps) -> None:
        self._make_room(rows)

    @property
    def shown(self) -> Any:
        return self.room.rows(slice(0, self.count))

    def add(self, newer: Any, since: Callable[[], int | None]) -> None:
        """Put these rows at the end; of the others at least those from an instant on stay."""
        added = len(newer)
        if not added:
            return
        if self.count + added > self._size:
            self._make_room(self.shown.between(since(), None))
        end = self.count
        self.count += added
        if added == 1:  # as live: a number is put into its place in a third of the time of a slice
            for column, values in zip(self._columns, _arrays(newer, self._others), strict=True):
                column[end] = values[0]
        else:
            for column, values in zip(self._columns, _arrays(newer, self._others), strict=True):
                column[end : end + added] = values

    def _make_room(self, rows: Any) -> None:
        self.count, self._size = len(rows), 2 * len(rows) + SPARE
        self._others = tuple(rows.extra if isinstance(rows, Bars) else rows.columns)
        self._columns = []
        for values in _arrays(rows, self._others):
            self._columns.append(np.zeros(self._size, values.dtype))
            self._columns[-1][: len(rows)] = values
        if isinstance(rows, Bars):
            known = dict(zip(("open_time", *COLUMNS, *self._others), self._columns, strict=True))
            extra = {name: known.pop(name) for name in self._others}
            self.room = attrs.evolve(rows, **known, extra=extra)
        else:
            time, published, *others = self._columns
            self.room = Stamps(time, dict(zip(self._others, others, strict=True)), published=published)


def _arrays(rows: Bars | Stamps, others: Iterable[str]) -> list[Any]:
    """Times and values, those by name that not every source has in this order; DataError where one is missing."""
    try:
        if isinstance(rows, Stamps):
            return [rows.time, rows.published, *(rows.columns[name] for name in others)]
        return [rows.open_time, *(getattr(rows, name) for name in COLUMNS), *(rows.extra[name] for name in others)]
    except KeyError as missing:
        raise DataError(f"the source no longer gives the column {missing.args[0]}, which it gave before") from None


def _since(bars: Bars, keep: int) -> int | None:
    """The open of the last bar but `keep`; None where there are fewer."""
    return int(bars.open_time[-keep]) if keep <= len(bars) else None
