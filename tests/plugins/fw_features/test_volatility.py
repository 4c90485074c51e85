"""Estimators of volatility and bands say what TA-Lib and their definitions in plain NumPy and pandas say."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import talib

import fw
from fw.testing import feature_contract
from fw.testing.markets import trend
from fw_features.bands import Bollinger
from fw_features.logs import log_quotients
from fw_features.moments import moving_moments, moving_scores
from fw_features.range_volatility import GarmanKlass, Parkinson, RogersSatchell, YangZhang
from fw_features.true_range import NormalisedAtr
from fw_features.volatility import EwmaVolatility, Har, Hurst, Realised, VolatilityOfVolatility

A_YEAR = math.sqrt(365 * 24)
PRICES = ("open", "high", "low", "close")


def series(market):
    """Open, high, low and close as pandas series."""
    return tuple(pd.Series(getattr(market.bars, name)) for name in PRICES)


def of_close(close):
    times = fw.BarSize.parse("1h").ns * np.arange(400_000, 400_000 + len(close))
    prices = dict.fromkeys(PRICES, np.asarray(close, dtype=float))
    return fw.Market.single(
        "BTCUSDT", fw.Bars(size=fw.BarSize.parse("1h"), open_time=times, volume=np.ones(len(close)), **prices)
    )


@pytest.mark.parametrize("span", [1, 2, 3, 4, 5, 20, 63, 64, 255])
def test_moving_moments_are_mean_and_variance_of_each_window(span):
    values = trend(bars=3000).bars.close
    means, variances = np.empty((1, 3000)), np.empty((1, 3000))
    moving_moments(values, np.array([span]), means, variances)
    windows = np.lib.stride_tricks.sliding_window_view(values, span)
    assert np.isnan(means[0, : span - 1]).all()
    assert np.isnan(variances[0, : span - 1]).all()
    np.testing.assert_allclose(means[0, span - 1 :], windows.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(variances[0, span - 1 :], windows.var(axis=1), rtol=1e-11)


def test_moments_over_many_spans_equal_those_of_one_span_at_a_time():
    values = trend(bars=5000).bars.close
    spans = np.array([3, 20, 777])
    together, alone = np.empty((2, 3, 5000)), np.empty((2, 1, 5000))
    moving_moments(values, spans, together[0], together[1])
    for k in range(3):
        moving_moments(values, spans[k : k + 1], alone[0], alone[1])
        assert np.array_equal(together[:, k], alone[:, 0], equal_nan=True)


def test_equal_values_have_no_variance_and_a_score_of_nought():
    values = np.full(300, 16538.1)
    means, variances, scores = np.empty((1, 300)), np.empty((1, 300)), np.empty((1, 300))
    moving_moments(values, np.array([77]), means, variances)
    moving_scores(values, np.array([77]), scores)
    assert set(means[0, 76:]) == {16538.1}
    assert set(variances[0, 76:]) == {0.0}
    assert set(scores[0, 76:]) == {0.0}


def test_a_huge_value_leaves_no_trace_in_the_windows_after_it():
    values = trend(bars=400).bars.close.copy()
    values[100] = 1e15
    means, variances = np.empty((1, 400)), np.empty((1, 400))
    moving_moments(values, np.array([20]), means, variances)
    np.testing.assert_allclose(variances[0, 120], values[101:121].var(), rtol=1e-12)


def test_parkinson_is_the_root_mean_square_of_the_log_range(real):
    _, high, low, _ = series(real)
    expected = ((np.log(high / low) ** 2).rolling(20).mean() / (4 * np.log(2))) ** 0.5 * A_YEAR
    np.testing.assert_allclose(Parkinson().compute(real)["parkinson_20"], expected, rtol=1e-9)


def test_garman_klass_weighs_range_against_body(real):
    open, high, low, close = series(real)
    terms = 0.5 * np.log(high / low) ** 2 - (2 * np.log(2) - 1) * np.log(close / open) ** 2
    np.testing.assert_allclose(
        GarmanKlass().compute(real)["garman_klass_20"], terms.rolling(20).mean() ** 0.5 * A_YEAR, rtol=1e-9
    )


def test_rogers_satchell_is_free_of_drift(real):
    open, high, low, close = series(real)
    terms = np.log(high / close) * np.log(high / open) + np.log(low / close) * np.log(low / open)
    np.testing.assert_allclose(
        RogersSatchell().compute(real)["rogers_satchell_20"], terms.rolling(20).mean() ** 0.5 * A_YEAR, rtol=1e-9
    )
    rising = 100 * 1.01 ** np.arange(60.0)
    bars = fw.Bars(
        size=fw.BarSize.parse("1h"), open_time=fw.BarSize.parse("1h").ns * np.arange(60), volume=rising,
        open=rising, low=rising, high=rising * 1.01, close=rising * 1.01,
    )  # fmt: skip
    steady = RogersSatchell().compute(fw.Market.single("BTCUSDT", bars))["rogers_satchell_20"]
    np.testing.assert_allclose(steady[19:], 0.0, atol=1e-6)


def test_yang_zhang_adds_the_leap_from_the_close_before(real):
    open, high, low, close = series(real)
    leap, body = np.log(open / close.shift()), np.log(close / open)
    terms = np.log(high / close) * np.log(high / open) + np.log(low / close) * np.log(low / open)
    k = 0.34 / (1.34 + 21 / 19)
    rs = terms.where(leap.notna()).rolling(20).mean()
    body = body.where(leap.notna())
    expected = (leap.rolling(20).var() + k * body.rolling(20).var() + (1 - k) * rs) ** 0.5 * A_YEAR
    np.testing.assert_allclose(YangZhang().compute(real)["yang_zhang_20"], expected, rtol=1e-9)


def test_realised_volatility_is_split_into_steady_part_jumps_and_sides(real):
    close = real.bars.close
    returns = np.diff(np.log(close))
    frame = Realised(spans=(24,)).compute(real)
    assert all(np.isnan(column[:24]).all() for column in frame.values())
    for bar in (24, 25, 1000, 4999):
        window = returns[bar - 24 : bar]
        realised = np.mean(window**2)
        bipower = np.pi / 2 * np.mean(np.abs(window[1:] * window[:-1]))
        assert frame["realised_24"][bar] == pytest.approx(np.sqrt(realised) * A_YEAR, rel=1e-9)
        assert frame["bipower_24"][bar] == pytest.approx(np.sqrt(bipower) * A_YEAR, rel=1e-9)
        assert frame["jump_24"][bar] == pytest.approx(max(0.0, 1 - bipower / realised), abs=1e-9)
        assert frame["downside_24"][bar] == pytest.approx(np.sqrt(np.mean(np.minimum(window, 0) ** 2)) * A_YEAR)
        assert frame["upside_24"][bar] == pytest.approx(np.sqrt(np.mean(np.maximum(window, 0) ** 2)) * A_YEAR)


def test_one_jump_among_still_bars_is_all_jump():
    close = np.full(60, 100.0)
    close[40:] = 110.0
    frame = Realised(spans=(24,)).compute(of_close(close))
    assert frame["jump_24"][45] == 1.0
    assert frame["bipower_24"][45] == 0.0
    assert frame["downside_24"][45] == 0.0
    assert frame["upside_24"][45] == frame["realised_24"][45] > 0


def test_vol_of_vol_is_the_spread_of_volatility_over_its_mean(real):
    volatility = np.log(series(real)[3]).diff().rolling(24).std()
    expected = volatility.rolling(24).std() / volatility.rolling(24).mean()
    column = VolatilityOfVolatility().compute(real)["vol_of_vol_24"]
    assert np.isnan(column[:47]).all()
    np.testing.assert_allclose(column[47:], expected[47:], rtol=1e-7)  # pandas keeps running sums


def test_ewma_volatility_agrees_with_an_endless_mean_over_many_restarts():
    market = trend(bars=20_000, noise=0.02)
    squares = np.diff(np.log(market.bars.close)) ** 2
    expected = np.sqrt(talib.EMA(squares, 33)) * A_YEAR
    np.testing.assert_allclose(EwmaVolatility().compute(market)["ewma_volatility_33"][1:], expected, rtol=1e-9)


def test_har_terms_are_logs_of_realised_volatility(real):
    frame = Har(spans=(24, 168)).compute(real)
    realised = Realised(spans=(24, 168)).compute(real)
    for span in (24, 168):
        np.testing.assert_allclose(frame[f"har_{span}"], np.log(realised[f"realised_{span}"]), rtol=1e-12)
    still = Har(spans=(24,)).compute(of_close(np.full(60, 100.0)))["har_24"]
    assert set(still[24:]) == {math.log(1e-6)}


def test_hurst_is_the_slope_of_log_moves_over_log_lags(real):
    logs = np.log(real.bars.close)
    column = Hurst().compute(real)["hurst_128"]
    assert np.isnan(column[:127]).all()
    for bar in (127, 900, 4999):
        window = logs[bar - 127 : bar + 1]
        lags = [1, 2, 4, 8, 16, 32]
        sizes = [0.5 * np.log(np.mean((window[lag:] - window[:-lag]) ** 2)) for lag in lags]
        expected = min(1.0, max(0.0, np.polyfit(np.log(lags), sizes, 1)[0]))
        assert column[bar] == pytest.approx(expected, rel=1e-9)


def test_hurst_tells_a_trend_from_a_swing_and_says_a_half_of_what_stands_still():
    bars = np.arange(400)
    noise = np.random.default_rng(3).normal(0, 0.01, 400)
    assert Hurst().compute(of_close(100 * 1.01**bars))["hurst_128"][-1] == pytest.approx(1.0)
    assert Hurst().compute(of_close(100 * np.exp(noise)))["hurst_128"][-1] < 0.1
    assert 0.35 < Hurst(spans=(400,)).compute(of_close(100 * np.exp(np.cumsum(noise))))["hurst_400"][-1] < 0.65
    assert set(Hurst().compute(of_close(np.full(400, 100.0)))["hurst_128"][127:]) == {0.5}


@pytest.mark.parametrize(("span", "deviations"), [(3, 2.0), (20, 2.0), (50, 2.5)])
def test_bollinger_bands_agree_with_talib(real, span, deviations):
    frame = Bollinger(spans=(span,), deviations=deviations).compute(real)
    end = f"{span}" if deviations == 2 else f"{span}_2p5"
    upper, middle, lower = talib.BBANDS(real.bars.close, span, deviations, deviations)
    np.testing.assert_allclose(frame[f"bollinger_upper_{end}"], upper, rtol=1e-9)
    np.testing.assert_allclose(frame[f"bollinger_middle_{end}"], middle, rtol=1e-12)
    np.testing.assert_allclose(frame[f"bollinger_lower_{end}"], lower, rtol=1e-9)
    mean, reach = series(real)[3].rolling(span).mean(), series(real)[3].rolling(span).std(ddof=0) * deviations
    np.testing.assert_allclose(frame[f"bollinger_width_{end}"], 2 * reach / mean, atol=1e-8)
    place = (real.bars.close - mean + reach) / (2 * reach)
    np.testing.assert_allclose(frame[f"bollinger_percent_b_{end}"], place, atol=1e-4)


def test_flat_prices_lie_in_the_middle_of_bands_without_width():
    frame = Bollinger().compute(of_close(np.full(60, 16538.1)))
    assert set(frame["bollinger_percent_b_20"][19:]) == {0.5}
    assert set(frame["bollinger_width_20"][19:]) == {0.0}
    assert set(frame["bollinger_upper_20"][19:]) == {16538.1}


def test_normalised_true_range_agrees_with_talib(real):
    bars = real.bars
    expected = talib.NATR(bars.high, bars.low, bars.close, 14)
    np.testing.assert_allclose(NormalisedAtr().compute(real)["natr_14"], expected, rtol=1e-9)


@pytest.mark.parametrize("spec", [YangZhang, Realised, VolatilityOfVolatility, Bollinger])
def test_a_deviation_of_one_value_is_refused(spec):
    with pytest.raises(ValueError, match="at least 2"):
        spec(spans=(1,))


def test_a_hurst_exponent_wants_room_for_three_lags():
    with pytest.raises(ValueError, match="at least 16"):
        Hurst(spans=(15,))


@pytest.mark.parametrize(
    "feature_set",
    [YangZhang(), Realised(spans=(2, 24)), VolatilityOfVolatility(spans=(2, 5)), Hurst(spans=(16, 33)), Bollinger()],
    ids=lambda s: type(s).__name__,
)
def test_volatility_keeps_the_leak_contract_on_real_candles(feature_set, real):
    some = fw.Market.single("BTCUSDT", real.bars.rows(slice(0, feature_set.lookback + 150)))
    assert [str(leak) for leak in feature_contract(feature_set, some)] == []


def test_logarithms_of_a_column_are_those_of_its_numbers_to_the_last_place():
    random = np.random.default_rng(0)
    above = np.concatenate((np.exp(random.normal(0, 1e-3, 5000)), np.exp(random.normal(0, 100, 5000)), [1.0, 2.0]))
    out = np.empty(len(above))
    log_quotients(above, np.ones(len(above)), out)
    expected = np.array([math.log(number) for number in above])
    assert (np.abs(out - expected) <= np.spacing(np.abs(expected))).all()
    assert out[-2] == 0.0
    for first in (1, 7, 600):
        part = np.empty(len(above) - first)
        log_quotients(above[first:], np.ones(len(part)), part)
        assert np.array_equal(part, out[first:])


def test_what_is_no_number_has_no_logarithm():
    out = np.empty(3)
    log_quotients(np.array([np.nan, 1.0, np.inf]), np.array([1.0, np.nan, 1.0]), out)
    assert np.isnan(out).all()
