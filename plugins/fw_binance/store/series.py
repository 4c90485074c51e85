"""One series of the store: which data of which symbol, in which folder, cut into which files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw import BarSize
from fw.domain.time import MINUTE
from fw.errors import DataError
from fw_binance.store.kinds import Kind, kind_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = {"month": "M", "day": "D", "hour": "h"}
SYMBOL = re.compile(r"[^\s./\\:][^\s/\\:]*")
"""A name that is one folder; the exchange has symbols in Chinese letters too."""


def _bar(bar: BarSize | str | None) -> BarSize | None:
    if bar is None or isinstance(bar, BarSize):
        return bar
    try:
        return BarSize.parse(bar)
    except ValueError as problem:
        raise DataError(f"bar: {problem}") from None


@attrs.frozen(order=True)
class Series:
    """Data of one kind, symbol and bar size (None for kinds without bars), and where a venue's store keeps it."""

    kind: str
    symbol: str
    bar: BarSize | None = attrs.field(default=None, converter=_bar)

    def __attrs_post_init__(self) -> None:
        if self.of.barred and self.bar is None:
            raise DataError(f"{self.kind} of {self.symbol} come in bars: say their size, such as 1m")
        if not self.of.barred and self.bar is not None:
            raise DataError(f"{self.kind} of {self.symbol} do not come in bars: leave {self.bar} out")
        if not SYMBOL.fullmatch(self.symbol):
            raise DataError(f"{self.symbol!r} is no symbol such as BTCUSDT")

    def __str__(self) -> str:
        return " ".join(filter(None, (self.kind, self.symbol, str(self.bar or ""))))

    @property
    def of(self) -> Kind:
        """What kind of data it is."""
        return kind_of(self.kind)

    def folder(self, root: Path, venue: str) -> Path:
        """Where its files lie."""
        folder = root / venue / self.kind / self.symbol
        return folder if self.bar is None else folder / str(self.bar)

    def own_time(self, times: Any) -> Any:
        """The instant each row counts as: its time, or the minute nearest where times may be off."""
        return (times + MINUTE // 2) // MINUTE * MINUTE if self.of.lenient else times

    def on_grid(self, start: int, end: int) -> tuple[int, int]:
        """The range of open times that [start, end) stands for: both ends at the next place of the grid."""
        if self.bar is None:
            return start, end
        size, origin = self.bar.ns, self.bar.origin
        return start + (origin - start) % size, end + (origin - end) % size

    def parts(self, times: NDArray[np.int64]) -> Iterator[tuple[str, slice]]:
        """The name of each file that ascending times fall into, and the rows that do."""
        if not len(times):
            return
        periods = self.own_time(times).view("datetime64[ns]").astype(f"datetime64[{UNITS[self.of.period]}]")
        begins = np.flatnonzero(np.concatenate(([True], periods[1:] != periods[:-1])))
        for first, last in zip(begins, [*begins[1:], len(times)], strict=True):
            yield str(periods[first]), slice(int(first), int(last))

    def part_of(self, time: int) -> str:
        """The name of the file that holds this instant."""
        return str(np.datetime64(int(self.own_time(time)), "ns").astype(f"datetime64[{UNITS[self.of.period]}]"))
