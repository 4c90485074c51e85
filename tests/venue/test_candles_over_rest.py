"""Candles over REST: those of the market, the newest as it forms, cut as the exchange cuts them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

MINUTE = 60_000


@pytest.mark.parametrize("interval", ["1m", "3m", "5m", "1h"])
def test_closed_rows_are_the_bars_of_the_market_and_the_last_one_is_forming(
    make_venue: Callable[..., Any], venue_kit: ModuleType, interval: str
) -> None:
    venue = make_venue(at=125)
    venue.clock.advance(ms=30_000)
    found = venue_kit.rows(venue, f"/fapi/v1/klines?symbol=BTCUSDT&interval={interval}&limit=3")
    bars = venue.market.at(interval)
    by_open = {int(time) // 1_000_000: k for k, time in enumerate(bars.open_time)}
    assert found[-1][0] <= venue.clock.now <= found[-1][6]
    for row in found[:-1]:
        k = by_open[row[0]]
        assert [float(cell) for cell in row[1:5]] == [bars.open[k], bars.high[k], bars.low[k], bars.close[k]]
        assert float(row[5]) == pytest.approx(bars.volume[k], abs=1e-9)
        assert row[6] - row[0] == bars.size.ns // 1_000_000 - 1


def test_the_forming_candle_grows_to_the_bar_of_the_market(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(at=10, pace=5_000)
    bars, k = venue.market.bars, 10
    highs, lows, volumes = [], [], []
    for _ in range(12):
        row = venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1")[-1]
        assert float(row[1]) == bars.open[k]
        assert float(row[3]) <= float(row[4]) <= float(row[2])
        highs.append(float(row[2]))
        lows.append(float(row[3]))
        volumes.append(float(row[5]))
        venue.clock.advance(ms=5_000)
    assert highs == sorted(highs)
    assert lows == sorted(lows, reverse=True)
    assert volumes == sorted(volumes)
    assert (highs[-1], lows[-1], volumes[-1]) == (bars.high[k], bars.low[k], bars.volume[k])


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, 0, 100),  # the newest, 500 at most: all of the 101 there are
        ({"limit": 5}, 96, 100),
        ({"startTime": 20, "limit": 5}, 20, 24),
        ({"startTime": 98}, 98, 100),
        ({"endTime": 30, "limit": 5}, 26, 30),
        ({"startTime": 20, "endTime": 22}, 20, 22),
    ],
)
def test_a_page_ascends_from_its_start_or_ends_at_its_end(
    make_venue: Callable[..., Any], venue_kit: ModuleType, asked: dict[str, int], first: int, last: int
) -> None:
    venue = make_venue(at=100)
    opens = venue.market.bars.open_time // 1_000_000
    query = "".join(f"&{name}={opens[k] if name.endswith('Time') else k}" for name, k in asked.items())
    found = venue_kit.rows(venue, f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m{query}")
    assert [row[0] for row in found] == opens[first : last + 1].tolist()


def test_nothing_of_the_future_is_told(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(at=100)
    after = venue.clock.now + 1
    assert venue_kit.rows(venue, f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime={after}") == []
    assert all(row["T"] <= venue.clock.now for row in venue_kit.rows(venue, "/fapi/v1/aggTrades?symbol=BTCUSDT"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("markPriceKlines?symbol", "mark"),
        ("indexPriceKlines?pair", "index"),
        ("premiumIndexKlines?symbol", "premium"),
    ],
)
def test_mark_index_and_premium_candles_are_those_of_the_market(
    make_venue: Callable[..., Any], venue_kit: ModuleType, path: str, kind: str
) -> None:
    venue = make_venue(at=100)
    found = venue_kit.rows(venue, f"/fapi/v1/{path}=BTCUSDT&interval=1m&limit=4")[:-1]
    k = [(row[0] * 1_000_000 - int(venue.market.bars.open_time[0])) // 60_000_000_000 for row in found]
    given = venue.market.mark if kind == "mark" else venue.market.stamps[kind]
    close = given.close if kind == "mark" else given["close"]
    np.testing.assert_allclose([float(row[4]) for row in found], close[k], rtol=0, atol=1e-12)
    assert {row[5] for row in found} == {"0"}


def test_a_market_without_marks_answers_with_the_traded_price(
    make_venue: Callable[..., Any], venue_kit: ModuleType
) -> None:
    venue = make_venue(venue_kit.market(needs=("bars",)), at=100)
    traded = venue_kit.rows(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=3")
    mark = venue_kit.rows(venue, "/fapi/v1/markPriceKlines?symbol=BTCUSDT&interval=1m&limit=3")
    assert [float(row[4]) for row in mark] == [float(row[4]) for row in traded]
    premium = venue_kit.rows(venue, "/fapi/v1/premiumIndexKlines?symbol=BTCUSDT&interval=1m&limit=3")
    assert {float(row[4]) for row in premium} == {0.0}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("symbol=NOPEUSDT&interval=1m", -1121),
        ("interval=1m", -1102),
        ("symbol=BTCUSDT&interval=7m", -1120),
        ("symbol=BTCUSDT&interval=1m&limit=1501", -1130),
        ("symbol=BTCUSDT&interval=1m&limit=x", -1102),
        ("symbol=BTCUSDT&interval=1m&startTime=2&endTime=1", -1023),
    ],
)
def test_a_wrong_parameter_has_the_code_of_the_exchange(
    make_venue: Callable[..., Any], venue_kit: ModuleType, query: str, code: int
) -> None:
    status, _, body = venue_kit.get(make_venue(at=5), f"/fapi/v1/klines?{query}")
    assert (status, body["code"]) == (400, code)


def test_a_bar_size_finer_than_the_market_is_refused(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bar="1h", bars=50))
    status, _, body = venue_kit.get(venue, "/fapi/v1/klines?symbol=BTCUSDT&interval=1m")
    assert (status, body["code"]) == (400, -1120)
    assert "bars of 1h and multiples" in body["msg"]


def test_funding_that_was_settled_is_listed_in_order(make_venue: Callable[..., Any], venue_kit: ModuleType) -> None:
    venue = make_venue(venue_kit.market(bars=2000))
    funding = venue.market.funding
    found = venue_kit.rows(venue, "/fapi/v1/fundingRate?symbol=BTCUSDT")
    assert [row["fundingTime"] for row in found] == (funding.time // 1_000_000).tolist()
    assert [float(row["fundingRate"]) for row in found] == funding.value.tolist()
    first = found[1]["fundingTime"]
    assert venue_kit.rows(venue, f"/fapi/v1/fundingRate?symbol=BTCUSDT&startTime={first}&limit=1") == [found[1]]
