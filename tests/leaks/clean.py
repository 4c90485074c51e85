"""Features that keep the leak contract, written as people write them who have not heard of it.

A clean feature is a function of the market and the `lookback` that its author counts. Those of pandas' running sums,
which remember some rounding, state a `tolerance`; all others are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pandas as pd
from numba import njit
from numpy.lib.stride_tricks import sliding_window_view
from scipy import signal, stats

import fw
from fw.domain.time import DAY, HOUR

ROUNDING = 1e-9


@attrs.frozen
class Clean:
    """A feature set of one column, `clean`."""

    of: Callable[[fw.Market], Any]
    lookback: int
    tolerance: float = 0.0
    needs: tuple[str, ...] = ("bars",)

    def compute(self, market: fw.Market) -> fw.Frame:
        return fw.Frame.of({"clean": np.asarray(self.of(market), dtype=float)})


def close(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.close)


def high(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.high)


def low(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.low)


def opened(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.open)


def volume(market: fw.Market) -> pd.Series:
    return pd.Series(market.bars.volume)


def day_of(market: fw.Market) -> Any:
    return market.bars.open_time // DAY


def windowed(values: Any, span: int, what: Callable[[Any], Any]) -> Any:
    """What a function says of the last `span` values, window by window."""
    out = np.full(len(values), np.nan)
    for row in range(span - 1, len(values)):
        out[row] = what(values[row - span + 1 : row + 1])
    return out


FUNDED, COUNTED = ("bars", "funding"), ("bars", "open_interest")


def highest(market: fw.Market) -> Any:
    if len(market.bars) < 10:
        return np.full(len(market.bars), np.nan)
    return np.append([np.nan] * 9, sliding_window_view(market.bars.high, 10).max(axis=1))


def running(market: fw.Market) -> Any:
    total = np.append(0.0, np.cumsum(market.bars.close))
    means = (total[20:] - total[:-20]) / 20
    return np.append([np.nan] * 19, means)[-len(market.bars) :] if len(means) else np.full(len(market.bars), np.nan)


def forgetting(values: Any, weight: float) -> float:
    """The exponential mean of these values, begun at the first."""
    mean = values[0]
    for value in values[1:]:
        mean += weight * (value - mean)
    return float(mean)


def strength(values: Any) -> float:
    changes = np.diff(values)
    up, down = forgetting(np.maximum(changes, 0.0), 1 / 14), forgetting(np.maximum(-changes, 0.0), 1 / 14)
    return 100 * up / (up + down)


def entropy(signs: Any) -> float:
    shares = np.array([(signs == sign).mean() for sign in (-1, 0, 1)])
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def fractional(order: float, count: int) -> Any:
    return np.cumprod([1.0, *((ago - 1 - order) / ago for ago in range(1, count))])


def yesterday(market: fw.Market) -> Any:
    days = day_of(market)
    last = close(market).groupby(days).last()
    return pd.Series(days).map(lambda day: last.get(day - 1, np.nan))


def larger(market: fw.Market, size: str, ago: int = 0) -> Any:
    """Of each bar the larger bar that had closed by then, or the one so many before it."""
    bars = market.at(size)
    times = market.bars.close_time
    at = np.searchsorted(bars.close_time, times, side="right") - ago
    columns = {name: np.append([np.nan] * (1 + ago), getattr(bars, name)) for name in ("high", "low", "close")}
    return pd.DataFrame({name: column[at + ago] for name, column in columns.items()})


def resampled(market: fw.Market) -> Any:
    """pandas' bars of four hours, each from the moment on at which the next begins."""
    times = pd.to_datetime(market.bars.close_time)
    last = pd.Series(market.bars.close, index=times).resample("4h", closed="right", label="right").last()
    return last[last.index <= times[-1]].reindex(times, method="ffill").where(times >= times[0] + pd.Timedelta("4h"))


def settled(market: fw.Market, what: Callable[[Any, Any], Any], rates: int = 1) -> Any:
    """What is said of the rates settled by the close of each bar, where there are that many."""
    funding = market.funding
    assert funding is not None
    end = np.searchsorted(funding.time, market.bars.close_time, side="right")
    padded = np.append(funding.value, [np.nan] * 3)
    return np.where(end >= rates, what(padded, end), np.nan)


def interest(market: fw.Market) -> Any:
    return market.stamps["open_interest"].last("value", at=market.bars.close_time, within=2 * HOUR)


def beta(market: fw.Market) -> Any:
    both = np.column_stack([market.bars.close, market.of("ETHUSDT").bars.close])

    def slope(window: Any) -> float:
        own, other = np.diff(np.log(window), axis=0).T
        return float(((own - own.mean()) * (other - other.mean())).sum() / ((other - other.mean()) ** 2).sum())

    return windowed(both, 25, slope)


def finite(values: Any, weights: Any) -> Any:
    out = np.full(len(values), np.nan)
    if len(values) >= len(weights):
        parts = [weight * values[len(weights) - 1 - ago : len(values) - ago] for ago, weight in enumerate(weights)]
        out[len(weights) - 1 :] = np.sum(parts, axis=0)
    return out


@njit
def compiled_mean(values: Any, span: int) -> Any:
    out = np.full(len(values), np.nan)
    for bar in range(span - 1, len(values)):
        total = 0.0
        for ago in range(span):
            total += values[bar - ago]
        out[bar] = total / span
    return out


@njit
def compiled_forgetting(values: Any, weight: float, span: int) -> Any:
    out = np.full(len(values), np.nan)
    for bar in range(span - 1, len(values)):
        mean = values[bar - span + 1]
        for ago in range(span - 2, -1, -1):
            mean += weight * (values[bar - ago] - mean)
        out[bar] = mean
    return out


CORPUS: dict[str, Clean] = {
    # moves from bar to bar
    "the close": Clean(lambda m: m.bars.close, 1),
    "a return": Clean(lambda m: close(m).pct_change(), 2),
    "a return over a day": Clean(lambda m: close(m).pct_change(24), 25),
    "a difference": Clean(lambda m: close(m).diff(), 2),
    "a log return": Clean(lambda m: np.log(close(m)).diff(), 2),
    "a log return of a quotient": Clean(lambda m: np.log(close(m) / close(m).shift(5)), 6),
    "the close of yesterday": Clean(lambda m: close(m).shift(24), 25),
    "the sign of a return": Clean(lambda m: np.sign(close(m).diff()), 2),
    "a second difference": Clean(lambda m: close(m).diff().diff(), 3),
    "a clipped return": Clean(lambda m: close(m).pct_change().clip(-0.01, 0.01), 2),
    "a squashed return": Clean(lambda m: (50 * close(m).pct_change()).map(np.tanh), 2),
    "a rounded return": Clean(lambda m: close(m).pct_change().round(3), 2),
    "whether it rose": Clean(lambda m: (close(m) > close(m).shift(1)).astype(float), 2),
    "a return where volume was high": Clean(lambda m: close(m).pct_change().where(volume(m) > 100.0, 0.0), 2),
    "two returns multiplied": Clean(lambda m: close(m).pct_change() * close(m).pct_change().shift(1), 3),
    "a return by numpy's diff": Clean(lambda m: np.diff(m.bars.close, prepend=np.nan), 2),
    "a return by slices": Clean(
        lambda m: np.append([np.nan] * 3, m.bars.close[3:] / m.bars.close[:-3])[: len(m.bars)], 4
    ),
    "a return by roll with its first bar blanked": Clean(
        lambda m: np.where(np.arange(len(m.bars)) < 1, np.nan, m.bars.close / np.roll(m.bars.close, 1)), 2
    ),
    # the shape of a bar
    "the range": Clean(lambda m: m.bars.high - m.bars.low, 1),
    "the range as a share": Clean(lambda m: (m.bars.high - m.bars.low) / m.bars.close, 1),
    "the body": Clean(lambda m: m.bars.close - m.bars.open, 1),
    "the upper wick": Clean(lambda m: m.bars.high - np.maximum(m.bars.open, m.bars.close), 1),
    "the lower wick": Clean(lambda m: np.minimum(m.bars.open, m.bars.close) - m.bars.low, 1),
    "the typical price": Clean(lambda m: (m.bars.high + m.bars.low + m.bars.close) / 3, 1),
    "the place of the close": Clean(
        lambda m: (m.bars.close - m.bars.low) / np.maximum(m.bars.high - m.bars.low, 0.1), 1
    ),
    "the gap at the open": Clean(lambda m: opened(m) / close(m).shift(1) - 1, 2),
    "the true range": Clean(
        lambda m: pd.concat(
            [high(m) - low(m), (high(m) - close(m).shift()).abs(), (low(m) - close(m).shift()).abs()], axis=1
        ).max(axis=1, skipna=False),
        2,
    ),
    "an inside bar": Clean(lambda m: ((high(m) < high(m).shift()) & (low(m) > low(m).shift())).astype(float), 2),
    "an engulfing bar": Clean(lambda m: ((high(m) > high(m).shift()) & (low(m) < low(m).shift())).astype(float), 2),
    # extremes, ranks and counts of a window: nothing in them is rounded
    "the highest high": Clean(lambda m: high(m).rolling(20).max(), 20),
    "the lowest low": Clean(lambda m: low(m).rolling(20).min(), 20),
    "the middle of a channel": Clean(lambda m: (high(m).rolling(20).max() + low(m).rolling(20).min()) / 2, 20),
    "the distance from the highest high": Clean(lambda m: close(m) / high(m).rolling(30).max() - 1, 30),
    "the place in a channel": Clean(
        lambda m: (close(m) - low(m).rolling(14).min()) / (high(m).rolling(14).max() - low(m).rolling(14).min()), 14
    ),
    "a break out of the channel before": Clean(
        lambda m: (close(m) > high(m).rolling(20).max().shift(1)).astype(float), 21
    ),
    "the highest high by early periods": Clean(lambda m: high(m).rolling(20, min_periods=1).max(), 20),
    "a median": Clean(lambda m: close(m).rolling(21).median(), 21),
    "a median of volumes": Clean(lambda m: volume(m).rolling(12).median(), 12),
    "a quantile": Clean(lambda m: close(m).rolling(40).quantile(0.9), 40),
    "the distance of two quantiles": Clean(
        lambda m: close(m).rolling(24).quantile(0.75) - close(m).rolling(24).quantile(0.25), 24
    ),
    "a rank in its window": Clean(lambda m: close(m).rolling(48).rank(pct=True), 48),
    "a rank of volumes in their window": Clean(lambda m: volume(m).rolling(24).rank(), 24),
    "the highest by windows": Clean(highest, 10),
    "bars since the highest": Clean(lambda m: high(m).rolling(25).apply(lambda w: 24 - np.argmax(w), raw=True), 25),
    "bars since the lowest": Clean(lambda m: windowed(m.bars.low, 25, lambda w: 24 - int(np.argmin(w))), 25),
    "rises in a window": Clean(lambda m: (close(m).diff() > 0).astype(float).rolling(10).sum(), 11),
    "new highs in a window": Clean(lambda m: (high(m) > high(m).shift(1)).rolling(12).sum(), 13),
    "rises without a break": Clean(
        lambda m: windowed(m.bars.close, 12, lambda w: int(np.argmin(np.append(np.diff(w)[::-1] > 0, False)))), 12
    ),
    "crossings of the median": Clean(
        lambda m: windowed(m.bars.close, 30, lambda w: int(np.abs(np.diff(np.sign(w - np.median(w)))).sum())), 30
    ),
    # sums of a window, each from its own values
    "a mean of shifted closes": Clean(lambda m: sum(close(m).shift(k) for k in range(5)) / 5, 5),
    "a mean by windows": Clean(lambda m: windowed(m.bars.close, 20, np.mean), 20),
    "a mean by apply": Clean(lambda m: close(m).rolling(20).apply(np.mean, raw=True), 20),
    "a deviation by windows": Clean(lambda m: windowed(m.bars.close, 20, np.std), 20),
    "a score by windows": Clean(lambda m: windowed(m.bars.close, 20, lambda w: (w[-1] - w.mean()) / w.std()), 20),
    "a volatility of log returns": Clean(lambda m: windowed(np.log(m.bars.close), 25, lambda w: np.diff(w).std()), 25),
    "a skew by windows": Clean(lambda m: windowed(m.bars.close, 30, lambda w: ((w - w.mean()) ** 3).mean()), 30),
    "a slope by polyfit": Clean(lambda m: windowed(m.bars.close, 12, lambda w: np.polyfit(np.arange(12), w, 1)[0]), 12),
    "an autocorrelation by windows": Clean(
        lambda m: windowed(m.bars.close, 26, lambda w: np.corrcoef(np.diff(w)[1:], np.diff(w)[:-1])[0, 1]), 26
    ),
    "a weighted mean": Clean(
        lambda m: windowed(m.bars.close, 10, lambda w: np.average(w, weights=np.arange(1, 11))), 10
    ),
    "a mean weighted with volume": Clean(
        lambda m: windowed(
            np.column_stack([m.bars.close, m.bars.volume]), 24, lambda w: np.average(w[:, 0], weights=w[:, 1])
        ),
        24,
    ),
    "a trimmed mean": Clean(lambda m: windowed(m.bars.close, 15, lambda w: np.sort(w)[2:-2].mean()), 15),
    "a median distance from the median": Clean(
        lambda m: windowed(m.bars.close, 21, lambda w: np.median(np.abs(w - np.median(w)))), 21
    ),
    "an efficiency ratio": Clean(
        lambda m: windowed(m.bars.close, 11, lambda w: abs(w[-1] - w[0]) / np.abs(np.diff(w)).sum()), 11
    ),
    "a drawdown in its window": Clean(lambda m: windowed(m.bars.close, 48, lambda w: w[-1] / w.max() - 1), 48),
    "the deepest drawdown of its window": Clean(
        lambda m: windowed(m.bars.close, 30, lambda w: (w / np.maximum.accumulate(w) - 1).min()), 30
    ),
    "the entropy of signs": Clean(
        lambda m: windowed(np.sign(np.diff(m.bars.close, prepend=np.nan)), 20, lambda w: entropy(w[1:])), 20
    ),
    "a fractional difference with a fixed window": Clean(
        lambda m: windowed(np.log(m.bars.close), 30, lambda w: float((w[::-1] * fractional(0.4, 30)).sum())), 30
    ),
    "a principal axis of its window": Clean(
        lambda m: windowed(
            np.column_stack([m.bars.close, m.bars.volume]), 20, lambda w: abs(np.linalg.svd(w - w.mean(0))[2][0, 0])
        ),
        20,
    ),
    # pandas' running sums: clean but for what they remember of rounding, and so they say
    "pandas' mean": Clean(lambda m: close(m).rolling(20).mean(), 20, ROUNDING),
    "pandas' sum of volumes": Clean(lambda m: volume(m).rolling(24).sum(), 24, ROUNDING),
    "pandas' deviation": Clean(lambda m: close(m).rolling(20).std(), 20, 1e-6),
    "pandas' bands": Clean(lambda m: close(m).rolling(20).mean() + 2 * close(m).rolling(20).std(), 20, 1e-6),
    "pandas' score": Clean(lambda m: (close(m) - close(m).rolling(30).mean()) / close(m).rolling(30).std(), 30, 1e-6),
    "pandas' crossing of means": Clean(
        lambda m: close(m).rolling(5).mean() - close(m).rolling(20).mean(), 20, ROUNDING
    ),
    "pandas' correlation with volume": Clean(lambda m: close(m).diff().rolling(24).corr(volume(m)), 25, 1e-6),
    "pandas' skew": Clean(lambda m: close(m).pct_change().rolling(30).skew(), 31, 1e-6),
    "a mean by a running total": Clean(running, 20, ROUNDING),
    # what forgets slowly, begun anew in each window
    "an exponential mean of its window": Clean(lambda m: windowed(m.bars.close, 50, lambda w: forgetting(w, 0.1)), 50),
    "an exponential volatility of its window": Clean(
        lambda m: windowed(np.diff(np.log(m.bars.close), prepend=np.nan), 40, lambda w: forgetting(w[1:] ** 2, 0.06)),
        40,
    ),
    "RSI of its window": Clean(lambda m: windowed(m.bars.close, 57, strength), 57),
    "MACD of its window": Clean(
        lambda m: windowed(m.bars.close, 60, lambda w: forgetting(w, 2 / 13) - forgetting(w, 2 / 27)), 60
    ),
    "pandas' ewm of its window": Clean(
        lambda m: close(m).rolling(12).apply(lambda w: pd.Series(w).ewm(span=5).mean().iloc[-1], raw=True), 12
    ),
    "an average true range of its window": Clean(
        lambda m: windowed(
            np.column_stack([m.bars.high, m.bars.low]), 30, lambda w: forgetting(w[:, 0] - w[:, 1], 1 / 14)
        ),
        30,
    ),
    # since the day began, which is at most a day ago
    "the day's high so far": Clean(lambda m: high(m).groupby(day_of(m)).cummax(), 24),
    "the day's low so far": Clean(lambda m: low(m).groupby(day_of(m)).cummin(), 24),
    "the day's volume so far": Clean(lambda m: volume(m).groupby(day_of(m)).cumsum(), 24),
    "the return since the day began": Clean(
        lambda m: close(m) / opened(m).groupby(day_of(m)).transform("first") - 1, 24
    ),
    "the number of the hour": Clean(lambda m: close(m).groupby(day_of(m)).cumcount(), 24),
    "the day's average price so far": Clean(
        lambda m: (close(m) * volume(m)).groupby(day_of(m)).cumsum() / volume(m).groupby(day_of(m)).cumsum(), 24
    ),
    "yesterday's close": Clean(yesterday, 48),
    # the clock
    "the hour": Clean(lambda m: m.bars.open_time // HOUR % 24, 1),
    "the weekday": Clean(lambda m: (m.bars.open_time // DAY + 3) % 7, 1),
    "a weekend": Clean(lambda m: (m.bars.close_time // DAY + 3) % 7 >= 5, 1),
    "the day of the month": Clean(lambda m: pd.to_datetime(m.bars.close_time).day, 1),
    "the hour on a face": Clean(
        lambda m: pd.Series(m.bars.open_time // HOUR % 24).map(lambda h: np.sin(h * np.pi / 12)), 1
    ),
    "hours until the next settlement": Clean(lambda m: 8 - m.bars.close_time // HOUR % 8, 1),
    "the session of New York": Clean(
        lambda m: pd.Series(m.bars.open_time // HOUR % 24).between(13, 21).astype(float), 1
    ),
    # larger bars, when they have closed
    "the last closed bar of four hours": Clean(lambda m: larger(m, "4h").close, 8),
    "the range of the last closed bar of four hours": Clean(lambda m: larger(m, "4h").high - larger(m, "4h").low, 8),
    "the return of two closed bars of four hours": Clean(
        lambda m: larger(m, "4h").close / larger(m, "4h", 1).close - 1, 12
    ),
    "the close of the last closed day": Clean(lambda m: larger(m, "1d").close, 48),
    "a resampled bar when the next has begun": Clean(resampled, 8),
    # what is published, from its publication on
    "the funding rate": Clean(lambda m: m.funding.last("value", at=m.bars.close_time, within=DAY), 24, 0.0, FUNDED),
    "the last funding rate by searchsorted": Clean(
        lambda m: settled(m, lambda rates, end: rates[end - 1]), 9, 0.0, FUNDED
    ),
    "the change of the funding rate": Clean(
        lambda m: settled(m, lambda rates, end: rates[end - 1] - rates[end - 2], 2), 17, 0.0, FUNDED
    ),
    "funding summed over a day": Clean(
        lambda m: settled(m, lambda rates, end: (rates[end - 1] + rates[end - 2]) + rates[end - 3], 3), 25, 0.0, FUNDED
    ),
    "open interest": Clean(
        lambda m: m.stamps["open_interest"].last("value", at=m.bars.close_time, within=2 * HOUR), 2, 0.0, COUNTED
    ),
    "the growth of open interest": Clean(lambda m: pd.Series(interest(m)).pct_change(6), 8, 0.0, COUNTED),
    "the premium over the mark price": Clean(lambda m: m.bars.close / m.mark.close - 1, 1, 0.0, ("bars", "mark")),
    "the share of takers who buy": Clean(lambda m: m.bars.extra["taker_buy_volume"] / m.bars.volume, 1),
    "the size of a trade": Clean(lambda m: m.bars.volume / m.bars.extra["trades"], 1),
    # the other instrument
    "the other's return": Clean(lambda m: pd.Series(m.of("ETHUSDT").bars.close).pct_change(), 2),
    "the spread to the other": Clean(lambda m: np.log(m.bars.close / m.of("ETHUSDT").bars.close), 1),
    "the other's return of the hour before": Clean(
        lambda m: pd.Series(m.of("ETHUSDT").bars.close).pct_change().shift(1), 3
    ),
    "who rose more": Clean(
        lambda m: (close(m).pct_change(8) > pd.Series(m.of("ETHUSDT").bars.close).pct_change(8)).astype(float), 9
    ),
    "the beta to the other": Clean(beta, 25),
    # scipy and compiled loops
    "a rank correlation with time": Clean(
        lambda m: windowed(m.bars.close, 16, lambda w: stats.spearmanr(np.arange(16), w).statistic), 16
    ),
    "a line by scipy": Clean(
        lambda m: windowed(m.bars.close, 14, lambda w: stats.linregress(np.arange(14), w).slope), 14
    ),
    "the excess of its window": Clean(lambda m: windowed(m.bars.close, 40, stats.kurtosis), 40),
    "a smoother that looks back": Clean(
        lambda m: windowed(m.bars.close, 11, lambda w: float(signal.savgol_coeffs(11, 2, pos=10, use="dot") @ w)), 11
    ),
    "a filter begun anew in its window": Clean(
        lambda m: windowed(m.bars.close, 45, lambda w: signal.lfilter([0.2], [1, -0.8], w - w[0])[-1]), 45
    ),
    "a filter of finite response": Clean(lambda m: finite(m.bars.close, np.array([0.4, 0.3, 0.2, 0.1])), 4),
    "the last peak of its window": Clean(
        lambda m: windowed(m.bars.high, 30, lambda w: 29 - max(signal.find_peaks(w)[0], default=-1)), 30
    ),
    "a mean by a compiled loop": Clean(lambda m: compiled_mean(m.bars.close, 18), 18),
    "an exponential mean by a compiled loop": Clean(lambda m: compiled_forgetting(m.bars.close, 0.15, 60), 60),
}
