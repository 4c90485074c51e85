"""A tape that grows: what happens is written at its end, and the same compiled ledger steps over it.

A step is a bar of the tape: a quote (its four prices are that quote) or the rest of a clock bar that has closed.
How many steps a clock bar will have is not known while it lasts, so its close stands far beyond every step until then.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import MINUTE, format_time
from fw.errors import DataError
from fw.ledger import kinds
from fw.ledger.arrays import PLACES
from fw.ledger.compiled import kernel
from fw.ledger.handle import account_of, payments_of, positions_of, stamps_of
from fw.ledger.kinds import CLOSE, OPEN, Rows
from fw.ledger.simulation import Simulation
from fw.ledger.tape import Tape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.instrument import Instrument
    from fw.domain.time import BarSize
    from fw.parts.broker import Terms

FAR = 2**40
"""Where a clock bar closes that has not closed yet; no tape has as many steps, and `NEVER` is farther still."""
ROOM = 16_384
"""Steps, and clock bars, that there is room for at first; it doubles."""
STAMPS = 65_536
"""Funding stamps of one instrument that there is room for: seven years of hourly ones."""


@attrs.frozen(eq=False, kw_only=True)
class GrowingTape(Tape):
    """A tape with room at its end; `closes` of clock bars to come stand at `FAR` and beyond."""

    closes: NDArray[np.int64]
    known: NDArray[np.int64]
    """[step]: when it was known, ns."""
    written: NDArray[np.int64]
    """[1]: how many steps there are."""

    def last(self, bar: int) -> int:
        """The last step of a clock bar; of the one that is not over, the last so far."""
        return min(int(self.closes[bar]), int(self.written[0])) - 1

    def close_time(self, bar: Any) -> Any:
        """When steps (int or array) were known, ns."""
        return self.known[bar]


class GrowingSimulation(Simulation):
    """One account on a tape that grows. It begins with closed bars, none of which it trades. Mutable: it grows."""

    tape: GrowingTape

    def __init__(
        self,
        history: NDArray[np.float64],
        open_time: NDArray[np.int64],
        size: BarSize,
        instruments: Sequence[Instrument],
        terms: Terms,
        *,
        capital: float,
    ) -> None:
        n, fields, first = history.shape
        room = max(ROOM, 2 * first)
        closes = FAR + np.arange(room, dtype=np.int64)
        closes[:first] = np.arange(1, first + 1)
        tape = GrowingTape(
            block=np.zeros((n, fields, room)),
            stamps=[np.zeros(0, kinds.STAMP)] * n,
            open_time=np.zeros(room, np.int64),
            size=size,
            first=first,
            closes=closes,
            clock=size,
            known=np.zeros(room, np.int64),
            written=np.array([first]),
        )
        tape.block[:, :, :first] = history
        tape.open_time[:first], tape.known[:first] = open_time, open_time + size.ns
        super().__init__(tape, instruments, terms, capital=capital)
        self.bars = first
        """Clock bars that have closed."""
        self.stamps = np.zeros(n * STAMPS, kinds.STAMP)
        self.payments = np.zeros(n * STAMPS + 1, kinds.PAYMENT)
        self.positions["funding_next"] = self.positions["funding_end"] = STAMPS * np.arange(n)
        self._waiting: list[list[tuple[int, float, float | None]]] = [[] for _ in range(n)]
        self._show_arrays()

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return int(self.tape.written[0])

    @property
    def newest(self) -> NDArray[np.float64]:
        """float64[instrument, field]: the last step."""
        return self.tape.block[:, :, self.steps - 1]

    @property
    def at_stake(self) -> bool:
        """Whether a price can change anything: something is held, or an order works."""
        return bool(self.count("working")) or bool(self.positions["lots"].any())

    def write(self, opened: int, known: int, prices: NDArray[np.float64]) -> None:
        """Put a step at the end, of prices float64[instrument, field]; times in ns."""
        i = self.steps
        if i == self.tape.bars:
            self._grow()
        tape = self.tape
        tape.block[:, :, i] = prices
        tape.open_time[i], tape.known[i] = opened, known
        for k, waiting in enumerate(self._waiting):
            while waiting and (waiting[0][0] <= opened or waiting[0][0] < known):
                self._put_stamp(k, i, *waiting.pop(0))
        tape.written[0] = i + 1

    def close_bar(self) -> int:
        """The step written last is the last of its clock bar: it closes with it. Returns the clock bar."""
        bar, closes = self.bars, self.tape.closes
        assert closes is not None
        if bar + 1 == len(closes):
            self._grow()
            closes = self.tape.closes
            assert closes is not None
        orders = self.orders
        orders["expiry"][orders["expiry"] == closes[bar] - 1] = self.steps - 1  # now it is known which step that is
        closes[bar] = self.steps
        self.bars = bar + 1
        return bar

    def settle(self, k: int, time: int, rate: float, price: float | None) -> None:
        """A funding settlement of an instrument at `time` (ns): it is paid by what was held then, at `price` per coin.

        Without a price it is that of the first step at or after it.
        """
        time -= time % MINUTE  # the exchange stamps some milliseconds late
        tape, end = self.tape, self.steps
        step = min(int(tape.known[:end].searchsorted(time, side="right")), int(tape.open_time[:end].searchsorted(time)))
        if step == end:
            self._waiting[k].append((time, rate, price))
            return
        if step < tape.first:
            return  # before this run
        row = self._put_stamp(k, step, time, rate, price)
        fills = self.fills
        lots = int(fills["lots"][(fills["instrument"] == k) & (fills["bar"] < step)].sum())
        self.positions["funding_next"][k] = row + 1
        if lots:
            pay_late(self.handle, end - 1, k, row, lots)

    def _put_stamp(self, k: int, step: int, time: int, rate: float, price: float | None) -> int:
        """Write a stamp that belongs to a step; returns its row."""
        row = int(self.positions["funding_end"][k])
        if row + 1 >= (k + 1) * STAMPS:
            raise DataError(
                f"{self.instruments[k].symbol} was settled {STAMPS:,} times by {format_time(time)}, and there is room "
                "for no more; begin a new account under another name"
            )
        tape = self.tape
        inside = time > tape.open_time[step]
        if price is None:
            price = float(tape.block[k, self._words[PLACES["mark"]] + (CLOSE if inside else OPEN), step])
        self.stamps[row] = (time, step, inside, rate, rate * price)
        self.positions["funding_end"][k] = row + 1
        return row

    def seen(self) -> GrowingSimulation:
        """The same account over what has been stepped and closed so far, for a result that is looked at now."""
        now = copy.copy(self)
        tape, end = self.tape, self.steps
        assert tape.closes is not None
        now.tape = attrs.evolve(
            tape,
            block=tape.block[:, :, :end],
            open_time=tape.open_time[:end],
            known=tape.known[:end],
            closes=tape.closes[: self.bars],
        )
        return now

    def _grow(self) -> None:
        """Twice the room; what is written keeps its place."""
        tape = self.tape
        assert tape.closes is not None
        room = 2 * tape.bars
        closes = FAR + np.arange(2 * len(tape.closes), dtype=np.int64)
        closes[: len(tape.closes)] = tape.closes
        block = np.zeros((*tape.block.shape[:2], room))
        block[:, :, : tape.bars] = tape.block
        self.tape = attrs.evolve(
            tape,
            block=block,
            open_time=_longer(tape.open_time, room),
            known=_longer(tape.known, room),
            closes=closes,
        )
        self.equity = _longer(self.equity, room)
        self._show_arrays()

    def _show_arrays(self) -> None:
        """Tell the kernels where the arrays are now."""
        tape = self.tape
        self._point(
            market=tape.block, closes=tape.closes, equity=self.equity, stamps=self.stamps, payments=self.payments
        )
        rooms = {"bars": tape.bars, "clock_bars": tape.clock_bars}
        for name, room in {**rooms, "stamp_count": len(self.stamps), "payment_room": len(self.payments)}.items():
            self._words[PLACES[name]] = room


def _longer(column: NDArray[Any], room: int) -> NDArray[Any]:
    longer = np.zeros(room, column.dtype)
    longer[: len(column)] = column
    return longer


@kernel
def pay_late(handle: Rows, i: int, k: int, stamp: int, lots: int) -> None:
    """Settle a stamp that became known after its step, by the lots that were held at it."""
    ledger = handle[0]
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    amount = -(lots * p.lot) * stamps_of(ledger)[stamp].cash
    account.funding += amount
    if p.lots * lots > 0:
        p.margin += amount
    row = payments_of(ledger)[account.payments]
    account.payments += 1
    row.bar = i
    row.stamp = stamp
    row.lots = lots
    row.amount = amount
    row.instrument = k
