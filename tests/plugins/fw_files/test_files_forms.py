"""The same candles in the forms people keep them in."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fw.domain.market import Market
from fw.errors import DataError

History = Callable[..., Market]


def check_same(market: Market, candles: pd.DataFrame) -> None:
    bars = market.bars
    assert np.array_equal(bars.open_time, candles["time"].to_numpy().astype("int64"))
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(bars, name), candles[name].to_numpy())


def numbered(candles: pd.DataFrame, unit: str) -> pd.DataFrame:
    per = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    return candles.assign(time=candles["time"].to_numpy().astype("int64") // per)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_whole_number_times_of_every_unit_are_understood(
    tmp_path: Path, history: History, candles: pd.DataFrame, unit: str, form: str
) -> None:
    file = tmp_path / f"btc.{form}"
    frame = numbered(candles, unit)
    frame.to_parquet(file) if form == "parquet" else frame.to_csv(file, index=False)
    market = history(bars=file.name)
    check_same(market, candles)
    assert f"time is 'time', in {unit}" in market.notes[0]
    check_same(history(bars=file.name, time_unit=unit), candles)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_datetimes_of_every_unit_and_zone_are_understood(
    tmp_path: Path, history: History, candles: pd.DataFrame, unit: str, zone: str | None
) -> None:
    times = candles["time"].dt.as_unit(unit)
    if zone:
        times = times.dt.tz_localize("UTC").dt.tz_convert(zone)
    candles.assign(time=times).to_parquet(tmp_path / "btc.parquet")
    check_same(history(bars="btc.parquet"), candles)


@pytest.mark.parametrize(
    "written", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%dT%H:%M"]
)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_iso_text_is_understood_and_is_utc_without_a_zone(
    tmp_path: Path, history: History, candles: pd.DataFrame, written: str, form: str
) -> None:
    frame = candles.assign(time=candles["time"].dt.strftime(written))
    file = tmp_path / f"btc.{form}"
    frame.to_parquet(file) if form == "parquet" else frame.to_csv(file, index=False)
    check_same(history(bars=file.name), candles)


def test_days_alone_are_midnight(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    days = candles.assign(time=pd.date_range("2024-01-01", periods=6, unit="ns"))
    days.assign(time=days["time"].dt.date).to_csv(tmp_path / "btc.csv", index=False)
    check_same(history(bars="btc.csv", bar="1d"), days)
    days.assign(time=days["time"].dt.date).to_parquet(tmp_path / "btc.parquet")
    check_same(history(bars="btc.parquet", bar="1d"), days)


@pytest.mark.parametrize(
    "names",
    [
        ("Open Time", "Open", "High", "Low", "Close", "Volume"),
        ("open_time", "open", "high", "low", "close", "vol"),
        ("t", "o", "h", "l", "c", "v"),
        ("Date", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"),
        ("timestamp", "open_price", "high_price", "low_price", "close_price", "base_volume"),
    ],
)
def test_common_names_are_guessed(
    tmp_path: Path, history: History, candles: pd.DataFrame, names: tuple[str, ...]
) -> None:
    candles.set_axis(list(names), axis=1).to_parquet(tmp_path / "btc.parquet")
    market = history(bars="btc.parquet")
    check_same(market, candles)
    assert f"time is '{names[0]}'" in market.notes[0]


def test_a_frame_saved_with_its_index_is_understood(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    for index in (candles.set_index("time"), candles.set_index("time").rename_axis(None)):
        index.to_parquet(tmp_path / "btc.parquet")
        check_same(history(bars="btc.parquet"), candles)


def test_what_is_said_of_columns_goes_before_the_guess(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    frame = candles.assign(close_usd=candles["close"], close=-1.0, n=np.arange(6))
    frame.to_parquet(tmp_path / "btc.parquet")
    market = history(bars="btc.parquet", columns={"close": "close_usd", "trades": "n"})
    check_same(market, candles)
    assert list(market.bars.extra["trades"]) == list(range(6))
    assert "close is 'close_usd'" in market.notes[0]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_told_from_the_header(
    tmp_path: Path, history: History, candles: pd.DataFrame, separator: str
) -> None:
    candles.to_csv(tmp_path / "btc.csv", index=False, sep=separator)
    check_same(history(bars="btc.csv"), candles)


def archive_lines(candles: pd.DataFrame, *, header: bool) -> str:
    """Candles as the exchange's archive has them: twelve columns, milliseconds, before 2022 without a header."""
    lines = [
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore"
    ]
    for row in candles.itertuples():
        opened = row.time.value // 10**6
        lines.append(
            f"{opened},{row.open},{row.high},{row.low},{row.close},{row.volume},{opened + 3_599_999},"
            f"{row.volume * row.close},7,{row.volume / 2},{row.volume * row.close / 2},0"
        )
    return "\n".join(lines if header else lines[1:]) + "\n"


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_the_exchanges_archive_is_understood_with_and_without_a_header(
    tmp_path: Path, history: History, candles: pd.DataFrame, header: bool, packed: bool
) -> None:
    text = archive_lines(candles, header=header)
    file = tmp_path / ("BTCUSDT-1h-2024-01.csv.gz" if packed else "BTCUSDT-1h-2024-01.csv")
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    check_same(history(bars=file.name), candles)
    market = history(bars=file.name, columns={"taker_buy_volume": "taker_buy_volume"})
    assert np.array_equal(market.bars.extra["taker_buy_volume"], candles["volume"] / 2)


def test_funding_of_the_archive_is_floored_to_the_minute(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    candles.to_parquet(tmp_path / "btc.parquet")
    first = pd.Timestamp("2024-01-01").value // 10**6
    rows = f"{first + 7},8,0.00010000\n{first + 8 * 3_600_000},8,-0.00002500\n"
    for header in ("", "calc_time,funding_interval_hours,last_funding_rate\n"):
        (tmp_path / "funding.csv").write_text(header + rows)
        funding = history(bars="btc.parquet", funding="funding.csv").funding
        assert funding is not None
        assert [pd.Timestamp(time) for time in funding.time] == [
            pd.Timestamp("2024-01-01 00:00"),
            pd.Timestamp("2024-01-01 08:00"),
        ]
        assert list(funding.value) == [0.0001, -0.000025]


def test_open_interest_of_the_archive_is_read(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    candles.to_parquet(tmp_path / "btc.parquet")
    (tmp_path / "metrics.csv").write_text(
        "create_time,symbol,sum_open_interest,sum_open_interest_value\n"
        "2024-01-01 00:05:00,BTCUSDT,80000.5,3.4e9\n2024-01-01 00:10:01,BTCUSDT,80001,3.4e9\n"
    )
    held = history(bars="btc.parquet", open_interest="metrics.csv").stamps["open_interest"]
    assert list(held.value) == [80000.5, 80001.0]
    assert str(pd.Timestamp(held.time[1])) == "2024-01-01 00:10:01"
    assert str(pd.Timestamp(held.published[1])) == "2024-01-01 00:15:01"


def test_marks_have_the_size_of_their_own_spacing(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    candles.to_parquet(tmp_path / "btc.parquet")
    marks = candles.assign(time=pd.date_range("2024-01-01", periods=6, freq="8h", unit="ns")).drop(columns="volume")
    marks.to_parquet(tmp_path / "mark.parquet")
    mark = history(bars="btc.parquet", mark="mark.parquet", columns={"volume": "volume"}).mark
    assert mark is not None
    assert str(mark.size) == "8h"
    assert np.array_equal(mark.close, candles["close"])


def test_whole_numbers_and_text_serve_as_prices(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    candles.assign(close=candles["close"].map(str), volume=[1, 2, 0, 3, 4, 5]).to_parquet(tmp_path / "btc.parquet")
    check_same(history(bars="btc.parquet"), candles.assign(volume=[1.0, 2, 0, 3, 4, 5]))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_hole_in_a_column_is_nan_for_the_kernel_to_refuse(
    tmp_path: Path, history: History, candles: pd.DataFrame, form: str
) -> None:
    candles.loc[2, "close"] = np.nan
    file = tmp_path / f"btc.{form}"
    candles.to_parquet(file) if form == "parquet" else candles.to_csv(file, index=False)
    assert np.isnan(history(bars=file.name).bars.close[2])


def test_many_row_groups_are_one_history(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    candles.to_parquet(tmp_path / "btc.parquet", row_group_size=2)
    check_same(history(bars="btc.parquet"), candles)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no rows"),
        ("time,open,high,low,close,volume\n", "holds no rows"),
        ("time,open,high,low,close,volume\n1704067200,1,2\n", "cannot be read as CSV"),
        ("time,open,high,low,close,volume\n1704067200,1,2,1,x,1\n", "cannot be read as CSV.*invalid value 'x'"),
        (
            "time,open,high,low,price,volume\n1704067200,1,2,1,1,1\n",
            r"no column that looks like close.*\{close: NAME\}",
        ),
        ("1704067200,1,2,1\n", "no header line, and 4 columns"),
        ("time,open,high,low,close,volume\n12345,1,2,1,1,1\n", "times like 12345, which are no time"),
        ("time,open,high,low,close,volume\n1704067200,1,2,1,1,1\n1704070800000,1,2,1,1,1\n", "more than one unit"),
        ("time,open,high,low,close,volume\n01/02/2024,1,2,1,1,1\n", "times like '01/02/2024'"),
        ("time,open,high,low,close,volume\n,1,2,1,1,1\n1704067200,1,2,1,1,1\n", "no time in 1"),
    ],
)
def test_a_broken_csv_file_is_one_clear_error(tmp_path: Path, history: History, content: str, said: str) -> None:
    (tmp_path / "btc.csv").write_text(content)
    with pytest.raises(DataError, match=rf"btc\.csv .*{said}"):
        history(bars="btc.csv")


def test_a_truncated_or_foreign_parquet_file_is_one_clear_error(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    file = tmp_path / "btc.parquet"
    candles.to_parquet(file)
    whole = file.read_bytes()
    for content in (whole[:-20], whole[: len(whole) // 2], b"", b"not parquet at all"):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"btc\.parquet cannot be read as Parquet: [^\n]*$"):
            history(bars="btc.parquet")


def test_a_mistaken_unit_is_an_error_that_names_the_likely_one(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    numbered(candles, "s").to_csv(tmp_path / "btc.csv", index=False)
    with pytest.raises(DataError, match=r"in ms are not from 2000 to 2100; set source\.time_unit: s"):
        history(bars="btc.csv", time_unit="ms")
    # seconds written as if they were milliseconds stand in 1970
    seconds = candles.assign(time=pd.to_datetime(numbered(candles, "s")["time"], unit="ms"))
    seconds.to_parquet(tmp_path / "btc.parquet")
    with pytest.raises(DataError, match=r"has the time 1970-01-20 .*unit was mistaken"):
        history(bars="btc.parquet")


def test_a_column_said_but_not_there_is_met_with_what_may_have_been_meant(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    candles.to_parquet(tmp_path / "btc.parquet")
    with pytest.raises(DataError, match=r"no column 'clse' \(did you mean 'close'\?\), which source.columns.close"):
        history(bars="btc.parquet", columns={"close": "clse"})
    with pytest.raises(ValueError, match="'shut' is none of ours"):
        history(bars="btc.parquet", columns={"shut": "close"})
