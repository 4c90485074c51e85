"""Features that see what they may not: each with the mistake by which it happens to people.

A planted feature is a function of the market, a `lookback` that it declares, and what the contract must say of it:
that it reads the future, or that it depends on more of the past than it says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pandas as pd

import fw
from fw.domain.time import DAY, HOUR

Column = Any
FUTURE, PAST = "future", "past"


@attrs.frozen
class Planted:
    """A feature set of one column, `leaky`."""

    of: Callable[[fw.Market], Column]
    lookback: int
    sees: str
    needs: tuple[str, ...] = ("bars",)

    def compute(self, market: fw.Market) -> fw.Frame:
        column = np.asarray(self.of(market), dtype=float)
        return fw.Frame.of({"leaky": column})


CORPUS: dict[str, Planted] = {}


def plant(sees: str = FUTURE, *, lookback: int = 40, needs: tuple[str, ...] = ("bars",)) -> Callable[..., Any]:
    """Put a function into the corpus under its own name, underscores read as blanks."""

    def add(function: Callable[[fw.Market], Column]) -> Callable[[fw.Market], Column]:
        CORPUS[function.__name__.replace("_", " ")] = Planted(function, lookback, sees, needs)
        return function

    return add


def close(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.close)


def day_of(market: fw.Market) -> Any:
    return market.bars.open_time // DAY


def hour_of(market: fw.Market) -> Any:
    return market.bars.open_time // HOUR % 24


# one bar, or a few, too many


@plant()
def the_next_close(market: fw.Market) -> Column:
    return close(market).shift(-1)


@plant()
def the_close_in_five_bars(market: fw.Market) -> Column:
    return close(market).shift(-5)


@plant()
def the_return_to_the_next_open(market: fw.Market) -> Column:
    return pd.Series(market.bars.open).shift(-1) / close(market) - 1


@plant()
def the_sign_of_the_next_return(market: fw.Market) -> Column:
    return np.sign(close(market).shift(-1) - close(market))


@plant()
def a_forward_return_hidden_in_the_last_digits(market: fw.Market) -> Column:
    return close(market) + 1e-9 * (close(market).shift(-1).fillna(0.0) - close(market))


@plant()
def a_return_by_roll_that_wraps_around(market: fw.Market) -> Column:
    prices = market.bars.close
    return prices / np.roll(prices, 1) - 1  # the first bar is compared with the last


@plant()
def a_gradient_by_central_differences(market: fw.Market) -> Column:
    return np.gradient(market.bars.close) if len(market.bars) > 1 else np.full(len(market.bars), np.nan)


@plant()
def one_bar_alone(market: fw.Market) -> Column:
    column = close(market).diff().to_numpy(copy=True)
    if len(column) > 78:
        column[77] = market.bars.close[78]
    return column


@plant()
def only_where_volume_spikes(market: fw.Market) -> Column:
    volume = pd.Series(market.bars.volume)
    spike = volume > volume.rolling(30, min_periods=1).mean() * 1.5
    return close(market).diff().where(~spike, close(market).shift(-1))


@plant()
def only_at_the_end_of_the_data(market: fw.Market) -> Column:
    column = close(market).to_numpy(copy=True)
    column[-3:] = 0.0
    return column


# windows that reach to both sides


@plant()
def a_centred_mean(market: fw.Market) -> Column:
    return close(market).rolling(5, center=True).mean()


@plant()
def a_centred_mean_of_an_even_window(market: fw.Market) -> Column:
    return close(market).rolling(4, center=True).mean()


@plant()
def a_gaussian_smoother(market: fw.Market) -> Column:
    weights = np.exp(-(np.linspace(-2, 2, 9) ** 2))
    return np.convolve(market.bars.close, weights / weights.sum(), mode="same")[: len(market.bars)]


@plant()
def an_average_run_forth_and_back(market: fw.Market) -> Column:
    forth = close(market).ewm(alpha=0.2, adjust=False).mean()
    return forth[::-1].ewm(alpha=0.2, adjust=False).mean()[::-1]


@plant()
def a_pivot_confirmed_by_later_bars(market: fw.Market) -> Column:
    high = pd.Series(market.bars.high)
    return (high == high.rolling(7, center=True, min_periods=1).max()).astype(float)


@plant()
def a_spike_filter_that_asks_the_next_bar(market: fw.Market) -> Column:
    prices = close(market)
    alone = (prices > prices.shift(1)) & (prices > prices.shift(-1))
    return prices.where(~alone, prices.shift(1))


@plant()
def a_low_pass_over_all_frequencies(market: fw.Market) -> Column:
    spectrum = np.fft.rfft(market.bars.close)
    spectrum[len(spectrum) // 8 + 1 :] = 0
    return np.fft.irfft(spectrum, len(market.bars))


# statistics of the whole sample


@plant()
def a_score_by_the_whole_sample(market: fw.Market) -> Column:
    return (close(market) - close(market).mean()) / (close(market).std(ddof=0) or 1.0)


@plant()
def scaled_between_lowest_and_highest(market: fw.Market) -> Column:
    prices = close(market)
    return (prices - prices.min()) / ((prices.max() - prices.min()) or 1.0)


@plant()
def a_rank_in_the_whole_sample(market: fw.Market) -> Column:
    return close(market).rank(pct=True)


@plant()
def bins_by_quantiles_of_the_whole_sample(market: fw.Market) -> Column:
    edges = np.quantile(market.bars.close, [0.2, 0.4, 0.6, 0.8])
    return np.searchsorted(edges, market.bars.close)


@plant()
def outliers_cut_at_percentiles_of_the_whole_sample(market: fw.Market) -> Column:
    change = close(market).pct_change().fillna(0.0)
    return change.clip(*np.percentile(change, [10, 90]))


@plant()
def a_line_fitted_through_everything(market: fw.Market) -> Column:
    at = np.arange(len(market.bars))
    if len(at) < 2:
        return np.zeros(len(at))
    return market.bars.close - np.polyval(np.polyfit(at, market.bars.close, 1), at)


@plant()
def the_first_component_of_everything(market: fw.Market) -> Column:
    table = np.column_stack([market.bars.close, market.bars.volume])
    centred = table - table.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[0] * np.sign(axes[0][0] or 1.0)


@plant()
def divided_by_the_last_price(market: fw.Market) -> Column:
    return market.bars.close / market.bars.close[-1]


@plant()
def gaps_filled_with_the_mean_of_everything(market: fw.Market) -> Column:
    change = close(market).pct_change().where(np.arange(len(market.bars)) % 7 != 3)
    return change.fillna(change.mean())


@plant()
def noise_that_depends_on_the_length(market: fw.Market) -> Column:
    return market.bars.close + np.random.default_rng(len(market.bars)).normal(size=len(market.bars))


# filled from behind


@plant()
def filled_backwards(market: fw.Market) -> Column:
    return close(market).where(np.arange(len(market.bars)) % 6 == 0).bfill()


@plant()
def interpolated_between_known_points(market: fw.Market) -> Column:
    return close(market).where(np.arange(len(market.bars)) % 6 == 0).interpolate()


@plant()
def warm_up_filled_with_the_first_value(market: fw.Market) -> Column:
    return close(market).rolling(10).mean().bfill()


# larger bars before they have closed


@plant()
def the_day_s_close_on_each_of_its_hours(market: fw.Market) -> Column:
    return close(market).groupby(day_of(market)).transform("last")


@plant()
def the_day_s_high_on_each_of_its_hours(market: fw.Market) -> Column:
    return pd.Series(market.bars.high).groupby(day_of(market)).transform("max")


@plant()
def the_day_s_average_price_on_each_of_its_hours(market: fw.Market) -> Column:
    volume, day = pd.Series(market.bars.volume), day_of(market)
    return (close(market) * volume).groupby(day).transform("sum") / volume.groupby(day).transform("sum")


@plant()
def the_share_of_a_day_s_volume(market: fw.Market) -> Column:
    volume = pd.Series(market.bars.volume)
    return volume / volume.groupby(day_of(market)).transform("sum")


@plant()
def a_resampled_bar_under_the_label_of_its_open(market: fw.Market) -> Column:
    times = pd.to_datetime(market.bars.open_time)
    larger = pd.Series(market.bars.close, index=times).resample("4h").last()
    return larger.reindex(times, method="ffill").to_numpy()


# what is published later


@plant(needs=("bars", "funding"))
def the_funding_rate_before_its_stamp(market: fw.Market) -> Column:
    rates = market.funding
    assert rates is not None
    after = np.searchsorted(rates.time, market.bars.close_time, side="right")
    return np.append(rates.value, 0.0)[after]


@plant(needs=("bars", "funding"))
def the_nearest_funding_rate(market: fw.Market) -> Column:
    rates = market.funding
    assert rates is not None
    if not len(rates):
        return np.zeros(len(market.bars))
    distance = np.abs(market.bars.close_time[:, None] - rates.time[None, :])
    return rates.value[distance.argmin(axis=1)]


@plant(needs=("bars", "open_interest"))
def open_interest_without_its_publication_lag(market: fw.Market) -> Column:
    held = market.stamps["open_interest"]  # each value is known five minutes after the moment that it is of
    at = np.searchsorted(held.time, market.bars.close_time, side="right") - 1
    return np.where(at < 0, np.nan, np.append(held.value, np.nan)[at])


@plant(needs=("bars", "long_short"))
def long_short_ratios_joined_on_their_own_times(market: fw.Market) -> Column:
    ratios = market.stamps["long_short"]
    table = pd.Series(ratios["accounts"], index=ratios.time)
    return table.reindex(market.bars.close_time, method="ffill")


@plant(needs=("bars", "taker_ratio"))
def a_taker_ratio_moved_back_by_its_lag(market: fw.Market) -> Column:
    ratio = market.stamps["taker_ratio"]
    at = np.searchsorted(ratio.published - 5 * HOUR // 60, market.bars.close_time, side="right") - 1
    return np.where(at < 0, np.nan, np.append(ratio.value, np.nan)[at])


@plant(needs=("bars", "index"))
def the_index_price_of_the_bar_that_has_just_begun(market: fw.Market) -> Column:
    index = market.stamps["index"]
    at = np.searchsorted(index.time, market.bars.close_time, side="right") - 1  # looked up by its open time
    return market.bars.close / np.append(index["close"], np.nan)[at]


@plant(needs=("bars", "book"))
def the_book_nearest_to_the_close(market: fw.Market) -> Column:
    book = market.stamps["book"]
    if not len(book):
        return np.full(len(market.bars), np.nan)
    distance = np.abs(market.bars.close_time[:, None] - book.time[None, :])
    at = distance.argmin(axis=1)
    return (book["bid_1"] + book["ask_1"])[at]


@plant(needs=("bars", "trades"))
def trades_of_the_bar_after(market: fw.Market) -> Column:
    done = market.stamps["trades"]
    flow = pd.Series(done["bought"] - done["sold"], index=done.time)
    return flow.reindex(market.bars.close_time)


@plant()
def the_other_instrument_s_next_close(market: fw.Market) -> Column:
    return pd.Series(market.of("ETHUSDT").bars.close).shift(-1)


# the target in disguise


@plant()
def the_mean_forward_return_of_its_hour(market: fw.Market) -> Column:
    forward = close(market).shift(-1) / close(market) - 1
    return forward.groupby(hour_of(market)).transform("mean")


@plant()
def the_share_of_rises_after_a_candle_like_this(market: fw.Market) -> Column:
    rose = (market.bars.close > market.bars.open).astype(int)
    after = (close(market).shift(-1) > close(market)).astype(float)
    return after.groupby(rose).transform("mean")


# more of the past than is declared


@plant(PAST, lookback=19)
def a_mean_of_twenty_that_declares_nineteen(market: fw.Market) -> Column:
    return close(market).rolling(20, min_periods=1).mean()


@plant(PAST, lookback=50)
def an_average_that_never_forgets(market: fw.Market) -> Column:
    return close(market).ewm(span=20, adjust=False).mean()


@plant(PAST)
def volume_summed_since_the_beginning(market: fw.Market) -> Column:
    change = np.sign(close(market).diff().fillna(0.0))
    return (change * market.bars.volume).cumsum()


@plant(PAST)
def the_mean_of_all_bars_so_far(market: fw.Market) -> Column:
    return close(market).expanding().mean()


@plant(PAST)
def the_lowest_low_so_far(market: fw.Market) -> Column:
    return market.bars.close - pd.Series(market.bars.low).cummin()


@plant(PAST)
def over_the_first_price(market: fw.Market) -> Column:
    return market.bars.close / market.bars.close[0]


@plant(PAST)
def the_number_of_the_bar(market: fw.Market) -> Column:
    return np.arange(len(market.bars))


@plant(PAST, lookback=30)
def a_running_total_that_remembers_rounding(market: fw.Market) -> Column:
    total = np.concatenate(([0.0], np.cumsum(market.bars.close)))
    first = np.maximum(np.arange(1, len(total)) - 30, 0)
    return (total[1:] - total[first]) / 30


@plant(PAST)
def bars_since_the_last_crash(market: fw.Market) -> Column:
    fell = np.flatnonzero(close(market).pct_change().to_numpy() < -0.008)
    at = np.arange(len(market.bars))
    last = np.searchsorted(fell, at, side="right") - 1
    return np.where(last < 0, at, at - np.append(fell, 0)[last])
