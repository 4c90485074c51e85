"""Moments and durations, against pandas and the calendar."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw.domain.time import DAY, HOUR, MINUTE, OFFERED, BarSize, Duration, Length, format_time, parse_time


@pytest.mark.parametrize(
    "text",
    ["2024-01-31", "2024-02-29T08:00Z", "2024-01-31 08:00:01.5+02:00", "2019-09-08T17:00:00-0530", "1970-01-01"],
)
def test_times_are_read_as_pandas_reads_them(text: str) -> None:
    stamp = pd.Timestamp(text)
    utc = stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")
    assert parse_time(text) == utc.as_unit("ns").value


@pytest.mark.parametrize(
    "text",
    [
        *("", "2024", "2024-1-31", "31.01.2024", "20240131", "2024-W05-3", "2024-01-31T08Z", "2024-01-31T", "today"),
        *("2024-02-30", "2023-02-29", "2024-13-01", "2024-01-31T25:00Z", "2024-01-31x08:00Z", "1704067200"),
        *("2024-01-31T08:00:00.1234567Z", "٢٠٢٤-01-01", "2024-01-31 08:00 Z", "1969-12-31", "2262-04-12"),
        "2024-01-31\n",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wants a"):
        parse_time(text)


def test_a_clock_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        parse_time("2024-01-31T08:00")


@given(st.integers(0, 2**63 - 1))
def test_a_formatted_time_says_the_same_instant(ns: int) -> None:
    assert pd.Timestamp(format_time(ns)).value == ns


@given(st.integers(0, 4_102_444_800))
def test_a_whole_second_survives_formatting_and_reading(seconds: int) -> None:
    text = format_time(seconds * 1_000_000_000)
    assert parse_time(f"{text}Z") == seconds * 1_000_000_000


def test_durations_are_read_and_written_alike() -> None:
    for text in ("250ms", "90s", "15m", "8h", "30d", "2w"):
        assert str(Duration.parse(text)) == text
    assert Duration.parse("24h") == Duration.parse("1d")


@pytest.mark.parametrize(
    "text", ["", "8", "h", "8 h", "-8h", "1.5h", "8H", "1y", "٣h", "9999999999w", "9" * 5000 + "s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="wants a duration"):
        Duration.parse(text)


def test_every_bar_size_offered_is_read_and_written_alike() -> None:
    assert [str(BarSize.parse(text)) for text in OFFERED] == list(OFFERED)


@pytest.mark.parametrize("text", ["7m", "1M", "1mo", "60m", "3d", "1y", "", "1 h"])
def test_other_bar_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not .*offered"):
        BarSize.parse(text)


def test_1m_and_1_month_are_told_apart() -> None:
    with pytest.raises(ValueError, match="1m is a minute"):
        BarSize.parse("1M")


@given(st.sampled_from(OFFERED), st.integers(0, 4_000_000_000))
def test_bars_begin_where_pandas_floors(text: str, seconds: int) -> None:
    size, ns = BarSize.parse(text), seconds * 1_000_000_000
    stamp = pd.Timestamp(ns)
    if text == "1w":
        assert size.floor(ns) == (stamp.normalize() - pd.Timedelta(days=stamp.weekday())).value
    else:
        assert size.floor(ns) == stamp.floor(f"{size.ns // MINUTE}min").value


def test_a_length_is_bars_or_a_duration_rounded_up() -> None:
    four_hours = BarSize.parse("4h")
    assert Length.parse("24").in_bars(four_hours) == 24
    assert Length.parse("30d").in_bars(four_hours) == 180
    assert Length.parse("9h").in_bars(four_hours) == 3
    with pytest.raises(ValueError, match="a number of bars or a duration"):
        Length.parse("4x")


def test_sizes_divide_only_whole() -> None:
    eight = BarSize(8 * HOUR)
    assert BarSize(4 * HOUR).divides(eight)
    assert not eight.divides(BarSize(12 * HOUR))
    assert BarSize(DAY).divides(BarSize.parse("1w"))
