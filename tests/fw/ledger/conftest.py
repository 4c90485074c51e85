"""Small venues for sums worked by hand: one lot is 0.01 coins, strength 1 is one coin, nothing costs unless told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.domain.order import Conditions
from fw.ledger import kinds

FREE = {"quantity": 1.0, "leverage": 10.0, "reserve": 0.0}


@pytest.fixture
def trade(made_up: ModuleType) -> Callable[..., Any]:
    """A venue over bars of A (and B), scripted by `strength` and other signal columns, brought to its last bar.

    `rules` go to the instruments, `rates` are funding at (hour, rate), `volumes` and `marks` are of A's bars (1 coin,
    and the prices themselves, unless told); everything else is a term.
    """

    def run(
        *rows: Sequence[Any],
        rules: dict[str, Any] | None = None,
        rates: Sequence[tuple[float, float]] = (),
        capital: float = 1000.0,
        until: int | None = None,
        volumes: Sequence[float] | None = None,
        marks: Sequence[Any] | None = None,
        **rest: Any,
    ) -> Any:
        market = made_up.market_of(*rows, rates=rates, **{"tiers": (fw.Tier(0, 0.01, 0, 100),), **(rules or {})})
        first = market.series["A"]
        if volumes is not None:
            first = attrs.evolve(first, bars=attrs.evolve(first.bars, volume=np.array(volumes, dtype=float)))
        if marks is not None:
            first = attrs.evolve(first, mark=made_up.bars_of(marks))
        market = attrs.evolve(market, series={**market.series, "A": first})
        signals = {name: rest.pop(name) for name in kinds.SIGNAL_FIELDS if name in rest}
        terms = fw.Terms(**{**FREE, **rest})
        simulation = made_up.venue_of(market, terms, capital=capital, with_marks=marks is not None, **signals)
        simulation.advance(len(rows[0]) if until is None else until)
        return simulation

    return run


@pytest.fixture
def place() -> Callable[..., int]:
    """Hands an explicit order to a venue at the close of its newest bar; returns the order's row.

    Whatever else is told goes to its `Conditions`.
    """

    def hand(
        simulation: Any,
        lots: int,
        kind: str = "market",
        price: float = 0.0,
        *,
        expiry: int = 0,
        reduce_only: bool = False,
        **conditions: Any,
    ) -> int:
        bar = int(simulation.account["next"][0]) - 1
        number = kinds.ORDER_KINDS.index(kind)
        row = simulation.add_explicit(
            bar,
            0,
            kind=number,
            lots=lots,
            price=price,
            expiry=expiry,
            reduce_only=reduce_only,
            conditions=Conditions(**conditions) if conditions else None,
        )
        simulation.place(row)
        return int(row)

    return hand


@pytest.fixture
def told() -> Callable[..., Any]:
    """What became of orders: their states and, where they were refused, the exchange's number; all, or of one row."""

    def say(simulation: Any, row: int | None = None) -> Any:
        states = [
            kinds.ORDER_STATES[order["state"]] + (f" {kinds.CODES[order['fault']]}" if order["fault"] else "")
            for order in simulation.orders
        ]
        return states if row is None else states[row]

    return say


@pytest.fixture
def traded() -> Callable[..., list[tuple[int, int, float]]]:
    """(bar, lots, price) of every fill."""

    def say(simulation: Any) -> list[tuple[int, int, float]]:
        return [(int(fill["bar"]), int(fill["lots"]), round(float(fill["price"]), 9)) for fill in simulation.fills]

    return say
