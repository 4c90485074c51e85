"""The store: what was written is read again, once, whatever the order, and only what is missing is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import fw
from fw_binance.store import Store

MINUTE, HOUR, DAY = 60 * 10**9, 3600 * 10**9, 86_400 * 10**9
JANUARY = 1_704_067_200 * 10**9  # 2024-01-01
FEBRUARY = JANUARY + 31 * DAY
START = FEBRUARY - 3 * HOUR


def candles(count: int, start: int = START, size: int = HOUR, base: float = 100.0) -> dict[str, NDArray[Any]]:
    close = base + np.arange(count) % 7
    return {
        "open_time": start + size * np.arange(count),
        "open": close - 0.5,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": np.arange(count) + 0.25,
    }


def cut(columns: dict[str, NDArray[Any]], chosen: Any) -> dict[str, NDArray[Any]]:
    return {name: column[chosen] for name, column in columns.items()}


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.parquet")}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data", patience=0.05)


def test_what_was_written_is_read_again_over_months(store: Store) -> None:
    written = candles(6)
    done = store.write("klines", "BTCUSDT", "1h", written, source="rest")
    assert (done.new, done.changed, done.parts) == (6, 0, ("2024-01", "2024-02"))
    read = store.read("klines", "BTCUSDT", "1h")
    for name, column in written.items():
        np.testing.assert_array_equal(read[name], column)
    assert np.isnan(read["trades"]).all()
    assert read["open_time"].dtype == np.int64


def test_a_read_takes_rows_from_start_up_to_end_and_only_the_columns_asked(store: Store) -> None:
    written = candles(6)
    store.write("klines", "BTCUSDT", "1h", written, source="rest")
    read = store.read("klines", "BTCUSDT", "1h", START + 1, START + 4 * HOUR, ["close"])
    assert list(read) == ["close"]
    np.testing.assert_array_equal(read["close"], written["close"][1:4])
    assert len(store.read("klines", "BTCUSDT", "1h", START + 99 * HOUR)["close"]) == 0
    assert len(store.read("klines", "ETHUSDT", "1h")["close"]) == 0


def test_pandas_opens_a_file_as_it_is(store: Store) -> None:
    written = candles(3)
    store.write("klines", "BTCUSDT", "1h", written, source="rest")
    frame = pd.read_parquet(store.root / "binance_usdm" / "klines" / "BTCUSDT" / "1h" / "2024-01.parquet")
    assert list(frame.columns[:6]) == ["open_time", "open", "high", "low", "close", "volume"]
    assert str(frame["open_time"].iloc[0]) == "2024-01-31 21:00:00+00:00"
    assert isinstance(frame.index, pd.RangeIndex)
    np.testing.assert_array_equal(frame["close"], written["close"])


def test_rows_written_twice_stand_once_and_change_no_byte(store: Store) -> None:
    store.write("klines", "BTCUSDT", "1h", candles(6), source="rest")
    before = files(store.root)
    again = store.write("klines", "BTCUSDT", "1h", candles(6), source="rest")
    assert (again.new, again.changed, again.parts) == (0, 0, ())
    assert files(store.root) == before


def test_a_later_number_replaces_an_earlier_one_and_an_unknown_one_does_not(store: Store) -> None:
    store.write("klines", "BTCUSDT", "1h", {**candles(3), "trades": [1.0, 2.0, 3.0]}, source="archive")
    done = store.write("klines", "BTCUSDT", "1h", {**candles(3), "close": [100.5, 101.0, 102.0]}, source="rest")
    assert (done.new, done.changed) == (0, 1)
    read = store.read("klines", "BTCUSDT", "1h")
    assert read["close"].tolist() == [100.5, 101.0, 102.0]
    assert read["trades"].tolist() == [1.0, 2.0, 3.0]


def test_funding_stamped_some_milliseconds_late_is_the_same_settlement(store: Store) -> None:
    late, plain = JANUARY + 3_000_000, JANUARY
    store.write(
        "funding", "BTCUSDT", None, {"time": [late], "funding_rate": [1e-4], "interval_hours": [8.0]}, source="archive"
    )
    store.write(
        "funding", "BTCUSDT", None, {"time": [plain], "funding_rate": [1e-4], "mark_price": [42.0]}, source="rest"
    )
    read = {name: column.tolist() for name, column in store.read("funding", "BTCUSDT").items()}
    assert read == {"time": [plain], "funding_rate": [1e-4], "interval_hours": [8.0], "mark_price": [42.0]}


def test_missing_are_the_edges_and_the_holes_on_the_grid(store: Store) -> None:
    store.write("klines", "BTCUSDT", "1h", cut(candles(9), [1, 2, 5, 8]), source="rest")
    missing = store.missing("klines", "BTCUSDT", "1h", START - 1, START + 9 * HOUR + 1)
    at = [(0, 1), (3, 5), (6, 8), (9, 10)]
    assert missing == [(START + first * HOUR, START + last * HOUR) for first, last in at]
    assert store.missing("klines", "BTCUSDT", "1h", START + HOUR, START + 3 * HOUR) == []
    assert store.missing("klines", "ETHUSDT", "1h", START, START + HOUR) == [(START, START + HOUR)]


def test_a_hole_the_source_answered_for_is_missing_only_when_asked_again(store: Store) -> None:
    store.write(
        "klines", "BTCUSDT", "1h", cut(candles(4), [0, 3]), source="rest", covers=(START - HOUR, START + 4 * HOUR)
    )
    assert store.missing("klines", "BTCUSDT", "1h", START - HOUR, START + 4 * HOUR) == []
    again = store.missing("klines", "BTCUSDT", "1h", START - HOUR, START + 4 * HOUR, again=True)
    assert again == [(START - HOUR, START), (START + HOUR, START + 3 * HOUR)]


def test_rows_without_a_grid_cover_all_from_the_first_to_the_last(store: Store) -> None:
    store.write("funding", "BTCUSDT", None, {"time": [START, START + DAY], "funding_rate": [1e-4, 2e-4]}, source="rest")
    missing = store.missing("funding", "BTCUSDT", None, START - DAY, START + 2 * DAY)
    assert missing == [(START - DAY, START), (START + DAY + 1, START + 2 * DAY)]


def test_nothing_there_can_be_answered_for_too(store: Store) -> None:
    store.write(
        "funding", "BTCUSDT", None, {"time": [], "funding_rate": []}, source="rest", covers=(START, START + DAY)
    )
    assert store.missing("funding", "BTCUSDT", None, START, START + 2 * DAY) == [(START + DAY, START + 2 * DAY)]


def test_what_no_bar_can_be_is_refused(store: Store) -> None:
    with pytest.raises(fw.DataError, match="no bar of 1h opens at 2024-01-31 21:01"):
        store.write("klines", "BTCUSDT", "1h", candles(3, START + MINUTE), source="rest")
    with pytest.raises(fw.DataError, match="the bar of 2024-01-31 22:00 has no close"):
        store.write("klines", "BTCUSDT", "1h", {**candles(3), "close": [1.0, np.nan, 1.0]}, source="rest")
    with pytest.raises(fw.DataError, match="no column is called vwap; there are open_time"):
        store.write("klines", "BTCUSDT", "1h", {**candles(3), "vwap": [1.0, 1.0, 1.0]}, source="rest")
    with pytest.raises(fw.DataError, match="say their size"):
        store.write("klines", "BTCUSDT", None, candles(3), source="rest")
    with pytest.raises(fw.DataError, match="no 'kline': did you mean 'klines'"):
        store.read("kline", "BTCUSDT", "1h")
    with pytest.raises(fw.DataError, match="is no symbol"):
        store.read("klines", "../../etc", "1h")
    assert files(store.root) == {}


def test_every_series_with_files_is_listed_and_nothing_else(store: Store) -> None:
    store.write("klines", "ETHUSDT", "1h", candles(3), source="rest")
    store.write("klines", "BTCUSDT", "1h", candles(3), source="rest")
    store.write("klines", "BTCUSDT", "15m", candles(3), source="rest")
    store.write("funding", "BTCUSDT", None, {"time": [START], "funding_rate": [1e-4]}, source="rest")
    for other in ("klines/BTCUSDT/mine/1.parquet", "klines/notes.txt", "rules.json", "charts/1.parquet"):
        file = store.root / store.venue / other
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    said = [str(series) for series in store.list()]
    assert said == ["klines BTCUSDT 15m", "klines BTCUSDT 1h", "klines ETHUSDT 1h", "funding BTCUSDT"]
