"""A venue made of the ledger: it takes orders, and tells as facts what the bars did to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fw.domain.account import AccountReport, Position
from fw.domain.event import (
    Accepted,
    Amended,
    Cancelled,
    Event,
    Expired,
    Filled,
    Funding,
    Liquidated,
    Rejected,
    Triggered,
)
from fw.domain.order import FINAL, Order, OrderKind
from fw.domain.time import Duration
from fw.domain.venue import fees
from fw.errors import BrokerError
from fw.parts.broker import Inbox, Slippage, Terms

if TYPE_CHECKING:
    from fw.ledger.simulation import Simulation
    from fw.parts.given import Run

BASIS_POINT = 1e-4


class LedgerBroker:
    """The simulated broker of one run. Mutable: it remembers which facts it has told.

    `adjust` changes the terms that the file gives it; a plugin's broker is this one with fees or fill rules of its own.
    """

    real_money = False

    def __init__(self, adjust: Callable[[Terms], Terms] = lambda terms: terms) -> None:
        self._adjust = adjust
        self._simulation: Simulation | None = None
        self._inbox: Any = None
        self._symbols: tuple[str, ...] = ()
        self._told = {"fills": 0, "payments": 0}
        self._working: set[int] = set()
        self._triggered: set[int] = set()
        self._amending: set[int] = set()
        self._lots: dict[int, int] = {}

    def terms(self, run: Run) -> Terms:
        """The venue's fees in the account's tier, and the file's `simulation` settings."""
        account, simulation = run.settings.account, run.settings.simulation
        start, end = run.period
        charged, notes = fees(account.venue, account.fees, start=start, end=end, override=account.rules)
        finest = simulation.finer or run.settings.bar
        if simulation.latency.ns:
            later = Duration(-(-simulation.latency.ns // finest.ns) * finest.ns)
            notes = (
                *notes,
                f"orders arrive {later} after their decision, at the first open after {simulation.latency}",
            )
        return self._adjust(
            Terms(
                maker=charged.maker,
                taker=charged.taker,
                slippage=Slippage(
                    share=simulation.slippage.bps * BASIS_POINT,
                    half_spread=simulation.slippage.half_spread,
                    volatility=simulation.slippage.volatility,
                    impact=simulation.slippage.impact,
                    span=simulation.slippage.span,
                ),
                bar_path=simulation.bar_path,
                latency=simulation.latency.ns,
                participation=math.inf if simulation.participation is None else simulation.participation,
                through=simulation.through,
                isolated=account.margin == "isolated",
                leverage=account.leverage,
                reserve=account.reserve,
                notes=notes,
            )
        )

    def attach(self, simulation: Simulation) -> None:
        """Take the run's arrays."""
        self._simulation = simulation
        self._symbols = tuple(instrument.symbol for instrument in simulation.instruments)

    def open(self, inbox: Inbox) -> None:
        """From now on facts go to this inbox."""
        self._inbox = inbox

    def close(self) -> None:
        """Tell what the last decision withdrew; no bar comes that would tell it."""
        if self._simulation is not None and self._inbox is not None and self._inbox.kinds:
            self._tell(self._working)

    @property
    def simulation(self) -> Simulation:
        """The run's arrays; BrokerError before `attach`."""
        if self._simulation is None:
            raise BrokerError("the simulated broker was not given a market: the engine calls attach first")
        return self._simulation

    def advance(self, bar: int) -> None:
        """Bring the venue to the close of clock bar `bar`, and tell what happened to those who listen."""
        simulation = self.simulation
        end = simulation.tape.last(bar) + 1
        if self._inbox is None or not self._inbox.kinds:
            simulation.advance(end)
            return
        before = self._own(simulation.working) | self._working
        self._lots = {number: int(simulation.orders[number]["lots"]) for number in before}
        simulation.advance(end)
        self._tell(before)

    def _tell(self, before: set[int]) -> None:
        """Put what happened since the last telling into the inbox, in order of time."""
        for event in sorted(self._facts(before, self._inbox.wants), key=lambda event: event.time):
            self._inbox.put(event)
        self._working = self._own(self.simulation.working)

    def _own(self, rows: Any) -> set[int]:
        """Those of these orders that were handed in; the rest of a protection, which the venue works, is none."""
        from fw.ledger import kinds

        exits = (kinds.STOP_LOSS, kinds.PROFIT, kinds.TRAILING)
        return {int(row) for row in rows if self.simulation.orders[row]["reason"] not in exits}

    def submit(self, order: Order) -> None:
        """Take an order that the ledger has written down; its id is its row."""
        from fw.ledger import kinds
        from fw.ledger.filtering import filtered

        refused = filtered(self.simulation, order)
        if refused is None:
            self.simulation.place(int(order.id))
        else:
            self.simulation.refuse(int(order.id), refused.code)
        if order.kind is OrderKind.BRACKET or self._inbox is None or not self._inbox.kinds:
            return
        row = self.simulation.orders[int(order.id)]
        if row["state"] == kinds.REJECTED:
            if self._inbox.wants(Rejected):
                fault = int(row["fault"])
                reason = str(refused) if refused is not None else kinds.FAULTS[fault]
                self._inbox.put(Rejected(time=order.time, order_id=order.id, reason=reason, code=kinds.CODES[fault]))
            return
        self._working.add(int(order.id))  # so that its end is told, though it be withdrawn before the next bar
        if self._inbox.wants(Accepted):
            self._inbox.put(Accepted(time=order.time, order_id=order.id))

    def amend(self, order_id: str, *, lots: int | None, price: float | None) -> None:
        """Change a working order; one that has ended stays as it ended."""
        simulation, number = self.simulation, int(order_id)
        if not simulation.amend(number, lots=lots, price=price):
            return
        if simulation.has_conditions:
            self._amending.add(number)  # it is told when it has arrived
            return
        self._lots[number] = int(simulation.orders[number]["lots"])
        if simulation.order(number).state in FINAL or self._inbox is None or not self._inbox.wants(Amended):
            return
        self._inbox.put(self._amended(number, simulation.close_time(simulation.count("next") - 1)))

    def cancel(self, order_id: str) -> None:
        """Withdraw a working order; one that has ended stays as it ended."""
        self.simulation.cancel(int(self.simulation.account["next"][0]) - 1, int(order_id))

    def account(self) -> AccountReport:
        """The ledger's truth."""
        simulation = self.simulation
        bar = int(simulation.account["next"][0]) - 1
        positions = {}
        for k, symbol in enumerate(self._symbols):
            row = simulation.positions[k]
            unrealised = float(row["lots"] * row["lot"] * (simulation.mark(k, bar) - row["entry"]))
            positions[symbol] = Position(
                lots=int(row["lots"]),
                entry_price=float(row["entry"]),
                unrealised=unrealised,
                isolated_margin=float(row["margin"]) if simulation.account["isolated"][0] else 0.0,
            )
        return AccountReport(
            time=simulation.close_time(bar),
            wallet=simulation.wallet,
            equity=float(simulation.account["equity"][0]),
            positions=positions,
            orders=tuple(simulation.order(int(row)) for row in simulation.working),
        )

    def _changes(self, before: set[int], wants: Callable[[type], bool]) -> Iterator[Event]:
        """Triggers and amendments of these orders in the bars just gone; a reduce-only order shrinks by itself."""
        from fw.ledger import kinds

        simulation = self.simulation
        now = simulation.open_time(simulation.count("next") - 1)
        for number in sorted(before):
            row = simulation.orders[number]
            if row["triggered"] >= 0 and number not in self._triggered:
                self._triggered.add(number)
                if wants(Triggered):
                    yield Triggered(time=simulation.open_time(int(row["triggered"])), order_id=str(number))
            arrived = number in self._amending and row["amended"] == kinds.NEVER and row["state"] != kinds.CANCELLED
            shrunk = int(row["lots"]) != self._lots.get(number, int(row["lots"]))
            self._lots[number] = int(row["lots"])
            if arrived:
                self._amending.discard(number)
            if (arrived or shrunk) and wants(Amended):
                yield self._amended(number, now)

    def _amended(self, number: int, time: int) -> Amended:
        row = self.simulation.orders[number]
        return Amended(time=time, order_id=str(number), lots=int(row["lots"]), price=float(row["price"]) or None)

    def _facts(self, before: set[int], wants: Callable[[type], bool]) -> Iterator[Event]:
        """What happened since the last call, as events of the kinds wanted; `before` are orders that worked then."""
        from fw.ledger import kinds

        simulation = self.simulation
        yield from self._changes(before, wants)
        for number in range(self._told["fills"], len(simulation.fills)):
            row = simulation.fills[number]
            time, symbol = simulation.open_time(int(row["bar"])), self._symbols[int(row["instrument"])]
            lots, price, fee = int(row["lots"]), float(row["price"]), float(row["fee"])
            is_liquidation = int(row["reason"]) == kinds.LIQUIDATION
            if not wants(Liquidated if is_liquidation else Filled):
                continue
            if is_liquidation:
                yield Liquidated(time=time, instrument=symbol, lots=lots, price=price, fee=fee)
                continue
            yield Filled(
                time=time,
                order_id=str(int(row["order"])) if self._own([row["order"]] if row["order"] >= 0 else []) else "",
                trade_id=number,
                instrument=symbol,
                lots=lots,
                price=price,
                fee=fee,
                reason=kinds.REASONS[int(row["reason"])],
            )
        self._told["fills"] = len(simulation.fills)
        payments = simulation.payments[: int(simulation.account["payments"][0])]
        for row in payments[self._told["payments"] :] if wants(Funding) else ():
            yield Funding(
                time=int(simulation.stamps[row["stamp"]]["time"]),
                instrument=self._symbols[int(row["instrument"])],
                lots=int(row["lots"]),
                amount=float(row["amount"]),
            )
        self._told["payments"] = len(payments)
        for number in sorted(before):
            row = simulation.orders[number]
            time = simulation.close_time(int(row["done"])) if row["done"] < kinds.NEVER else 0
            if row["state"] == kinds.REJECTED and wants(Rejected):
                fault = int(row["fault"])
                yield Rejected(time=time, order_id=str(number), reason=kinds.FAULTS[fault], code=kinds.CODES[fault])
            elif row["state"] == kinds.EXPIRED and wants(Expired):
                yield Expired(time=time, order_id=str(number))
            elif row["state"] == kinds.CANCELLED and wants(Cancelled):
                yield Cancelled(time=time, order_id=str(number))
