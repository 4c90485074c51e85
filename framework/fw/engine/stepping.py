"""What moves an account between two decisions: quotes, and at each close what of its bar no quote has shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.ledger import kinds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.received import BarReceived
    from fw.engine.lines import Quoted
    from fw.ledger.growing import GrowingSimulation

Strands = Mapping[tuple[str, str], "BarReceived"]
"""The bars of one close, by instrument and kind."""


@attrs.define
class _Price:
    """One price that moves: traded or mark, of one instrument. Mutable: it moves."""

    instrument: str
    kind: str
    k: int
    first: int
    """Where its four fields begin in a step."""
    last: float
    high: float = -np.inf
    """Of the quotes in the bar under way."""
    low: float = np.inf


class Steps:
    """Writes steps onto the tape of a simulation. Mutable: it knows the prices of the bar under way."""

    def __init__(self, simulation: GrowingSimulation) -> None:
        self._simulation = simulation
        kept = {"bars": 0, "mark": kinds.PRICE_FIELDS} if simulation.has_marks else {"bars": 0}
        self._prices = [
            _Price(contract.symbol, kind, k, first, float(simulation.newest[k, first + kinds.CLOSE]))
            for k, contract in enumerate(simulation.instruments)
            for kind, first in kept.items()
        ]
        self._step = np.zeros(simulation.newest.shape)
        self._quoted = 0
        """When the bar under way was last quoted, ns; 0: it was not."""

    def quote(self, event: Quoted) -> None:
        """A bar whose four prices are the middle of bid and ask; who has no new quote stays where he was."""
        step = self._step
        for price in self._prices:
            said = event.quotes.get(price.instrument)
            if said is not None:
                _, bid, ask, mark = said
                if price.kind == "bars":
                    price.last = (bid + ask) / 2.0
                elif mark is not None:
                    price.last = mark
            price.high, price.low = max(price.high, price.last), min(price.low, price.last)
            step[price.k, price.first : price.first + kinds.VOLUME] = price.last
        step[:, kinds.VOLUME] = 0.0
        self._quoted = event.time
        self._simulation.write(event.time, event.time, step)

    def close(self, strands: Strands, opened: int, closed: int) -> None:
        """The last step of a bar that opened and closed then (ns): all of it where it was never quoted."""
        for price in self._prices:
            bar = strands[price.instrument, price.kind]
            self._step[price.k, price.first : price.first + kinds.VOLUME] = self._rest(price, bar)
            if price.kind == "bars":
                self._step[price.k, kinds.VOLUME] = bar.volume
            price.last, price.high, price.low = bar.close, -np.inf, np.inf
        self._simulation.write(self._quoted or opened, closed, self._step)
        self._quoted = 0

    def _rest(self, price: _Price, bar: BarReceived) -> NDArray[np.float64] | tuple[float, float, float, float]:
        """Open, high, low and close of what a bar has shown since its newest quote, and of what no quote has shown."""
        if not self._quoted:
            return bar.open, bar.high, bar.low, bar.close
        high = bar.high if bar.high > price.high else bar.close
        low = bar.low if bar.low < price.low else bar.close
        return price.last, max(price.last, bar.close, high), min(price.last, bar.close, low), bar.close
