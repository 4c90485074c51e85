"""The market of a run that is still happening: its history first, then a bar at a time, with its feature columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fw.domain.bars import COLUMNS, Bars
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.engine.columns import compute_columns
from fw.engine.live import LiveColumns
from fw.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.received import BarReceived, StampReceived
    from fw.engine.columns import PlannedSet

ALL = 2**62
"""Bars that are kept: every one."""


class Unfolding:
    """Bars, stamps and feature columns known by now. Mutable: `close` adds what one moment brings."""

    def __init__(self, sets: Sequence[PlannedSet], history: Market) -> None:
        self._rows = LiveColumns(sets, history, keep=ALL)
        self.columns: dict[str, NDArray[np.float64]] = {}
        """By name, float64[instrument, bar], with room behind the newest bar."""
        self._make_room(2 * len(history.bars) + 1024)
        for name, column in compute_columns(sets, history).items():
            self.columns[name][:, : column.shape[1]] = column
        self._stamps: dict[str, list[StampReceived]] = {symbol: [] for symbol in history.instruments}

    @property
    def market(self) -> Market:
        """Everything known at the newest close."""
        return self._rows.market

    def hold(self, stamp: StampReceived) -> None:
        """Take a stamp in; it is known at the first close at or after its time."""
        self._stamps[stamp.instrument].append(stamp)

    def close(self, strands: Mapping[tuple[str, str], BarReceived], time: int) -> Market:
        """Take in the bars of one close, by instrument and kind, and what was published by then (ns)."""
        newer = Market(
            series={symbol: self._newer(symbol, data, strands, time) for symbol, data in self.market.series.items()},
            focus=self.market.focus,
        )
        row = self._rows.add(newer)
        at = len(self.market.bars) - 1
        if at >= self._block.shape[2]:
            self._make_room(2 * at)
        self._block[:, :, at] = row
        return self.market

    def _newer(self, symbol: str, data: Series, strands: Mapping[tuple[str, str], BarReceived], time: int) -> Series:
        waiting = self._stamps[symbol]
        known = [stamp for stamp in waiting if max(stamp.time, stamp.at) <= time]
        self._stamps[symbol] = [stamp for stamp in waiting if max(stamp.time, stamp.at) > time]
        return Series(
            bars=one_bar(strands[symbol, "bars"], data.bars),
            mark=None if data.mark is None else one_bar(strands[symbol, "mark"], data.mark),
            funding=None if data.funding is None else _rows_of(known, "funding", data.funding, symbol),
            stamps={kind: _rows_of(known, kind, stamps, symbol) for kind, stamps in data.stamps.items()},
        )

    def _make_room(self, bars: int) -> None:
        """Room for so many bars of all columns, with those that are there by now."""
        names = self._rows.names
        block = np.full((len(names), len(self.market.instruments), bars), np.nan)
        for k, name in enumerate(names):
            if name in self.columns:
                before = self.columns[name]
                block[k, :, : before.shape[1]] = before
            self.columns[name] = block[k]
        self._block = block


def one_bar(received: BarReceived, like: Bars) -> Bars:
    """A bar as a row, with the columns that others have; DataError where it lacks one."""
    lacking = [name for name in like.extra if name not in received.extra]
    if lacking:
        raise DataError(
            f"the stream's bars of {received.instrument} lack {', '.join(lacking)}, which its history has: "
            "the source must give the same columns in both"
        )
    return Bars(
        size=like.size,
        open_time=[received.open_time],
        **{name: [getattr(received, name)] for name in COLUMNS},
        extra={name: [received.extra[name]] for name in like.extra},
    )


def _rows_of(known: Sequence[StampReceived], kind: str, like: Stamps, symbol: str) -> Stamps:
    chosen = [stamp for stamp in known if stamp.kind == kind]
    for stamp in chosen:
        lacking = [name for name in like.columns if name not in stamp.values]
        if lacking:
            raise DataError(f"the stream's {kind} of {symbol} lacks {', '.join(lacking)}, which its history has")
    return Stamps(
        np.array([stamp.at for stamp in chosen], np.int64),
        {name: np.array([stamp.values[name] for stamp in chosen], np.float64) for name in like.columns},
        published=np.array([max(stamp.time, stamp.at) for stamp in chosen], np.int64),
    )
