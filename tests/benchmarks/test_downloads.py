"""Speed of downloads from the practice exchange, printed: files of the archive, pages of REST.

`pytest tests/benchmarks -n0`. Nothing here judges by a clock. The exchange works in a thread of the same process; of a
page, 71 ms is what the weight of 499 candles takes at 70 % of the limit; there are twenty in the figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fw
from fw.domain.time import MINUTE, parse_time
from fw_binance.client import PAGE, Client
from fw_binance.download import Asked, Outcome, download
from fw_binance.environment import Hosts, environment_of
from fw_binance.limits import Limiter
from fw_binance.store import Store

JANUARY = parse_time("2024-01-01"), parse_time("2024-02-01")
BARS = 31 * 1440


@pytest.fixture(scope="module")
def five_weeks(venue_kit: ModuleType) -> Any:
    """An exchange whose archive has January in minutes; the file is made before anything is measured."""
    from fw_venue.server import Venue

    with Venue(venue_kit.market(bars=36 * 1440, start="2024-01-01")) as venue:
        venue_kit.get(venue, "/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip")
        yield venue


@pytest.fixture
def fetch(five_weeks: Any, tmp_path: Path) -> Callable[[], Outcome]:
    """January into a new store each time."""
    environment = environment_of(Hosts(**five_weeks.hosts))
    asked = Asked(
        symbols=("BTCUSDT",), kinds=("klines",), bars=(fw.BarSize.parse("1m"),), start=JANUARY[0], end=JANUARY[1]
    )
    stores = iter(range(1000))
    return lambda: download(environment, Store(tmp_path / str(next(stores)), environment.venue), asked)


def test_a_month_of_minutes_from_the_archive(benchmark: Any, fetch: Callable[[], Outcome]) -> None:
    outcome = benchmark.pedantic(fetch, rounds=3, iterations=1, warmup_rounds=1)
    assert [(filled.new, filled.files) for filled in outcome.filled] == [(BARS, 1)]


def test_twenty_pages_of_candles_by_rest(benchmark: Any, five_weeks: Any) -> None:
    environment = environment_of(Hosts(**five_weeks.hosts))
    five_weeks.limits.weight = 10**9

    async def pages() -> int:
        async with Client(environment, limiter=Limiter(environment.rest, limit=1e9)) as client:
            found = 0
            for page in range(20):
                start = JANUARY[0] + page * PAGE * MINUTE
                columns = await client.candles("klines", "BTCUSDT", "1m", start, start + PAGE * MINUTE, MINUTE)
                found += len(columns["open_time"])
            return found

    found = benchmark.pedantic(lambda: asyncio.run(pages()), rounds=3, iterations=1, warmup_rounds=1)
    assert found == 20 * PAGE
