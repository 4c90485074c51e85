"""One account: the ledger lives through each moment for it, and what it did is told as the exchange does.

Each moment is a step of the ledger, a bar whose four prices are the moment's. What a client asks for meets one more
step at the newest price, so that a market order has filled when its answer is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.order import Conditions
from fw.domain.time import MILLISECOND, MINUTE
from fw_venue.answers import Refusal
from fw_venue.tape import Tape
from fw_venue.trading import events
from fw_venue.trading.book import OrderBook
from fw_venue.trading.income import Income
from fw_venue.trading.order import Conditional, Placed, Traded
from fw_venue.trading.standing import Held, Standing

if TYPE_CHECKING:
    from fw.ledger.growing import GrowingSimulation
    from fw.parts.broker import Terms

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

TIMES_IN_FORCE = {"GTC": "gtc", "GTD": "gtc", "IOC": "ioc", "FOK": "fok", "GTX": "post_only"}


class Account:
    """The money and the orders behind one API key. Mutable: it lives."""

    def __init__(
        self,
        tapes: Mapping[str, Tape],
        terms: Terms,
        *,
        capital: float,
        clock: Callable[[], int],
        numbers: Iterator[int],
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """`numbers` gives ids that no other order or trade has; `tell` hears every event; `clock` tells ms."""
        from fw.ledger.growing import GrowingSimulation

        self.tapes, self.terms, self.capital = tapes, terms, capital
        self._symbols = list(tapes)
        self._clock, self._numbers, self._tell = clock, numbers, tell
        self.book, self.income = OrderBook(), Income()
        now, size = clock(), next(iter(tapes.values())).series.bars.size
        self.simulation: GrowingSimulation = GrowingSimulation(
            self._prices(now)[:, :, None],
            np.array([now * MILLISECOND - size.ns]),
            size,
            [tape.contract.rules for tape in tapes.values()],
            terms,
            capital=capital,
        )
        self._lived = now
        self.updated = dict.fromkeys(tapes, 0)
        """ms of each position's last change."""
        self.realised = dict.fromkeys(tapes, 0.0)
        """Profit realised of each contract, fees apart."""
        self._fills = self._payments = 0
        self._shortfall = 0.0
        self._warned = False

    # looking

    @property
    def now(self) -> int:
        return self._clock()

    @property
    def leverage(self) -> float:
        return float(self.simulation.account["leverage"][0])

    @property
    def isolated(self) -> bool:
        return bool(self.simulation.account["isolated"][0])

    @property
    def at_stake(self) -> bool:
        """Whether the market can change anything for it."""
        return self.simulation.at_stake

    def lots(self, symbol: str) -> int:
        """What is held, signed."""
        return int(self.simulation.positions[self._symbols.index(symbol)]["lots"])

    def next_id(self) -> int:
        return next(self._numbers)

    def say(self, event: Mapping[str, Any]) -> None:
        """Tell the client something that no order did."""
        self._tell(event)

    def move_margin(self, symbol: str, amount: float) -> None:
        """Give an isolated position of the account's margin, or take it back."""
        simulation = self.simulation
        simulation.positions["margin"][self._symbols.index(symbol)] += amount
        simulation.account["safe"] = -1  # what was known of how long it lasts is known no more
        self.updated[symbol] = self.now
        self._tell(
            events.account_update("MARGIN_TRANSFER", self.now, self.standing(), [symbol], realised=self.realised)
        )

    def standing(self, *, taking: Mapping[str, tuple[float, float]] | None = None) -> Standing:
        """What it is worth at this instant; `taking`: notional of more buys and sales than are open, by symbol."""
        now, positions = self.now, {}
        for k, (symbol, tape) in enumerate(self.tapes.items()):
            row = self.simulation.positions[k]
            bids, asks = (taking or {}).get(symbol, (0.0, 0.0))
            for order in self.book.open(symbol):
                if order.reduce_only:
                    continue
                worth = order.rest * tape.contract.rules.lot * order.price
                bids, asks = (bids + worth, asks) if order.sign > 0 else (bids, asks + worth)
            positions[symbol] = Held(
                contract=tape.contract,
                lots=int(row["lots"]),
                entry=float(row["entry"]),
                mark=tape.mark.price(now),
                margin=float(row["margin"]) if self.isolated and row["lots"] else 0.0,
                leverage=self.leverage,
                taker=self.terms.taker,
                bids=bids,
                asks=asks,
                updated=self.updated[symbol],
            )
        asset = next(iter(self.tapes.values())).contract.rules.settle
        return Standing(asset=asset, wallet=self.simulation.wallet, isolated=self.isolated, positions=positions)

    # time

    def live_through(self, moment: int) -> None:
        """Step to the prices of a moment, ms."""
        self._settle_funding(moment)
        self._step(moment)
        self._expire(moment)

    def wake(self) -> None:
        """Be at the newest price before something is asked; while nothing was at stake no moment was lived through."""
        now = self.now
        if self._lived < now:
            if self.at_stake:
                self.live_through(now)
            else:
                self._step(now)

    def _step(self, moment: int) -> None:
        self.simulation.write(moment * MILLISECOND, moment * MILLISECOND, self._prices(moment))
        self.simulation.advance(self.simulation.steps)
        self._lived = moment
        self._report(moment)

    def _prices(self, moment: int) -> Any:
        prices = np.zeros((len(self.tapes), 9))
        for k, tape in enumerate(self.tapes.values()):
            prices[k, :4] = tape.traded.price(moment)
            prices[k, 5:] = tape.mark.price(moment)
        return prices

    def _settle_funding(self, moment: int) -> None:
        """Stamps since the last moment lived through, at the mark price of each."""
        for k, tape in enumerate(self.tapes.values()):
            stamps = tape.series.funding
            if stamps is None:
                continue
            first, last = stamps.time.searchsorted((self._lived * MILLISECOND, moment * MILLISECOND), side="right")
            for row in range(int(first), int(last)):
                time = int(stamps.time[row])
                mark = tape.mark.price((time - time % MINUTE) // MILLISECOND)
                self.simulation.settle(k, time, float(stamps.value[row]), mark)

    def _expire(self, moment: int) -> None:
        """Orders whose day has come."""
        for its in list(self.book.working.values()):
            if its.good_till and its.good_till <= moment:
                self._withdraw(its, "EXPIRED", moment)

    # orders

    def place(self, order: Placed) -> None:
        """Hand a new order to the ledger, which may fill it at once; Refusal where it does not take it."""
        kind = 1 if order.kind == "LIMIT" else 0
        conditions = None
        if order.force not in ("GTC", "GTD"):
            conditions = Conditions(time_in_force=TIMES_IN_FORCE[order.force])
        order.row = self._write(order, kind=kind, price=order.price, conditions=conditions)
        order.id, order.time, order.updated = self.next_id(), self._lived, self._lived
        state, fault = self._hand_over(order.row)
        if order.force == "FOK" and state == "expired":
            fault = -5021
        if fault:
            raise Refusal(fault, SAYS.get(fault, "Order rejected."))
        self.book.add(order)
        self._tell(events.order_update(order, "NEW", self._lived))
        self._report(self._lived)

    def place_conditional(self, its: Conditional) -> None:
        """Let the ledger watch for a trigger; Refusal where it does not take the order."""
        from fw.ledger import kinds

        name = {
            "STOP_MARKET": "stop",
            "TAKE_PROFIT_MARKET": "take_profit",
            "STOP": "stop_limit",
            "TAKE_PROFIT": "take_profit_limit",
            "TRAILING_STOP_MARKET": "trailing_stop",
        }[its.kind]
        conditions = Conditions(
            limit=its.price or None,
            callback=float(its.callback) / 100.0 if its.callback else None,
            time_in_force=TIMES_IN_FORCE[its.force],
            by_mark=its.by_mark,
            close_position=its.close_all,
        )
        its.row = self._write(its, kind=kinds.ORDER_KINDS.index(name), price=its.trigger, conditions=conditions)
        its.id, its.time, its.updated = self.next_id(), self._lived, self._lived
        _, fault = self._hand_over(its.row)
        if fault:
            raise Refusal(fault, SAYS.get(fault, "Order rejected."))
        self.book.add(its)
        self._tell(events.algo_update(its, self._lived))
        self._report(self._lived)

    def amend(self, order: Placed, *, lots: int, price: float) -> None:
        """Change an open order; it goes to the end of the queue, and may fill or end by that."""
        self.wake()
        new_lots = None if lots == order.lots else lots * order.sign
        new_price = None if price == order.price else price
        self.simulation.amend(order.row, lots=new_lots, price=new_price)
        if lots > order.filled:
            order.lots, order.price = lots, price
            order.amended += 1
            order.updated = self._lived
            self._tell(events.order_update(order, "AMENDMENT", self._lived))
        self._step(self._lived)

    def cancel(self, its: Placed | Conditional) -> None:
        """Withdraw what is open."""
        self.wake()
        if its.is_open:
            self._withdraw(self.book.of_row(its.row) or its, "CANCELED", self._lived)

    def _withdraw(self, its: Placed | Conditional, status: str, moment: int) -> None:
        self.simulation.cancel(self.simulation.steps - 1, its.row)
        self._end(its, status, moment)

    def _write(self, its: Placed | Conditional, *, kind: int, price: float, conditions: Conditions | None) -> int:
        """An order in the ledger's own book; its row."""
        self.wake()
        return self.simulation.add_explicit(
            self.simulation.steps - 1,
            self._symbols.index(its.symbol),
            kind=kind,
            lots=(its.lots or 1) * its.sign,
            price=price,
            expiry=0,
            reduce_only=its.reduce_only or its.close_all,
            conditions=conditions,
        )

    def _hand_over(self, row: int) -> tuple[str, int]:
        """Let an order that is written down meet the newest price: what became of it, and the code of its refusal."""
        from fw.ledger import kinds

        simulation, moment = self.simulation, self._lived
        simulation.place(row)
        simulation.write(moment * MILLISECOND, moment * MILLISECOND, self._prices(moment))
        simulation.advance(simulation.steps)
        found = simulation.orders[row]
        state = kinds.ORDER_STATES[int(found["state"])]
        code = kinds.CODES[int(found["fault"])] if state == "rejected" else 0
        return state, -2019 if code == -2023 else code

    # what came of it

    def _report(self, moment: int) -> None:
        """Tell what the ledger has done since it was last looked at."""
        simulation = self.simulation
        payments = simulation.payments[self._payments : simulation.count("payments")]
        fills = simulation.fills[self._fills :]
        if len(payments):
            self._payments += len(payments)
            self._paid(payments, moment)
        if not len(fills) and not self.book.working:
            return
        from fw.ledger import kinds

        if any(row["reason"] == kinds.LIQUIDATION for row in fills):
            self._ends(moment)  # before it takes a position, the exchange withdraws its orders
        self._resized(moment)
        for row in fills:
            self._fills += 1
            self._filled(row, moment)
        self._triggers(moment)
        self._ends(moment)
        self._warn(moment)

    def _paid(self, payments: Any, moment: int) -> None:
        change = 0.0
        symbols = []
        for row in payments:
            symbol = self._symbols[int(row["instrument"])]
            self.income.add("FUNDING_FEE", float(row["amount"]), symbol, moment, self.next_id())
            symbols.append(symbol)
            change += float(row["amount"])
        self._tell(
            events.account_update(
                "FUNDING_FEE",
                moment,
                self.standing(),
                symbols if self.isolated else (),
                realised=self.realised,
                change=change,
            )
        )

    def _filled(self, row: Any, moment: int) -> None:
        """One fill, of an order of the client's or of a liquidation."""
        from fw.ledger import kinds

        symbol, number = self._symbols[int(row["instrument"])], int(row["order"])
        its = self.book.of_row(number) if number >= 0 else None
        forced = its is None
        if isinstance(its, Conditional):
            self._trigger(its, moment)
            order = its.order
            assert order is not None
        else:
            order = its or self._forced(symbol, row, moment)
        taken = number < 0 or order.kind == "MARKET"
        if not taken:  # a limit order takes only where it meets the market for the first time
            ledgers = self.simulation.orders[number]
            taken = int(row["bar"]) in (int(ledgers["since"]) + 1, int(ledgers["triggered"]))
        trade = Traded(
            id=self.next_id(),
            order=order,
            lots=abs(int(row["lots"])),
            price=float(row["price"]),
            realised=float(row["realised"]),
            fee=float(row["fee"]),
            maker=not taken,
            time=moment,
            forced=int(row["reason"]) == kinds.LIQUIDATION,
        )
        self.book.trades.append(trade)
        self.income.add_trade(trade)
        order.filled += trade.lots
        order.worth += trade.lots * order.contract.rules.lot * trade.price
        order.updated = self.updated[symbol] = moment
        order.status = "FILLED" if order.filled == order.lots else "PARTIALLY_FILLED"
        self.realised[symbol] += trade.realised
        self._tell(events.trade_lite(order, trade))
        self._tell(events.account_update("ORDER", moment, self.standing(), [symbol], realised=self.realised))
        self._tell(events.order_update(order, "CALCULATED" if forced else "TRADE", moment, trade))
        if forced:
            self._cover(moment)

    def _cover(self, moment: int) -> None:
        """What a liquidation left below nothing, the insurance fund has paid."""
        total = float(self.simulation.account["shortfall"][0])
        if total != self._shortfall:
            change, self._shortfall = total - self._shortfall, total
            self.income.add("INSURANCE_CLEAR", change, "", moment, self.next_id())
            standing = self.standing()
            self._tell(
                events.account_update("INSURANCE_CLEAR", moment, standing, (), realised=self.realised, change=change)
            )

    def _forced(self, symbol: str, row: Any, moment: int) -> Placed:
        """The order by which the exchange closes a position that has no margin left."""
        number = self.next_id()
        order = Placed(
            contract=self.tapes[symbol].contract,
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
        self.book.add(order)
        return order

    def _resized(self, moment: int) -> None:
        """Reduce-only orders that have shrunk with their position."""
        orders = self.simulation.orders
        for its in self.book.working.values():
            order = its if isinstance(its, Placed) else its.order
            if order is not None and order.is_open and abs(int(orders[its.row]["lots"])) != order.lots:
                order.lots = abs(int(orders[its.row]["lots"]))
                order.updated = moment
                self._tell(events.order_update(order, "AMENDMENT", moment))

    def _triggers(self, moment: int) -> None:
        from fw.ledger import kinds

        for its in list(self.book.working.values()):
            row = self.simulation.orders[its.row]
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
        self._tell(events.algo_update(its, moment))
        lots = abs(int(self.simulation.orders[its.row]["lots"]))
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
            id=self.next_id(),
            row=its.row,
            time=moment,
            updated=moment,
        )
        self.book.add(its.order)
        its.status = "TRIGGERED"
        self._tell(events.algo_update(its, moment))
        self._tell(events.order_update(its.order, "NEW", moment))

    def _reject(self, its: Conditional, code: int, moment: int) -> None:
        its.status, its.triggered, its.updated = "TRIGGERING", moment, moment
        self._tell(events.algo_update(its, moment))
        its.status, its.reason = "REJECTED", SAYS.get(code, "Order rejected.")
        self._tell(events.algo_update(its, moment))
        del self.book.working[its.row]

    def _ends(self, moment: int) -> None:
        """What is over by now."""
        from fw.ledger import kinds

        for its in list(self.book.working.values()):
            state = int(self.simulation.orders[its.row]["state"])
            if state in (kinds.CANCELLED, kinds.EXPIRED, kinds.REJECTED, kinds.FILLED):
                self._end(its, "CANCELED" if state == kinds.CANCELLED else "EXPIRED", moment)

    def _end(self, its: Placed | Conditional, status: str, moment: int) -> None:
        """Tell the end of an order; of a filled one it has been told."""
        self.book.working.pop(its.row, None)
        order = its if isinstance(its, Placed) else its.order
        if order is not None and order.is_open:
            order.status, order.updated = status, moment
            self._tell(events.order_update(order, status, moment))
        if isinstance(its, Conditional):
            its.status = status if order is None else "FINISHED"
            its.updated = moment
            self._tell(events.algo_update(its, moment))

    def _warn(self, moment: int) -> None:
        """Warn once each time the margin runs low."""
        standing = self.standing()
        if standing.ratio < ALARM:
            self._warned = False
        elif not self._warned:
            self._warned = True
            self._tell(events.margin_call(standing, moment))
