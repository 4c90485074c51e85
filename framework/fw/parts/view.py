"""What a part can see: everything known now, read-only, focused on one instrument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.decision import Signal


class BarsView(Protocol):
    """Closed bars, oldest first; at most the strategy's `lookback` of them."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    @property
    def open_time(self) -> NDArray[np.int64]:
        """When each began, ns."""
        ...

    @property
    def close_time(self) -> NDArray[np.int64]:
        """When each ended and was known, ns."""
        ...

    @property
    def open(self) -> NDArray[np.float64]:
        """Prices of the first trades, in settlement currency."""
        ...

    @property
    def high(self) -> NDArray[np.float64]:
        """Highest prices."""
        ...

    @property
    def low(self) -> NDArray[np.float64]:
        """Lowest prices."""
        ...

    @property
    def close(self) -> NDArray[np.float64]:
        """Prices of the last trades; `close[-1]` is the newest."""
        ...

    @property
    def volume(self) -> NDArray[np.float64]:
        """Traded, in base currency."""
        ...

    @property
    def last(self) -> float:
        """The newest close."""
        ...


class StampsView(Protocol):
    """Values known from their own instants on, oldest first."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    @property
    def time(self) -> NDArray[np.int64]:
        """When each was known, ns."""
        ...

    @property
    def value(self) -> NDArray[np.float64]:
        """What became known, such as a funding rate: positive, longs pay shorts."""
        ...


class PositionView(Protocol):
    """The holding in the instrument in focus."""

    @property
    def lots(self) -> int:
        """Signed; 0 is flat."""
        ...

    @property
    def quantity(self) -> float:
        """Signed size in base currency."""
        ...

    @property
    def entry_price(self) -> float:
        """Average entry; 0 when flat."""
        ...

    @property
    def unrealised(self) -> float:
        """Profit at the newest mark, in settlement currency."""
        ...

    @property
    def exposure(self) -> float:
        """Signed notional over the account's equity."""
        ...


class AccountView(Protocol):
    """The account all instruments share, in settlement currency."""

    @property
    def equity(self) -> float:
        """Wallet and unrealised profit."""
        ...

    @property
    def wallet(self) -> float:
        """Cash: equity less unrealised profit."""
        ...

    @property
    def peak(self) -> float:
        """The highest equity at any close so far."""
        ...

    @property
    def drawdown(self) -> float:
        """From 0 to 1: how far equity is below its peak."""
        ...

    @property
    def exposure(self) -> float:
        """Gross exposure: the sum of all notionals over equity."""
        ...


class View(Protocol):
    """Known now, for the instrument in focus. Arrays are windows on shared memory and cannot be written."""

    @property
    def instrument(self) -> str:
        """The instrument in focus."""
        ...

    @property
    def instruments(self) -> tuple[str, ...]:
        """All instruments of the run."""
        ...

    @property
    def time(self) -> int:
        """Now: the close time of the newest bar, ns."""
        ...

    @property
    def bars(self) -> BarsView:
        """Closed bars of the clock size, at most `lookback` of them."""
        ...

    @property
    def features(self) -> Mapping[str, NDArray[np.float64]]:
        """Feature columns up to now; `view.features["sma_20"][-1]` belongs to the newest bar."""
        ...

    @property
    def forecasts(self) -> Mapping[str, NDArray[np.float64]]:
        """Forecast columns up to now, by `model.column`."""
        ...

    @property
    def funding(self) -> StampsView:
        """Funding rates settled so far."""
        ...

    @property
    def position(self) -> PositionView:
        """What is held in the instrument in focus."""
        ...

    @property
    def account(self) -> AccountView:
        """The account all instruments share."""
        ...

    @property
    def signal(self) -> Signal | None:
        """The signal in force, as last changed; None before the first."""
        ...

    @property
    def changed(self) -> frozenset[str]:
        """Sizers and checks: the instruments whose signal changed at this moment."""
        ...

    def of(self, instrument: str) -> View:
        """The same moment, focused on another instrument."""
        ...

    def at(self, size: str) -> BarsView:
        """Closed bars of a larger size."""
        ...
