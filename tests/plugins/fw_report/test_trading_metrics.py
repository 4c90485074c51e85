"""Metrics of trades and costs against their written definitions in plain Python."""

from __future__ import annotations

import itertools
import math
from types import ModuleType
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw import Result, Unmeasured
from fw_report.metrics import METRICS

OF_TRADES = (
    "win_rate profit_factor expectancy payoff_ratio longest_winning_streak longest_losing_streak best_trade worst_trade"
    " average_holding"
)


def measured(name: str, result: Result) -> Any:
    return METRICS[name]().measure(result)


def reasons(result: Result, *names: str) -> set[str]:
    values = [measured(name, result) for name in names]
    return {value.reason for value in values if isinstance(value, Unmeasured)}


def run_with_profits(by_hand: ModuleType, profits: list[float]) -> Result:
    """Trades of one coin, two bars each, with these profits."""
    fills = []
    for k, profit in enumerate(profits):
        fills.append(by_hand.HandFill(bar=2 * k, lots=1000, price=1_000.0))
        fills.append(by_hand.HandFill(bar=2 * k + 1, lots=-1000, price=1_000.0 + profit))
    result: Result = by_hand.result_by_hand([1_000.0] * (2 * len(profits) + 1), fills)
    return result


@settings(max_examples=100, deadline=None)
@given(profits=st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30))
def test_metrics_of_trades_follow_their_definitions(by_hand: ModuleType, profits: list[float]) -> None:
    result = run_with_profits(by_hand, profits)
    won, lost = [p for p in profits if p > 0], [-p for p in profits if p < 0]
    streaks = [(sign, len(list(run))) for sign, run in itertools.groupby((p > 0) - (p < 0) for p in profits)]
    wanted = {
        "trades": len(profits),
        "win_rate": len(won) / len(profits),
        "profit_factor": sum(won) / sum(lost) if lost else None,
        "expectancy": sum(profits) / len(profits),
        "payoff_ratio": (sum(won) / len(won)) / (sum(lost) / len(lost)) if won and lost else None,
        "longest_winning_streak": max((n for sign, n in streaks if sign > 0), default=0),
        "longest_losing_streak": max((n for sign, n in streaks if sign < 0), default=0),
        "best_trade": max(profits),
        "worst_trade": min(profits),
        "average_holding": 3_600 * 10**9,
        "exposure": 2 * len(profits) / (2 * len(profits) + 1),
    }
    for name, value in wanted.items():
        found = measured(name, result)
        assert isinstance(found, Unmeasured) if value is None else found == pytest.approx(value, abs=1e-12), name


def test_without_trades_there_is_nothing_to_say_of_them(by_hand: ModuleType) -> None:
    result = by_hand.result_by_hand([100.0] * 3)
    assert reasons(result, *OF_TRADES.split(" ")) == {"no trades"}
    assert [measured(name, result) for name in ("trades", "exposure", "turnover", "fees")] == [0, 0.0, 0.0, 0.0]


def test_only_won_trades_have_no_loss_to_compare_with(by_hand: ModuleType) -> None:
    result = run_with_profits(by_hand, [1.0, 2.0])
    assert reasons(result, *OF_TRADES.split(" ")) == {"no trade lost"}
    assert (measured("win_rate", result), measured("longest_losing_streak", result)) == (1.0, 0)


def test_only_lost_trades_have_a_profit_factor_of_zero(by_hand: ModuleType) -> None:
    result = run_with_profits(by_hand, [-1.0, -2.0])
    assert measured("profit_factor", result) == 0.0
    assert reasons(result, *OF_TRADES.split(" ")) == {"no trade won"}


def test_a_trade_of_zero_profit_is_neither_won_nor_lost_and_ends_a_streak(by_hand: ModuleType) -> None:
    result = run_with_profits(by_hand, [1.0, 0.0, 1.0, 1.0, 0.0])
    assert measured("win_rate", result) == 0.6
    assert measured("longest_winning_streak", result) == 2
    assert measured("longest_losing_streak", result) == 0


def test_costs_are_those_of_the_ledger(by_hand: ModuleType) -> None:
    fill, stamp = by_hand.HandFill, by_hand.HandFunding
    result = by_hand.result_by_hand(
        [100.0] * 4,
        [
            fill(bar=0, lots=1000, price=100.0, fee=0.04, slippage=0.5),
            fill(bar=2, lots=-1000, price=100.0, fee=-0.01, slippage=0.25, reason="liquidation"),
        ],
        [stamp(bar=1, rate=0.001, price=100.0)],
    )
    found = [measured(name, result) for name in ("fees", "funding", "slippage", "liquidations")]
    assert found == [pytest.approx(0.03), pytest.approx(-0.1), pytest.approx(0.75), 1]
    assert isinstance(found[3], int)


def test_turnover_is_what_was_traded_over_mean_equity_a_year(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand(
        [100.0, 110.0, 110.0, 110.0],
        [fill(bar=0, lots=5000, price=100.0), fill(bar=2, lots=-5000, price=110.0)],
        capital=1_000.0,
        bar="1d",
    )
    mean = math.fsum([1_000.0, 1_050.0, 1_050.0, 1_050.0]) / 4
    assert measured("turnover", result) == pytest.approx((500 + 550) / mean * 365 / 4)


def test_turnover_needs_equity(by_hand: ModuleType) -> None:
    result = by_hand.result_of_equity([-10.0, -20.0], capital=1.0)
    assert reasons(result, "turnover") == {"mean equity is not above zero"}


def test_exposure_is_averaged_over_instruments(by_hand: ModuleType) -> None:
    fill = by_hand.HandFill
    result = by_hand.result_by_hand({"BTCUSDT": [100.0] * 4, "ETHUSDT": [10.0] * 4}, [fill(bar=2, lots=1, price=100.0)])
    assert measured("exposure", result) == 2 / 8


def test_every_metric_says_its_unit_and_its_definition() -> None:
    for name, metric in METRICS.items():
        assert metric.unit in ("ratio", "percent", "money", "count", "duration"), name
        assert attrs.has(metric)
        assert metric.__doc__
        assert metric.__doc__.count("\n\n") == 1, f"{name}: one line, then formula and edge cases"
