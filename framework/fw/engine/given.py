"""Data handed over in Python: DataFrames, bars or a market, standing in for a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.bars import COLUMNS, EXTRAS, PRICES, Bars
from fw.domain.frame import read_only
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.domain.time import OFFERED, BarSize
from fw.errors import DataError, OutOfOrder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.parts.source import Want

DEFAULT_SYMBOL = "BTCUSDT"
TIME_NAMES = ("open_time", "timestamp", "time", "date", "datetime")


class GivenMarket:
    """A market at hand, as a source."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def history(self, want: Want) -> Market:
        """All of it: the engine cuts what it wants."""
        return self._market


def market_of(data: Any, *, funding: Any = None) -> Market:
    """A market of whatever `fw.backtest` may be given; DataError says what is missing."""
    if isinstance(data, Market):
        return data
    by_symbol = data if isinstance(data, Mapping) else {DEFAULT_SYMBOL: data}
    if not by_symbol:
        raise DataError("there is no data: give a DataFrame, or a mapping from symbol to DataFrame")
    rates = funding if isinstance(funding, Mapping) else dict.fromkeys(by_symbol, funding)
    series = {
        str(symbol): Series(bars=bars_of(frame, str(symbol)), funding=stamps_of(rates.get(symbol), str(symbol)))
        for symbol, frame in by_symbol.items()
    }
    return Market(series=series, focus=next(iter(series)))


def bars_of(frame: Any, symbol: str) -> Bars:
    """Bars of a DataFrame whose index or column holds open times; names may be capitalised."""
    if isinstance(frame, Bars):
        return frame
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{symbol}: wants a DataFrame of bars or fw.Bars, not {type(frame).__name__}")
    names = {str(name).lower(): name for name in frame.columns}
    missing = [name for name in PRICES if name not in names]
    if missing:
        raise DataError(f"{symbol}: the frame has no {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    times = _times(frame, names, symbol)
    columns = {name: frame[names[name]].to_numpy() for name in COLUMNS if name in names}
    columns.setdefault("volume", np.zeros(len(frame)))
    extra = {name: read_only(frame[names[name]].to_numpy().astype(np.float64)) for name in EXTRAS if name in names}
    return Bars(size=_size(times, symbol), open_time=times, extra=extra, **columns)


def _times(frame: Any, names: Mapping[str, Any], symbol: str) -> NDArray[np.int64]:
    import pandas as pd

    found = frame.index if isinstance(frame.index, pd.DatetimeIndex) else None
    if found is None:
        name = next((names[name] for name in TIME_NAMES if name in names), None)
        if name is None:
            raise DataError(f"{symbol}: the frame has no times: give a DatetimeIndex, or a column {TIME_NAMES[0]}")
        found = pd.DatetimeIndex(pd.to_datetime(frame[name], utc=True))
    if found.hasnans:
        raise DataError(f"{symbol}: the frame has bars without a time")
    utc = found.tz_localize("UTC") if found.tz is None else found.tz_convert("UTC")
    times: NDArray[np.int64] = utc.as_unit("ns").asi8
    return times


def _size(times: NDArray[np.int64], symbol: str) -> BarSize:
    """The bar size that the spacing of times shows."""
    if len(times) < 2:
        raise DataError(f"{symbol}: {len(times)} bars do not show their size; give at least two")
    step = int(np.median(np.diff(times[:10_000])))
    if step < 0:
        raise OutOfOrder(f"{symbol}: times descend; sort the frame by time, oldest first")
    for name in OFFERED:
        if BarSize.parse(name).ns == step:
            return BarSize(step)
    raise DataError(f"{symbol}: times are {step / 1e9:g} s apart, which is no bar size: {', '.join(OFFERED)}")


def stamps_of(rates: Any, symbol: str) -> Stamps | None:
    """Funding rates by settlement time; None where there are none."""
    if rates is None or isinstance(rates, Stamps):
        return rates
    import pandas as pd

    if not isinstance(rates, pd.Series) or not isinstance(rates.index, pd.DatetimeIndex):
        raise DataError(f"{symbol}: funding is a Series of rates with a DatetimeIndex, not {type(rates).__name__}")
    index = rates.index.tz_localize("UTC") if rates.index.tz is None else rates.index.tz_convert("UTC")
    return Stamps(index.as_unit("ns").asi8, rates.to_numpy())
