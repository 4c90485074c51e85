"""The long tables of the page: trades, decisions, and what was refused, as columns for `table.js`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw_report.html.render import packed, words

if TYPE_CHECKING:
    from fw import Frame, Result

MOST_TRADES = 100_000
MOST_DECISIONS = 20_000
"""The newest are kept; the page says how many there were."""
STRENGTH = "from −1, fully short, to 1, fully long"
PRICES = {
    "price": "Price",
    "stop_loss": "Stop",
    "take_profit": "Take profit",
    "trailing": "Trailing by",
    "limit": "Limit",
}


def trades_table(result: Result) -> dict[str, Any]:
    """Every trade, newest exit first."""
    trades = result.trades
    keep = slice(max(trades.rows - MOST_TRADES, 0), None)
    profit, value = trades["profit"][keep], trades["quantity"][keep] * trades["entry_price"][keep]
    share = np.divide(profit, value, out=np.full(len(profit), np.nan), where=value > 0.0)
    held = trades["exit_time"][keep] - trades["entry_time"][keep]
    number = np.arange(trades.rows)[keep] + 1
    columns = [
        _numbers("number", "Trade", "count", number, "i4"),
        _words("instrument", "Instrument", trades, keep, kind="text") if len(result.instruments) > 1 else None,
        _numbers("side", "Side", "side", trades["side"][keep], "i4"),
        _numbers("profit", "Profit", "money", profit, tone=True, help="net of fees and funding"),
        _numbers("share", "Of value", "percent", share, "f4", tone=True, help="profit over the value entered"),
        _times("entry_time", "Entry (UTC)", trades, keep),
        _times("exit_time", "Exit (UTC)", trades, keep),
        _numbers("held", "Held", "span", held / 1e6, help="from the entry's bar to the exit's"),
        _words("entry_reason", "Entered by", trades, keep),
        _words("exit_reason", "Left by", trades, keep),
        _words("tag", "Tag", trades, keep, kind="tag") if any(trades["tag"][keep].tolist()) else None,
        _numbers("quantity", "Quantity", "quantity", trades["quantity"][keep]),
        _numbers("entry_price", "Entry price", "price", trades["entry_price"][keep], help="mean of its fills"),
        _numbers("exit_price", "Exit price", "price", trades["exit_price"][keep], help="mean of its fills"),
        _numbers("fees", "Fees", "money", trades["fees"][keep], "f4"),
        _numbers("funding", "Funding", "money", trades["funding"][keep], "f4", help="received; negative: paid"),
    ]
    shown = [column for column in columns if column is not None]
    return {"rows": len(profit), "columns": shown, "sort": ["number", "descending"], "pick": "Show trade", "size": 20}


def decisions_of(result: Result) -> tuple[dict[str, Any], int]:
    """The newest changes of signals, or the newest orders of a strategy that acts by itself; how many in all."""
    frame = result.signals if result.signals.rows else result.orders
    keep = slice(max(frame.rows - MOST_DECISIONS, 0), None)
    if not frame.rows:
        return {"rows": 0, "columns": []}, 0
    columns = [_times("time", "Time (UTC)", frame, keep), _words("instrument", "Instrument", frame, keep)]
    if frame is result.signals:
        columns.append(_numbers("strength", "Strength", "number", frame["strength"][keep], "f4", help=STRENGTH))
    else:
        columns += [
            _words("kind", "Order", frame, keep),
            _numbers("lots", "Lots", "count", frame["lots"][keep], help="negative: sold"),
        ]
    columns += [
        _numbers(name, label, "number" if name == "trailing" else "price", frame[name][keep])
        for name, label in PRICES.items()
        if name in frame and np.isfinite(frame[name][keep]).any()
    ]
    if "state" in frame:
        columns.append(_words("state", "Ended", frame, keep))
    if "tag" in frame and any(frame["tag"][keep].tolist()):
        columns.append(_words("tag", "Tag", frame, keep, kind="tag"))
    shown = min(frame.rows, MOST_DECISIONS)
    return {"rows": shown, "columns": columns, "sort": ["time", "descending"], "size": 15}, frame.rows


def refusals_of(result: Result) -> tuple[dict[str, Any], int]:
    """Vetoes of risk checks and orders the venue rejected, the newest, and how many there were in all."""
    vetoes, orders = result.vetoes, result.orders
    names = ("time", "instrument", "check", "reason")
    rows = list(zip(*(vetoes[name].tolist() for name in names), strict=True)) if vetoes.rows else []
    if orders.rows and "state" in orders:
        refused = np.flatnonzero(orders["state"] == "rejected")
        told = (orders[name][refused].tolist() for name in ("time", "instrument", "fault"))
        rows += [(time, symbol, "venue", fault) for time, symbol, fault in zip(*told, strict=True)]
    rows.sort(key=lambda row: row[0])
    kept = rows[-MOST_DECISIONS:]
    columns = [
        {
            "key": "time",
            "label": "Time (UTC)",
            "kind": "time",
            "values": packed(np.array([row[0] for row in kept]) / 1e6),
        },
        *(
            {"key": key, "label": label, "kind": kind, "values": words([row[place] for row in kept])}
            for place, key, label, kind in (
                (1, "instrument", "Instrument", "text"),
                (2, "check", "Refused by", "text"),
                (3, "reason", "Why", "words"),
            )
        ),
    ]
    return {"rows": len(kept), "columns": columns, "sort": ["time", "descending"], "size": 15}, len(rows)


def _numbers(key: str, label: str, kind: str, values: Any, dtype: str = "f8", **more: Any) -> dict[str, Any]:
    return {"key": key, "label": label, "kind": kind, "values": packed(values, dtype), **more}


def _times(key: str, label: str, frame: Frame, keep: slice) -> dict[str, Any]:
    return {"key": key, "label": label, "kind": "time", "values": packed(frame[key][keep] / 1e6)}


def _words(key: str, label: str, frame: Frame, keep: slice, *, kind: str = "text") -> dict[str, Any]:
    values = frame[key][keep].tolist()
    if key.endswith("_reason"):
        values = [str(value).replace("_", " ") for value in values]
    return {"key": key, "label": label, "kind": kind, "values": words(values)}
