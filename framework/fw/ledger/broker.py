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
from fw.domain.order import Order, OrderKind
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
        self._arriving: set[int] = set()
        self._sizes: dict[int, tuple[int, int]] = {}

    def terms(self, run: Run) -> Terms:
        """The venue's fees in the account's tier, and the file's `simulation` settings."""
        account, simulation = run.settings.account, run.settings.simulation
        start, end = run.period
        charged, notes = fees(account.venue, account.fees, start=start, end=end, override=account.rules)
        if simulation.latency.ns:
            finest = simulation.finer or run.bar
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
        told = self._told["fills"], self._told["payments"]
        if not simulation.count("working") and not self._working:
            simulation.advance(end)
            if told == (simulation.count("fills"), simulation.count("payments")) and not simulation.count("working"):
                return  # quotes that move nothing but the mark come by here all day
        before = self._own(simulation.working) | self._working
        for number in before:
            self._sizes.setdefault(number, self._size(number))
        simulation.advance(end)
        self._tell(before)

    def _tell(self, before: set[int]) -> None:
        """Put what happened since the last telling into the inbox, in order of time."""
        for event in sorted(self._facts(before, self._inbox.wants), key=lambda event: event.time):
            self._inbox.put(event)
        self._working = self._own(self.simulation.working)

    def _own(self, rows: Any) -> set[int]:
        """Those of these orders that have a life: neither brackets, nor the rest of a stop, which the venue works."""
        from fw.ledger import kinds

        orders = self.simulation.orders
        exits = (kinds.STOP_LOSS, kinds.TRAILING)
        return {int(row) for row in rows if orders[row]["reason"] not in exits and orders[row]["kind"] != kinds.BRACKET}

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
        if row["since"] > row["bar"]:
            self._arriving.add(int(order.id))
        elif self._inbox.wants(Accepted):
            self._inbox.put(Accepted(time=order.time, order_id=order.id))

    def amend(self, order_id: str, *, lots: int | None, price: float | None) -> None:
        """Change a working order; one that has ended stays as it ended."""
        simulation, number = self.simulation, int(order_id)
        self._sizes.setdefault(number, self._size(number))
        simulation.amend(number, lots=lots, price=price)
        if self._inbox is None or not self._inbox.kinds or number in self._arriving:
            return
        for event in self._resized(number, self._inbox.wants):
            self._inbox.put(event)

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
        """Arrivals, triggers and changes of size of these orders in the bars just gone."""
        simulation = self.simulation
        for number in sorted(before):
            row = simulation.orders[number]
            if number in self._arriving:
                arrival = int(row["bar"] + simulation.account["delay"][0])
                if row["done"] <= arrival or simulation.count("next") <= arrival + 1:
                    continue  # it ended before it arrived, or is still on its way
                self._arriving.discard(number)
                if wants(Accepted):
                    yield Accepted(time=simulation.close_time(arrival), order_id=str(number))
            if row["triggered"] >= 0 and number not in self._triggered:
                self._triggered.add(number)
                if wants(Triggered):
                    yield Triggered(time=simulation.open_time(int(row["triggered"])), order_id=str(number))
            yield from self._resized(number, wants)

    def _resized(self, number: int, wants: Callable[[type], bool]) -> Iterator[Event]:
        """An amendment that has reached the venue, or a reduce-only order that shrank with its position."""
        size, simulation = self._size(number), self.simulation
        if size == self._sizes.get(number, size) or not wants(Amended):
            return
        self._sizes[number] = size
        row = simulation.orders[number]
        amended, resized = int(row["amended"]), int(row["resized"])
        time = simulation.close_time(amended) if amended >= resized else simulation.open_time(resized)
        yield Amended(time=time, order_id=str(number), lots=int(row["lots"]), price=float(row["price"]) or None)

    def _size(self, number: int) -> tuple[int, int]:
        """What changes when an order is amended or shrinks."""
        row = self.simulation.orders[number]
        return int(row["amended"]), int(row["lots"])

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
