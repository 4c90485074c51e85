"""What streams ask over REST: the bars they missed, rows published now and then, the state of a contract, a book."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw.domain.time import MILLISECOND
from fw_binance.streams import frames
from fw_binance.streams.frames import Kline, MalformedFrame, Quote, Trade

if TYPE_CHECKING:
    from fw_binance.client import Client

VOLUMES = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")
DEPTH_WEIGHT = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
"""Levels that may be asked for, and what they weigh."""
TRADES_WEIGHT = 20
STATISTICS_STEP = 5 * 60 * 1000
STATISTICS_SPAN = 500 * STATISTICS_STEP
"""One page, ms."""
COLUMNS = {
    "open_interest": {"open_interest": "value"},
    "taker_ratio": {"taker_ratio": "value"},
    "long_short": {"accounts": "accounts", "top_accounts": "top_accounts", "top_positions": "top_positions"},
}
"""By kind of stamps: the client's columns, and what they are called in `fw.Stamps`."""

TROUBLE = (fw.BrokerError, fw.DataError, MalformedFrame, KeyError, TypeError, ValueError)
"""What a question may raise: the exchange does not answer, or not what was asked."""

Levels = Sequence[tuple[float, float]]


@attrs.frozen
class Contract:
    """What the exchange says of a symbol that matters to its streams."""

    symbol: str
    status: str
    onboard: int
    """First trading, ms."""

    @property
    def trades(self) -> bool:
        """Whether it is neither in settlement nor delisted."""
        return self.status == "TRADING"


@attrs.frozen
class Asking:
    """Questions to one exchange; times in ms. They raise what TROUBLE lists."""

    client: Client

    async def now(self) -> int:
        """The exchange's clock."""
        return await self.client.now() // MILLISECOND

    async def contracts(self) -> dict[str, Contract]:
        """Every contract by symbol."""
        found = (await self.client.exchange_info())["symbols"]
        return {s["symbol"]: Contract(s["symbol"], s["status"], int(s.get("onboardDate", 0))) for s in found}

    async def klines(self, kind: str, symbol: str, bar: fw.BarSize, start: int, until: int) -> list[Kline]:
        """A page of the bars that open in [start, until), the forming one included; volumes are NaN but for `bars`."""
        step = bar.ns
        of = "klines" if kind == "bars" else kind
        columns = await self.client.candles(of, symbol, str(bar), start * MILLISECOND, until * MILLISECOND, step)
        times = (columns["open_time"] // MILLISECOND).tolist()
        missing = [float("nan")] * len(times)
        names = ("open", "high", "low", "close", *VOLUMES)
        numbers = (columns[name].tolist() if name in columns else missing for name in names)
        return [Kline(*row) for row in zip(times, *numbers, strict=True)]

    async def stamps(self, kind: str, symbol: str, start: int, until: int) -> list[tuple[int, dict[str, float]]]:
        """Rows of funding, open interest or ratios of [start, until), each with its time, in order."""
        if kind == "funding":
            settled: list[tuple[int, dict[str, float]]] = []
            async for page in self.client.funding(symbol, start * MILLISECOND, until * MILLISECOND):
                parts = (page["time"] // MILLISECOND, page["funding_rate"], page["mark_price"])
                for time, rate, price in zip(*(column.tolist() for column in parts), strict=True):
                    known = {} if price != price else {"mark": price}
                    settled.append((time, {"value": rate, **known}))
            return settled
        end = min(until, start + STATISTICS_SPAN)
        spans = start * MILLISECOND, end * MILLISECOND, STATISTICS_STEP * MILLISECOND
        columns = await self.client.statistics(symbol, *spans)
        chosen = {ours: columns[theirs].tolist() for theirs, ours in COLUMNS[kind].items()}
        rows = []
        for place, time in enumerate((columns["time"] // MILLISECOND).tolist()):
            values = {name: column[place] for name, column in chosen.items()}
            if all(value == value for value in values.values()):  # NaN: not all endpoints have that row yet
                rows.append((time, values))
        return rows

    async def quote(self, symbol: str) -> Quote:
        """Best prices now; the number of their update is not told."""
        row = await self._get("fapiPublicGetTickerBookTicker", {"symbol": symbol}, weight=2)
        sides = [float(row[name]) for name in ("bidPrice", "bidQty", "askPrice", "askQty")]
        return Quote(0, int(row["time"]), *sides)

    async def depth(self, symbol: str, limit: int = 1000) -> tuple[int, Levels, Levels]:
        """A snapshot of the book: number of its last update, bids, asks."""
        params = {"symbol": symbol, "limit": limit}
        book = await self._get("fapiPublicGetDepth", params, weight=DEPTH_WEIGHT[limit])
        return int(book["lastUpdateId"]), frames.levels(book["bids"]), frames.levels(book["asks"])

    async def trades(self, symbol: str, *, first: int | None = None, limit: int = 1000) -> list[Trade]:
        """Aggregate trades from number `first` on, or the newest."""
        params: dict[str, Any] = {"symbol": symbol, "limit": limit}
        if first is not None:
            params["fromId"] = first
        rows = await self._get("fapiPublicGetAggTrades", params, weight=TRADES_WEIGHT)
        return [frames.trade(row) for row in rows]

    async def _get(self, endpoint: str, params: dict[str, Any], *, weight: float) -> Any:
        return await self.client.get(endpoint, params, weight=weight)


def unknown(symbol: str, contracts: dict[str, Contract]) -> fw.DataError:
    """That the exchange does not have a symbol, with those that read like it."""
    near = get_close_matches(symbol.upper(), contracts, n=3, cutoff=0.5)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return fw.DataError(f"the exchange has no contract {symbol!r}{meant}")
