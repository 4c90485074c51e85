"""What the exchange counts of its traders every five minutes: open interest, longs to shorts, bought to sold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.stamps import Stamps
from fw.domain.time import MILLISECOND
from fw_venue.prices import Prices

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACE = 5 * 60_000
"""ms between two counts."""

LATE = 30_000
"""ms that a stamp may be past the instant it is of: rows of the real exchange are a second off at times."""

STALE = 86_400_000
"""ms after which a stamp says nothing any more."""

RATIOS = (
    ("long_short", "accounts"),
    ("long_short", "top_accounts"),
    ("long_short", "top_positions"),
    ("taker_ratio", "value"),
)


@attrs.frozen
class Count:
    """One count; ratios are of longs to shorts, None where the market does not say."""

    time: int
    """ms."""
    interest: float
    """Open interest, base currency."""
    interest_value: float
    accounts: float | None
    top_accounts: float | None
    top_positions: float | None
    taker: float | None
    """Volume bought over volume sold by takers."""


@attrs.frozen
class Counts:
    """The counts of one symbol, from the stamps of its market."""

    stamps: Mapping[str, Stamps]
    traded: Prices

    def between(self, start: int, end: int) -> Iterator[Count]:
        """Every five minutes in [start, end), ms, the newest the market has by then; nothing without open interest."""
        times = np.arange(-(-start // PACE) * PACE, end, PACE, dtype=np.int64)
        held = self._newest("open_interest", "value", times).tolist()
        ratios = (self._newest(kind, column, times).tolist() for kind, column in RATIOS)
        for time, interest, *counted in zip(times.tolist(), held, *ratios, strict=True):
            if not np.isnan(interest):
                value = round(interest * self.traded.price(time), 8)
                yield Count(time, interest, value, *(None if np.isnan(ratio) else ratio for ratio in counted))

    def _newest(self, kind: str, column: str, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """The newest stamped value at each instant; NaN where there is none, or a stale one."""
        stamps = self.stamps.get(kind)
        if stamps is None or not len(stamps) or column not in stamps.columns:
            return np.full(len(times), np.nan)
        stamped = stamps.time // MILLISECOND - LATE
        k = stamped.searchsorted(times, side="right") - 1
        fresh = (k >= 0) & (times - stamped[np.maximum(k, 0)] < STALE)
        found: NDArray[np.float64] = np.where(fresh, stamps[column][np.maximum(k, 0)], np.nan)
        return found
