"""Data that is missing, broken or of another kind than was meant: one line that says how to mend it, exit code 3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

Mistake = Callable[[pd.DataFrame], pd.DataFrame]


def at(row: int, **values: float) -> Mistake:
    """One row changed."""

    def changed(candles: pd.DataFrame) -> pd.DataFrame:
        candles = candles.astype(dict.fromkeys(values, "float64"))
        for name, value in values.items():
            candles.loc[row, name] = value
        return candles

    return changed


def shifted(ms: int) -> Mistake:
    return lambda candles: candles.assign(open_time=candles.open_time + ms)


def in_thousands(column: pd.Series) -> pd.Series:
    return column.map(lambda price: f"${price:,.2f}")


MISTAKES: dict[str, tuple[Mistake, tuple[str, ...]]] = {
    "unsorted": (lambda c: c.iloc[[0, 1, 5, 2, 3, 4]], ("goes back from 2024-01-01 05:00 to 2024-01-01 02:00", "sort")),
    "newest first": (lambda c: c.iloc[::-1], ("goes back from 2024-01-13 11:00", "sort by time")),
    "doubled": (lambda c: c.iloc[[0, 1, 2, 2, 3]], ("has 2024-01-01 02:00 twice", "remove the doubles")),
    "one bar misaligned": (
        at(50, open_time=1_704_067_200_000 + 50 * 3_600_000 + 60_000),
        ("2024-01-03 02:01", "steps"),
    ),
    "another zone": (shifted(1_800_000), ("2024-01-01 00:30, where no bar of 1h opens", "open times in UTC")),
    "close times": (shifted(3_599_999), ("looks like a close time", "source.columns.time")),
    "high below low": (at(40, high=30_000.0), ("2024-01-02 16:00", "high 30000 is below low", "mend or leave out")),
    "a price of zero": (at(40, close=0.0), ("2024-01-02 16:00", "close is 0, which is no price", "mend or leave out")),
    "a negative price": (at(40, open=-3.0), ("2024-01-02 16:00", "open is -3, which is no price")),
    "not a number": (at(40, close=float("nan")), ("2024-01-02 16:00", "close is nan", "mend or leave out this bar")),
    "an infinite price": (at(40, high=float("inf")), ("2024-01-02 16:00", "high is inf")),
    "volume not a number": (at(40, volume=float("nan")), ("2024-01-02 16:00", "volume is nan")),
    "negative volume": (at(40, volume=-1.0), ("2024-01-02 16:00", "volume is -1, below 0")),
    "a close outside": (at(40, close=1.0), ("2024-01-02 16:00", "close 1 is outside low")),
    "a gap": (
        lambda c: c.drop(index=range(100, 110)),
        ("10 bars missing from 2024-01-05 04:00", "source.gaps", "flat"),
    ),
    "two gaps": (lambda c: c.drop(index=[100, 200]), ("1 bar missing", "and 1 more gap, 2 bars in all")),
    "four hours a bar": (lambda c: c.iloc[::4], ("bars are 4h apart, but the clock is 1h", "set bar: 4h")),
    "five minutes a bar": (
        lambda c: c.assign(open_time=c.open_time.iloc[0] + 300_000 * (c.open_time - c.open_time.iloc[0]) // 3_600_000),
        ("bars are 5m apart", "set bar: 5m"),
    ),
    "a column left out": (lambda c: c.drop(columns="close"), ("no column that looks like close", "source.columns")),
    "money as text": (lambda c: c.assign(close=in_thousands(c.close)), ("invalid value '$", "plain numbers")),
    "other dates": (
        lambda c: c.assign(open_time=pd.to_datetime(c.open_time, unit="ms").dt.strftime("%d.%m.%Y %H:%M")),
        ("times like '01.01.2024 00:00'", "ISO text such as"),
    ),
    "too short": (lambda c: c.iloc[:10], ("the history of 10 bars is shorter", "lookback 20", "shorter spans")),
    "one bar": (lambda c: c.iloc[:1], ("the history of 1 bar is shorter", "take more data")),
    "no rows": (lambda c: c.iloc[:0], ("btc.csv holds no rows", "name another file")),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_candles_that_cannot_be(desk: Any, candles: pd.DataFrame, over_file: Any, mistake: str) -> None:
    spoil, words = MISTAKES[mistake]
    spoil(candles).to_csv(desk.files / "btc.csv", index=False)
    desk.refused(over_file(), 3, *words)
    (manifest,) = desk.manifests()
    assert manifest["status"] == "failed"
    assert words[0] in manifest["error"]


def test_sound_candles_run(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    assert desk.run(over_file()).code == 0
    assert desk.statuses() == ["finished"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("holds no rows",)),
        (b"<!DOCTYPE html><html><title>404</title>", ("neither CSV nor Parquet", "<!DOCTYPE html>")),
        (b'{"error": "too many requests"}', ("neither CSV nor Parquet", '{"error"')),
        (b"PK\x03\x04" + b"\0" * 100, ("neither CSV nor Parquet", "PK")),
        (b"time,open,high,low,close,volume\n2024-01-01,1,2\n", ("Expected 6 columns, got 3", "mend this row")),
        ("zeit;öffnung\n1;2".encode("latin-1"), ("cannot be read", "utf-8")),
    ],
)
def test_a_file_that_holds_no_candles(desk: Any, over_file: Any, content: bytes, words: tuple[str, ...]) -> None:
    desk.write("btc.csv", content)
    desk.refused(over_file(), 3, "btc.csv", *words)


def test_decimal_commas_are_told_apart_from_numbers(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False, sep=";", decimal=",")
    desk.refused(over_file(), 3, "btc.csv", "invalid value '40000,0'", "with a point")


def test_semicolons_alone_are_understood(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False, sep=";")
    assert desk.run(over_file()).code == 0


@pytest.mark.parametrize("kept", [0, 4, 0.5, 0.99])
def test_truncated_parquet(desk: Any, candles: pd.DataFrame, over_file: Any, kept: float) -> None:
    candles.to_parquet(desk.files / "btc.parquet")
    content = (desk.files / "btc.parquet").read_bytes()
    desk.write("btc.parquet", content[: int(kept) if kept >= 1 else int(kept * len(content))])
    desk.refused(over_file("btc.parquet"), 3, "btc.parquet cannot be read as Parquet", "copy or fetch it again")


def test_parquet_with_damaged_pages(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_parquet(desk.files / "btc.parquet", compression="zstd")
    content = bytearray((desk.files / "btc.parquet").read_bytes())
    content[8:2000] = b"\xff" * 1992
    desk.write("btc.parquet", bytes(content))
    desk.refused(over_file("btc.parquet"), 3, "btc.parquet cannot be read", "mend it, or name another")


@pytest.mark.parametrize(
    ("given", "said", "needed"),
    [(1_000, "ms", "s"), (1, "s", "ms")],
)
def test_seconds_taken_for_milliseconds_and_the_other_way(
    desk: Any, candles: pd.DataFrame, over_file: Any, given: int, said: str, needed: str
) -> None:
    candles.assign(open_time=candles.open_time // given).to_csv(desk.files / "btc.csv", index=False)
    desk.refused(over_file(more=f", time_unit: {said}"), 3, "btc.csv has times like 17040672", f"time_unit: {needed}")


def test_seconds_written_as_if_they_were_milliseconds(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    times = pd.to_datetime(candles.open_time // 1_000, unit="ms", utc=True)
    candles.assign(open_time=times).to_parquet(desk.files / "btc.parquet")
    desk.refused(over_file("btc.parquet"), 3, "has the time 1970-01-20", "its unit was mistaken", "write it again")


@pytest.mark.parametrize("more", [", start: 2020-01-01, end: 2020-06-01", ", start: 2025-01-01", ", end: 2023-01-01"])
def test_a_range_that_the_data_does_not_reach(desk: Any, candles: pd.DataFrame, over_file: Any, more: str) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    there = "btc.csv has bars from 2024-01-01 00:00 to 2024-01-13 12:00"
    desk.refused(over_file(more=more), 3, there, "none in the asked range", "change source.start and source.end")


@pytest.mark.parametrize(("gaps", "bars"), [("skip", 271), ("flat", 281)])
def test_a_gap_is_mended_only_where_that_is_asked_for_and_said(
    desk: Any, candles: pd.DataFrame, over_file: Any, gaps: str, bars: int
) -> None:
    candles.drop(index=range(100, 110)).to_csv(desk.files / "btc.csv", index=False)
    assert desk.run(over_file(more=f", gaps: {gaps}")).code == 0
    result = json.loads((desk.runs()[0] / "result.json").read_text())
    assert result["bars"] == bars
    assert any("10 bars missing, the first at 2024-01-05 04:00" in note for note in result["notes"])


def test_a_missing_file_is_told_with_what_is_there_instead(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btcusdt.csv", index=False)
    desk.refused(over_file(), 3, "there is no file btc.csv", f"the folder {desk.files} has btcusdt.csv")


def test_a_folder_in_place_of_the_candles(desk: Any, over_file: Any) -> None:
    (desk.files / "btc.csv").mkdir()
    desk.refused(over_file(), 3, "btc.csv is a folder", "name the file in it")


def test_a_symbol_without_rules(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    text = over_file().replace("BTCUSDT", "NOPEUSDT")
    desk.refused(text, 3, "no contract rules for NOPEUSDT", "account.rules")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("", ("BTCUSDT has no funding rates", "set account.funding: zero")),
        (
            ", funding: zero, mark: required",
            ("BTCUSDT has no mark prices", "give source.mark, or set account.mark: last"),
        ),
    ],
)
def test_what_the_account_requires_but_the_source_lacks(
    desk: Any, candles: pd.DataFrame, over_file: Any, account: str, words: tuple[str, ...]
) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    desk.refused(over_file().replace(", funding: zero", account), 3, *words)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("btc.csv", ("names one file for 2 instruments", "write {instrument} in it")),
        ("{symbol}.csv", ("{symbol} stands for nothing", "use {instrument} and {bar}")),
    ],
)
def test_a_path_that_cannot_be_meant_is_a_mistake_of_the_settings(
    desk: Any, candles: pd.DataFrame, over_file: Any, path: str, words: tuple[str, ...]
) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    text = over_file(f'"{path}"')
    desk.refused(text.replace("[BTCUSDT]", "[BTCUSDT, ETHUSDT]") if path == "btc.csv" else text, 2, *words)
