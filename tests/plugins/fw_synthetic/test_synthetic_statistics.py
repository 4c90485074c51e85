"""The made-up market has the habits of real ones; each range is stated, and real candles lie in it too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from fw.domain.market import Market
from fw.domain.time import HOUR, WEEK, YEAR

Made = Callable[..., Market]
Column = NDArray[np.float64]


@pytest.fixture(scope="module")
def decade(made: Made) -> Market:
    """Ten years of hours of two instruments."""
    return made("BTCUSDT", "ETHUSDT", start="2014-01-06", end="2024-01-01")


@pytest.fixture(scope="module")
def real_hours(real_data: Path) -> pd.DataFrame:
    frame = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet").set_index("timestamp")
    return frame.loc["2020":]


def returns(close: Column) -> Column:
    return np.diff(np.log(close))


def remembered(values: Column, lag: int) -> float:
    """Autocorrelation."""
    return float(stats.pearsonr(values[:-lag], values[lag:]).statistic)


# each habit: the lowest and highest an hour of bitcoin may show
EXCESS_KURTOSIS = (5.0, 100.0)
CLUSTERING = {1: (0.12, 0.45), 24: (0.05, 0.35), 168: (0.02, 0.3)}  # autocorrelation of |return|
WEEKEND_VOLATILITY = (0.5, 0.9)  # of the volatility of weekdays
BUSIEST_HOURS = {13, 14, 15, 16, 17}
QUIET_TO_BUSY = (0.3, 0.8)  # volume of the quietest hour of the day over the busiest


def check_habits(hour_of_week: NDArray[np.int64], close: Column, volume: Column) -> None:
    moves = returns(close)
    hours = hour_of_week[1:]
    low, high = EXCESS_KURTOSIS
    assert low < stats.kurtosis(moves) < high
    for lag, (low, high) in CLUSTERING.items():
        assert low < remembered(np.abs(moves), lag) < high, lag
    assert remembered(moves**2, 1) > 0.02
    assert abs(remembered(moves, 1)) < 0.05  # returns themselves are hardly remembered
    weekend = hours >= 120
    low, high = WEEKEND_VOLATILITY
    assert low < moves[weekend].std() / moves[~weekend].std() < high
    by_hour = np.array([np.median(volume[hour_of_week % 24 == hour]) for hour in range(24)])
    assert int(by_hour.argmax()) in BUSIEST_HOURS
    low, high = QUIET_TO_BUSY
    assert low < by_hour.min() / by_hour.max() < high
    assert stats.spearmanr(np.abs(moves), volume[1:]).statistic > 0.3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_up_hours_have_the_habits_of_real_ones(made: Made, seed: int) -> None:
    bars = made(start="2018-01-01", end="2024-01-01", seed=seed).bars
    check_habits((bars.open_time - bars.size.origin - 4 * 24 * HOUR) % WEEK // HOUR, bars.close, bars.volume)


def test_real_hours_lie_in_the_same_ranges(real_hours: pd.DataFrame) -> None:
    index = pd.DatetimeIndex(real_hours.index)
    hour_of_week = (index.day_of_week * 24 + index.hour).to_numpy()
    check_habits(hour_of_week, real_hours["close"].to_numpy(), real_hours["volume"].to_numpy())


@pytest.mark.parametrize("bar", ["15m", "1h", "4h", "1d"])
def test_volatility_is_what_was_asked_for_at_every_bar_size(made: Made, bar: str) -> None:
    for wanted in (0.3, 0.9):
        bars = made(bar=bar, start="2004-01-05", end="2024-01-01", volatility=wanted, needs=("bars",)).bars
        found = returns(bars.close).std() * np.sqrt(YEAR / bars.size.ns)
        assert 0.85 * wanted < found < 1.15 * wanted


def test_the_drift_is_what_was_asked_for(made: Made) -> None:
    """Two markets that differ in nothing but the drift part by it exactly."""
    ends = [made(bar="1d", start="2022-01-03", end="2023-01-02", drift=d, price=1e6).bars.close for d in (0.0, 0.5)]
    assert np.log(ends[1][-1] / ends[0][-1]) == pytest.approx(0.5 * 371 / 365, abs=0.001)


@pytest.mark.parametrize("wanted", [0.0, 0.4, 0.7, 1.0])
def test_instruments_move_together_as_much_as_asked_for(made: Made, wanted: float) -> None:
    for bar, tolerance in (("15m", 0.07), ("1h", 0.07), ("1d", 0.12)):
        market = made("BTCUSDT", "ETHUSDT", bar=bar, start="2018-01-01", end="2024-01-01", correlation=wanted)
        pair = [returns(market.of(symbol).bars.close) for symbol in market.instruments]
        assert stats.pearsonr(*pair).statistic == pytest.approx(wanted, abs=tolerance)


def test_tails_are_fatter_than_the_normals(decade: Market) -> None:
    moves = stats.zscore(returns(decade.bars.close))
    assert (np.abs(moves) > 4).mean() > 20 * 2 * stats.norm.sf(4)
    assert stats.jarque_bera(moves).pvalue < 1e-10


def test_jumps_are_as_many_as_asked_for(made: Made) -> None:
    """Among minutes a jump of two percent stands out by far, where nothing else moves."""
    moves = returns(made(bar="1m", start="2022-01-03", end="2022-07-04", volatility=0.01, jumps=60.0).bars.close)
    found = int((np.abs(moves) > 0.002).sum())
    # half a year of sixty a year, of which about one in thirteen is too small to be seen
    assert stats.poisson.interval(0.999, 30 * 0.92)[0] <= found <= stats.poisson.interval(0.999, 30 * 0.92)[1]


def test_funding_follows_the_basis(decade: Market) -> None:
    assert decade.mark is not None
    assert decade.funding is not None
    basis = decade.bars.close / decade.mark.close - 1.0
    first = int(np.searchsorted(decade.funding.time, decade.bars.close_time[7]))
    times, rates = decade.funding.time[first:], decade.funding.value[first:]
    ends = np.searchsorted(decade.bars.open_time, times)
    mean = np.array([basis[end - 8 : end].mean() for end in ends])  # of the eight hours that it settles
    assert stats.pearsonr(mean, rates).statistic > 0.7
    assert stats.spearmanr(mean, rates).statistic > 0.7


def test_funding_is_mostly_one_basis_point_and_never_beyond_its_cap(decade: Market, real_data: Path) -> None:
    assert decade.funding is not None
    real = pd.read_parquet(real_data / "btcusdt_perp_funding_8h_2019-09_2024-12.parquet")["funding_rate"].to_numpy()
    for rates in (decade.funding.value, real):
        assert np.median(rates) == pytest.approx(1e-4)
        assert 0.2 < (np.abs(rates - 1e-4) < 1e-9).mean() < 0.8
        assert np.abs(rates).max() <= 3e-3
        assert (rates < 0).mean() > 0.02
        assert remembered(rates, 1) > 0.3


def test_marks_stay_near_the_last_price(decade: Market) -> None:
    assert decade.mark is not None
    apart = np.abs(decade.mark.close / decade.bars.close - 1.0)
    assert 1e-5 < np.median(apart) < 5e-4
    assert apart.max() < 3e-3


def test_open_interest_moves_slowly_around_its_usual_size(decade: Market) -> None:
    held = np.log(decade.stamps["open_interest"].value)
    assert remembered(held, 24) > 0.95
    assert 0.1 < held.std() < 0.4


def test_a_bar_reaches_as_far_beyond_its_ends_as_a_random_walk(decade: Market) -> None:
    """The mean range of a Brownian path is twice the mean size of its move (Feller 1951)."""
    bars = decade.bars
    calm = np.abs(np.log(bars.close / bars.open)) < 0.015  # without jumps
    reach = np.log(bars.high / bars.low)[calm].mean() / np.abs(np.log(bars.close / bars.open))[calm].mean()
    assert 1.7 < reach < 2.4
