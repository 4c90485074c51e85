"""The sober box against published numbers, scipy, simulation and sums done another way."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import fw
from fw import Result, Trial, Unmeasured
from fw.domain.time import DAY, HOUR, YEAR
from fw.testing.results import results
from fw_report.evidence import Luck, slippage_by_trade
from fw_report.metrics import METRICS
from fw_report.overfitting import (
    deflated_sharpe,
    expected_best,
    minimum_track_record,
    probabilistic_sharpe,
    standard_error,
)
from fw_report.sober import Sober, sober

VERDICTS = {"good", "doubtful", "bad", "unknown"}


def said(judged: Sober, about: str) -> tuple[str, str]:
    """Verdict and sentence of the one finding about it."""
    (finding,) = (finding for finding in judged.findings if finding.about == about)
    return finding.verdict, finding.sentence


def trial(sharpe: float | None, **more: Any) -> Trial:
    given: dict[str, Any] = {"run": "sweep", "name": "x", "config": "c", "bar": "1d", "bars": 500, "start": 0}
    return Trial(**{**given, "end": 500 * DAY, "sharpe": sharpe, **more})


def with_trials(result: Result, trials: list[Trial]) -> Result:
    return attrs.evolve(result, recall=lambda _: tuple(trials))


@pytest.fixture(scope="module")
def noise(by_hand: ModuleType) -> Callable[..., Result]:
    """A run of daily bars whose returns are a normal sample with this Sharpe ratio a year, to the last digit."""

    def make(sharpe: float, *, bars: int = 500, seed: int = 0, bar: str = "1d") -> Result:
        sample = stats.zscore(np.random.default_rng(seed).normal(size=bars), ddof=1)
        size = fw.BarSize.parse(bar)
        returns = 0.01 * (sample + sharpe / math.sqrt(size.bars_per_year))
        result: Result = by_hand.result_of_equity(1000.0 * np.cumprod(1 + returns), capital=1000.0, bar=bar)
        return result

    return make


# --- formulas -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("trials", "skew", "kurtosis", "published"), [
    (100, -3.0, 10.0, 0.9004),
    (46, -3.0, 10.0, 0.9505),
    (88, 0.0, 3.0, 0.9505),
])  # fmt: skip
def test_the_deflated_sharpe_ratio_is_that_of_the_papers_example(
    trials: int, skew: float, kurtosis: float, published: float
) -> None:
    # Bailey and López de Prado (2014): 2.5 a year over five years of 250 days, variance of the trials 1/2 a year
    found = deflated_sharpe(
        2.5 / math.sqrt(250), bars=1250, skew=skew, kurtosis=kurtosis, trials=trials, deviation=math.sqrt(0.5 / 250)
    )
    assert found == pytest.approx(published, abs=5e-5)


def test_the_benchmark_is_that_of_the_papers_example() -> None:
    assert expected_best(100, math.sqrt(0.5 / 250)) == pytest.approx(0.1132, abs=5e-5)


@pytest.mark.parametrize(("a_year", "skew", "kurtosis", "years"), [
    (252, 0.0, 3.0, 2.73),
    (52, 0.0, 3.0, 2.83),
    (12, 0.0, 3.0, 3.24),
    (12, -0.72, 5.78, 4.99),
])  # fmt: skip
def test_the_minimum_track_record_is_that_of_the_papers_examples(
    a_year: int, skew: float, kurtosis: float, years: float
) -> None:
    # Bailey and López de Prado (2012): a Sharpe ratio of 2 a year against 1, at 95 %
    root = math.sqrt(a_year)
    bars = minimum_track_record(2.0 / root, benchmark=1.0 / root, skew=skew, kurtosis=kurtosis)
    assert bars / a_year == pytest.approx(years, abs=0.005)


def test_at_the_minimum_track_record_the_probability_is_the_confidence_asked() -> None:
    shape = {"skew": -0.8, "kurtosis": 6.0}
    for sharpe, confidence in itertools.product((0.02, 0.1, 0.6), (0.9, 0.95, 0.99)):
        needed = minimum_track_record(sharpe, confidence=confidence, **shape)
        # the formula holds for a fraction of a bar, too
        spread = standard_error(sharpe, bars=2, **shape) / math.sqrt(needed - 1)
        assert stats.norm.cdf(sharpe / spread) == pytest.approx(confidence, rel=1e-9)
    assert minimum_track_record(-0.1, **shape) == math.inf
    assert minimum_track_record(0.1, benchmark=0.1, **shape) == math.inf


@pytest.mark.parametrize("trials", [3, 5, 10, 46, 100, 1000, 50_000])
def test_the_best_of_many_is_near_the_exact_expectation(trials: int) -> None:
    def share(x: float) -> float:
        return float(x * trials * stats.norm.pdf(x) * stats.norm.cdf(x) ** (trials - 1))

    exact = integrate.quad(share, -8.0, 10.0, limit=200)[0]
    assert expected_best(trials, 2.0) == pytest.approx(2.0 * exact, rel=0.03)
    assert expected_best(1, 2.0) == 0.0


def test_the_standard_error_is_what_simulation_shows() -> None:
    # gamma returns: skewed and fat-tailed, so the plain 1/√n would be a third too low
    rng = np.random.default_rng(1)
    returns = 0.9 - rng.gamma(0.5, size=(4000, 500))
    measured = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    law = stats.gamma(0.5)
    sharpe, skew, kurtosis = (0.9 - 0.5) / math.sqrt(0.5), -float(law.stats("s")), float(law.stats("k")) + 3.0
    expected = standard_error(sharpe, bars=500, skew=skew, kurtosis=kurtosis)
    assert measured.std() == pytest.approx(expected, rel=0.04)
    assert expected > 1.3 / math.sqrt(500)


def test_a_distribution_of_two_values_divides_by_nothing() -> None:
    # skew s and kurtosis 1 + s² is a coin; at SR = 2/s the standard error of the formula is zero
    assert probabilistic_sharpe(1.0, bars=100, skew=2.0, kurtosis=5.0) == 1.0
    assert probabilistic_sharpe(1.0, bars=100, skew=2.0, kurtosis=5.0, benchmark=1.5) == 0.0


def test_noise_alone_rarely_passes_and_passes_often_where_trials_are_not_counted() -> None:
    rng = np.random.default_rng(7)
    sessions, trials, bars = 400, 20, 250
    returns = rng.normal(size=(sessions, trials, bars))
    sharpes = returns.mean(axis=2) / returns.std(axis=2, ddof=1)
    shape = {"bars": bars, "skew": 0.0, "kurtosis": 3.0}
    first = [probabilistic_sharpe(float(row[0]), **shape) for row in sharpes]
    best = [probabilistic_sharpe(float(row.max()), **shape) for row in sharpes]
    deflated = [
        deflated_sharpe(float(row.max()), trials=trials, deviation=float(row.std(ddof=1)), **shape) for row in sharpes
    ]
    # one honest try: nominal, 5 % ± 3.3 (three standard errors of 400 sessions)
    assert abs(np.mean(np.array(first) > 0.95) - 0.05) < 0.033
    # the best of twenty: 1 − 0.95^20 = 64 %
    assert abs(np.mean(np.array(best) > 0.95) - (1 - 0.95**20)) < 0.08
    # counted: at most nominal, and about half of the best are above what is expected of the best
    assert np.mean(np.array(deflated) > 0.95) <= 0.05
    assert 0.35 < np.mean(np.array(deflated) > 0.5) < 0.55


# --- luck of a run --------------------------------------------------------------------------------------------------


def test_alone_a_run_is_held_against_zero_only(noise: Callable[..., Result]) -> None:
    judged = sober(noise(1.2))
    assert isinstance(judged.luck, Luck)
    assert judged.luck.deflated is None
    assert judged.luck.expected_best is None
    assert judged.luck.trials == 1
    verdict, sentence = said(judged, "Luck of trying")
    assert verdict == "unknown"
    assert "no other trial" in sentence
    assert "only one other trial" in said(sober(with_trials(noise(1.2), [trial(0.3)])), "Luck of trying")[1]


def test_a_runs_luck_is_that_of_scipys_moments(noise: Callable[..., Result]) -> None:
    result = noise(1.2, seed=3)
    equity = np.concatenate([[1000.0], result.equity["equity"]])
    returns = equity[1:] / equity[:-1] - 1
    sharpe = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    error = math.sqrt((1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2) / (500 - 1))
    others = [-0.4, 0.1, 0.5, 0.9, 1.1]
    per_day = np.append(np.array(others) / math.sqrt(365), sharpe)
    luck = sober(with_trials(result, [trial(value) for value in others])).luck
    assert isinstance(luck, Luck)
    assert luck.sharpe == pytest.approx(1.2, rel=1e-9)
    assert luck.probabilistic == pytest.approx(stats.norm.cdf(sharpe / error), rel=1e-9)
    assert luck.needed / DAY == pytest.approx(1 + (error**2 * 499) * (stats.norm.ppf(0.95) / sharpe) ** 2, rel=1e-9)
    assert luck.trials == 6
    best = per_day.std(ddof=1) * (
        (1 - np.euler_gamma) * stats.norm.ppf(1 - 1 / 6) + np.euler_gamma * stats.norm.ppf(1 - 1 / (6 * math.e))
    )
    assert luck.expected_best == pytest.approx(best * math.sqrt(365), rel=1e-9)
    assert luck.deflated == pytest.approx(stats.norm.cdf((sharpe - best) / error), rel=1e-9)


def test_a_repetition_is_one_trial_and_one_without_a_sharpe_ratio_is_none(noise: Callable[..., Result]) -> None:
    result = noise(1.2)
    times = result.equity["time"]
    mine = {"bars": 500, "start": int(times[0]) - DAY, "end": int(times[-1])}
    same = trial(METRICS["sharpe"]().measure(result), **mine)
    trials = [trial(0.1), trial(0.1), trial(0.1, end=400 * DAY), trial(0.4), trial(None), trial(math.nan), same]
    luck = sober(with_trials(result, trials)).luck
    assert isinstance(luck, Luck)
    assert luck.trials == 4  # this one, 0.1 over two periods, 0.4
    assert luck.left_out == 4
    again = sober(with_trials(result, [*trials, *trials])).luck
    assert isinstance(again, Luck)
    assert (again.trials, again.deflated) == (luck.trials, luck.deflated)


def test_trials_of_other_lengths_and_bars_count_by_their_standard_errors(noise: Callable[..., Result]) -> None:
    # without an edge a year's Sharpe ratio scatters by √(365 days / length), whatever the bars
    result = noise(1.0, bars=365)
    scores = [-1.3, 0.2, 0.9, 1.4]
    year = [trial(score, bars=365, end=YEAR) for score in scores]
    mixed = [
        trial(scores[0], bars=365 * 24, bar="1h", end=YEAR),
        trial(scores[1] * 2.0, bars=365 // 4, end=365 // 4 * DAY),
        trial(scores[2] / 2.0, bars=365 * 4, end=4 * YEAR),
        trial(scores[3] * math.sqrt(365 * 24), bars=1, bar="1h", end=HOUR),
    ]
    one, other = (sober(with_trials(result, trials)).luck for trials in (year, mixed))
    assert isinstance(one, Luck)
    assert isinstance(other, Luck)
    assert other.expected_best == pytest.approx(one.expected_best, rel=0.01)  # 91 days are not quite a quarter
    assert other.deflated == pytest.approx(one.deflated, rel=0.01)


def test_noise_tried_over_many_lengths_rarely_passes(noise: Callable[..., Result]) -> None:
    rng = np.random.default_rng(11)
    passed = 0
    for session in range(200):
        lengths = rng.integers(20, 1000, size=15)
        trials = [
            trial(float(rng.normal() / math.sqrt(n) * math.sqrt(365)), bars=int(n), end=int(n) * DAY) for n in lengths
        ]
        luckiest = max(rng.normal() / math.sqrt(250) * math.sqrt(365) for _ in range(16))
        luck = sober(with_trials(noise(float(luckiest), bars=250, seed=session), trials)).luck
        assert isinstance(luck, Luck)
        assert luck.deflated is not None
        passed += luck.deflated > 0.95
    assert passed <= 10  # 5 %


@pytest.mark.parametrize(("sharpe", "verdict", "words"), [
    (4.0, "good", "clearly outside that noise"),
    (1.0, "doubtful", "not clearly"),
    (0.3, "bad", "inside that noise"),
    (-2.0, "bad", "inside that noise"),
])  # fmt: skip
def test_the_verdict_on_trying_follows_the_deflated_sharpe_ratio(
    noise: Callable[..., Result], sharpe: float, verdict: str, words: str
) -> None:
    trials = [trial(value) for value in (-0.3, 0.0, 0.1, 0.2, 0.4)]
    found, sentence = said(sober(with_trials(noise(sharpe), trials)), "Luck of trying")
    assert (found, words in sentence) == (verdict, True), sentence


# --- trades ---------------------------------------------------------------------------------------------------------


def alternating(by_hand: ModuleType, profits: list[float], **costs: float) -> Result:
    """Trades of ten coins at 1,000, two bars each."""
    fills = []
    for k, profit in enumerate(profits):
        fills.append(by_hand.HandFill(bar=2 * k, lots=10_000, price=1_000.0, **costs))
        fills.append(by_hand.HandFill(bar=2 * k + 1, lots=-10_000, price=1_000.0 + profit / 10.0, **costs))
    result: Result = by_hand.result_by_hand([1_000.0] * (2 * len(profits) + 1), fills, capital=20_000.0)
    return result


def test_edge_and_costs_are_means_in_basis_points(by_hand: ModuleType) -> None:
    # 10,000 a trade: one unit of money is one basis point
    judged = sober(alternating(by_hand, [30.0, 10.0] * 10, fee=2.0, slippage=1.0))
    edge = judged.edge
    assert not isinstance(edge, Unmeasured)
    assert edge.trades == 20
    assert edge.fees == pytest.approx(4.0)
    assert edge.slippage == pytest.approx(2.0)
    assert edge.funding == 0.0
    assert edge.gross == pytest.approx(22.0)  # the prices of fills already bore the slippage
    assert edge.net == pytest.approx(16.0)
    t = stats.ttest_1samp([26.0, 6.0] * 10, 0.0).statistic
    assert edge.errors == pytest.approx(t, rel=1e-9)
    assert said(judged, "Edge and costs")[0] == "good"
    assert "costs took 6.0 of them, 27 %, and 16.0 were left" in said(judged, "Edge and costs")[1]
    assert said(judged, "Enough trades")[0] == "good"


def test_funding_is_a_cost_or_an_income(by_hand: ModuleType) -> None:
    def run(rate: float) -> Sober:
        fills = [
            by_hand.HandFill(bar=0, lots=10_000, price=1_000.0),
            by_hand.HandFill(bar=3, lots=-10_000, price=999.0),
        ]
        stamps = [by_hand.HandFunding(bar=1, rate=rate, price=1_000.0)]
        return sober(by_hand.result_by_hand([1_000.0] * 5, fills, stamps, capital=20_000.0))

    paid, received = run(0.002), run(-0.002)
    assert not isinstance(paid.edge, Unmeasured)
    assert not isinstance(received.edge, Unmeasured)
    assert (paid.edge.gross, paid.edge.cost, paid.edge.net) == pytest.approx((-10.0, 20.0, -30.0))
    assert (received.edge.gross, received.edge.cost, received.edge.net) == pytest.approx((-10.0, -20.0, 10.0))
    assert said(paid, "Edge and costs")[0] == "bad"
    assert said(received, "Edge and costs")[0] == "doubtful"
    assert "only funding" in said(received, "Edge and costs")[1]


@pytest.mark.parametrize(("profit", "verdict", "words"), [
    (9.0, "doubtful", "75 %"),
    (3.0, "bad", "took all of it"),
    (-20.0, "bad", "the market paid nothing"),
])  # fmt: skip
def test_costs_that_take_most_or_all_are_said(by_hand: ModuleType, profit: float, verdict: str, words: str) -> None:
    judged = sober(alternating(by_hand, [profit] * 12, fee=3.0, slippage=1.5))
    found, sentence = said(judged, "Edge and costs")
    assert (found, words in sentence) == (verdict, True), sentence


def test_slippage_goes_to_the_trade_whose_fill_bore_it(by_hand: ModuleType) -> None:
    fills = [
        by_hand.HandFill(bar=0, lots=1_000, price=100.0, slippage=1.0),
        by_hand.HandFill(bar=1, lots=1_000, price=100.0, slippage=2.0),  # more of the same
        by_hand.HandFill(bar=1, lots=5_000, price=10.0, instrument="ETHUSDT", slippage=64.0),
        by_hand.HandFill(bar=2, lots=-500, price=100.0, slippage=4.0),  # some less
        by_hand.HandFill(bar=3, lots=-4_500, price=100.0, slippage=9.0),  # a third closes, two thirds open a short
        by_hand.HandFill(bar=4, lots=3_000, price=100.0, slippage=16.0),
        by_hand.HandFill(bar=5, lots=1_000, price=100.0, slippage=32.0),  # still open at the end
    ]
    paths = {"BTCUSDT": [100.0] * 7, "ETHUSDT": [10.0] * 7}
    result = by_hand.result_by_hand(paths, fills)
    # entered: 2 coins, 3 coins and 1 coin at 100, 5 coins at 10
    worth = np.array([200.0, 300.0, 100.0, 50.0]) / 10_000.0
    expected = np.mean(np.array([1 + 2 + 4 + 3, 6 + 16, 32, 64]) / worth)
    edge = sober(result).edge
    assert not isinstance(edge, Unmeasured)
    assert edge.trades == 4
    assert edge.slippage == pytest.approx(expected)
    assert edge.gross == pytest.approx(expected)  # prices stood still


def test_few_trades_and_scattered_trades_prove_nothing(by_hand: ModuleType) -> None:
    few = sober(alternating(by_hand, [50.0, 40.0, 60.0]))
    assert said(few, "Enough trades") == ("unknown", "3 trades: too few to tell an edge from luck.")
    profits = [100.0, -80.0] * 10
    scattered = sober(alternating(by_hand, profits))
    t = stats.ttest_1samp(profits, 0.0).statistic
    needed = math.ceil(20 * (stats.norm.ppf(0.95) / t) ** 2)
    verdict, sentence = said(scattered, "Enough trades")
    assert verdict == "doubtful"
    assert f"about {needed} such trades" in sentence
    losing = sober(alternating(by_hand, [80.0, -100.0] * 10))
    assert said(losing, "Enough trades")[0] == "bad"
    same = sober(alternating(by_hand, [50.0] * 12))
    assert said(same, "Enough trades")[0] == "unknown"


# --- weeks ----------------------------------------------------------------------------------------------------------


def test_weeks_begin_on_monday_and_a_bar_belongs_to_the_week_it_opens_in(by_hand: ModuleType) -> None:
    # days from Monday 2024-01-01; the bar of Sunday closes at Monday's midnight and is still the old week's
    equity = np.full(7 * 9, 1000.0)
    equity[6:] += 70.0  # Sunday of the first week
    equity[7:] += 20.0  # Monday of the second
    equity[21:] += 10.0
    judged = sober(by_hand.result_of_equity(equity, capital=1000.0))
    weeks = judged.concentration
    assert not isinstance(weeks, Unmeasured)
    assert weeks.weeks == 9
    assert weeks.profit == pytest.approx(100.0)
    assert weeks.best_week == pytest.approx(70.0)
    assert weeks.without_best_week == pytest.approx(30.0)
    assert weeks.best_week_start == 1_704_067_200 * 10**9
    assert weeks.enough_weeks == 3
    verdict, sentence = said(judged, "What the profit rests on")
    assert verdict == "doubtful"
    assert "that of 2024-01-01, made 70 % of the profit, and 30.00 would remain without it" in sentence


def test_weekly_changes_are_those_of_pandas(noise: Callable[..., Result]) -> None:
    import pandas as pd

    result = noise(1.5, bars=24 * 200, bar="1h", seed=5)
    judged = sober(result).concentration
    assert not isinstance(judged, Unmeasured)
    opens = pd.to_datetime(result.equity["time"] - HOUR, utc=True)
    last = pd.Series(result.equity["equity"], index=opens).resample("W-SUN").last()  # ends on Sunday: ISO weeks
    changes = last.diff().fillna(last.iloc[0] - 1000.0)
    assert judged.weeks == len(last)
    assert judged.best_week == pytest.approx(changes.max())
    assert pd.Timestamp(judged.best_week_start, tz="UTC") == changes.idxmax() - pd.Timedelta(days=6)
    ordered = changes.sort_values(ascending=False).cumsum()
    assert judged.enough_weeks == int((ordered < judged.profit - 1e-6).sum()) + 1


def test_a_profit_of_one_week_or_one_trade_is_called_bad(by_hand: ModuleType) -> None:
    equity = np.linspace(1000.0, 900.0, 70)
    equity[30:] += 150.0
    lucky = sober(by_hand.result_of_equity(equity, capital=1000.0))
    verdict, sentence = said(lucky, "What the profit rests on")
    assert verdict == "bad"
    assert "without it the run would have lost" in sentence
    one = sober(alternating(by_hand, [-5.0] * 11 + [100.0]))
    assert said(one, "The best trade")[0] == "bad"
    assert "222 % of the profit: without it the run would have lost" in said(one, "The best trade")[1]
    even = sober(alternating(by_hand, [10.0, 11.0] * 10))
    assert said(even, "The best trade") == ("good", "The best trade made 5 % of the profit.")


def test_where_nothing_was_earned_it_is_unknown_what_a_profit_rests_on(by_hand: ModuleType) -> None:
    for equity, words in ((np.linspace(1000.0, 900.0, 70), "lost 100.00"), (np.full(70, 1000.0), "made nothing")):
        judged = sober(by_hand.result_of_equity(equity, capital=1000.0))
        found = said(judged, "What the profit rests on")
        assert found == ("unknown", f"The run {words}, so there is no profit to look into.")


# --- all of it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(results()))
def test_odd_runs_get_sentences_with_reasons_and_no_nan(name: str) -> None:
    judged = sober(with_trials(results()[name], [trial(0.1), trial(0.2), trial(0.4)]))
    assert len(judged.sentences) == len(judged.verdicts) >= 3
    assert set(judged.verdicts) <= VERDICTS
    for sentence in judged.sentences:
        assert sentence.endswith(".")
        assert not {"nan", "inf", "None", "-0"} & set(sentence.replace(",", " ").replace(".", " ").split()), sentence
        assert sentence[0].isupper() or sentence[0].isdigit()
    if name == "all lost":
        assert "equity reached zero" in said(judged, "Luck")[1]
        assert said(judged, "Luck")[0] == "bad"
    if name == "no trades":
        assert said(judged, "Edge and costs") == ("unknown", "There is no edge to judge: no trades.")
    if name == "one bar":
        assert "needs at least two bars" in said(judged, "Luck")[1]


def test_the_real_run_is_judged_by_its_own_ledger(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    example = fw.load(
        Path(__file__).parents[3] / "examples" / "btc_1h.yaml",
        overrides=[f"source.folder={real_data}"],
    )
    example.sweep({"strategy.fast": [20, 35, 50], "strategy.slow": [150, 200]})
    luck = sober(example.run(write=False)).luck
    assert isinstance(luck, Luck)
    assert luck.trials == 6, "the run repeats a combination of the sweep"
    assert luck.deflated is not None
    assert luck.deflated < luck.probabilistic


@settings(max_examples=60, deadline=None)
@given(moves=st.lists(st.tuples(st.sampled_from("ABC"), st.integers(-4, 4).filter(bool)), min_size=1, max_size=25))
def test_every_fills_slippage_is_borne_by_trades_and_by_all_of_them_together(
    by_hand: ModuleType, moves: list[tuple[str, int]]
) -> None:
    fills = [
        by_hand.HandFill(bar=k, lots=1000 * lots, price=100.0, instrument=name, slippage=float(k + 1))
        for k, (name, lots) in enumerate(moves)
    ]
    result = by_hand.result_by_hand({name: [100.0] * len(fills) for name in "ABC"}, fills)
    # by hand, coin by coin: a coin of a fill closes what is held, oldest trade first, or belongs to the next trade
    borne: dict[tuple[str, int], float] = {}
    held, trade = dict.fromkeys("ABC", 0), dict.fromkeys("ABC", 0)
    for k, (name, lots) in enumerate(moves):
        for _ in range(abs(lots)):
            key = (name, trade[name])
            borne[key] = borne.get(key, 0.0) + (k + 1) / abs(lots)
            held[name] += 1 if lots > 0 else -1
            if held[name] == 0:
                trade[name] += 1
    by_trade = slippage_by_trade(result)
    for name in "ABC":
        mine = by_trade[result.trades["instrument"] == name]
        assert mine == pytest.approx([amount for key, amount in sorted(borne.items()) if key[0] == name])
