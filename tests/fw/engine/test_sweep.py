"""A sweep is many single runs: the same numbers, fewer passes over the data."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fw
from fw.errors import SettingsError

FILE = """
name: sweeps
instruments: [BTCUSDT]
bar: 1h
account: {leverage: 3}
source: {use: synthetic, start: 2023-01-01, end: 2023-03-01}
strategy: {use: sma_cross, fast: 5, slow: 20}
report: []
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fw.Plan:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    (tmp_path / "run.yaml").write_text(FILE)
    return fw.load(tmp_path / "run.yaml")


def test_columns_of_one_market_are_not_those_of_another(plan: fw.Plan) -> None:
    plan = plan.with_settings(
        "features=[{use: returns, spans: [5]}]", "strategy={use: threshold, column: return_5, above: 0.01}"
    )
    swept = plan.sweep({"source.seed": [1, 2, 3, 4, 5, 6]})
    alone = [plan.with_settings(f"source.seed={seed}").run(write=False).metrics["final_equity"] for seed in range(1, 7)]
    assert list(swept["final_equity"]) == alone


def test_every_combination_is_what_it_is_alone(plan: fw.Plan) -> None:
    over = {"strategy.fast": [3, 5, 8], "strategy.slow": [20, 30], "account.leverage": [1, 3]}
    swept = plan.sweep(over)
    assert swept.rows == 12
    for i in range(12):
        settings = [f"{path}={swept[path][i]}" for path in over]
        alone = plan.with_settings(*settings).run(write=False)
        for name, value in alone.metrics.items():
            number = float(value) if isinstance(value, int | float | np.number) else np.nan
            np.testing.assert_array_equal(swept[name][i], number, err_msg=name)


def test_only_the_metrics_that_were_asked_for_are_measured(plan: fw.Plan, tmp_path: Path) -> None:
    over = {"strategy.fast": [3, 5, 8]}
    whole, some = plan.sweep(over), plan.sweep(over, metrics=["fees", "total_return"])
    assert list(some) == ["strategy.fast", "fees", "total_return", "ended"]
    for name in some:
        np.testing.assert_array_equal(some[name], whole[name])
    # a trial counts with its Sharpe ratio, whatever was asked
    lines = [json.loads(line) for line in (tmp_path / ".fw" / "trials.jsonl").read_text().splitlines()]
    assert [line["sharpe"] for line in lines] == 2 * whole["sharpe"].tolist()


def test_a_metric_that_nobody_offers_stops_a_sweep_before_it_begins(plan: fw.Plan) -> None:
    with pytest.raises(SettingsError, match=r"no metric 'sharp'\. Did you mean 'sharpe'"):
        plan.sweep({"strategy.fast": [3]}, metrics=["sharp"])


def test_settings_finished_from_one_draft_are_those_read_anew(plan: fw.Plan, tmp_path: Path) -> None:
    changes = (
        ["strategy.fast=3"],
        ["account.leverage=1", "seed=4"],
        [],
        ["strategy=buy_and_hold"],
        ["strategy.fast=3"],
    )
    for change in changes:
        finished, anew = plan.with_settings(*change).settings, fw.load(tmp_path / "run.yaml", overrides=change).settings
        assert finished == anew
        assert finished.raw == anew.raw


def test_combinations_come_in_the_order_of_their_values(plan: fw.Plan) -> None:
    swept = plan.sweep({"strategy.fast": [8, 3], "strategy.slow": [30, 20]})
    assert list(zip(swept["strategy.fast"], swept["strategy.slow"], strict=True)) == [
        (8, 30),
        (8, 20),
        (3, 30),
        (3, 20),
    ]


def test_the_loop_sweeps_to_the_same_numbers(plan: fw.Plan) -> None:
    over = {"strategy.fast": [3, 8]}
    scan, loop = plan.sweep(over), plan.sweep(over, engine="loop")
    for name in scan:
        np.testing.assert_array_equal(scan[name], loop[name], err_msg=name)


STOPPED = """
import threading, time
import attrs, fw

running, decided = threading.Event(), []

@attrs.frozen
class Patient:
    "The first stops the sweep once the second has begun; the second takes its time."
    role: int = 1
    def decide(self, view):
        if self.role == 1:
            running.wait(5)
            raise KeyboardInterrupt
        running.set()
        decided.append(view.time)
        time.sleep(0.001)

@fw.hookimpl
def fw_strategies():
    return {"patient": Patient}
"""


def test_a_sweep_that_is_stopped_does_not_wait_for_runs_to_end(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    (tmp_path / "patient.py").write_text(STOPPED)
    text = FILE.replace("strategy: {use: sma_cross, fast: 5, slow: 20}", "strategy: patient\nplugins: [./patient.py]")
    (tmp_path / "run.yaml").write_text(text)
    plan = fw.load(tmp_path / "run.yaml")
    with pytest.raises(KeyboardInterrupt):
        plan.sweep({"strategy.role": [1, 2, 2, 2, 2]})
    decided = plan.settings.strategy.provenance.spec.decide.__globals__["decided"]
    assert len(decided) < 59 * 24, "not even one run has come to its last bar"
    assert not plan.workspace.trials.exists()


def test_what_a_part_refuses_is_left_out_and_all_refused_is_an_error(plan: fw.Plan) -> None:
    swept = plan.sweep({"strategy.fast": [5, 50]})  # 50 is not below 20
    assert list(swept["strategy.fast"]) == [5]
    with pytest.raises(fw.SettingsError, match="fast"):
        plan.sweep({"strategy.fast": [50, 60]})


def test_a_leverage_that_a_contract_does_not_allow_is_left_out(plan: fw.Plan, tmp_path: Path) -> None:
    dated = {"from": "2023-01-01", "tick": 0.1, "lot": 0.001}
    tiers = {"from": "2023-01-01", "tiers": [[0, 0.01, 0, 20]]}
    (tmp_path / "rules.json").write_text(
        json.dumps({"instruments": {"BTCUSDT": [dated]}, "tiers": {"BTCUSDT": [tiers]}})
    )
    allowing = plan.with_settings("account.allow_high_leverage=true", f"account.rules={tmp_path}/rules.json")
    told: list[str] = []
    swept = allowing.sweep({"account.leverage": [2, 25]}, refused=lambda values, error: told.append(str(error)))
    assert list(swept["account.leverage"]) == [2]
    (said,) = told
    assert said.startswith("account.leverage: 25 is above 20, the most that BTCUSDT allows")


@pytest.mark.parametrize("over", [{}, {"strategy.fast": []}])
def test_nothing_to_sweep_is_an_error(plan: fw.Plan, over: dict[str, list[int]]) -> None:
    with pytest.raises(fw.SettingsError, match="at least one setting with at least one value"):
        plan.sweep(over)


def test_an_unknown_path_is_named(plan: fw.Plan) -> None:
    with pytest.raises(fw.SettingsError, match=r"strategy\.fats"):
        plan.sweep({"strategy.fats": [1]})


def test_a_million_runs_are_the_most(plan: fw.Plan) -> None:
    with pytest.raises(fw.SettingsError, match="1,000,000 are the most"):
        plan.sweep({"strategy.fast": range(2, 1200), "strategy.slow": range(2, 1200)})


def test_every_trial_is_counted(plan: fw.Plan, tmp_path: Path) -> None:
    plan.run()
    plan.run(write=False)  # looked at by nobody but the caller, and not noted
    plan.sweep({"strategy.fast": [3, 5, 8]})
    lines = [json.loads(line) for line in (tmp_path / ".fw" / "trials.jsonl").read_text().splitlines()]
    assert [line["run"] == "sweep" for line in lines] == [False, True, True, True]
    alone = plan.run(write=False)
    assert lines[0]["sharpe"] == lines[2]["sharpe"] == alone.metrics["sharpe"]
    assert lines[0]["config"] == lines[2]["config"] != lines[1]["config"]
    assert {line["bars"] for line in lines} == {alone.equity.rows}
    assert lines[0]["instruments"] == ["BTCUSDT"]
    assert (lines[0]["end"] - lines[0]["start"]) // 3_600_000_000_000 == alone.equity.rows


def test_a_result_is_gone_with_its_last_user_though_its_metrics_were_read(plan: fw.Plan) -> None:
    result = plan.run(write=False)
    assert result.metrics["sharpe"] == result.metrics["sharpe"]
    kept = weakref.ref(result.equity)
    gc.disable()  # cycles would be found by it, some day
    try:
        del result
        assert kept() is None
    finally:
        gc.enable()


def test_a_row_says_when_a_risk_check_ended_trading(plan: fw.Plan) -> None:
    stop = "risk=[{use: drawdown_stop, limit: 0.9}]"
    swept = plan.with_settings(stop).sweep({"risk.drawdown_stop.limit": [0.01, 0.9]})
    early, never = swept["ended"].tolist()
    alone = plan.with_settings(stop, "risk.drawdown_stop.limit=0.01").run(write=False)
    assert alone.notes[-1].startswith(f"trading ended at {early}: drawdown_stop")
    assert never == ""
    assert plan.run(write=False).ended is None


def test_what_is_refused_is_told_with_its_values(plan: fw.Plan) -> None:
    told: list[tuple[dict[str, int], str]] = []
    over = {"strategy.fast": [5, 50], "strategy.slow": [20, 60]}
    plan.sweep(over, refused=lambda values, error: told.append((dict(values), str(error))))
    assert [values for values, _ in told] == [{"strategy.fast": 50, "strategy.slow": 20}]
    assert "50 is not less than 20" in told[0][1]
