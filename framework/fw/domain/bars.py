"""Price bars of one instrument and one size, as read-only columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.frame import read_only
from fw.domain.time import BarSize
from fw.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")
EXTRAS = ("quote_volume", "trades", "taker_buy_volume")


def _column(values: Any) -> NDArray[np.float64]:
    array: NDArray[np.float64] = read_only(np.ascontiguousarray(values, dtype=np.float64))
    return array


def _times(values: Any) -> NDArray[np.int64]:
    array: NDArray[np.int64] = read_only(np.ascontiguousarray(values, dtype=np.int64))
    return array


def _columns(columns: Mapping[str, Any]) -> Mapping[str, NDArray[np.float64]]:
    return {name: _column(values) for name, values in columns.items()}


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Bars:
    """Bars in ascending order of `open_time` (int64 ns); prices in settlement currency, volume in base currency.

    `extra` holds what else the source has, each float64[bar]: quote_volume, trades, taker_buy_volume.
    """

    size: BarSize
    open_time: NDArray[np.int64] = attrs.field(converter=_times)
    open: NDArray[np.float64] = attrs.field(converter=_column)
    high: NDArray[np.float64] = attrs.field(converter=_column)
    low: NDArray[np.float64] = attrs.field(converter=_column)
    close: NDArray[np.float64] = attrs.field(converter=_column)
    volume: NDArray[np.float64] = attrs.field(converter=_column)
    extra: Mapping[str, NDArray[np.float64]] = attrs.field(factory=dict, converter=_columns)

    def __attrs_post_init__(self) -> None:
        columns = {name: getattr(self, name) for name in COLUMNS} | dict(self.extra)
        other = [f"{name} {column.shape}" for name, column in columns.items() if column.shape != self.open_time.shape]
        if other or self.open_time.ndim != 1:
            raise DataError(f"columns of bars differ from {len(self.open_time)} open times: {', '.join(other)}")

    def __len__(self) -> int:
        return len(self.open_time)

    def __repr__(self) -> str:
        return f"<Bars {len(self)} × {self.size}>"

    @cached_property
    def close_time(self) -> NDArray[np.int64]:
        """When each bar is known: its open time plus its size."""
        times: NDArray[np.int64] = read_only(self.open_time + self.size.ns)
        return times

    def rows(self, chosen: slice | NDArray[Any]) -> Bars:
        """These rows only; a slice copies nothing."""
        if isinstance(chosen, slice) and chosen.step is None:
            return self._cut(chosen)
        return attrs.evolve(
            self,
            open_time=self.open_time[chosen],
            **{name: getattr(self, name)[chosen] for name in COLUMNS},
            extra={name: column[chosen] for name, column in self.extra.items()},
        )

    def known(self, time: int) -> Bars:
        """The bars already closed at `time` (ns)."""
        return self._cut(slice(0, int(self.open_time.searchsorted(time - self.size.ns, side="right"))))

    def between(self, start: int | None, end: int | None) -> Bars:
        """The bars that open in [start, end)."""
        first = 0 if start is None else int(self.open_time.searchsorted(start))
        last = len(self) if end is None else int(self.open_time.searchsorted(end))
        return self._cut(slice(first, max(first, last)))

    def _cut(self, chosen: slice) -> Bars:
        """The rows of a slice, without looking at them again: live cuts windows at every bar."""
        cut, put = object.__new__(Bars), object.__setattr__
        put(cut, "size", self.size)
        put(cut, "open_time", self.open_time[chosen])
        put(cut, "open", self.open[chosen])
        put(cut, "high", self.high[chosen])
        put(cut, "low", self.low[chosen])
        put(cut, "close", self.close[chosen])
        put(cut, "volume", self.volume[chosen])
        put(cut, "extra", {name: column[chosen] for name, column in self.extra.items()})
        return cut

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame indexed by `open_time` in UTC."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in COLUMNS} | dict(self.extra)
        index = pd.DatetimeIndex(pd.to_datetime(self.open_time, utc=True), name="open_time")
        return pd.DataFrame(columns, index=index)


def resample(bars: Bars, size: BarSize) -> Bars:
    """Larger bars made of these; a larger bar that the first or last bar does not fill is left out.

    A bar in the middle is made of what is present. A larger bar depends on the bars inside it alone, to the last
    bit (its sums are rounded the same way however much comes before or after).
    """
    if size.ns == bars.size.ns:
        return bars
    group = size.floor(bars.open_time)
    if len(bars) == 0:
        return attrs.evolve(bars, size=size)
    starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    ends = np.append(starts[1:], len(bars)) - 1
    first_is_whole = bars.open_time[0] == group[0]
    last_is_whole = bars.open_time[-1] + bars.size.ns == group[-1] + size.ns
    keep = slice(0 if first_is_whole else 1, len(starts) if last_is_whole else len(starts) - 1)
    if keep.stop <= keep.start:
        return attrs.evolve(bars.rows(slice(0, 0)), size=size)
    return Bars(
        size=size,
        open_time=group[starts][keep],
        open=bars.open[starts][keep],
        high=np.maximum.reduceat(bars.high, starts)[keep],
        low=np.minimum.reduceat(bars.low, starts)[keep],
        close=bars.close[ends][keep],
        volume=np.add.reduceat(bars.volume, starts)[keep],
        extra={name: np.add.reduceat(column, starts)[keep] for name, column in bars.extra.items()},
    )
