"""One row a symbol of what it is worth at an instant: last price, best prices, mark price, and the day up to now."""

from __future__ import annotations

from typing import Any

from fw_venue.numbers import written
from fw_venue.tape import Tape

DAY = 86_400_000


def premium_index(tape: Tape, now: int) -> dict[str, Any]:
    """It is the mark price and what belongs to it."""
    after, rate = tape.next_funding(now)
    index = tape.index.price_text(now)
    return {
        "symbol": tape.symbol,
        "markPrice": tape.mark.price_text(now),
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": rate,
        "interestRate": "0.00010000",
        "nextFundingTime": after,
        "time": now,
    }


def last(tape: Tape, now: int) -> dict[str, Any]:
    """It is the newest price."""
    price, time = tape.traded.price_text(now), tape.time_of(tape.ordinal(now))
    return {"symbol": tape.symbol, "price": price, "ps": tape.symbol, "time": time}


def best(tape: Tape, now: int) -> dict[str, Any]:
    """It is the best bid and ask."""
    ordinal = tape.ordinal(now)
    quote = tape.quote(ordinal)
    return {
        "lastUpdateId": quote.update,
        "symbol": tape.symbol,
        "bidPrice": quote.bid,
        "bidQty": quote.bid_size,
        "askPrice": quote.ask,
        "askQty": quote.ask_size,
        "time": tape.time_of(ordinal),
    }


def day(tape: Tape, now: int) -> dict[str, Any]:
    """It is what happened in the 24 hours up to now, in whole bars and the forming one."""
    its, contract = tape.traded, tape.contract
    last, moment = its.newest(now)
    first = min(int(its.open_time.searchsorted(now - DAY)), last)
    path, done = its.path(last), slice(first, last)
    high, low, opened = path.high[moment], path.low[moment], path.price[0]
    if first < last:
        high, low = max(high, float(its.high[done].max())), min(low, float(its.low[done].min()))
        opened = float(its.open[first])
    volume = round(float(its.volume[done].sum()) + path.volume[moment], 9)
    quote = float(its.quote[done].sum()) + path.quote[moment]
    close, digits, ordinal = path.price[moment], contract.price_digits, last * its.moments + moment
    trades = tape.trades(ordinal)
    return {
        "symbol": tape.symbol,
        "priceChange": f"{close - opened:.{digits}f}",
        "priceChangePercent": f"{100 * (close / opened - 1):.3f}",
        "weightedAvgPrice": f"{quote / volume if volume else close:.{digits}f}",
        "lastPrice": path.price_text[moment],
        "lastQty": trades[-1].size if trades else f"{0:.{contract.size_digits}f}",
        "openPrice": written(opened, digits),
        "highPrice": written(high, digits),
        "lowPrice": written(low, digits),
        "volume": written(volume, contract.size_digits),
        "quoteVolume": f"{quote:.2f}",
        "openTime": now - DAY,
        "closeTime": now,
        "firstId": 2 * first * its.moments + 1,
        "lastId": 2 * ordinal + 2,
        "count": int(its.trades[done].sum()) + path.trades[moment],
    }
