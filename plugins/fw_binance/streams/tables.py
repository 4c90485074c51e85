"""What a recording keeps of each message: rows of the store's kinds, in order, with what is known to be missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from fw.domain.time import MILLISECOND
from fw_binance.streams import frames
from fw_binance.streams.frames import Trade

Row = tuple[Any, ...]


@attrs.frozen
class Table:
    """One kind of recording."""

    kind: str
    """As the store calls it."""
    stream: str
    """As the exchange calls it, after the symbol."""
    route: str
    columns: tuple[str, ...]
    rows: Callable[[Mapping[str, Any]], list[Row]]
    """The rows of one message, times in ns."""


def _trades(message: Mapping[str, Any]) -> list[Row]:
    return [trade_row(frames.trade(message))]


def trade_row(trade: Trade) -> Row:
    """An aggregate trade as a row."""
    numbers = trade.id, trade.price, trade.quantity, trade.first_trade_id, trade.last_trade_id
    return (trade.time * MILLISECOND, *numbers, trade.is_buyer_maker)


def _book(message: Mapping[str, Any]) -> list[Row]:
    quote = frames.quote(message)
    sides = quote.bid, quote.bid_size, quote.ask, quote.ask_size
    return [(quote.time * MILLISECOND, quote.update, *sides)]


def _depth(message: Mapping[str, Any]) -> list[Row]:
    depth = frames.depth(message)
    return depth_rows(depth.time, (depth.first, depth.last, depth.previous), depth.bids, depth.asks)


def depth_rows(time: int, ids: tuple[int, ...], bids: Any, asks: Any) -> list[Row]:
    """A row a level; the ids are three of a change, or the one of a snapshot."""
    rows = [(time * MILLISECOND, *ids, True, price, size) for price, size in bids]
    return rows + [(time * MILLISECOND, *ids, False, price, size) for price, size in asks]


def _marks(message: Mapping[str, Any]) -> list[Row]:
    mark = frames.mark(message)
    prices = mark.mark, mark.index, float(message.get("P") or "nan")
    return [(mark.time * MILLISECOND, *prices, mark.funding_rate, mark.next_funding * MILLISECOND)]


def _liquidations(message: Mapping[str, Any]) -> list[Row]:
    order = frames.liquidation(message)
    return [(order.time * MILLISECOND, not order.is_buy, order.price, order.average_price, order.quantity)]


TRADE_COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "is_buyer_maker")
BOOK_COLUMNS = ("update_id", "bid_1", "bid_size_1", "ask_1", "ask_size_1")
DEPTH_COLUMNS = ("first_id", "final_id", "previous_id", "is_bid", "price", "quantity")
MARK_COLUMNS = ("mark", "index", "settle", "funding_rate", "next_funding_time")
LIQUIDATION_COLUMNS = ("is_sell", "price", "average_price", "quantity")

TABLES = {
    "aggTrade": Table("agg_trades", "aggTrade", "market", ("time", *TRADE_COLUMNS), _trades),
    "bookTicker": Table("book", "bookTicker", "public", ("time", *BOOK_COLUMNS), _book),
    "depthUpdate": Table("depth", "depth@100ms", "public", ("time", *DEPTH_COLUMNS), _depth),
    "markPriceUpdate": Table("marks", "markPrice@1s", "market", ("time", *MARK_COLUMNS), _marks),
    "forceOrder": Table("liquidations", "forceOrder", "market", ("time", *LIQUIDATION_COLUMNS), _liquidations),
}
"""By the name that the exchange gives the event."""

SNAPSHOTS = Table("snapshots", "", "", ("time", "last_id", "is_bid", "price", "quantity"), lambda message: [])
"""Whole books, from which changes go on; they come over REST."""

OFFERED = {
    "trades": "agg_trades",
    "book": "book",
    "depth": "depth",
    "marks": "marks",
    "liquidations": "liquidations",
}
"""What may be recorded, and the store's kind that it becomes."""
HEARTBEAT = "markPrice@1s"
"""A stream that never rests: by it a connection that brings only trades is known to be alive."""
