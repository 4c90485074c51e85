"""What the simulated venue tells as facts, put through the one transition table, is what its own rows say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fw.domain import event as events
from fw.domain.order import Fact, Order, OrderKind, OrderState, advance
from fw.plan import Plan

FACTS = {
    events.Accepted: Fact.ACCEPTED,
    events.Rejected: Fact.REJECTED,
    events.Triggered: Fact.TRIGGERED,
    events.Amended: Fact.AMENDED,
    events.Filled: Fact.FILLED,
    events.Cancelled: Fact.CANCELLED,
    events.Expired: Fact.EXPIRED,
}


class Book:
    """Follows every order by facts alone."""

    kinds = (events.Submitted, *FACTS)

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}

    def notice(self, event: events.Event) -> None:
        if isinstance(event, events.Submitted):
            self.orders[event.order.id] = event.order
        elif isinstance(event, events.Filled):
            if event.order_id:
                before = self.orders[event.order_id]
                self.orders[event.order_id] = advance(before, Fact.FILLED, lots=event.lots, price=event.price)
        elif isinstance(event, events.Amended):
            before = self.orders[event.order_id]
            self.orders[event.order_id] = advance(before, Fact.AMENDED, lots=event.lots, price=event.price)
        else:
            self.orders[event.order_id] = advance(self.orders[event.order_id], FACTS[type(event)])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("margin", ["cross", "isolated"])
def test_states_from_facts_are_the_ledgers_states(
    make_plan: Callable[..., Plan], scripted: Any, seed: int, margin: str
) -> None:
    market, strategy = scripted(seed, ("BTCUSDT", "ETHUSDT")[: 1 + seed % 2], 400, wild=0.02)
    book = Book()
    plan = make_plan(
        market,
        strategy,
        account={"margin": margin, "leverage": 20, "allow_high_leverage": True},
        sizer={"use": "fixed_fraction", "fraction": 5.0},
        observers=[book],
    )
    result = plan.run(write=False)
    assert result.engine == "loop"
    rows = zip(result.orders["id"], result.orders["kind"], result.orders["state"], strict=True)
    states = {str(number): state for number, kind, state in rows if kind != OrderKind.BRACKET}
    followed = {number: order.state for number, order in book.orders.items() if order.kind is not OrderKind.BRACKET}
    assert len(states) > 3
    assert set(states.values()) <= set(OrderState)
    assert followed == states
