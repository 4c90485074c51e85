"""What a strategy sees, bar by bar: windows on the run's arrays that end at the newest closed bar."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.bars import Bars
from fw.domain.frame import read_only
from fw.domain.time import BarSize
from fw.errors import PluginError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.decision import Signal
    from fw.domain.market import Market, Stamps
    from fw.ledger.simulation import Simulation


class Moment:
    """Where the run is: how many bars are known, and from which on they are shown. Mutable: the loop moves it."""

    __slots__ = ("changed", "known", "lookback", "since", "sync")

    def __init__(self, lookback: int) -> None:
        self.known = 0
        self.since = 0
        self.lookback = lookback
        self.changed: frozenset[str] = frozenset()
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
    """Stamps that have happened."""

    def __init__(self, stamps: Stamps, clock: Bars, moment: Moment) -> None:
        self._stamps = stamps
        self._known = np.searchsorted(stamps.time, clock.close_time, side="right")
        self._moment = moment

    def __len__(self) -> int:
        return int(self._known[self._moment.known - 1])

    @property
    def time(self) -> NDArray[np.int64]:
        return self._stamps.time[: len(self)]

    @property
    def value(self) -> NDArray[np.float64]:
        return self._stamps.value[: len(self)]


class ColumnsWindow(Mapping[str, "NDArray[np.float64]"]):
    """Feature or forecast columns of one instrument up to now."""

    __slots__ = ("_columns", "_moment", "_what")

    def __init__(self, columns: Mapping[str, NDArray[np.float64]], moment: Moment, what: str) -> None:
        self._columns = columns
        self._moment = moment
        self._what = what

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        try:
            column = self._columns[name]
        except KeyError:
            raise unknown_column(name, self._columns, self._what) from None
        return column[self._moment.since : self._moment.known]

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def unknown_column(name: str, columns: Mapping[str, Any], what: str) -> PluginError:
    """The error for a column that was not computed."""
    known = ", ".join(columns) or "none"
    return PluginError(f"there is no {what} {name!r}; this run computes: {known}")


class PositionWindow:
    """The holding in one instrument, brought up to date when it is looked at."""

    __slots__ = ("_k", "_moment", "_simulation")

    def __init__(self, k: int, simulation: Simulation, moment: Moment) -> None:
        self._k = k
        self._simulation = simulation
        self._moment = moment

    def _row(self) -> Any:
        self._moment.sync()
        return self._simulation.positions[self._k]

    @property
    def lots(self) -> int:
        return int(self._row()["lots"])

    @property
    def quantity(self) -> float:
        row = self._row()
        return float(row["lots"] * row["lot"])

    @property
    def entry_price(self) -> float:
        return float(self._row()["entry"])

    @property
    def unrealised(self) -> float:
        row = self._row()
        mark = self._simulation.mark(self._k, self._moment.known - 1)
        return float(row["lots"] * row["lot"] * (mark - row["entry"]))

    @property
    def exposure(self) -> float:
        equity = float(self._simulation.account["equity"][0]) if self.lots else 0.0
        return self.quantity * self._simulation.mark(self._k, self._moment.known - 1) / equity if equity else 0.0


class AccountWindow:
    """The account, brought up to date when it is looked at."""

    __slots__ = ("_moment", "_simulation")

    def __init__(self, simulation: Simulation, moment: Moment) -> None:
        self._simulation = simulation
        self._moment = moment

    def _now(self) -> Simulation:
        self._moment.sync()
        return self._simulation

    @property
    def equity(self) -> float:
        return float(self._now().account["equity"][0])

    @property
    def wallet(self) -> float:
        return self._now().wallet

    @property
    def peak(self) -> float:
        return float(self._now().account["peak"][0])

    @property
    def drawdown(self) -> float:
        row = self._now().account[0]
        return float(1.0 - row["equity"] / row["peak"])

    @property
    def exposure(self) -> float:
        simulation = self._now()
        bar = self._moment.known - 1
        rows = simulation.positions
        held = sum(abs(int(row["lots"])) * float(row["lot"]) * simulation.mark(k, bar) for k, row in enumerate(rows))
        return held / float(simulation.account["equity"][0])


class ViewWindow:
    """The view of one instrument; `of` gives the others'."""

    def __init__(self, shared: Shared, k: int) -> None:
        symbol = shared.market.instruments[k]
        data = shared.market.series[symbol]
        self.number = k
        self.instrument = symbol
        self.instruments = shared.market.instruments
        self.bars = BarsWindow(data.bars, shared.moment)
        self.features = ColumnsWindow({n: rows[k] for n, rows in shared.features.items()}, shared.moment, "feature")
        self.forecasts = ColumnsWindow({n: rows[k] for n, rows in shared.forecasts.items()}, shared.moment, "forecast")
        self.position = PositionWindow(k, shared.simulation, shared.moment)
        self.account = shared.account
        self.signal: Signal | None = None
        self._shared = shared
        self._data = data
        self._larger: dict[str, BarsWindow] = {}
        self._funding: StampsWindow | None = None

    @property
    def time(self) -> int:
        """Now: the close time of the newest bar, ns."""
        bars = self._data.bars
        return int(bars.open_time[self._shared.moment.known - 1]) + bars.size.ns

    @property
    def changed(self) -> frozenset[str]:
        return self._shared.moment.changed

    @property
    def funding(self) -> StampsWindow:
        if self._funding is None:
            if self._data.funding is None:
                raise PluginError(f"there is no funding of {self.instrument}: the source does not have it")
            self._funding = StampsWindow(self._data.funding, self._data.bars, self._shared.moment)
        return self._funding

    def of(self, instrument: str) -> ViewWindow:
        try:
            return self._shared.views[instrument]
        except KeyError:
            raise PluginError(
                f"the run does not trade {instrument!r}; it trades {', '.join(self.instruments)}"
            ) from None

    def at(self, size: str) -> BarsWindow:
        if size not in self._larger:
            try:
                wanted = BarSize.parse(size)
            except ValueError as error:
                raise PluginError(f"view.at: {error}") from None
            larger = self._shared.market.of(self.instrument).at(wanted)
            moment = LargerMoment(larger, self._data.bars, self._shared.moment)
            self._larger[size] = LargerBarsWindow(larger, moment)
        return self._larger[size]


class Shared:
    """What all views of a run have in common."""

    def __init__(
        self,
        market: Market,
        features: Mapping[str, NDArray[np.float64]],
        forecasts: Mapping[str, NDArray[np.float64]],
        simulation: Simulation,
        lookback: int,
    ) -> None:
        self.market = market
        self.features = features
        self.forecasts = forecasts
        self.simulation = simulation
        self.moment = Moment(lookback)
        self.account = AccountWindow(simulation, self.moment)
        self.views = {symbol: ViewWindow(self, k) for k, symbol in enumerate(market.instruments)}


class HistoryBarsBlock:
    """Bars of all instruments, each float64[instrument, bar]."""

    def __init__(self, block: NDArray[np.float64]) -> None:
        names = ("open", "high", "low", "close", "volume")
        self._columns: dict[str, NDArray[np.float64]] = {
            name: read_only(block[:, field]) for field, name in enumerate(names)
        }

    def __getattr__(self, name: str) -> NDArray[np.float64]:
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(f"bars have no column {name!r}") from None


class HistoryWindow:
    """The whole run at once, for array forms."""

    def __init__(
        self,
        market: Market,
        block: NDArray[np.float64],
        features: Mapping[str, NDArray[np.float64]],
        forecasts: Mapping[str, NDArray[np.float64]],
        first: int,
    ) -> None:
        self.instruments = market.instruments
        self.first = first
        self.bars = HistoryBarsBlock(block)
        self.features = _Columns(features, "feature")
        self.forecasts = _Columns(forecasts, "forecast")
        self._market = market

    @property
    def close_time(self) -> NDArray[np.int64]:
        """[bar]: when each bar is known, ns."""
        return self._market.bars.close_time

    def at(self, size: str) -> HistoryBarsBlock:
        """The newest closed larger bar at each clock bar; NaN before the first."""
        wanted = BarSize.parse(size)
        blocks = []
        for symbol in self.instruments:
            clock, larger = self._market.of(symbol).bars, self._market.of(symbol).at(wanted)
            closed = np.searchsorted(larger.close_time, clock.close_time, side="right")
            columns = (larger.open, larger.high, larger.low, larger.close, larger.volume)
            blocks.append([np.concatenate(([np.nan], column))[closed] for column in columns])
        return HistoryBarsBlock(np.array(blocks))


class _Columns(Mapping[str, "NDArray[np.float64]"]):
    """Columns by name, with a helpful error."""

    def __init__(self, columns: Mapping[str, NDArray[np.float64]], what: str) -> None:
        self._columns = columns
        self._what = what

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        try:
            return self._columns[name]
        except KeyError:
            raise unknown_column(name, self._columns, self._what) from None

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
