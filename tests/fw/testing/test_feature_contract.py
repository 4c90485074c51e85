"""The leak contract finds every planted leak, says which it is and where, and leaves clean sets alone."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import fw
from fw.domain.time import HOUR
from fw.engine.leaks import ALONE, FUTURE, PAST
from fw.testing import Leak, check_features, feature_contract
from fw.testing.markets import funding_spike, gap, trend


@attrs.frozen
class Planted:
    """A feature set made of one function of the market."""

    column: object
    lookback: int = 3
    needs: tuple[str, ...] = ("bars",)

    def compute(self, market: fw.Market) -> fw.Frame:
        return fw.Frame.of({"planted": np.asarray(self.column(market), dtype=np.float64)})


def shifted(values, bars):
    """Values moved `bars` later, NaN where none are."""
    out = np.full(len(values), np.nan)
    if len(values) <= abs(bars):
        return out
    if bars >= 0:
        out[bars:] = values[: len(values) - bars]
    else:
        out[:bars] = values[-bars:]
    return out


def peek(market):
    return shifted(market.bars.close, -1)


def centred_window(market):
    close = market.bars.close
    return (shifted(close, 1) + close + shifted(close, -1)) / 3


def scaled_by_the_whole_sample(market):
    close = market.bars.close
    return (close - close.mean()) / (close.std() + 1e-12)


def larger_bar_by_open_time(market):
    larger = market.at("4h")
    row = np.searchsorted(larger.open_time, market.bars.open_time, side="right") - 1
    return np.where(row >= 0, np.append(larger.close, np.nan)[row], np.nan)


def larger_bar_once_closed(market):
    larger = market.at("4h")
    row = np.searchsorted(larger.close_time, market.bars.close_time, side="right") - 1
    return np.where(row >= 0, np.append(larger.close, np.nan)[row], np.nan)


def funding_stamped_early(market):
    row = np.searchsorted(market.funding.time - 8 * HOUR, market.bars.close_time, side="right") - 1
    return np.where(row >= 0, np.append(market.funding.value, np.nan)[row], np.nan)


def funding_once_settled(market):
    row = np.searchsorted(market.funding.time, market.bars.close_time, side="right") - 1
    return np.where(row >= 0, np.append(market.funding.value, np.nan)[row], np.nan)


def filled_backwards(market):
    close = market.bars.close.copy()
    close[::2] = np.append(close[1::2], np.nan)[: len(close[::2])]
    return close


@pytest.mark.parametrize(
    ("column", "lookback"),
    [
        (peek, 3),
        (centred_window, 3),
        (scaled_by_the_whole_sample, 50),
        (larger_bar_by_open_time, 8),
        (funding_stamped_early, 10),
        (filled_backwards, 3),
    ],
)
def test_a_feature_that_reads_the_future_is_caught_and_called_so(column, lookback):
    (leak,) = feature_contract(Planted(column, lookback), trend(bars=120))
    assert (leak.column, leak.reason) == ("planted", FUTURE)


def running_total(market):
    return np.cumsum(market.bars.volume)


def momentum_of_ten(market):
    return market.bars.close - shifted(market.bars.close, 10)


def smoothed_for_ever(market):
    mean = market.bars.close.copy()
    for bar in range(1, len(mean)):
        mean[bar] = mean[bar - 1] + 0.1 * (mean[bar] - mean[bar - 1])
    return mean


@pytest.mark.parametrize("column", [running_total, momentum_of_ten, smoothed_for_ever])
def test_a_lookback_shorter_than_the_truth_is_caught_and_called_so(column):
    (leak,) = feature_contract(Planted(column, lookback=10), trend(bars=120))
    assert (leak.column, leak.reason) == ("planted", PAST)


@pytest.mark.parametrize(
    ("column", "lookback"),
    [(larger_bar_once_closed, 8), (funding_once_settled, 8), (momentum_of_ten, 11)],
)
def test_clean_features_have_no_leak(column, lookback):
    assert feature_contract(Planted(column, lookback), trend(bars=120)) == []
    assert feature_contract(Planted(column, lookback), funding_spike(bars=120)) == []


def test_a_peek_at_a_single_bar_far_into_the_stretch_is_caught():
    def one_peek(market):
        close = market.bars.close.copy()
        if len(close) > 171:
            close[170] = close[171]
        return close

    (leak,) = feature_contract(Planted(one_peek), trend(bars=200))
    market = trend(bars=200)
    assert leak == Leak(
        column="planted",
        time=int(market.bars.close_time[170]),
        whole=float(market.bars.close[171]),
        live=float(market.bars.close[170]),
        bars=1,
        tested=200,
        reason=FUTURE,
    )


def test_a_peek_before_the_lookback_is_full_is_caught():
    def early_peek(market):
        close = market.bars.close.copy()
        close[2] = close[min(3, len(close) - 1)] if len(close) > 2 else 0.0
        return close

    early = Planted(lambda market: early_peek(market) if len(market.bars) > 2 else market.bars.close, lookback=50)
    leaks = feature_contract(early, trend(bars=60))
    assert [(leak.bars, leak.reason) for leak in leaks] == [(1, FUTURE)]


def test_a_leak_says_column_time_and_both_values():
    text = str(feature_contract(Planted(peek), trend(bars=20))[0])
    market = trend(bars=20)
    assert text.startswith("planted at 2024-01-01 01:00 UTC is ")
    assert repr(float(market.bars.close[1])) in text
    assert "20 of 20 bars" not in text
    assert "19 of 20 bars" in text


def test_a_declared_tolerance_lets_small_differences_pass():
    leaky = Planted(smoothed_for_ever, lookback=100)
    market = trend(bars=300)
    assert feature_contract(leaky, market) != []
    assert feature_contract(leaky, market, tolerance=10.0) == []


def test_each_leaking_column_is_named_and_the_clean_ones_are_not():
    class Two:
        needs = ("bars",)
        lookback = 2

        def compute(self, market):
            return fw.Frame.of({"clean": market.bars.close - market.bars.open, "leaky": peek(market)})

    assert [leak.column for leak in feature_contract(Two(), gap(bars=100))] == ["leaky"]


def test_another_instruments_future_is_caught():
    def other(market):
        return shifted(market.of("ETHUSDT").bars.close, -1)

    (leak,) = feature_contract(Planted(other), trend(("BTCUSDT", "ETHUSDT"), bars=50))
    assert leak.reason == FUTURE


def test_a_column_with_rows_left_out_breaks_the_contract():
    with pytest.raises(AssertionError, match="one row for every bar"):
        feature_contract(Planted(lambda market: market.bars.close[1:]), trend(bars=20))


def test_a_set_that_fails_on_few_bars_breaks_the_contract():
    with pytest.raises(AssertionError, match="fails with 1 bars at hand"):
        feature_contract(Planted(lambda market: market.bars.close * market.bars.close[1]), trend(bars=20))


def test_a_set_whose_columns_come_and_go_breaks_the_contract():
    class Moody:
        needs = ("bars",)
        lookback = 2

        def compute(self, market):
            name = "long" if len(market.bars) > 10 else "short"
            return fw.Frame.of({name: market.bars.close})

    with pytest.raises(AssertionError, match="always gives the same columns"):
        feature_contract(Moody(), trend(bars=20))


def test_the_suite_for_features_passes_a_clean_set_and_fails_a_leaky_one():
    check_features(Planted(lambda market: market.bars.close - market.bars.open, lookback=1), bars=60)
    with pytest.raises(AssertionError, match="breaks the leak contract on the market 'trend'"):
        check_features(Planted(peek), bars=60)


def test_the_suite_for_features_fails_a_hole_after_the_start_up():
    with pytest.raises(AssertionError, match="models and strategies would be blind"):
        check_features(Planted(lambda market: np.where(market.bars.close < 40_000, np.nan, 1.0)), bars=60)


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("fundng", r"needs names 'fundng'; did you mean 'funding'\?"),
        ("books.bid_1", r"needs names 'books.bid_1'; did you mean 'book'\?"),
        ("book.bid_77", "needs names 'book.bid_77', and the book of this test's markets has no such column"),
    ],
)
def test_the_suite_for_features_fails_a_need_that_is_misspelt(need, words):
    with pytest.raises(AssertionError, match=words):
        check_features(Planted(lambda market: market.bars.close, needs=("bars", need)), bars=20)


def test_a_kind_of_data_of_ones_own_is_made_up_and_published_late():
    def wind(market):
        return market.stamps["weather"].last("wind", at=market.bars.close_time, within=2 * HOUR)

    def wind_at_once(market):
        weather = market.stamps["weather"]
        return np.append(weather["wind"], np.nan)[
            np.searchsorted(weather.time, market.bars.close_time, side="right") - 1
        ]

    needs = ("bars", "weather.wind")
    check_features(Planted(lambda market: np.nan_to_num(wind(market)), lookback=3, needs=needs), bars=40)
    with pytest.raises(AssertionError, match="reads what was not known yet"):
        check_features(Planted(wind_at_once, needs=needs), bars=40)


@attrs.frozen
class Written:
    """A set that writes one column by a function of the market, the first row wanted and the room for it."""

    write: object
    lookback: int = 3
    needs: tuple[str, ...] = ("bars",)
    columns: tuple[str, ...] = ("written",)

    def writer(self):
        return lambda market, first, out: self.write(market, first, out[0])

    def compute(self, market: fw.Market) -> fw.Frame:
        out = np.empty((1, len(market.bars)))
        self.writer()(market, 0, out)
        return fw.Frame.of_rows(self.columns, out)


def mean_of_three(market, first, out):
    out[first:] = ((market.bars.close + shifted(market.bars.close, 1)) + shifted(market.bars.close, 2))[first:] / 3


def mean_so_far(market, first, out):
    out[first:] = (np.cumsum(market.bars.close) / np.arange(1, len(out) + 1))[first:]


def mean_of_the_rows_that_are_wanted(market, first, out):
    out[first:] = np.cumsum(market.bars.close[first:]) / np.arange(1, len(out) - first + 1)


def only_whole_histories(market, first, out):
    if first == 0:
        mean_of_three(market, first, out)


def mean_of_three_centred(market, first, out):
    out[first:] = centred_window(market)[first:]


def test_a_writer_that_leaves_earlier_rows_alone_is_clean():
    assert feature_contract(Written(mean_of_three), trend(bars=40)) == []


@pytest.mark.parametrize(
    ("write", "reason"),
    [(mean_of_three_centred, FUTURE), (mean_so_far, PAST), (mean_of_the_rows_that_are_wanted, ALONE)],
)
def test_what_a_writer_peeks_at_or_remembers_is_found(write, reason):
    (leak,) = feature_contract(Written(write), trend(bars=40))
    assert leak.reason == reason


def test_a_newest_row_that_is_not_written_is_told():
    with pytest.raises(AssertionError, match="leaves the newest row of written unwritten"):
        feature_contract(Written(only_whole_histories), trend(bars=40))
