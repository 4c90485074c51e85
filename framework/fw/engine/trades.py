"""Round trips of a run: fills from flat to flat, with the fees and the funding each one bore."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.frame import Frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.result import Result

EMPTY: dict[str, Any] = {
    "instrument": "<U1",
    "side": np.int64,
    "entry_time": np.int64,
    "exit_time": np.int64,
    "quantity": np.float64,
    "entry_price": np.float64,
    "exit_price": np.float64,
    "profit": np.float64,
    "fees": np.float64,
    "funding": np.float64,
    "bars": np.int64,
    "entry_reason": "<U1",
    "exit_reason": "<U1",
    "tag": "<U1",
}


def trades_of(result: Result) -> Frame:
    """Round trips, oldest exit first; the open ones last, marked at the last close, without a fee for leaving.

    `quantity` is all that was entered, `entry_price` and `exit_price` are averages weighted by quantity, so
    profit = side × quantity × (exit_price − entry_price) − fees + funding (received; negative: paid). `bars` counts
    bars from the entry's to the exit's: 0 within one bar. Entry reason and tag are the first fill's, the exit
    reason is the last fill's.
    """
    return result.once(_ledger_by_trade).trades


def unallocated(result: Result) -> float:
    """Money that no trade earned: funding while flat, losses the insurance fund bore, another mark than the close.

    The profits of all trades and this sum to the change of equity.
    """
    return result.once(_ledger_by_trade).unallocated


@attrs.frozen(eq=False)
class _LedgerByTrade:
    trades: Frame
    unallocated: float


def _ledger_by_trade(result: Result) -> _LedgerByTrade:
    parts = []
    homeless = 0.0
    unrealised = 0.0
    for symbol in result.instruments:
        part, stray, marked = _of_instrument(result, symbol)
        parts.append(part)
        homeless += stray
        unrealised += marked
    return _LedgerByTrade(
        trades=_in_order_of_exit(parts),
        unallocated=homeless + result.totals["shortfall"] + (result.totals["unrealised"] - unrealised),
    )


def _in_order_of_exit(parts: list[dict[str, NDArray[Any]]]) -> Frame:
    filled = [part for part in parts if len(part["order"])]
    if not filled:
        return Frame.of({name: np.empty(0, kind) for name, kind in EMPTY.items()})
    order = np.argsort(np.concatenate([part["order"] for part in filled]), kind="stable")
    return Frame.of({name: np.concatenate([part[name] for part in filled])[order] for name in EMPTY})


def _of_instrument(result: Result, symbol: str) -> tuple[dict[str, NDArray[Any]], float, float]:
    """Its trades with the sort key `order`, the funding no trade paid, and the unrealised profit at the end."""
    from fw.ledger.trades import payers, round_trips

    mine, paid = _rows_of(result.fills, symbol), _rows_of(result.funding, symbol)
    if not len(mine):
        return {"order": mine}, math.fsum(result.funding["amount"][paid]) if len(paid) else 0.0, 0.0

    fills = result.fills
    time, lots = (fills[name][mine].astype(np.int64, copy=False) for name in ("time", "lots"))
    money = (fills[name][mine].astype(np.float64, copy=False) for name in ("quantity", "price", "fee", "realised"))
    count, whole, sums, open_trade, position, held, average = round_trips(lots, *money)

    stamp, paid_for = (result.funding[name][paid].astype(np.int64, copy=False) for name in ("time", "lots"))
    amount = result.funding["amount"][paid].astype(np.float64, copy=False)
    opened = result.bar.floor(stamp) if result.charged is None else result.charged[paid]
    payer = payers(time, open_trade, position, stamp, opened, paid_for)
    funding = np.bincount(payer[payer >= 0], weights=amount[payer >= 0], minlength=count)[:count]
    stray = math.fsum(amount[payer < 0])

    first, last, side = whole.T
    entered, entry_value, left, exit_value, fees, realised = sums.T
    bars = result.market.of(symbol).bars
    first_fill, order = mine[first], mine[last]
    exit_time = time[last]
    exit_bar = np.searchsorted(bars.open_time, exit_time, side="right") - 1
    exit_reason = _wide_enough(fills["reason"][order], "end")
    marked = 0.0
    if held > 0.0:
        close = bars.close[-1]
        marked = float(side[-1] * held * (close - average))
        left[-1], exit_value[-1] = entered[-1], exit_value[-1] + held * close
        order[-1] = len(result.fills["time"]) + result.instruments.index(symbol)
        exit_time[-1] = bars.open_time[-1] + bars.size.ns
        exit_bar[-1] = len(bars)
        exit_reason[-1] = "end"
        realised[-1] += marked
    part = {
        "order": order,
        "instrument": fills["instrument"][first_fill],
        "side": side,
        "entry_time": time[first],
        "exit_time": exit_time,
        "quantity": entered,
        "entry_price": entry_value / entered,
        "exit_price": exit_value / left,
        "profit": realised - fees + funding,
        "fees": fees,
        "funding": funding,
        "bars": exit_bar - (np.searchsorted(bars.open_time, time[first], side="right") - 1),
        "entry_reason": fills["reason"][first_fill],
        "exit_reason": exit_reason,
        "tag": fills["tag"][first_fill],
    }
    return part, stray, marked


def _rows_of(frame: Frame, symbol: str) -> NDArray[np.int64]:
    if not frame.rows:  # a column without rows may have any type, also one that no text can be compared with
        return np.empty(0, np.int64)
    return np.flatnonzero(frame["instrument"] == symbol)


def _wide_enough(words: NDArray[Any], word: str) -> NDArray[Any]:
    """A copy whose fixed width, where it has one, holds `word`."""
    if words.dtype.kind == "U":
        return words.astype(np.result_type(words.dtype, f"<U{len(word)}"))
    return words.copy()
