"""Sets that look at other instruments say what pandas says, bar beside bar, and keep the leak contract."""

from __future__ import annotations

import attrs
import numpy as np
import pandas as pd
import pytest

import fw
from fw.testing import feature_contract
from fw.testing.markets import MARKETS, trend
from fw_features.cross import Against, Rank

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def of_closes(**closes):
    """Bars at these closes, by symbol; the first is in focus."""
    hour = fw.BarSize.parse("1h")
    series = {}
    for symbol, close in closes.items():
        times = hour.ns * np.arange(400_000, 400_000 + len(close))
        prices = dict.fromkeys(("open", "high", "low", "close", "volume"), np.asarray(close, dtype=float))
        series[symbol] = fw.Series(bars=fw.Bars(size=hour, open_time=times, **prices))
    return fw.Market(series=series, focus=next(iter(closes)))


def test_beta_and_correlation_are_those_of_log_returns():
    market = trend(SYMBOLS, bars=2000, noise=0.01)
    own, other = (np.log(pd.Series(market.of(symbol).bars.close)).diff() for symbol in ("BTCUSDT", "ETHUSDT"))
    frame = Against(to="ETHUSDT", spans=(5, 48)).compute(market)
    for span in (5, 48):
        beta = own.rolling(span).cov(other) / other.rolling(span).var()
        np.testing.assert_allclose(frame[f"beta_ethusdt_{span}"], beta, rtol=1e-8, atol=1e-8)
        correlation = own.rolling(span).corr(other)
        np.testing.assert_allclose(frame[f"correlation_ethusdt_{span}"], correlation, rtol=1e-8, atol=1e-8)


def test_the_spread_is_the_log_ratio_less_its_mean_and_scored_by_its_deviation():
    market = trend(SYMBOLS, bars=500)
    ratio = pd.Series(np.log(market.bars.close / market.of("SOLUSDT").bars.close))
    apart = ratio - ratio.rolling(48).mean()
    frame = Against(to="SOLUSDT").compute(market)
    np.testing.assert_allclose(frame["spread_solusdt_48"], apart, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(frame["spread_z_solusdt_48"], apart / ratio.rolling(48).std(), rtol=1e-6, atol=1e-7)


def test_an_instrument_moves_as_itself():
    frame = Against(to="BTCUSDT", spans=(5,)).compute(trend(SYMBOLS, bars=200))
    assert set(frame["beta_btcusdt_5"][5:]) == {1.0}
    np.testing.assert_allclose(frame["correlation_btcusdt_5"][5:], 1.0, rtol=1e-12)
    assert set(frame["spread_btcusdt_5"][4:]) == {0.0}
    assert set(frame["spread_z_btcusdt_5"][4:]) == {0.0}


def test_twice_the_leverage_is_twice_the_beta():
    moves = np.cumsum(np.random.default_rng(1).normal(0, 0.01, 300))
    frame = Against(to="B").compute(of_closes(A=np.exp(2 * moves), B=np.exp(moves)))
    np.testing.assert_allclose(frame["beta_b_48"][48:], 2.0, rtol=1e-9)
    np.testing.assert_allclose(frame["correlation_b_48"][48:], 1.0, rtol=1e-9)


@pytest.mark.parametrize("still", [np.full(100, 16538.1), 100 * 1.01 ** np.arange(100)])
def test_what_stands_still_or_only_grows_moves_with_nothing(still):
    moves = np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 100)))
    frame = Against(to="B", spans=(10,)).compute(of_closes(A=moves, B=still))
    assert set(frame["beta_b_10"][10:]) == {0.0}
    assert set(frame["correlation_b_10"][10:]) == {0.0}


def test_ranks_count_the_instruments_that_did_worse_and_equal_ones_half():
    a, b, c = [1.0, 2.0, 2.0, 2.0], [1.0, 1.5, 3.0, 3.0], [1.0, 1.0, 0.5, 0.5]
    market = of_closes(A=a, B=b, C=c)
    ranks = {symbol: Rank(spans=(1,)).compute(market.of(symbol))["rank_1"] for symbol in "ABC"}
    assert all(np.isnan(column[0]) for column in ranks.values())
    assert ranks["A"][1:].tolist() == [1.0, 0.5, 0.5]
    assert ranks["B"][1:].tolist() == [0.5, 1.0, 0.5]
    assert ranks["C"][1:].tolist() == [0.0, 0.0, 0.5]


def test_alone_an_instrument_ranks_in_the_middle():
    assert set(Rank(spans=(1,)).compute(of_closes(A=[1.0, 2.0, 3.0]))["rank_1"][1:]) == {0.5}


def test_an_instrument_that_the_run_has_not_is_named():
    with pytest.raises(fw.DataError, match="no DOGEUSDT; it has BTCUSDT, ETHUSDT"):
        Against(to="DOGEUSDT").compute(trend(("BTCUSDT", "ETHUSDT"), bars=60))


@pytest.mark.parametrize("feature_set", [Against(to="ETHUSDT"), Rank()], ids=lambda s: type(s).__name__)
def test_bars_that_do_not_open_together_are_not_compared(feature_set):
    market = trend(("BTCUSDT", "ETHUSDT"), bars=60)
    short = attrs.evolve(market.series["ETHUSDT"], bars=market.of("ETHUSDT").bars.rows(slice(1, 60)))
    with pytest.raises(fw.DataError, match="ETHUSDT and BTCUSDT do not open at the same times"):
        feature_set.compute(attrs.evolve(market, series={**market.series, "ETHUSDT": short}))


@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("feature_set", [Against(to="ETHUSDT", spans=(3, 20)), Rank(spans=(1, 7))], ids=repr)
def test_sets_across_instruments_keep_the_leak_contract(feature_set, name):
    market = MARKETS[name](SYMBOLS, bars=feature_set.lookback + 120)
    assert [str(leak) for leak in feature_contract(feature_set, market)] == []
