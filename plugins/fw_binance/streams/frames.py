"""Reads what the exchange's market streams send; unknown fields are left alone, a missing one is named.

The names are Binance's own; nothing outside this file and `asking.py` knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import attrs

P = ParamSpec("P")
T = TypeVar("T")


class MalformedFrame(ValueError):
    """A message that cannot be read; says what is wrong with it and how it begins."""


@attrs.frozen
class Kline:
    """A closed bar; times in ms, volumes in base and quote currency."""

    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: float
    taker_buy_volume: float
    taker_buy_quote_volume: float


@attrs.frozen
class Trade:
    """One aggregate trade: what one taker's order took at one price."""

    id: int
    price: float
    quantity: float
    first_trade_id: int
    last_trade_id: int
    time: int
    """ms."""
    is_buyer_maker: bool


@attrs.frozen
class Depth:
    """Changes of a book: absolute sizes at prices, 0 takes the price away."""

    first: int
    last: int
    previous: int
    """`last` of the change before."""
    time: int
    bids: Sequence[tuple[float, float]]
    asks: Sequence[tuple[float, float]]


@attrs.frozen
class Quote:
    """Best prices and sizes."""

    update: int
    time: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


@attrs.frozen
class Mark:
    """Mark and index price; `funding_rate` is what would be paid at `next_funding` (ms) if nothing changed."""

    time: int
    mark: float
    index: float
    funding_rate: float
    next_funding: int


@attrs.frozen
class Liquidation:
    """An order of the liquidation engine; only the largest of each second is published."""

    time: int
    is_buy: bool
    quantity: float
    price: float
    average_price: float
    filled: float


def decode(data: str | bytes) -> dict[str, Any]:
    """One message as the object it is; MalformedFrame where it is none. What a combined stream wraps is unwrapped."""
    import orjson  # ccxt brings it

    try:
        message = orjson.loads(data)
    except ValueError as problem:
        raise MalformedFrame(f"no JSON ({problem}): {data[:80]!r}") from None
    if not isinstance(message, dict):
        raise MalformedFrame(f"no object: {data[:80]!r}")
    wrapped = message.get("data")
    return wrapped if isinstance(wrapped, dict) and "stream" in message else message


def _names_what_lacks(read: Callable[P, T]) -> Callable[P, T]:
    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except KeyError as missing:
            raise MalformedFrame(f"{read.__name__} without {missing}: {str(args[0])[:160]}") from None
        except (TypeError, ValueError, IndexError) as problem:
            raise MalformedFrame(f"{read.__name__} that cannot be read ({problem}): {str(args[0])[:160]}") from None

    return reading


@_names_what_lacks
def kline(message: Mapping[str, Any]) -> Kline | None:
    """The bar of a `kline` event if it is closed for good; None while it is still forming."""
    k = message["k"]
    if k["x"] is not True:
        return None
    prices = (float(k["o"]), float(k["h"]), float(k["l"]), float(k["c"]))
    return Kline(int(k["t"]), *prices, float(k["v"]), float(k["q"]), float(k["n"]), float(k["V"]), float(k["Q"]))


@_names_what_lacks
def kline_of_row(row: Sequence[Any]) -> Kline:
    """The bar of a row of `klines` over REST (open time, prices, volume, close time, quote volume, …)."""
    numbers = [float(value) for value in (*row[1:6], *row[7:11])]
    return Kline(int(row[0]), *numbers)


@_names_what_lacks
def quote(message: Mapping[str, Any]) -> Quote:
    """The best prices of a `bookTicker` event."""
    sides = float(message["b"]), float(message["B"]), float(message["a"]), float(message["A"])
    return Quote(int(message["u"]), int(message["T"]), *sides)


@_names_what_lacks
def trade(message: Mapping[str, Any]) -> Trade:
    """The trade of an `aggTrade` event, or of a row of `aggTrades` over REST, which has the same fields."""
    numbers = int(message["a"]), float(message["p"]), float(message["q"]), int(message["f"]), int(message["l"])
    return Trade(*numbers, int(message["T"]), bool(message["m"]))


@_names_what_lacks
def depth(message: Mapping[str, Any]) -> Depth:
    """The changes of a `depthUpdate` event."""
    sides = levels(message["b"]), levels(message["a"])
    return Depth(int(message["U"]), int(message["u"]), int(message["pu"]), int(message["T"]), *sides)


def levels(rows: Sequence[Sequence[str]]) -> list[tuple[float, float]]:
    """Prices with their sizes."""
    return [(float(row[0]), float(row[1])) for row in rows]


@_names_what_lacks
def mark(message: Mapping[str, Any]) -> Mark:
    """The prices of a `markPriceUpdate` event."""
    prices = float(message["p"]), float(message["i"])
    # a contract that is being settled has no rate: an empty text
    return Mark(int(message["E"]), *prices, float(message["r"] or "nan"), int(message["T"]))


@_names_what_lacks
def liquidation(message: Mapping[str, Any]) -> Liquidation:
    """The order of a `forceOrder` event."""
    o = message["o"]
    sizes = float(o["q"]), float(o["p"]), float(o["ap"]), float(o["z"])
    return Liquidation(int(o["T"]), o["S"] == "BUY", *sizes)
