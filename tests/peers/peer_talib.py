"""TA-Lib, column by column; it lives in our own environment, as the tests' oracle."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path

import columns
import numpy as np
import talib
import worker

SAMPLE = {f"volatility_{span}": math.sqrt(span / (span - 1)) for span in (20, 60)}
SCALES = {name: columns.YEARLY[name] * SAMPLE.get(name, 1.0) for name in columns.YEARLY}
SCALES["volume_z_20"] = math.sqrt(19 / 20)
"""Its deviations divide by the span, and are a bar's."""


def features(path: Path) -> worker.Job:
    """What it has by its own functions, and the rest by its means and deviations over numpy's logarithms."""
    opening, high, low, close, volume = columns.opened(path)

    def job() -> columns.Answer:
        found = {f"roc_{span}": talib.ROC(close, span) for span in (5, 20, 60)}
        found["momentum_10"] = talib.MOM(close, 10)
        found["rsi_14"] = talib.RSI(close, 14)
        macd = talib.MACD(close, 12, 26, 9)
        found["macd_12_26_9"], found["macd_signal_12_26_9"], found["macd_histogram_12_26_9"] = macd
        bands = talib.BBANDS(close, 20, 2, 2)
        found["bollinger_upper_20"], found["bollinger_middle_20"], found["bollinger_lower_20"] = bands
        found["atr_14"] = talib.ATR(high, low, close, 14)
        found["adx_14"] = talib.ADX(high, low, close, 14)
        for span in columns.SPANS:
            found[f"ema_{span}"] = talib.EMA(close, span)
            found[f"sma_{span}"] = talib.SMA(close, span)
        found["obv_slope_20"] = talib.OBV(close, volume)
        found["donchian_upper_20"], found["donchian_lower_20"] = talib.MAX(high, 20), talib.MIN(low, 20)
        found["stoch_k_14_3"], found["stoch_d_14_3_3"] = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
        found["cci_20"] = talib.CCI(high, low, close, 20)
        found["williams_r_14"] = talib.WILLR(high, low, close, 14)
        found["mfi_14"] = talib.MFI(high, low, close, volume, 14)
        logs = np.log(close)
        for span in (1, 5, 20, 60):
            found[f"return_{span}"] = talib.MOM(logs, span)
        change = found["return_1"][1:]
        for span in (20, 60):
            found[f"volatility_{span}"] = np.append(np.nan, talib.STDDEV(change, span))
        reach, body = np.log(high / low), np.log(close / opening)
        squares = reach * reach
        found["parkinson_20"] = np.sqrt(talib.SMA(squares, 20) / (4 * math.log(2)))
        terms = talib.SMA(0.5 * squares - (2 * math.log(2) - 1) * body * body, 20)
        found["garman_klass_20"] = np.sqrt(np.maximum(terms, 0.0))
        found["volume_z_20"] = (volume - talib.SMA(volume, 20)) / talib.STDDEV(volume, 20)
        found["vroc_20"] = talib.ROC(volume, 20)
        return columns.Answer(found, SCALES)

    return job


if __name__ == "__main__":
    worker.serve({"features": features}, {"TA-Lib": version("TA-Lib")})
