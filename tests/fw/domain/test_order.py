"""The life of an order: every legal step, and none that is not."""

from __future__ import annotations

import itertools

import attrs
import pytest

from fw.domain.order import FINAL, TRANSITIONS, Fact, Order, OrderKind, OrderState, advance
from fw.errors import BrokerError


def order(state: OrderState = OrderState.SENT, lots: int = 10, filled: int = 0) -> Order:
    return Order(
        id="1", instrument="BTCUSDT", kind=OrderKind.LIMIT, lots=lots, time=0, price=9.0, state=state, filled=filled
    )


def test_an_order_is_accepted_and_filled_in_parts():
    life = advance(order(), Fact.ACCEPTED)
    assert life.state is OrderState.WORKING
    life = advance(life, Fact.FILLED, lots=4, price=9.0)
    assert (life.state, life.filled, life.rest) == (OrderState.PARTLY_FILLED, 4, 6)
    life = advance(life, Fact.FILLED, lots=6, price=9.0)
    assert (life.state, life.rest, life.is_final) == (OrderState.FILLED, 0, True)


def test_a_fill_may_come_before_the_answer_to_the_request():
    early = advance(order(), Fact.FILLED, lots=4)
    assert early.state is OrderState.PARTLY_FILLED
    assert advance(early, Fact.ACCEPTED).state is OrderState.PARTLY_FILLED


def test_an_order_of_unknown_fate_is_found_out_later():
    lost = advance(order(), Fact.UNKNOWN)
    assert lost.state is OrderState.UNKNOWN
    assert advance(lost, Fact.ACCEPTED).state is OrderState.WORKING
    assert advance(lost, Fact.REJECTED).state is OrderState.REJECTED


def test_an_amendment_changes_size_and_price():
    life = advance(advance(order(), Fact.ACCEPTED), Fact.AMENDED, lots=7, price=8.5)
    assert (life.lots, life.price, life.state) == (7, 8.5, OrderState.WORKING)


@pytest.mark.parametrize("lots", [11, -1])
def test_more_than_was_ordered_or_the_other_side_cannot_be_filled(lots: int):
    with pytest.raises(BrokerError, match="was filled for"):
        advance(order(OrderState.WORKING), Fact.FILLED, lots=lots)


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_is_final_stays_final_and_a_fill_after_it_is_a_disagreement(state: OrderState):
    done = order(state)
    for fact in Fact:
        if fact is Fact.FILLED:
            with pytest.raises(BrokerError, match=f"is {state} and cannot become filled"):
                advance(done, fact, lots=1)
        else:
            assert advance(done, fact) == done


def test_steps_outside_the_table_are_refused():
    for state, fact in itertools.product(set(OrderState) - FINAL, Fact):
        if (state, fact) in TRANSITIONS:
            advance(order(state), fact, lots=1)
        else:
            with pytest.raises(BrokerError, match="cannot become"):
                advance(order(state), fact, lots=1)


def test_an_order_never_changes_in_place():
    before = order()
    advance(before, Fact.ACCEPTED)
    assert before == order()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        before.lots = 3  # type: ignore[misc]
