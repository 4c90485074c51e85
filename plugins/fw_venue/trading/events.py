"""What the exchange tells the holder of a listen key: one function for each kind of user-data event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fw_venue.trading.order import Conditional, Placed, Traded
from fw_venue.trading.standing import Standing
from fw_venue.trading.writing import money_text, price_text, size_text

Event = dict[str, Any]


def order_update(order: Placed, execution: str, now: int, trade: Traded | None = None) -> Event:
    """ORDER_TRADE_UPDATE; `execution` is NEW, TRADE, CANCELED, EXPIRED, AMENDMENT or CALCULATED."""
    its = order.contract
    last, paid = (0, 0.0) if trade is None else (trade.lots, trade.price)
    inner = {
        "s": order.symbol,
        "c": order.client,
        "S": order.side,
        "o": order.kind,
        "f": order.force,
        "q": size_text(its, order.lots),
        "p": price_text(its, order.price),
        "ap": order.average_text(),
        "sp": price_text(its, order.stop),
        "x": execution,
        "X": order.status,
        "i": order.id,
        "l": size_text(its, last),
        "z": size_text(its, order.filled),
        "L": price_text(its, paid),
        "N": its.rules.settle,
        "n": money_text(0.0 if trade is None else trade.fee),
        "T": now,
        "t": 0 if trade is None else trade.id,
        "b": "0",
        "a": "0",
        "m": trade is not None and trade.maker,
        "R": order.reduce_only,
        "wt": order.working,
        "ot": order.origin or order.kind,
        "ps": "BOTH",
        "cp": order.close_all,
        "AP": "0",
        "cr": "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": money_text(0.0 if trade is None else trade.realised),
        "V": "EXPIRE_MAKER",
        "pm": order.match,
        "gtd": order.good_till,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": now, "T": now, "o": inner}


def trade_lite(order: Placed, trade: Traded) -> Event:
    """TRADE_LITE: a fill in few words, sent before all others."""
    its = order.contract
    return {
        "e": "TRADE_LITE",
        "E": trade.time,
        "T": trade.time,
        "s": order.symbol,
        "q": size_text(its, order.lots),
        "p": price_text(its, order.price),
        "m": trade.maker,
        "c": order.client,
        "S": order.side,
        "L": price_text(its, trade.price),
        "l": size_text(its, trade.lots),
        "t": trade.id,
        "i": order.id,
    }


def account_update(
    reason: str,
    now: int,
    standing: Standing,
    symbols: Iterable[str],
    *,
    realised: Mapping[str, float],
    change: float = 0.0,
) -> Event:
    """ACCOUNT_UPDATE; `symbols`: whose positions have changed; `change` of the balance, but for profits and fees."""
    balance = {
        "a": standing.asset,
        "wb": money_text(standing.wallet),
        "cw": money_text(standing.cross_wallet),
        "bc": money_text(change),
    }
    positions = []
    for symbol in symbols:
        its = standing.positions[symbol]
        positions.append(
            {
                "s": symbol,
                "pa": size_text(its.contract, its.lots),
                "ep": price_text(its.contract, round(its.entry, 8)),
                "bep": price_text(its.contract, round(its.break_even, its.contract.price_digits + 1)),
                "cr": money_text(realised.get(symbol, 0.0)),
                "up": money_text(its.unrealised),
                "mt": "isolated" if standing.isolated else "cross",
                "iw": money_text(its.margin),
                "ps": "BOTH",
            }
        )
    return {"e": "ACCOUNT_UPDATE", "E": now, "T": now, "a": {"m": reason, "B": [balance], "P": positions}}


def algo_update(its: Conditional, now: int) -> Event:
    """ALGO_UPDATE: where a conditional order is in its life."""
    order, contract = its.order, its.contract
    inner: dict[str, Any] = {
        "caid": its.client,
        "aid": its.id,
        "at": "CONDITIONAL",
        "o": its.kind,
        "s": its.symbol,
        "S": its.side,
        "ps": "BOTH",
        "f": its.force,
        "q": size_text(contract, its.lots),
        "X": its.status,
        "ai": "" if order is None else str(order.id),
        "ap": "0.00000" if order is None else f"{order.average:.5f}",
        "aq": "0.00000" if order is None else size_text(contract, order.filled),
        "act": "0" if order is None else order.kind,
        "tp": price_text(contract, 0.0 if its.is_trailing else its.trigger),
        "p": price_text(contract, its.price),
        "V": "EXPIRE_MAKER",
        "wt": its.working,
        "pm": "NONE",
        "cp": its.close_all,
        "pP": False,
        "R": its.reduce_only,
        "tt": its.triggered,
        "gtd": its.good_till,
    }
    if its.status == "TRIGGERING":  # the exchange leaves out what is not known yet
        for name in ("ap", "aq", "act"):
            del inner[name]
    if its.reason:
        inner["rm"] = its.reason
    return {"e": "ALGO_UPDATE", "T": now, "E": now, "o": inner}


def leverage_update(symbol: str, leverage: int, now: int) -> Event:
    """ACCOUNT_CONFIG_UPDATE of a contract's leverage."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": now, "T": now, "ac": {"s": symbol, "l": leverage}}


def margin_call(standing: Standing, now: int) -> Event:
    """MARGIN_CALL: what is held is near its end."""
    held = [its for its in standing.positions.values() if its.lots]
    rows = [
        {
            "s": its.contract.symbol,
            "ps": "BOTH",
            "pa": size_text(its.contract, its.lots),
            "mt": "ISOLATED" if standing.isolated else "CROSSED",
            "iw": money_text(its.margin),
            "mp": money_text(its.mark),
            "up": money_text(its.unrealised),
            "mm": money_text(its.maintenance),
        }
        for its in held
    ]
    event: Event = {"e": "MARGIN_CALL", "E": now}
    if not standing.isolated:
        event["cw"] = money_text(standing.cross_wallet)
    return event | {"p": rows}


def key_expired(key: str, now: int) -> Event:
    """listenKeyExpired: the socket stays open, and hears nothing any more."""
    return {"e": "listenKeyExpired", "E": now, "listenKey": key}
