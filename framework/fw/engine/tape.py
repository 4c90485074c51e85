"""From a checked market to the arrays a ledger runs on: one block of prices, and funding stamps in cash per coin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars
from fw.domain.frame import read_only
from fw.domain.market import Market, Series
from fw.domain.time import MINUTE
from fw.ledger import kinds
from fw.ledger.tape import Tape

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lay(
    held: list[Market], *, first: int, with_marks: bool, with_funding: bool
) -> tuple[Tape, Market, tuple[str, ...]]:
    """The tape, the same market with its columns inside the tape's block, and notes for the reader.

    `held` is a list of one market, which is taken out and given up column by column, so that a caller who keeps no
    other hold of it has the data in memory once. `first` is the first bar traded. With marks, liquidation and
    unrealised profit use the mark prices, which must then be on the market's timeline; without, the traded prices
    stand in. Without funding none is paid, though its rates stay in the market for features to read.
    """
    market = held.pop()
    bare, symbols = attrs.evolve(market, series={}), market.instruments
    size, open_time, bars = market.bars.size, market.bars.open_time, len(market.bars)
    stamps, notes = [], []
    columns: dict[tuple[int, int], NDArray[np.float64]] = {}
    rest: dict[str, dict[str, Any]] = {}
    for k, symbol in enumerate(symbols):
        data = market.series[symbol]
        rows, priced_by_trades = funding_stamps(data, first) if with_funding else (np.zeros(0, kinds.STAMP), 0)
        stamps.append(rows)
        if priced_by_trades:
            notes.append(f"{symbol}: {priced_by_trades} funding stamps priced at traded opens, for want of mark prices")
        for field, name in enumerate(COLUMNS):
            columns[k, field] = getattr(data.bars, name)
        if with_marks:
            assert data.mark is not None
            for field, name in enumerate(COLUMNS[:4]):
                columns[k, kinds.PRICE_FIELDS + field] = getattr(data.mark, name)
        rest[symbol] = {
            "extra": data.bars.extra,
            "others": {
                "funding": data.funding,
                "mark": data.mark,
                "stamps": data.stamps,
                "rules": data.rules,
            },
        }
        del data
    del market
    block = np.empty((len(symbols), kinds.MARK_FIELDS if with_marks else kinds.PRICE_FIELDS, bars))
    for k, field in sorted(columns):
        block[k, field] = columns.pop((k, field))
    series = {
        symbol: Series(
            bars=Bars(
                size=size,
                open_time=open_time,
                extra=rest[symbol]["extra"],
                **{name: read_only(block[k, field]) for field, name in enumerate(COLUMNS)},
            ),
            **rest[symbol]["others"],
        )
        for k, symbol in enumerate(symbols)
    }
    tape = Tape(block=block, stamps=stamps, first=first, open_time=open_time, size=size)
    return tape, attrs.evolve(bare, series=series), tuple(notes)


def funding_stamps(data: Series, first: int = 0) -> tuple[NDArray[Any], int]:
    """Rows of dtype STAMP, and how many of them, from the bar `first` on, had no mark price.

    The price is the open of the mark bar at the stamp, else that of the traded bar that begins at or after it.
    """
    if data.funding is None or len(data.funding) == 0:
        return np.zeros(0, kinds.STAMP), 0
    bars = data.bars
    time = data.funding.time - data.funding.time % MINUTE  # the exchange stamps some milliseconds late
    rows = np.zeros(len(time), kinds.STAMP)
    holder = np.searchsorted(bars.open_time, time, side="right") - 1
    # a stamp in a hole of the data is paid at the open of the bar after it
    in_a_hole = (holder < 0) | (time >= bars.open_time[np.maximum(holder, 0)] + bars.size.ns)
    bar = np.where(in_a_hole, holder + 1, holder)
    rows["time"] = time
    rows["bar"] = bar
    rows["inside"] = (~in_a_hole) & (bars.open_time[np.clip(bar, 0, len(bars) - 1)] != time)
    rows["rate"] = data.funding.value
    after = np.searchsorted(bars.open_time, time)
    price = np.where(after < len(bars), bars.open[np.minimum(after, len(bars) - 1)], bars.close[-1])
    marked = np.zeros(len(time), dtype=bool)
    if data.mark is not None and len(data.mark):
        at = np.minimum(np.searchsorted(data.mark.open_time, time), len(data.mark) - 1)
        marked = data.mark.open_time[at] == time
        price = np.where(marked, data.mark.open[at], price)
    rows["cash"] = rows["rate"] * price
    inside_run = rows["bar"] < len(bars)
    return rows[inside_run], int((~marked & inside_run & (rows["bar"] >= first)).sum())
