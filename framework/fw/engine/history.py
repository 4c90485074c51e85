"""The whole run at once, as array forms see it: what `view` shows bar by bar, for all bars and instruments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fw.domain.frame import read_only
from fw.domain.time import BarSize
from fw.engine.windows import NamedColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.market import Market


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
        bars: HistoryBarsBlock,
        features: Mapping[str, NDArray[np.float64]],
        forecasts: Mapping[str, NDArray[np.float64]],
        first: int,
        left_out: tuple[str, ...] = (),
    ) -> None:
        self.instruments = market.instruments
        self.first = first
        self.bars = bars
        self.features = NamedColumns(features, "feature", left_out)
        self.forecasts = NamedColumns(forecasts, "forecast")
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
