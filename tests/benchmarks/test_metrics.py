"""Sharpe, Sortino, Calmar and the deepest drawdown of a million points, beside empyrical in the same run.

The goal is 17 times empyrical's speed (5 at least); figures are printed and never asserted.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from fw import Result
from fw_report import returns

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the peer warns about optional packages at import
    import empyrical

POINTS = 1_000_000
A_YEAR = 365 * 24 * 60
FOUR = (returns.Sharpe(), returns.Sortino(), returns.Calmar(), returns.MaxDrawdown())


@pytest.fixture(scope="module")
def changes() -> NDArray[np.float64]:
    return np.random.default_rng(7).normal(2e-6, 5e-4, POINTS)


@pytest.fixture(scope="module")
def run(by_hand: ModuleType, changes: NDArray[np.float64]) -> Result:
    result: Result = by_hand.result_of_equity(10_000.0 * np.cumprod(1.0 + changes), capital=10_000.0, bar="1m")
    return result


def ours(run: Result) -> list[Any]:
    fresh = attrs.evolve(run)  # remembers nothing
    return [metric.measure(fresh) for metric in FOUR]


def peers(changes: NDArray[np.float64]) -> list[float]:
    return [
        float(empyrical.sharpe_ratio(changes, annualization=A_YEAR)),
        float(empyrical.sortino_ratio(changes, annualization=A_YEAR)),
        float(empyrical.calmar_ratio(changes, annualization=A_YEAR)),
        -float(empyrical.max_drawdown(changes)),
    ]


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def test_four_metrics_of_a_million_points(
    benchmark: BenchmarkFixture,
    run: Result,
    changes: NDArray[np.float64],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert benchmark(ours, run) == pytest.approx(peers(changes), rel=1e-6)
    # in turns, so that a busy machine slows both
    rounds = [(cpu_seconds(lambda: ours(run)), cpu_seconds(lambda: peers(changes))) for _ in range(15)]
    ratio = statistics.median(theirs / mine for mine, theirs in rounds)
    mine, theirs = (1e9 / POINTS * statistics.median(column) for column in zip(*rounds, strict=True))
    with capsys.disabled():
        print(f"\nfour metrics: {mine:.2f} ns a point, empyrical {theirs:.1f}: {ratio:.1f} times its speed, CPU time")


def test_four_metrics_of_a_million_points_by_empyrical(
    benchmark: BenchmarkFixture, changes: NDArray[np.float64]
) -> None:
    benchmark(peers, changes)


def test_every_metric_of_a_million_points(benchmark: BenchmarkFixture, run: Result) -> None:
    from fw_report.metrics import METRICS

    every = [metric() for metric in METRICS.values()]

    def all_of_them() -> None:
        fresh = attrs.evolve(run)
        for metric in every:
            metric.measure(fresh)

    benchmark(all_of_them)


def test_trades_of_a_hundred_thousand_fills(benchmark: BenchmarkFixture, by_hand: ModuleType) -> None:
    count = 100_000
    fills = [by_hand.HandFill(bar=k, lots=10 - 20 * (k % 2), price=100.0 + k % 7, fee=0.1) for k in range(count)]
    run: Result = by_hand.result_by_hand(np.full(count, 100.0), fills, bar="1m")
    trades = benchmark(lambda: attrs.evolve(run).trades)
    assert trades.rows == count // 2
