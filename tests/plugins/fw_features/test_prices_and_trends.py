"""Columns that TA-Lib lacks are what their definitions say, worked out in plain Python from the whole history."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

import fw
from fw.testing.markets import range_bound, trend
from fw_features.averages import Kama
from fw_features.bar_oscillators import Cci, Mfi, Stochastic, Ultimate, WilliamsR
from fw_features.calendar import Calendar
from fw_features.oscillators import Awesome, Cmo, Fisher, Rsi, StochRsi
from fw_features.price import Distance, Gap, SimpleReturns
from fw_features.shape import Candle, FractionalDifference, ZScore
from fw_features.trend import Aroon, Macd, Regression, Supertrend, Swings


def market_of(rows, bar="1h", start=400_000):
    """A market of these bars, each (open, high, low, close) or with a volume as a fifth."""
    size = fw.BarSize.parse(bar)
    times = size.ns * np.arange(start, start + len(rows))
    columns = np.array([(*row, 1.0)[:5] for row in rows], dtype=float).T
    names = ("open", "high", "low", "close", "volume")
    return fw.Market.single("BTCUSDT", fw.Bars(size=size, open_time=times, **dict(zip(names, columns, strict=True))))


def flat_market(bars, volume=1.0):
    return market_of([(16538.1, 16538.1, 16538.1, 16538.1, volume)] * bars)


def windows(values, span):
    """Each bar with its window; bars without a whole one are left out."""
    return ((bar, values[bar - span + 1 : bar + 1].tolist()) for bar in range(span - 1, len(values)))


def test_a_candle_is_split_into_body_and_wicks():
    frame = Candle().compute(market_of([(10, 18, 8, 15), (15, 15, 5, 5), (7, 7, 7, 7)]))
    assert frame["candle_body"].tolist() == [0.5, -1.0, 0.0]
    assert frame["candle_upper"].tolist() == [pytest.approx(0.3), 0.0, 0.0]
    assert frame["candle_lower"].tolist() == [pytest.approx(0.2), 0.0, 0.0]
    assert frame["candle_range"].tolist() == [1.0, 10 / 15, 0.0]


def test_a_gap_is_from_the_close_before_to_the_open():
    column = Gap().compute(market_of([(10, 10, 10, 10), (11, 12, 9, 12), (9, 12, 9, 10)]))["gap"]
    assert math.isnan(column[0])
    assert column[1:].tolist() == [pytest.approx(0.1), pytest.approx(-0.25)]


def test_a_simple_return_is_a_share_of_the_old_price():
    column = SimpleReturns(spans=2).compute(market_of([(p, p, p, p) for p in (10, 11, 12, 22)]))["simple_return_2"]
    assert column[2:].tolist() == [pytest.approx(0.2), pytest.approx(1.0)]


def test_distances_are_shares_of_high_low_and_volume_weighted_price():
    rows = [(10, 12, 8, 10, 1.0), (10, 16, 8, 12, 3.0), (12, 15, 9, 12, 0.0)]
    frame = Distance(spans=2).compute(market_of(rows))
    assert frame["from_high_2"][1:].tolist() == [pytest.approx(12 / 16 - 1), pytest.approx(12 / 16 - 1)]
    assert frame["from_low_2"][1:].tolist() == [pytest.approx(0.5), pytest.approx(0.5)]
    assert frame["from_vwap_2"][1:].tolist() == [pytest.approx(12 / (46 / 4) - 1), pytest.approx(0.0)]


def test_without_volume_the_close_is_its_own_average_price():
    column = Distance(spans=5).compute(flat_market(20, volume=0.0))["from_vwap_5"]
    assert set(column[4:]) == {0.0}


@pytest.mark.parametrize("span", [2, 7, 20])
def test_a_z_score_is_the_distance_from_the_mean_in_sample_deviations(span):
    market = trend(bars=300)
    column = ZScore(spans=span).compute(market)[f"zscore_{span}"]
    for bar, window in windows(market.bars.close, span):
        assert column[bar] == pytest.approx((window[-1] - mean(window)) / stdev(window), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("order", "name"), [(0.4, "fracdiff_40_30"), (1.0, "fracdiff_100_30")])
def test_a_fractional_difference_weighs_logs_by_the_binomial_series(order, name):
    market = trend(bars=200)
    column = FractionalDifference(spans=30, order=order).compute(market)[name]
    from scipy.special import binom

    weights = [(-1) ** k * binom(order, k) for k in range(30)]
    for bar, window in windows(np.log(market.bars.close), 30):
        expected = math.fsum(w * v for w, v in zip(weights, reversed(window), strict=True))
        assert column[bar] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_calendar_is_that_of_the_moment_the_bar_closes():
    market = trend(bars=400, bar="1h", start="2024-01-03")
    frame = Calendar().compute(market)
    for row, known in enumerate(market.bars.close_time):
        moment = datetime.fromtimestamp(int(known) / 1e9, UTC)
        hour = moment.hour / 24 * math.tau
        day = moment.weekday() / 7 * math.tau
        assert frame["hour_sin"][row] == pytest.approx(math.sin(hour), abs=1e-12)
        assert frame["hour_cos"][row] == pytest.approx(math.cos(hour), abs=1e-12)
        assert frame["weekday_sin"][row] == pytest.approx(math.sin(day), abs=1e-12)
        assert frame["weekday_cos"][row] == pytest.approx(math.cos(day), abs=1e-12)
        assert frame["session_asia"][row] == (moment.hour < 9)
        assert frame["session_europe"][row] == (7 <= moment.hour < 16)
        assert frame["session_america"][row] == (13 <= moment.hour < 22)
        assert frame["hours_to_funding"][row] == 8 - moment.hour % 8


def test_minutes_count_in_the_time_to_funding():
    market = market_of([(1, 1, 1, 1)] * 480, bar="1m", start=28_401_120)
    hours = Calendar(funding_hours=4).compute(market)["hours_to_funding"]
    assert hours.min() == pytest.approx(1 / 60)
    assert hours.max() == 4.0


@pytest.mark.parametrize("span", [2, 5, 20])
def test_a_regression_is_the_least_squares_line(span):
    market = range_bound(bars=200)
    frame = Regression(spans=span).compute(market)
    for bar, window in windows(market.bars.close, span):
        line = stats.linregress(range(span), window)
        assert frame[f"slope_{span}"][bar] == pytest.approx(line.slope, rel=1e-9, abs=1e-9)
        assert frame[f"r2_{span}"][bar] == pytest.approx(line.rvalue**2, rel=1e-9, abs=1e-9)
        assert frame[f"direction_{span}"][bar] == math.copysign(1.0, frame[f"slope_{span}"][bar])


def test_prices_on_a_line_are_explained_whole_and_equal_ones_not_at_all():
    rising = Regression(spans=10).compute(market_of([(p, p, p, p) for p in range(100, 160)]))
    assert rising["slope_10"][9:].tolist() == pytest.approx([1.0] * 51)
    assert rising["r2_10"][9:].tolist() == pytest.approx([1.0] * 51)
    flat = Regression(spans=10).compute(flat_market(50))
    assert {*flat["slope_10"][9:], *flat["r2_10"][9:], *flat["direction_10"][9:]} == {0.0}


def test_swings_count_the_bars_beyond_the_bar_before():
    rows = [(5, 10, 1, 5), (5, 11, 1, 5), (5, 12, 0.5, 5), (5, 12, 0.4, 5), (5, 9, 0.6, 5)]
    frame = Swings(spans=2).compute(market_of(rows))
    assert frame["higher_highs_2"].tolist()[2:] == [2.0, 1.0, 0.0]
    assert frame["lower_lows_2"].tolist()[2:] == [1.0, 2.0, 1.0]


def plain_supertrend(bars, span, width):
    """The line and its direction with one endless average true range, as it is told to be drawn by hand."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    ranges = [max(top, last) - min(bottom, last) for top, bottom, last in zip(high[1:], low[1:], close, strict=False)]
    average = mean(ranges[:span])
    line, direction, floor, ceiling = [math.nan] * span, [math.nan] * span, None, None
    now = 1
    for bar in range(span, len(close)):
        if bar > span:
            average = (average * (span - 1) + ranges[bar - 1]) / span
        middle = (high[bar] + low[bar]) / 2
        lower, upper = middle - width * average, middle + width * average
        if floor is not None:
            if close[bar] > ceiling:
                now = 1
            elif close[bar] < floor:
                now = -1
            elif now == 1:
                lower = max(lower, floor)
            else:
                upper = min(upper, ceiling)
        floor, ceiling = lower, upper
        line.append(floor if now == 1 else ceiling)
        direction.append(now)
    return line, direction


@pytest.mark.parametrize(("span", "width"), [(10, 3.0), (7, 2.0)])
def test_a_supertrend_agrees_with_the_endless_one_over_many_restarts(span, width):
    market = trend(bars=9000, noise=0.01, rise=1.0)
    line, direction = plain_supertrend(market.bars, span, width)
    frame = Supertrend(span=span, width=width).compute(market)
    np.testing.assert_allclose(frame[f"supertrend_{span}_{width:g}"], line, rtol=1e-9)
    assert np.array_equal(frame[f"supertrend_direction_{span}_{width:g}"], direction, equal_nan=True)
    assert set(direction[span:]) == {1, -1}


def plain_fisher(bars, span):
    median = ((bars.high + bars.low) / 2).tolist()
    value, fisher, out = 0.0, 0.0, [math.nan] * (span - 1)
    for bar in range(span - 1, len(median)):
        window = median[bar - span + 1 : bar + 1]
        place = (median[bar] - min(window)) / (max(window) - min(window)) if max(window) > min(window) else 0.5
        value = max(-0.999, min(0.999, 0.33 * 2 * (place - 0.5) + 0.67 * value))
        fisher = math.atanh(value) + 0.5 * fisher
        out.append(fisher)
    return out


def test_a_fisher_transform_agrees_with_the_endless_one_over_many_restarts():
    market = trend(bars=4000, noise=0.01)
    expected = plain_fisher(market.bars, 10)
    frame = Fisher().compute(market)
    np.testing.assert_allclose(frame["fisher_10"], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(frame["fisher_signal_10"][10:], expected[9:-1], rtol=1e-9, atol=1e-12)


FLAT = {
    "rsi_14": (Rsi(), 50.0),
    "cmo_14": (Cmo(), 0.0),
    "stoch_rsi_k_14_14": (StochRsi(), 50.0),
    "stoch_rsi_d_14_14_3": (StochRsi(), 50.0),
    "stoch_fast_k_14": (Stochastic(), 50.0),
    "stoch_d_14_3_3": (Stochastic(), 50.0),
    "williams_r_14": (WilliamsR(), -50.0),
    "cci_20": (Cci(), 0.0),
    "mfi_14": (Mfi(), 50.0),
    "ultimate_7_14_28": (Ultimate(), 50.0),
    "awesome_5_34": (Awesome(), 0.0),
    "fisher_10": (Fisher(), 0.0),
    "aroon_14": (Aroon(), 0.0),
    "kama_20": (Kama(), 16538.1),
    "zscore_20": (ZScore(), 0.0),
}


@pytest.mark.parametrize("name", FLAT)
def test_flat_prices_give_the_middle_as_documented(name):
    feature_set, expected = FLAT[name]
    column = feature_set.compute(flat_market(feature_set.lookback + 50))[name]
    assert column[feature_set.lookback - 1 :].tolist() == pytest.approx([expected] * 51, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Rsi(spans=1), "at least 2"),
        (lambda: ZScore(spans=(20, 1)), "at least 2"),
        (lambda: Macd(fast=26, slow=12), "fast .26. must be fewer bars than slow .12."),
        (lambda: Awesome(fast=34, slow=34), "must be fewer bars"),
        (lambda: Ultimate(short=14, middle=14), "spans must grow"),
        (lambda: Supertrend(width=0.0), "more than 0"),
        (lambda: FractionalDifference(order=0.0), "more than 0"),
        (lambda: Calendar(funding_hours=5), "wants one of 1, 2, 4, 8"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_an_adaptive_mean_keeps_to_its_own_past_where_bars_are_missing():
    market = trend(bars=9000, noise=0.01)
    kept = np.random.default_rng(1).random(9000) > 0.3
    thinned = fw.Market.single("BTCUSDT", market.bars.rows(np.flatnonzero(kept)))
    column = Kama(spans=10).compute(thinned)["kama_10"]
    import talib

    np.testing.assert_allclose(column, talib.KAMA(thinned.bars.close, 10), rtol=1e-9)
