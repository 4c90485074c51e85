"""pandas-ta-classic: the columns it has, and the rest with pandas; runs in its own environment."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import columns
import pandas as pd
import pandas_ta_classic as ta
import worker

warnings.filterwarnings("ignore")


def features(path: Path) -> worker.Job:
    """Its own arithmetic: it would hand over to TA-Lib where that is installed."""
    bars = columns.opened(path)
    _, high, low, close, volume = (pd.Series(column) for column in bars)

    def job() -> columns.Answer:
        found = {f"return_{span}": ta.log_return(close, span) for span in (1, 5, 20, 60)}
        for span in (5, 20, 60):
            found[f"roc_{span}"] = ta.roc(close, span, talib=False)
        found["momentum_10"] = ta.mom(close, 10, talib=False)
        found["rsi_14"] = ta.rsi(close, 14, talib=False)
        macd = ta.macd(close, 12, 26, 9, talib=False)
        for number, name in enumerate(("macd", "macd_histogram", "macd_signal")):
            found[f"{name}_12_26_9"] = macd.iloc[:, number]
        bands = ta.bbands(close, 20, 2, talib=False)
        for number, name in enumerate(("lower", "middle", "upper")):
            found[f"bollinger_{name}_20"] = bands.iloc[:, number]
        found["atr_14"] = ta.atr(high, low, close, 14, talib=False)
        found["adx_14"] = ta.adx(high, low, close, 14, talib=False).iloc[:, 0]
        for span in columns.SPANS:
            found[f"ema_{span}"] = ta.ema(close, span, talib=False)
            found[f"sma_{span}"] = ta.sma(close, span, talib=False)
        found["obv_slope_20"] = ta.obv(close, volume, talib=False)
        found["donchian_upper_20"], found["donchian_lower_20"] = high.rolling(20).max(), low.rolling(20).min()
        places = ta.stoch(high, low, close, 14, 3, 3)
        found["stoch_k_14_3"], found["stoch_d_14_3_3"] = places.iloc[:, 0], places.iloc[:, 1]
        found["cci_20"] = ta.cci(high, low, close, 20, talib=False)
        found["williams_r_14"] = ta.willr(high, low, close, 14, talib=False)
        found["mfi_14"] = ta.mfi(high, low, close, volume, 14, talib=False)
        return columns.Answer(columns.without_library(found, bars), columns.YEARLY)

    return job


if __name__ == "__main__":
    worker.serve({"features": features}, {"pandas-ta-classic": version("pandas-ta-classic")})
