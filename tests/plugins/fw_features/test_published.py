"""Premiums and ratios against plain definitions: each value from its publication on, and believed for a while."""

from __future__ import annotations

import math
import statistics

import attrs
import numpy as np
import pytest

import fw
from fw.testing import feature_contract
from fw.testing.markets import trend
from fw_features.positioning import LongShort, TakerRatio
from fw_features.premiums import Basis, Premium

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
BARS = 120


def market(stamps, bars=BARS):
    return attrs.evolve(trend(bars=bars, seed=12), series={"BTCUSDT": bare(bars, stamps)})


def bare(bars, stamps):
    return attrs.evolve(trend(bars=bars, seed=12).series["BTCUSDT"], stamps=stamps)


def now_and_then(columns, *, seed=3, bars=BARS):
    """Values every twenty minutes or so, each published some minutes late, a few of them together."""
    random = np.random.default_rng(seed)
    opens = trend(bars=bars, seed=12).bars.open_time
    time = np.sort(random.choice(np.arange(opens[0], opens[-1] + HOUR, MINUTE), 3 * bars, replace=False))
    time = time[(time < opens[40]) | (time > opens[52])]  # half a day without any
    published = np.maximum.accumulate(time + MINUTE * random.integers(0, 50, len(time)))
    values = {name: np.exp(random.normal(0.3, 0.4, len(time))) for name in columns}
    return fw.Stamps(time, values["value"] if columns == ("value",) else values, published=published)


def by_hand(stamps, column, made, hours):
    """For each bar the value of the last row published by its close, None where that was so many hours ago or more."""
    found = []
    for close in made.bars.close_time:
        rows = [i for i in range(len(stamps)) if close - hours * HOUR < stamps.published[i] <= close]
        found.append(float(stamps[column][rows[-1]]) if rows else None)
    return found


def score(values):
    deviation = statistics.stdev(values)
    return (values[-1] - statistics.fmean(values)) / deviation if deviation else 0.0


@pytest.mark.parametrize("stale", [1, 4])
def test_long_short_ratios_are_logs_of_what_was_published_last(stale):
    columns = ("accounts", "top_accounts", "top_positions")
    ratios = now_and_then(columns)
    made = market({"long_short": ratios})
    frame = LongShort(spans=(5, 9), stale=stale).compute(made)
    for whose in columns:
        known = by_hand(ratios, whose, made, stale)
        assert None in known
        levels = [0.0 if value is None else math.log(value) for value in known]
        name = f"long_short_{whose}"
        np.testing.assert_allclose(frame[name][stale - 1 :], levels[stale - 1 :], rtol=1e-12)
        for span in (5, 9):
            first = stale - 1 + span
            for row in range(first, BARS):
                both = known[row] is not None and known[row - span] is not None
                change = levels[row] - levels[row - span] if both else 0.0
                assert frame[f"{name}_change_{span}"][row] == pytest.approx(change, abs=1e-12)
                window = levels[row - span + 1 : row + 1]
                assert frame[f"{name}_z_{span}"][row] == pytest.approx(score(window), abs=1e-9)
            assert np.isnan(frame[f"{name}_change_{span}"][:first]).all()
            assert np.isnan(frame[f"{name}_z_{span}"][: first - 1]).all()


def test_of_chooses_whose_ratios_and_what_is_needed():
    made = market({"long_short": now_and_then(("top_positions",))})
    chosen = LongShort(of=("top_positions",), spans=(3,))
    assert chosen.needs == ("bars", "long_short.top_positions")
    assert [name.removeprefix("long_short_top_positions") for name in chosen.compute(made)] == ["", "_change_3", "_z_3"]
    for of in ((), ("accounts", "accounts")):
        with pytest.raises(ValueError, match="of: wants some of accounts, top_accounts, top_positions, each once"):
            LongShort(of=of)


def test_the_taker_ratio_is_a_log_with_its_mean_and_score():
    ratio = now_and_then(("value",))
    made = market({"taker_ratio": ratio})
    frame = TakerRatio(spans=(6,), stale=2).compute(made)
    levels = [0.0 if value is None else math.log(value) for value in by_hand(ratio, "value", made, 2)]
    np.testing.assert_allclose(frame["taker_ratio"][1:], levels[1:], rtol=1e-12)
    for row in range(6, BARS):
        window = levels[row - 5 : row + 1]
        assert frame["taker_ratio_mean_6"][row] == pytest.approx(statistics.fmean(window), abs=1e-12)
        assert frame["taker_ratio_z_6"][row] == pytest.approx(score(window), abs=1e-9)


def of_bars(close, *, bar=HOUR, bars=BARS, lag=0):
    """Index prices or premiums of bars, stamped with their opens."""
    first = trend(bars=bars, seed=12).bars.open_time[0]
    time = first + bar * np.arange(len(close))
    columns = dict.fromkeys(("open", "high", "low"), np.ones(len(close))) | {"close": close}
    return fw.Stamps(time, columns, published=time + bar + lag)


def test_the_index_basis_is_the_distance_from_the_index_that_closed_last():
    random = np.random.default_rng(1)
    for bar in (HOUR, HOUR // 4):
        index = 40_000 * np.exp(random.normal(0, 0.01, BARS * HOUR // bar))
        made = market({"index": of_bars(index, bar=bar)})
        frame = Basis(spans=(4,), against="index").compute(made)
        expected = made.bars.close / index[HOUR // bar - 1 :: HOUR // bar] - 1
        np.testing.assert_allclose(frame["index_basis"], expected, rtol=1e-9, atol=1e-12)
        for row in range(3, BARS):
            window = [float(value) for value in expected[row - 3 : row + 1]]
            assert frame["index_basis_mean_4"][row] == pytest.approx(statistics.fmean(window), abs=1e-12)
            assert frame["index_basis_z_4"][row] == pytest.approx(score(window), rel=1e-7, abs=1e-9)


def test_an_index_price_published_late_is_not_known_at_the_close_of_its_bar():
    index = 40_000 * np.exp(np.random.default_rng(1).normal(0, 0.01, BARS))
    made = market({"index": of_bars(index, lag=2 * MINUTE)})
    near = Basis(spans=(4,), against="index").compute(made)["index_basis"]
    assert near[0] == 0.0
    np.testing.assert_allclose(near[1:], made.bars.close[1:] / index[:-1] - 1, rtol=1e-9, atol=1e-12)


def test_the_premium_is_the_close_of_its_bar():
    premium = np.random.default_rng(5).normal(0, 1e-3, BARS)
    stamps = of_bars(premium)
    without = stamps.rows(np.arange(BARS) != 30)
    frame = Premium(spans=(4,)).compute(market({"premium": without}))
    expected = np.where(np.arange(BARS) == 30, 0.0, premium)
    np.testing.assert_array_equal(frame["premium"], expected)
    assert frame["premium_mean_4"][32] == pytest.approx((premium[29] + premium[31] + premium[32]) / 4)


@pytest.mark.parametrize("feature_set", [Premium(), Basis(against="index")], ids=lambda one: type(one).__name__)
def test_larger_bars_than_the_runs_are_refused(feature_set):
    stamps = of_bars(np.ones(30), bar=4 * HOUR)
    made = market({"premium": stamps, "index": stamps})
    with pytest.raises(fw.DataError, match=r"is needed in bars of 1h or smaller; the source has the .* every 4h"):
        feature_set.compute(made)


@pytest.mark.parametrize(
    "feature_set",
    [
        LongShort(spans=(3, 8), stale=2),
        LongShort(spans=(5,), stale=1),
        TakerRatio(spans=(4,), stale=3),
        TakerRatio(spans=(2,), stale=1),
        Basis(spans=(5,), against="index"),
        Premium(spans=(5,)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("bar", ["1h", "4h"])
def test_ratios_and_premiums_keep_the_leak_contract_with_bars_and_stamps_missing(feature_set, bar):
    bars = 4 * (feature_set.lookback + 60)
    random = np.random.default_rng(8)
    premium = of_bars(np.ones(bars) + random.normal(0, 1e-3, bars), bars=bars)
    kept = random.random(bars) < 0.8
    stamps = {
        "long_short": now_and_then(("accounts", "top_accounts", "top_positions"), bars=bars),
        "taker_ratio": now_and_then(("value",), bars=bars),
        "index": premium.rows(kept),
        "premium": premium.rows(kept),
    }
    made = market(stamps, bars=bars).resampled(fw.BarSize.parse(bar))
    data = made.series["BTCUSDT"]
    thin = attrs.evolve(data, bars=data.bars.rows(random.random(len(data.bars)) < 0.9))
    assert [
        str(leak) for leak in feature_contract(feature_set, fw.Market(series={"BTCUSDT": thin}, focus="BTCUSDT"))
    ] == []


def test_a_set_that_forgets_the_lag_is_caught_by_the_contract():
    ratios = now_and_then(("accounts", "top_accounts", "top_positions"))
    made = market({"long_short": ratios})

    class Forgetful(LongShort):
        """The same set on ratios taken as known at their own instants."""

        def compute(self, market):
            known = market.stamps["long_short"]
            at_once = {"long_short": fw.Stamps(known.time, known.columns)}
            data = attrs.evolve(market.series["BTCUSDT"], stamps=at_once)
            return LongShort.compute(self, attrs.evolve(market, series={"BTCUSDT": data}))

    assert feature_contract(LongShort(spans=(3,), stale=2), made) == []
    leaks = feature_contract(Forgetful(spans=(3,), stale=2), made)
    assert {leak.column for leak in leaks} >= {f"long_short_{whose}" for whose in ("accounts", "top_positions")}
    assert all("reads what was not known yet" in leak.reason for leak in leaks)
