"""ta: the columns it has, some by a loop over every bar in Python, and the rest with pandas; in its own environment."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from pathlib import Path

import columns
import numpy as np
import pandas as pd
import ta
import worker

warnings.filterwarnings("ignore")


def features(path: Path) -> worker.Job:
    """Its indicators as it documents them; the slow stochastic is the mean of its fast one, twice."""
    bars = columns.opened(path)
    _, high, low, close, volume = (pd.Series(column) for column in bars)

    def job() -> columns.Answer:
        logs = np.log(close)
        found = {f"return_{span}": logs.diff(span) for span in (1, 5, 20, 60)}
        for span in (5, 20, 60):
            found[f"roc_{span}"] = ta.momentum.ROCIndicator(close, span).roc()
        found["momentum_10"] = close.diff(10)
        found["rsi_14"] = ta.momentum.RSIIndicator(close, 14).rsi()
        macd = ta.trend.MACD(close, 26, 12, 9)
        found["macd_12_26_9"], found["macd_signal_12_26_9"] = macd.macd(), macd.macd_signal()
        found["macd_histogram_12_26_9"] = macd.macd_diff()
        bands = ta.volatility.BollingerBands(close, 20, 2)
        found["bollinger_upper_20"] = bands.bollinger_hband()
        found["bollinger_middle_20"], found["bollinger_lower_20"] = bands.bollinger_mavg(), bands.bollinger_lband()
        found["atr_14"] = ta.volatility.AverageTrueRange(high, low, close, 14).average_true_range()
        found["adx_14"] = ta.trend.ADXIndicator(high, low, close, 14).adx()
        for span in columns.SPANS:
            found[f"ema_{span}"] = ta.trend.EMAIndicator(close, span).ema_indicator()
            found[f"sma_{span}"] = ta.trend.SMAIndicator(close, span).sma_indicator()
        found["obv_slope_20"] = ta.volume.OnBalanceVolumeIndicator(close, volume).on_balance_volume()
        found["donchian_upper_20"], found["donchian_lower_20"] = high.rolling(20).max(), low.rolling(20).min()
        found["stoch_k_14_3"] = ta.momentum.StochasticOscillator(high, low, close, 14, 3).stoch_signal()
        found["stoch_d_14_3_3"] = found["stoch_k_14_3"].rolling(3).mean()
        found["cci_20"] = ta.trend.CCIIndicator(high, low, close, 20).cci()
        found["williams_r_14"] = ta.momentum.WilliamsRIndicator(high, low, close, 14).williams_r()
        found["mfi_14"] = ta.volume.MFIIndicator(high, low, close, volume, 14).money_flow_index()
        return columns.Answer(columns.without_library(found, bars), columns.YEARLY)

    return job


if __name__ == "__main__":
    worker.serve({"features": features}, {"ta": version("ta")})
