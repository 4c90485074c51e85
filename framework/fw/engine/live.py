"""The newest row of every column, worked out at each bar from the windows that decide it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.frame import read_only
from fw.engine.columns import PlannedSet, computed, derived, refuse_twice, refuse_unknown
from fw.engine.growing import GrowingLarger, GrowingMarket
from fw.engine.needs import unread
from fw.errors import PluginError
from fw.parts.features import WrittenFeatures
from fw.registry import blame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.market import Market
    from fw.domain.time import BarSize

    Floats = NDArray[np.float64]

SMALL = 64  # windows of up to this many bars are cut as one: a cut costs more than some bars too many
NEAR, MANY = 0.5, 1024  # so are longer ones of at least this share of the next and not so many bars less


class LiveColumns:
    """The columns of a live run: one row, renewed at every bar. Mutable: it holds the tail of the market.

    The row equals, bit for bit, that of the same bar in a pass over the whole history, which is the leak contract.
    A column of a larger bar is worked out when such a bar has closed and holds until the next. Nothing is carried
    from row to row but the bars themselves, so a run that begins anew goes on with the same numbers.
    """

    def __init__(self, sets: Iterable[PlannedSet], history: Market, keep: int = 1) -> None:
        """Begin with the bars known by now, and keep so many of them at least; errors are those of a backtest."""
        sets, clock = tuple(sets), history.bars.size
        plain = [planned for planned in sets if not planned.is_derived]
        sizes = {_larger(planned, clock) for planned in plain} - {None}
        longest = {size: _longest(plain, size, clock) for size in (None, *sizes)}
        keep = max(keep, longest[None], *(2 * size.ns // clock.ns for size in sizes if size is not None))
        self._clock = GrowingMarket(history, keep)
        self._larger = {size: GrowingLarger(history, size, longest[size]) for size in sizes if size is not None}
        self._instruments = history.instruments
        names: dict[str, PlannedSet] = {}
        placed: dict[BarSize | None, list[_Placed]] = {size: [] for size in (None, *sizes)}
        for planned in plain:
            size = _larger(planned, clock)
            found = tuple(computed(planned, _focused(planned, self._grown(size).market, self._instruments[0])))
            placed[size].append(_Placed(planned, len(names), found))
            for name in found:
                refuse_twice(planned, planned.name(name), names)
                names[planned.name(name)] = planned
        self._windows = {size: _windows(ones) for size, ones in placed.items()}
        self._derived: list[PlannedSet] = []
        for planned in (planned for planned in sets if planned.is_derived):
            if planned.may_lack and unread(planned, names):
                continue
            self._derived.append(planned)
            refuse_twice(planned, planned.entry, names)
            refuse_unknown(planned, names)
            names[planned.entry] = planned
        self.names = tuple(names)
        self._place = {name: place for place, name in enumerate(names)}
        row = np.full((len(names), len(self._instruments)), np.nan)
        for size, windows in self._windows.items():
            self._renew(row, self._grown(size), windows)
        self.row = self._finished(row)
        """The columns in the order of `names`, float64[column, instrument], of the newest bar."""

    @property
    def market(self) -> Market:
        """What of the market is kept, the newest bar included."""
        return self._clock.market

    def add(self, newer: Market) -> Floats:
        """Take in what became known since the last bar, one bar of each instrument and any stamps; the new row."""
        row = self.row.copy()
        market = self._clock.add(newer)
        self._renew(row, self._clock, self._windows[None])
        for size, larger in self._larger.items():
            if larger.add(market):
                self._renew(row, larger, self._windows[size])
        self.row = self._finished(row)
        return self.row

    def _grown(self, size: BarSize | None) -> GrowingMarket | GrowingLarger:
        return self._clock if size is None else self._larger[size]

    def _renew(self, row: Floats, grown: GrowingMarket | GrowingLarger, windows: Sequence[_Window]) -> None:
        """Put the newest row of the sets that are computed from this market into `row`."""
        if not len(grown.market.bars):
            return
        for window in windows:
            shown = grown.trailing(window.bars)
            for k, symbol in enumerate(self._instruments):
                window.renew(shown, symbol, row[:, k])

    def _finished(self, row: Floats) -> Floats:
        """The row with the columns that are made of others."""
        for planned in self._derived:
            columns = {name: row[self._place[name], :, None] for name in planned.part.reads}
            row[self._place[planned.entry]] = derived(planned, columns, self._clock.trailing(1))[:, 0]
        finished: Floats = read_only(row)
        return finished


def _larger(planned: PlannedSet, clock: BarSize) -> BarSize | None:
    """The size of the bars that a set is computed from; None: those of the clock."""
    return None if planned.bar == clock else planned.bar


def _longest(sets: Iterable[PlannedSet], size: BarSize | None, clock: BarSize) -> int:
    """The largest lookback among the sets computed from bars of one size."""
    return max((int(planned.part.lookback) for planned in sets if _larger(planned, clock) == size), default=1)


def _windows(placed: Sequence[_Placed]) -> tuple[_Window, ...]:
    """The sets by the trailing bars that they are computed from, each at least its lookback."""
    lookbacks = sorted({one.lookback for one in placed}, reverse=True)
    windows: dict[int, list[_Placed]] = {}
    for bars in lookbacks:
        nearest = min(windows, default=0)
        wide = nearest if nearest and (nearest <= SMALL or (bars >= NEAR * nearest and nearest - bars < MANY)) else bars
        windows.setdefault(wide, []).extend(one for one in placed if one.lookback == bars)
    return tuple(_Window(bars, sets) for bars, sets in windows.items())


def _focused(planned: PlannedSet, market: Market, symbol: str) -> Market:
    """The market as the set sees it that is computed for an instrument."""
    symbol = symbol if planned.on is None else planned.on
    return market if symbol == market.focus else market.of(symbol)


@attrs.frozen
class _Placed:
    """A set, and where its columns stand in the row."""

    planned: PlannedSet
    first: int
    names: tuple[str, ...]
    """What the set itself calls its columns."""

    @property
    def lookback(self) -> int:
        return max(1, int(self.planned.part.lookback))

    @property
    def places(self) -> range:
        return range(self.first, self.first + len(self.names))


class _Window:
    """The sets that are computed from the same trailing bars. Mutable: it keeps the room that they write into."""

    def __init__(self, bars: int, placed: Sequence[_Placed]) -> None:
        self.bars = bars
        self._plain = [one for one in placed if not isinstance(one.planned.part, WrittenFeatures)]
        written = [one for one in placed if isinstance(one.planned.part, WrittenFeatures)]
        self._places = np.array([place for one in written for place in one.places], dtype=np.int64)
        self._written = [(one.planned, one.planned.part.writer(), len(one.names)) for one in written]
        self._make_room(0)

    def renew(self, market: Market, symbol: str, values: Floats) -> None:
        """Put the newest value of every column into its place."""
        for one in self._plain:
            columns = computed(one.planned, _focused(one.planned, market, symbol)).columns
            if tuple(columns) != one.names:
                raise PluginError(
                    f"{one.planned.offer.title} returned the columns {', '.join(columns)} "
                    f"where it had returned {', '.join(one.names)}"
                )
            for place, column in zip(one.places, columns.values(), strict=True):
                values[place] = column[-1]
        if not self._written:
            return
        rows = len(market.bars)
        if rows != self._room.shape[1]:
            self._make_room(rows)
        last = rows - 1
        own = market if symbol == market.focus else market.of(symbol)
        for planned, write, out in self._rooms:
            try:
                write(own if planned.on is None else _focused(planned, market, symbol), last, out)
            except BaseException:
                with blame(planned.offer):
                    raise
        values[self._places] = self._room[:, last]

    def _make_room(self, rows: int) -> None:
        self._room = np.empty((len(self._places), rows))
        ends = np.cumsum([count for _, _, count in self._written], dtype=int).tolist()
        self._rooms = [
            (planned, write, self._room[end - count : end])
            for (planned, write, count), end in zip(self._written, ends, strict=True)
        ]
