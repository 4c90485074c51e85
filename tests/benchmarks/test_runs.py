"""Our own speed, printed: scan, loop, features and fingerprint over a random walk. `pytest tests/benchmarks -n0`.

Nothing here judges by a clock. The comparison with others is `python tests/peers/table.py`.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

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


@pytest.mark.parametrize(
    "strategy",
    [
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
