"""Calls every door of the ledger once, so that no client waits for a compiler, which takes seconds at first."""

from __future__ import annotations

import numpy as np

from fw.domain.instrument import Instrument
from fw.domain.order import Conditions
from fw.domain.time import BarSize
from fw.parts.broker import Terms


def warm() -> None:
    """Compile what an account needs, or load it from the cache."""
    from fw.ledger.growing import GrowingSimulation

    size = BarSize.parse("1m")
    prices = np.full((1, 9), 100.0)
    contract = Instrument(symbol="BTCUSDT", tick=0.1, lot=0.001)
    simulation = GrowingSimulation(prices[:, :, None], np.zeros(1, np.int64), size, [contract], Terms(), capital=100.0)

    def step() -> None:
        now = simulation.steps * size.ns
        simulation.write(now, now, prices)
        simulation.advance(simulation.steps)

    def place(kind: int, price: float, conditions: Conditions | None) -> int:
        bar = simulation.steps - 1
        row = simulation.add_explicit(
            bar, 0, kind=kind, lots=1, price=price, expiry=0, reduce_only=False, conditions=conditions
        )
        simulation.place(row)
        step()
        return row

    row = place(1, 90.0, None)
    simulation.amend(row, lots=None, price=91.0)
    place(2, 110.0, Conditions())
