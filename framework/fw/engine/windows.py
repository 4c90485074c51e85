"""Windows on the run's arrays that end at the newest closed bar: bars, larger bars, stamps, columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.errors import PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.bars import Bars
    from fw.domain.stamps import Stamps


class Moment:
    """Where the run is: how many bars are known, and from which on they are shown. Mutable: the loop moves it."""

    __slots__ = ("changed", "known", "lookback", "since", "stale", "sync")

    def __init__(self, lookback: int) -> None:
        self.known = 0
        self.since = 0
        self.lookback = lookback
        self.changed: frozenset[str] = frozenset()
        self.stale = ""
        """Why nothing new is to be risked now; empty over history, whose bars are never late."""
        self.sync: Callable[[], None] = lambda: None


class BarsWindow:
    """The newest closed bars of one instrument; `rows_known` says how many for a larger size."""

    __slots__ = ("_bars", "_close", "_last", "_moment", "_times")

    def __init__(self, bars: Bars, moment: Any) -> None:
        self._bars = bars
        self._close = bars.close
        self._last = bars.close.data  # reads a float twice as fast as the array
        self._moment = moment

    def __len__(self) -> int:
        moment = self._moment
        return int(moment.known - moment.since)

    @property
    def close(self) -> NDArray[np.float64]:
        moment = self._moment
        return self._close[moment.since : moment.known]

    @property
    def last(self) -> float:
        """The newest close."""
        newest: float = self._last[self._moment.known - 1]
        return newest

    def _window(self, column: NDArray[Any]) -> NDArray[Any]:
        return column[self._moment.since : self._moment.known]

    @property
    def open_time(self) -> NDArray[np.int64]:
        return self._window(self._bars.open_time)

    @property
    def close_time(self) -> NDArray[np.int64]:
        return self._window(self._bars.open_time) + self._bars.size.ns

    @property
    def open(self) -> NDArray[np.float64]:
        return self._window(self._bars.open)

    @property
    def high(self) -> NDArray[np.float64]:
        return self._window(self._bars.high)

    @property
    def low(self) -> NDArray[np.float64]:
        return self._window(self._bars.low)

    @property
    def volume(self) -> NDArray[np.float64]:
        return self._window(self._bars.volume)


class LargerBarsWindow(BarsWindow):
    """Closed bars of a larger size, of which there may be none yet."""

    __slots__ = ()

    @property
    def last(self) -> float:
        """The newest close; NaN before the first."""
        return super().last if self._moment.known else math.nan


class LargerMoment:
    """The same moment, counted in closed bars of a larger size."""

    __slots__ = ("_closed", "_moment")

    def __init__(self, larger: Bars, clock: Bars, moment: Moment) -> None:
        self._closed = np.searchsorted(larger.close_time, clock.close_time, side="right")
        self._moment = moment

    @property
    def known(self) -> int:
        return int(self._closed[self._moment.known - 1])

    @property
    def since(self) -> int:
        return max(0, self.known - self._moment.lookback)


class StampsWindow:
    """Stamps that were published."""

    def __init__(self, stamps: Stamps, clock: Bars, moment: Moment) -> None:
        self._stamps = stamps
        self._known = np.searchsorted(stamps.published, clock.close_time, side="right")
        self._moment = moment

    def __len__(self) -> int:
        return int(self._known[self._moment.known - 1])

    @property
    def time(self) -> NDArray[np.int64]:
        return self._stamps.time[: len(self)]

    @property
    def value(self) -> NDArray[np.float64]:
        return self._stamps.value[: len(self)]


class NamedColumns(Mapping[str, "NDArray[np.float64]"]):
    """Feature or forecast columns by name, with an error that names what there is."""

    def __init__(self, columns: Mapping[str, NDArray[np.float64]], what: str, left_out: tuple[str, ...] = ()) -> None:
        self._columns = columns
        self._what = what
        self._left_out = left_out

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        try:
            return self._columns[name]
        except KeyError:
            known = ", ".join(self._columns) or "none"
            said = "; ".join((f"there is no {self._what} {name!r}; this run computes: {known}", *self._left_out))
            raise PluginError(said) from None

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class ColumnsWindow(NamedColumns):
    """The columns of one instrument up to now."""

    def __init__(
        self, columns: Mapping[str, NDArray[np.float64]], what: str, moment: Moment, left_out: tuple[str, ...] = ()
    ) -> None:
        super().__init__(columns, what, left_out)
        self._moment = moment

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        return super().__getitem__(name)[self._moment.since : self._moment.known]
