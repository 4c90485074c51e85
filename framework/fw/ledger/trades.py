"""Fills of one instrument folded into round trips, and each funding payment given to the trade that paid it.

The arrays are made by Python: each way of making one takes a tenth of a second to compile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Whole = NDArray[np.int64]
    Money = NDArray[np.float64]


def round_trips(
    lots: Whole, quantity: Money, price: Money, fee: Money, realised: Money
) -> tuple[int, Whole, Money, Whole, Whole, float, float]:
    """Fold fills in their order into trades from flat to flat; a flip ends one and begins the next.

    Gives the number of trades; per trade [trade, …] first and last fill and side; [trade, …] entered quantity,
    entered value, left quantity, left value, fees, realised; after each fill the trade that is open (-1: flat) and
    the position in lots; the quantity still open and its average entry. A flip's fee is split by lots.
    """
    n = len(lots)
    whole, money = np.zeros((n, 3), np.int64), np.zeros((n, 6))
    open_trade, position_after = np.full(n, -1), np.zeros(n, np.int64)
    trades, held, average = _fold(lots, quantity, price, fee, realised, whole, money, open_trade, position_after)
    return trades, whole[:trades], money[:trades], open_trade, position_after, held, average


@kernel
def _fold(
    lots: Whole,
    quantity: Money,
    price: Money,
    fee: Money,
    realised: Money,
    whole: Whole,
    money: Money,
    open_trade: Whole,
    position_after: Whole,
) -> tuple[int, float, float]:
    """Write into the last four arrays; gives the number of trades, and what is still open."""
    trades = 0
    position = 0
    held = 0.0
    average = 0.0
    for i in range(len(lots)):
        if lots[i] == 0:
            open_trade[i] = trades - 1 if position != 0 else -1
            position_after[i] = position
            continue
        size = abs(lots[i])
        unit = abs(quantity[i]) / size
        closing = min(size, abs(position)) if (position > 0) != (lots[i] > 0) else 0
        opening = size - closing
        if closing > 0:
            now = trades - 1
            whole[now, 1] = i
            money[now, 2] += closing * unit
            money[now, 3] += closing * unit * price[i]
            money[now, 4] += fee[i] * (closing / size)
            money[now, 5] += realised[i]
            position += closing if lots[i] > 0 else -closing
            held = abs(position) * unit
        if opening > 0:
            if position == 0:
                whole[trades, 0] = i
                whole[trades, 2] = 1 if lots[i] > 0 else -1
                trades += 1
                held = 0.0
                average = 0.0
            now = trades - 1
            whole[now, 1] = i
            money[now, 0] += opening * unit
            money[now, 1] += opening * unit * price[i]
            money[now, 4] += fee[i] * (opening / size)
            average = (held * average + opening * unit * price[i]) / (held + opening * unit)
            position += opening if lots[i] > 0 else -opening
            held = abs(position) * unit
        position_after[i] = position
        open_trade[i] = trades - 1 if position != 0 else -1
    return trades, held if position != 0 else 0.0, average


def payers(
    fill_time: Whole, open_trade: Whole, position_after: Whole, stamp: Whole, bar_open: Whole, lots: Whole
) -> Whole:
    """The trade that each funding payment belongs to, -1 where none was open; int64[payment].

    A payment at the opening time of a bar is that of the position held before the bar's fills. One inside a bar
    falls between the fills at its open and those touched within, which bear the same time: it goes to the first
    position of that bar that has the payment's lots.
    """
    payer = np.full(len(stamp), -1)
    before_bar, before_stamp = np.searchsorted(fill_time, bar_open), np.searchsorted(fill_time, stamp)
    _find_payers(fill_time, open_trade, position_after, before_bar, before_stamp, bar_open, lots, payer)
    return payer


@kernel
def _find_payers(
    fill_time: Whole,
    open_trade: Whole,
    position_after: Whole,
    before_bar: Whole,
    before_stamp: Whole,
    bar_open: Whole,
    lots: Whole,
    payer: Whole,
) -> None:
    for k in range(len(payer)):
        first, last = before_bar[k], before_stamp[k]
        if last > first and fill_time[last - 1] > bar_open[k]:
            first = last  # fills stamped finer than bars happened before the payment for certain
        if last > 0:
            payer[k] = open_trade[last - 1]
        for i in range(first, last + 1):
            if i > 0 and position_after[i - 1] == lots[k]:
                payer[k] = open_trade[i - 1]
                break
