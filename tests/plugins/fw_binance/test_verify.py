"""fw data verify and repair: what is wrong is found and named, and only what is missing is fetched again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from fw_binance.store import Series, Store
from fw_binance.store.findings import Finding
from fw_binance.store.importing import recognise, take
from fw_binance.store.repair import repair
from fw_binance.store.verify import verify
from fw_binance.tolerance import Tolerance

MINUTE, HOUR, DAY = 60 * 10**9, 3600 * 10**9, 86_400 * 10**9
FEBRUARY = 1_706_745_600 * 10**9  # 2024-02-01
SERIES = Series("klines", "BTCUSDT", "1h")


def candles(count: int, start: int = FEBRUARY, size: int = HOUR) -> dict[str, NDArray[Any]]:
    close = 100.0 + np.arange(count)
    opens = close - 0.5
    return {
        "open_time": start + size * np.arange(count),
        "open": opens,
        "high": close + 1,
        "low": opens - 1,
        "close": close,
        "volume": np.ones(count),
    }


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, now=lambda: FEBRUARY + 99 * DAY)


def write(store: Store, columns: dict[str, Any], kind: str = "klines", bar: str | None = "1h", **more: Any) -> None:
    store.write(kind, "BTCUSDT", bar, columns, source="rest", **more)


def found(store: Store, **tolerance: float) -> list[Finding]:
    return verify(store, store.list(), tolerance=Tolerance(**tolerance))


def said(store: Store, **tolerance: float) -> list[tuple[str, bool, str]]:
    return [(one.what, one.is_fault, str(one)) for one in found(store, **tolerance)]


def spoil(store: Store, name: str, change: Any) -> Path:
    """Write a partition anew with pandas and forget the manifest, as no careful program would."""
    file = store.folder(SERIES) / f"{name}.parquet"
    frame = pd.read_parquet(file)
    change(frame).to_parquet(file, index=False)
    (store.folder(SERIES) / "manifest.json").unlink(missing_ok=True)
    return file


def test_a_store_as_it_was_written_has_nothing_wrong(store: Store) -> None:
    write(store, candles(1000, FEBRUARY - 500 * HOUR))
    write(store, {"time": FEBRUARY + 8 * HOUR * np.arange(9), "funding_rate": np.full(9, 1e-4)}, "funding", None)
    assert found(store) == []


def test_a_changed_byte_is_found(store: Store) -> None:
    write(store, candles(48))
    file = store.folder(SERIES) / "2024-02.parquet"
    data = bytearray(file.read_bytes())
    data[200] ^= 1
    file.write_bytes(data)
    (one,) = found(store)
    assert (one.what, one.part, one.is_fault) == ("corrupt", "2024-02", True)
    assert f"{file} is corrupt" in one.text


def test_a_hole_yet_to_be_fetched_is_wrong_and_one_the_source_has_too_is_noted(store: Store) -> None:
    rows = candles(20)
    write(store, {name: column[np.r_[0:4, 10:20]] for name, column in rows.items()})
    text = "klines BTCUSDT 1h: 6 bars missing, at 2024-02-01 04:00; `fw data repair` fetches them"
    assert said(store) == [("gap", True, text)]
    write(store, {name: column[4:6] for name, column in rows.items()}, covers=(FEBRUARY, FEBRUARY + 8 * HOUR))
    assert said(store) == [
        ("gap", True, "klines BTCUSDT 1h: 2 bars missing, at 2024-02-01 08:00; `fw data repair` fetches them"),
        ("gap", False, "klines BTCUSDT 1h: 2 bars missing, at 2024-02-01 06:00, which the source has not"),
    ]


def test_rows_twice_out_of_order_or_off_the_grid_are_found(store: Store) -> None:
    write(store, candles(48))
    spoil(store, "2024-02", lambda frame: pd.concat([frame[:5], frame[3:]]))
    assert any("times do not ascend at 2024-02-01 03:00" in text for text in [text for _, _, text in said(store)])
    spoil(store, "2024-02", lambda frame: frame.drop_duplicates().iloc[[0, 1, 1, 2]])
    assert any("1 row twice, at 2024-02-01 01:00" in text for text in [text for _, _, text in said(store)])
    spoil(store, "2024-02", lambda frame: frame.assign(open_time=frame["open_time"] + pd.Timedelta("1min")))
    assert any("off the grid, the first at 2024-02-01 00:01" in text for text in [text for _, _, text in said(store)])


@pytest.mark.parametrize(("column", "value"), [("high", 90.0), ("low", 190.0), ("low", -1.0), ("volume", -1.0)])
def test_a_bar_whose_prices_cannot_be_is_found(store: Store, column: str, value: float) -> None:
    rows = candles(9)
    rows[column][4] = value
    write(store, rows)
    (one,) = [one for one in found(store) if one.what == "prices"]
    assert one.text == "2024-02: 1 bar whose prices cannot be, at 2024-02-01 04:00"
    assert one.spans == ((FEBRUARY + 4 * HOUR, FEBRUARY + 5 * HOUR),)


def test_a_premium_may_be_below_nothing(store: Store) -> None:
    rows = {name: column for name, column in candles(9).items() if name != "volume"}
    below = {name: column - 200.0 if name != "open_time" else column for name, column in rows.items()}
    write(store, below, "premium")
    assert found(store) == []


def test_a_bar_far_beyond_the_mark_price_is_found(store: Store) -> None:
    rows, marks = candles(10), candles(5, size=2 * HOUR)
    marks = {name: rows[name][::2] for name in ("open_time", "open", "high", "low", "close")}
    rows["high"][7] *= 1.2
    write(store, rows)
    write(store, marks, "mark", "2h")
    assert said(store) == [
        ("spike", True, "klines BTCUSDT 1h: 1 bar reaches more than 10% beyond the mark price: 2024-02-01 07:00")
    ]
    assert said(store, spike=0.3) == []


def test_a_size_that_is_not_what_smaller_bars_make_is_found(store: Store) -> None:
    small = candles(96, size=15 * MINUTE)
    starts = np.arange(0, 96, 4)
    large = {
        "open_time": small["open_time"][starts],
        "open": small["open"][starts],
        "high": np.maximum.reduceat(small["high"], starts),
        "low": np.minimum.reduceat(small["low"], starts),
        "close": small["close"][starts + 3],
        "volume": np.add.reduceat(small["volume"], starts),
    }
    write(store, small, bar="15m")
    write(store, large)
    assert found(store) == []
    large["close"][[3, 5]] += 0.25
    large["volume"][5:7] += 1
    write(store, large)
    text = (
        "klines BTCUSDT 1h: 3 of 24 bars are not what 15m bars make (2 by price, 1 by volume): "
        "2024-02-01 03:00, 2024-02-01 05:00, 2024-02-01 06:00"
    )
    assert said(store) == [("sizes", False, text)], "the exchange's own sizes disagree in a few places"
    large["volume"][9] += 1
    write(store, large)
    assert [(what, is_fault) for what, is_fault, _ in said(store)] == [("sizes", True)]


def test_settlements_missing_within_what_was_fetched_are_found(store: Store) -> None:
    times = FEBRUARY + 8 * HOUR * np.array([0, 1, 2, 4, 5])
    write(store, {"time": times, "funding_rate": np.full(5, 1e-4)}, "funding", None)
    later = FEBRUARY + 30 * DAY + 4 * HOUR * np.arange(4)
    write(store, {"time": later, "funding_rate": np.full(4, 1e-4), "interval_hours": np.full(4, 4.0)}, "funding", None)
    (one,) = found(store)
    assert one.text == "settlements missing in 1 place, after 2024-02-01 16:00"


def test_trades_missing_within_what_was_fetched_are_told_by_their_ids(store: Store) -> None:
    def trades(first: int, ids: list[int]) -> dict[str, Any]:
        numbers = np.array(ids)
        ones = np.ones(len(ids))
        sure = {"agg_trade_id": numbers, "first_trade_id": numbers, "last_trade_id": numbers}
        times = first + 10**9 * np.arange(len(ids))
        return {"time": times, "price": ones, "quantity": ones, "is_buyer_maker": ones > 0, **sure}

    write(store, trades(FEBRUARY, [5, 6, 9, 10]), "agg_trades", None)
    write(store, trades(FEBRUARY + DAY, [700, 701]), "agg_trades", None)
    (one,) = found(store)
    assert one.text == "2 trades missing, after 2024-02-01 00:00:01"


def test_real_bars_disagree_where_the_exchanges_own_sizes_are_known_to(real_data: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("btcusdt_perp_30m_2019-09_2024-12", "btcusdt_perp_1h_2019-09_2024-12"):
        take(store, recognise(real_data / f"{name}.parquet"))
    (one,) = found(store)
    assert (one.what, one.is_fault, str(one.series)) == ("sizes", False, "klines BTCUSDT 1h")
    at = {pd.Timestamp(start).strftime("%Y-%m-%d %H") for start, _ in one.spans}
    assert {"2019-09-09 02", "2019-09-24 19", "2024-10-28 20", "2024-10-28 21"} <= at
    days = {moment[:10] for moment in at}
    assert days <= {"2019-09-09", "2019-09-24", "2022-07-16", "2023-11-10", "2024-03-27", "2024-03-28", "2024-10-28"}


def test_the_real_halt_of_eighty_minutes_is_found(real_data: Path, tmp_path: Path) -> None:
    store = Store(tmp_path, "binance_spot")
    take(store, recognise(real_data / "btcusdt_spot_1m_2023-03.parquet"))
    (one,) = found(store)
    assert one.text.startswith("80 bars missing, at 2023-03-24 12:40")


class Shop:
    """Fetches from rows at hand, and notes what was asked for."""

    def __init__(self, store: Store, rows: dict[str, Any]) -> None:
        self.store, self.rows = store, rows
        self.asked: list[tuple[int, int]] = []

    def fetch(self, wanted: Sequence[tuple[Series, int, int]]) -> None:
        for series, first, last in wanted:
            for start, end in self.store.missing(series.kind, series.symbol, series.bar, first, last):
                self.asked.append((start, end))
                chosen = (self.rows["open_time"] >= start) & (self.rows["open_time"] < end)
                rows = {name: column[chosen] for name, column in self.rows.items()}
                self.store.write(series.kind, series.symbol, series.bar, rows, source="rest", covers=(start, end))


def test_repair_fetches_the_holes_and_nothing_else(store: Store) -> None:
    rows = candles(40)
    write(store, {name: column[np.r_[0:4, 10:30, 31:40]] for name, column in rows.items()})
    shop = Shop(store, rows)
    (done,) = repair(store, store.list(), shop.fetch)
    assert shop.asked == [(FEBRUARY + 4 * HOUR, FEBRUARY + 10 * HOUR), (FEBRUARY + 30 * HOUR, FEBRUARY + 31 * HOUR)]
    assert (done.moved, done.left) == ((), ())
    assert found(store) == []
    assert repair(store, store.list(), shop.fetch) == []


def test_repair_moves_a_corrupt_file_aside_and_fetches_what_it_held(store: Store) -> None:
    rows = candles(60 * 24, FEBRUARY - 10 * DAY)
    write(store, rows)
    clean = {file.name: file.read_bytes() for file in store.root.rglob("*.parquet")}
    file = store.folder(SERIES) / "2024-02.parquet"
    file.write_bytes(b"spoilt")
    shop = Shop(store, rows)
    (done,) = repair(store, store.list(), shop.fetch)
    assert shop.asked == [(FEBRUARY, FEBRUARY + 29 * DAY)]
    assert [moved.name for moved in done.moved] == ["2024-02.parquet.corrupt"]
    assert done.moved[0].read_bytes() == b"spoilt"
    assert {file.name: file.read_bytes() for file in store.root.rglob("*.parquet")} == clean
    assert found(store) == []
    file.write_bytes(b"again")
    (done,) = repair(store, store.list(), shop.fetch)
    assert [moved.name for moved in done.moved] == ["2024-02.parquet.corrupt-2"]


def test_what_was_moved_aside_and_not_fetched_yet_is_still_missing(store: Store) -> None:
    write(store, candles(48))
    write(store, candles(24, FEBRUARY - DAY))
    file = store.folder(SERIES) / "2024-02.parquet"
    file.write_bytes(b"spoilt")

    def without_a_network(wanted: Sequence[tuple[Series, int, int]]) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        repair(store, store.list(), without_a_network)
    text = "klines BTCUSDT 1h: 48 bars missing, at 2024-02-01 00:00; `fw data repair` fetches them"
    assert said(store) == [("gap", True, text)]
    shop = Shop(store, candles(48))
    repair(store, store.list(), shop.fetch)
    assert shop.asked == [(FEBRUARY, FEBRUARY + 2 * DAY)]
    assert found(store) == []


def test_a_bar_that_cannot_be_is_fetched_again(store: Store) -> None:
    rows = candles(9)
    write(store, {**rows, "high": np.where(np.arange(9) == 4, 1.0, rows["high"])})
    shop = Shop(store, rows)
    repair(store, store.list(), shop.fetch)
    assert shop.asked == [(FEBRUARY + 4 * HOUR, FEBRUARY + 5 * HOUR)]
    assert found(store) == []


def test_a_hole_the_source_still_has_is_told_as_left(store: Store) -> None:
    rows = candles(9)
    some = {name: column[np.r_[0:4, 6:9]] for name, column in rows.items()}
    write(store, some)
    (done,) = repair(store, store.list(), Shop(store, some).fetch)
    assert done.left == ((FEBRUARY + 4 * HOUR, FEBRUARY + 6 * HOUR),)
    assert [(one.what, one.is_fault) for one in found(store)] == [("gap", False)]


def test_a_file_moved_aside_by_a_repair_that_died_then_is_still_missing(store: Store) -> None:
    write(store, candles(48))
    file = store.folder(SERIES) / "2024-02.parquet"
    file.rename(file.with_name(f"{file.name}.corrupt"))
    assert [(one.what, one.spans) for one in found(store)] == [("gap", ((FEBRUARY, FEBRUARY + 2 * DAY),))]


def test_what_was_recorded_as_it_happened_is_moved_aside_and_not_asked_for(store: Store) -> None:
    liquidations = {"time": [FEBRUARY], "is_sell": [True], "price": [9.0], "average_price": [9.5], "quantity": [1.0]}
    write(store, liquidations, "liquidations", None)
    (file,) = store.root.rglob("*.parquet")
    file.write_bytes(b"spoilt")
    shop = Shop(store, {})
    (done,) = repair(store, store.list(), shop.fetch)
    assert [moved.read_bytes() for moved in done.moved] == [b"spoilt"]
    assert (shop.asked, done.asked) == ([], ())
    assert found(store) == []
