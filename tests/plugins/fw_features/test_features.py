"""The bundled feature sets say what TA-Lib and plain NumPy say, on any timeline, and keep the leak contract."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

import fw
from fw.testing import feature_contract
from fw.testing.markets import gap, trend
from fw_features.averages import Ema, Sma
from fw_features.price import Returns
from fw_features.true_range import Atr
from fw_features.volatility import Volatility

SETS = [
    Returns(spans=(1, 5)),
    Sma(spans=(1, 3, 16, 20, 63, 100)),
    Sma(spans=(5,), source="volume"),
    Ema(spans=(1, 5, 12)),
    Volatility(spans=(2, 24)),
    Atr(spans=(1, 3, 5)),
]


def of_close(close, bar="1h"):
    """A market of these closes."""
    size = fw.BarSize.parse(bar)
    times = size.ns * np.arange(400_000, 400_000 + len(close))
    bars = fw.Bars(size=size, open_time=times, open=close, high=close, low=close, close=close, volume=close)
    return fw.Market.single("BTCUSDT", bars)


def real_market(folder, rows=None):
    import pandas as pd

    frame = pd.read_parquet(folder / "btcusdt_perp_1h_2019-09_2024-12.parquet")[:rows]
    times = pd.DatetimeIndex(frame["timestamp"]).as_unit("ns").asi8
    prices = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return fw.Market.single("BTCUSDT", fw.Bars(size=fw.BarSize.parse("1h"), open_time=times, **prices))


@pytest.mark.parametrize("feature_set", SETS, ids=lambda s: type(s).__name__)
def test_a_row_from_its_last_lookback_bars_equals_the_whole_history_row_bit_for_bit(feature_set):
    assert feature_contract(feature_set, trend(bars=feature_set.lookback + 300, seed=1)) == []


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_leak_contract_holds_on_timelines_with_any_bars_missing(data):
    feature_set = data.draw(st.sampled_from([*SETS, Sma(spans=(7,)), Atr(spans=(2,)), Ema(spans=(3,))]))
    market = trend(bars=feature_set.lookback + 150, seed=data.draw(st.integers(0, 99)))
    chance = data.draw(st.sampled_from([0.0, 0.02, 0.3, 0.9]))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    rows = np.flatnonzero(random.random(len(market.bars)) >= chance)
    series = attrs.evolve(market.series["BTCUSDT"], bars=market.bars.rows(rows))
    thinned = fw.Market(series={"BTCUSDT": series}, focus="BTCUSDT")
    jump = data.draw(st.integers(0, 5000)) * market.bars.size.ns
    times = thinned.bars.open_time + jump * (np.arange(len(rows)) > len(rows) // 2)
    thinned = fw.Market.single("BTCUSDT", attrs.evolve(thinned.bars, open_time=times))
    assert [str(leak) for leak in feature_contract(feature_set, thinned)] == []


@pytest.mark.parametrize("feature_set", SETS, ids=lambda s: type(s).__name__)
def test_the_leak_contract_holds_over_a_gap(feature_set):
    assert feature_contract(feature_set, gap(bars=feature_set.lookback + 300, missing=50)) == []


@pytest.mark.parametrize("bars", [0, 1, 2, 19, 20, 21])
@pytest.mark.parametrize("feature_set", SETS, ids=lambda s: type(s).__name__)
def test_short_histories_give_one_row_a_bar(feature_set, bars):
    market = trend(bars=30)
    short = fw.Market.single("BTCUSDT", market.bars.rows(slice(0, bars)))
    assert {len(column) for column in feature_set.compute(short).values()} == {bars}


def test_columns_are_named_after_feature_and_span():
    market = trend(bars=30)
    assert list(Sma(spans=(5, 20)).compute(market)) == ["sma_5", "sma_20"]
    assert list(Sma(spans=(5,), source="volume").compute(market)) == ["sma_volume_5"]
    assert list(Ema(spans=(5,)).compute(market)) == ["ema_5"]
    assert list(Returns(spans=(5,)).compute(market)) == ["return_5"]
    assert list(Volatility(spans=(24,)).compute(market)) == ["volatility_24"]
    assert list(Atr(spans=(14,)).compute(market)) == ["atr_14"]


def test_a_simple_average_is_the_mean_of_its_window():
    frame = Sma(spans=(3,)).compute(of_close(np.array([1.0, 2.0, 6.0, 4.0])))
    assert np.array_equal(frame["sma_3"], [np.nan, np.nan, 3.0, 4.0], equal_nan=True)


@pytest.mark.parametrize("span", [1, 2, 4, 5, 15, 16, 17, 20, 63, 64, 100, 255, 1000])
def test_simple_averages_agree_with_talib(span):
    market = trend(bars=6000)
    expected = talib.SMA(market.bars.close, span) if span > 1 else market.bars.close
    np.testing.assert_allclose(Sma(spans=(span,)).compute(market)[f"sma_{span}"], expected, rtol=1e-12)


def test_averages_over_many_spans_equal_those_of_one_span_at_a_time():
    market = trend(bars=9000)
    together = Sma(spans=(5, 20, 300, 2999)).compute(market)
    for span in (5, 20, 300, 2999):
        assert np.array_equal(
            together[f"sma_{span}"], Sma(spans=(span,)).compute(market)[f"sma_{span}"], equal_nan=True
        )


def test_equal_windows_give_equal_averages_wherever_they_stand():
    close = np.tile(trend(bars=77, price=16538.1).bars.close, 200)
    average = Sma(spans=(50,)).compute(of_close(close))["sma_50"]
    assert np.array_equal(average[77:154], average[77 * 150 : 77 * 151])


def test_a_spoilt_value_spoils_only_the_windows_that_hold_it():
    close = trend(bars=400).bars.close.copy()
    close[100] = np.nan
    average = Sma(spans=(20,)).compute(of_close(close))["sma_20"]
    assert np.flatnonzero(np.isnan(average)).tolist() == [*range(19), *range(100, 120)]


@pytest.mark.parametrize("span", [1, 2, 5, 20, 50])
def test_exponential_averages_agree_with_talib_over_many_restarts(span):
    market = trend(bars=20_000, noise=0.02)
    expected = talib.EMA(market.bars.close, span) if span > 1 else market.bars.close
    np.testing.assert_allclose(Ema(spans=(span,)).compute(market)[f"ema_{span}"], expected, rtol=1e-9)


@pytest.mark.parametrize("span", [1, 2, 5, 14])
def test_true_ranges_agree_with_talib_over_many_restarts(span):
    market = trend(bars=20_000, noise=0.02)
    bars = market.bars
    expected = talib.ATR(bars.high, bars.low, bars.close, span)
    np.testing.assert_allclose(Atr(spans=(span,)).compute(market)[f"atr_{span}"], expected, rtol=1e-9)


def test_returns_are_differences_of_logarithms():
    close = trend(bars=300).bars.close
    expected = np.log(close[5:] / close[:-5])
    column = Returns(spans=(5,)).compute(of_close(close))["return_5"]
    assert np.isnan(column[:5]).all()
    np.testing.assert_allclose(column[5:], expected, rtol=0, atol=1e-14)


def test_volatility_is_the_annual_sample_deviation_of_log_returns():
    close = trend(bars=300).bars.close
    column = Volatility(spans=(24,)).compute(of_close(close))["volatility_24"]
    returns = np.diff(np.log(close))
    expected = [np.std(returns[i - 24 : i], ddof=1) * np.sqrt(365 * 24) for i in range(24, 300)]
    assert np.isnan(column[:24]).all()
    np.testing.assert_allclose(column[24:], expected, rtol=1e-9)


def test_flat_prices_have_no_volatility_and_no_range():
    flat = of_close(np.full(200, 16538.1))
    assert set(Volatility(spans=(10,)).compute(flat)["volatility_10"][10:]) == {0.0}
    assert set(Atr(spans=(5,)).compute(flat)["atr_5"][5:]) == {0.0}
    assert set(Ema(spans=(5,)).compute(flat)["ema_5"][200 - 20 :]) == {16538.1}


def test_averages_agree_with_talib_on_real_candles(real_data):
    market = real_market(real_data)
    bars = market.bars
    np.testing.assert_allclose(Sma(spans=(100,)).compute(market)["sma_100"], talib.SMA(bars.close, 100), rtol=1e-12)
    np.testing.assert_allclose(Ema(spans=(20,)).compute(market)["ema_20"], talib.EMA(bars.close, 20), rtol=1e-9)
    expected = talib.ATR(bars.high, bars.low, bars.close, 14)
    np.testing.assert_allclose(Atr(spans=(14,)).compute(market)["atr_14"], expected, rtol=1e-9)


def test_the_leak_contract_holds_on_real_candles(real_data):
    for feature_set in (Sma(spans=(20, 100)), Ema(spans=(20,)), Volatility(spans=(24,)), Atr(spans=(14,))):
        assert feature_contract(feature_set, real_market(real_data, feature_set.lookback + 300)) == []


@pytest.mark.parametrize("spans", [(0,), (-5,), (5, 0)])
def test_spans_below_one_are_refused(spans):
    with pytest.raises(ValueError, match="at least 1"):
        Sma(spans=spans)


def test_a_set_without_spans_is_refused():
    with pytest.raises(ValueError, match="at least one span"):
        Sma(spans=())


def test_one_span_needs_no_list_and_a_repeated_one_counts_once():
    assert Sma(spans=20) == Sma(spans=(20, 20))
