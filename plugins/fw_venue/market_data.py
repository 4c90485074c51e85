"""The exchange's market data over REST: rules, candles, funding, book, trades and tickers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fw_venue.answers import Asked, Refusal, unknown_symbol
from fw_venue.book import Book
from fw_venue.clock import Clock
from fw_venue.routes import Limits, Routes
from fw_venue.tape import Tape, Trade
from fw_venue.tickers import best, day, last, premium_index

DEPTHS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
"""Rows of the book that may be asked, and what they weigh."""

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")


def kline_weight(asked: Asked) -> int:
    """It is what a page of candles weighs by its length."""
    limit = asked.number("limit", 500) or 0
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


class MarketData:
    """Handlers over the tapes of all symbols."""

    def __init__(self, tapes: Mapping[str, Tape], clock: Clock, limits: Limits) -> None:
        self._tapes, self._clock, self._limits = tapes, clock, limits
        self._books: dict[str, Book] = {}

    def add_to(self, routes: Routes) -> None:
        """Serve them."""

        def each(one: int, all_of_them: int) -> Callable[[Asked], int]:
            return lambda asked: one if asked.params.get("symbol") else all_of_them

        get: tuple[tuple[str, Callable[[Asked], Any], Any], ...] = (
            ("v1/ping", lambda _: {}, 1),
            ("v1/time", lambda _: {"serverTime": self._clock.shown}, 1),
            ("v1/exchangeInfo", self.exchange_info, 1),
            ("v1/klines", self._klines("traded", "symbol"), kline_weight),
            ("v1/continuousKlines", self._klines("traded", "pair"), kline_weight),
            ("v1/markPriceKlines", self._klines("mark", "symbol"), kline_weight),
            ("v1/indexPriceKlines", self._klines("index", "pair"), kline_weight),
            ("v1/premiumIndexKlines", self._klines("premium", "symbol"), kline_weight),
            ("v1/fundingRate", self.funding_rate, 1),
            ("v1/fundingInfo", self.funding_info, 1),
            ("v1/premiumIndex", self._each(premium_index), each(1, 10)),
            ("v1/depth", self.depth, lambda asked: DEPTHS.get(asked.number("limit", 500) or 0, 10)),
            ("v1/trades", self.trades, 5),
            ("v1/historicalTrades", self.trades, 200),
            ("v1/aggTrades", self.agg_trades, 20),
            ("v1/ticker/24hr", self._each(day), each(1, 40)),
            ("v1/ticker/price", self._each(last), each(1, 2)),
            ("v2/ticker/price", self._each(last), each(1, 2)),
            ("v1/ticker/bookTicker", self._each(best), each(2, 5)),
            ("v1/constituents", self.constituents, 2),
        )
        for path, handler, weight in get:
            routes.add("GET", f"/fapi/{path}", handler, weight=weight)

    def tape(self, asked: Asked, name: str = "symbol") -> Tape:
        """The symbol that is asked for; -1121 where there is none of that name."""
        tape = self._tapes.get(asked.text(name))
        if tape is None or tape.contract.status == "DELISTED":
            raise unknown_symbol()
        return tape

    def book(self, tape: Tape) -> Book:
        if tape.symbol not in self._books:
            self._books[tape.symbol] = Book(tape)
        return self._books[tape.symbol]

    def exchange_info(self, asked: Asked) -> dict[str, Any]:
        listed = [tape.contract for tape in self._tapes.values() if tape.contract.status != "DELISTED"]
        limits = self._limits
        return {
            "timezone": "UTC",
            "serverTime": self._clock.shown,
            "futuresType": "U_MARGINED",
            "rateLimits": [
                _limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight),
                _limit("ORDERS", "MINUTE", 1, limits.orders_minute),
                _limit("ORDERS", "SECOND", 10, limits.orders_ten_seconds),
            ],
            "exchangeFilters": [],
            "assets": [
                {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-100"}
                for asset in sorted({contract.rules.settle for contract in listed})
            ],
            "symbols": [contract.described() for contract in listed],
        }

    def _klines(self, kind: str, name: str) -> Callable[[Asked], bytes]:
        def klines(asked: Asked) -> bytes:
            tape = self.tape(asked, name)
            interval = asked.choice("interval", INTERVALS, -1120, "Invalid interval.")
            limit, (start, end) = asked.limit(500, 1500), asked.span()
            found = tape.klines(kind, interval)
            if found is None:
                msg = f"Invalid interval. It has bars of {tape.prices(kind).bar} and multiples."
                raise Refusal(-1120, msg)
            return b"[" + b",".join(found.rows(start, end, limit, self._clock.now)) + b"]"

        return klines

    def funding_rate(self, asked: Asked) -> list[dict[str, Any]]:
        limit, (start, end) = asked.limit(100, 1000), asked.span()
        tapes = [self.tape(asked)] if asked.params.get("symbol") else list(self._tapes.values())
        rows = [
            {"symbol": tape.symbol, "fundingTime": time, "fundingRate": rate, "markPrice": mark}
            for tape in tapes
            for time, rate, mark in tape.funding(start, end, limit, self._clock.now)
        ]
        rows.sort(key=lambda row: int(str(row["fundingTime"])))
        return rows[:limit] if start is not None else rows[-limit:]

    def funding_info(self, asked: Asked) -> list[dict[str, Any]]:
        return [
            {
                "symbol": tape.symbol,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": tape.funding_hours,
                "disclaimer": False,
            }
            for tape in self._tapes.values()
            if tape.funding_hours != 8
        ]

    def depth(self, asked: Asked) -> dict[str, Any]:
        tape, rows = self.tape(asked), asked.number("limit", 500)
        if rows not in DEPTHS:
            raise Refusal(-4021, f"{rows} is not valid depth limit")
        now = self._clock.now
        ordinal = tape.ordinal(now)
        bids, asks = self.book(tape).top(ordinal, rows)
        return {"lastUpdateId": Book.update(ordinal), "E": now, "T": now, "bids": bids, "asks": asks}

    def trades(self, asked: Asked) -> list[dict[str, Any]]:
        tape = self.tape(asked)
        rows = []
        for trade in self._newest(tape, asked.limit(500, 1000)):
            price, size = float(trade.price), float(trade.size)
            rows.append(
                {
                    "id": trade.id,
                    "price": trade.price,
                    "qty": trade.size,
                    "quoteQty": f"{price * size:.2f}",
                    "time": trade.time,
                    "isBuyerMaker": trade.sold,
                }
            )
        return rows

    def agg_trades(self, asked: Asked) -> list[dict[str, Any]]:
        tape, limit, (start, end) = self.tape(asked), asked.limit(500, 1000), asked.span()
        since = asked.number("fromId")
        now = self._clock.now
        newest = tape.ordinal(now)
        if since is None and start is None and end is None:
            found = self._newest(tape, limit)
        else:
            if since is not None:
                ordinal = max(0, (since - 1) // 2)
            else:
                ordinal = 0 if start is None else tape.ordinal(start)
            found = []
            while ordinal <= newest and len(found) < limit:
                for trade in tape.trades(ordinal):
                    after = trade.id >= since if since is not None else start is None or trade.time >= start
                    if after and (end is None or trade.time <= end):
                        found.append(trade)
                ordinal += 1
                if end is not None and ordinal <= newest and tape.time_of(ordinal) > end:
                    break
            found = found[:limit]
        return [
            {"a": t.id, "p": t.price, "q": t.size, "nq": t.size, "f": t.id, "l": t.id, "T": t.time, "m": t.sold}
            for t in found
        ]

    def _newest(self, tape: Tape, limit: int) -> list[Trade]:
        """The last so many trades, ascending."""
        ordinal = tape.ordinal(self._clock.now)
        found: list[Trade] = []
        while ordinal >= 0 and len(found) < limit:
            found += reversed(tape.trades(ordinal))
            ordinal -= 1
        return found[:limit][::-1]

    def _each(self, of: Callable[[Tape, int], dict[str, Any]]) -> Callable[[Asked], Any]:
        """One row for the symbol asked, or a list of all, as of now."""

        def handler(asked: Asked) -> Any:
            now = self._clock.now
            if asked.params.get("symbol"):
                return of(self.tape(asked), now)
            return [of(tape, now) for tape in self._tapes.values() if tape.contract.status != "DELISTED"]

        return handler

    def constituents(self, asked: Asked) -> dict[str, Any]:
        tape, now = self.tape(asked), self._clock.now
        only = {
            "exchange": "binance",
            "symbol": tape.symbol,
            "price": tape.index.price_text(now),
            "weight": "1.00000000",
        }
        return {"symbol": tape.symbol, "time": now, "constituents": [only]}


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
