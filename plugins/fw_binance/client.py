"""Questions to the exchange's REST half, each with what it weighs; page after page where there is more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

import fw
from fw.domain.time import MILLISECOND
from fw_binance.asking import Garbled, Status, ask
from fw_binance.environment import Environment, exchange_of
from fw_binance.limits import Limiter, limiter_of

if TYPE_CHECKING:
    from types import TracebackType

    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

PAGE, PAGE_WEIGHT = 499, 2
"""Candles a page: by weight the most for the least (1500 weigh 10)."""
FEW, FEW_WEIGHT = 99, 1
FUNDING_PAGE = 1000
TRADES_PAGE, TRADES_WEIGHT = 1000, 20
STATISTICS_PAGE = 500
STATISTICS_DAYS = 30
"""So far back, and not further, the exchange tells its statistics."""

CANDLES = {
    "klines": ("fapiPublicGetKlines", "symbol"),
    "mark": ("fapiPublicGetMarkPriceKlines", "symbol"),
    "index": ("fapiPublicGetIndexPriceKlines", "pair"),
    "premium": ("fapiPublicGetPremiumIndexKlines", "symbol"),
}
STATISTICS = {
    "OpenInterestHist": {"open_interest": "sumOpenInterest", "open_interest_value": "sumOpenInterestValue"},
    "TopLongShortAccountRatio": {"top_accounts": "longShortRatio"},
    "TopLongShortPositionRatio": {"top_positions": "longShortRatio"},
    "GlobalLongShortAccountRatio": {"accounts": "longShortRatio"},
    "TakerlongshortRatio": {"taker_ratio": "buySellRatio"},
}
"""Columns by endpoint, and what the exchange calls them."""

PRICES = ("open", "high", "low", "close")
VOLUMES = {"volume": 5, "quote_volume": 7, "trades": 8, "taker_buy_volume": 9, "taker_buy_quote_volume": 10}


class Client:
    """Asks one exchange, within its limits; `async with Client(environment) as client`.

    Mutable as it holds the connection.
    """

    def __init__(self, environment: Environment, *, limiter: Limiter | None = None, timeout: float = 10.0) -> None:
        self.environment = environment
        self.limiter = limiter if limiter is not None else limiter_of(environment.rest)
        self._timeout = timeout
        self._exchange: Any = None

    async def __aenter__(self) -> Client:
        self._exchange = exchange_of(self.environment)
        self._exchange.timeout = self._timeout * 1000
        self._exchange.on_rest_response = self._answered
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exchange.close()

    async def get(self, endpoint: str, params: Mapping[str, Any], *, weight: float = 1.0, counter: str = "") -> Any:
        """The JSON of one answer; `endpoint` is ccxt's name of it. Errors are those of `ask`."""

        async def once() -> Any:
            answer = await getattr(self._exchange, endpoint)(dict(params))
            if not isinstance(answer, list | dict):
                raise Garbled("an answer that is no JSON")
            return answer

        about = params.get("symbol") or params.get("pair")
        what = f"{endpoint.partition('Get')[2]}{f' of {about}' if about else ''}"
        return await ask(once, self.limiter, what, weight=weight, counter=counter)

    async def now(self) -> int:
        """The exchange's time, ns."""
        answer = await self.get("fapiPublicGetTime", {})
        with self._understood("its time"):
            return int(answer["serverTime"]) * MILLISECOND

    async def exchange_info(self) -> dict[str, Any]:
        """Every contract with its rules; the limit of weight that it states holds from then on."""
        info: dict[str, Any] = await self.get("fapiPublicGetExchangeInfo", {})
        for rate in info.get("rateLimits", ()):
            if rate.get("rateLimitType") == "REQUEST_WEIGHT" and rate.get("interval") == "MINUTE":
                self.limiter.limit = float(rate["limit"]) / float(rate.get("intervalNum", 1))
        return info

    async def first_candle(self, kind: str, symbol: str, bar: str) -> int | None:
        """When the first bar there is opens, ns; None where there is none."""
        rows = await self._candles(kind, symbol, bar, 0, None, 1)
        with self._understood(f"{kind} of {symbol}"):
            return int(rows[0][0]) * MILLISECOND if rows else None

    async def candles(self, kind: str, symbol: str, bar: str, start: int, end: int, step: int) -> Columns:
        """One page: bars that open in [start, end) (ns), `step` ns each, at most PAGE of them."""
        few = (end - start) // step <= FEW
        rows = await self._candles(kind, symbol, bar, start, end, FEW if few else PAGE)
        with self._understood(f"{kind} of {symbol}"):
            return candle_columns(kind, rows, start, end)

    async def _candles(self, kind: str, symbol: str, bar: str, start: int, end: int | None, limit: int) -> list[Any]:
        endpoint, name = CANDLES[kind]
        params = {name: symbol, "interval": bar, "startTime": start // MILLISECOND, "limit": limit}
        if end is not None:
            params["endTime"] = end // MILLISECOND - 1
        rows: list[Any] = await self.get(endpoint, params, weight=PAGE_WEIGHT if limit > FEW else FEW_WEIGHT)
        return rows

    @contextmanager
    def _understood(self, what: str) -> Iterator[None]:
        """What is inside reads an answer; BrokerError where that has another form than it should."""
        try:
            yield
        except (ValueError, KeyError, TypeError, IndexError) as problem:
            raise fw.BrokerError(
                f"{self.environment.rest} answered {what} in a form that is not known ({type(problem).__name__}: "
                f"{problem}); upgrade with pip install -U futures-framework, or tell its authors"
            ) from None

    async def funding(self, symbol: str, start: int, end: int) -> AsyncIterator[Columns]:
        """Settlements in [start, end), page by page."""
        while start < end:
            params = {"symbol": symbol, "startTime": start // MILLISECOND, "endTime": end // MILLISECOND - 1}
            rows = await self.get(
                "fapiPublicGetFundingRate", params | {"limit": FUNDING_PAGE}, weight=0.0, counter="funding"
            )
            if not rows:
                return
            with self._understood(f"funding of {symbol}"):
                time = _integers(rows, "fundingTime") * MILLISECOND
                columns = {
                    "time": time,
                    "funding_rate": np.array([float(row["fundingRate"]) for row in rows]),
                    "interval_hours": np.full(len(rows), np.nan),
                    "mark_price": _numbers(rows, "markPrice"),
                }
            yield columns
            if len(rows) < FUNDING_PAGE:
                return
            start = int(time[-1]) + MILLISECOND

    async def statistics(self, symbol: str, start: int, end: int, step: int) -> Columns:
        """One page of open interest and ratios, of times in [start, end), `step` ns apart; NaN where one lacks."""
        params = {
            "symbol": symbol,
            "period": "5m",
            "startTime": start // MILLISECOND,
            "endTime": end // MILLISECOND - 1,
            "limit": STATISTICS_PAGE,
        }
        found: dict[int, dict[str, float]] = {}
        for endpoint, columns in STATISTICS.items():
            rows = await self.get(f"fapiDataGet{endpoint}", params, weight=0.0, counter="statistics")
            with self._understood(f"{endpoint} of {symbol}"):
                for row in rows:
                    values = found.setdefault(int(row["timestamp"]) * MILLISECOND, {})
                    values |= {name: float(row[theirs]) for name, theirs in columns.items() if row.get(theirs)}
        times = sorted(time for time in found if start <= time < end)
        names = [name for columns in STATISTICS.values() for name in columns]
        table = {name: np.array([found[time].get(name, np.nan) for time in times]) for name in names}
        return {"time": np.array(times, dtype=np.int64), **table}

    async def agg_trades(self, symbol: str, start: int, end: int) -> AsyncIterator[Columns]:
        """Aggregate trades in [start, end), page by page."""
        hour = 3_600_000 * MILLISECOND
        at: dict[str, Any] = {}
        while not at:  # the first trade is looked for hour by hour, the others follow by their ids
            if start >= end:
                return
            until = min(end, start + hour)
            asked = {"startTime": start // MILLISECOND, "endTime": until // MILLISECOND - 1, "limit": 1}
            rows = await self._trades(symbol, asked)
            start, at = until, {"fromId": rows[0]["a"]} if rows else {}
        while True:
            rows = await self._trades(symbol, at | {"limit": TRADES_PAGE})
            with self._understood(f"trades of {symbol}"):
                page = trade_columns(rows)
            inside = page["time"] < end
            if inside.any():
                yield {name: column[inside] for name, column in page.items()}
            if not inside.all() or len(rows) < TRADES_PAGE:
                return
            at = {"fromId": int(rows[-1]["a"]) + 1}

    async def _trades(self, symbol: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = await self.get(
            "fapiPublicGetAggTrades", {"symbol": symbol, **params}, weight=TRADES_WEIGHT
        )
        return rows

    def _answered(
        self, status: int, reason: str, url: str, method: str, headers: Mapping[str, str], body: str, *sent: Any
    ) -> str:
        """ccxt's hook on every answer, before it makes anything of it."""
        self.limiter.hear(headers)
        if status >= 400:
            raise Status(status, headers, body)
        return body.strip()


def candle_columns(kind: str, rows: list[list[Any]], start: int, end: int) -> Columns:
    """The exchange's rows of candles that open in [start, end) (ns) as columns."""
    table = np.array([row[:11] for row in rows], dtype=np.float64).reshape(-1, 11)
    time = table[:, 0].astype(np.int64) * MILLISECOND
    inside = (time >= start) & (time < end)
    numbers = {name: table[inside, place] for place, name in enumerate(PRICES, start=1)}
    if kind == "klines":
        numbers |= {name: table[inside, place] for name, place in VOLUMES.items()}
    return {"open_time": time[inside], **{name: np.ascontiguousarray(column) for name, column in numbers.items()}}


def trade_columns(rows: list[dict[str, Any]]) -> Columns:
    """The exchange's rows of aggregate trades as columns."""
    return {
        "time": _integers(rows, "T") * MILLISECOND,
        "agg_trade_id": _integers(rows, "a"),
        "price": _numbers(rows, "p"),
        "quantity": _numbers(rows, "q"),
        "first_trade_id": _integers(rows, "f"),
        "last_trade_id": _integers(rows, "l"),
        "is_buyer_maker": np.array([row["m"] for row in rows], dtype=bool),
    }


def _integers(rows: list[dict[str, Any]], name: str) -> NDArray[np.int64]:
    return np.array([row[name] for row in rows], dtype=np.int64)


def _numbers(rows: list[dict[str, Any]], name: str) -> NDArray[np.float64]:
    """NaN where a row has none, or an empty one."""
    return np.array([float(row.get(name) or np.nan) for row in rows])
