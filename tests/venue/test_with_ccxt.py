"""The client that trades on the real exchange works on the practice one, without knowing the difference."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

ccxt = pytest.importorskip("ccxt.pro")

BTC = "BTC/USDT:USDT"


def client_of(venue: Any) -> Any:
    """The public half of the client, pointed at a venue."""
    client = ccxt.binanceusdm({"enableRateLimit": False, "options": {"fetchCurrencies": False}})
    api = client.urls["api"]
    for name, url in api.items():
        if isinstance(url, str) and name.startswith("fapi"):
            api[name] = venue.rest + url.partition("binance.com")[2]
    api["ws"]["linear"] = venue.ws + "/ws"
    return client


@pytest.fixture
def driven(make_venue: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Does something with a client and a venue in one event loop, and gives what it gives."""

    def drive(work: Callable[[Any, Any], Awaitable[Any]], **rest: Any) -> Any:
        venue = make_venue(at=200, **rest)

        async def run() -> Any:
            client = client_of(venue)
            try:
                await client.load_markets()
                return await work(venue, client)
            finally:
                await client.close()

        return asyncio.run(run())

    return drive


async def after(venue: Any, watching: Awaitable[Any], *, ms: int = 1_000) -> Any:
    """What a watcher gives once time goes on, however late it subscribes."""
    task = asyncio.ensure_future(watching)
    while not task.done():
        await asyncio.to_thread(venue.clock.advance, ms)
        await asyncio.wait([task], timeout=0.01)
    return task.result()


def test_it_reads_the_rules_of_each_contract(driven: Callable[..., Any], venue_kit: ModuleType) -> None:
    async def work(venue: Any, client: Any) -> Any:
        market = client.market(BTC)
        its = venue.contracts["BTCUSDT"].rules
        assert market["precision"]["price"] == its.tick
        assert market["precision"]["amount"] == its.lot
        assert market["limits"]["cost"]["min"] == its.min_notional
        assert (market["active"], market["swap"], market["linear"]) == (True, True, True)
        return list(client.markets)

    given = venue_kit.market(symbols=("BTCUSDT", "ETHUSDT"))
    assert driven(work, market=given) == [BTC, "ETH/USDT:USDT"]


def test_it_pages_through_candles_and_funding(driven: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        bars = venue.market.bars
        found = await client.fetch_ohlcv(BTC, "1m", since=int(bars.open_time[0]) // 1_000_000, limit=100)
        assert [row[0] for row in found] == (bars.open_time[:100] // 1_000_000).tolist()
        assert [row[4] for row in found] == bars.close[:100].tolist()
        mark = await client.fetch_ohlcv(BTC, "1m", limit=3, params={"price": "mark"})
        assert [row[4] for row in mark[:-1]] == pytest.approx(venue.market.mark.close[198:200])
        funding = await client.fetch_funding_rate_history(BTC)
        assert [row["fundingRate"] for row in funding] == venue.market.funding.value[:1].tolist()
        assert (await client.fetch_funding_rate(BTC))["markPrice"] == pytest.approx(venue.market.mark.open[200])
        assert len(await client.fetch_trades(BTC, limit=50)) == 50
        assert (await client.fetch_order_book(BTC, 20))["bids"][0][0] < found[-1][2] * 2
        assert (await client.fetch_ticker(BTC))["last"] == venue.market.bars.open[200]
        assert await client.fetch_time() == venue.clock.now

    driven(work)


def test_it_watches_candles_trades_quotes_and_mark_prices(driven: Callable[..., Any]) -> None:
    async def work(venue: Any, client: Any) -> None:
        candle = (await after(venue, client.watch_ohlcv(BTC, "1m")))[-1]
        assert candle[0] <= venue.clock.now
        trades = await after(venue, client.watch_trades(BTC))
        assert {trade["symbol"] for trade in trades} == {BTC}
        quote = (await after(venue, client.watch_bids_asks([BTC])))[BTC]
        assert quote["bid"] < quote["ask"]
        assert (await after(venue, client.watch_mark_price(BTC)))["markPrice"] > 0
        assert (await after(venue, client.watch_ticker(BTC)))["last"] > 0

    driven(work)


def test_the_book_it_keeps_equals_a_snapshot_after_many_changes(
    driven: Callable[..., Any], venue_kit: ModuleType
) -> None:
    async def work(venue: Any, client: Any) -> None:
        for _ in range(20):
            book = await after(venue, client.watch_order_book(BTC), ms=5_000)
        wanted = venue_kit.rows(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=20")
        while book["nonce"] < wanted["lastUpdateId"]:  # the newest change is on its way
            book = await client.watch_order_book(BTC)
        for side in ("bids", "asks"):
            assert book[side][:20] == [[float(cell) for cell in level] for level in wanted[side]]

    driven(work)
