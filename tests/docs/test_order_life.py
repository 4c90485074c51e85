"""The page on the life of an order says what the table in the code says, and its picture draws the same steps."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from fw.domain.order import FINAL, TRANSITIONS, Fact, Order, OrderKind, OrderState, advance

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "explanation" / "life-of-an-order.md").read_text(encoding="utf-8")
PICTURE = (DOCS / "assets" / "life-of-an-order.svg").read_text(encoding="utf-8")

STEPS = {(state.value, fact.value, after.value) for (state, fact), after in TRANSITIONS.items()}
LAST_LOT = {(state, fact, "filled") for state, fact, _ in STEPS if fact == "filled"}
"""What the function adds to the table: an order whose last lot is filled is filled, from wherever."""


def test_the_last_lot_fills_an_order_from_every_state_that_can_be_filled() -> None:
    for state, fact, after in LAST_LOT:
        order = Order(id="1", instrument="BTCUSDT", kind=OrderKind.LIMIT, lots=3, time=0, state=OrderState(state))
        assert advance(order, Fact(fact), lots=3).state == after
        assert advance(order, Fact(fact), lots=2).state == "partly_filled"


def test_the_table_of_the_page_is_the_table_of_the_code() -> None:
    said = set()
    for line in PAGE.splitlines():
        cells = [re.findall(r"`(\w+)`", cell) for cell in line.strip("|").split("|")]
        if len(cells) == 3 and all(cells):
            said |= set(itertools.product(*cells))
    assert said == STEPS | LAST_LOT


def test_the_picture_draws_the_steps_of_the_code() -> None:
    drawn = set()
    for words in re.findall(r'data-steps="([^"]+)"', PICTURE):
        *states, fact, after = words.split()
        drawn |= {(state, fact, after) for state in states}
    # one arrow leads to `filled`, where every partly filled order ends
    assert drawn == STEPS | {("partly_filled", "filled", "filled")}


def test_the_picture_has_a_box_for_every_state() -> None:
    named = re.findall(r'<g class="(state|final)">.*?<text[^>]*>(\w+)</text>', PICTURE)
    assert sorted(name for _, name in named) == sorted(OrderState)
    assert {name for kind, name in named if kind == "final"} == set(FINAL)
