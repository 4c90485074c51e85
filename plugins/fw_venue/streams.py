"""The market streams by name: which route carries each, when one is due, and what it says at a moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from fw_venue.book import Book
from fw_venue.klines import Candle
from fw_venue.tape import Tape
from fw_venue.tickers import day

Payloads = Callable[[int], Iterable[str]]
"""What a stream says at a moment (ms), each message as JSON."""

PUBLIC, MARKET, PRIVATE = "public", "market", "private"
SECOND = 1000


@attrs.frozen
class Stream:
    """One stream that can be subscribed to."""

    name: str
    route: str
    """The only one on which it sends."""
    every: int
    """ms between two messages; 0: at every moment."""
    payloads: Payloads

    def is_due(self, before: int, now: int) -> bool:
        """Whether it speaks at `now`, when the moment before was `before`."""
        return not self.every or now // self.every != before // self.every


class Streams:
    """Makes streams of names. Mutable in the books it remembers."""

    def __init__(self, tapes: Mapping[str, Tape]) -> None:
        self._tapes = {symbol.lower(): tape for symbol, tape in tapes.items()}
        self._books: dict[str, Book] = {}

    def find(self, name: str) -> Stream | None:
        """The stream of a name; None where there is none, of which the exchange says nothing."""
        if name.startswith("!"):
            return self._of_all(name)
        symbol, _, rest = name.partition("@")
        if (continuous := re.fullmatch(r"continuousKline_(\w+)", rest)) and symbol.endswith("_perpetual"):
            tape = self._tapes.get(symbol.removesuffix("_perpetual"))
            return None if tape is None else self._klines(name, tape, continuous[1], continuous=True)
        tape = self._tapes.get(symbol)
        if tape is None:
            return None
        if kline := re.fullmatch(r"kline_(\w+)", rest):
            return self._klines(name, tape, kline[1])
        if depth := re.fullmatch(r"depth(5|10|20)?(?:@(0|100|250|500)ms)?", rest):
            return self._depth(name, tape, int(depth[1] or 0), int(depth[2] or 250))
        simple: Mapping[str, tuple[str, int, Callable[[Tape, int], Iterable[str]]]] = {
            "aggTrade": (MARKET, 0, agg_trades),
            "trade": (PUBLIC, 0, trades),
            "bookTicker": (PUBLIC, 0, book_ticker),
            "markPrice": (MARKET, 3 * SECOND, mark_price),
            "markPrice@1s": (MARKET, SECOND, mark_price),
            "ticker": (MARKET, 2 * SECOND, ticker),
            "miniTicker": (MARKET, 2 * SECOND, mini_ticker),
            "forceOrder": (MARKET, SECOND, lambda tape, now: ()),
        }
        if rest not in simple:
            return None
        route, every, say = simple[rest]
        return Stream(name, route, every, lambda now: say(tape, now) if is_trading(tape, now) else ())

    def _of_all(self, name: str) -> Stream | None:
        every = {
            "!markPrice@arr": (MARKET, 3 * SECOND, mark_price),
            "!markPrice@arr@1s": (MARKET, SECOND, mark_price),
            "!ticker@arr": (MARKET, SECOND, ticker),
            "!miniTicker@arr": (MARKET, SECOND, mini_ticker),
        }
        tapes = list(self._tapes.values())
        if name in every:
            route, pace, say = every[name]

            def together(now: int) -> Iterable[str]:
                yield "[" + ",".join(text for tape in tapes if is_trading(tape, now) for text in say(tape, now)) + "]"

            return Stream(name, route, pace, together)
        if name == "!bookTicker":
            return Stream(
                name,
                PUBLIC,
                5 * SECOND,
                lambda now: (text for tape in tapes if is_trading(tape, now) for text in book_ticker(tape, now)),
            )
        if name in ("!forceOrder@arr", "!contractInfo", "!assetIndex@arr", "tradingSession"):
            return Stream(name, MARKET, SECOND, lambda now: ())
        return None

    def _klines(self, name: str, tape: Tape, interval: str, *, continuous: bool = False) -> Stream | None:
        klines = tape.klines("traded", interval)
        if klines is None:
            return None
        prices, symbol = tape.traded, tape.symbol
        head = (
            f'"e":"continuous_kline","ps":"{symbol}","ct":"PERPETUAL"' if continuous else f'"e":"kline","s":"{symbol}"'
        )
        inner = "" if continuous else f'"s":"{symbol}",'

        def message(now: int, its: Candle, closed: str) -> str:
            return (
                f'{{{head},"E":{now},"k":{{"t":{its.time},"T":{its.time + klines.size - 1},{inner}"i":"{interval}",'
                f'"f":{its.first_id},"L":{its.last_id},"o":"{its.open}","c":"{its.close}","h":"{its.high}",'
                f'"l":"{its.low}","v":"{its.volume}","n":{its.trades},"x":{closed},"q":"{its.quote}",'
                f'"V":"{its.bought}","Q":"{its.bought_quote}","B":"0"}}}}'
            )

        def payloads(now: int) -> Iterable[str]:
            if tape.contract.status == "TRADING" and (candle := klines.closing(now)):
                yield message(now, candle, "true")
            if is_trading(tape, now):
                k = prices.index(now)
                yield message(now, klines.so_far(k, prices.moment(k, now)), "false")

        return Stream(name, MARKET, 0, payloads)

    def _depth(self, name: str, tape: Tape, levels: int, every: int) -> Stream:
        if tape.symbol not in self._books:
            self._books[tape.symbol] = Book(tape)
        book = self._books[tape.symbol]
        skip = max(1, every // tape.traded.pace)

        def payloads(now: int) -> Iterable[str]:
            if not is_trading(tape, now):
                return
            ordinal = tape.ordinal(now)
            if ordinal % skip:
                return
            before = max(0, ordinal - skip)
            bids, asks = book.top(ordinal, levels) if levels else book.changes(before, ordinal)
            yield (
                f'{{"e":"depthUpdate","E":{now},"T":{now},"s":"{tape.symbol}","U":{Book.update(before) + 1},'
                f'"u":{Book.update(ordinal)},"pu":{Book.update(before)},"b":{_levels(bids)},"a":{_levels(asks)}}}'
            )

        return Stream(name, PUBLIC, 0, payloads)


def is_trading(tape: Tape, now: int) -> bool:
    """Whether there is a price at this instant: the market has a bar there, and the contract is traded."""
    return tape.contract.status == "TRADING" and tape.traded.index(now) >= 0


def agg_trades(tape: Tape, now: int) -> Iterable[str]:
    for t in tape.trades(tape.ordinal(now)):
        yield (
            f'{{"e":"aggTrade","E":{now},"a":{t.id},"s":"{tape.symbol}","p":"{t.price}","q":"{t.size}","nq":"{t.size}",'
            f'"f":{t.id},"l":{t.id},"T":{t.time},"m":{"true" if t.sold else "false"}}}'
        )


def trades(tape: Tape, now: int) -> Iterable[str]:
    for t in tape.trades(tape.ordinal(now)):
        yield (
            f'{{"e":"trade","E":{now},"T":{t.time},"s":"{tape.symbol}","t":{t.id},"p":"{t.price}","q":"{t.size}",'
            f'"X":"MARKET","m":{"true" if t.sold else "false"}}}'
        )


def book_ticker(tape: Tape, now: int) -> Iterable[str]:
    quote = tape.quote(tape.ordinal(now))
    yield (
        f'{{"e":"bookTicker","u":{quote.update},"s":"{tape.symbol}","b":"{quote.bid}","B":"{quote.bid_size}",'
        f'"a":"{quote.ask}","A":"{quote.ask_size}","T":{now},"E":{now}}}'
    )


def mark_price(tape: Tape, now: int) -> Iterable[str]:
    after, rate = tape.next_funding(now)
    index = tape.index.price_text(now)
    yield (
        f'{{"e":"markPriceUpdate","E":{now},"s":"{tape.symbol}","p":"{tape.mark.price_text(now)}","i":"{index}",'
        f'"P":"{index}","r":"{rate}","T":{after}}}'
    )


def ticker(tape: Tape, now: int) -> Iterable[str]:
    its = day(tape, now)
    yield _json(
        e="24hrTicker",
        E=now,
        s=tape.symbol,
        p=its["priceChange"],
        P=its["priceChangePercent"],
        w=its["weightedAvgPrice"],
        c=its["lastPrice"],
        Q=its["lastQty"],
        o=its["openPrice"],
        h=its["highPrice"],
        l=its["lowPrice"],
        v=its["volume"],
        q=its["quoteVolume"],
        O=its["openTime"],
        C=its["closeTime"],
        F=its["firstId"],
        L=its["lastId"],
        n=its["count"],
    )


def mini_ticker(tape: Tape, now: int) -> Iterable[str]:
    its = day(tape, now)
    yield _json(
        e="24hrMiniTicker",
        E=now,
        s=tape.symbol,
        c=its["lastPrice"],
        o=its["openPrice"],
        h=its["highPrice"],
        l=its["lowPrice"],
        v=its["volume"],
        q=its["quoteVolume"],
    )


def _levels(levels: Iterable[tuple[str, str]]) -> str:
    return "[" + ",".join(f'["{price}","{size}"]' for price, size in levels) + "]"


def _json(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":"))
