"""The bulk archive: files, checksums and listings, as they appear over time."""

from __future__ import annotations

import csv
import hashlib
import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

HOUR, DAY = 3_600_000, 86_400_000
SPACE = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}


def unzipped(venue: Any, kit: ModuleType, path: str) -> list[list[str]]:
    status, _, body = kit.get(venue, f"/data/futures/um/{path}")
    assert status == 200, body
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        (name,) = packed.namelist()
        assert name == path.rpartition("/")[2].replace(".zip", ".csv")
        return list(csv.reader(io.StringIO(packed.read(name).decode())))


def listed(venue: Any, kit: ModuleType, prefix: str, *, delimiter: str = "/", marker: str = "") -> Any:
    status, _, body = kit.get(venue, f"/?prefix={prefix}&delimiter={delimiter}&marker={marker}")
    assert status == 200
    root = ET.fromstring(body)
    keys = [found.text for found in root.findall("s3:Contents/s3:Key", SPACE)]
    folders = [found.text for found in root.findall("s3:CommonPrefixes/s3:Prefix", SPACE)]
    return keys, folders, root.findtext("s3:IsTruncated", namespaces=SPACE) == "true"


@pytest.fixture
def quarter(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    """Three months of hours."""
    return make_venue(venue_kit.market(bar="1h", bars=24 * 91, start="2024-01-01"))


@pytest.mark.parametrize(
    "path", ["daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-03", "monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02"]
)
def test_a_file_holds_the_bars_of_its_period(quarter: Any, venue_kit: ModuleType, path: str) -> None:
    header, *lines = unzipped(quarter, venue_kit, f"{path}.zip")
    assert header[0] == "open_time"
    assert header[-1] == "ignore"
    table = np.array(lines, dtype=float)
    bars = quarter.market.bars
    first = int(
        bars.open_time.searchsorted(np.datetime64("2024-02-03" if "daily" in path else "2024-02-01", "ns").view("i8"))
    )
    count = 24 if "daily" in path else 24 * 29
    cut = slice(first, first + count)
    assert len(table) == count
    np.testing.assert_array_equal(table[:, 0], bars.open_time[cut] // 1_000_000)
    for column, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        np.testing.assert_array_equal(table[:, column], getattr(bars, name)[cut])
    np.testing.assert_array_equal(table[:, 6], table[:, 0] + HOUR - 1)


def test_archive_and_rest_hold_the_same_rows(quarter: Any, venue_kit: ModuleType) -> None:
    lines = unzipped(quarter, venue_kit, "daily/klines/BTCUSDT/4h/BTCUSDT-4h-2024-02-03.zip")[1:]
    query = f"symbol=BTCUSDT&interval=4h&startTime={lines[0][0]}&limit=6"
    assert [[str(cell) for cell in row] for row in venue_kit.rows(quarter, f"/fapi/v1/klines?{query}")] == lines


def test_the_checksum_is_that_of_the_file(quarter: Any, venue_kit: ModuleType) -> None:
    path = "/data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-03.zip"
    body, line = (venue_kit.get(quarter, path + end)[2] for end in ("", ".CHECKSUM"))
    assert line.decode() == f"{hashlib.sha256(body).hexdigest()}  BTCUSDT-1h-2024-02-03.zip\n"


def test_funding_comes_by_the_month_and_statistics_by_the_day(quarter: Any, venue_kit: ModuleType) -> None:
    header, *lines = unzipped(quarter, venue_kit, "monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip")
    assert header == ["calc_time", "funding_interval_hours", "last_funding_rate"]
    known = quarter.market.funding.between(None, np.datetime64("2024-02-01", "ns").view("i8"))
    assert [int(line[0]) for line in lines] == (known.time // 1_000_000).tolist()
    assert [float(line[2]) for line in lines] == known.value.tolist()
    assert {line[1] for line in lines} == {"8"}
    header, *lines = unzipped(quarter, venue_kit, "daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-05.zip")
    assert header[:3] == ["create_time", "symbol", "sum_open_interest"]
    assert [line[0] for line in lines][:2] == ["2024-01-05 00:00:00", "2024-01-05 00:05:00"]
    assert len(lines) == 288
    hourly = quarter.market.stamps["open_interest"].between(None, np.datetime64("2024-01-06", "ns").view("i8")).value
    assert [float(line[2]) for line in lines[::12]] == hourly[-24:].tolist()
    assert (
        venue_kit.get(quarter, "/data/futures/um/daily/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01-05.zip")[0]
        == 404
    )


def test_trades_of_a_day_add_up_to_its_volume(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bars=2880), pace=15_000)
    venue.clock.advance(ms=DAY)
    header, *lines = unzipped(venue, venue_kit, "daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01-01.zip")
    assert header[0] == "agg_trade_id"
    assert sum(float(line[2]) for line in lines) == pytest.approx(venue.market.bars.volume[:1440].sum())
    assert {line[6] for line in lines} == {"true", "false"}


def test_a_day_appears_the_next_morning_and_a_month_on_the_first_monday(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(venue_kit.market(bar="1h", bars=24 * 40), at=24 * 5)
    day = "/data/futures/um/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01-05.zip"
    month = "/data/futures/um/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"

    def status(path: str, until: str) -> int:
        venue.clock.advance_to(int(np.datetime64(until, "ms").view("i8")))
        found: int = venue_kit.get(venue, path)[0]
        return found

    assert status(day, "2024-01-06T08:39") == 404
    assert status(day, "2024-01-06T08:41") == 200
    assert status(month, "2024-02-05T08:39") == 404  # a Monday
    assert status(month, "2024-02-05T08:41") == 200


def test_old_files_have_no_header(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bar="1d", bars=60, start="2022-04-01"))
    old = unzipped(venue, venue_kit, "monthly/klines/BTCUSDT/1d/BTCUSDT-1d-2022-04.zip")
    new = unzipped(venue, venue_kit, "daily/klines/BTCUSDT/1d/BTCUSDT-1d-2022-05-02.zip")
    assert (len(old), old[0][0].isdigit()) == (30, True)
    assert (len(new), new[0][0]) == (2, "open_time")


def test_files_may_be_written_in_microseconds_be_edited_or_come_late(quarter: Any, venue_kit: ModuleType) -> None:
    path = "daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-03.zip"
    plain = unzipped(quarter, venue_kit, path)
    quarter.archive_files.change(in_microseconds=lambda file: file.symbol == "BTCUSDT")
    fine = unzipped(quarter, venue_kit, path)
    assert [int(line[0]) for line in fine[1:]] == [1000 * int(line[0]) for line in plain[1:]]
    assert [int(line[6]) for line in fine[1:]] == [1000 * int(line[6]) + 999 for line in plain[1:]]
    quarter.archive_files.change(edit=lambda file, lines: lines[:5])
    assert unzipped(quarter, venue_kit, path) == plain[:5]
    quarter.archive_files.change(missing=lambda file: file.day.isoformat() == "2024-02-03")
    assert venue_kit.get(quarter, f"/data/futures/um/{path}")[0] == 404
    quarter.archive_files.change()
    assert unzipped(quarter, venue_kit, path) == plain


def test_a_listing_shows_folders_then_files_and_goes_on_after_a_marker(quarter: Any, venue_kit: ModuleType) -> None:
    root = "data/futures/um/"
    assert listed(quarter, venue_kit, root) == ([], [f"{root}daily/", f"{root}monthly/"], False)
    keys, folders, _ = listed(quarter, venue_kit, f"{root}monthly/klines/BTCUSDT/")
    assert keys == []
    assert f"{root}monthly/klines/BTCUSDT/1h/" in folders
    assert f"{root}monthly/klines/BTCUSDT/1m/" not in folders
    prefix = f"{root}monthly/klines/BTCUSDT/1h/"
    keys, _, more = listed(quarter, venue_kit, prefix)
    names = [f"{prefix}BTCUSDT-1h-2024-0{month}.zip" for month in (1, 2)]  # March is listed on the first of April
    assert keys == [name + end for name in names for end in ("", ".CHECKSUM")]
    assert not more
    assert listed(quarter, venue_kit, prefix, marker=keys[1])[0] == keys[2:]


def test_a_long_listing_is_cut_at_a_thousand_keys(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bar="1d", bars=600, start="2022-06-01"))
    prefix = "data/futures/um/daily/klines/BTCUSDT/1d/"
    first, _, more = listed(venue, venue_kit, prefix)
    assert (len(first), more) == (1000, True)
    rest, _, more = listed(venue, venue_kit, prefix, marker=first[-1])
    assert not more
    assert len(first + rest) == len(set(first + rest)) == 2 * 599  # the last day is not there yet


@pytest.mark.parametrize(
    "path",
    [
        "daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-02-03.zip",  # finer than the market
        "daily/klines/NOPEUSDT/1h/NOPEUSDT-1h-2024-02-03.zip",
        "daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-02-30.zip",
        "daily/klines/BTCUSDT/1h/ETHUSDT-1h-2024-02-03.zip",
        "daily/klines/BTCUSDT/1h/BTCUSDT-1h-2023-12-31.zip",
        "daily/nonsense/BTCUSDT/BTCUSDT-nonsense-2024-02-03.zip",
        "daily/klines/BTCUSDT/1h/../../../secrets.zip",
    ],
)
def test_what_is_not_there_is_404_as_the_storage_says_it(quarter: Any, venue_kit: ModuleType, path: str) -> None:
    status, _, body = venue_kit.get(quarter, f"/data/futures/um/{path}")
    assert status == 404
    assert b"NoSuchKey" in body
