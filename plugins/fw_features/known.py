"""Values that are published now and then, carried onto bars: known from their publication on, believed for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def stale_setting() -> Any:
    """A setting of how long a published value is believed."""
    return fw.setting(24, ge=1, help="bars after its publication at which a value is no longer believed")


def stamps_of(market: fw.Market, kind: str) -> fw.Stamps:
    """The stamps of a kind; DataError where the source has none."""
    found = market.stamps.get(kind)
    if found is None:
        raise fw.DataError(f"a feature set needs {kind} of {market.focus}, which the source does not have")
    return found


def believed(market: fw.Market, kind: str, column: str, stale: int) -> Floats:
    """The newest value at the close of each bar; NaN where none was published in the time of `stale` bars."""
    bars = market.bars
    return stamps_of(market, kind).last(column, at=bars.close_time, within=stale * bars.size.ns)
