"""Our own speed, printed: scan, loop, features and fingerprint over a random walk. `pytest tests/benchmarks -n0`.

Nothing here judges by a clock. The comparison with others is `python tests/peers/table.py`.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fw

PEERS = Path(__file__).resolve().parents[1] / "peers"
CROSSING = {"use": "sma_cross", "fast": 20, "slow": 100}
FREE = {"account": {"capital": 1e6, "funding": "zero"}, "sizer": {"use": "fixed_fraction", "fraction": 0.5}}


@pytest.fixture(scope="module")
def walk() -> dict[str, Any]:
    """100,000 one-minute bars, those of the table of peers."""
    columns: dict[str, Any] = runpy.run_path(str(PEERS / "market.py"))["random_walk"](100_000)
    return columns


def market_of(columns: dict[str, Any], bars: int) -> fw.Market:
    return fw.Market.single(
        "BTCUSDT", fw.Bars(size=fw.BarSize.parse("1m"), **{name: column[:bars] for name, column in columns.items()})
    )


def timed(benchmark: Any, work: Any) -> Any:
    """A few rounds after one that compiles: enough to print, little enough for every test run."""
    return benchmark.pedantic(work, rounds=3, iterations=1, warmup_rounds=1)


def test_scan(benchmark: Any, walk: dict[str, Any]) -> None:
    market = market_of(walk, 100_000)
    result = timed(benchmark, lambda: fw.backtest(market, CROSSING, **FREE))
    assert result.engine == "scan"
    assert result.fills.rows > 0


def futures_of(columns: dict[str, Any], bars: int, instruments: int) -> fw.Market:
    """The walk with marks beside it and funding each eight hours, as the same prices of several contracts."""
    size = fw.BarSize.parse("1m")
    own = {name: column[:bars] for name, column in columns.items()}
    marks = own | {name: np.rint(own[name] * 10_002) / 10_000 for name in ("open", "high", "low", "close")}
    stamps = own["open_time"][::480]
    series = fw.Series(
        bars=fw.Bars(size=size, **own),
        mark=fw.Bars(size=size, **marks),
        funding=fw.Stamps(stamps, np.full(len(stamps), 1e-4)),
    )
    names = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT", "ADAUSDT", "AVAXUSDT", "DOGEUSDT", "LINKUSDT")
    names = (*names, "LTCUSDT")[:instruments]
    return fw.Market(series=dict.fromkeys(names, series), focus=names[0])


REAL = {
    "account": {"capital": 1e7, "mark": "required", "margin": "cross", "leverage": 3},
    "simulation": {"slippage": {"bps": 1, "impact": 1}},
    "sizer": {"use": "fixed_quantity", "quantity": 1},
}
BRACKETS = CROSSING | {"stop_loss": 0.005, "take_profit": 0.01}


@pytest.mark.parametrize("instruments", [1, 10])
def test_scan_with_all_that_futures_have(benchmark: Any, walk: dict[str, Any], instruments: int) -> None:
    """Marks, tiers, funding, maker and taker fees, impact by the square root, stops and take-profits."""
    market = futures_of(walk, 100_000 // instruments, instruments)
    result = timed(benchmark, lambda: fw.backtest(market, BRACKETS, **REAL))
    assert result.engine == "scan"
    assert {"stop", "take_profit", "signal"} <= set(result.fills["reason"].tolist())
    assert result.funding.rows > 0


SWEPT = """
name: swept
instruments: [BTCUSDT]
bar: 1h
source: {use: synthetic, start: 2020-01-01, end: 2022-01-01}
strategy: {use: sma_cross, fast: 5, slow: 60, stop_loss: 0.01, take_profit: 0.03}
report: []
"""


@pytest.mark.parametrize("metrics", [None, ["total_return"], ["sharpe", "max_drawdown"]], ids=str)
def test_sweep(benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metrics: list[str] | None) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    (tmp_path / "swept.yaml").write_text(SWEPT)
    plan = fw.load(tmp_path / "swept.yaml")
    over = {"strategy.fast": [5, 10, 20, 40], "strategy.slow": [60, 90, 120, 180, 240]}
    assert timed(benchmark, lambda: plan.sweep(over, metrics=metrics)).rows == 20


class Last50:
    """Long above the close of 49 bars ago, short otherwise."""

    lookback = 50

    def __init__(self, long: Any, short: Any) -> None:
        self.long, self.short = long, short

    def decide(self, view: fw.View) -> Any:
        close = view.bars.close[-50:]
        if len(close) < 50:
            return None
        return self.long() if close[-1] > close[0] else self.short()


class Last50Changes(Last50):
    """The same, said only when it changes, with a bracket so wide that it rests."""

    def __init__(self, bracket: float | None) -> None:
        self.bracket = bracket

    def decide(self, view: fw.View) -> Any:
        close = view.bars.close[-50:]
        if len(close) < 50:
            return None
        strength = 1.0 if close[-1] > close[0] else -1.0
        if view.signal is not None and view.signal.strength == strength:
            return None
        if self.bracket is None:
            return fw.Signal(strength)
        price, away = float(close[-1]), strength * self.bracket
        return fw.Signal(strength, stop_loss=price * (1.0 - away), take_profit=price * (1.0 + away))


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(Last50Changes(None), id="signal_on_a_change"),
        pytest.param(Last50Changes(0.5), id="bracket_resting"),
        pytest.param(Last50(lambda: fw.LONG, lambda: fw.SHORT), id="float"),
        pytest.param(Last50(lambda: fw.Signal(1.0), lambda: fw.Signal(-1.0)), id="fresh_signal"),
    ],
)
def test_loop(benchmark: Any, walk: dict[str, Any], strategy: Last50) -> None:
    market = market_of(walk, 20_000)
    result = timed(benchmark, lambda: fw.backtest(market, strategy, **FREE))
    assert result.engine == "loop"
    assert result.fills.rows > 0


def test_fingerprint(benchmark: Any, walk: dict[str, Any]) -> None:
    from fw.engine.fingerprint import fingerprint

    market = market_of(walk, 100_000)
    assert timed(benchmark, lambda: fingerprint(market)) == fingerprint(market)
