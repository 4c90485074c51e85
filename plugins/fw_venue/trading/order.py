"""An order as the exchange keeps and tells it; what fills it, and when, the ledger alone decides."""

from __future__ import annotations

from typing import Any

import attrs

from fw_venue.contracts import Contract
from fw_venue.trading.writing import money_text, price_text, size_text

OPEN = ("NEW", "PARTIALLY_FILLED")
NOBODY = "NONE"


@attrs.define(kw_only=True)  # mutable: an order has a life
class Placed:
    """One order of the order endpoints, or the one that a conditional order's trigger has placed."""

    contract: Contract
    client: str
    side: str
    kind: str
    """LIMIT or MARKET."""
    lots: int
    """All of it, without a sign."""
    price: float = 0.0
    force: str = "GTC"
    reduce_only: bool = False
    match: str = NOBODY
    good_till: int = 0
    """ms; 0: until it is cancelled."""
    origin: str = ""
    """Its type before a trigger made another one of it."""
    stop: float = 0.0
    close_all: bool = False
    working: str = "CONTRACT_PRICE"
    id: int = 0
    row: int = -1
    """In the ledger's orders."""
    time: int = 0
    """ms; so is the next."""
    updated: int = 0
    status: str = "NEW"
    filled: int = 0
    worth: float = 0.0
    """Of what has filled, settlement currency."""
    amended: int = 0
    """How often."""

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def rest(self) -> int:
        """Lots that have not filled."""
        return self.lots - self.filled

    @property
    def average(self) -> float:
        """Price of what has filled."""
        return self.worth / (self.filled * self.contract.rules.lot) if self.filled else 0.0

    def average_text(self) -> str:
        digits = self.contract.price_digits + 1
        return f"{self.average:.{digits}f}"

    def shown(self, *, queried: bool = False) -> dict[str, Any]:
        """As REST answers; a query's answer also says when it was placed."""
        its = self.contract
        done = size_text(its, self.filled)
        body: dict[str, Any] = {
            "orderId": self.id,
            "symbol": self.symbol,
            "status": self.status,
            "clientOrderId": self.client,
            "price": price_text(its, self.price),
            "avgPrice": self.average_text(),
            "origQty": size_text(its, self.lots),
            "executedQty": done,
            "cumQty": done,
            "cumQuote": f"{self.worth:.5f}",
            "timeInForce": self.force,
            "type": self.kind,
            "reduceOnly": self.reduce_only,
            "closePosition": self.close_all,
            "side": self.side,
            "positionSide": "BOTH",
            "stopPrice": price_text(its, self.stop),
            "workingType": self.working,
            "priceProtect": False,
            "origType": self.origin or self.kind,
            "priceMatch": self.match,
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "goodTillDate": self.good_till,
            "time": self.time,
            "updateTime": self.updated,
        }
        del body["cumQty" if queried else "time"]
        return body


@attrs.define(kw_only=True)  # mutable: it waits for its trigger, and then for the order that this places
class Conditional:
    """One conditional order, with an id of its own."""

    contract: Contract
    client: str
    side: str
    kind: str
    """STOP, STOP_MARKET, TAKE_PROFIT, TAKE_PROFIT_MARKET or TRAILING_STOP_MARKET."""
    lots: int
    """Nothing, where it closes the position."""
    trigger: float = 0.0
    """Of a trailing stop the price from which on it follows; 0: at once."""
    price: float = 0.0
    callback: str = ""
    """Percent."""
    force: str = "GTC"
    reduce_only: bool = False
    close_all: bool = False
    by_mark: bool = False
    good_till: int = 0
    id: int = 0
    row: int = -1
    time: int = 0
    updated: int = 0
    triggered: int = 0
    """ms."""
    status: str = "NEW"
    reason: str = ""
    """Why it came to nothing."""
    order: Placed | None = None
    """What its trigger placed."""

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    @property
    def sign(self) -> int:
        return 1 if self.side == "BUY" else -1

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its trigger."""
        return self.status == "NEW"

    @property
    def places(self) -> str:
        """The type of order behind its trigger."""
        return "LIMIT" if self.kind in ("STOP", "TAKE_PROFIT") else "MARKET"

    @property
    def is_trailing(self) -> bool:
        return self.kind == "TRAILING_STOP_MARKET"

    @property
    def working(self) -> str:
        return "MARK_PRICE" if self.by_mark else "CONTRACT_PRICE"

    def shown(self, *, queried: bool = False) -> dict[str, Any]:
        """As REST answers; a query's answer also tells of the order behind the trigger."""
        its = self.contract
        body: dict[str, Any] = {
            "algoId": self.id,
            "clientAlgoId": self.client,
            "algoType": "CONDITIONAL",
            "orderType": self.kind,
            "symbol": self.symbol,
            "side": self.side,
            "positionSide": "BOTH",
            "timeInForce": self.force,
            "quantity": size_text(its, self.lots),
            "algoStatus": self.status,
        }
        if queried:
            body |= self._placed()
        body |= {
            "triggerPrice": price_text(its, 0.0 if self.is_trailing else self.trigger),
            "price": price_text(its, self.price),
            "icebergQuantity": None,
        }
        if queried:
            empty = price_text(its, 0.0)
            body |= {"tpTriggerPrice": empty, "tpPrice": empty, "slTriggerPrice": empty, "slPrice": empty}
            body["tpOrderType"] = ""
        body |= {
            "selfTradePreventionMode": "EXPIRE_MAKER",
            "workingType": self.working,
            "priceMatch": NOBODY,
            "closePosition": self.close_all,
            "priceProtect": False,
            "reduceOnly": self.reduce_only,
            "createTime": self.time,
            "updateTime": self.updated,
            "triggerTime": self.triggered,
            "goodTillDate": self.good_till,
        }
        if self.is_trailing or not queried:
            body["activatePrice"] = price_text(its, self.trigger) if self.is_trailing and self.trigger else ""
            body["callbackRate"] = self.callback
        return body

    def _placed(self) -> dict[str, Any]:
        order = self.order
        if order is None:
            return {"actualOrderId": "", "actualPrice": "0.00000"}
        return {
            "actualOrderId": str(order.id),
            "actualPrice": f"{order.average:.5f}",
            "actualQty": size_text(self.contract, order.filled),
            "actualType": order.kind,
        }


@attrs.frozen(kw_only=True)
class Traded:
    """One fill."""

    id: int
    order: Placed
    lots: int
    """Without a sign."""
    price: float
    realised: float
    fee: float
    maker: bool
    time: int
    """ms."""
    forced: bool = False
    """By a liquidation; its fee is the clearance fee."""

    def shown(self) -> dict[str, Any]:
        """As REST answers."""
        its, order = self.order.contract, self.order
        worth = self.lots * its.rules.lot * self.price
        return {
            "symbol": order.symbol,
            "id": self.id,
            "orderId": order.id,
            "side": order.side,
            "price": price_text(its, self.price),
            "qty": size_text(its, self.lots),
            "realizedPnl": money_text(self.realised),
            "quoteQty": f"{worth:.5f}",
            "commission": money_text(self.fee),
            "commissionAsset": its.rules.settle,
            "time": self.time,
            "positionSide": "BOTH",
            "buyer": order.side == "BUY",
            "maker": self.maker,
        }
