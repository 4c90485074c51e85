"""Explicit orders of strategies that act by themselves: reviewed as the worst they can lead to, then submitted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.decision import Action, Amend, Cancel, Orders, Place, Target, Veto
from fw.domain.event import Submitted
from fw.domain.order import Conditions
from fw.ledger import kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fw.domain.order import Order
    from fw.engine.loop import Loop
    from fw.engine.view import ViewWindow
    from fw.ledger.simulation import Simulation

NEVER_SENT = -1
"""In place of a row: the order came to nothing, too small for a lot or refused by a check; there is none to cancel."""

FRESHNESS = "freshness"
"""What refuses new exposure at a moment that came too late, in the words of a veto."""

PLACEABLE = tuple(kind for kind in kinds.ORDER_KINDS if kind != "bracket")
LATER_LIMITS = ("stop_limit", "take_profit_limit")

LEAST_CALLBACK, MOST_CALLBACK = 0.001, 0.2
"""Of a trailing stop: what the exchange takes."""

MOST_QUANTITY = 1e12
"""Base currency beyond which an order is a slip of the pen, and its lots no number the ledger can hold."""


def order_of(simulation: Simulation, row: int, tags: Sequence[str]) -> Order:
    """A row of the ledger's orders as an order, with the tag of the signal behind it."""
    signal = int(simulation.orders[row]["signal"])
    return simulation.order(row, tag=tags[signal] if 0 <= signal < len(tags) else "")


class ExplicitOrders:
    """The explicit orders of a run by the names their strategy gave them. Mutable: it grows."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._rows: dict[tuple[str, str], int] = {}
        self._groups: dict[tuple[str, str], int] = {}
        self.tags: dict[int, str] = {}

    def act(self, view: ViewWindow, actions: Orders) -> None:
        """Carry the actions of one decision out, in order."""
        loop = self._loop
        loop.sync()
        for action in actions:
            self._one(view, action)

    def _one(self, view: ViewWindow, action: Action) -> None:
        loop, k = self._loop, view.number
        if isinstance(action, Place):
            self._place(view, k, action)
        elif isinstance(action, Cancel) and not action.id:
            loop.simulation.cancel_all(loop.now, k)
        elif isinstance(action, Cancel | Amend):
            row = self._rows.get((view.instrument, action.id))
            if row is None:
                raise loop.broken(f"names an order {action.id!r} that it never placed", view)
            if row == NEVER_SENT:
                return
            if isinstance(action, Cancel):
                loop.broker.cancel(str(row))
            else:
                self._amend(view, row, action)
        else:
            raise loop.broken(f"gave {type(action).__name__} among its orders, not Place, Amend or Cancel", view)

    def _amend(self, view: ViewWindow, row: int, action: Amend) -> None:
        loop, k = self._loop, view.number
        order = loop.simulation.orders[row]
        lots = None
        complaint = complaint_of_amendment(action, order)
        if complaint and order["state"] == kinds.WORKING:  # what has ended stays as it ended
            raise loop.broken(complaint, view)
        if action.price is not None and not 0.0 < action.price < math.inf:
            raise loop.broken(f"amended the order {action.id!r} to a price of {action.price}", view)
        if action.quantity is not None:
            asked = 0
            if abs(action.quantity) < MOST_QUANTITY:
                asked = loop.simulation.instruments[k].lots(action.quantity)
            if asked * int(order["lots"]) <= 0:
                raise loop.broken(
                    f"amended the order {action.id!r} over {int(order['lots'])} lots to a quantity of "
                    f"{action.quantity}; it must stay on its side, and Cancel ends it",
                    view,
                )
            grown = asked - int(order["lots"])
            is_reviewed = grown * asked > 0 and not order["reduce_only"]
            lots = int(order["lots"]) + self._reviewed(view, k, grown) if is_reviewed else asked
        loop.broker.amend(str(row), lots=lots, price=action.price)

    def _place(self, view: ViewWindow, k: int, place: Place) -> None:
        loop, simulation = self._loop, self._loop.simulation
        complaint = complaint_of(place, has_marks=simulation.has_marks)
        if complaint:
            raise loop.broken(complaint, view)
        if place.id:
            self._rows[view.instrument, place.id] = NEVER_SENT
        reduces = place.reduce_only or place.close_position
        lots = simulation.instruments[k].lots(place.quantity)
        if place.close_position:
            lots = 1 if place.quantity > 0 else -1
        elif lots == 0 and place.quantity != 0:
            simulation.account["too_small"] += 1
        elif not reduces:
            lots = self._reviewed(view, k, lots)
        if lots == 0:
            return
        row = simulation.add_explicit(
            loop.now,
            k,
            kind=kinds.ORDER_KINDS.index(place.kind),
            lots=lots,
            price=place.price or 0.0,
            expiry=place.expiry or 0,
            reduce_only=reduces,
            conditions=self._conditions(view, place),
        )
        if place.id:
            self._rows[view.instrument, place.id] = row
        self.tags[row] = place.tag
        order = order_of(simulation, row, loop.tags)
        if loop.inbox.wants(Submitted):
            loop.inbox.put(Submitted(time=order.time, order=order))
        loop.broker.submit(order)

    def _conditions(self, view: ViewWindow, place: Place) -> Conditions | None:
        """What the order asks for beyond its price; None where that is nothing."""
        group = 0
        if place.oco:
            named = view.instrument, place.oco
            group = self._groups.get(named) or self._loop.simulation.new_group()
            self._groups[named] = group
        conditions = Conditions(
            limit=place.limit,
            callback=place.callback,
            time_in_force=place.time_in_force,
            by_mark=place.trigger_by == "mark",
            close_position=place.close_position,
            group=group,
        )
        return None if conditions == Conditions() else conditions

    def _reviewed(self, view: ViewWindow, k: int, lots: int) -> int:
        """What the checks leave of an order, seen as position plus all working orders on its side plus itself."""
        loop, simulation = self._loop, self._loop.simulation
        held = int(simulation.positions[k]["lots"])
        orders: Any = simulation.orders[simulation.working]
        same_side = (orders["instrument"] == k) & (orders["lots"] * lots > 0) & (orders["reduce_only"] == 0)
        promised = np.abs(orders["promised"]) > np.abs(orders["lots"])  # by amendments on their way
        unfilled = np.where(promised, orders["promised"], orders["lots"]) - orders["filled"]
        worst = held + int(unfilled[same_side].sum())
        reduces = abs(worst + lots) <= abs(worst) and (worst + lots) * worst >= 0
        loop.shared.moment.changed = frozenset({view.instrument})
        if loop.shared.moment.stale and not reduces:
            loop.note_veto(view.instrument, FRESHNESS, Veto(loop.shared.moment.stale))
            return 0
        for check in () if reduces else loop.checks:
            reviewed = loop.review(check, {view.instrument: Target(lots=worst + lots)})[view.instrument]
            if isinstance(reviewed, Veto):
                return 0
            allowed = in_lots(reviewed, simulation, view)
            lots = max(min(lots, allowed - worst), 0) if lots > 0 else min(max(lots, allowed - worst), 0)
        return simulation.admit(loop.now, k, lots)


def complaint_of(place: Place, *, has_marks: bool) -> str | None:
    """What is wrong with an order as it was written, or None."""
    kind = place.kind
    if kind not in PLACEABLE:
        return f"placed an order of kind {kind!r}; there is {', '.join(PLACEABLE)}"
    wanted = {"price": kind not in ("market", "trailing_stop"), "limit": kind in LATER_LIMITS, "callback": False}
    wanted["callback"] = kind == "trailing_stop"
    for name, needed in wanted.items():
        value = getattr(place, name)
        optional = name == "price" and kind == "trailing_stop"
        if not optional and needed != (value is not None):
            return f"placed a {kind} order with {name} {value}"
        if value is not None and not 0.0 < float(value) < math.inf:
            return f"placed a {kind} order with {name} {value}"
    if place.callback is not None and not LEAST_CALLBACK <= place.callback <= MOST_CALLBACK:
        return (
            f"placed a trailing_stop with callback {place.callback}; it lies from {LEAST_CALLBACK} to {MOST_CALLBACK}"
        )
    if not abs(place.quantity) < MOST_QUANTITY or (place.close_position and place.quantity == 0):
        return f"placed an order over {place.quantity}"
    if place.time_in_force not in kinds.TIMES_IN_FORCE:
        return f"placed an order {place.time_in_force!r}; a time in force is {', '.join(kinds.TIMES_IN_FORCE)}"
    if place.time_in_force != "gtc" and kind != "limit" and kind not in LATER_LIMITS:
        return f"placed a {kind} order {place.time_in_force}, which is for limit orders"
    if place.close_position and kind not in ("stop", "take_profit"):
        return f"placed a {kind} order to close the position; a stop or take_profit can"
    if place.trigger_by not in ("last", "mark") or (place.trigger_by == "mark" and kind in ("market", "limit")):
        return f"placed a {kind} order triggered by {place.trigger_by!r}"
    if place.trigger_by == "mark" and not has_marks:
        return "placed an order that the mark price triggers, which this run does not have (account.mark: required)"
    return None


def complaint_of_amendment(action: Amend, order: Any) -> str | None:
    """What an order has not that was to be amended, or None."""
    kind = kinds.ORDER_KINDS[int(order["kind"])]
    if action.price is not None and kind in ("market", "trailing_stop"):
        return f"amended the price of the order {action.id!r}, but a {kind} has none; Cancel it and Place another"
    if action.quantity is not None and order["close_all"]:
        return f"amended the quantity of the order {action.id!r}, but it closes whatever is held"
    return None


def in_lots(target: Target, simulation: Simulation, view: ViewWindow) -> int:
    """A target of any unit in whole lots at the newest price."""
    if target.lots is not None:
        return target.lots
    notional = target.notional
    if notional is None:
        notional = (target.exposure or 0.0) * float(simulation.account["equity"][0])
    return simulation.instruments[view.number].lots(notional / view.bars.last)
