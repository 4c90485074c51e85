"""One account: the ledger lives through each moment for it, and what it did is told as the exchange does.

Each moment is a step of the ledger, a bar whose four prices are the moment's. What a client asks for meets one more
step at the newest price, so that a market order has filled when its answer is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.order import Conditions
from fw.domain.time import MILLISECOND, MINUTE
from fw_venue.answers import Refusal
from fw_venue.tape import Tape
from fw_venue.trading import events
from fw_venue.trading.aftermath import SAYS, Aftermath
from fw_venue.trading.book import OrderBook
from fw_venue.trading.income import Income
from fw_venue.trading.order import Conditional, Placed
from fw_venue.trading.standing import Held, Standing

if TYPE_CHECKING:
    from fw.ledger.growing import GrowingSimulation
    from fw.parts.broker import Terms

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
        self._aftermath = Aftermath(self)

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

    def say_account(self, reason: str, symbols: Iterable[str], *, change: float = 0.0) -> None:
        """Tell what has become of the balance, and of these positions."""
        now, standing = self.now, self.standing()
        self._tell(events.account_update(reason, now, standing, symbols, realised=self.realised, change=change))

    def move_margin(self, symbol: str, amount: float) -> None:
        """Give an isolated position of the account's margin, or take it back."""
        simulation = self.simulation
        simulation.positions["margin"][self._symbols.index(symbol)] += amount
        simulation.account["safe"] = -1  # what was known of how long it lasts is known no more
        self.updated[symbol] = self.now
        self.say_account("MARGIN_TRANSFER", [symbol])

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
        self._aftermath.report(moment)

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
        from fw.ledger import kinds

        kind = int(kinds.LIMIT if order.kind == "LIMIT" else kinds.MARKET)
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
        self._aftermath.report(self._lived)

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
        self._aftermath.report(self._lived)

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
        self._aftermath.end(its, status, moment)

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
