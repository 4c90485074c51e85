"""Everything known of the market in a stretch of time, focused on one instrument at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from fw.domain.bars import Bars, resample
from fw.domain.instrument import Instrument
from fw.domain.stamps import Stamps
from fw.domain.time import BarSize
from fw.errors import DataError


@attrs.frozen(eq=False, kw_only=True)
class Series:
    """All data of one instrument. Funding is per interval: positive, longs pay shorts. Absent data is None."""

    bars: Bars
    funding: Stamps | None = None
    mark: Bars | None = None
    stamps: Mapping[str, Stamps] = attrs.field(factory=dict)
    """What else is known, by kind: open_interest, index, premium, long_short, taker_ratio, book, trades …"""
    rules: Instrument | None = None
    """The contract's rules where the source itself states them (a synthetic market does)."""

    def has(self, need: str) -> bool:
        """Whether a kind of data is there, or one column of it: `funding`, `book`, `bars.trades`, `book.bid_2`."""
        kind, _, column = need.partition(".")
        held: Bars | Stamps | None
        held = getattr(self, kind) if kind in ("bars", "funding", "mark") else self.stamps.get(kind)
        if held is None or not column:
            return held is not None
        return column in (held.extra if isinstance(held, Bars) else held.columns)


class LazySeries(Series):
    """The same, each kind made when it is first looked at: live cuts windows at every bar, and sets read few kinds.

    Mutable only in what it remembers.
    """

    __slots__ = ("_make",)

    @classmethod
    def of(cls, make: Callable[[str], Any]) -> LazySeries:
        """A series whose fields are what `make` gives for their names."""
        series = object.__new__(cls)
        object.__setattr__(series, "_make", make)
        return series

    def __getattr__(self, name: str) -> Any:
        """A field that nobody has looked at yet."""
        if name not in FIELDS:
            raise AttributeError(f"a series has no {name!r}; it has {', '.join(FIELDS)}")
        found = self._make(name)
        object.__setattr__(self, name, found)
        return found


FIELDS = tuple(field.name for field in attrs.fields(Series))


@attrs.frozen(eq=False, kw_only=True)
class Market:
    """The data of one or many instruments; `bars`, `funding`, `mark`, `stamps` are those of the instrument in focus."""

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
    def stamps(self) -> Mapping[str, Stamps]:
        return self.series[self.focus].stamps

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
        """What of it is known at `time` (ns): closed bars, stamps that were published."""
        return self._cut(lambda data: data.known(time), lambda stamps: stamps.known(time))

    def between(self, start: int | None, end: int | None) -> Market:
        """Bars that open, and funding that is settled, in [start, end); what was published from `start` to `end`."""
        until = None if end is None else end + 1  # the last bar closes at `end`, and knows what is published then
        return self._cut(lambda data: data.between(start, end), lambda stamps: stamps.between(start, until))

    def trailing(self, bars: int) -> Market:
        """The last so many bars, all there are where that is less, and what else happened since the first opened."""
        opens = self.bars.open_time
        return self.between(int(opens[-bars]), None) if bars < len(opens) else self

    def _cut(self, cut: Callable[[Any], Any], cut_stamps: Callable[[Stamps], Stamps]) -> Market:
        series = {symbol: LazySeries.of(_cutter(data, cut, cut_stamps)) for symbol, data in self.series.items()}
        return Market(series=series, focus=self.focus, notes=self.notes, made_up=self.made_up)


def _cutter(data: Series, cut: Callable[[Any], Any], cut_stamps: Callable[[Stamps], Stamps]) -> Callable[[str], Any]:
    def make(name: str) -> Any:
        whole = getattr(data, name)
        if name == "stamps":
            return LazyStamps(whole, cut_stamps) if whole else whole
        return whole if whole is None or name == "rules" else cut(whole)

    return make


class LazyStamps(Mapping[str, Stamps]):
    """Stamps that are cut when a kind is first looked at. Mutable only in what it remembers."""

    def __init__(self, whole: Mapping[str, Any], cut: Callable[[Any], Stamps]) -> None:
        self._whole = whole
        self._cut = cut
        self._made: dict[str, Stamps] = {}

    def __getitem__(self, kind: str) -> Stamps:
        if kind not in self._made:
            self._made[kind] = self._cut(self._whole[kind])
        return self._made[kind]

    def __contains__(self, kind: object) -> bool:
        return kind in self._whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def __len__(self) -> int:
        return len(self._whole)
