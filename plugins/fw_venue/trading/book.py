"""What an account has ordered and traded, found by id, by client id or by its row in the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from fw_venue.answers import Refusal
from fw_venue.trading.order import Conditional, Placed, Traded

DAY = 86_400_000
FORGOTTEN = 3 * DAY, 90 * DAY
"""ms after which an order that came to nothing is gone, and any other."""


class OrderBook:
    """Orders, conditional orders and trades of one account. Mutable: they come."""

    def __init__(self) -> None:
        self.orders: dict[int, Placed] = {}
        self.conditionals: dict[int, Conditional] = {}
        self.trades: list[Traded] = []
        self._rows: dict[int, Placed | Conditional] = {}
        self.working: dict[int, Placed | Conditional] = {}
        """By row, those that are not over."""

    def add(self, its: Placed | Conditional) -> None:
        """Keep an order; one that has a row in the ledger works there."""
        if isinstance(its, Conditional):
            self.conditionals[its.id] = its
        else:
            self.orders[its.id] = its
        if its.row >= 0 and its.row not in self._rows:
            self._rows[its.row] = self.working[its.row] = its

    def of_row(self, row: int) -> Placed | Conditional | None:
        """Whose row it is; None for the ledger's own."""
        return self._rows.get(row)

    def open(self, symbol: str = "") -> Iterator[Placed]:
        """Orders that may fill, of one contract or of all."""
        for its in self.working.values():
            order = its.order if isinstance(its, Conditional) else its
            if order is not None and order.is_open and symbol in ("", order.symbol):
                yield order

    def waiting(self, symbol: str = "") -> Iterator[Conditional]:
        """Conditional orders that wait for their trigger."""
        for its in self.working.values():
            if isinstance(its, Conditional) and its.is_open and symbol in ("", its.symbol):
                yield its

    def order(self, symbol: str, number: int | None, client: str | None, *, now: int) -> Placed | None:
        """By its id, or else the newest under a client id; None where it is unknown, or forgotten."""
        if number is not None:
            found = self.orders.get(number)
        else:
            found = next((its for its in reversed(self.orders.values()) if its.client == client), None)
        if found is None or found.symbol != symbol:
            return None
        return found if self.remembers(found, now) else None

    @staticmethod
    def remembers(order: Placed, now: int) -> bool:
        """Whether it is still to be had: an order that came to nothing is gone sooner."""
        return order.is_open or now - order.updated <= FORGOTTEN[order.filled != 0]

    def conditional(self, number: int | None, client: str | None) -> Conditional | None:
        """By its id, or else the newest under a client id."""
        if number is not None:
            return self.conditionals.get(number)
        return next((its for its in reversed(self.conditionals.values()) if its.client == client), None)

    def refuse_duplicate(self, client: str, *, conditional: bool) -> None:
        """A client id must be unique among what is open, and only there."""
        open_ones = self.waiting() if conditional else self.open()
        if any(its.client == client for its in open_ones):
            raise Refusal(-4116, "ClientOrderId is duplicated.")
