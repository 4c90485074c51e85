"""Fills on finer bars are those of a clock of these bars on which nothing is decided in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.plan import Plan

SYMBOLS = ("BTCUSDT", "ETHUSDT")
HOUR = 3_600_000_000_000
MINUTE = HOUR // 60


def spread(arrays: fw.SignalArrays, times: int) -> fw.SignalArrays:
    """The same signals on a clock that many times faster: decided at each last bar, expiries counted in its bars."""

    def on(column: np.ndarray | None, factor: float = 1.0) -> np.ndarray | None:
        if column is None:
            return None
        wide = np.full((column.shape[0], times * column.shape[1]), np.nan)
        wide[:, times - 1 :: times] = column * factor
        return wide

    return fw.SignalArrays(
        strength=on(arrays.strength),  # type: ignore[arg-type]
        stop_loss=on(arrays.stop_loss),
        take_profit=on(arrays.take_profit),
        trailing=on(arrays.trailing),
        limit=on(arrays.limit),
        expiry=on(arrays.expiry, times),
    )


def assert_same_fills(finer: fw.Result, fast: fw.Result) -> None:
    """Every fill, payment and order is the same, and so is the equity whenever both clocks strike."""
    for name in ("fills", "funding", "orders", "trades"):
        one, other = getattr(finer, name), getattr(fast, name)
        for column in one:
            if (name, column) != ("trades", "bars"):  # counted in bars of the clock
                np.testing.assert_array_equal(one[column], other[column], err_msg=f"{name}.{column}")
    shared = np.isin(fast.equity["time"], finer.equity["time"])
    np.testing.assert_array_equal(finer.equity["equity"], fast.equity["equity"][shared])
    for name in set(finer.totals) - {"exposure_bars"}:
        assert finer.totals[name] == fast.totals[name], name


@settings(
    max_examples=max(40, settings.default.max_examples // 4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 2),
    margin=st.sampled_from(["cross", "isolated"]),
    fraction=st.sampled_from([0.5, 3.0, 15.0]),
    drawdown=st.sampled_from([None, 0.3]),
    path=st.sampled_from(["pessimistic", "optimistic", "ohlc", "adaptive"]),
    wild=st.sampled_from([0.002, 0.01, 0.03]),
    marked=st.booleans(),
)
def test_decisions_each_four_hours_on_bars_of_one(
    make_plan: Callable[..., Plan],
    made_up: ModuleType,
    scripted: Any,
    seed: int,
    count: int,
    margin: str,
    fraction: float,
    drawdown: float | None,
    path: str,
    wild: float,
    marked: bool,
) -> None:
    market, script = scripted(seed, SYMBOLS[:count], 400, wild=wild, marked=marked, clock="4h")
    account = {"margin": margin, "leverage": 20, "allow_high_leverage": True, "mark": "required" if marked else "last"}
    common: dict[str, Any] = {
        "account": account,
        "sizer": {"use": "fixed_fraction", "fraction": fraction},
        "risk": [] if drawdown is None else [{"use": "drawdown_stop", "limit": drawdown}],
    }
    finer = make_plan(market, script, bar="4h", simulation={"bar_path": path, "finer": "1h"}, **common)
    fast = make_plan(market, made_up.Scripted(spread(script.arrays, 4)), simulation={"bar_path": path}, **common)
    assert_same_fills(finer.run(write=False, engine="scan"), fast.run(write=False, engine="scan"))


@pytest.fixture
def minutes(real_data: Path) -> pd.DataFrame:
    """Real minutes of July and August 2023, from 11:13 to 11:11."""
    return pd.read_parquet(real_data / "btcusdt_perp_1m_2023-07_2023-08.parquet")


class Bracketed:
    """Each six hours a position of five, long and short in turn, with a stop and a take profit as near."""

    lookback = 1

    def decide_all(self, history: fw.History) -> fw.SignalArrays:
        hour = history.close_time // HOUR
        close = history.bars.close[0]
        side = np.where(hour // 6 % 2 == 0, 1.0, -1.0)
        strength = np.where(hour % 6 == 0, side, np.where(hour % 6 == 5, 0.0, np.nan))
        away = {"stop_loss": close * (1 - 0.004 * side), "take_profit": close * (1 + 0.004 * side)}
        return fw.SignalArrays(strength=strength[None], **{name: level[None] for name, level in away.items()})

    def decide(self, view: fw.View) -> float | None:
        raise NotImplementedError


def run_brackets(minutes: pd.DataFrame, **simulation: Any) -> fw.Result:
    whole_hours = minutes.set_index("timestamp")["2023-07-18 12:00":"2023-08-17 10:59"]
    data: Any = minutes
    if "finer" not in simulation:
        how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
        data = whole_hours.resample("1h").agg(how)
    simulation = {"slippage": {"bps": 0}, **simulation}
    return fw.backtest(data, Bracketed(), bar="1h", simulation=simulation, account={"leverage": 2})


def test_hours_made_of_real_minutes_are_the_exchanges_own_hours(real_data: Path, minutes: pd.DataFrame) -> None:
    result = run_brackets(minutes, finer="1m")
    made = result.market.bars
    own = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet").set_index("timestamp")
    own = own.loc["2023-07-18 12:00":"2023-08-17 10:00"]
    assert len(made) == len(own) == 719
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(getattr(made, name), own[name])
    assert "fills are found on 1m bars inside 1h decisions" in result.notes
    assert "the first 47 bars of 1m fill no whole bar of 1h, and are left out" in result.notes
    assert "the last 12 bars of 1m fill no whole bar of 1h, and are left out" in result.notes


def test_each_exit_is_in_the_real_minute_that_a_plain_search_finds(minutes: pd.DataFrame) -> None:
    result = run_brackets(minutes, finer="1m")
    signals = {int(time): row for row, time in enumerate(result.signals["time"])}
    rows = minutes.set_index(minutes["timestamp"].astype("datetime64[ns, UTC]").astype("int64"))
    reasons = set()
    for n in range(result.trades.rows):
        entered, side = int(result.trades["entry_time"][n]), int(result.trades["side"][n])
        signal = signals[entered]
        stop, take = (side * float(result.signals[name][signal]) for name in ("stop_loss", "take_profit"))
        expected: tuple[int, float, str] = (entered + 5 * HOUR, float("nan"), "signal")
        held = rows.loc[entered : entered + 5 * HOUR - MINUTE]
        for time, opened, high, low in zip(held.index, held["open"], held["high"], held["low"], strict=True):
            worst, best, first = (low, high, opened) if side > 0 else (-high, -low, -opened)
            if worst <= stop:
                expected = int(time), min(stop, first), "stop"
                break
            if best > take + 0.05:  # through it by a tick of 0.1
                expected = int(time), take, "take_profit"
                break
        reason = str(result.trades["exit_reason"][n])
        reasons.add(reason)
        if reason != "end":
            assert (int(result.trades["exit_time"][n]), reason) == (expected[0], expected[2])
        if reason in ("stop", "take_profit"):
            assert side * result.trades["exit_price"][n] == pytest.approx(expected[1], rel=1e-12)
    assert reasons >= {"stop", "take_profit", "signal"}
    assert result.trades.rows > 100


def test_real_minutes_and_walked_bars_leave_less_in_doubt(minutes: pd.DataFrame) -> None:
    coarse, finer = run_brackets(minutes), run_brackets(minutes, finer="1m")
    walked = run_brackets(minutes, bar_path="adaptive")
    assert coarse.totals["ambiguous_bars"] > finer.totals["ambiguous_bars"] == walked.totals["ambiguous_bars"] == 0
