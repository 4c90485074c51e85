"""Compiles the ledger into the cache: `python -m fw.ledger.warm`, run beside the first run on a machine."""

from __future__ import annotations

import gc

import numpy as np

from fw.domain.decision import Signal
from fw.domain.instrument import Instrument
from fw.domain.time import BarSize
from fw.ledger import kinds
from fw.ledger.simulation import Simulation
from fw.ledger.tape import Tape
from fw.parts.broker import Terms
from fw.parts.strategy import SignalArrays


def main() -> None:
    """Trade three bars by array and by hand, which calls every door of the ledger once."""
    gc.disable()  # the compiler makes millions of objects; looking through them takes a tenth of its time
    size = BarSize.parse("1h")
    tape = Tape(
        block=np.full((1, kinds.PRICE_FIELDS, 3), 100.0),
        stamps=[np.zeros(0, kinds.STAMP)],
        open_time=np.arange(3) * size.ns,
        size=size,
    )
    contract = Instrument(symbol="BTCUSDT", tick=0.1, lot=0.001)
    terms = Terms(fraction=1.0)
    Simulation(tape, [contract], terms, capital=1000.0, signals=SignalArrays(strength=np.ones((1, 3)))).advance(3)
    print("a scan can run", flush=True)  # the process that waits need not wait for the rest
    by_hand = Simulation(tape, [contract], terms, capital=1000.0)
    by_hand.advance(1)
    by_hand.wish(0, Signal(1.0), unit=int(kinds.BY_STRENGTH), amount=0.0, force=int(kinds.NONE))
    by_hand.decide(0, placing=False)
    by_hand.place(0)
    by_hand.advance(3)


if __name__ == "__main__":
    main()
