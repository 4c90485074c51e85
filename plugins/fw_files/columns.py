"""What the columns of a file mean, told from the names people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from fw.errors import DataError

NAMES: dict[str, tuple[str, ...]] = {
    "time": (
        *("opentime", "timestamp", "datetime", "time", "date", "opentimestamp", "starttime", "unix", "ts", "t"),
        *("calctime", "fundingtime", "fundingtimestamp", "createtime", "indexlevel0"),
    ),
    "open": ("open", "openprice", "o"),
    "high": ("high", "highprice", "h"),
    "low": ("low", "lowprice", "l"),
    "close": ("close", "closeprice", "c"),
    "volume": ("volume", "vol", "basevolume", "basevol", "v"),
    "funding_rate": ("fundingrate", "lastfundingrate", "rate", "funding"),
    "open_interest": ("openinterest", "sumopeninterest", "oi"),
}
"""Names by meaning, the surest first, in lower case with letters and digits only."""

KLINES = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
"""Columns of the exchange's archive files of candles, which before 2022 have no header line."""

FUNDING = ("calc_time", "funding_interval_hours", "last_funding_rate")


def without_header(count: int, wanted: Sequence[str]) -> tuple[str, ...]:
    """Names for a file of `count` columns without a header line; DataError where its form is not known."""
    if "open" in wanted and 5 <= count <= len(KLINES):
        return KLINES[:count]
    if "funding_rate" in wanted and count == len(FUNDING):
        return FUNDING
    if "open" not in wanted and count == 2:
        return ("time", *(name for name in wanted if name != "time"))
    raise DataError(f"has no header line, and {count} columns are not a form known; add a line with names")


def guess(there: Sequence[str], wanted: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """The file's name for each column wanted, as `said` by the user or else guessed; DataError for one not found."""
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(there)}
    found: dict[str, str] = {}
    for meaning in wanted:
        if meaning in said:
            if said[meaning] not in there:
                close = get_close_matches(said[meaning], there, n=1)
                meant = f" (did you mean {close[0]!r}?)" if close else ""
                raise DataError(f"has no column {said[meaning]!r}{meant}, which source.columns.{meaning} names")
            found[meaning] = said[meaning]
            continue
        name = next((plain[known] for known in NAMES.get(meaning, ()) if known in plain), None)
        if name is None:
            raise DataError(
                f"has no column that looks like {meaning}; it has {', '.join(there)}. "
                f"Say it as source.columns: {{{meaning}: NAME}}"
            )
        found[meaning] = name
    return found
