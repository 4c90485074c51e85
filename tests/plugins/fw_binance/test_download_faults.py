"""Whatever goes wrong, the store ends with the bytes of an undisturbed download, or one sentence says why not.

Each test is a row of the table in docs/explanation/data.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import socket
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import fw

KLINES, ZIP, CHECKSUM = "/fapi/v1/klines", r".*\.zip", r".*\.CHECKSUM"


@pytest.fixture(scope="module")
def two_days(venue_kit: ModuleType) -> fw.Market:
    """Of minutes: of the first day the archive has a file, the second comes by REST."""
    market: fw.Market = venue_kit.market(bars=2 * 1440, start="2024-01-01")
    return market


@pytest.fixture
def days(make_venue: Callable[..., Any], two_days: fw.Market) -> Any:
    """An exchange of its own for each test."""
    return make_venue(two_days)


@pytest.fixture(scope="module")
def undisturbed(two_days: fw.Market, fetch_once: Any) -> dict[str, str]:
    """The files as they should be."""
    from fw_venue.server import Venue

    with Venue(two_days) as venue:
        fetch_once(venue)
        found: dict[str, str] = fetch_once.files(venue)
    return found


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda faults: faults.page(ZIP), id="a web page in place of a zip"),
        pytest.param(lambda faults: faults.page(ZIP, times=None), id="a web page in place of every zip"),
        pytest.param(lambda faults: faults.corrupt(ZIP), id="a wrong checksum"),
        pytest.param(lambda faults: faults.corrupt(ZIP, times=None), id="a wrong checksum, always"),
        pytest.param(lambda faults: faults.page(CHECKSUM, times=None), id="a web page in place of the checksum"),
        pytest.param(lambda faults: faults.truncate(ZIP), id="half of a zip"),
        pytest.param(lambda faults: faults.answer(CHECKSUM, status=404, times=None), id="no checksum"),
        pytest.param(lambda faults: faults.answer(ZIP, status=404, times=None), id="a checksum without its file"),
        pytest.param(lambda faults: faults.unavailable(ZIP, times=2), id="the archive out of order twice"),
        pytest.param(lambda faults: faults.unavailable(ZIP, times=None), id="the archive out of order"),
        pytest.param(lambda faults: faults.forbidden(r"/data/.*", times=None), id="the archive forbidden"),
        pytest.param(lambda faults: faults.too_many(ZIP), id="the archive asks for fewer requests"),
        pytest.param(lambda faults: faults.truncate(KLINES), id="half of a body"),
        pytest.param(lambda faults: faults.broken_json(KLINES), id="half of the JSON"),
        pytest.param(lambda faults: faults.page(KLINES), id="a web page in place of JSON"),
        pytest.param(lambda faults: faults.cut(KLINES, times=2), id="connections that break"),
        pytest.param(lambda faults: faults.unavailable(KLINES, times=3), id="503 three times"),
        pytest.param(lambda faults: faults.unavailable(KLINES, status=502), id="502"),
        pytest.param(lambda faults: faults.refuse(-1001, "Internal error.", KLINES), id="an internal error"),
        pytest.param(lambda faults: faults.refuse(-1007, "Timeout.", KLINES, status=408), id="its own time-out"),
        pytest.param(lambda faults: faults.too_many(KLINES), id="429 without Retry-After"),
        pytest.param(lambda faults: faults.too_many(KLINES, retry_after=7), id="429 with Retry-After"),
        pytest.param(lambda faults: faults.answer("/fapi/v1/time", status=200, body=""), id="nothing in the answer"),
    ],
)
def test_it_ends_with_the_same_bytes_after(
    trouble: Callable[[Any], None], days: Any, fetch: Any, undisturbed: dict[str, str]
) -> None:
    trouble(days.faults)
    fetch(days)
    assert fetch.files(days) == undisturbed


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda faults: faults.page(ZIP, times=None), "it is a web page"),
        (lambda faults: faults.corrupt(ZIP, times=None), "its checksum is wrong"),
        (lambda faults: faults.page(CHECKSUM, times=None), "its checksum file has no checksum"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(trouble: Any, said: str, days: Any, fetch: Any) -> None:
    trouble(days.faults)
    notes = fetch(days).notes
    assert f"klines BTCUSDT 1m: the archive's BTCUSDT-1m-2024-01-01.zip: {said}" in notes


def test_a_broken_zip_of_the_right_checksum_is_named(days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    """Even what the archive itself vouches for is looked into."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", "1\n")
        archive.writestr("b.csv", "2\n")
    checksum = f"{hashlib.sha256(packed.getvalue()).hexdigest()}  BTCUSDT-1m-2024-01-01.zip\n"
    days.faults.answer(CHECKSUM, status=200, body=checksum, times=None)
    days.faults.change(ZIP, lambda body: packed.getvalue(), times=None)
    notes = fetch(days).notes
    assert any("it holds 2 files where one is usual" in note for note in notes)
    assert fetch.files(days) == undisturbed


@pytest.mark.parametrize(
    "text",
    [
        "1704067200000,1,2,3\n",
        "something,else\n1,2\n",
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume\n",
        "1704067230000,1,1,1,1,1,1704067259999,1,1,1,1,0\n",
        "1704067200000,1,1,,1,1,1704067259999,1,1,1,1,0\n",
        "1704067200000,1,x,1,1,1,1704067259999,1,1,1,1,0\n",
        "",
    ],
    ids=["too few columns", "other columns", "no rows", "off the grid", "no price", "no number", "empty"],
)
def test_a_file_of_nonsense_is_left_to_rest(text: str, days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    days.archive_files.change(edit=lambda file, lines: text.splitlines())
    notes = fetch(days).notes
    assert any("the archive's BTCUSDT-1m-2024-01-01.zip: it" in note for note in notes)
    assert fetch.files(days) == undisturbed


def test_files_without_a_header_line_and_in_microseconds_are_the_same_bars(
    days: Any, fetch: Any, undisturbed: dict[str, str]
) -> None:
    days.archive_files.change(has_header=lambda file: False, in_microseconds=lambda file: True)
    assert fetch(days).filled[0].files == 1
    assert fetch.files(days) == undisturbed


def test_a_day_that_the_archive_has_not_yet_comes_by_rest(days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    days.archive_files.change(missing=lambda file: True)
    (filled,) = fetch(days).filled
    assert (filled.files, filled.requests) == (0, 6)
    assert fetch.files(days) == undisturbed


def test_a_month_that_lacks_days_is_filled_from_days_and_rest(
    make_venue: Callable[..., Any], venue_kit: ModuleType, make_fetcher: Any
) -> None:
    """As the minutes of May 2022 lack four days in the monthly file."""
    venue = make_venue(venue_kit.market(bars=24 * 75, bar="1h", start="2023-12-01"))
    calm, fetch = make_fetcher(), make_fetcher()
    calm(venue, bars="1h")
    venue.archive_files.change(edit=lambda file, lines: lines if file.daily else lines[:100] + lines[200:])
    (filled,) = fetch(venue, bars="1h").filled
    assert filled.files == 2
    assert fetch.files(venue) == calm.files(venue)


def test_a_late_file_of_statistics_is_taken_when_it_comes(
    make_venue: Callable[..., Any], venue_kit: ModuleType, fetch: Any
) -> None:
    venue = make_venue(venue_kit.market(bars=24 * 60, bar="1h", start="2024-01-01"))
    wanted = {"kinds": "metrics", "bars": "", "start": "2024-01-05", "end": "2024-01-08"}
    venue.archive_files.change(missing=lambda file: file.day.day == 6)
    first = fetch(venue, **wanted)
    assert (first.filled[0].new, first.filled[0].files) == (2 * 288, 2)
    assert any("are not to be had yet, the first of 2024-01-06 00:00" in note for note in first.notes)
    venue.archive_files.change()
    assert fetch(venue, **wanted).filled[0].new == 288


def test_it_is_silent_for_as_long_as_429_says(days: Any, fetch: Any) -> None:
    days.faults.too_many(KLINES, retry_after=7)
    fetch(days)
    assert max(fetch.minutes.slept) == pytest.approx(7.0, abs=1.0)


def test_429_without_a_time_is_waited_for_half_a_minute(days: Any, fetch: Any) -> None:
    days.faults.too_many(KLINES)
    fetch(days)
    assert max(fetch.minutes.slept) == pytest.approx(30.0, abs=1.0)


def test_a_short_ban_is_waited_for(days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    days.faults.banned(int(fetch.minutes.time * 1000) + 200_000, KLINES)
    fetch(days)
    assert max(fetch.minutes.slept) == pytest.approx(200.0, abs=1.0)
    assert fetch.files(days) == undisturbed


def test_a_long_ban_ends_the_download_and_says_until_when(days: Any, fetch: Any) -> None:
    days.faults.banned(int(fetch.minutes.time * 1000) + 7_200_000, KLINES, retry_after=7_200)
    with pytest.raises(fw.RateLimited, match=r"has banned this address \(418\).*until 2023-11-15 00:13:20 UTC"):
        fetch(days)
    days.faults.requests.clear()


def test_nobody_in_the_process_asks_while_the_exchange_wants_silence(days: Any, fetch: Any) -> None:
    days.faults.too_many("/fapi/v1/markPriceKlines", retry_after=50)
    fetch(days, kinds="klines mark index")
    assert len([pause for pause in fetch.minutes.slept if pause > 1.0]) <= 4, "all wait for the same end"


def test_a_firewall_that_forbids_is_told_at_once(days: Any, fetch: Any) -> None:
    days.faults.forbidden(KLINES, times=None)
    with pytest.raises(fw.BrokerError, match=r"forbids Klines of BTCUSDT \(403\).*wait some minutes"):
        fetch(days)
    assert fetch.minutes.slept == []


def test_an_exchange_that_stays_out_of_order_is_told(days: Any, fetch: Any) -> None:
    days.faults.unavailable(KLINES, times=None, msg="System is under maintenance.")
    with pytest.raises(fw.Disconnected, match=r"Klines of BTCUSDT in 6 tries: 503 .*what was fetched is kept"):
        fetch(days)


def test_what_was_fetched_before_an_error_is_kept(days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    days.faults.unavailable(KLINES + "$", times=None)
    with pytest.raises(fw.Disconnected):
        fetch(days, start="2024-01-01")
    days.faults.calm()
    assert fetch(days, start="2024-01-01").filled[0].new <= 2 * 1440
    assert fetch.files(days) == undisturbed


def test_no_answer_in_time_is_asked_again(days: Any, make_fetcher: Any, undisturbed: dict[str, str]) -> None:
    impatient = make_fetcher(timeout=0.2)
    days.faults.hang(KLINES, seconds=2.0)
    days.faults.hang(CHECKSUM, seconds=2.0)
    impatient(days)
    assert impatient.files(days) == undisturbed


def test_a_machine_without_a_network_is_told_so(days: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*asked: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    away = fetch.environment(days).__class__("away", "http://exchange.invalid", "ws://exchange.invalid", "")
    monkeypatch.setattr(fetch.__class__, "environment", lambda self, venue: away)
    with pytest.raises(fw.Disconnected, match="Time in 3 tries: its name cannot be looked up; is there a network"):
        fetch(days)


def test_an_exchange_that_is_not_there_is_told_so(days: Any, fetch: Any) -> None:
    days.stop()
    with pytest.raises(fw.Disconnected, match="nobody listens there"):
        fetch(days)


def test_a_disk_that_is_full_leaves_the_store_whole(
    days: Any, fetch: Any, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from fw_binance.store import store as stores

    write = stores.write_whole

    def full(file: Any, data: bytes) -> None:
        if file.suffix == ".parquet":
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        write(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(stores, "write_whole", full)
        with pytest.raises(OSError, match="No space left"):
            fetch(days)
    fetch(days)
    assert fetch.files(days) == undisturbed


def test_columns_that_are_new_do_not_disturb(days: Any, fetch: Any, undisturbed: dict[str, str]) -> None:
    wider = lambda body: json.dumps([[*row, "new", 1] for row in json.loads(body)]).encode()  # noqa: E731
    days.faults.change(KLINES, wider, times=None)
    fetch(days)
    assert fetch.files(days) == undisturbed


@pytest.mark.parametrize("row", [[1704153600000, "1", "2"], {"t": 1}, ["now", *"0123456789"], None])
def test_rows_of_a_form_that_is_not_known_are_told_and_not_kept(row: Any, days: Any, fetch: Any) -> None:
    days.faults.change(KLINES, lambda body: json.dumps([row, row]).encode(), times=None)
    with pytest.raises(fw.BrokerError, match="klines of BTCUSDT in a form that is not known"):
        fetch(days)
    assert len(fetch.store(days).read("klines", "BTCUSDT", "1m")["open_time"]) in (0, 1440)


@pytest.mark.parametrize("delisted", [False, True])
def test_a_contract_that_has_been_settled_keeps_its_past(
    make_venue: Callable[..., Any], venue_kit: ModuleType, fetch: Any, delisted: bool
) -> None:
    venue = make_venue(venue_kit.market(("BTCUSDT", "ETHUSDT"), 24 * 40, bar="1h"), at=24 * 36)
    venue.halt("ETHUSDT", delisted=delisted)
    venue.clock.advance(ms=3 * 86_400_000)
    fetch(venue, "ETHUSDT", bars="1h", start="2024-01-01")
    rows = fetch.store(venue).read("klines", "ETHUSDT", "1h")
    known = len(rows["close"])
    assert known >= 24 * 31
    assert rows["close"].tolist() == venue.market.of("ETHUSDT").bars.close[:known].tolist()
