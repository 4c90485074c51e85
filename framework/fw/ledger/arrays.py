"""The arrays of one simulated account, and the record of addresses by which kernels reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.ledger import kinds
from fw.ledger.beginning import beginning, joined
from fw.ledger.handle import FIELDS, HANDLE
from fw.ledger.memory import empty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.instrument import Instrument
    from fw.ledger.tape import Tape
    from fw.parts.broker import Terms
    from fw.parts.strategy import SignalArrays

FIRST_ROOM = 65_536
"""Rows; memory that is never written to is never taken."""

GROWING = {"orders": kinds.ORDER, "working": np.dtype(np.int64), "fills": kinds.FILL, "decisions": kinds.DECISION}
"""Tables that are made larger when they are full."""

WORD = 8
PLACES = {name: place for place, name in enumerate(FIELDS)}


def row_fields(rows: np.dtype[Any]) -> list[tuple[str, Any]]:
    """Name and (type, offset) of each field of a row type, in the order of memory."""
    return [(name, rows.fields[name]) for name in rows.names or () if rows.fields is not None]


COUNTS = {name: offset // WORD for name, (kind, offset) in row_fields(kinds.ACCOUNT) if kind == np.int64}
MONEY = [offset // WORD for name, (_, offset) in row_fields(kinds.ACCOUNT) if name in ("capital", "equity", "peak")]
"""What is the capital at first."""


class Arrays:
    """The state of one account on one tape. Mutable: kernels write it.

    `signals` and `scales` (each float64[instrument, clock bar]) are for the scan. All other bars are those of the tape.
    """

    def __init__(
        self,
        tape: Tape,
        instruments: Sequence[Instrument],
        terms: Terms,
        *,
        capital: float,
        signals: SignalArrays | None = None,
        scales: NDArray[np.float64] | None = None,
    ) -> None:
        n, fields, bars = tape.block.shape
        if tape.block.dtype != np.float64 or not tape.block.flags.c_contiguous or n != len(instruments):
            raise ValueError("the block is float64[instrument, field, bar], contiguous, one row an instrument")
        if tape.closes is not None and (not len(tape.closes) or tape.closes[-1] != bars):
            raise ValueError("the last clock bar closes with the last bar of the tape")
        self.tape = tape
        self.instruments = tuple(instruments)
        self.first = tape.start
        self.handle = np.zeros(1, HANDLE)
        # reading or writing one number of a numpy record takes longer than a compiled step of the whole venue
        self._words = self.handle.view(np.int64).data
        self.stamps = joined(tape.stamps)
        stamps = tuple(map(len, tape.stamps))
        start = beginning(terms, self.instruments, stamps, bar=tape.size.ns, pieces=tape.pieces)
        block, tables = self._lay_out(
            account=(kinds.ACCOUNT, 1),
            positions=(kinds.POSITION, n),
            wishes=(kinds.WISH, n),
            payments=(kinds.PAYMENT, len(self.stamps) + 1),
            scratch=(np.dtype(np.float64), max(kinds.BLOCK, int(start[COUNTS["slip_span"]]))),
            equity=(np.dtype(np.float64), bars),
        )
        self.account, self.positions, self.wishes = tables["account"], tables["positions"], tables["wishes"]
        self.payments, self.equity = tables["payments"], tables["equity"]
        words = block.view(np.int64)
        words[: len(start)] = start
        self._counts = words.data
        self._counts[COUNTS["next"]] = tape.start
        block[MONEY] = capital
        self._lay_out_growing(FIRST_ROOM)
        self._columns = {name: _column(getattr(signals, name, None), tape, name) for name in kinds.SIGNAL_FIELDS}
        self._columns["scales"] = _column(scales, tape, "scales")
        self._point(market=tape.block, stamps=self.stamps, closes=tape.closes, **self._columns)
        self._say(
            instruments=n,
            bars=bars,
            clock_bars=tape.clock_bars,
            fields=fields,
            mark=kinds.PRICE_FIELDS if fields == kinds.MARK_FIELDS else 0,
            stamp_count=len(self.stamps),
            payment_room=len(self.payments),
            scratch_room=len(tables["scratch"]),
        )

    def _say(self, **numbers: int) -> None:
        """Write numbers into the handle."""
        for name, number in numbers.items():
            self._words[PLACES[name]] = number

    def _point(self, **arrays: NDArray[Any] | None) -> None:
        """Let the handle point at arrays; None: there is none."""
        self._say(**{name: array.ctypes.data for name, array in arrays.items() if array is not None})

    def _lay_out(self, **tables: tuple[np.dtype[Any], int]) -> tuple[NDArray[np.float64], Mapping[str, NDArray[Any]]]:
        """Tables of so many rows, side by side in one block that earlier runs may have used; the handle knows them."""
        block = empty(sum(kind.itemsize * count for kind, count in tables.values()) // WORD)
        at, first, made = 0, block.ctypes.data, {}
        for name, (kind, count) in tables.items():
            made[name] = np.ndarray(count, kind, block, at)  # a view of another type asks first whether it may be
            self._words[PLACES[name]] = first + at
            at += kind.itemsize * count
        return block, made

    def _lay_out_growing(self, room: int) -> None:
        _, tables = self._lay_out(**{name: (kind, room) for name, kind in GROWING.items()})
        self._orders, self._working = tables["orders"], tables["working"]
        self._fills, self._decisions = tables["fills"], tables["decisions"]
        self._say(order_room=room, fill_room=room, decision_room=room)

    def _make_room(self) -> None:
        """Double whatever may be full; the rows already written keep their places."""
        room = len(self._orders)
        before = self._orders, self._working, self._fills, self._decisions
        self._lay_out_growing(2 * room)
        for old, new in zip(before, (self._orders, self._working, self._fills, self._decisions), strict=True):
            new[:room] = old

    def release_signals(self) -> None:
        """Let go of the arrays that the run was made from; only what came of them stays."""
        self._columns = dict.fromkeys(self._columns)

    def count(self, name: str) -> int:
        """How many rows of a kind are written: orders, fills, decisions, payments; or `next`, the bar to step next."""
        return self._counts[COUNTS[name]]

    @property
    def has_marks(self) -> bool:
        """Whether it knows mark prices."""
        return bool(self._words[PLACES["mark"]])

    @property
    def scales(self) -> NDArray[np.float64] | None:
        """What an array sizer gave, at the last bar of each clock bar; None where there is none."""
        return self._columns["scales"]

    @property
    def orders(self) -> NDArray[Any]:
        """Orders so far, dtype ORDER."""
        return self._orders[: self.count("orders")]

    @property
    def fills(self) -> NDArray[Any]:
        """Fills so far, dtype FILL."""
        return self._fills[: self.count("fills")]

    @property
    def decisions(self) -> NDArray[Any]:
        """Changed signals so far, dtype DECISION."""
        return self._decisions[: self.count("decisions")]

    @property
    def working(self) -> NDArray[np.int64]:
        """Rows of the orders that may still fill."""
        return self._working[: self.count("working")]

    @property
    def wallet(self) -> float:
        """Cash: equity less unrealised profit."""
        row = self.account[0]
        return float(row["capital"] + row["realised"] - row["fees"] + row["funding"] + row["shortfall"])

    def open_time(self, bar: int) -> int:
        """When a bar opened, ns."""
        return int(self.tape.open_time[bar])

    def close_time(self, bar: int) -> int:
        """When a bar was known, ns."""
        return int(self.tape.close_time(bar))

    def mark(self, instrument: int, bar: int) -> float:
        """The mark price of an instrument at the close of a bar."""
        return float(self.tape.block[instrument, self._words[PLACES["mark"]] + kinds.CLOSE, bar])


def _column(values: Any, tape: Tape, name: str) -> NDArray[np.float64] | None:
    """Numbers by clock bar, on the tape: each at the last bar of its clock bar, NaN (keep) at all others."""
    if values is None:
        return None
    array = np.ascontiguousarray(values, dtype=np.float64)
    shape = tape.block.shape[0], tape.clock_bars
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, not {shape}: [instrument, bar]")
    if tape.closes is None:
        return array
    spread = empty(shape[0], tape.bars)
    spread.fill(np.nan)
    spread[:, tape.closes - 1] = array
    return spread
