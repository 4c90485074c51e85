"""A market that grows: what becomes known is added at its end, and nothing that was shown ever changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars, resample
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.errors import DataError

if TYPE_CHECKING:
    from fw.domain.time import BarSize

OWN = ("bars", "funding", "mark")
TIME, PUBLISHED = "its own time", "time of publication"  # no column of stamps bears such a name
SPARE = 1024  # rows of room made at once, so that adding a row seldom copies the others


class GrowingMarket:
    """The last `keep` bars of a market, or some more, and what else happened since. Mutable: `add` lets it grow.

    A market that it gave out stays as it was: rows are written behind its end, and into new memory when that is full.
    """

    def __init__(self, market: Market, keep: int) -> None:
        self._keep = keep
        self.market = market.trailing(keep)
        self._series = {
            symbol: {kind: _Growing(rows) for kind, rows in _kinds(data).items()}
            for symbol, data in self.market.series.items()
        }

    def add(self, newer: Market) -> Market:
        """Take in bars and stamps later than those that are there; the whole market. DataError where a kind is gone."""
        since = _since(self.market.bars, self._keep)
        series = {}
        for symbol, kinds in self._series.items():
            rows = _kinds(newer.series[symbol])
            for kind, growing in kinds.items():
                if kind not in rows:
                    raise DataError(f"the source no longer gives {kind} of {symbol}, which it gave before")
                growing.add(rows[kind], since)
            grown = {kind: growing.shown for kind, growing in kinds.items()}
            own = {kind: grown.pop(kind) for kind in OWN if kind in grown}
            series[symbol] = Series(**own, stamps=grown, rules=self.market.series[symbol].rules)
        self.market = attrs.evolve(self.market, series=series)
        return self.market


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
        since = _since(self.market.bars, self._keep)
        series = {}
        for symbol, growing in self._bars.items():
            data = market.series[symbol]
            series[symbol] = attrs.evolve(data, bars=growing.add(self._closed(data.bars, growing.shown), since))
        self.market = attrs.evolve(market, series=series)
        return True

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
    """Bars or stamps of one kind that grow. Mutable: `shown` is what there is by now."""

    shown: Any
    _room: Any

    def __init__(self, rows: Bars | Stamps) -> None:
        self._make_room(rows)

    def add(self, newer: Any, since: int | None) -> Any:
        """Put these rows at the end; of the others at least those from the instant `since` on stay."""
        count = len(newer)
        if not count:
            return self.shown
        end = len(self.shown)
        if end + count > self._size:
            self._make_room(self.shown.between(since, None))
            end = len(self.shown)
        for name, column in _columns(newer).items():
            self._columns[name][end : end + count] = column
        self.shown = self._room.rows(slice(0, end + count))
        return self.shown

    def _make_room(self, rows: Any) -> None:
        self._size = 2 * len(rows) + SPARE
        self._columns = {name: np.zeros(self._size, column.dtype) for name, column in _columns(rows).items()}
        for name, column in _columns(rows).items():
            self._columns[name][: len(rows)] = column
        kept: dict[str, Any] = dict(self._columns)
        if isinstance(rows, Bars):
            kept["extra"] = {name: kept.pop(name) for name in rows.extra}
            self._room = attrs.evolve(rows, **kept)
        else:
            self._room = Stamps(kept.pop(TIME), published=kept.pop(PUBLISHED), columns=kept)
        self.shown = self._room.rows(slice(0, len(rows)))


def _columns(rows: Bars | Stamps) -> Mapping[str, Any]:
    if isinstance(rows, Stamps):
        return {TIME: rows.time, PUBLISHED: rows.published, **rows.columns}
    return {name: getattr(rows, name) for name in ("open_time", *COLUMNS)} | dict(rows.extra)


def _since(bars: Bars, keep: int) -> int | None:
    """The open of the last bar but `keep`; None where there are fewer."""
    return int(bars.open_time[-keep]) if keep <= len(bars) else None
