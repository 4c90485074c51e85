"""fw data import and export: other people's files are told for what they are, and what is given out can be taken in."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fw
from fw_binance.store import Series, Store
from fw_binance.store.exporting import export
from fw_binance.store.importing import recognise, take

HOUR = 3600 * 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01

KLINES = """1704067200000,42314.0,42400.5,42300.0,42350.25,10.5,1704070799999,444000.5,123,5.5,232000.25,0
1704070800000,42350.25,42500.0,42340.0,42480.0,20.0,1704074399999,848000.0,321,12.0,509000.0,0
"""
NAMES = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count")
HEADER = ",".join([*NAMES, "taker_buy_volume", "taker_buy_quote_volume", "ignore\n"])


@pytest.mark.parametrize(
    ("name", "wanted", "venue", "rows"),
    [  # rows as the data folder's own table of contents states them
        ("btcusdt_perp_1d_2021-01_2024-12", Series("klines", "BTCUSDT", "1d"), "binance_usdm", 1461),
        ("ltcusdt_perp_4h_2020-01_2024-12", Series("klines", "LTCUSDT", "4h"), "binance_usdm", 10912),
        ("btcusdt_spot_1m_2023-03", Series("klines", "BTCUSDT", "1m"), "binance_spot", 44560),
        ("btcusdt_perp_mark_8h_2019-12_2024-12", Series("mark", "BTCUSDT", "8h"), "binance_usdm", 5507),
        ("btcusdt_perp_funding_8h_2019-09_2024-12", Series("funding", "BTCUSDT"), "binance_usdm", 5819),
        ("btcusdt_perp_metrics_5m_2024-01-01", Series("metrics", "BTCUSDT", "5m"), "binance_usdm", 288),
        ("ticks_btcusdt_perp_bookticker_2024-08-08", Series("book", "BTCUSDT"), "binance_usdm", 66089),
        ("ticks_btcusdt_perp_trades_2024-08-08", Series("trades", "BTCUSDT"), "binance_usdm", 21313),
        ("ticks_btcusdt_perp_depth_snapshot_2024-08-08", Series("snapshots", "BTCUSDT"), "binance_usdm", 2000),
    ],
)
def test_files_of_the_data_folder_are_taken_for_what_they_are(
    real_data: Path, tmp_path: Path, name: str, wanted: Series, venue: str, rows: int
) -> None:
    found = recognise(real_data / f"{name}.parquet")
    assert (found.series, found.venue) == (wanted, venue)
    store = Store(tmp_path, venue)
    assert take(store, found).new == rows
    frame = pd.read_parquet(real_data / f"{name}.parquet")
    read = store.read(wanted.kind, wanted.symbol, wanted.bar)
    np.testing.assert_array_equal(
        read[wanted.of.time],
        frame["timestamp"].dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64),
    )
    for ours, theirs in found.columns.items():
        if theirs not in ("timestamp", "side"):
            np.testing.assert_array_equal(np.sort(read[ours]), np.sort(frame[theirs]))


@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize("form", ["csv", "csv with names", "csv.gz", "zip"])
def test_the_exchanges_own_files_are_understood_in_every_form(tmp_path: Path, form: str, unit: int) -> None:
    text = KLINES
    for number in (1704067200000, 1704070800000):
        text = text.replace(str(number), str(number * unit))
    text = HEADER + text if form == "csv with names" else text
    file = tmp_path / f"BTCUSDT-1h-2024-01.{form.split()[0]}"
    if form == "zip":
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("BTCUSDT-1h-2024-01.csv", text)
    else:
        file.write_bytes(gzip.compress(text.encode()) if form == "csv.gz" else text.encode())
    found = recognise(file)
    assert found.series == Series("klines", "BTCUSDT", "1h")
    rows = found.rows()
    assert rows["open_time"].tolist() == [START, START + HOUR]
    assert rows["trades"].tolist() == [123.0, 321.0]
    assert rows["taker_buy_quote_volume"].tolist() == [232000.25, 509000.0]


def test_a_frame_of_pandas_saved_as_feather_is_understood(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=5, freq="30min", tz="UTC")
    prices = {name: np.arange(5) + 10.0 for name in ("open", "high", "low", "close")}
    pd.DataFrame({"date": times, **prices}).to_feather(tmp_path / "BTC_USDT_USDT-futures.feather")
    found = recognise(tmp_path / "BTC_USDT_USDT-futures.feather")
    assert found.series == Series("klines", "BTCUSDT", "30m"), "its size is told from its times"
    assert found.rows()["open_time"][0] == START


def test_what_is_said_counts_more_than_what_is_guessed(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1h-2024-01.csv"
    file.write_text(KLINES)
    found = recognise(file, kind="mark", symbol="XBTUSD", venue="elsewhere")
    assert (found.series, found.venue) == (Series("mark", "XBTUSD", "1h"), "elsewhere")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("notes.csv", KLINES, "does not say in its name of which symbol it is; say --symbol"),
        (
            "BTCUSDT.csv",
            "time,price\n1704067200,5\n",
            "cannot be told to be of any kind by its columns; say --kind: klines",
        ),
        ("BTCUSDT-oi-1d.csv", "time,open,high,low,close\n1704067200,1,1,1,1\n", "cannot be told .* say --kind"),
        ("BTCUSDT.csv", HEADER + KLINES.splitlines()[0], "does not say .* how large its bars are; say --bar"),
        ("BTCUSDT-1h.csv", "<html>no</html>", "is neither Parquet, Feather nor CSV: it begins with '<html>no</html>'"),
        ("BTCUSDT-1h.csv", "1704067200000,1,2\n1,2\n", "cannot be read: .*3 columns, got 2"),
        ("BTCUSDT-1h.csv", "a,1,2,3\n", "has no header line, and 4 columns are no form known"),
        ("BTCUSDT-1h.parquet", "PAR1", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_told_says_what_to_do(tmp_path: Path, name: str, text: str, complaint: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(fw.DataError, match=complaint) as raised:
        recognise(tmp_path / name)
    assert str(tmp_path / name) in str(raised.value)


def test_rows_of_another_size_than_the_name_says_are_refused(tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=9, freq="1h", tz="UTC")
    prices = {name: np.arange(9) + 10.0 for name in ("open", "high", "low", "close")}
    frame = pd.DataFrame({"timestamp": times, **prices})
    for size, complaint in (("1m", "further apart than 1m; say the right --bar"), ("4h", "no bar of 4h opens at")):
        frame.to_parquet(tmp_path / f"btcusdt_{size}.parquet", index=False)
        with pytest.raises(fw.DataError, match=complaint):
            take(Store(tmp_path / "data"), recognise(tmp_path / f"btcusdt_{size}.parquet"))


def test_a_bar_that_has_not_closed_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT-1h-2024-01.csv"
    file.write_text(KLINES)
    store = Store(tmp_path / "data", now=lambda: START + 2 * HOUR - 1)
    assert take(store, recognise(file)).new == 1


@pytest.mark.parametrize("form", ["parquet", "csv", "csv.gz"])
def test_what_was_given_out_can_be_taken_in(tmp_path: Path, form: str) -> None:
    (tmp_path / "BTCUSDT-1h-2024-01.csv").write_text(KLINES)
    store = Store(tmp_path / "data")
    take(store, recognise(tmp_path / "BTCUSDT-1h-2024-01.csv"))
    out = tmp_path / f"btcusdt_1h.{form}"
    assert export(store, Series("klines", "BTCUSDT", "1h"), out) == 2
    other = Store(tmp_path / "other")
    take(other, recognise(out))
    ours = store.read("klines", "BTCUSDT", "1h")
    for name, column in other.read("klines", "BTCUSDT", "1h").items():
        np.testing.assert_array_equal(column, ours[name])
    frame = pd.read_parquet(out) if form == "parquet" else pd.read_csv(out, parse_dates=["open_time"])
    assert frame["open_time"].iloc[1] == pd.Timestamp("2024-01-01 01:00", tz="UTC")


def test_funding_to_the_millisecond_survives_a_csv(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "data"), Store(tmp_path / "other")
    store.write("funding", "BTCUSDT", None, {"time": [START + 3_000_000], "funding_rate": [1e-4]}, source="rest")
    export(store, Series("funding", "BTCUSDT"), tmp_path / "btcusdt_funding.csv")
    take(other, recognise(tmp_path / "btcusdt_funding.csv"))
    assert other.read("funding", "BTCUSDT")["time"].tolist() == [START + 3_000_000]


def test_giving_out_takes_a_range_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT-1h-2024-01.csv").write_text(KLINES)
    store, series = Store(tmp_path / "data"), Series("klines", "BTCUSDT", "1h")
    take(store, recognise(tmp_path / "BTCUSDT-1h-2024-01.csv"))
    assert export(store, series, tmp_path / "one.csv", START + HOUR, START + 2 * HOUR) == 1
    with pytest.raises(fw.DataError, match="no rows of klines BTCUSDT 1h in the asked range"):
        export(store, series, tmp_path / "none.csv", START + 9 * HOUR, None)
    with pytest.raises(fw.SettingsError, match="says no form by its name: end it with"):
        export(store, series, tmp_path / "sheet.xlsx")
