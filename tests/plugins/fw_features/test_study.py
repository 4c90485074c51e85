"""The statistics of a study, against scipy and against their definitions written out."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import signal, stats
from scipy.cluster import hierarchy

import fw
from fw_features.study.clusters import clusters
from fw_features.study.foresight import (
    bucket_means,
    foresight,
    forward_returns,
    holm,
    lags,
    two_sided,
)
from fw_features.study.ranks import rank_correlations, ranks
from fw_features.study.shape import autocorrelations, shape
from fw_features.study.study import stretches_of, study

RULE = "account: {capital: 10000}\nsource: {use: synthetic, start: 2024-01-01, end: 2024-04-01}\nbroker: backtest\n"


def walk(bars, seed, horizon=1):
    """Opens that wander without memory, and their forward returns."""
    opens = np.exp(np.cumsum(np.random.default_rng(seed).standard_t(4, bars) * 0.004))
    return opens, forward_returns(opens, horizon)


def test_ranks_are_those_of_scipy_with_ties_too():
    random = np.random.default_rng(1)
    for values in (random.normal(size=500), random.integers(0, 7, 500).astype(float), np.ones(5), np.array([2.0])):
        assert ranks(values).tolist() == stats.rankdata(values).tolist()


def test_forward_returns_begin_at_the_next_open_and_end_where_prices_do():
    opens = np.array([1.0, 2.0, 4.0, 5.0, 10.0])
    one = forward_returns(opens, 1)
    assert one[:3].tolist() == pytest.approx([math.log(2), math.log(1.25), math.log(2)])
    assert np.isnan(one[3:]).all()
    two = forward_returns(opens, 2)
    assert two[:2].tolist() == pytest.approx([math.log(2.5), math.log(2.5)])
    assert np.isnan(two[2:]).all()
    assert np.isnan(forward_returns(opens, 4)).all()
    assert np.isnan(forward_returns(opens, 99)).all()


@pytest.mark.parametrize("horizon", [1, 4, 24])
def test_the_coefficient_is_spearmans(horizon):
    _, forward = walk(900, 2, horizon)
    column = np.random.default_rng(3).normal(size=900).round(1)
    known = np.isfinite(forward)
    found = foresight(column, forward, horizon)
    assert found is not None
    assert found.coefficient == pytest.approx(stats.spearmanr(column[known], forward[known]).statistic, abs=1e-12)
    assert found.rows == known.sum()


def error_written_out(column, forward, horizon):
    """Newey and West's error of the slope of rank on rank, one product at a time; unknown rows keep their place."""
    known = [k for k in range(len(column)) if math.isfinite(column[k]) and math.isfinite(forward[k])]
    told = stats.zscore(stats.rankdata([column[k] for k in known]))
    came = stats.zscore(stats.rankdata([forward[k] for k in known]))
    slope = sum(a * b for a, b in zip(told, came, strict=True)) / sum(a * a for a in told)
    moment = {k: a * (b - slope * a) for k, a, b in zip(known, told, came, strict=True)}
    reach = lags(len(known), horizon)
    total = sum(value * value for value in moment.values())
    for lag in range(1, reach + 1):
        weight = 1 - lag / (reach + 1)
        total += 2 * weight * sum(value * moment[k - lag] for k, value in moment.items() if k - lag in moment)
    return math.sqrt(total) / sum(a * a for a in told)


@pytest.mark.parametrize("horizon", [1, 4, 24])
@pytest.mark.parametrize("holes", [False, True])
def test_the_error_is_newey_wests(horizon, holes):
    _, forward = walk(500, 4, horizon)
    column = np.convolve(np.random.default_rng(5).normal(size=500), np.ones(20), "same")
    if holes:
        column[100:140] = np.nan
        column[7] = np.nan
    found = foresight(column, forward, horizon)
    assert found is not None
    assert found.error == pytest.approx(error_written_out(column, forward, horizon), rel=1e-10)


def test_the_error_reaches_over_twice_the_overlap():
    assert lags(8760, 1) == int(4 * 87.6 ** (2 / 9))
    assert lags(8760, 168) == 334


def test_the_chance_is_students():
    for freedom in (1.0, 3.7, 39.0, 1200.0):
        for t in (0.0, 0.3, 1.0, 1.96, 4.5, 11.0, -2.5):
            assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9)


@pytest.mark.parametrize(("memory", "horizon"), [(0.0, 1), (0.9, 1), (0.0, 24), (0.9, 24)])
def test_columns_that_know_nothing_are_called_knowing_about_one_time_in_twenty(memory, horizon):
    random = np.random.default_rng(6)
    chances = []
    for seed in range(300):
        _, forward = walk(3000, seed + 1000, horizon)
        found = foresight(signal.lfilter([1.0], [1.0, -memory], random.normal(size=3000)), forward, horizon)
        assert found is not None
        chances.append(found.chance)
    assert 0.02 < np.mean(np.array(chances) < 0.05) < 0.10


def test_a_column_that_knows_a_little_is_found_with_its_sign():
    _, forward = walk(4000, 7)
    noise = np.random.default_rng(8).normal(size=4000)
    found = foresight(noise - 20 * np.nan_to_num(forward), forward, 1)
    assert found is not None
    assert -0.2 < found.coefficient < -0.05
    assert found.chance < 1e-4


def test_what_the_column_says_after_the_fact_does_not_count():
    opens, forward = walk(3000, 9)
    past = np.append(np.nan, np.diff(np.log(opens)))  # up to this bar's open: long known
    found = foresight(past, forward, 1)
    assert found is not None
    assert abs(found.coefficient) < 0.05


def test_nothing_is_said_of_too_few_bars_or_of_what_does_not_move():
    _, forward = walk(100, 10, 24)
    assert foresight(np.arange(100.0), forward, 24) is None
    assert foresight(np.ones(3000), walk(3000, 11)[1], 1) is None
    assert foresight(np.full(3000, np.nan), walk(3000, 11)[1], 1) is None
    assert foresight(np.arange(3000.0), forward_returns(np.ones(3000), 1), 1) is None


def test_holms_correction_stops_at_the_first_that_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]
    assert holm([0.02, 0.04]) == [True, True]
    assert holm([]) == []
    # 0.03 > 0.05 / 2, so 0.04 falls with it although it is below 0.05
    assert holm([0.03, 0.04]) == [False, False]


def test_tenths_rise_with_a_column_that_knows():
    _, forward = walk(2001, 12)
    means = bucket_means(forward, forward)
    assert means is not None
    assert means == sorted(means)
    known = np.sort(forward[np.isfinite(forward)])
    assert means[0] == pytest.approx(known[: len(known) // 10].mean(), rel=0.02)
    halves = bucket_means(np.where(np.arange(2001) % 2, 1.0, 0.0), forward)
    assert halves is not None
    assert sum(not math.isnan(value) for value in halves) == 2


def test_moments_are_those_of_scipy():
    values = np.random.default_rng(13).gamma(2.0, size=2000)
    column = np.concatenate((np.full(10, np.nan), values))
    found = shape(column)
    assert (found.rows, found.known, found.first, found.levels) == (2010, 2000, 10, 2000)
    assert found.skew == pytest.approx(stats.skew(values), rel=1e-12)
    assert found.excess == pytest.approx(stats.kurtosis(values), rel=1e-12)
    assert sum(found.counts) + found.below + found.above == 2000
    assert found.quantiles[4] == np.median(values)


def test_flat_and_empty_columns_have_a_shape_too():
    flat = shape(np.full(50, 0.1))
    assert flat.levels == 1
    assert flat.counts == ()
    assert math.isnan(flat.skew)
    nothing = shape(np.full(50, np.nan))
    assert (nothing.known, nothing.first) == (0, None)
    assert all(math.isnan(value) for value in autocorrelations(np.full(50, 0.1), [1, 5]))
    assert all(math.isnan(value) for value in autocorrelations(np.full(50, np.nan), [1, 5]))


def test_autocorrelation_is_its_definition_and_leaves_out_what_is_unknown():
    column = np.convolve(np.random.default_rng(14).normal(size=400), np.ones(9), "valid")
    column[50:60] = np.nan
    known = column[np.isfinite(column)]
    for lag, found in zip((1, 3, 8, 30), autocorrelations(column, [1, 3, 8, 30]), strict=True):
        pairs = [
            (column[k] - known.mean()) * (column[k - lag] - known.mean())
            for k in range(lag, len(column))
            if math.isfinite(column[k]) and math.isfinite(column[k - lag])
        ]
        assert found == pytest.approx(np.mean(pairs) / known.var(), rel=1e-10)
    assert math.isnan(autocorrelations(column, [5000])[0])


def families(columns=14, rows=600):
    random = np.random.default_rng(15)
    parents = random.normal(size=(4, rows))
    return np.stack([parents[k % 4] * (-1) ** k + 0.25 * (k % 5) * random.normal(size=rows) for k in range(columns)])


def test_correlations_are_spearmans_and_a_flat_column_goes_with_none():
    table = families()
    table[:, :5] = np.nan
    expected = stats.spearmanr(table[:, 5:], axis=1).statistic
    assert rank_correlations(table) == pytest.approx(expected, abs=1e-12)
    with_flat = rank_correlations(np.vstack((table, np.ones(table.shape[1]))))
    assert with_flat[-1].tolist() == [0.0] * len(table) + [1.0]


@pytest.mark.parametrize("alike", [0.3, 0.6, 0.8, 0.95])
def test_groups_are_those_of_average_linkage(alike):
    table = rank_correlations(families())
    distance = 1 - np.abs(table)
    upper = distance[np.triu_indices(len(table), 1)]
    labels = hierarchy.fcluster(hierarchy.linkage(upper, "average"), 1 - alike, "distance")
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}
    found = clusters(table, alike)
    assert {frozenset(group) for group in found} == expected
    assert sorted(column for group in found for column in group) == list(range(len(table)))


def test_one_column_is_one_group_and_none_are_none():
    assert clusters(np.ones((1, 1))) == [[0]]
    assert clusters(np.ones((0, 0))) == []
    assert clusters(np.ones((3, 3))) == [[0, 1, 2]]


def test_years_are_compared_or_quarters_where_there_are_few():
    def closes(first, last):
        span = np.arange(np.datetime64(first), np.datetime64(last), np.timedelta64(1, "D")) + np.timedelta64(1, "D")
        return span.astype("datetime64[ns]").astype(np.int64)

    kind, found = stretches_of(closes("2021-01-01", "2024-01-01"))
    assert kind == "year"
    assert [(name, int(rows.sum())) for name, rows in found] == [("2021", 365), ("2022", 365), ("2023", 365)]
    kind, found = stretches_of(closes("2023-02-01", "2024-01-01"))
    assert kind == "quarter"
    assert [(name, int(rows.sum())) for name, rows in found] == [
        ("2023 Q1", 59),
        ("2023 Q2", 91),
        ("2023 Q3", 92),
        ("2023 Q4", 92),
    ]


def plan_of(folder: Path, features: str, **more: str) -> fw.Plan:
    file = folder / "a.yaml"
    keys = {"instruments": "[BTCUSDT]", "bar": "1h", "strategy": "buy_and_hold", "features": features, **more}
    file.write_text(RULE + "".join(f"{key}: {value}\n" for key, value in keys.items()))
    return fw.load(file)


def test_a_study_measures_the_traded_period_of_every_instrument(tmp_path):
    plan = plan_of(tmp_path, "[{use: returns, spans: [1, 24]}, {use: sma, bar: 4h}]", instruments="[BTCUSDT, ETHUSDT]")
    found = study(plan, horizons=(1, 24, 1000))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert [column["name"] for column in found["columns"]] == ["return_1", "return_24", "sma_20@4h"]
    assert found["columns"][2]["unit"] == "price"
    assert found["made_up"]
    assert [one["symbol"] for one in found["instruments"]] == ["BTCUSDT", "ETHUSDT"]
    for instrument in found["instruments"]:
        assert instrument["bars"] == 91 * 24  # without the warm-up before January
        first = instrument["measured"][0]
        assert (first["rows"], first["known"]) == (91 * 24, 91 * 24)
        assert first["foresight"][2] is None  # 1,000 bars do not fit ten times
        assert [len(part) for part in first["stretches"]] == [3]
    assert found["tests"] == 2 * 3 * 2
    assert "moves with the price" in found["instruments"][0]["measured"][2]["warnings"]


def test_a_composed_column_is_told_by_its_expression(tmp_path):
    found = study(plan_of(tmp_path, "[sma, {use: expression, name: away, expr: sma_20 * 2}]"), horizons=(1,))
    assert [(column["name"], column["formula"]) for column in found["columns"]][1] == ("away", "sma_20 * 2")


def test_a_study_agrees_with_scipy_on_real_bars(tmp_path, real_data):
    bars = real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet"
    plan = fw.load(_real(tmp_path, bars))
    found = study(plan, horizons=(24,))
    market, column = plan.market(), plan.features()["BTCUSDT"]["volatility_24"]
    inside = market.bars.open_time >= plan.period()[0]
    opens, column = market.bars.open[inside], column[inside]
    expected = stats.spearmanr(column[:-25], opens[25:] / opens[1:-24]).statistic
    assert found["instruments"][0]["measured"][0]["foresight"][0]["c"] == pytest.approx(expected, abs=1e-6)


def _real(folder: Path, bars: Path) -> Path:
    file = folder / "real.yaml"
    file.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\naccount: {funding: zero}\nstrategy: buy_and_hold\nbroker: backtest\n"
        f"source: {{use: files, bars: {bars}, start: 2023-01-01, end: 2023-07-01}}\nfeatures: [volatility]\n"
    )
    return file
