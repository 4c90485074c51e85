"""The store's speed, printed: a year written, five years read and resampled, a month read beside a polars scan.

Goals: a year of minutes written in well under a second of CPU, five years of them read into arrays in under 0.3 s and
resampled to every larger bar in under a second, a month read at least twice as fast as polars scans the same files.
Nothing here judges by a clock. polars is a peer: `pip install -r tests/peers/polars.txt`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fw
from fw.domain.bars import resample
from fw_binance.store import Store
from fw_binance.store.kinds import KINDS

MINUTE = 60 * 10**9
LARGER = ("3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
START, END = datetime(2019, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)
MARCH, APRIL = datetime(2021, 3, 1, tzinfo=UTC), datetime(2021, 4, 1, tzinfo=UTC)
MINUTES_OF_MARCH = 31 * 1440


def ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9


def minutes(start: datetime, end: datetime) -> dict[str, NDArray[Any]]:
    """Bars as the exchange makes them: prices in tenths, volumes in thousandths, counts."""
    rng = np.random.default_rng(5)
    times = np.arange(ns(start), ns(end), MINUTE)
    count = len(times)
    close = np.round(40_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, count))), 1)
    opens = np.round(np.roll(close, 1), 1)
    reach = np.round(rng.exponential(20, (2, count)), 1)
    volume = np.round(rng.lognormal(3, 1, count), 3)
    bought = np.round(volume * rng.uniform(0.3, 0.7, count), 3)
    return {
        "open_time": times,
        "open": opens,
        "high": np.maximum(opens, close) + reach[0],
        "low": np.minimum(opens, close) - reach[1],
        "close": close,
        "volume": volume,
        "quote_volume": np.round(volume * close, 4),
        "trades": np.rint(volume * 20),
        "taker_buy_volume": bought,
        "taker_buy_quote_volume": np.round(bought * close, 4),
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("store"))
    made.write("klines", "BTCUSDT", "1m", minutes(START, END), source="archive")
    return made


def timed(benchmark: Any, work: Callable[[], Any]) -> Any:
    return benchmark.pedantic(work, rounds=3, iterations=1, warmup_rounds=1)


def test_a_year_of_minutes_is_written(benchmark: Any, tmp_path: Path) -> None:
    rows, count = minutes(datetime(2023, 1, 1, tzinfo=UTC), END), iter(range(99))

    def write() -> Any:
        return Store(tmp_path / str(next(count))).write("klines", "BTCUSDT", "1m", rows, source="archive")

    done = timed(benchmark, write)
    began = time.process_time()
    write()
    print(f"\na year of 1m bars written in {time.process_time() - began:.2f} s of CPU")
    assert (done.new, len(done.parts)) == (525_600, 12)


def test_five_years_of_minutes_are_read(benchmark: Any, store: Store) -> None:
    rows = timed(benchmark, lambda: store.read("klines", "BTCUSDT", "1m"))
    assert {name: column.dtype for name, column in rows.items()} == {
        name: np.dtype(np.int64 if name == "open_time" else np.float64) for name in KINDS["klines"].columns
    }
    assert len(rows["close"]) == (ns(END) - ns(START)) // MINUTE


def test_five_years_of_minutes_are_resampled_to_every_larger_bar(benchmark: Any, store: Store) -> None:
    rows = store.read("klines", "BTCUSDT", "1m")
    extra = {name: rows[name] for name in ("quote_volume", "trades", "taker_buy_volume")}
    prices = {name: rows[name] for name in ("open", "high", "low", "close", "volume")}
    bars = fw.Bars(size=fw.BarSize.parse("1m"), open_time=rows["open_time"], extra=extra, **prices)
    made = timed(benchmark, lambda: [resample(bars, fw.BarSize.parse(size)) for size in LARGER])
    assert [len(larger) for larger in made] == [len(bars) * MINUTE // fw.BarSize.parse(size).ns for size in LARGER]


def test_a_month_is_read_beside_a_polars_scan(benchmark: Any, store: Store) -> None:
    polars = pytest.importorskip("polars", reason="a peer: pip install -r tests/peers/polars.txt")
    files = str(store.root / "binance_usdm" / "klines" / "BTCUSDT" / "1m" / "{}.parquet")

    def ours() -> dict[str, NDArray[Any]]:
        return store.read("klines", "BTCUSDT", "1m", ns(MARCH), ns(APRIL))

    def theirs(which: str) -> dict[str, NDArray[Any]]:
        inside = (polars.col("open_time") >= MARCH) & (polars.col("open_time") < APRIL)
        table = polars.scan_parquet(files.format(which)).filter(inside).collect()
        return {name: table[name].to_numpy() for name in table.columns}

    for name, column in theirs("2021-03").items():
        np.testing.assert_array_equal(ours()[name], column.astype(np.int64) if name == "open_time" else column)
    best = {"ours": 9.0, "polars, all files": 9.0, "polars, the one file": 9.0}
    for _ in range(15):  # in turns, as the machine's speed varies
        for name, work in (
            ("ours", ours),
            ("polars, all files", lambda: theirs("*")),
            ("polars, the one file", lambda: theirs("2021-03")),
        ):
            began = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - began)
    print(
        "\na month of 1m bars of 60: " + ", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in best.items())
    )
    assert len(timed(benchmark, ours)["close"]) == MINUTES_OF_MARCH
