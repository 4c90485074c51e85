"""What the exchange said, in the words of the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fw
from fw.domain.event import Event
from fw.domain.time import MILLISECOND, MINUTE
from fw_binance.streams.frames import Kline, Mark, Quote


def quote_event(instrument: str, quote: Quote, mark: Mark | None) -> Event:
    """The best prices, and the mark price that was the newest when they were read."""
    return fw.QuoteReceived(
        time=quote.time * MILLISECOND,
        instrument=instrument,
        bid=quote.bid,
        ask=quote.ask,
        bid_size=quote.bid_size,
        ask_size=quote.ask_size,
        mark=None if mark is None else mark.mark,
    )


def bar_event(instrument: str, kind: str, size: fw.BarSize, bar: Kline) -> Event:
    """A closed bar of traded or mark prices, or the row that one of index prices and premiums is."""
    opened = bar.open_time * MILLISECOND
    closed = opened + size.ns
    prices: dict[str, Any] = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    if kind in ("index", "premium"):
        return fw.StampReceived(time=closed, instrument=instrument, kind=kind, at=opened, values=prices)
    if kind == "mark":
        return fw.BarReceived(time=closed, instrument=instrument, open_time=opened, kind="mark", **prices)
    extra = {"quote_volume": bar.quote_volume, "trades": bar.trades, "taker_buy_volume": bar.taker_buy_volume}
    return fw.BarReceived(
        time=closed, instrument=instrument, open_time=opened, volume=bar.volume, extra=extra, **prices
    )


def traded_event(instrument: str, size: fw.BarSize, bar: Kline) -> Event:
    """What takers bought and sold in a bar."""
    opened = bar.open_time * MILLISECOND
    values = {"bought": bar.taker_buy_volume, "sold": bar.volume - bar.taker_buy_volume}
    return fw.StampReceived(time=opened + size.ns, instrument=instrument, kind="trades", at=opened, values=values)


def row_event(instrument: str, kind: str, at: int, lag: int, values: Mapping[str, float]) -> Event:
    """A row that is published now and then, `lag` after its time (both ms), as history says it was."""
    ns = at * MILLISECOND
    if kind == "funding":
        ns -= ns % MINUTE  # settlements are stated some milliseconds late; history floors them too
    return fw.StampReceived(time=ns + lag * MILLISECOND, instrument=instrument, kind=kind, at=ns, values=values)
