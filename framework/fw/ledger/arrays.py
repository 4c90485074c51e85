"""The arrays of one simulated account, and the record of addresses by which kernels reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.ledger import kinds
from fw.ledger.beginning import account_rows, position_rows, wish_rows
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
ROW_WORDS = sum(kind.itemsize for kind in GROWING.values()) // WORD
WORDS_BEFORE = {
    name: sum(kind.itemsize for kind in list(GROWING.values())[:k]) // WORD for k, name in enumerate(GROWING)
}
"""Of the tables before each, for one row of room."""
PLACES = {name: place for place, name in enumerate(FIELDS)}
ADDRESSES = PLACES["scratch"] + 1
"""Words of the handle that point at what every run has."""


def row_fields(rows: np.dtype[Any]) -> list[tuple[str, Any]]:
    """Name and (type, offset) of each field of a row type, in the order of memory."""
    return [(name, rows.fields[name]) for name in rows.names or () if rows.fields is not None]


BEHIND = len(FIELDS)
"""Words of the handle, behind which the account lies."""
COUNTS = {name: BEHIND + at // WORD for name, (kind, at) in row_fields(kinds.ACCOUNT) if kind == np.int64}
MONEY = [BEHIND + at // WORD for name, (_, at) in row_fields(kinds.ACCOUNT) if name in ("capital", "equity", "peak")]
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
        if tape.block.dtype != np.float64 or not tape.block.flags.c_contiguous or len(tape.block) != len(instruments):
            raise ValueError("the block is float64[instrument, field, bar], contiguous, one row an instrument")
        if tape.closes is not None and (not len(tape.closes) or tape.closes[-1] < tape.bars):
            raise ValueError("the last clock bar closes with the last bar of the tape, or after it")
        self.tape = tape
        self.instruments = tuple(instruments)
        self.first = tape.start
        self.stamps = tape.joined
        stamps = tuple(map(len, tape.stamps))
        spans = (*tape.block.shape, tape.clock_bars, tape.size.ns, tape.pieces)
        layout = layout_of(terms, self.instruments, stamps, *spans)
        self._tables, self._block = layout.tables, empty(layout.words)
        words = self._block.view(np.int64)
        words[: len(layout.start)] = layout.start
        words[:ADDRESSES] += self._block.ctypes.data
        self._block[MONEY] = capital
        # reading or writing one number of a numpy record takes longer than a compiled step of the whole venue
        self._words = words.data
        self._words[COUNTS["next"]] = tape.start
        self.handle = self._table("handle")
        self.account = self._table("account")
        self.equity: NDArray[np.float64] = self._table("equity")
        """float64[bar]: at each close."""
        self._lay_out_growing(FIRST_ROOM)
        self._columns = {name: _column(getattr(signals, name, None), tape, name) for name in kinds.SIGNAL_FIELDS}
        self._columns["scales"] = _column(scales, tape, "scales")
        for name, address in tape.addresses.items():
            self._words[PLACES[name]] = address
        if signals is None:
            self._words[PLACES["extremes"]] = 0  # a loop is not told what lies ahead
        self._point(**{name: column for name, column in self._columns.items() if column is not None})

    def _point(self, **arrays: NDArray[Any] | None) -> None:
        """Let the handle point at arrays; None: there is none."""
        for name, array in arrays.items():
            self._words[PLACES[name]] = 0 if array is None else array.ctypes.data

    def _table(self, name: str) -> NDArray[Any]:
        kind, count, at = self._tables[name]
        return np.ndarray(count, kind, self._block, at)  # a view of another type asks first whether it may be

    @cached_property
    def positions(self) -> NDArray[Any]:
        """A row of dtype POSITION an instrument."""
        return self._table("positions")

    @cached_property
    def wishes(self) -> NDArray[Any]:
        """A row of dtype WISH an instrument: what `decide` acts on."""
        return self._table("wishes")

    @cached_property
    def payments(self) -> NDArray[Any]:
        """Room for every funding settlement, dtype PAYMENT."""
        return self._table("payments")

    def _lay_out_growing(self, room: int) -> None:
        """Room for so many rows in each table that grows, side by side."""
        self._growing, self._room = empty(room * ROW_WORDS), room
        self._grown: dict[str, NDArray[Any]] = {}
        first = self._growing.ctypes.data
        for name, words in WORDS_BEFORE.items():
            self._words[PLACES[name]] = first + WORD * words * room
        for name in ("order_room", "fill_room", "decision_room"):
            self._words[PLACES[name]] = room

    def _rows(self, name: str) -> NDArray[Any]:
        """All room of a table that grows."""
        if name not in self._grown:
            self._grown[name] = np.ndarray(
                self._room, GROWING[name], self._growing, WORD * WORDS_BEFORE[name] * self._room
            )
        return self._grown[name]

    def _make_room(self) -> None:
        """Double whatever may be full; the rows already written keep their places."""
        before, room = {name: self._rows(name) for name in GROWING}, self._room
        self._lay_out_growing(2 * room)
        for name, rows in before.items():
            self._rows(name)[:room] = rows

    def release_signals(self) -> None:
        """Let go of the arrays that the run was made from; only what came of them stays."""
        self._columns = dict.fromkeys(self._columns)

    def count(self, name: str) -> int:
        """How many rows of a kind are written: orders, fills, decisions, payments; or `next`, the bar to step next."""
        return self._words[COUNTS[name]]

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
        return self._rows("orders")[: self.count("orders")]

    @property
    def fills(self) -> NDArray[Any]:
        """Fills so far, dtype FILL."""
        return self._rows("fills")[: self.count("fills")]

    @property
    def decisions(self) -> NDArray[Any]:
        """Changed signals so far, dtype DECISION."""
        return self._rows("decisions")[: self.count("decisions")]

    @property
    def working(self) -> NDArray[np.int64]:
        """Rows of the orders that may still fill."""
        return self._rows("working")[: self.count("working")]

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


@attrs.frozen(eq=False)
class Layout:
    """What of a run's arrays is the same for all that begin alike."""

    tables: Mapping[str, tuple[np.dtype[Any], int, int]]
    """Row type, rows and first byte of each."""
    words: int
    """Of all together."""
    start: NDArray[np.int64]
    """The first of them, the account without its money; the handle counts from the begin of the block."""


@lru_cache(maxsize=64)
def layout_of(
    terms: Terms,
    instruments: tuple[Instrument, ...],
    stamps: tuple[int, ...],
    n: int,
    fields: int,
    bars: int,
    clock_bars: int,
    bar: int,
    pieces: int,
) -> Layout:
    """Every table of fixed size in one block: remembered, for the runs of a sweep begin alike.

    In words, for numpy copies rows field by field.
    """
    account = account_rows(terms, bar, pieces)
    numbers = np.dtype(np.float64)
    counts = {
        "handle": (HANDLE, 1),
        "account": (kinds.ACCOUNT, 1),
        "positions": (kinds.POSITION, n),
        "wishes": (kinds.WISH, n),
        "payments": (kinds.PAYMENT, sum(stamps) + 1),
        "scratch": (numbers, max(kinds.BLOCK, int(account["slip_span"][0]))),
        "equity": (numbers, bars),
    }
    tables, end = {}, 0
    for name, (kind, count) in counts.items():
        tables[name] = kind, count, end
        end += kind.itemsize * count
    handle = np.zeros(1, HANDLE)
    for name in tables.keys() & PLACES.keys():
        handle[name] = tables[name][2]
    handle["instruments"], handle["fields"], handle["bars"], handle["clock_bars"] = n, fields, bars, clock_bars
    handle["mark"] = kinds.PRICE_FIELDS if fields == kinds.MARK_FIELDS else 0
    handle["stamp_count"], handle["payment_room"] = sum(stamps), sum(stamps) + 1
    handle["scratch_room"], handle["blocks"] = tables["scratch"][1], -(-bars // kinds.BLOCK)
    rows = handle, account, position_rows(instruments, stamps), wish_rows(n)
    return Layout(tables, end // WORD, np.concatenate([row.view(np.int64) for row in rows]))


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
