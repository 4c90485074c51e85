"""What the simulated venue tells as facts, put through the one transition table, is what its own rows say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fw
from fw.domain import event as events
from fw.domain.order import TRANSITIONS, Fact, Order, OrderKind, OrderState, advance
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
    """Follows every order by facts alone; what it cannot follow, it keeps."""

    kinds = (events.Submitted, *FACTS)

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.seen: set[tuple[OrderState, Fact]] = set()
        self.trouble: list[str] = []

    def notice(self, event: Any) -> None:
        if isinstance(event, events.Submitted):
            self.orders[event.order.id] = event.order
        elif event.order_id:
            before, fact = self.orders[event.order_id], FACTS[type(event)]
            self.seen.add((before.state, fact))
            said = {name: getattr(event, name) for name in ("lots", "price") if hasattr(event, name)}
            try:
                self.orders[event.order_id] = advance(before, fact, **said)
            except fw.BrokerError as error:
                self.trouble.append(str(error))


def assert_followed(book: Book, result: fw.Result) -> None:
    """State, size and filled lots of every order are those of the ledger; brackets have no life of their own."""
    assert book.trouble == []
    columns = (result.orders[name] for name in ("id", "kind", "state", "lots", "filled"))
    rows = {
        str(number): (str(state), int(lots), int(filled))
        for number, kind, state, lots, filled in zip(*columns, strict=True)
        if kind != OrderKind.BRACKET
    }
    followed = {
        number: (str(order.state), order.lots, order.filled)
        for number, order in book.orders.items()
        if order.kind is not OrderKind.BRACKET
    }
    rests = set(rows) - set(followed)  # what a stop could not close in its own bar, the venue works by itself
    reasons = dict(zip(map(str, result.orders["id"]), result.orders["reason"], strict=True))
    assert {reasons[number] for number in rests} <= {"stop", "trailing"}
    assert followed == {number: row for number, row in rows.items() if number not in rests}


VENUES: list[dict[str, Any]] = [
    {},
    {"participation": 0.05},
    {"latency": "1h"},
    {"latency": "90m", "participation": 0.05},
    {"finer": "1h", "participation": 0.1},
    {"finer": "1h", "latency": "1h", "bar_path": "ohlc"},
    {"bar_path": "adaptive", "latency": "10s"},
]


def settings_of(simulation: dict[str, Any], margin: str) -> dict[str, Any]:
    return {
        "account": {"margin": margin, "leverage": 20, "allow_high_leverage": True, "mark": "required"},
        "simulation": simulation,
        "bar": "4h" if "finer" in simulation else "1h",
    }


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("simulation", VENUES, ids=str)
@pytest.mark.parametrize("margin", ["cross", "isolated"])
def test_states_from_facts_are_the_ledgers_states(
    make_plan: Callable[..., Plan], scripted: Any, seed: int, simulation: dict[str, Any], margin: str
) -> None:
    settings = settings_of(simulation, margin)
    symbols = ("BTCUSDT", "ETHUSDT")[: 1 + seed % 2]
    market, strategy = scripted(seed, symbols, 400, wild=0.02, marked=True, clock=settings["bar"])
    book = Book()
    sizer = {"use": "fixed_fraction", "fraction": 5.0}
    result = make_plan(market, strategy, sizer=sizer, observers=[book], **settings).run(write=False)
    assert result.engine == "loop"
    assert len(book.orders) > 3
    assert_followed(book, result)


KINDS = ["market", "limit", "stop", "take_profit", "stop_limit", "take_profit_limit", "trailing_stop"]


class Restless:
    """Places orders of every kind, amends and withdraws them, and now and then says a strength instead."""

    lookback = 5

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.names: dict[str, str] = {}
        self.count = 0

    def decide(self, view: fw.View) -> Any:
        rng = self.rng
        if rng.random() < 0.1:
            return float(rng.choice([-1.0, 0.0, 0.5]))
        return tuple(self.action(view) for _ in range(int(rng.choice([0, 0, 1, 2, 3]))))

    def action(self, view: fw.View) -> Any:
        rng, last = self.rng, view.bars.last
        known = [name for name, symbol in self.names.items() if symbol == view.instrument]
        if known and rng.random() < 0.3:
            name = str(rng.choice(known[-10:]))
            if rng.random() < 0.4:
                return fw.Cancel(name if rng.random() < 0.9 else "")
            side = 1 if name.endswith("buy") else -1
            return fw.Amend(name, quantity=side * float(rng.uniform(0.05, 3.0)))
        side = int(rng.choice([-1, 1]))
        self.count += 1
        name = f"{self.count} {'buy' if side > 0 else 'sell'}"
        kind = str(rng.choice(KINDS))
        away = last * float(rng.uniform(0.0, 0.03))
        price = last + side * (away if kind.startswith("stop") else -away)
        more: dict[str, Any] = {"price": price}
        if kind == "market":
            more = {}
        elif kind == "trailing_stop":
            more = {"callback": float(rng.uniform(0.001, 0.03)), **({} if rng.random() < 0.5 else more)}
        elif kind == "limit" or kind.endswith("_limit"):
            more["time_in_force"] = str(rng.choice(["gtc", "gtc", "ioc", "fok", "post_only"]))
        if kind.endswith("_limit"):
            more["limit"] = price * float(rng.uniform(0.99, 1.01))
        if kind in ("stop", "take_profit"):
            more["close_position"] = bool(rng.random() < 0.3)
        if not more.get("close_position"):  # that has no quantity to amend
            self.names[name] = view.instrument
        if kind not in ("market", "limit"):
            more["trigger_by"] = str(rng.choice(["last", "mark"]))
        return fw.Place(
            side * float(rng.uniform(0.05, 3.0)),
            kind,
            id=name,
            reduce_only=bool(rng.random() < 0.3),
            expiry=None if rng.random() < 0.7 else int(rng.integers(1, 5)),
            oco=str(rng.choice(["", "", "a", "b"])),
            **more,
        )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("simulation", VENUES, ids=str)
def test_so_are_those_of_explicit_orders_of_every_kind(
    make_plan: Callable[..., Plan], made_up: Any, seed: int, simulation: dict[str, Any]
) -> None:
    symbols = ("BTCUSDT", "ETHUSDT")[: 1 + seed % 2]
    market = made_up.random_market(np.random.default_rng(seed), symbols, 400, wild=0.02, marked=True)
    book = Book()
    settings = settings_of(simulation, "cross" if seed % 2 else "isolated")
    result = make_plan(market, Restless(seed), observers=[book], **settings).run(write=False)
    assert len(book.orders) > 50
    assert_followed(book, result)


def test_random_orders_go_through_nearly_every_step_of_the_table(make_plan: Callable[..., Plan], made_up: Any) -> None:
    seen: set[tuple[OrderState, Fact]] = set()
    for seed in range(3):
        market = made_up.random_market(np.random.default_rng(seed), ("BTCUSDT",), 2000, wild=0.02, marked=True)
        book = Book()
        simulation = {"latency": "1h", "participation": 0.02} if seed else {"participation": 0.02}
        make_plan(market, Restless(seed), observers=[book], **settings_of(simulation, "cross")).run(write=False)
        assert book.trouble == []
        seen |= book.seen
    never = {step for step in TRANSITIONS if step not in seen}
    # what only a network brings about
    assert {step for step in never if OrderState.UNKNOWN not in step and Fact.UNKNOWN not in step} <= {
        (OrderState.SENT, Fact.FILLED),
        (OrderState.PARTLY_FILLED, Fact.ACCEPTED),
        (OrderState.SENT, Fact.EXPIRED),
    }
