"""Every change of an account's money, as its history of income tells it: their sum is all that was won and lost."""

from __future__ import annotations

from typing import Any

import attrs

from fw_venue.trading.order import Traded
from fw_venue.trading.writing import money_text


@attrs.frozen
class Entry:
    """One change of the wallet."""

    kind: str
    """REALIZED_PNL, COMMISSION, FUNDING_FEE or INSURANCE_CLEAR."""
    amount: float
    """Settlement currency; below zero it was paid."""
    symbol: str
    time: int
    """ms."""
    id: int
    trade: str
    """Id of the trade behind it, or nothing."""

    def shown(self, asset: str) -> dict[str, Any]:
        """As REST answers."""
        return {
            "symbol": self.symbol,
            "incomeType": self.kind,
            "income": money_text(self.amount),
            "asset": asset,
            "info": self.kind,
            "time": self.time,
            "tranId": self.id,
            "tradeId": self.trade,
        }


class Income:
    """The entries of one account. Mutable: they come."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, kind: str, amount: float, symbol: str, time: int, number: int, trade: str = "") -> None:
        """Note a change of the wallet; nothing is no change."""
        if amount:
            self.entries.append(Entry(kind, amount, symbol, time, number, trade))

    def add_trade(self, trade: Traded) -> None:
        """What a fill realised, and its fee."""
        symbol = trade.order.symbol
        self.add("REALIZED_PNL", trade.realised, symbol, trade.time, trade.id, str(trade.id))
        fee = "INSURANCE_CLEAR" if trade.forced else "COMMISSION"
        self.add(fee, -trade.fee, symbol, trade.time, trade.id, str(trade.id))
