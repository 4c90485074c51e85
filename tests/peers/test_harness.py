"""The harness of the speed table measures what it says: the same bars, the same fills, processes in turns."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent


def test_the_first_bars_are_the_same_whatever_the_length(harness: Any) -> None:
    market = harness("market")
    short, long = market.random_walk(500), market.random_walk(2_000)
    for name in short:
        np.testing.assert_array_equal(short[name], long[name][:500])


def test_bars_stand_on_the_tick_and_contain_their_prices(harness: Any) -> None:
    bars = harness("market").random_walk(2_000)
    for name in ("open", "high", "low", "close"):
        np.testing.assert_array_equal(bars[name], np.rint(bars[name] * 10) / 10)
    assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
    assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()


def test_ties_are_found_by_exact_arithmetic(harness: Any) -> None:
    market = harness("market")
    # two ticks up and down: many exact ties
    close = 100 + np.random.default_rng(1).integers(0, 3, 400) / 10
    ticks = [round(price * 10) for price in close]
    expected = [
        bar >= 99 and Fraction(sum(ticks[bar - 19 : bar + 1]), 20) == Fraction(sum(ticks[bar - 99 : bar + 1]), 100)
        for bar in range(400)
    ]
    assert market.ties(close).tolist() == expected
    assert any(expected)


def test_only_ties_excuse_a_different_position(harness: Any) -> None:
    market = harness("market")
    first, second = np.zeros(6), np.array([0.0, 0, 1, 1, 0, 0])
    assert market.differences(first, second, np.array([False, True, False, False, False, False])) == (2, 1)


def test_the_floor_fills_like_a_plain_python_loop(harness: Any, tmp_path: Path) -> None:
    market, floor = harness("market"), harness("floor")
    path = market.write(3_000, tmp_path / "bars.parquet")
    close = market.read(path)["close"].tolist()
    wanted, held, expected = 0, 0, []
    for bar in range(len(close)):
        if wanted != held:
            expected.append((bar, wanted - held))
            held = wanted
        if bar >= 99:
            fast, slow = sum(close[bar - 19 : bar + 1]) / 20, sum(close[bar - 99 : bar + 1]) / 100
            wanted = 1 if fast > slow else -1 if fast < slow else wanted
    fills = floor.scan(path)()
    assert list(zip(fills["bar"], fills["quantity"], strict=True)) == expected


def test_a_worker_answers_in_turns_and_keeps_its_libraries_quiet(harness: Any, tmp_path: Path) -> None:
    worker = harness("worker")
    script = tmp_path / "echo.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(HERE)!r})\nimport worker\n"
        "def prepare(path):\n    def job():\n        print('noise')\n        return {'bar': [1]}\n    return job\n"
        "worker.serve({'case': prepare}, {'echo': '1'})\n"
    )
    with worker.Worker("echo", Path(sys.executable), script) as echo:
        assert echo.ask("prepare", case="case", bars="")["first"] >= 0
        assert echo.ask("answer") == {"answer": {"bar": [1]}}
        assert echo.ask("peak")["bytes"] > 1e6
        assert echo.versions == {"echo": "1"}


def test_a_worker_that_dies_says_so(harness: Any, tmp_path: Path) -> None:
    worker = harness("worker")
    script = tmp_path / "dies.py"
    script.write_text("raise SystemExit(3)\n")
    with worker.Worker("dies", Path(sys.executable), script) as dies, pytest.raises(RuntimeError, match="ended with 3"):
        dies.ask("peak")


@pytest.mark.parametrize(
    ("peer", "script", "case", "other"),
    [
        ("vectorbt", "peer_vectorbt.py", "scan", "floor.py"),
        ("backtesting", "peer_backtesting.py", "loop", "ours.py"),
        ("nautilus", "peer_nautilus.py", "loop", "ours.py"),
    ],
)
def test_a_peer_fills_as_we_do(
    harness: Any, ready: Callable[[str], Path], tmp_path: Path, peer: str, script: str, case: str, other: str
) -> None:
    python_of_peer = ready(peer)
    market, worker = harness("market"), harness("worker")
    path = market.write(5_000, tmp_path / "bars.parquet")
    held = []
    for name, python, file in ((peer, python_of_peer, script), ("ours", Path(sys.executable), other)):
        with worker.Worker(name, python, HERE / file) as one:
            one.ask("prepare", case=case, bars=str(path))
            held.append(market.positions(5_000, one.ask("answer")["answer"]))
    tied = market.ties(market.read(path)["close"])
    assert market.differences(*held, tied if case == "scan" else tied & False)[1] == 0


def test_typical_prices_that_stay_are_found_by_exact_arithmetic(harness: Any) -> None:
    market, columns = harness("market"), harness("columns")
    bars = market.random_walk(30_000)
    typical = [
        sum(round(price * 10) for price in prices)
        for prices in zip(*(bars[n] for n in ("high", "low", "close")), strict=True)
    ]
    stays = [False] + [new == old for new, old in zip(typical[1:], typical, strict=False)]
    expected = [any(stays[row - 13 : row + 1]) for row in range(columns.FIRST, 30_000, columns.EVERY)]
    assert columns.ties(bars).tolist() == expected
    # nobody knows beforehand that the walk has such rows
    assert any(expected)


@pytest.mark.parametrize("peer", ["talib", "pandas_ta", "ta"])
def test_a_library_computes_the_same_columns(
    harness: Any, ready: Callable[[str], Path], tmp_path: Path, peer: str
) -> None:
    market, columns, worker = harness("market"), harness("columns"), harness("worker")
    path = market.write(9_000, tmp_path / "bars.parquet")
    held = []
    for name, script in (("fw", "ours.py"), (peer, f"peer_{peer}.py")):
        python = ready(name) if name in ("pandas_ta", "ta") else Path(sys.executable)
        with worker.Worker(name, python, HERE / script) as one:
            one.ask("prepare", case="features", bars=str(path))
            held.append(one.ask("answer")["answer"])
    far = columns.apart(*held, columns.ties(market.read(path)))
    assert {name: share for name, share in far.items() if not share < 1e-6} == {}
