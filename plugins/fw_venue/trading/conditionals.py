"""The algo endpoints: conditional orders, which have ids and lists of their own."""

from __future__ import annotations

from typing import Any

from fw_venue.answers import Asked, Refusal
from fw_venue.routes import Routes
from fw_venue.trading.accounts import Accounts
from fw_venue.trading.order import Conditional
from fw_venue.trading.ordering import cut, week
from fw_venue.trading.reading import new_conditional, tape_of

PATH = "/fapi/v1/algoOrder"


class Conditionals:
    """Conditional orders over REST."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def add_to(self, routes: Routes) -> None:
        """Serve its paths."""
        signed = {"security": "signed"}
        routes.add("POST", PATH, self.place, weight=0, orders=1, **signed)
        routes.add("DELETE", PATH, self.cancel, **signed)
        routes.add("GET", PATH, self.one, **signed)
        routes.add("GET", "/fapi/v1/openAlgoOrders", self.open, weight=_one_or_all, **signed)
        routes.add("GET", "/fapi/v1/allAlgoOrders", self.all, weight=5, **signed)
        routes.add("DELETE", "/fapi/v1/algoOpenOrders", self.cancel_all, **signed)

    def place(self, asked: Asked) -> dict[str, Any]:
        """A new conditional order."""
        account = self._accounts.of(asked)
        account.wake()
        its = new_conditional(asked, account)
        account.place_conditional(its)
        self._accounts.watch()
        return its.shown()

    def cancel(self, asked: Asked) -> dict[str, Any]:
        """Withdraw one that waits for its trigger."""
        account = self._accounts.of(asked)
        account.wake()
        its = self._found(asked)
        if its is None or not its.is_open:
            raise Refusal(-2011, "Unknown order sent.")
        account.cancel(its)
        return {"algoId": its.id, "clientAlgoId": its.client, "code": "200", "msg": "success"}

    def one(self, asked: Asked) -> dict[str, Any]:
        """One order, waiting or not."""
        its = self._found(asked)
        if its is None:
            raise Refusal(-2013, "Order does not exist.")
        return its.shown(queried=True)

    def open(self, asked: Asked) -> list[dict[str, Any]]:
        """All that wait for their trigger, of one contract or of all."""
        account = self._accounts.of(asked)
        symbol = tape_of(asked, account.tapes).symbol if asked.params.get("symbol") else ""
        number = asked.number("algoId")
        return [its.shown(queried=True) for its in account.book.waiting(symbol) if number in (None, its.id)]

    def all(self, asked: Asked) -> list[dict[str, Any]]:
        """Those of a week, from an id or a time on, else the newest."""
        account = self._accounts.of(asked)
        symbol = tape_of(asked, account.tapes).symbol
        limit, number, (start, end) = asked.limit(500, 1000), asked.number("algoId"), week(asked)
        found = [its for its in account.book.conditionals.values() if its.symbol == symbol]
        if number is not None:
            chosen = [its for its in found if its.id >= number][:limit]
        else:
            chosen = cut(found, lambda its: its.time, start, end, limit)
        return [its.shown(queried=True) for its in chosen]

    def cancel_all(self, asked: Asked) -> dict[str, Any]:
        """Withdraw all of a contract that wait."""
        account = self._accounts.of(asked)
        tape = tape_of(asked, account.tapes)
        account.wake()
        for its in list(account.book.waiting(tape.symbol)):
            account.cancel(its)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _found(self, asked: Asked) -> Conditional | None:
        number = asked.number("algoId")
        client = next((asked.params[name] for name in ("clientAlgoId", "clientalgoid") if asked.params.get(name)), None)
        if number is None and not client:
            raise Refusal(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
        return self._accounts.of(asked).book.conditional(number, client)


def _one_or_all(asked: Asked) -> int:
    return 1 if asked.params.get("symbol") else 40
