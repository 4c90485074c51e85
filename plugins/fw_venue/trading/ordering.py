"""The order endpoints: one order or several, placed, changed, looked at and withdrawn."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fw_venue.answers import Asked, Refusal
from fw_venue.routes import Routes
from fw_venue.trading.accounts import Accounts
from fw_venue.trading.book import OrderBook
from fw_venue.trading.order import Placed
from fw_venue.trading.reading import amendment, new_order, tape_of

ORDER, BATCH = "/fapi/v1/order", "/fapi/v1/batchOrders"
WEEK = 7 * 86_400_000
DONE = {"code": 200, "msg": "The operation of cancel all open order is done."}


class Ordering:
    """Orders over REST, of whatever account the key belongs to."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def add_to(self, routes: Routes) -> None:
        """Serve its paths."""
        signed = {"security": "signed"}
        routes.add("POST", ORDER, self.place, weight=0, orders=1, **signed)
        routes.add("PUT", ORDER, self.amend, orders=1, **signed)
        routes.add("DELETE", ORDER, self.cancel, **signed)
        routes.add("GET", ORDER, self.order, **signed)
        routes.add("GET", "/fapi/v1/openOrder", self.open_order, **signed)
        routes.add("GET", "/fapi/v1/openOrders", self.open_orders, weight=_one_or_all, **signed)
        routes.add("GET", "/fapi/v1/allOrders", self.all_orders, weight=5, **signed)
        routes.add("DELETE", "/fapi/v1/allOpenOrders", self.cancel_all, **signed)
        routes.add("POST", BATCH, self.place_several, weight=5, orders=_several, **signed)
        routes.add("PUT", BATCH, self.amend_several, weight=5, orders=_several, **signed)
        routes.add("DELETE", BATCH, self.cancel_several, **signed)
        routes.add("POST", "/fapi/v1/order/test", self.test, weight=0, **signed)
        routes.add("POST", "/fapi/v1/countdownCancelAll", self.countdown, weight=10, **signed)

    def place(self, asked: Asked) -> dict[str, Any]:
        """A new order; acknowledged, or with what became of it at once."""
        account = self._accounts.of(asked)
        respond = asked.params.get("newOrderRespType", "ACK")
        if respond not in ("ACK", "RESULT"):
            raise Refusal(-1102, "Mandatory parameter 'newOrderRespType' was not sent, was empty/null, or malformed.")
        account.wake()
        order = new_order(asked, account)
        account.place(order)
        self._accounts.watch()
        if respond == "RESULT" and (order.kind == "MARKET" or order.force in ("IOC", "FOK")):
            return order.shown()
        return _as_new(order)

    def test(self, asked: Asked) -> dict[str, Any]:
        """Whether an order would be taken, without placing it."""
        account = self._accounts.of(asked)
        new_order(asked, account)
        return {}

    def amend(self, asked: Asked) -> dict[str, Any]:
        """Another size or price for an open order."""
        account = self._accounts.of(asked)
        account.wake()
        order = self._found(asked, -2013, "Order does not exist.")
        if not order.is_open:
            raise Refusal(-2013, "Order does not exist.")
        lots, price = amendment(asked, account, order)
        account.amend(order, lots=lots, price=price)
        return order.shown()

    def cancel(self, asked: Asked) -> dict[str, Any]:
        """Withdraw an open order."""
        account = self._accounts.of(asked)
        account.wake()
        order = self._found(asked, -2011, "Unknown order sent.")
        if not order.is_open:
            raise Refusal(-2011, "Unknown order sent.")
        account.cancel(order)
        return order.shown()

    def order(self, asked: Asked) -> dict[str, Any]:
        """One order, open or not."""
        return self._found(asked, -2013, "Order does not exist.").shown(queried=True)

    def open_order(self, asked: Asked) -> dict[str, Any]:
        """One open order."""
        order = self._found(asked, -2013, "Order does not exist.")
        if not order.is_open:
            raise Refusal(-2013, "Order does not exist.")
        return order.shown(queried=True)

    def open_orders(self, asked: Asked) -> list[dict[str, Any]]:
        """All that may fill, of one contract or of all."""
        account = self._accounts.of(asked)
        symbol = tape_of(asked, account.tapes).symbol if asked.params.get("symbol") else ""
        return [order.shown(queried=True) for order in account.book.open(symbol)]

    def all_orders(self, asked: Asked) -> list[dict[str, Any]]:
        """Orders of a week, from an id or a time on, else the newest."""
        account = self._accounts.of(asked)
        symbol = tape_of(asked, account.tapes).symbol if asked.params.get("symbol") else ""
        limit, number, (start, end) = asked.limit(500, 1000), asked.number("orderId"), week(asked)
        found = [
            its
            for its in account.book.orders.values()
            if symbol in ("", its.symbol) and OrderBook.remembers(its, account.now)
        ]
        if number is not None:
            chosen = [its for its in found if its.id >= number][:limit]
        else:
            chosen = cut(found, lambda its: its.time, start, end, limit)
        return [its.shown(queried=True) for its in chosen]

    def cancel_all(self, asked: Asked) -> dict[str, Any]:
        """Withdraw every open order of a contract; conditional ones stay."""
        account = self._accounts.of(asked)
        tape = tape_of(asked, account.tapes)
        account.wake()
        for order in list(account.book.open(tape.symbol)):
            account.cancel(order)
        return DONE

    def countdown(self, asked: Asked) -> dict[str, Any]:
        """Withdraw every open order of a contract unless this is asked again in time; 0 stops it."""
        tape, wait = tape_of(asked, self._accounts.tapes), asked.number("countdownTime")
        if wait is None or wait < 0:
            raise Refusal(-1102, "Mandatory parameter 'countdownTime' was not sent, was empty/null, or malformed.")
        self._accounts.count_down(asked.key or "", tape.symbol, wait)
        return {"symbol": tape.symbol, "countdownTime": str(wait)}

    # several

    def place_several(self, asked: Asked) -> list[dict[str, Any]]:
        """Up to five new orders, each for itself."""
        return self._each(asked, self.place)

    def amend_several(self, asked: Asked) -> list[dict[str, Any]]:
        return self._each(asked, self.amend)

    def cancel_several(self, asked: Asked) -> list[dict[str, Any]]:
        """Up to ten orders, by their ids or by the client's."""
        name, field = "orderIdList", "orderId"
        if not asked.params.get(name):
            name, field = "origClientOrderIdList", "origClientOrderId"
        numbers = _list(asked, name)
        if not 1 <= len(numbers) <= 10:
            raise Refusal(-4082, "Invalid number of batch place orders.")
        rows = [{"symbol": asked.text("symbol"), field: str(number)} for number in numbers]
        return [_answered(self.cancel, asked, row) for row in rows]

    @staticmethod
    def _each(asked: Asked, handler: Callable[[Asked], dict[str, Any]]) -> list[dict[str, Any]]:
        rows = _list(asked, "batchOrders")
        if not 1 <= len(rows) <= 5 or not all(isinstance(row, dict) for row in rows):
            raise Refusal(-4082, "Invalid number of batch place orders.")
        return [_answered(handler, asked, row) for row in rows]

    def _found(self, asked: Asked, code: int, msg: str) -> Placed:
        account = self._accounts.of(asked)
        tape = tape_of(asked, account.tapes)
        number, client = asked.number("orderId"), asked.params.get("origClientOrderId")
        if number is None and not client:
            raise Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
        order = account.book.order(tape.symbol, number, client, now=account.now)
        if order is None:
            raise Refusal(code, msg)
        return order


def week(asked: Asked) -> tuple[int | None, int | None]:
    """startTime and endTime, no more than seven days apart."""
    start, end = asked.span()
    if start is not None and end is not None and end - start > WEEK:
        raise Refusal(-4165, "Invalid time interval; the maximum time interval is 7 days.")
    return start, end


def cut(
    rows: list[Any], time: Callable[[Any], int], start: int | None, end: int | None, limit: int, now: int | None = None
) -> list[Any]:
    """Rows of [start, end], or of a week after one or before the other; without a start the newest."""
    if start is not None and end is None:
        end = start + WEEK
    if end is not None and start is None:
        start = end - WEEK
    found = [row for row in rows if (start is None or time(row) >= start) and (end is None or time(row) <= end)]
    return found[:limit] if start is not None else found[-limit:]


def _as_new(order: Placed) -> dict[str, Any]:
    """An order as it is acknowledged, whatever has become of it since."""
    body = order.shown()
    if order.is_open and not order.filled:
        return body
    nothing = Placed(
        contract=order.contract,
        client=order.client,
        side=order.side,
        kind=order.kind,
        lots=order.lots,
    ).shown()
    same = ("status", "avgPrice", "executedQty", "cumQty", "cumQuote")
    return body | {name: nothing[name] for name in same}


def _answered(handler: Callable[[Asked], dict[str, Any]], asked: Asked, row: Mapping[str, Any]) -> dict[str, Any]:
    one = Asked(method=asked.method, path=ORDER, params={name: _text(value) for name, value in row.items()})
    one.key = asked.key
    try:
        return handler(one)
    except Refusal as refusal:
        return refusal.body


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(asked: Asked, name: str) -> list[Any]:
    try:
        rows = json.loads(asked.text(name))
    except ValueError:
        rows = None
    if not isinstance(rows, list):
        raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    return rows


def _several(asked: Asked) -> int:
    try:
        return len(_list(asked, "batchOrders"))
    except Refusal:
        return 1


def _one_or_all(asked: Asked) -> int:
    return 1 if asked.params.get("symbol") else 40
