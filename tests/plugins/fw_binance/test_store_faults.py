"""What can happen to a store: a full disk, a folder that may not be written, damage, newer versions, two writers."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fw
from fw_binance.store import Series, Store

HOUR, DAY = 3600 * 10**9, 86_400 * 10**9
FEBRUARY = 1_706_745_600 * 10**9  # 2024-02-01
SERIES = Series("klines", "BTCUSDT", "1h")


def candles(first: int, last: int) -> dict[str, NDArray[Any]]:
    at = np.arange(first, last)
    close = 100.0 + at
    return {"open_time": FEBRUARY + HOUR * at, "open": close, "high": close + 1, "low": close - 1, "close": close}


def write(store: Store, first: int, last: int) -> None:
    store.write("klines", "BTCUSDT", "1h", candles(first, last), source="rest")


def hours(store: Store) -> list[int]:
    return [int(time - FEBRUARY) // HOUR for time in store.read("klines", "BTCUSDT", "1h")["open_time"]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "data", patience=0.05)
    write(made, -3, 3)
    return made


def test_what_a_dead_writer_left_unfinished_is_cleared_away(store: Store) -> None:
    left = store.folder(SERIES) / ".2024-02.parquet.part"
    left.write_bytes(b"PAR1 and no more")
    assert hours(store) == [-3, -2, -1, 0, 1, 2]
    write(store, 2, 4)
    assert not left.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_on_a_full_disk_the_error_names_the_file_and_nothing_is_lost(store: Store) -> None:
    code = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
import numpy as np
from fw_binance.store import Store
store = Store({str(store.root)!r})
at = np.arange(-3, 300)
close = np.random.default_rng(3).normal(100, 1, len(at))
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))  # what is longer cannot be written, as on a full disk
try:
    columns = dict(open_time={FEBRUARY} + {HOUR} * at, open=close, high=close + 9, low=close - 9, close=close)
    store.write("klines", "BTCUSDT", "1h", columns, source="rest")
except OSError as error:
    print(error.errno, error.filename)
"""
    before = {file: file.read_bytes() for file in store.root.rglob("*.parquet")}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(said[0]) == errno.EFBIG
    assert Path(said[1]).name == "2024-02.parquet"
    assert hours(store) == [-3, -2, -1, 0, 1, 2]
    assert store.folder(SERIES) / "2024-02.parquet" in before
    assert before[store.folder(SERIES) / "2024-02.parquet"] == Path(said[1]).read_bytes()
    assert not [*store.root.rglob("*.part")]
    write(store, 0, 9)
    assert hours(store) == [*range(-3, 9)]


def test_a_store_that_cannot_be_written_names_the_place(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="data") as raised:
        write(Store(tmp_path / "data"), 0, 3)
    assert str(raised.value.filename).startswith(str(tmp_path / "data"))


def test_a_store_of_a_newer_version_is_refused_in_one_line(store: Store) -> None:
    manifest = store.folder(SERIES) / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 2}))
    for use in (
        hours,
        lambda store: write(store, 0, 1),
        lambda store: store.missing("klines", "BTCUSDT", "1h", 0, HOUR),
    ):
        with pytest.raises(fw.DataError, match=r"was written by a newer version \(its format is 2") as raised:
            use(store)
        assert "\n" not in str(raised.value)
        assert "upgrade" in str(raised.value)


def test_a_manifest_that_is_gone_or_spoilt_is_made_again_from_the_files(store: Store) -> None:
    manifest = store.folder(SERIES) / "manifest.json"
    hashes = {name: part.sha256 for name, part in store.manifest(SERIES).parts.items()}
    for spoil in (manifest.unlink, lambda: manifest.write_text('{"format": 1, "part')):
        spoil()
        assert {name: part.sha256 for name, part in store.manifest(SERIES).parts.items()} == hashes
        missing = store.missing("klines", "BTCUSDT", "1h", FEBRUARY, FEBRUARY + 5 * HOUR)
        assert missing == [(FEBRUARY + 3 * HOUR, FEBRUARY + 5 * HOUR)]
        with store.hold(SERIES):
            pass
        assert {name: part["sha256"] for name, part in json.loads(manifest.read_text())["partitions"].items()} == hashes


def test_a_file_deleted_by_hand_is_missing_again(store: Store) -> None:
    (store.folder(SERIES) / "2024-02.parquet").unlink()
    missing = store.missing("klines", "BTCUSDT", "1h", FEBRUARY - 3 * HOUR, FEBRUARY + 3 * HOUR)
    assert missing == [(FEBRUARY, FEBRUARY + 3 * HOUR)]


@pytest.mark.parametrize("damage", ["cut", "spoilt", "empty", "another"])
def test_a_corrupt_file_is_named_and_not_written_over(store: Store, damage: str) -> None:
    file = store.folder(SERIES) / "2024-02.parquet"
    whole = file.read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2],
        "spoilt": whole[:40] + bytes(byte ^ 255 for byte in whole[40:60]) + whole[60:],
        "empty": b"",
        "another": b"<html>404</html>",
    }[damage]
    file.write_bytes(broken)
    with pytest.raises(fw.DataError, match=r"2024-02.parquet is corrupt: .*fw data repair"):
        write(store, 2, 4)
    assert file.read_bytes() == broken
    if damage != "spoilt":  # which only its hash tells, or the numbers
        with pytest.raises(fw.DataError, match=r"2024-02.parquet is corrupt: .*fw data repair"):
            hours(store)
    rest = store.read("klines", "BTCUSDT", "1h", None, FEBRUARY)
    assert len(rest["open_time"]) == 3


def test_a_second_writer_waits_and_says_for_whom(store: Store) -> None:
    told: list[str] = []
    other = Store(store.root, patience=60, waiting=told.append)
    writer = threading.Thread(target=write, args=(other, 3, 6))
    with store.hold(SERIES):
        writer.start()
        while not told:
            time.sleep(0.001)
        write(store, 6, 9)
    writer.join()
    assert told == ["klines BTCUSDT 1h is being written by another part of this program; waiting for it"]
    assert hours(store) == [*range(-3, 9)]


def test_a_second_writer_that_waited_long_enough_says_so(store: Store) -> None:
    failed: list[Exception] = []

    def second() -> None:
        try:
            write(Store(store.root, patience=0.01), 3, 6)
        except fw.DataError as error:
            failed.append(error)

    with store.hold(SERIES):
        writer = threading.Thread(target=second)
        writer.start()
        writer.join()
    assert "klines BTCUSDT 1h is still being written by another part of this program after 0.01 s" in str(failed[0])
    write(store, 3, 6)


def test_many_writers_of_one_series_lose_nothing(store: Store) -> None:
    code = f"""
import sys
sys.path[:0] = {sys.path!r}
import numpy as np
from fw_binance.store import Store
at = np.arange(int(sys.argv[1]), 120, 3)
for several in np.array_split(at, 5):
    close = 100.0 + several
    columns = dict(open_time={FEBRUARY} + {HOUR} * several, open=close, high=close + 1, low=close - 1, close=close)
    Store({str(store.root)!r}).write("klines", "BTCUSDT", "1h", columns, source=f"writer {{sys.argv[1]}}")
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, str(first)], env=os.environ) for first in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert hours(store) == [*range(-3, 120)]
    assert store.manifest(SERIES).parts["2024-02"].source == ("rest", "writer 0", "writer 1", "writer 2")


def test_the_manifest_says_where_from_how_many_and_what_is_missing(tmp_path: Path) -> None:
    store = Store(tmp_path, now=lambda: FEBRUARY + 5 * DAY)
    rows = candles(0, 9)
    store.write(
        "klines", "BTCUSDT", "1h", {name: column[[0, 1, 5, 8]] for name, column in rows.items()}, source="archive"
    )
    write(store, 8, 9)
    plain = json.loads((store.folder(SERIES) / "manifest.json").read_text())
    assert (plain["format"], plain["kind"], plain["symbol"], plain["bar"]) == (1, "klines", "BTCUSDT", "1h")
    part = plain["partitions"]["2024-02"]
    assert part["rows"] == 4
    assert part["source"] == ["archive"], "rest brought nothing new"
    assert (part["first"], part["last"]) == ("2024-02-01T00:00:00Z", "2024-02-01T08:00:00Z")
    assert part["gaps"] == [
        ["2024-02-01T02:00:00Z", "2024-02-01T05:00:00Z"],
        ["2024-02-01T06:00:00Z", "2024-02-01T08:00:00Z"],
    ]
    assert part["fetched_at"] == "2024-02-06T00:00:00Z"
    file = store.folder(SERIES) / "2024-02.parquet"
    said = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=False)
    if said.returncode == 0:
        assert part["sha256"] == said.stdout.split()[0]
    assert part["bytes"] == file.stat().st_size
