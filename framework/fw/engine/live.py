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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.frame import Frame
    from fw.domain.market import Market
    from fw.domain.time import BarSize

    Floats = NDArray[np.float64]

SMALL = 64  # windows of up to this many bars are cut as one: a cut costs more than some bars too many
NEAR, MANY = 0.4, 1024  # so are longer ones of at least this share of the next and not so many bars less


@attrs.frozen
class _Placed:
    """A set, and where its columns stand in the row."""

    planned: PlannedSet
    first: int
    names: tuple[str, ...]
    """What the set itself calls its columns."""


class LiveColumns:
    """The columns of a live run: one row, renewed at every bar. Mutable: it holds the tail of the market.

    The row equals, bit for bit, that of the same bar in a pass over the whole history, which is the leak contract.
    A column of a larger bar is worked out when such a bar has closed and holds until the next. Nothing is carried
    from row to row but the bars themselves, so a run that begins anew goes on with the same numbers.
    """

    def __init__(self, sets: Iterable[PlannedSet], history: Market) -> None:
        """Begin with the bars known by now; errors are those that a backtest would give."""
        sets, clock = tuple(sets), history.bars.size
        plain = [planned for planned in sets if not planned.is_derived]
        sizes = {_larger(planned, clock) for planned in plain} - {None}
        longest = {size: _longest(plain, size, clock) for size in (None, *sizes)}
        keep = max(longest[None], *(2 * size.ns // clock.ns for size in sizes if size is not None), 1)
        self._clock = GrowingMarket(history, keep)
        self._larger = {size: GrowingLarger(history, size, longest[size]) for size in sizes if size is not None}
        self._instruments = history.instruments
        names: dict[str, PlannedSet] = {}
        placed = []
        for planned in plain:
            found = tuple(self._frame(planned, self._market(_larger(planned, clock)), self._instruments[0]))
            placed.append(_Placed(planned, len(names), found))
            for name in found:
                refuse_twice(planned, planned.name(name), names)
                names[planned.name(name)] = planned
        self._windows = {
            size: _windows([one for one in placed if _larger(one.planned, clock) == size]) for size in (None, *sizes)
        }
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
            self._renew(row, self._market(size), windows)
        self.row = self._finished(row)
        """The columns in the order of `names`, float64[column, instrument], of the newest bar."""

    def add(self, newer: Market) -> Floats:
        """Take in what became known since the last bar, one bar of each instrument and any stamps; the new row."""
        row = self.row.copy()
        market = self._clock.add(newer)
        self._renew(row, market, self._windows[None])
        for size, larger in self._larger.items():
            if larger.add(market):
                self._renew(row, larger.market, self._windows[size])
        self.row = self._finished(row)
        return self.row

    def _market(self, size: BarSize | None) -> Market:
        return self._clock.market if size is None else self._larger[size].market

    def _renew(self, row: Floats, market: Market, windows: Sequence[tuple[int, tuple[_Placed, ...]]]) -> None:
        """Put the newest row of the sets that are computed from this market into `row`."""
        if not len(market.bars):
            return
        newest = row.T.tolist()  # plain lists are written to in a third of the time
        for bars, placed in windows:
            window = market.trailing(bars)
            for k, symbol in enumerate(self._instruments):
                values = newest[k]
                for one in placed:
                    columns = self._frame(one.planned, window, symbol).columns
                    if tuple(columns) != one.names:
                        raise PluginError(
                            f"{one.planned.offer.title} returned the columns {', '.join(columns)} "
                            f"where it had returned {', '.join(one.names)}"
                        )
                    place = one.first
                    for column in columns.values():
                        values[place] = column[-1]
                        place += 1
        row[:] = np.transpose(newest)

    def _frame(self, planned: PlannedSet, window: Market, symbol: str) -> Frame:
        symbol = symbol if planned.on is None else planned.on
        return computed(planned, window if symbol == window.focus else window.of(symbol))

    def _finished(self, row: Floats) -> Floats:
        """The row with the columns that are made of others."""
        for planned in self._derived:
            columns = {name: row[self._place[name], :, None] for name in planned.part.reads}
            row[self._place[planned.entry]] = derived(planned, columns, self._clock.market.trailing(1))[:, 0]
        finished: Floats = read_only(row)
        return finished


def _larger(planned: PlannedSet, clock: BarSize) -> BarSize | None:
    """The size of the bars that a set is computed from; None: those of the clock."""
    return None if planned.bar == clock else planned.bar


def _longest(sets: Iterable[PlannedSet], size: BarSize | None, clock: BarSize) -> int:
    """The largest lookback among the sets computed from bars of one size."""
    return max((int(planned.part.lookback) for planned in sets if _larger(planned, clock) == size), default=1)


def _windows(placed: Sequence[_Placed]) -> tuple[tuple[int, tuple[_Placed, ...]], ...]:
    """The sets by the trailing bars that they are computed from, each at least its lookback."""
    lookbacks = sorted({max(1, int(one.planned.part.lookback)) for one in placed}, reverse=True)
    windows: dict[int, list[_Placed]] = {}
    for bars in lookbacks:
        nearest = min(windows, default=0)
        wide = nearest if nearest and (nearest <= SMALL or (bars >= NEAR * nearest and nearest - bars < MANY)) else bars
        windows.setdefault(wide, []).extend(one for one in placed if max(1, int(one.planned.part.lookback)) == bars)
    return tuple((bars, tuple(sets)) for bars, sets in windows.items())
