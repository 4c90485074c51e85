"""Small venues for sums worked by hand: one lot is 0.01 coins, strength 1 is one coin, nothing costs unless told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest

import fw
from fw.ledger import kinds

FREE = {"quantity": 1.0, "leverage": 10.0, "reserve": 0.0}


@pytest.fixture
def trade(made_up: ModuleType) -> Callable[..., Any]:
    """A venue over bars of A (and B), scripted by `strength` and other signal columns, brought to its last bar.

    `rules` go to the instruments, `rates` are funding at (hour, rate), everything else is a term.
    """

    def run(
        *rows: Sequence[Any],
        rules: dict[str, Any] | None = None,
        rates: Sequence[tuple[float, float]] = (),
        capital: float = 1000.0,
        until: int | None = None,
        **rest: Any,
    ) -> Any:
        market = made_up.market_of(*rows, rates=rates, **{"tiers": (fw.Tier(0, 0.01, 0, 100),), **(rules or {})})
        signals = {name: rest.pop(name) for name in kinds.SIGNAL_FIELDS if name in rest}
        simulation = made_up.venue_of(market, fw.Terms(**{**FREE, **rest}), capital=capital, **signals)
        simulation.advance(len(rows[0]) if until is None else until)
        return simulation

    return run


@pytest.fixture
def place() -> Callable[..., int]:
    """Hands an explicit order to a venue at the close of its newest bar; returns the order's row."""

    def hand(
        simulation: Any,
        lots: int,
        kind: str = "market",
        price: float = 0.0,
        *,
        expiry: int = 0,
        reduce_only: bool = False,
    ) -> int:
        bar = int(simulation.account["next"][0]) - 1
        number = kinds.ORDER_KINDS.index(kind)
        row = simulation.add_explicit(
            bar, 0, kind=number, lots=lots, price=price, expiry=expiry, reduce_only=reduce_only
        )
        simulation.place(row)
        return int(row)

    return hand
