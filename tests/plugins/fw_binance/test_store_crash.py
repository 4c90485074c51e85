"""Killed at any moment, the store has the old or the new of every file, knows which, and goes on from there."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest

from fw_binance.store import Series, Store

WRITER = '''
"""Writes what is written in these tests, into a folder; dies of SIGKILL at the step told, or is killed."""
import os, signal, sys
from pathlib import Path
import numpy as np

HOUR = 3600 * 10**9
START = 1_706_745_600 * 10**9 - 4 * HOUR  # four hours before 2024-02-01


def rows(first, last, size):
    at = np.arange(first, last)
    close = 100.0 + at
    return {"open_time": START + size * at, "open": close, "high": close + 1, "low": close - 1, "close": close}


def writes(store, size=HOUR, scale=1):
    for number, (first, last) in enumerate([(0, 3), (2, 9), (-2, 0)]):
        first, last = first * scale, last * scale
        covers = (START + size * first, START + size * last)
        store.write("klines", "BTCUSDT", "1h" if size == HOUR else "1m", rows(first, last, size), source=f"s{number}",
                    covers=covers)


def dies_at(step):
    """Every call that changes what is on the disk is two steps: before it, and after it."""
    left = [step]

    def counted(call):
        def counting(*args, **named):
            tick()
            result = call(*args, **named)
            tick()
            return result
        return counting

    def tick():
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    os.replace, os.fsync = counted(os.replace), counted(os.fsync)


if __name__ == "__main__":
    import pyarrow.parquet  # once, and not in each child

    from fw_binance.store import Store

    if sys.argv[1] == "each":  # one process for each step, until one is not killed
        for step in range(200):
            child = os.fork()
            if not child:
                dies_at(step)
                writes(Store(Path(sys.argv[2]) / str(step)))
                os._exit(0)
            if os.waitpid(child, 0)[1] == 0:
                print(step)
                break
    else:
        print("begins", flush=True)
        writes(Store(Path(sys.argv[2])), size=HOUR // 60, scale=500)
        print("ends", flush=True)
'''


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("writer") / "writer.py"
    file.write_text(WRITER)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: flushing files costs nothing there."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as name:
        yield Path(name)


def run(writer: Path, how: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, str(writer), how, str(folder)], stdout=subprocess.PIPE, text=True)


def files(store: Store) -> dict[str, str]:
    found = sorted(store.root.rglob("*.parquet"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in found}


def check(store: Store, series: Series) -> None:
    """After any crash files are whole, known for what they are, and no bar is thought to be there that is not."""
    manifest = store.manifest(series)
    assert {f"{name}.parquet": part.sha256 for name, part in manifest.parts.items()} == files(store)
    assert "unknown" not in {source for part in manifest.parts.values() for source in part.source}
    frames = [pd.read_parquet(file) for file in store.root.rglob("*.parquet")]
    there = {moment.value for frame in frames for moment in frame["open_time"]}
    assert series.bar is not None
    assert {time for start, end in manifest.held() for time in range(start, end, series.bar.ns)} == there


@pytest.mark.skipif(sys.platform == "win32", reason="no fork, and no SIGKILL")
def test_dead_at_any_step_of_writing_nothing_is_half_there(writer: Path, folder: Path) -> None:
    process = run(writer, "each", folder)
    steps = int(process.communicate()[0])
    assert steps > 30, "there are more steps to die at"
    series = Series("klines", "BTCUSDT", "1h")
    clean = files(Store(folder / str(steps)))
    namespace: dict[str, object] = {"__name__": "writes"}
    exec(WRITER, namespace)
    writes = namespace["writes"]
    assert callable(writes)
    for step in range(steps):
        store = Store(folder / str(step))
        check(store, series)
        writes(store)
        assert files(store) == clean, f"after a death at step {step}"
        check(store, series)
        assert not [*store.root.rglob("*.part")]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_at_random_moments_and_run_again_it_ends_with_the_same_bytes(writer: Path, folder: Path) -> None:
    series = Series("klines", "BTCUSDT", "1m")
    clean = Store(folder / "clean")
    assert "ends" in run(writer, "all", clean.root).communicate()[0]
    chance, killed = random.Random(7), 0
    store = Store(folder / "killed")
    for _ in range(4):
        process = run(writer, "all", store.root)
        assert process.stdout is not None
        process.stdout.readline()  # it begins
        time.sleep(chance.uniform(0, 0.25))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        check(store, series)
    assert killed
    assert "ends" in run(writer, "all", store.root).communicate()[0]
    assert files(store) == files(clean)
    assert not [*store.root.rglob("*.part")]
