"""What is downloaded is what the exchange traded, fetched once, from wherever it costs least."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw
from fw.domain.time import MINUTE, parse_time

MS = 1_000_000


@pytest.fixture
def days(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    """Three days of minutes that have just ended: the archive has files of two of them."""
    return make_venue(venue_kit.market(bars=3 * 1440, start="2024-01-01"))


@pytest.fixture
def weeks(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    """Seven weeks of hours of two contracts: the archive has the month in their middle."""
    return make_venue(venue_kit.market(("BTCUSDT", "ETHUSDT"), 24 * 49, bar="1h", start="2023-12-25"))


def asked_of(venue: Any, what: str) -> list[str]:
    return [request for request in venue.faults.requests if what in request]


def test_candles_of_archive_and_rest_are_those_that_were_traded(days: Any, fetch: Any) -> None:
    outcome = fetch(days)
    bars = days.market.bars
    rows = fetch.store(days).read("klines", "BTCUSDT", "1m")
    for name in ("open_time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(rows[name], getattr(bars, name), name)
    (filled,) = outcome.filled
    assert (filled.new, filled.files, filled.requests) == (3 * 1440, 2, 3)  # a day is three pages of 499
    assert outcome.notes == []


def test_every_kind_of_candle_comes_for_every_bar_size_and_contract(weeks: Any, fetch: Any) -> None:
    fetch(weeks, "BTCUSDT", "ETHUSDT", kinds="klines mark index premium", bars="1h 4h 1d")
    store = fetch.store(weeks)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        market = weeks.market.of(symbol)
        np.testing.assert_array_equal(store.read("mark", symbol, "1h")["close"], market.mark.close)
        np.testing.assert_array_equal(store.read("index", symbol, "1h")["close"], market.stamps["index"]["close"])
        np.testing.assert_allclose(
            store.read("premium", symbol, "1h")["close"], market.stamps["premium"]["close"], atol=1e-8
        )  # the exchange states eight decimals
        for bar in ("4h", "1d"):
            larger = market.at(bar)
            rows = store.read("klines", symbol, bar)
            np.testing.assert_array_equal(rows["open_time"], larger.open_time)
            np.testing.assert_array_equal(rows["high"], larger.high)


def test_funding_of_past_months_and_of_this_one_is_complete(weeks: Any, fetch: Any) -> None:
    (filled,) = fetch(weeks, kinds="funding", bars="").filled
    funding = weeks.market.funding
    rows = fetch.store(weeks).read("funding", "BTCUSDT")
    settled = funding.time < filled.end
    np.testing.assert_array_equal(rows["time"] // MINUTE, funding.time[settled] // MINUTE)
    np.testing.assert_array_equal(rows["funding_rate"], funding.value[settled])
    assert filled.files == 2
    assert filled.requests == 1


def test_open_interest_and_ratios_come_from_files_and_for_the_last_days_from_rest(weeks: Any, fetch: Any) -> None:
    (filled,) = fetch(weeks, kinds="metrics", bars="", start="2024-02-01").filled
    rows = fetch.store(weeks).read("metrics", "BTCUSDT", "5m")
    assert (np.diff(rows["time"]) == 5 * MINUTE).all()
    assert rows["time"][0] == parse_time("2024-02-01")
    known, ratios = (weeks.market.stamps[kind] for kind in ("open_interest", "long_short"))
    hours = (known.time >= rows["time"][0]) & (known.time < filled.end)
    at = np.searchsorted(rows["time"], known.time[hours])
    np.testing.assert_allclose(rows["open_interest"][at], known.value[hours], rtol=1e-9)
    np.testing.assert_allclose(rows["top_accounts"][at], ratios["top_accounts"][hours], atol=1e-4)
    assert filled.files == 10
    assert filled.requests >= 1


def test_single_trades_come_by_day_and_page(make_venue: Callable[..., Any], venue_kit: ModuleType, fetch: Any) -> None:
    venue = make_venue(venue_kit.market(bars=2 * 1440 + 600, start="2024-01-01"), pace=15_000)
    start, end = "2024-01-01T22:00Z", "2024-01-02T01:00Z"
    fetch(venue, kinds="agg_trades", bars="", start=start, end=end)
    rows = fetch.store(venue).read("agg_trades", "BTCUSDT")
    assert (np.diff(rows["agg_trade_id"]) == 1).all(), "none is missing, none is there twice"
    assert parse_time(start) <= rows["time"][0] < rows["time"][-1] < parse_time(end)
    bars = venue.market.bars.between(parse_time(start), parse_time(end))
    minutes = np.flatnonzero(np.diff(rows["time"] // MINUTE, prepend=0))
    np.testing.assert_allclose(np.add.reduceat(rows["quantity"], minutes), bars.volume, rtol=1e-9)


def test_what_is_there_is_not_asked_for_again(weeks: Any, fetch: Any) -> None:
    wanted = {"kinds": "klines mark funding", "bars": "1h 4h"}
    fetch(weeks, **wanted)
    before = fetch.files(weeks)
    weeks.faults.requests.clear()
    outcome = fetch(weeks, **wanted)
    assert sum(filled.new + filled.changed for filled in outcome.filled) == 0
    assert not asked_of(weeks, "lines")
    assert not asked_of(weeks, "funding")
    assert not asked_of(weeks, "/data/futures")
    assert fetch.files(weeks) == before


def test_only_what_is_missing_is_fetched(days: Any, fetch: Any) -> None:
    fetch(days, start="2024-01-01T12:00Z", end="2024-01-01T18:00Z")
    days.faults.requests.clear()
    (filled,) = fetch(days, start="2024-01-01T11:00Z", end="2024-01-01T19:00Z").filled
    assert filled.new == 120
    pages = [request for request in asked_of(days, "/fapi/v1/klines") if "limit=1&" not in f"{request}&"]
    assert len(pages) == 1, "both holes are on one page"


def test_the_same_data_in_pieces_and_in_another_order_is_the_same_bytes(weeks: Any, make_fetcher: Any) -> None:
    at_once, in_pieces = make_fetcher(), make_fetcher()
    at_once(weeks, kinds="klines funding", bars="1h")
    for start, end in (("2024-01-20", "2024-02-09"), ("2023-12-25", "2024-01-03"), ("2024-01-01", "2024-01-25")):
        in_pieces(weeks, kinds="funding klines", bars="1h", start=start, end=end)
    in_pieces(weeks, kinds="klines funding", bars="1h")
    assert in_pieces.files(weeks) == at_once.files(weeks)


def test_dates_before_listing_are_clipped_and_said(days: Any, fetch: Any) -> None:
    outcome = fetch(days, start="2020-01-01")
    assert outcome.notes == ["BTCUSDT begins at 2024-01-01 00:00: earlier there is nothing to take"]
    assert outcome.filled[0].new == 3 * 1440
    days.faults.requests.clear()
    again = fetch(days, start="2020-01-01")
    assert (again.filled[0].new, again.notes) == (0, outcome.notes)
    assert not asked_of(days, "klines"), "what lies before is known not to exist"


def test_an_end_in_the_future_is_clipped_and_said(days: Any, fetch: Any) -> None:
    outcome = fetch(days, end="2030-01-01")
    assert outcome.notes == [
        "the end 2030-01-01 00:00 is in the future: everything until 2024-01-04 00:00 UTC is taken"
    ]
    assert outcome.filled[0].new == 3 * 1440


def test_the_forming_candle_is_not_taken(make_venue: Callable[..., Any], venue_kit: ModuleType, fetch: Any) -> None:
    venue = make_venue(venue_kit.market(bars=100, start="2024-01-01"), at=50)
    venue.clock.advance(ms=30_000)
    fetch(venue)
    rows = fetch.store(venue).read("klines", "BTCUSDT", "1m")
    np.testing.assert_array_equal(rows["close"], venue.market.bars.close[:50])
    venue.clock.advance(ms=60_000)
    assert fetch(venue).filled[0].new == 1


def test_a_bar_that_comes_late_is_asked_for_again(days: Any, fetch: Any) -> None:
    last = int(days.market.bars.open_time[-1])
    days.faults.without_row("/fapi/v1/klines", last // MS)
    fetch(days)
    days.faults.calm()
    assert fetch(days).filled[0].new == 1


def test_a_bar_that_the_exchange_never_had_is_told_and_not_asked_for_again(days: Any, fetch: Any) -> None:
    hole = int(days.market.bars.open_time[2 * 1440 + 700])
    days.faults.without_row("/fapi/v1/klines", hole // MS)
    notes = fetch(days).notes
    assert [note for note in notes if "the exchange itself has no 1 of its bars, the first of 2024-01-03 11:40" in note]
    days.faults.requests.clear()
    fetch(days)
    assert not asked_of(days, "klines")


def test_progress_is_told_in_rows(days: Any, fetch: Any) -> None:
    fetch(days)
    assert fetch.shown[-1] == ("klines BTCUSDT 1m", 3 * 1440, 3 * 1440)
    assert [done for _, done, _ in fetch.shown] == sorted(done for _, done, _ in fetch.shown)


def test_a_contract_that_is_traded_no_more_comes_from_the_archive(weeks: Any, fetch: Any) -> None:
    import json

    def without(body: bytes) -> bytes:
        info = json.loads(body)
        info["symbols"] = [contract for contract in info["symbols"] if contract["symbol"] != "ETHUSDT"]
        return json.dumps(info).encode()

    weeks.faults.change("/fapi/v1/exchangeInfo", without, times=None)
    outcome = fetch(weeks, "ETHUSDT", bars="1h", start="2023-12-25", end="2024-02-10")
    rows = fetch.store(weeks).read("klines", "ETHUSDT", "1h")
    np.testing.assert_array_equal(
        rows["close"], weeks.market.of("ETHUSDT").bars.between(None, parse_time("2024-02-10")).close
    )
    assert outcome.filled[0].requests == 0


@pytest.mark.parametrize(
    ("symbol", "meant"),
    [("BTCUSD", "BTCUSDT"), ("btcusdt", "Did you mean BTCUSDT"), ("BTC/USDT:USDT", "Did you mean BTCUSDT")],
)
def test_an_unknown_symbol_is_told_with_those_that_are_near(weeks: Any, fetch: Any, symbol: str, meant: str) -> None:
    with pytest.raises(fw.DataError, match=meant) as caught:
        fetch(weeks, symbol, bars="1h", start="2024-01-01")
    assert f"no perpetual {symbol!r}" in str(caught.value)


def test_a_start_in_the_future_is_refused(days: Any, fetch: Any) -> None:
    with pytest.raises(fw.SettingsError, match=r"2030-01-01 00:00 is in the future.*it is 2024-01-04 00:00"):
        fetch(days, start="2030-01-01")


def test_reversed_dates_are_refused_before_anything_is_asked(days: Any, fetch: Any) -> None:
    with pytest.raises(fw.SettingsError, match="not after the start"):
        fetch(days, start="2024-01-02", end="2024-01-01")
    assert not days.faults.requests


def test_a_store_that_cannot_be_written_is_named(days: Any, fetch: Any) -> None:
    fetch.root.parent.mkdir(exist_ok=True)
    fetch.root.write_text("a file")
    with pytest.raises(fw.SettingsError, match=r"the store cannot be written: .*data-0.*set FW_HOME"):
        fetch(days)


def test_two_downloads_of_one_contract_at_once_leave_the_bytes_of_one(days: Any, make_fetcher: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    alone, shared = make_fetcher(), make_fetcher()
    alone(days)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: shared(days), range(2)))
    assert sum(outcome.filled[0].new for outcome in outcomes) == 3 * 1440
    assert shared.files(days) == alone.files(days)


def test_the_weight_stays_below_its_share_of_the_limit(days: Any, fetch: Any) -> None:
    days.limits.weight = 40
    days.limits._now = fetch.minutes.now  # so that both count in the same minutes
    used: list[int] = []
    spend = days.limits.spend
    days.limits.spend = lambda asked, route: (spend(asked, route), used.append(days.limits.used()))
    fetch(days, kinds="klines mark index premium", start="2024-01-03")
    day = (parse_time("2024-01-03"), parse_time("2024-01-04"))
    assert fetch.store(days).missing("premium", "BTCUSDT", "1m", *day) == []
    assert max(used) <= 0.7 * 40
    assert any(pause > 1.0 for pause in fetch.minutes.slept), "it waited for the minute's end"


def test_it_works_where_a_loop_runs_already_as_in_a_notebook(days: Any, fetch: Any) -> None:
    async def cell() -> int:
        return int(fetch(days).filled[0].new)

    assert asyncio.run(cell()) == 3 * 1440

    async def another_cell() -> None:
        fetch(days, "NOBODYUSDT", start="2024-01-01")

    with pytest.raises(fw.DataError, match="no perpetual 'NOBODYUSDT'"):
        asyncio.run(another_cell())
