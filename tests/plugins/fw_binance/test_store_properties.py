"""Whatever the cut and the order of writes, the store holds the same bytes; a read is a slice."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fw_binance.store import Store
from fw_binance.store.spans import union, without

DAY = 86_400 * 10**9
HALF = DAY // 2
START = 1_706_572_800 * 10**9  # 2024-01-30
COUNT = 12
TIMES = START + HALF * np.arange(COUNT)
ROWS: dict[str, NDArray[Any]] = {
    "open_time": TIMES,
    "open": np.linspace(10, 20, COUNT),
    "high": np.linspace(12, 22, COUNT),
    "low": np.linspace(9, 19, COUNT),
    "close": np.linspace(11, 21, COUNT),
    "volume": np.arange(COUNT) / 3,
    "trades": np.where(np.arange(COUNT) % 2, np.nan, 7.0),
}
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where flushing a file costs nothing."""

SOME = st.lists(st.integers(0, COUNT - 1), max_size=COUNT)


def written(folder: str, cuts: list[list[int]]) -> Store:
    store = Store(Path(folder))
    for cut in cuts:
        rows = {name: column[cut] for name, column in ROWS.items()}
        store.write("klines", "BTCUSDT", "12h", rows, source="rest")
    return store


def files(store: Store) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in store.root.rglob("*.parquet")}


def held(store: Store) -> list[list[tuple[int, int]]]:
    return [store.manifest(series).held() for series in store.list()]


@settings(max_examples=40)
@given(cuts=st.lists(SOME, max_size=5), data=st.data())
def test_the_same_rows_in_any_cut_and_order_are_the_same_bytes(cuts: list[list[int]], data: st.DataObject) -> None:
    with TemporaryDirectory(dir=MEMORY) as one, TemporaryDirectory(dir=MEMORY) as other:
        at_once = sorted({row for cut in cuts for row in cut})
        shuffled = data.draw(st.permutations(cuts)) if cuts else []
        first, second = written(one, shuffled), written(other, [at_once])
        assert files(first) == files(second)
        assert held(first) == held(second)


@settings(max_examples=40)
@given(there=SOME, start=st.integers(-HALF, 13 * HALF), length=st.integers(0, 14 * HALF))
def test_a_read_is_the_slice_of_the_rows_written(there: list[int], start: int, length: int) -> None:
    kept = np.unique(np.array(there, int))
    with TemporaryDirectory(dir=MEMORY) as folder:
        store = written(folder, [there])
        begin, end = START + start, START + start + length
        read = store.read("klines", "BTCUSDT", "12h", begin, end)
        inside = kept[(TIMES[kept] >= begin) & (TIMES[kept] < end)]
        for name, column in ROWS.items():
            np.testing.assert_array_equal(read[name], column[inside])


@settings(max_examples=40)
@given(there=SOME, start=st.integers(-2, COUNT), length=st.integers(0, COUNT + 2))
def test_what_is_there_and_what_is_missing_make_up_what_was_asked(there: list[int], start: int, length: int) -> None:
    with TemporaryDirectory(dir=MEMORY) as folder:
        store = written(folder, [there])
        asked = START + HALF * np.arange(start, start + length)
        missing = store.missing("klines", "BTCUSDT", "12h", START + HALF * start, START + HALF * (start + length))
        found = [time for first, last in missing for time in range(first, last, HALF)]
        assert (
            sorted([*found, *store.read("klines", "BTCUSDT", "12h")["open_time"][_in(store, asked)]]) == asked.tolist()
        )


def _in(store: Store, asked: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.isin(store.read("klines", "BTCUSDT", "12h")["open_time"], asked)


SPANS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6)


@given(ours=SPANS, taken=SPANS)
def test_spans_are_the_instants_in_them(ours: list[tuple[int, int]], taken: list[tuple[int, int]]) -> None:
    def instants(spans: list[tuple[int, int]]) -> set[int]:
        return {time for start, end in spans for time in range(start, end)}

    assert instants(union(ours)) == instants(ours)
    assert instants(without(ours, taken)) == instants(ours) - instants(taken)
    for spans in (union(ours), without(ours, taken)):
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(set(edges)), "sorted, none empty, none touching another"


LATE = 3_000_000
ARCHIVE = {"time": TIMES + LATE, "funding_rate": np.linspace(1e-4, 2e-4, COUNT), "interval_hours": np.full(COUNT, 12.0)}
REST = {"time": TIMES, "funding_rate": np.linspace(1e-4, 2e-4, COUNT), "mark_price": np.linspace(10, 20, COUNT)}


@settings(max_examples=40)
@given(cuts=st.lists(st.tuples(st.sampled_from(["archive", "rest"]), SOME), max_size=6), data=st.data())
def test_settlements_of_two_sources_that_each_know_a_part_are_the_same_bytes_in_any_order(
    cuts: list[tuple[str, list[int]]], data: st.DataObject
) -> None:
    with TemporaryDirectory(dir=MEMORY) as one, TemporaryDirectory(dir=MEMORY) as other:
        for folder, order in ((one, cuts), (other, data.draw(st.permutations(cuts)))):
            store = Store(Path(folder))
            for source, cut in order:
                given = ARCHIVE if source == "archive" else REST
                rows = {name: column[cut] for name, column in given.items()}
                store.write("funding", "BTCUSDT", None, rows, source=source)
        assert files(Store(Path(one))) == files(Store(Path(other)))


@settings(max_examples=40)
@given(cuts=st.lists(st.lists(st.integers(0, 39), max_size=12), max_size=5), data=st.data())
def test_trades_of_one_instant_are_told_apart_by_their_ids(cuts: list[list[int]], data: st.DataObject) -> None:
    numbers = np.arange(40)
    trades = {
        "time": START + HALF * (numbers // 8),  # eight of each instant
        "agg_trade_id": numbers + 7,
        "price": 10.0 + numbers,
        "quantity": numbers + 1.0,
        "first_trade_id": numbers * 3,
        "last_trade_id": numbers * 3 + 2,
        "is_buyer_maker": numbers % 3 == 0,
    }
    with TemporaryDirectory(dir=MEMORY) as folder:
        store = Store(Path(folder))
        for cut in cuts:
            rows = {name: column[cut] for name, column in trades.items()}
            store.write("agg_trades", "BTCUSDT", None, rows, source="rest")
        kept = sorted({row for cut in cuts for row in cut})
        for name, column in store.read("agg_trades", "BTCUSDT").items():
            np.testing.assert_array_equal(column, trades[name][kept])
