"""What goes round a run holds with finer data too: checks, replays, sweeps, orders, trades."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw
from fw.engine.replay import replay

HOUR = 3_600_000_000_000
FILE = """
name: minutes
instruments: [BTCUSDT]
bar: 1h
account: {{leverage: 3}}
simulation: {{finer: 5m, bar_path: {path}}}
source: {{use: synthetic, start: 2023-01-01, end: 2023-02-01}}
strategy: {strategy}
features: [{{use: sma, spans: [5, 20]}}]
risk: [{{use: max_exposure, limit: 2}}]
plugins: [./peeks.py]
report: []
"""
PEEKS = '''
"""Looks one bar ahead where it can."""
import attrs
import fw
import numpy as np

@attrs.frozen
class Peeks:
    lookback = 10
    def decide_all(self, history):
        ahead = np.roll(history.bars.close, -1, axis=1)
        return np.where(ahead > history.bars.close, 1.0, -1.0)
    def decide(self, view):
        return 1.0

@fw.hookimpl
def fw_strategies():
    return {"peeks": Peeks}
'''


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., fw.Plan]:
    monkeypatch.setenv("FW_HOME", str(tmp_path / "home"))
    (tmp_path / "peeks.py").write_text(PEEKS)

    def plan(*, path: str = "pessimistic", strategy: str = "{use: sma_cross, fast: 5, slow: 20}") -> fw.Plan:
        (tmp_path / "run.yaml").write_text(FILE.format(path=path, strategy=strategy))
        return fw.load(tmp_path / "run.yaml")

    return plan


@pytest.mark.parametrize("path", ["pessimistic", "adaptive"])
def test_an_honest_strategy_passes_the_check_and_a_peeking_one_does_not(
    load: Callable[..., fw.Plan], path: str
) -> None:
    assert all(finding.ok for finding in load(path=path).check())
    said = [finding.text for finding in load(path=path, strategy="peeks").check() if not finding.ok]
    assert len(said) == 1
    assert "reads what was not known yet" in said[0]


@pytest.mark.parametrize("engine", ["scan", "loop"])
def test_a_run_replays_from_its_folder(load: Callable[..., fw.Plan], engine: str) -> None:
    folder = load(path="ohlc").run(engine=engine).folder
    assert folder is not None
    assert replay(folder) == []


def test_the_fingerprint_is_of_the_bars_that_were_read(load: Callable[..., fw.Plan]) -> None:
    plan = load()
    read = plan.fingerprint()
    assert plan.with_settings("simulation.bar_path=ohlc").fingerprint() == read
    assert plan.with_settings("simulation.finer=null").fingerprint() != read


def test_a_sweep_over_bar_paths_and_finer_bars_is_what_each_is_alone(load: Callable[..., fw.Plan]) -> None:
    over = {"simulation.bar_path": ["pessimistic", "ohlc", "adaptive"], "simulation.finer": ["5m", "15m"]}
    plan = load()
    swept = plan.sweep(over)
    assert swept.rows == 6
    for row in range(6):
        alone = plan.with_settings(*(f"{path}={swept[path][row]}" for path in over)).run(write=False)
        assert swept["final_equity"][row] == alone.metrics["final_equity"]
    assert len(set(swept["final_equity"].tolist())) > 1


class Places:
    """Does what its script says at the close of each bar of the clock."""

    def __init__(self, script: dict[int, Any]) -> None:
        self.script = script

    def decide(self, view: fw.View) -> Any:
        return self.script.get(view.time // HOUR)


class Hears:
    """Keeps every event."""

    kinds = (fw.Event,)

    def __init__(self) -> None:
        self.events: list[fw.Event] = []

    def notice(self, event: fw.Event) -> None:
        self.events.append(event)


def test_an_explicit_order_rests_for_bars_of_the_clock(make_plan: Callable[..., Any], made_up: ModuleType) -> None:
    hears = Hears()
    result = make_plan(
        made_up.market_of([(100.0,) * 4] * 24),
        Places({4: (fw.Place(1.0, kind="limit", price=90.0, expiry=2),)}),
        bar="4h",
        simulation={"finer": "1h"},
        account={"funding": "zero"},
        observers=[hears],
    ).run(write=False)
    assert list(result.orders["state"]) == ["expired"]
    (submitted,) = (event for event in hears.events if isinstance(event, fw.domain.event.Submitted))
    assert submitted.order.expiry == 2
    (expired,) = (event for event in hears.events if isinstance(event, fw.domain.event.Expired))
    assert expired.time == 12 * HOUR  # at the end of the second bar after the decision
    assert [event.time // HOUR for event in hears.events if isinstance(event, fw.domain.event.BarsClosed)] == [
        4, 8, 12, 16, 20, 24
    ]  # fmt: skip


def test_an_order_that_would_outlive_the_data_keeps_its_expiry(
    make_plan: Callable[..., Any], made_up: ModuleType
) -> None:
    hears = Hears()
    make_plan(
        made_up.market_of([(100.0,) * 4] * 12),
        Places({8: (fw.Place(1.0, kind="limit", price=90.0, expiry=9),)}),
        bar="4h",
        simulation={"finer": "1h"},
        account={"funding": "zero"},
        observers=[hears],
    ).run(write=False)
    (submitted,) = (event for event in hears.events if isinstance(event, fw.domain.event.Submitted))
    assert submitted.order.expiry == 9


def test_funding_inside_a_bar_of_the_clock_belongs_to_the_trade_that_paid_it(
    make_plan: Callable[..., Any], made_up: ModuleType
) -> None:
    # sold and bought back at one open: both trades hold as much, and only the second pays at 10:00
    script = {4: (fw.Place(1.0),), 8: (fw.Place(-1.0), fw.Place(1.0))}
    result = make_plan(
        made_up.market_of([(100.0,) * 4] * 16, rates=[(10, 0.001)]),
        Places(script),
        bar="4h",
        simulation={"finer": "1h", "slippage": {"bps": 0}},
    ).run(write=False)
    assert list(result.trades["funding"]) == [0.0, pytest.approx(-0.1)]


def test_positions_are_resized_at_closes_of_the_clock_alone(make_plan: Callable[..., Any], scripted: Any) -> None:
    market, _ = scripted(5, ("BTCUSDT",), 400, wild=0.02)
    half = {"use": "fixed_fraction", "fraction": 0.5}
    simulation = {"finer": "1h"}
    plan = make_plan(market, {"use": "buy_and_hold"}, bar="4h", simulation=simulation, sizer=half, rebalance=0.02)
    result = plan.run(write=False, engine="scan")
    resized = result.fills["time"][result.fills["reason"] == "rebalance"]
    assert len(resized) > 10
    assert (resized % (4 * HOUR) == 0).all()


def test_drawdown_is_watched_at_each_finer_close(make_plan: Callable[..., Any], made_up: ModuleType) -> None:
    rows = [(100.0,) * 4] * 5 + [(100.0, 100.0, 70.0, 70.0), (70.0, 100.0, 70.0, 100.0)] + [(100.0,) * 4] * 5
    plan = make_plan(
        made_up.market_of(rows),
        {"use": "buy_and_hold"},
        bar="4h",
        simulation={"finer": "1h"},
        account={"funding": "zero"},
        sizer={"use": "fixed_fraction", "fraction": 0.9},
        risk=[{"use": "drawdown_stop", "limit": 0.2}],
    )
    result = plan.run(write=False)
    assert result.ended == 6 * HOUR
    assert result.fills["time"][-1] == 6 * HOUR
    assert np.all(np.diff(result.equity["time"]) == 4 * HOUR)
