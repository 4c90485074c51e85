"""One simulated account, run by kernels: bars, decisions and orders go in by this door only."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.order import Conditions, Order, OrderKind, OrderState
from fw.ledger import kinds
from fw.ledger.arrays import Arrays, row_fields
from fw.ledger.compiled import kernel, wait_until_warm
from fw.ledger.handle import orders_of
from fw.ledger.kinds import CLOSE, Rows
from fw.ledger.orders import is_passed
from fw.ledger.planning import add_explicit
from fw.ledger.sizing import admit
from fw.ledger.step import decide_at, place_order, run_bars, run_bars_with_conditions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.decision import Signal
    from fw.domain.instrument import Instrument
    from fw.ledger.tape import Tape
    from fw.parts.broker import Terms
    from fw.parts.strategy import SignalArrays


WISH_BYTES = struct.Struct("=" + "".join("d" if kind == np.float64 else "q" for _, (kind, _) in row_fields(kinds.WISH)))


class Simulation(Arrays):
    """One account on one tape. With `signals` it is for the scan; without, decisions are given to `decide` as wishes,
    bar by bar. Mutable: it is the state that the kernels write.
    """

    def __init__(
        self,
        tape: Tape,
        instruments: Sequence[Instrument],
        terms: Terms,
        *,
        capital: float,
        signals: SignalArrays | None = None,
        scales: NDArray[np.float64] | None = None,
    ) -> None:
        wait_until_warm(scanning=signals is not None)
        super().__init__(tape, instruments, terms, capital=capital, signals=signals, scales=scales)
        self.scanning = signals is not None
        self.has_conditions = terms.latency > 0
        self._amendments: list[tuple[int, int, int, float]] = []

    @cached_property
    def _wish_bytes(self) -> memoryview:
        return self.wishes.view(np.uint8).data

    def advance(self, end: int) -> None:
        """Bring the account to the close of bar `end` - 1; amendments reach the venue before the open that follows."""
        while self._amendments and self._amendments[0][0] + 1 < end:
            bar, row, lots, price = self._amendments.pop(0)
            self._run(bar + 1)
            self._change(bar, row, lots, price)
        self._run(end)

    def _run(self, end: int) -> None:
        run = run_bars_with_conditions if self.has_conditions else run_bars
        while run(self.handle, end, self.scanning) < end:
            self._make_room()

    def decide(self, bar: int, *, placing: bool) -> None:
        """Act on `wishes` at the close of `bar`; a wish whose strength is NaN keeps everything."""
        most = 2 * len(self.instruments) + 2
        if self._room - self.count("orders") < most or self._room - self.count("decisions") < most:
            self._make_room()
        decide_at(self.handle, bar, placing)

    def place(self, row: int) -> None:
        """Hand an order that is written down to the simulated venue."""
        place_order(self.handle, row)

    def refuse(self, row: int, code: int) -> None:
        """End an order that is written down as the venue does with this code, before it works."""
        order = self._rows("orders")[row]
        order["state"], order["fault"], order["done"] = kinds.REJECTED, kinds.CODES.index(code), order["bar"]
        self.account["rejected"] += 1

    def admit(self, bar: int, instrument: int, lots: int) -> int:
        """How many of an explicit order's lots the limits let pass."""
        return int(_admit(self.handle, bar, instrument, lots))

    def add_explicit(
        self,
        bar: int,
        instrument: int,
        *,
        kind: int,
        lots: int,
        price: float,
        expiry: int,
        reduce_only: bool,
        conditions: Conditions | None = None,
    ) -> int:
        """Write an explicit order down; returns its row."""
        if self._room - self.count("orders") < 4 * len(self.instruments) + 2:
            self._make_room()
        row = int(_add_explicit(self.handle, bar, instrument, kind, lots, price, expiry, reduce_only))
        if conditions is not None:
            self._write_conditions(self._rows("orders")[row], conditions)
        return row

    def _write_conditions(self, order: Any, conditions: Conditions) -> None:
        self.has_conditions = True
        snap = self.instruments[int(order["instrument"])].snap
        order["trigger"] = order["price"]
        order["limit"] = 0.0 if conditions.limit is None else snap(conditions.limit)
        order["callback"] = conditions.callback or 0.0
        order["time_in_force"] = kinds.TIMES_IN_FORCE.index(conditions.time_in_force)
        order["by_mark"], order["close_all"] = conditions.by_mark, conditions.close_position
        order["group"] = conditions.group
        if order["kind"] == kinds.TRAILING_STOP:
            order["price"] = 0.0
        if order["kind"] in (kinds.STOP, kinds.TAKE_PROFIT) and (conditions.by_mark or conditions.close_position):
            order["acts"] = kinds.WATCHED

    def new_group(self) -> int:
        """A number for orders of which the first to fill cancels the others."""
        self.account["groups"] += 1
        return int(self.account["groups"][0])

    def order(self, row: int, *, tag: str = "") -> Order:
        """A row of the orders as an order of the domain; its id is its row."""
        found = self._rows("orders")[row]
        return Order(
            id=str(row),
            instrument=self.instruments[int(found["instrument"])].symbol,
            kind=OrderKind(kinds.ORDER_KINDS[int(found["kind"])]),
            lots=int(found["lots"]),
            time=self.close_time(int(found["bar"])),
            price=float(found["trigger"] or found["price"]) or None,
            limit=float(found["limit"]) or None,
            callback=float(found["callback"]) or None,
            time_in_force=kinds.TIMES_IN_FORCE[int(found["time_in_force"])],
            by_mark=bool(found["by_mark"]),
            close_position=bool(found["close_all"]),
            group=int(found["group"]),
            filled=int(found["filled"]),
            reduce_only=bool(found["reduce_only"]),
            expiry=self._bars_of_life(found),
            stop_loss=float(found["stop"]) or None,
            take_profit=float(found["take"]) or None,
            trailing=float(found["trail"]) or None,
            reason=kinds.REASONS[int(found["reason"])],
            tag=tag,
            state=OrderState(self.states(slice(row, row + 1))[0]),
        )

    def states(self, rows: slice = slice(None)) -> NDArray[Any]:
        """Where orders are in their lives, in the words of `OrderState`; of working ones the ledger knows only that."""
        orders = self.orders[rows]
        states = np.array(kinds.ORDER_STATES, dtype="U13")[orders["state"]]
        works = orders["state"] == kinds.WORKING
        arrived = orders["bar"] + self.account["delay"][0] + 1 < self.count("next")
        states[works & (orders["since"] > orders["bar"]) & ~arrived] = "sent"  # it is on its way
        states[works & (orders["triggered"] >= 0)] = "triggered"
        states[works & (orders["filled"] != 0)] = "partly_filled"
        return states

    def _bars_of_life(self, order: Any) -> int | None:
        """Clock bars that an order has from its arrival to its expiry; None: it does not expire."""
        if order["expiry"] == kinds.NEVER:
            return None
        arrival = order["bar"] + self.account["delay"][0] if order["since"] > order["bar"] else order["bar"]
        return int(self.tape.clock_bar(order["expiry"]) - self.tape.clock_bar(arrival))

    def amend(self, row: int, *, lots: int | None, price: float | None) -> bool:
        """Change a working order; False where it is no longer working."""
        order = self._rows("orders")[row]
        if order["state"] != kinds.WORKING:
            return False
        new_price = 0.0 if price is None else self.instruments[int(order["instrument"])].snap(price)
        bar, delay = self.count("next") - 1, int(self.account["delay"][0])
        if delay == 0:
            self._change(bar, row, lots or 0, new_price)
            return True
        self._amendments.append((bar + delay, row, lots or 0, new_price))
        self._promise(row)
        return True

    def _promise(self, row: int) -> None:
        """Note the most lots that amendments on their way give an order: as much may fill."""
        sizes = (lots for _, amended, lots, _ in self._amendments if amended == row)
        self._rows("orders")[row]["promised"] = max(sizes, key=abs, default=0)

    def _change(self, bar: int, row: int, lots: int, price: float) -> None:
        """Give a working order another size or price (0: as it was) at the close of a bar; one that leaves nothing to
        trade ends it, and so does a trigger that the price has passed."""
        order = self._rows("orders")[row]
        if order["promised"]:
            self._promise(row)
        if order["state"] != kinds.WORKING:
            return
        if lots and abs(lots) <= abs(int(order["filled"])):
            self._withdraw(bar, row)
            return
        order["amended"] = bar
        if lots:
            order["lots"] = lots
        if price:
            order["price"], order["since"] = price, bar
            if order["triggered"] < 0 and order["trigger"] > 0.0:
                order["trigger"] = price
            if order["triggered"] < 0 and _is_passed(self.handle, row, bar):
                self._withdraw(bar, row)
                self.refuse(row, -2021)
                order["done"] = bar

    def cancel(self, bar: int, row: int) -> bool:
        """Withdraw a working order, once the word has reached the venue; False where it is no longer working."""
        order = self._rows("orders")[row]
        if order["state"] != kinds.WORKING:
            return False
        delay = int(self.account["delay"][0])
        if delay:
            order["cancel"] = min(int(order["cancel"]), bar + delay)
        else:
            self._withdraw(bar, row)
        return True

    def _withdraw(self, bar: int, row: int) -> None:
        working = self.working
        kept = working[working != row]
        self._rows("working")[: len(kept)] = kept
        self.account["working"] = len(kept)
        self._rows("orders")[row]["state"] = kinds.CANCELLED
        self._rows("orders")[row]["done"] = bar

    def cancel_all(self, bar: int, instrument: int) -> None:
        """Withdraw every working order of an instrument, but not the rest of a stop, which is the venue's to close."""
        orders = self.orders[self.working]
        exits = np.isin(orders["reason"], (kinds.STOP_LOSS, kinds.TRAILING))
        for row in self.working[(orders["instrument"] == instrument) & ~exits]:
            self.cancel(bar, int(row))

    def wish(self, instrument: int, signal: Signal, *, unit: int, amount: float, force: int) -> None:
        """Write one instrument's decision down for `decide`; prices go to their ticks."""

        def snapped(price: float | None) -> float:
            return 0.0 if price is None else self.instruments[instrument].snap(price)

        WISH_BYTES.pack_into(
            self._wish_bytes,
            instrument * WISH_BYTES.size,
            signal.strength,
            snapped(signal.stop_loss),
            snapped(signal.take_profit),
            signal.trailing or 0.0,
            snapped(signal.limit),
            signal.expiry or 0,
            unit,
            amount,
            force,
            0,
            0.0,
        )


@kernel
def _is_passed(handle: Rows, row: int, bar: int) -> bool:
    ledger = handle[0]
    return is_passed(ledger, bar, CLOSE, orders_of(ledger)[row])


@kernel
def _admit(handle: Rows, bar: int, instrument: int, lots: int) -> int:
    return admit(handle[0], bar, instrument, lots)


@kernel
def _add_explicit(
    handle: Rows, bar: int, instrument: int, kind: int, lots: int, price: float, expiry: int, reduce_only: int
) -> int:
    return add_explicit(handle[0], bar, instrument, kind, lots, price, expiry, reduce_only)
