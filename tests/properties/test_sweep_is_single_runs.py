"""A sweep shares what its combinations have in common; each must still be the run that its settings give alone."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.engine.folder import config_hash

FILE = """
name: swept
instruments: [BTCUSDT]
bar: 1h
account: {leverage: 3}
source: {use: synthetic, start: 2023-01-01, end: 2023-01-20}
features: [{use: returns, spans: [5]}]
strategy: {use: sma_cross, fast: 5, slow: 20, stop_loss: 0.02}
sizer: {use: fixed_fraction, fraction: 1}
risk: [{use: max_exposure, limit: 2}, {use: drawdown_stop, limit: 0.9}]
report: []
"""

VALUES: dict[str, list[Any]] = {
    "strategy.fast": [2, 5, 19],
    "strategy.slow": [20, 30],
    "strategy.stop_loss": [None, 0.01, 0.02],
    "strategy": ["buy_and_hold", {"use": "sma_cross", "fast": 3, "slow": 9}],
    "sizer.fraction": [0.5, 1, 2.5],
    "sizer": ["fixed_fraction", {"use": "volatility_target", "span": 12}],
    "risk.max_exposure.limit": [0.5, 2],
    "risk.drawdown_stop.limit": [0.02, 0.9],
    "account.leverage": [1, 2.5, 3],
    "account.capital": [30, 10_000, 1e6],
    "account.margin": ["isolated", "cross"],
    "simulation.slippage.bps": [0, 1.5],
    "simulation.slippage.impact": [0, 1],
    "simulation.latency": ["0s", "2h"],
    "simulation.bar_path": ["pessimistic", "ohlc"],
    "features": [[], ["volatility"], [{"use": "returns", "spans": [40]}]],
    "source.seed": [1, 2],
    "rebalance": [None, 0.05],
    "seed": [0, 7],
}


def said(value: Any) -> str:
    """A value as --set takes it; of several words, as YAML of one line."""
    return json.dumps(value) if isinstance(value, dict | list) else "null" if value is None else str(value)


@pytest.fixture(scope="module")
def swept_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sweeps") / "swept.yaml"
    file.write_text(FILE)
    return file


@st.composite
def grids(draw: st.DrawFn) -> dict[str, list[str]]:
    """Some paths, each with some values; not a part and a setting inside it, whose order would matter."""
    paths = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3, unique=True))
    paths = [path for path in paths if path.partition(".")[0] == path or path.partition(".")[0] not in paths]
    return {
        path: [said(value) for value in draw(st.lists(st.sampled_from(VALUES[path]), min_size=1, max_size=3))]
        for path in paths
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(over=grids())
def test_every_combination_and_its_trial_are_those_of_a_run_alone(swept_file: Path, over: dict[str, list[str]]) -> None:
    environ = {"FW_HOME": str(swept_file.parent)}
    plan = fw.load(swept_file, environ=environ)
    plan.workspace.trials.unlink(missing_ok=True)
    refused: list[dict[str, Any]] = []
    try:
        swept = plan.sweep(over, refused=lambda values, error: refused.append(dict(values)))
    except fw.SettingsError:
        return  # all were refused
    trials = [json.loads(line) for line in plan.workspace.trials.read_text().splitlines()]
    assert len(trials) == swept.rows == math.prod(map(len, over.values())) - len(refused)
    for row, trial in enumerate(trials):
        alone = fw.load(swept_file, environ=environ, overrides=[f"{path}={swept[path][row]}" for path in over])
        result = alone.run(write=False)
        for name, value in result.metrics.items():
            number = float(value) if not isinstance(value, fw.Unmeasured) else math.nan
            assert swept[name][row] == number or (math.isnan(number) and math.isnan(swept[name][row])), name
        assert (swept["ended"][row] == "") == (result.ended is None)
        assert trial["config"] == config_hash(alone.settings)
        assert trial["sharpe"] == (None if isinstance(found := result.metrics["sharpe"], fw.Unmeasured) else found)
        assert trial["bars"] == result.equity.rows
    for values in refused:
        with pytest.raises(fw.SettingsError):
            fw.load(swept_file, environ=environ, overrides=[f"{p}={v}" for p, v in values.items()]).run(write=False)
