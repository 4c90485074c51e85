"""Values that are published now and then, carried onto bars: known from their publication on, believed for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import fw
from fw_features.about import Column
from fw_features.spans import room

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def stale_setting(default: int = 24) -> Any:
    """A setting of how long a published value is believed."""
    return fw.setting(default, ge=1, help="bars after its publication at which a value is no longer believed")


def stamps_of(market: fw.Market, kind: str) -> fw.Stamps:
    """The stamps of a kind; DataError where the source has none."""
    found = market.stamps.get(kind)
    if found is None:
        raise fw.DataError(f"a feature set needs {kind} of {market.focus}, which the source does not have")
    return found


def believer(kind: str, columns: tuple[str, ...], stale: int, absent: float) -> Callable[[fw.Market], Floats]:
    """What gives the newest values at the close of each bar of a market, float64[column, bar].

    They are `absent` where none was published in the time of `stale` bars.
    """
    from fw_features.stamps import carry

    def believed(market: fw.Market) -> Floats:
        stamps, bars = stamps_of(market, kind), market.bars
        closes, within, published = bars.close_time, stale * bars.size.ns, stamps.published
        out = room(len(columns), len(closes))
        for k, column in enumerate(columns):
            carry(published, stamps[column], closes, within, absent, out[k])
        return out

    return believed


def about_scored(level: Column, spans: tuple[int, ...]) -> tuple[Column, ...]:
    """What the columns are that `levels_and_scores` writes."""
    columns = [level]
    for span in spans:
        columns += (
            Column(
                name=f"{level.name}_mean_{span}",
                formula=f"mean of the last {span} values of {level.name}",
                unit=level.unit,
                low=level.low,
                high=level.high,
                scale_free=level.scale_free,
                source="definition of the mean",
            ),
            Column(
                name=f"{level.name}_z_{span}",
                formula=f"({level.name} − mean) / sample deviation of the last {span} values; 0 where all are equal",
                unit="1",
                scale_free=True,
                source="definition of the standard score",
            ),
        )
    return tuple(columns)
