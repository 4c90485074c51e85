"""What the columns of a file mean, told from the names people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from fw.errors import DataError

LEVELS = 20
"""The deepest level of a book that is looked for; the best is 1."""


def book_names() -> dict[str, tuple[str, ...]]:
    """What people call the prices and sizes of a book's levels, beginning with `bid_1` and `bid_size_1`."""
    names: dict[str, tuple[str, ...]] = {}
    for level in range(1, LEVELS + 1):
        for side in ("bid", "ask"):
            nth = f"{side}s{level - 1}"  # bids[0].price
            best = (f"best{side}price", f"best{side}", f"{side}price", side) if level == 1 else ()
            sizes = (f"best{side}qty", f"best{side}size", f"{side}qty", f"{side}size") if level == 1 else ()
            names[f"{side}_{level}"] = (f"{side}{level}", f"{side}price{level}", f"{nth}price", *best)
            names[f"{side}_size_{level}"] = (
                *(f"{side}size{level}", f"{side}qty{level}", f"{nth}amount", f"{nth}size", f"{nth}qty"),
                *sizes,
            )
    return names


NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        *("opentime", "timestamp", "datetime", "time", "date", "opentimestamp", "starttime", "unix", "ts", "t"),
        *("calctime", "fundingtime", "fundingtimestamp", "createtime", "transacttime", "transactiontime"),
        *("eventtime", "snapshottime", "indexlevel0"),
    ),
    "published": ("published", "publishedat", "publicationtime", "availableat", "knownat"),
    "open": ("open", "openprice", "o"),
    "high": ("high", "highprice", "h"),
    "low": ("low", "lowprice", "l"),
    "close": ("close", "closeprice", "c"),
    "volume": ("volume", "vol", "basevolume", "basevol", "v"),
    "funding_rate": ("fundingrate", "lastfundingrate", "rate", "funding"),
    "open_interest": ("openinterest", "sumopeninterest", "oi"),
    "quote_volume": ("quotevolume", "quoteassetvolume", "quotevol"),
    "trades": ("trades", "count", "numberoftrades", "tradecount"),
    "taker_buy_volume": ("takerbuyvolume", "takerbuybasevolume", "takerbuybaseassetvolume"),
    "accounts": ("accounts", "countlongshortratio", "longshortratio", "longshortaccountratio"),
    "top_accounts": ("topaccounts", "counttoptraderlongshortratio", "toplongshortaccountratio"),
    "top_positions": ("toppositions", "sumtoptraderlongshortratio", "toplongshortpositionratio"),
    "taker_ratio": ("takerratio", "sumtakerlongshortvolratio", "buysellratio", "takerlongshortratio"),
    "quantity": ("quantity", "qty", "size", "amount", "q"),
    "is_buyer_maker": ("isbuyermaker", "buyermaker", "m"),
    "bought": ("bought", "buyvolume", "buyvol", "takerbuyvolume"),
    "sold": ("sold", "sellvolume", "sellvol", "takersellvolume"),
    "buys": ("buys", "buytrades", "buycount"),
    "sells": ("sells", "selltrades", "sellcount"),
    **book_names(),
}
"""Names by meaning, the surest first, in lower case with letters and digits only."""

KLINES = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
"""Columns of the exchange's archive files of candles, which before 2022 have no header line."""

FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")

AGG_TRADES = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "time", "is_buyer_maker")
TRADES = ("id", "price", "quantity", "quote_quantity", "time", "is_buyer_maker")


def without_header(count: int, wanted: Sequence[str]) -> tuple[str, ...]:
    """Names for a file of `count` columns without a header line; DataError where its form is not known."""
    if "open" in wanted and 5 <= count <= len(KLINES):
        return KLINES[:count]
    if "funding_rate" in wanted and count == len(FUNDING):
        return FUNDING
    for trades in (AGG_TRADES, TRADES):
        if "is_buyer_maker" in wanted and count == len(trades):
            return trades
    if "open" not in wanted and count == 2:
        return ("time", *(name for name in wanted if name != "time"))
    raise DataError(f"has no header line, and {count} columns are not a form known; add a line with names")


def guess(
    there: Sequence[str], wanted: Sequence[str], said: Mapping[str, str], maybe: Sequence[str] = ()
) -> dict[str, str]:
    """The file's name for each column wanted, as `said` by the user or else guessed; DataError for one not found.

    Columns of `maybe` are left out where nothing looks like them.
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(there)}
    found: dict[str, str] = {}
    for meaning in (*wanted, *maybe):
        if meaning in said:
            if said[meaning] not in there:
                close = get_close_matches(said[meaning], there, n=1)
                meant = f" (did you mean {close[0]!r}?)" if close else ""
                raise DataError(f"has no column {said[meaning]!r}{meant}, which source.columns.{meaning} names")
            found[meaning] = said[meaning]
            continue
        name = next((plain[known] for known in NAMES.get(meaning, ()) if known in plain), None)
        if name is None and meaning in maybe:
            continue
        if name is None:
            raise DataError(
                f"has no column that looks like {meaning}; it has {', '.join(there)}. "
                f"Say it as source.columns: {{{meaning}: NAME}}"
            )
        found[meaning] = name
    return found
