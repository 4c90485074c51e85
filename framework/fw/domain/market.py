"""Everything known of the market in a stretch of time, focused on one instrument at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import Bars, resample
from fw.domain.frame import read_only
from fw.domain.instrument import Instrument
from fw.domain.time import MINUTE, BarSize
from fw.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _frozen_times(values: Any) -> NDArray[np.int64]:
    array: NDArray[np.int64] = read_only(np.ascontiguousarray(values, dtype=np.int64))
    return array


def _frozen_values(values: Any) -> NDArray[np.float64]:
    array: NDArray[np.float64] = read_only(np.ascontiguousarray(values, dtype=np.float64))
    return array


@attrs.frozen(eq=False)
class Stamps:
    """Values known from their own instants on: funding rates at settlement, open interest at publication."""

    time: NDArray[np.int64] = attrs.field(converter=_frozen_times)
    value: NDArray[np.float64] = attrs.field(converter=_frozen_values)

    def __attrs_post_init__(self) -> None:
        if self.time.ndim != 1 or self.time.shape != self.value.shape:
            raise DataError(f"stamps have {self.time.shape} times and {self.value.shape} values")

    def __len__(self) -> int:
        return len(self.time)

    def known(self, time: int) -> Stamps:
        """The stamps at or before `time` (ns)."""
        return self.rows(slice(0, int(self.time.searchsorted(time, side="right"))))

    def between(self, start: int | None, end: int | None) -> Stamps:
        """The stamps in [start, end)."""
        first = 0 if start is None else int(self.time.searchsorted(start))
        last = len(self) if end is None else int(self.time.searchsorted(end))
        return self.rows(slice(first, last))

    def rows(self, chosen: slice) -> Stamps:
        """These stamps, neither copied nor looked at again: live cuts windows at every bar."""
        cut, put = object.__new__(Stamps), object.__setattr__
        put(cut, "time", self.time[chosen])
        put(cut, "value", self.value[chosen])
        return cut

    def to_minutes(self) -> Stamps:
        """The same stamps floored to the minute: a venue states settlements some milliseconds after the hour."""
        late = self.time % MINUTE
        return Stamps(self.time - late, self.value) if late.any() else self


@attrs.frozen(eq=False, kw_only=True)
class Series:
    """All data of one instrument. Funding is per interval: positive, longs pay shorts. Absent data is None."""

    bars: Bars
    funding: Stamps | None = None
    mark: Bars | None = None
    open_interest: Stamps | None = None
    rules: Instrument | None = None
    """The contract's rules where the source itself states them (a synthetic market does)."""


@attrs.frozen(eq=False, kw_only=True)
class Market:
    """The data of one or many instruments; `bars`, `funding`, `mark` … are those of the instrument in focus."""

    series: Mapping[str, Series]
    focus: str
    notes: tuple[str, ...] = ()
    """What a reader of the report must know of this data (filled gaps, guessed columns, …)."""
    made_up: bool = False
    """Not a real market: the report says so, and its runs are no trials on real data."""

    @classmethod
    def single(cls, symbol: str, bars: Bars, **rest: Any) -> Market:
        """A market of one instrument."""
        return cls(series={symbol: Series(bars=bars, **rest)}, focus=symbol)

    @property
    def instruments(self) -> tuple[str, ...]:
        return tuple(self.series)

    @property
    def bars(self) -> Bars:
        return self.series[self.focus].bars

    @property
    def period(self) -> tuple[int, int]:
        """Open of the first bar and close of the last, ns."""
        return int(self.bars.open_time[0]), int(self.bars.open_time[-1]) + self.bars.size.ns

    @property
    def funding(self) -> Stamps | None:
        return self.series[self.focus].funding

    @property
    def mark(self) -> Bars | None:
        return self.series[self.focus].mark

    @property
    def open_interest(self) -> Stamps | None:
        return self.series[self.focus].open_interest

    def of(self, symbol: str) -> Market:
        """The same market, focused on another instrument."""
        if symbol not in self.series:
            raise DataError(f"the market has no {symbol}; it has {', '.join(self.series)}")
        return Market(series=self.series, focus=symbol, notes=self.notes, made_up=self.made_up)

    def at(self, size: BarSize | str) -> Bars:
        """Closed bars of a larger size of the instrument in focus."""
        wanted = BarSize.parse(size) if isinstance(size, str) else size
        if not self.bars.size.divides(wanted):
            raise DataError(f"bars of {wanted} cannot be made of bars of {self.bars.size}")
        return resample(self.bars, wanted)

    def resampled(self, size: BarSize) -> Market:
        """The same market on larger bars."""
        series = {symbol: attrs.evolve(data, bars=self.of(symbol).at(size)) for symbol, data in self.series.items()}
        return attrs.evolve(self, series=series)

    def known(self, time: int) -> Market:
        """What of it is known at `time` (ns): closed bars, stamps that have happened."""
        return self._map(lambda data: data.known(time))

    def between(self, start: int | None, end: int | None) -> Market:
        """Bars that open, and stamps that happen, in [start, end)."""
        return self._map(lambda data: data.between(start, end))

    def trailing(self, bars: int) -> Market:
        """The last so many bars, all there are where that is less, and what else opens or happens since the first."""
        opens = self.bars.open_time
        return self.between(int(opens[-bars]), None) if bars < len(opens) else self

    def _map(self, cut: Any) -> Market:
        series = {
            symbol: Series(
                bars=cut(data.bars),
                funding=None if data.funding is None else cut(data.funding),
                mark=None if data.mark is None else cut(data.mark),
                open_interest=None if data.open_interest is None else cut(data.open_interest),
                rules=data.rules,
            )
            for symbol, data in self.series.items()
        }
        return Market(series=series, focus=self.focus, notes=self.notes, made_up=self.made_up)
