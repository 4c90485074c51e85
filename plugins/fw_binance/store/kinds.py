"""What kinds of data the store keeps: their columns, what makes two rows the same, and how files are cut by time."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal

import attrs

from fw.errors import DataError

Number = Literal["time", "float", "int", "bool"]
Period = Literal["month", "day", "hour"]

FLOAT: Number = "float"
OHLC = ("open", "high", "low", "close")


@attrs.frozen
class Kind:
    """One kind of data; the first column is the time of a row, in ns."""

    columns: Mapping[str, Number]
    key: tuple[str, ...]
    """Rows that agree in these are one row; they stand in this order."""
    period: Period
    """How much time one file holds."""
    barred: bool = True
    """Whether a series has a bar size, and so a grid on which every row stands."""
    is_passing: bool = False
    """Whether it can only be recorded as it happens: what is lost is not to be had again."""
    lenient: bool = False
    """Whether times may be some seconds off: rows are the same when they are of the same minute."""

    @property
    def time(self) -> str:
        """The column that holds the times."""
        return next(iter(self.columns))

    @property
    def is_candles(self) -> bool:
        """Whether rows have the four prices of a bar."""
        return set(OHLC) <= set(self.columns)


def _candles(*more: str) -> Kind:
    columns: dict[str, Number] = {"open_time": "time", **dict.fromkeys((*OHLC, *more), FLOAT)}
    return Kind(columns, key=("open_time",), period="month")


def _passing(key: str, period: Period, **columns: Number) -> Kind:
    columns = {"time": "time", **columns}
    return Kind(columns, key=tuple(key.split()), period=period, barred=False, is_passing=True)


KINDS: dict[str, Kind] = {
    "klines": _candles("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume"),
    "mark": _candles(),
    "index": _candles(),
    "premium": _candles(),
    "funding": Kind(
        {"time": "time", "funding_rate": "float", "interval_hours": "float", "mark_price": "float"},
        key=("time",),
        period="month",
        barred=False,
        lenient=True,  # settlements are stated some milliseconds after the hour
    ),
    "metrics": Kind(
        {
            "time": "time",
            "open_interest": "float",
            "open_interest_value": "float",
            "top_accounts": "float",
            "top_positions": "float",
            "accounts": "float",
            "taker_ratio": "float",
        },
        key=("time",),
        period="month",
        lenient=True,  # the archive's are a second off at times
    ),
    "agg_trades": Kind(
        {
            "time": "time",
            "agg_trade_id": "int",
            "price": "float",
            "quantity": "float",
            "first_trade_id": "int",
            "last_trade_id": "int",
            "is_buyer_maker": "bool",
        },
        key=("time", "agg_trade_id"),
        period="day",
        barred=False,
    ),
    "trades": _passing("time trade_id", "hour", trade_id="int", price="float", quantity="float", is_buyer_maker="bool"),
    "book": _passing(
        "time update_id",
        "hour",
        update_id="int",
        bid_1="float",
        bid_size_1="float",
        ask_1="float",
        ask_size_1="float",
    ),
    "depth": _passing(
        "time final_id is_bid price",
        "hour",
        first_id="int",
        final_id="int",
        previous_id="int",
        is_bid="bool",
        price="float",
        quantity="float",
    ),
    "snapshots": _passing(
        "time last_id is_bid price", "hour", last_id="int", is_bid="bool", price="float", quantity="float"
    ),
    "marks": _passing(
        "time", "day", mark="float", index="float", settle="float", funding_rate="float", next_funding_time="time"
    ),
    "liquidations": _passing(
        "time is_sell price quantity", "day", is_sell="bool", price="float", average_price="float", quantity="float"
    ),
}
"""By name, which is also the name of their folder. Numbers the source lacks are NaN; prices are in quote currency.

klines volumes in base currency, quote volumes in quote currency · metrics open_interest in base currency, ratios long
over short · depth one row a level, quantity absolute (0: the level is gone), ids those of its update; snapshots the
whole book that depth begins from · marks the exchange's own mark price stream, of which `mark` are the bars.
"""


def kind_of(name: str) -> Kind:
    """The kind of this name; DataError names those there are."""
    if name not in KINDS:
        close = get_close_matches(name, KINDS, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise DataError(f"the store keeps no {name!r}: {meant}there are {', '.join(KINDS)}")
    return KINDS[name]
