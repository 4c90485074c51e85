"""A look at the exchange as it is now: one book, the newest trades."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fw.domain.time import MILLISECOND, format_time
from fw_binance.environment import environment_named
from fw_binance.streams.asking import DEPTH_WEIGHT, Asking, unknown

Found = TypeVar("Found")
UNKNOWN_SYMBOL = -1121


def book_of(environment: str, symbol: str, levels: int) -> dict[str, Any]:
    """The best prices and sizes of both sides; DataError for a symbol that is not there."""

    async def look(asking: Asking) -> dict[str, Any]:
        enough = min(count for count in DEPTH_WEIGHT if count >= levels)
        last, bids, asks = await asking.depth(symbol, enough)
        sides = {"bids": bids[:levels], "asks": asks[:levels]}
        shown = {name: [{"price": price, "size": size} for price, size in side] for name, side in sides.items()}
        bid, ask = sum(size for _, size in sides["bids"]), sum(size for _, size in sides["asks"])
        spread = asks[0][0] - bids[0][0] if bids and asks else float("nan")
        return {
            "symbol": symbol,
            "update_id": last,
            **shown,
            "spread": round(spread, 10),
            "spread_bps": spread / asks[0][0] * 1e4 if asks else float("nan"),
            "bid_share": bid / (bid + ask) if bid + ask else float("nan"),
        }

    return _asked(environment, symbol, look)


def trades_of(environment: str, symbol: str, limit: int) -> list[dict[str, Any]]:
    """The newest aggregate trades, the last one at the end; times in ns."""

    async def look(asking: Asking) -> list[dict[str, Any]]:
        return [
            {
                "id": trade.id,
                "time": trade.time * MILLISECOND,
                "at": format_time(trade.time * MILLISECOND),
                "price": trade.price,
                "quantity": trade.quantity,
                "taker": "sells" if trade.is_buyer_maker else "buys",
            }
            for trade in await asking.trades(symbol, limit=limit)
        ]

    return _asked(environment, symbol, look)


def _asked(environment: str, symbol: str, look: Callable[[Asking], Awaitable[Found]]) -> Found:
    from fw_binance.asking import Refused
    from fw_binance.client import Client

    async def ask() -> Found:
        async with Client(environment_named(environment)) as client:
            asking = Asking(client)
            try:
                return await look(asking)
            except Refused as refused:
                if refused.code != UNKNOWN_SYMBOL:
                    raise
                raise unknown(symbol, await asking.contracts()) from None

    return asyncio.run(ask())
