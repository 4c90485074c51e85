"""The practice exchange answers, and tells over its streams what its history later shows."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest


def get(venue: Any, path: str) -> Any:
    with urllib.request.urlopen(venue.rest + path) as answer:
        return json.load(answer)


def test_its_clock_stands_still_until_it_is_moved(make_venue: Callable[..., Any]) -> None:
    venue = make_venue(at=100)
    assert get(venue, "/fapi/v1/time") == {"serverTime": venue.clock.now}
    before = venue.clock.now
    venue.clock.advance(ms=60_000)
    assert get(venue, "/fapi/v1/time") == {"serverTime": before + 60_000}


@pytest.mark.parametrize("interval", ["1m", "5m", "1h"])
def test_the_last_row_is_the_forming_candle_and_the_others_are_the_market(
    make_venue: Callable[..., Any], interval: str
) -> None:
    venue = make_venue(at=120)
    rows = get(venue, f"/fapi/v1/klines?symbol=BTCUSDT&interval={interval}&limit=3")
    bars = venue.market.at(interval)
    closed = {int(time) // 1_000_000: k for k, time in enumerate(bars.open_time)}
    assert rows[-1][0] <= venue.clock.now < rows[-1][6]
    for row in rows[:-1]:
        k = closed[row[0]]
        assert [float(cell) for cell in row[1:6]] == [
            bars.open[k], bars.high[k], bars.low[k], bars.close[k], pytest.approx(bars.volume[k]),
        ]  # fmt: skip
