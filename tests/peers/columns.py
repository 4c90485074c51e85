"""The 39 feature columns that every library is asked for: by the names they have here, and how they are compared.

What a library lacks is made with numpy and pandas, as its users would. Only those are needed at the top, so that each
peer's own environment can import this file.
"""

from __future__ import annotations

import math
from typing import Any

import market
import numpy as np

SPANS = (10, 20, 50, 200)
SETS = (
    "{use: returns, spans: [1, 5, 20, 60]}",
    "{use: roc, spans: [5, 20, 60]}",
    "momentum",
    "rsi",
    "macd",
    "bollinger",
    "atr",
    "adx",
    "{use: ema, spans: [10, 20, 50, 200]}",
    "{use: sma, spans: [10, 20, 50, 200]}",
    "obv_slope",
    "donchian",
    "stochastic",
    "cci",
    "williams_r",
    "mfi",
    "{use: volatility, spans: [20, 60]}",
    "parkinson",
    "garman_klass",
    "volume_z",
    "vroc",
)
"""Our feature sets that hold the 39, as a strategy file names them; seven columns more come along."""

NAMES = (
    *(f"return_{span}" for span in (1, 5, 20, 60)),
    *(f"roc_{span}" for span in (5, 20, 60)),
    *("momentum_10", "rsi_14", "macd_12_26_9", "macd_signal_12_26_9", "macd_histogram_12_26_9"),
    *("bollinger_upper_20", "bollinger_middle_20", "bollinger_lower_20", "atr_14", "adx_14"),
    *(f"ema_{span}" for span in SPANS),
    *(f"sma_{span}" for span in SPANS),
    *("obv_slope_20", "donchian_upper_20", "donchian_lower_20", "stoch_k_14_3", "stoch_d_14_3_3"),
    *("cci_20", "williams_r_14", "mfi_14", "volatility_20", "volatility_60", "parkinson_20", "garman_klass_20"),
    *("volume_z_20", "vroc_20"),
)

OTHER = {"obv_slope_20"}
"""Columns that no library has as we do: theirs is the on-balance volume itself, a sum since the first bar."""

ROOT_YEAR = math.sqrt(365 * 24 * 60)
YEARLY = dict.fromkeys(("volatility_20", "volatility_60", "parkinson_20", "garman_klass_20"), ROOT_YEAR)
"""What a bar's volatilities are multiplied by to be a year's."""

FIRST, EVERY = 6_000, 997
"""The rows that are compared: every 997th once all start-ups have faded, however a library starts."""


class Answer(dict[str, Any]):
    """The columns of one pass; told are only the rows to compare, each times its `scales`."""

    def __init__(self, columns: dict[str, Any], scales: dict[str, float] | None = None) -> None:
        super().__init__(columns)
        self.scales = scales or {}

    def complete(self) -> dict[str, Any]:
        rows = slice(FIRST, None, EVERY)
        return {name: np.asarray(self[name])[rows] * self.scales.get(name, 1.0) for name in NAMES}


def opened(path: Any) -> tuple[Any, ...]:
    """Open, high, low, close and volume, each float64[bar]."""
    bars = market.read(path)
    return tuple(np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume"))


def apart(ours: dict[str, Any], theirs: dict[str, Any], tied: Any) -> dict[str, float]:
    """How far each column of the same definition is from theirs: the largest distance as a share of its usual size.

    Rows of the money flow index that are `tied` are left out.
    """
    found = {}
    for name in NAMES:
        if name not in OTHER:
            mine, other = np.asarray(ours[name], float), np.asarray(theirs[name], float)
            far = np.abs(mine - other)[~tied] if name == "mfi_14" else np.abs(mine - other)
            found[name] = float(np.max(far) / np.mean(np.abs(mine)))
    return found


def ties(bars: dict[str, Any]) -> Any:
    """Of the compared rows those whose money flow hangs on rounding: a typical price of their 14 bars stayed."""
    ticks = sum(np.rint(bars[name] / market.TICK).astype(np.int64) for name in ("high", "low", "close"))
    same = np.concatenate(([0], np.cumsum(np.diff(ticks, prepend=ticks[0] - 1) == 0)))
    return (same[14:] > same[:-14])[FIRST - 13 :: EVERY]


def without_library(columns: dict[str, Any], bars: tuple[Any, ...]) -> dict[str, Any]:
    """Add what none of the pandas libraries has: volatilities, by range too, and how unusual the volume is."""
    import pandas as pd

    opening, high, low, close, volume = bars
    change = pd.Series(np.log(close)).diff()
    for span in (20, 60):
        columns[f"volatility_{span}"] = change.rolling(span).std()
    reach, body = np.log(high / low), np.log(close / opening)
    columns["parkinson_20"] = np.sqrt(pd.Series(reach * reach).rolling(20).mean() / (4 * math.log(2)))
    terms = 0.5 * reach * reach - (2 * math.log(2) - 1) * body * body
    columns["garman_klass_20"] = np.sqrt(pd.Series(terms).rolling(20).mean().clip(lower=0.0))
    traded = pd.Series(volume)
    window = traded.rolling(20)
    columns["volume_z_20"] = (traded - window.mean()) / window.std()
    columns["vroc_20"] = 100.0 * traded.pct_change(20)
    return columns
