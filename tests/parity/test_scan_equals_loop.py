"""The two engines agree to the last bit over everything the scan accepts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.plan import Plan

FRAMES = ("equity", "fills", "orders", "funding", "vetoes", "trades")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def assert_same(one: fw.Result, other: fw.Result) -> None:
    """Every number of two results is the same, bit for bit; tags belong to the loop alone."""
    assert dict(one.totals) == dict(other.totals)
    for name in FRAMES:
        left, right = getattr(one, name), getattr(other, name)
        assert list(left) == list(right)
        for column in left:
            if column != "tag":
                np.testing.assert_array_equal(left[column], right[column], err_msg=f"{name}.{column}")
    for column in one.signals:
        if column != "tag":
            np.testing.assert_array_equal(one.signals[column], other.signals[column], err_msg=f"signals.{column}")


def test_two_instruments_on_one_cross_account(make_plan: Callable[..., Plan], scripted: Any) -> None:
    market, strategy = scripted(1, SYMBOLS[:2], 1500)
    plan = make_plan(
        market,
        strategy,
        account={"margin": "cross", "leverage": 5, "allow_high_leverage": True},
        sizer={"use": "fixed_fraction", "fraction": 1.5},
    )
    scan, loop = plan.run(write=False, engine="scan"), plan.run(write=False, engine="loop")
    assert scan.fills.rows > 50
    assert set(scan.fills["instrument"]) == {"BTCUSDT", "ETHUSDT"}
    assert_same(scan, loop)


@settings(
    max_examples=max(60, settings.default.max_examples // 4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 3),
    margin=st.sampled_from(["cross", "isolated"]),
    leverage=st.sampled_from([1, 3, 20, 100]),
    fraction=st.sampled_from([0.1, 1.0, 2.5, 30.0]),
    limit=st.sampled_from([None, 0.5, 2.0]),
    drawdown=st.sampled_from([None, None, 0.2, 0.6]),
    rebalance=st.sampled_from([None, None, 0.05, 0.5]),
    latency=st.sampled_from(["0s", "0s", "1s", "5h"]),
    participation=st.sampled_from([None, None, 0.02, 1.0]),
    path=st.sampled_from(["pessimistic", "optimistic", "ohlc", "adaptive"]),
    clock=st.sampled_from(["1h", "1h", "4h"]),
    through=st.integers(0, 2),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    marked=st.booleans(),
    slippage=st.sampled_from(
        [{"bps": 0}, {"bps": 50}, {"bps": 1, "half_spread": 2, "volatility": 0.1, "impact": 0.8, "span": 20}]
    ),
)
def test_any_signals_any_account(
    make_plan: Callable[..., Plan],
    scripted: Any,
    seed: int,
    count: int,
    margin: str,
    leverage: int,
    fraction: float,
    limit: float | None,
    drawdown: float | None,
    rebalance: float | None,
    latency: str,
    participation: float | None,
    path: str,
    clock: str,
    through: int,
    wild: float,
    marked: bool,
    slippage: dict[str, float],
) -> None:
    market, strategy = scripted(seed, SYMBOLS[:count], 300, wild=wild, marked=marked, clock=clock)
    risk = []
    if limit is not None:
        risk.append({"use": "max_exposure", "limit": limit})
    if drawdown is not None:
        risk.append({"use": "drawdown_stop", "limit": drawdown})
    plan = make_plan(
        market,
        strategy,
        account={
            "margin": margin,
            "leverage": leverage,
            "allow_high_leverage": True,
            "mark": "required" if marked else "last",
        },
        sizer={"use": "fixed_fraction", "fraction": fraction},
        risk=risk,
        rebalance=rebalance,
        bar=clock,
        simulation={
            "bar_path": path,
            "finer": None if clock == "1h" else "1h",
            "latency": latency,
            "participation": participation,
            "through": through,
            "slippage": slippage,
        },
    )
    assert_same(plan.run(write=False, engine="scan"), plan.run(write=False, engine="loop"))


@pytest.mark.parametrize("fast", [5, 20])
def test_a_bundled_strategy_with_an_array_sizer(make_plan: Callable[..., Plan], scripted: Any, fast: int) -> None:
    market, _ = scripted(3, SYMBOLS[:2], 1200)
    plan = make_plan(
        market,
        {"use": "sma_cross", "fast": fast, "slow": 60},
        sizer={"use": "volatility_target", "target": 0.3},
        account={"margin": "cross", "leverage": 3},
    )
    scan, loop = plan.run(write=False), plan.run(write=False, engine="loop")
    assert scan.engine == "scan"
    assert scan.fills.rows > 20
    assert_same(scan, loop)
