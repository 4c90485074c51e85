"""What the ledger did for an account, looked up after each of its steps and told in the exchange's words and order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from fw_venue.trading import events
from fw_venue.trading.order import Conditional, Placed, Traded
from fw_venue.trading.standing import Standing

if TYPE_CHECKING:
    from fw_venue.trading.account import Account

SAYS = {
    -2019: "Margin is insufficient.",
    -2021: "Order would immediately trigger.",
    -2022: "ReduceOnly Order is rejected.",
    -2023: "User in liquidation mode now.",
    -2027: "Exceeded the maximum allowable position at current leverage.",
    -4005: "Quantity greater than max quantity.",
    -4016: "Limit price can't be higher than the mark price allows.",
    -4024: "Limit price can't be lower than the mark price allows.",
    -4130: "An open stop or take profit order with GTE and closePosition in the direction is existing.",
    -4164: "Order's notional must be no smaller than the least (unless you choose reduce only).",
    -5021: "Due to the order could not be filled immediately, the FOK order has been rejected. "
    "The order will not be recorded in the order history",
    -5022: "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history",
}
"""What the exchange says with its codes."""

ALARM = 0.8
"""Share of maintenance in the balance from which on an account is warned."""


class Aftermath:
    """Turns rows of the ledger into orders, trades, income and events. Mutable: it remembers what it has told."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._symbols = list(account.tapes)
        self._fills = self._payments = 0
        self._held = dict.fromkeys(account.tapes, (0, 0.0))
        self._shortfall = 0.0
        self._warned = False

    def report(self, moment: int) -> None:
        """Tell what the ledger has done since it was last looked at."""
        simulation = self._account.simulation
        payments = simulation.payments[self._payments : simulation.count("payments")]
        fills = simulation.fills[self._fills :]
        if len(payments):
            self._payments += len(payments)
            self._paid(payments, moment)
        if len(fills) or self._account.book.working:
            self._orders(fills, moment)
        positions = simulation.positions
        rows = zip(self._symbols, positions["lots"].tolist(), positions["entry"].tolist(), strict=True)
        self._held = {symbol: (lots, entry) for symbol, lots, entry in rows}
        if positions["lots"].any():
            self._warn(moment)

    def _orders(self, fills: Any, moment: int) -> None:
        """What became of orders, in the order in which the exchange would tell it."""
        from fw.ledger import kinds

        if any(row["reason"] == kinds.LIQUIDATION for row in fills):
            self._ends(moment)  # before it takes a position, the exchange withdraws its orders
        self._resized(moment)
        later = sum(float(row["realised"]) - float(row["fee"]) for row in fills)
        for row in fills:
            self._fills += 1
            later -= float(row["realised"]) - float(row["fee"])
            self._hold(row)
            self._filled(row, moment, None if self._fills == len(self._account.simulation.fills) else later)
        self._triggers(moment)
        self._ends(moment)

    def _hold(self, row: Any) -> None:
        """Follow a position fill by fill, where one price brings several; after the last the ledger's word counts."""
        symbol, lots, price = self._symbols[int(row["instrument"])], int(row["lots"]), float(row["price"])
        before, entry = self._held[symbol]
        after = before + lots
        if before * lots >= 0:
            entry = (abs(before) * entry + abs(lots) * price) / abs(after)
        elif after * before < 0:
            entry = price
        self._held[symbol] = after, entry if after else 0.0

    def _standing(self, later: float | None) -> Standing:
        """The account after a fill; fills of the same price that are still to be told add `later` to its wallet."""
        final = self._account.standing()
        if later is None:
            return final
        positions = {
            symbol: attrs.evolve(its, lots=self._held[symbol][0], entry=self._held[symbol][1])
            for symbol, its in final.positions.items()
        }
        return attrs.evolve(final, wallet=final.wallet - later, positions=positions)

    def _paid(self, payments: Any, moment: int) -> None:
        change = 0.0
        symbols = []
        for row in payments:
            symbol = self._symbols[int(row["instrument"])]
            self._account.income.add("FUNDING_FEE", float(row["amount"]), symbol, moment, self._account.next_id())
            symbols.append(symbol)
            change += float(row["amount"])
        self._account.say_account("FUNDING_FEE", symbols if self._account.isolated else (), change=change)

    def _filled(self, row: Any, moment: int, later: float | None) -> None:
        """One fill, of an order of the client's or of a liquidation."""
        from fw.ledger import kinds

        symbol, number = self._symbols[int(row["instrument"])], int(row["order"])
        its = self._account.book.of_row(number) if number >= 0 else None
        forced = its is None
        if isinstance(its, Conditional):
            self._trigger(its, moment)
            order = its.order
            assert order is not None
        else:
            order = its or self._forced(symbol, row, moment)
        taken = number < 0 or order.kind == "MARKET"
        if not taken:  # a limit order takes only where it meets the market for the first time
            ledgers = self._account.simulation.orders[number]
            taken = int(row["bar"]) in (int(ledgers["since"]) + 1, int(ledgers["triggered"]))
        trade = Traded(
            id=self._account.next_id(),
            order=order,
            lots=abs(int(row["lots"])),
            price=float(row["price"]),
            realised=float(row["realised"]),
            fee=float(row["fee"]),
            maker=not taken,
            time=moment,
            forced=int(row["reason"]) == kinds.LIQUIDATION,
        )
        self._account.book.trades.append(trade)
        self._account.income.add_trade(trade)
        order.filled += trade.lots
        order.worth += trade.lots * order.contract.rules.lot * trade.price
        order.updated = self._account.updated[symbol] = moment
        order.status = "FILLED" if order.filled == order.lots else "PARTIALLY_FILLED"
        self._account.realised[symbol] += trade.realised
        self._account.say(events.trade_lite(order, trade))
        standing = self._standing(later)
        self._account.say(events.account_update("ORDER", moment, standing, [symbol], realised=self._account.realised))
        self._account.say(events.order_update(order, "CALCULATED" if forced else "TRADE", moment, trade))
        if forced:
            self._cover(moment)

    def _cover(self, moment: int) -> None:
        """What a liquidation left below nothing, the insurance fund has paid."""
        total = float(self._account.simulation.account["shortfall"][0])
        if total != self._shortfall:
            change, self._shortfall = total - self._shortfall, total
            self._account.income.add("INSURANCE_CLEAR", change, "", moment, self._account.next_id())
            self._account.say_account("INSURANCE_CLEAR", (), change=change)

    def _forced(self, symbol: str, row: Any, moment: int) -> Placed:
        """The order by which the exchange closes a position that has no margin left."""
        number = self._account.next_id()
        order = Placed(
            contract=self._account.tapes[symbol].contract,
            client=f"autoclose-{moment}{number % 1_000_000:06d}",
            side="BUY" if row["lots"] > 0 else "SELL",
            kind="LIMIT",
            force="IOC",
            lots=abs(int(row["lots"])),
            price=float(row["price"]),
            id=number,
            time=moment,
            updated=moment,
        )
        self._account.book.add(order)
        return order

    def _resized(self, moment: int) -> None:
        """Reduce-only orders that have shrunk with their position."""
        orders = self._account.simulation.orders
        for its in self._account.book.working.values():
            order = its if isinstance(its, Placed) else its.order
            if order is not None and order.is_open and abs(int(orders[its.row]["lots"])) != order.lots:
                order.lots = abs(int(orders[its.row]["lots"]))
                order.updated = moment
                self._account.say(events.order_update(order, "AMENDMENT", moment))

    def _triggers(self, moment: int) -> None:
        from fw.ledger import kinds

        for its in list(self._account.book.working.values()):
            row = self._account.simulation.orders[its.row]
            if isinstance(its, Conditional) and row["triggered"] >= 0 and its.is_open:
                if row["state"] == kinds.REJECTED:
                    self._reject(its, kinds.CODES[int(row["fault"])], moment)
                else:
                    self._trigger(its, moment)

    def _trigger(self, its: Conditional, moment: int) -> None:
        """Its trigger was reached: tell so, and of the order that is placed."""
        if its.order is not None:
            return
        its.status, its.triggered, its.updated = "TRIGGERING", moment, moment
        self._account.say(events.algo_update(its, moment))
        lots = abs(int(self._account.simulation.orders[its.row]["lots"]))
        its.order = Placed(
            contract=its.contract,
            client=its.client,
            side=its.side,
            kind=its.places,
            lots=lots,
            price=its.price,
            force=its.force,
            reduce_only=its.reduce_only or its.close_all,
            origin=its.kind,
            stop=its.trigger,
            close_all=its.close_all,
            working=its.working,
            good_till=its.good_till,
            id=self._account.next_id(),
            row=its.row,
            time=moment,
            updated=moment,
        )
        self._account.book.add(its.order)
        its.status = "TRIGGERED"
        self._account.say(events.algo_update(its, moment))
        self._account.say(events.order_update(its.order, "NEW", moment))

    def _reject(self, its: Conditional, code: int, moment: int) -> None:
        its.status, its.triggered, its.updated = "TRIGGERING", moment, moment
        self._account.say(events.algo_update(its, moment))
        its.status, its.reason = "REJECTED", SAYS.get(code, "Order rejected.")
        self._account.say(events.algo_update(its, moment))
        del self._account.book.working[its.row]

    def _ends(self, moment: int) -> None:
        """What is over by now."""
        from fw.ledger import kinds

        for its in list(self._account.book.working.values()):
            state = int(self._account.simulation.orders[its.row]["state"])
            if state in (kinds.CANCELLED, kinds.EXPIRED, kinds.REJECTED, kinds.FILLED):
                self.end(its, "CANCELED" if state == kinds.CANCELLED else "EXPIRED", moment)

    def end(self, its: Placed | Conditional, status: str, moment: int) -> None:
        """Tell the end of an order; of a filled one it has been told."""
        self._account.book.working.pop(its.row, None)
        order = its if isinstance(its, Placed) else its.order
        if order is not None and order.is_open:
            order.status, order.updated = status, moment
            self._account.say(events.order_update(order, status, moment))
        if isinstance(its, Conditional):
            its.status = status if order is None else "FINISHED"
            its.updated = moment
            self._account.say(events.algo_update(its, moment))

    def _warn(self, moment: int) -> None:
        """Warn once each time the margin runs low."""
        standing = self._account.standing()
        if standing.ratio < ALARM:
            self._warned = False
        elif not self._warned:
            self._warned = True
            self._account.say(events.margin_call(standing, moment))
