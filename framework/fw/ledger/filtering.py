"""The exchange's filters over the orders of a simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fw.domain.filters import Refusal, quantity_of, refusal
from fw.ledger import kinds

if TYPE_CHECKING:
    from fw.domain.order import Order
    from fw.ledger.simulation import Simulation


def filtered(simulation: Simulation, order: Order) -> Refusal | None:
    """Why the venue's filters refuse an explicit order that is written down, or None.

    The best price on the other side is the traded close. Orders of signals are on tick and lot by themselves, and
    the ledger refuses them where they are too small or too large.
    """
    row = simulation.orders[int(order.id)]
    if row["planned"] or row["close_all"]:
        return None
    k, bar = int(row["instrument"]), int(row["bar"])
    contract = simulation.instruments[k]
    working = simulation.orders[simulation.working]
    own = working["kind"][working["instrument"] == k].tolist()
    waiting = sum(kind in kinds.CONDITIONAL for kind in own)
    waits = int(row["kind"]) in kinds.CONDITIONAL
    return refusal(
        contract,
        quantity_of(contract, order.lots),
        mark=simulation.mark(k, bar),
        price=order.limit if waits else order.price,
        trigger=order.price if waits else None,
        best=float(simulation.tape.block[k, kinds.CLOSE, bar]),
        reduce_only=order.reduce_only,
        working=len(own) - waiting,
        waiting=waiting,
    )
