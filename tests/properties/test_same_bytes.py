"""The same inputs give the same bytes: in another process, another time zone, and where decimals have a comma."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

FILE = """
name: bytes
seed: 3
instruments: [BTCUSDT, ETHUSDT]
bar: 1h
account: {capital: 10000.5, leverage: 3, margin: cross}
simulation: {slippage: {bps: 1.5}}
source: {use: synthetic, start: 2023-03-01, end: 2023-05-01}
plugins: [./rides.py]
strategy: {use: rides, span: 24}
sizer: {use: fixed_fraction, fraction: 0.75}
risk: [{use: max_exposure, limit: 1.5}, {use: drawdown_stop, limit: 0.9}]
report: [summary]
"""

RIDES = '''
"""Rides the last move with a stop and a profit, whole arrays and bar by bar alike; the clocks change in its weeks."""
import attrs
import fw
import numpy as np

HALF_A_DAY = 43_200_000_000_000

@attrs.frozen
class Rides:
    span: int = 24

    def decide(self, view):
        close = view.bars.close
        if len(close) <= self.span or view.time % HALF_A_DAY:
            return None
        side = 1.0 if close[-1] > close[-1 - self.span] else -1.0
        return fw.Signal(side, stop_loss=close[-1] * (1 - 0.02 * side))

    def decide_all(self, history):
        close = history.bars.close
        strength = np.full(close.shape, np.nan)
        told = history.close_time % HALF_A_DAY == 0
        told[: self.span] = False
        before = np.roll(close, self.span, axis=1)
        strength[:, told] = np.where(close > before, 1.0, -1.0)[:, told]
        return fw.SignalArrays(strength=strength, stop_loss=close * (1 - 0.02 * np.nan_to_num(strength)))

@fw.hookimpl
def fw_strategies():
    return {"rides": Rides}
'''

RUN = """
import locale, sys, time
locale.setlocale(locale.LC_ALL, "")
import fw
for engine in ("scan", "loop"):
    print(fw.load(sys.argv[1]).run(engine=engine).folder)
print(locale.localeconv()["decimal_point"], time.localtime(0).tm_hour)
"""

COMPARED = {"result.json", "fills.parquet", "trades.parquet", "equity.parquet", "funding.parquet", "journal.parquet"}


def run_under(folder: Path, name: str, **environ: str) -> tuple[dict[str, dict[str, bytes]], str]:
    """The files of a run by each engine in a process of its own, and the decimal point and hour of the epoch there."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("FW_", "LC_", "LANG", "TZ"))}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder / "run.yaml")],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, "FW_HOME": str(folder / name), **environ},
    )
    assert done.returncode == 0, done.stderr
    *folders, said = done.stdout.strip().splitlines()
    return {
        engine: {path.name: path.read_bytes() for path in Path(written).iterdir() if path.name in COMPARED}
        for engine, written in zip(("scan", "loop"), folders, strict=True)
    }, said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bytes")
    (made / "run.yaml").write_text(FILE)
    (made / "rides.py").write_text(RIDES)
    return made


@pytest.fixture(scope="module")
def usual(folder: Path) -> Mapping[str, Mapping[str, bytes]]:
    """What the run gives in UTC and English."""
    files, said = run_under(folder, "usual", TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")
    assert said == ". 0"
    return files


def assert_same_bytes(one: Mapping[str, Mapping[str, bytes]], other: Mapping[str, Mapping[str, bytes]]) -> None:
    for engine in ("scan", "loop"):
        assert set(one[engine]) == set(other[engine]) == COMPARED
        for name in sorted(COMPARED):
            assert one[engine][name] == other[engine][name], f"{name} of the {engine}"


def test_there_is_something_to_compare(usual: Mapping[str, Mapping[str, bytes]]) -> None:
    for files in usual.values():
        assert min(map(len, files.values())) > 1_000
    for name in ("fills.parquet", "equity.parquet", "trades.parquet", "funding.parquet"):
        assert usual["scan"][name] == usual["loop"][name]  # one ledger: both engines write the same money


@pytest.mark.parametrize(
    ("zone", "hour", "seed"), [("UTC", 0, "2"), ("Asia/Tokyo", 9, "3"), ("America/New_York", 19, "4")]
)
def test_another_process_in_another_time_zone_with_other_hashes(
    folder: Path, usual: Mapping[str, Mapping[str, bytes]], zone: str, hour: int, seed: str
) -> None:
    files, said = run_under(folder, f"in{hour}", TZ=zone, LC_ALL="C.UTF-8", PYTHONHASHSEED=seed)
    assert said == f". {hour}"
    assert_same_bytes(files, usual)


def test_a_locale_that_writes_decimals_with_a_comma(
    folder: Path, usual: Mapping[str, Mapping[str, bytes]], german: str
) -> None:
    files, said = run_under(folder, "german", TZ="UTC", LC_ALL="de_DE.UTF-8", LOCPATH=german, PYTHONHASHSEED="5")
    assert said == ", 0"
    assert_same_bytes(files, usual)
