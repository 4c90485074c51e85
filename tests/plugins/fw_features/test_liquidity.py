"""Volume, money flow and spreads say what TA-Lib and their definitions in plain NumPy and pandas say."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pandas as pd
import pytest
import talib

import fw
from fw.testing import feature_contract
from fw.testing.markets import trend
from fw_features.liquidity import Amihud, CorwinSchultz, RollSpread, TakerImbalance, TradeIntensity
from fw_features.volume import ChaikinOscillator, MoneyFlow, ObvSlope, VolumeScore, Vroc, Vwap

PRICES = ("open", "high", "low", "close")


def of(close, volume, **extra):
    """Hours without a range, each at its close."""
    hour = fw.BarSize.parse("1h")
    prices = dict.fromkeys(PRICES, np.asarray(close, dtype=float))
    times = hour.ns * np.arange(400_000, 400_000 + len(close))
    return fw.Market.single(
        "BTCUSDT", fw.Bars(size=hour, open_time=times, volume=np.asarray(volume, dtype=float), extra=extra, **prices)
    )


def test_the_score_of_volume_counts_sample_deviations(real):
    volume = pd.Series(real.bars.volume)
    window = volume.rolling(20)
    expected = (volume - window.mean()) / window.std()
    np.testing.assert_allclose(VolumeScore().compute(real)["volume_z_20"], expected, rtol=1e-7, atol=1e-8)


def test_equal_volumes_are_not_unusual():
    assert set(VolumeScore().compute(of(np.full(50, 10.0), np.full(50, 0.3)))["volume_z_20"][19:]) == {0.0}


def test_vwap_weighs_typical_prices_with_volume(real):
    bars = real.bars
    typical = pd.Series((bars.high + bars.low + bars.close) / 3)
    volume = pd.Series(bars.volume)
    expected = (typical * volume).rolling(24).sum() / volume.rolling(24).sum()
    np.testing.assert_allclose(Vwap().compute(real)["vwap_24"], expected, rtol=1e-9)


def test_without_volume_vwap_is_the_plain_mean_of_prices():
    close = np.arange(1.0, 41.0)
    np.testing.assert_allclose(Vwap(spans=(3,)).compute(of(close, np.zeros(40)))["vwap_3"][2:], close[1:-1], rtol=1e-15)


@pytest.mark.parametrize("span", [2, 3, 20, 55])
def test_the_slope_of_on_balance_volume_is_that_of_talibs_sum(real, span):
    bars = real.bars
    balance = talib.OBV(bars.close, bars.volume)
    expected = talib.LINEARREG_SLOPE(balance, span) / pd.Series(bars.volume).rolling(span).mean()
    column = ObvSlope(spans=(span,)).compute(real)[f"obv_slope_{span}"]
    assert np.isnan(column[: span - 1]).all()
    np.testing.assert_allclose(column[span - 1 :], expected[span - 1 :], rtol=1e-9, atol=1e-9)


def test_rising_prices_at_equal_volume_balance_up_by_it_every_bar():
    column = ObvSlope(spans=(2, 20)).compute(of(np.arange(1.0, 61.0), np.full(60, 7.0)))
    np.testing.assert_allclose(column["obv_slope_2"][1:], 1.0, rtol=1e-12)
    np.testing.assert_allclose(column["obv_slope_20"][19:], 1.0, rtol=1e-12)


def test_rate_of_change_of_volume_agrees_with_talib(real):
    np.testing.assert_allclose(Vroc().compute(real)["vroc_20"], talib.ROC(real.bars.volume, 20), rtol=1e-9, atol=1e-9)
    assert Vroc(spans=(1,)).compute(of([1.0, 1.0, 1.0], [0.0, 5.0, 10.0]))["vroc_1"][1:].tolist() == [0.0, 100.0]


@pytest.mark.parametrize(("fast", "slow"), [(3, 10), (2, 40), (6, 4)])
def test_chaikins_oscillator_agrees_with_talib_over_many_restarts(real, fast, slow):
    bars = real.bars
    expected = talib.ADOSC(bars.high, bars.low, bars.close, bars.volume, fast, slow)
    column = ChaikinOscillator(fast=fast, slow=slow).compute(real)[f"chaikin_{fast}_{slow}"]
    assert np.array_equal(np.isnan(column), np.isnan(expected))
    np.testing.assert_allclose(column, expected, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("span", [1, 20])
def test_accumulation_is_the_rise_of_talibs_line(real, span):
    bars = real.bars
    line = talib.AD(bars.high, bars.low, bars.close, bars.volume)
    frame = MoneyFlow(spans=(span,)).compute(real)
    rise = line[span:] - line[:-span]
    np.testing.assert_allclose(frame[f"ad_{span}"][span:], rise, rtol=1e-9, atol=1e-9 * np.abs(line).max())
    share = rise / pd.Series(bars.volume).rolling(span).sum().to_numpy()[span:]
    np.testing.assert_allclose(frame[f"cmf_{span}"][span:], share, rtol=1e-8, atol=1e-8)


def test_illiquidity_is_the_mean_move_a_million_traded(real):
    bars = real.bars
    moves = np.abs(np.diff(np.log(bars.close))) / (bars.close * bars.volume / 1e6)[1:]
    expected = pd.Series(moves).rolling(24).mean().to_numpy()
    np.testing.assert_allclose(Amihud().compute(real)["amihud_24"][1:], expected, rtol=1e-9)


def test_bars_without_trades_say_nothing_of_illiquidity():
    market = of([1.0, math.e, math.e, math.e**2], [0.0, 1e6, 0.0, 0.0])
    column = Amihud(spans=(2,)).compute(market)["amihud_2"]
    assert np.isnan(column[:2]).all()
    assert column[2] == pytest.approx(1 / math.e)  # one bar of e millions moved the log price by 1
    assert column[3] == 0.0


def test_rolls_spread_comes_from_the_bounce_of_closes(real):
    returns = np.diff(np.log(real.bars.close))
    column = RollSpread(spans=(48,)).compute(real)["roll_48"]
    assert np.isnan(column[:48]).all()
    for bar in range(48, 5000, 97):
        window = returns[bar - 48 : bar]
        covariance = np.cov(window[1:], window[:-1], ddof=0)[0, 1]
        assert column[bar] == pytest.approx(2 * math.sqrt(max(0.0, -covariance)), abs=1e-9)


def test_rolls_spread_finds_the_spread_that_was_put_in():
    sides = np.random.default_rng(1).choice([-1.0, 1.0], 6000)
    column = RollSpread(spans=(5000,)).compute(of(100 * np.exp(0.002 / 2 * sides), np.ones(6000)))["roll_5000"]
    assert column[-1] == pytest.approx(0.002, rel=0.05)


def corwin_schultz(high, low):
    """One pair of bars, as in the paper."""
    beta = np.log(high[0] / low[0]) ** 2 + np.log(high[1] / low[1]) ** 2
    gamma = np.log(max(high) / min(low)) ** 2
    k = 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / k - np.sqrt(gamma / k)
    return max(0.0, 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha)))


def test_the_spread_of_highs_and_lows_is_that_of_corwin_and_schultz(real):
    high, low = real.bars.high, real.bars.low
    pairs = [corwin_schultz(high[i : i + 2], low[i : i + 2]) for i in range(len(high) - 1)]
    expected = pd.Series(pairs).rolling(24).mean().to_numpy()
    column = CorwinSchultz().compute(real)["corwin_schultz_24"]
    np.testing.assert_allclose(column[1:], expected, rtol=1e-9, atol=1e-12)


def test_bars_that_only_bounce_between_bid_and_ask_show_the_whole_spread():
    market = trend(bars=50, noise=0.0, rise=0.0)
    close = market.bars.close
    bars = attrs.evolve(market.bars, high=close * 1.001, low=close / 1.001)
    column = CorwinSchultz().compute(fw.Market.single("BTCUSDT", bars))["corwin_schultz_24"]
    assert column[-1] == pytest.approx(0.002, rel=1e-3)


def test_takers_who_buy_all_are_one_and_who_sell_all_minus_one():
    volume = np.array([2.0, 2.0, 0.0, 4.0])
    market = of(np.ones(4), volume, taker_buy_volume=np.array([2.0, 0.0, 0.0, 1.0]))
    frame = TakerImbalance(spans=(1, 2)).compute(market)
    assert frame["taker_imbalance_1"].tolist() == [1.0, -1.0, 0.0, -0.5]
    assert frame["taker_imbalance_2"][1:].tolist() == [0.0, -1.0, -0.5]


def test_trade_intensity_is_the_newest_count_over_the_mean_count():
    market = of(np.ones(4), np.ones(4), trades=np.array([10.0, 30.0, 0.0, 0.0]))
    assert TradeIntensity(spans=(2,)).compute(market)["trade_intensity_2"][1:].tolist() == [1.5, 0.0, 0.0]


@pytest.mark.parametrize(
    ("feature_set", "column"), [(TakerImbalance(), "taker_buy_volume"), (TradeIntensity(), "trades")]
)
def test_a_source_without_the_column_is_named_with_it(feature_set, column):
    with pytest.raises(fw.DataError, match=f"needs the column {column}, which the source's bars of BTCUSDT do not"):
        feature_set.compute(of(np.ones(30), np.ones(30)))


@pytest.mark.parametrize("spec", [VolumeScore, ObvSlope, TradeIntensity])
def test_one_bar_is_no_window_to_compare_with(spec):
    with pytest.raises(ValueError, match="at least 2"):
        spec(spans=(1,))


@pytest.mark.parametrize(
    "feature_set",
    [ObvSlope(spans=(2, 33)), ChaikinOscillator(fast=2, slow=4), Amihud(spans=(5,)), RollSpread(), CorwinSchultz()],
    ids=lambda s: type(s).__name__,
)
def test_liquidity_keeps_the_leak_contract_on_real_candles(feature_set, real):
    some = fw.Market.single("BTCUSDT", real.bars.rows(slice(0, feature_set.lookback + 150)))
    assert [str(leak) for leak in feature_contract(feature_set, some)] == []
