"""Indicators agree with TA-Lib on real bars: same first row, same numbers, over many restarts."""

from __future__ import annotations

import numpy as np
import pytest
import talib

import fw
from fw_features.averages import Dema, Ema, Hull, Kama, Sma, Tema, Wma
from fw_features.bar_oscillators import Cci, Mfi, Stochastic, Ultimate, WilliamsR
from fw_features.channels import Donchian, Keltner
from fw_features.oscillators import Awesome, Cmo, Rsi, StochRsi, Trix
from fw_features.price import Momentum, RateOfChange, SimpleReturns
from fw_features.trend import Adx, Aroon, Macd, Regression

BARS = 12_000


@pytest.fixture(scope="module")
def market(real_data):
    import pandas as pd

    frame = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet")[20_000 : 20_000 + BARS]
    times = pd.DatetimeIndex(frame["timestamp"]).as_unit("ns").asi8
    columns = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return fw.Market.single("BTCUSDT", fw.Bars(size=fw.BarSize.parse("1h"), open_time=times, **columns))


def closes(function, *spans, **settings):
    return lambda b: function(b.close, *spans, **settings)


def ranges(function, *spans, **settings):
    return lambda b: function(b.high, b.low, b.close, *spans, **settings)


def hull(b, span, half, root):
    return talib.WMA(2 * talib.WMA(b.close, half) - talib.WMA(b.close, span), root)


def awesome(b):
    return talib.SMA((b.high + b.low) / 2, 5) - talib.SMA((b.high + b.low) / 2, 34)


def keltner(b, side):
    return talib.EMA(b.close, 20) + side * 2 * talib.ATR(b.high, b.low, b.close, 10)


CASES = {
    "simple_return_5": (SimpleReturns(spans=5), closes(talib.ROCP, 5)),
    "momentum_10": (Momentum(spans=10), closes(talib.MOM, 10)),
    "roc_60": (RateOfChange(), closes(talib.ROC, 60)),
    "sma_20": (Sma(), closes(talib.SMA, 20)),
    "ema_200": (Ema(spans=200), closes(talib.EMA, 200)),
    "wma_2": (Wma(spans=2), closes(talib.WMA, 2)),
    "wma_20": (Wma(), closes(talib.WMA, 20)),
    "wma_55": (Wma(spans=55), closes(talib.WMA, 55)),
    "dema_2": (Dema(spans=2), closes(talib.DEMA, 2)),
    "dema_20": (Dema(), closes(talib.DEMA, 20)),
    "tema_5": (Tema(spans=5), closes(talib.TEMA, 5)),
    "tema_20": (Tema(), closes(talib.TEMA, 20)),
    "kama_10": (Kama(spans=10), closes(talib.KAMA, 10)),
    "kama_30": (Kama(spans=30), closes(talib.KAMA, 30)),
    "hull_16": (Hull(spans=16), lambda b: hull(b, 16, 8, 4)),
    "hull_55": (Hull(spans=55), lambda b: hull(b, 55, 27, 7)),
    "macd_12_26_9": (Macd(), lambda b: talib.MACD(b.close, 12, 26, 9)[0]),
    "macd_signal_12_26_9": (Macd(), lambda b: talib.MACD(b.close, 12, 26, 9)[1]),
    "macd_histogram_12_26_9": (Macd(), lambda b: talib.MACD(b.close, 12, 26, 9)[2]),
    "macd_signal_5_35_40": (Macd(fast=5, slow=35, signal=40), lambda b: talib.MACD(b.close, 5, 35, 40)[1]),
    "adx_14": (Adx(), ranges(talib.ADX, 14)),
    "plus_di_14": (Adx(), ranges(talib.PLUS_DI, 14)),
    "minus_di_14": (Adx(), ranges(talib.MINUS_DI, 14)),
    "adx_5": (Adx(spans=5), ranges(talib.ADX, 5)),
    "aroon_up_14": (Aroon(), lambda b: talib.AROON(b.high, b.low, 14)[1]),
    "aroon_down_14": (Aroon(), lambda b: talib.AROON(b.high, b.low, 14)[0]),
    "aroon_14": (Aroon(), lambda b: talib.AROONOSC(b.high, b.low, 14)),
    "slope_20": (Regression(), closes(talib.LINEARREG_SLOPE, 20)),
    "slope_3": (Regression(spans=3), closes(talib.LINEARREG_SLOPE, 3)),
    "donchian_upper_20": (Donchian(), lambda b: talib.MAX(b.high, 20)),
    "donchian_lower_20": (Donchian(), lambda b: talib.MIN(b.low, 20)),
    "donchian_middle_55": (Donchian(spans=55), lambda b: talib.MIDPRICE(b.high, b.low, 55)),
    "keltner_upper_20_10_2": (Keltner(), lambda b: keltner(b, 1)),
    "keltner_middle_20_10_2": (Keltner(), lambda b: keltner(b, 0)),
    "keltner_lower_20_10_2": (Keltner(), lambda b: keltner(b, -1)),
    "rsi_2": (Rsi(spans=2), closes(talib.RSI, 2)),
    "rsi_14": (Rsi(), closes(talib.RSI, 14)),
    "cmo_14": (Cmo(), closes(talib.CMO, 14)),
    "trix_15": (Trix(), closes(talib.TRIX, 15)),
    "stoch_rsi_d_14_14_3": (StochRsi(), closes(talib.STOCHRSI, 14, fastk_period=14, fastd_period=3)),
    "awesome_5_34": (Awesome(), awesome),
    "stoch_fast_d_14_3": (Stochastic(), lambda b: talib.STOCHF(b.high, b.low, b.close, 14, 3)[1]),
    "stoch_d_14_3_3": (Stochastic(), lambda b: talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[1]),
    "williams_r_14": (WilliamsR(), ranges(talib.WILLR, 14)),
    "cci_20": (Cci(), ranges(talib.CCI, 20)),
    "mfi_14": (Mfi(), lambda b: talib.MFI(b.high, b.low, b.close, b.volume, 14)),
    "ultimate_7_14_28": (Ultimate(), ranges(talib.ULTOSC, 7, 14, 28)),
}

CROSSING_ZERO = {
    "macd": 1e-9,
    "macd_signal": 1e-9,
    "macd_histogram": 1e-9,
    "awesome": 1e-9,
    "slope": 1e-8,  # TA-Lib adds up whole prices, and rounds this much
    "trix": 1e-9,
    "cci": 1e-9,
    "cmo": 1e-9,
    "stoch_rsi_d": 1e-9,
    "stoch_fast_d": 1e-9,
    "stoch_d": 1e-9,
    "mfi": 1e-9,
}
"""Columns that come near or through 0, where relative agreement has no meaning, and how far apart they may be."""


@pytest.mark.real
@pytest.mark.parametrize("name", CASES)
def test_it_agrees_with_talib_on_real_bars(name, market):
    feature_set, oracle = CASES[name]
    expected = oracle(market.bars)
    expected = expected[1] if isinstance(expected, tuple) else expected
    column = feature_set.compute(market)[name]
    apart = CROSSING_ZERO.get(name.rstrip("0123456789_"), 0.0)
    np.testing.assert_allclose(column, expected, rtol=1e-9, atol=apart)


@pytest.mark.real
def test_lines_that_talib_starts_with_their_means_start_as_soon_as_there_is_a_value(market):
    """TA-Lib holds %K back until %D begins; ours are separate columns, and say what they can."""
    b = market.bars
    fast = Stochastic().compute(market)["stoch_fast_k_14"]
    slow = Stochastic().compute(market)["stoch_k_14_3"]
    np.testing.assert_allclose(fast[15:], talib.STOCHF(b.high, b.low, b.close, 14, 3)[0][15:], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(slow[17:], talib.STOCH(b.high, b.low, b.close, 14, 3, 0, 3, 0)[0][17:], rtol=1e-9)
    assert np.flatnonzero(~np.isnan(fast))[0] == 13
    assert np.flatnonzero(~np.isnan(slow))[0] == 15
    k = StochRsi().compute(market)["stoch_rsi_k_14_14"]
    np.testing.assert_allclose(k[29:], talib.STOCHRSI(b.close, 14, 14, 3)[0][29:], rtol=1e-9, atol=1e-9)
    assert np.flatnonzero(~np.isnan(k))[0] == 27
