"""Funding, open interest and basis are known from their own instants on, and never before."""

from __future__ import annotations

import math

import attrs
import numpy as np
import pytest

import fw
from fw.testing import feature_contract
from fw.testing.markets import trend
from fw_features.derivatives import Funding, OpenInterest
from fw_features.premiums import Basis

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
DAY = 24 * HOUR
MIDNIGHT = 19_000 * DAY


def market(bars=240, *, bar="1h", close=None, volume=None, **stamped):
    """Bars from a midnight on, at one price unless said, with what is stamped on them."""
    size = fw.BarSize.parse(bar)
    price = np.full(bars, 100.0) if close is None else np.asarray(close, dtype=float)
    made = fw.Bars(
        size=size,
        open_time=MIDNIGHT + size.ns * np.arange(bars),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=np.ones(bars) if volume is None else volume,
    )
    return fw.Market.single("BTCUSDT", made, **stamped)


def settled(rates, every=8 * HOUR, first=MIDNIGHT + 8 * HOUR):
    return fw.Stamps(first + every * np.arange(len(rates)), np.asarray(rates, dtype=float))


def at(column, made, hours):
    """The row of the bar that closes so many hours after midnight."""
    return column[int(np.flatnonzero(made.bars.close_time == MIDNIGHT + hours * HOUR)[0])]


def test_a_rate_stamped_at_eight_is_known_to_the_bar_that_closes_then_and_to_none_before():
    made = market(funding=settled(np.arange(1, 30) / 1000))
    frame = Funding(spans=(72,)).compute(made)
    for day in (3, 5):
        count = 3 * day  # settlements by that midnight
        assert at(frame["funding_rate"], made, 24 * day + 7) == pytest.approx(count / 1000)
        assert at(frame["funding_rate"], made, 24 * day + 8) == pytest.approx((count + 1) / 1000)


def test_a_rate_stamped_milliseconds_late_waits_for_the_next_close():
    made = market(funding=settled(np.arange(1, 30) / 1000, first=MIDNIGHT + 8 * HOUR + 5_000_000))
    rate = Funding(spans=(72,)).compute(made)["funding_rate"]
    assert at(rate, made, 80) == pytest.approx(0.009)
    assert at(rate, made, 81) == pytest.approx(0.010)


def test_funding_is_summed_scored_and_carried_over_the_time_of_its_span():
    rates = np.random.default_rng(2).normal(1e-4, 5e-5, 29)
    made = market(funding=settled(rates))
    frame = Funding(spans=(24, 72)).compute(made)
    for hours in (72, 75, 80, 200):
        known = rates[: hours // 8]
        for span in (24, 72):
            window = known[-span // 8 :]  # (close − span, close] holds a settlement for each 8 hours of it
            score = (window[-1] - window.mean()) / window.std(ddof=1)
            assert at(frame[f"funding_sum_{span}"], made, hours) == pytest.approx(window.sum(), rel=1e-12)
            assert at(frame[f"funding_z_{span}"], made, hours) == pytest.approx(score, rel=1e-9)
            assert at(frame[f"funding_carry_{span}"], made, hours) == pytest.approx(window.sum() * 8760 / span)
        assert at(frame["funding_change"], made, hours) == pytest.approx(known[-1] - known[-2], rel=1e-9)


@pytest.mark.parametrize("every", [1, 4, 8])
def test_the_next_settlement_is_as_far_off_as_the_one_before_was(every):
    made = market(funding=settled(np.full(29 * 8 // every, 1e-4), every=every * HOUR))
    hours = Funding(spans=(72,)).compute(made)["funding_hours"]
    assert [at(hours, made, 104 + i) for i in range(8)] == [every - i % every for i in range(8)]


def test_without_settlements_there_is_no_rate_and_the_clock_says_when_the_next_is():
    for empty in (fw.Stamps([], []), settled([0.01], first=MIDNIGHT - 900 * DAY)):
        frame = Funding(spans=(72,)).compute(market(funding=empty))
        for name in ("funding_rate", "funding_change", "funding_sum_72", "funding_z_72", "funding_carry_72"):
            assert np.isnan(frame[name][:71]).all()
            assert set(frame[name][71:]) == {0.0}, name
        assert frame["funding_hours"][71:75].tolist() == [8.0, 7.0, 6.0, 5.0]


def test_equal_rates_are_not_unusual():
    assert set(Funding(spans=(72,)).compute(market(funding=settled(np.full(29, 1e-4))))["funding_z_72"][71:]) == {0.0}


def test_looking_back_less_than_from_one_settlement_to_the_next_is_refused():
    made = market(bar="1m", funding=settled([1e-4]))
    with pytest.raises(fw.DataError, match=r"72 bars of 1m, less than the 8 hours.*spans to 480 or more"):
        Funding(spans=(72,)).compute(made)


def held(times, values, lag=0):
    """Open interest, known `lag` after the instant that it is of."""
    times = np.asarray(times)
    return {"open_interest": fw.Stamps(times, values, published=times + lag)}


def test_open_interest_is_known_after_its_publication_lag():
    times, values = MIDNIGHT + HOUR * np.arange(1, 200), np.exp(np.arange(1.0, 200.0) ** 1.5 / 1000)

    def log(hour):
        return hour**1.5 / 1000

    for lag, late in ((0, 0), (5 * MINUTE, 1), (2 * HOUR, 2)):
        made = market(stamps=held(times, values, lag))
        change = OpenInterest(spans=(5,)).compute(made)["oi_change_5"]
        assert at(change, made, 100) == pytest.approx(log(100 - late) - log(95 - late))


def test_open_interest_is_set_against_volume_and_price():
    times = MIDNIGHT + HOUR * np.arange(0, 241)
    close = 100 * 1.01 ** np.arange(240)
    made = market(close=close, volume=np.full(240, 3.0), stamps=held(times, np.full(241, 60.0)))
    frame = OpenInterest(spans=(10,)).compute(made)
    assert np.isnan(frame["oi_change_10"][:33]).all()
    assert set(frame["oi_change_10"][33:]) == {0.0}
    np.testing.assert_allclose(frame["oi_volume_10"][33:], 2.0, rtol=1e-12)
    np.testing.assert_allclose(frame["oi_divergence_10"][33:], 10 * math.log(1.01), rtol=1e-9)


def test_open_interest_that_is_stale_or_absent_gives_nought():
    made = market(stamps=held([MIDNIGHT + 50 * HOUR], [60.0]), volume=np.zeros(240))
    frame = OpenInterest(spans=(4,), stale=6).compute(made)
    assert all(set(column[9:]) == {0.0} for column in frame.values())
    made = market(stamps=held([MIDNIGHT + 50 * HOUR], [60.0]))
    share = OpenInterest(spans=(4,), stale=6).compute(made)["oi_volume_4"]
    assert [at(share, made, hour) for hour in (49, 50, 55, 56)] == [0.0, 15.0, 15.0, 0.0]


def test_basis_is_the_distance_from_the_mark_price_that_closes_with_the_bar():
    made = market(close=np.full(240, 101.0))
    finer = attrs.evolve(market(960, bar="15m", close=np.tile([1.0, 1.0, 1.0, 100.0], 240)).bars)
    for mark in (market().bars, finer):
        frame = Basis(spans=(3,)).compute(fw.Market.single("BTCUSDT", made.bars, mark=mark))
        np.testing.assert_allclose(frame["basis"], 0.01, rtol=1e-12)
        np.testing.assert_allclose(frame["basis_mean_3"][2:], 0.01, rtol=1e-12)
        assert set(frame["basis_z_3"][2:]) == {0.0}
        assert np.isnan(frame["basis_mean_3"][:2]).all()


def test_a_bar_without_a_mark_price_has_no_basis():
    mark = market().bars.rows(np.arange(240) != 7)
    frame = Basis(spans=(2,)).compute(market(close=np.full(240, 101.0), mark=mark))
    assert frame["basis"][6:9].tolist() == pytest.approx([0.01, 0.0, 0.01])
    assert frame["basis_mean_2"][7] == pytest.approx(0.005)


def test_mark_prices_of_larger_bars_are_refused():
    with pytest.raises(fw.DataError, match="in bars of 1h or smaller; the source has bars of 4h"):
        Basis().compute(market(mark=market(bar="4h").bars))


@pytest.mark.parametrize(
    ("feature_set", "kind"), [(Funding(), "funding"), (OpenInterest(), "open_interest"), (Basis(), "mark")]
)
def test_a_source_without_what_is_needed_is_told_so(feature_set, kind):
    assert feature_set.needs == ("bars", kind)
    with pytest.raises(fw.DataError, match=f"needs {kind} of BTCUSDT, which the source does not have"):
        feature_set.compute(market())


@pytest.mark.parametrize(
    "feature_set",
    [Funding(spans=(8, 30)), OpenInterest(spans=(3, 9), stale=4), OpenInterest(), Basis(spans=(5,))],
    ids=repr,
)
@pytest.mark.parametrize("bar", ["1h", "4h"])
def test_derivatives_keep_the_leak_contract_with_stamps_and_bars_missing(feature_set, bar):
    whole = trend(bars=feature_set.lookback + 150, bar=bar, seed=9)
    data, random = whole.series["BTCUSDT"], np.random.default_rng(4)

    def thinned(stamps):
        kept = random.random(len(stamps)) < 0.7
        late = random.integers(0, 3, kept.sum()) * 7_000_000
        return fw.Stamps(stamps.time[kept] + late, stamps.value[kept], published=stamps.published[kept] + late)

    thin = fw.Market.single(
        "BTCUSDT",
        data.bars.rows(random.random(len(data.bars)) < 0.9),
        funding=thinned(data.funding),
        stamps={"open_interest": thinned(data.stamps["open_interest"])},
        mark=data.mark.rows(random.random(len(data.mark)) < 0.9),
    )
    assert [str(leak) for leak in feature_contract(feature_set, thin)] == []


def test_a_years_real_funding_sums_to_its_carry(real_data):
    import pandas as pd

    frame = pd.read_parquet(real_data / "btcusdt_perp_funding_8h_2019-09_2024-12.parquet")
    time = pd.DatetimeIndex(frame["timestamp"]).as_unit("ns").asi8
    rates = fw.Stamps(time, frame["funding_rate"].to_numpy()).to_minutes()
    days = fw.BarSize.parse("1d")
    opened = np.arange(18_628, 18_628 + 365) * DAY  # 2021
    bars = fw.Bars(size=days, open_time=opened, **{n: np.ones(365) for n in ("open", "high", "low", "close", "volume")})
    column = Funding(spans=(365,)).compute(fw.Market.single("BTCUSDT", bars, funding=rates))["funding_carry_365"]
    inside = (rates.time > opened[0]) & (rates.time <= opened[-1] + DAY)
    assert inside.sum() == 3 * 365
    assert column[-1] == pytest.approx(rates.value[inside].sum(), rel=1e-12)
