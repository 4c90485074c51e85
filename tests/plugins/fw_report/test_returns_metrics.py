"""Metrics of the equity curve against empyrical and scipy, on random and on adversarial curves."""

from __future__ import annotations

import math
import warnings
from fractions import Fraction
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fw import Result, Unmeasured
from fw_report import returns
from fw_report.metrics import METRICS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the peer warns about optional packages at import
    import empyrical
    from scipy import stats


def measured(name: str, result: Result, **settings: float) -> Any:
    return METRICS[name](**settings).measure(result)


def reason(name: str, result: Result) -> str:
    value = measured(name, result)
    assert isinstance(value, Unmeasured), f"{name} is {value}"
    return value.reason


def oracle(name: str, equity: Any, capital: float, a_year: float) -> float:
    """What empyrical or scipy says of the same curve, its first return from the capital."""
    path = np.concatenate(([capital], equity))
    r = np.diff(path) / path[:-1]
    return float(
        {
            "total_return": lambda: empyrical.cum_returns_final(r),
            "cagr": lambda: empyrical.cagr(r, annualization=a_year),
            "volatility": lambda: empyrical.annual_volatility(r, annualization=a_year),
            "sharpe": lambda: empyrical.sharpe_ratio(r, annualization=a_year),
            "sortino": lambda: empyrical.sortino_ratio(r, annualization=a_year),
            "calmar": lambda: empyrical.calmar_ratio(r, annualization=a_year),
            "max_drawdown": lambda: -empyrical.max_drawdown(r),
            "value_at_risk": lambda: empyrical.value_at_risk(r, cutoff=0.05),
            "conditional_value_at_risk": lambda: empyrical.conditional_value_at_risk(r, cutoff=0.05),
            "skew": lambda: stats.skew(r, bias=True),
            "kurtosis": lambda: stats.kurtosis(r, fisher=True, bias=True),
        }[name]()
    )


AGAINST_PEERS = (
    "total_return cagr volatility sharpe sortino calmar max_drawdown value_at_risk conditional_value_at_risk skew"
    " kurtosis"
)


@pytest.mark.parametrize("name", AGAINST_PEERS.split(" "))
@pytest.mark.parametrize(("bar", "bars", "drift", "swing"), [
    ("1d", 2, 0.0, 0.01),
    ("1d", 365, 0.001, 0.02),
    ("1h", 5_000, 0.0001, 0.004),
    ("1h", 2_049, -0.0002, 0.004),
    ("1m", 50_001, 0.0, 0.0008),
    ("15m", 4_097, 0.002, 0.0001),
])  # fmt: skip
def test_metrics_of_returns_agree_with_peers(
    by_hand: ModuleType, name: str, bar: str, bars: int, drift: float, swing: float
) -> None:
    random = np.random.default_rng(bars)
    equity = 5_000.0 * np.cumprod(1.0 + drift + swing * random.standard_t(4, bars))
    result = by_hand.result_of_equity(equity, capital=5_000.0, bar=bar)
    value = measured(name, result)
    wanted = oracle(name, equity, 5_000.0, result.bar.bars_per_year)
    if isinstance(value, Unmeasured):
        assert not math.isfinite(wanted) or wanted == 0.0 or bars == 2, value.reason
        return
    assert value == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@example(steps=[0.300781] * 3, capital=1e-3, repeat=50)  # steady growth, which varies by rounding alone
@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.floats(-0.9, 9.0).map(lambda step: round(step, 6)), min_size=3, max_size=60),
    capital=st.sampled_from([1e-3, 1.0, 10_000.0, 1e9]),
    repeat=st.sampled_from([1, 50]),
)
def test_wild_curves_agree_with_peers_and_never_give_nan(
    by_hand: ModuleType, steps: list[float], capital: float, repeat: int
) -> None:
    log_growth = np.cumsum(np.log1p(np.tile(steps, repeat)))
    equity = capital * np.exp(np.clip(log_growth, -40.0, 40.0))
    result = by_hand.result_of_equity(equity, capital=capital)
    for name in AGAINST_PEERS.split():
        value = measured(name, result)
        if isinstance(value, Unmeasured):
            continue
        assert math.isfinite(value)
        wanted = oracle(name, equity, capital, 365.0)
        assert value == pytest.approx(wanted, rel=1e-7, abs=1e-9), name


@settings(max_examples=100, deadline=None)
@given(
    equity=st.lists(
        st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1e-300, 1e-9, 1.0, 10_000.0]), min_size=0, max_size=12
    ),
    bar=st.sampled_from(["1m", "1d", "1w"]),
)
def test_no_curve_whatever_gives_nan_infinity_or_a_warning(by_hand: ModuleType, equity: list[float], bar: str) -> None:
    result = by_hand.result_of_equity(equity, capital=10_000.0, bar=bar)
    for name, metric in METRICS.items():
        value = metric().measure(result)
        assert isinstance(value, Unmeasured) or math.isfinite(value), name
        assert isinstance(value, int | float | Unmeasured), name
        assert not isinstance(value, np.generic), f"{name} is not a plain number"


def test_moments_stay_exact_where_the_mean_dwarfs_the_deviation(by_hand: ModuleType) -> None:
    random = np.random.default_rng(3)
    equity = 100.0 * np.cumprod(1.01 + 1e-9 * random.standard_normal(4_000))
    path = [Fraction(100), *(Fraction(float(e)) for e in equity)]
    r = [Fraction(float(after / before - 1)) for before, after in pairwise(path)]
    mean = sum(r) / len(r)
    variance = sum((x - mean) ** 2 for x in r) / (len(r) - 1)
    wanted = float(mean) / math.sqrt(float(variance)) * math.sqrt(365)
    value = measured("sharpe", by_hand.result_of_equity(equity, capital=100.0))
    assert value == pytest.approx(wanted, rel=1e-6)  # the returns themselves carry 1e-16 of 1e-9


def test_the_first_return_is_measured_from_the_capital(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([90.0, 90.0, 90.0], capital=100.0)
    assert measured("total_return", result) == pytest.approx(-0.1)
    assert measured("max_drawdown", result) == pytest.approx(0.1)
    assert measured("volatility", result) == pytest.approx(np.std([-0.1, 0, 0], ddof=1) * math.sqrt(365))


def test_risk_free_interest_and_a_required_return_are_spread_over_the_bars(by_hand: ModuleType) -> None:
    random = np.random.default_rng(5)
    r = random.normal(0.001, 0.01, 300)
    result = by_hand.result_of_equity(np.cumprod(1 + r), capital=1.0)
    sharpe = empyrical.sharpe_ratio(r, risk_free=0.05 / 365, annualization=365)
    sortino = empyrical.sortino_ratio(r, required_return=0.05 / 365, annualization=365)
    assert measured("sharpe", result, risk_free=0.05) == pytest.approx(sharpe, rel=1e-9)
    assert measured("sortino", result, required=0.05) == pytest.approx(sortino, rel=1e-9)


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_the_tail_follows_its_confidence(by_hand: ModuleType, confidence: float) -> None:
    r = np.random.default_rng(8).normal(0.0, 0.01, 997)
    result = by_hand.result_of_equity(np.cumprod(1 + r), capital=1.0)
    value = measured("value_at_risk", result, confidence=confidence)
    assert value == pytest.approx(np.percentile(r, 100 * (1 - confidence)), rel=1e-9)
    worst = np.sort(r)[: math.floor((1 - confidence) * 996) + 1]
    assert measured("conditional_value_at_risk", result, confidence=confidence) == pytest.approx(worst.mean())


@pytest.mark.parametrize(("equity", "bars"), [
    ([100.0, 110.0, 120.0], 0),
    ([100.0, 100.0, 100.0], 0),
    ([90.0, 100.0], 2),               # from the capital, at the first bar's open, to the bar that is back
    ([110.0, 100.0, 105.0, 110.0, 100.0], 3),
    ([110.0, 100.0, 105.0, 107.0, 108.0], 4),
    ([100.0, 90.0, 100.0, 100.0, 95.0], 2),
])  # fmt: skip
def test_the_longest_drawdown_counts_bars_from_a_peak_to_the_first_bar_back(
    by_hand: ModuleType, equity: list[float], bars: int
) -> None:
    result = by_hand.result_of_equity(equity, capital=100.0, bar="1h")
    assert measured("max_drawdown_duration", result) == bars * 3_600 * 10**9


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), bars=st.integers(1, 9_000), drift=st.sampled_from([-0.002, 0.0, 0.0005, 0.01]))
def test_the_longest_drawdown_agrees_with_a_plain_walk(by_hand: ModuleType, seed: int, bars: int, drift: float) -> None:
    random = np.random.default_rng(seed)
    equity = np.round(100.0 * np.exp(np.cumsum(drift + 0.005 * random.standard_normal(bars))), 1)  # ties at the peak
    peak, since, longest = 100.0, -1, 0
    for i, value in enumerate(equity.tolist()):
        if value < peak:
            longest = max(longest, i - since)
        else:
            if i - since > 1 and min(equity[since + 1 : i]) < peak:
                longest = max(longest, i - since)
            peak, since = value, i
    result = by_hand.result_of_equity(equity, capital=100.0, bar="1d")
    assert measured("max_drawdown_duration", result) == longest * 86_400 * 10**9


def test_one_bar_has_a_return_but_no_deviation(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([101.0], capital=100.0)
    assert measured("total_return", result) == pytest.approx(0.01)
    for name in ("volatility", "sharpe", "sortino", "skew", "kurtosis", "value_at_risk", "conditional_value_at_risk"):
        assert reason(name, result) == "needs at least two bars"


def test_a_run_without_bars_has_no_numbers_of_its_equity(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([], capital=100.0)
    for name in ("final_equity", "total_return", "cagr", "sharpe", "calmar", "max_drawdown", "exposure", "turnover"):
        assert reason(name, result) == "no bars"


def test_flat_equity_has_no_ratios(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([100.0] * 10, capital=100.0)
    assert measured("volatility", result) == 0.0
    assert measured("max_drawdown", result) == 0.0
    assert measured("cagr", result) == 0.0
    assert reason("sharpe", result) == "returns do not vary"
    assert reason("sortino", result) == "no bar lost"
    assert reason("calmar", result) == "equity never fell"
    assert reason("skew", result) == "returns do not vary"


def test_steady_growth_does_not_pass_the_rounding_of_floats_for_risk(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity(100.0 * np.cumprod(np.full(5_000, 1.001)), capital=100.0)
    assert reason("sharpe", result) == "returns do not vary"
    assert reason("kurtosis", result) == "returns do not vary"


@pytest.mark.parametrize("low", [0.0, -5.0])
def test_ruin_leaves_only_what_can_still_be_said(by_hand: ModuleType, low: float) -> None:
    result = by_hand.result_of_equity([120.0, 60.0, low, low], capital=100.0)
    assert measured("max_drawdown", result) == pytest.approx(1.0 - low / 120.0)
    assert measured("total_return", result) == pytest.approx(low / 100.0 - 1.0)
    for name in ("volatility", "sharpe", "sortino", "calmar", "skew", "value_at_risk"):
        assert reason(name, result) == "equity reached zero, after which returns do not exist"
    if low < 0.0:
        assert reason("cagr", result) == "equity ended below zero"
    else:
        assert measured("cagr", result) == -1.0


def test_a_run_of_hours_is_not_stretched_to_a_year(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([101.0, 100.5], capital=100.0, bar="1h")
    assert reason("cagr", result) == "a run shorter than a day says nothing of a year"
    assert reason("calmar", result) == "a run shorter than a day says nothing of a year"


def test_a_year_too_good_to_write_down_is_no_number(by_hand: ModuleType) -> None:
    assert reason("cagr", by_hand.result_of_equity([1_000.0], capital=1.0)) == "too large when annualised"


def test_a_rate_a_year_outside_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1"):
        returns.Sharpe(risk_free=4.0)
    with pytest.raises(ValueError, match="less than 1"):
        returns.ValueAtRisk(confidence=95.0)


def test_the_curve_is_walked_once_for_all_metrics(by_hand: ModuleType) -> None:
    from fw_report.curve import curve_of

    result = by_hand.result_of_equity([101.0, 100.5], capital=100.0)
    assert curve_of(result) is curve_of(result)
    assert curve_of(result, threshold=0.1) is not curve_of(result)
