"""What a strategy sees, bar by bar: market and columns up to now, its position, the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fw.domain.time import BarSize
from fw.engine.windows import BarsWindow, ColumnsWindow, LargerBarsWindow, LargerMoment, Moment, StampsWindow
from fw.errors import PluginError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.decision import Signal
    from fw.domain.market import Market
    from fw.ledger.simulation import Simulation


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

    def _mark(self) -> float:
        simulation = self._simulation
        return simulation.mark(self._k, simulation.tape.last(self._moment.known - 1))

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
        return float(row["lots"] * row["lot"] * (self._mark() - row["entry"]))

    @property
    def exposure(self) -> float:
        equity = float(self._simulation.account["equity"][0]) if self.lots else 0.0
        return self.quantity * self._mark() / equity if equity else 0.0


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
        bar = simulation.tape.last(self._moment.known - 1)
        rows = simulation.positions
        held = sum(abs(int(row["lots"])) * float(row["lot"]) * simulation.mark(k, bar) for k, row in enumerate(rows))
        return held / float(simulation.account["equity"][0])


class ViewWindow:
    """The view of one instrument; `of` gives the others'."""

    def __init__(self, shared: Shared, k: int) -> None:
        self.number = k
        self.instrument = shared.market.instruments[k]
        self.instruments = shared.market.instruments
        self.position = PositionWindow(k, shared.simulation, shared.moment)
        self.account = shared.account
        self.signal: Signal | None = None
        self._shared = shared
        self.renew()

    def renew(self) -> None:
        """Look at the market and the columns as they are now."""
        shared, k = self._shared, self.number
        self._data = shared.market.series[self.instrument]
        self.bars = BarsWindow(self._data.bars, shared.moment)
        own = {n: rows[k] for n, rows in shared.features.items()}
        self.features = ColumnsWindow(own, "feature", shared.moment, shared.left_out)
        self.forecasts = ColumnsWindow({n: rows[k] for n, rows in shared.forecasts.items()}, "forecast", shared.moment)
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
        left_out: tuple[str, ...] = (),
    ) -> None:
        self.market = market
        self.features = features
        self.forecasts = forecasts
        self.simulation = simulation
        self.moment = Moment(lookback)
        self.left_out = left_out
        self.account = AccountWindow(simulation, self.moment)
        self.views = {symbol: ViewWindow(self, k) for k, symbol in enumerate(market.instruments)}

    def renew(self, market: Market, features: Mapping[str, NDArray[np.float64]]) -> None:
        """Show a market that has grown, and its columns."""
        self.market, self.features = market, features
        for view in self.views.values():
            view.renew()
