"""What turns features and forecasts into signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.decision import Decision, Signal
    from fw.parts.view import View

DEFAULT_LOOKBACK = 1000


@runtime_checkable
class Strategy(Protocol):
    """Decides once per instrument per moment. May also have:

    - `lookback: int` (default 1,000): how many bars of each size the view shows.
    - `features`: feature sets it needs, written as in the file: `({"use": "sma", "spans": (20, 100)},)`;
      they are computed along with the file's own (also open to sizers and risk checks).
    - `decide_together(view) -> Mapping[str, Signal]` instead of `decide`, for several instruments at once.
    - `decide_all(history) -> SignalArrays | array`: the same decisions as whole arrays, which unlocks the scan.
    """

    def decide(self, view: View) -> Decision:
        """A signal, a bare strength, explicit orders, or None to keep everything as it is."""
        ...


@runtime_checkable
class JointStrategy(Protocol):
    """Decides for all instruments at once."""

    def decide_together(self, view: View) -> Mapping[str, Signal | float | None]:
        """Signals by instrument; one left out is kept as it is."""
        ...


class HistoryBars(Protocol):
    """Bars of all instruments, each float64[instrument, bar]."""

    @property
    def open(self) -> NDArray[np.float64]:
        """Prices of the first trades."""
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
        """Prices of the last trades."""
        ...

    @property
    def volume(self) -> NDArray[np.float64]:
        """Traded, in base currency."""
        ...


class History(Protocol):
    """The whole run at once, for array forms: row `[k, i]` may use columns `[:, : i + 1]` only."""

    @property
    def instruments(self) -> tuple[str, ...]:
        """All instruments of the run: the rows of every array."""
        ...

    @property
    def first(self) -> int:
        """The bar of the first decision; those before it are warm-up, on which nothing is in force yet."""
        ...

    @property
    def close_time(self) -> NDArray[np.int64]:
        """[bar]: when each bar is known, ns."""
        ...

    @property
    def bars(self) -> HistoryBars:
        """Bars of the clock size, warm-up included."""
        ...

    @property
    def features(self) -> Mapping[str, NDArray[np.float64]]:
        """Columns float64[instrument, bar]."""
        ...

    @property
    def forecasts(self) -> Mapping[str, NDArray[np.float64]]:
        """Columns float64[instrument, bar]."""
        ...

    def at(self, size: str) -> HistoryBars:
        """The newest closed larger bar at each clock bar, float64[instrument, bar]; NaN before the first."""
        ...


@attrs.frozen(eq=False, kw_only=True)
class SignalArrays:
    """Signals of a whole run, each float64[instrument, bar]; NaN: none; a NaN strength keeps, as `None` does."""

    strength: NDArray[np.float64]
    """From -1 to 1; where it is NaN the other arrays are not read."""
    stop_loss: NDArray[np.float64] | None = None
    """Prices."""
    take_profit: NDArray[np.float64] | None = None
    """Prices."""
    trailing: NDArray[np.float64] | None = None
    """Distances, in price."""
    limit: NDArray[np.float64] | None = None
    """Entry prices."""
    expiry: NDArray[np.float64] | None = None
    """Bars after which an unfilled limit entry is withdrawn, as whole numbers."""


@runtime_checkable
class ArrayStrategy(Protocol):
    """A strategy that can also decide a whole run at once; both forms give the same signals."""

    def decide_all(self, history: History) -> SignalArrays | NDArray[np.float64]:
        """All signals; a bare array is bare strengths."""
        ...
