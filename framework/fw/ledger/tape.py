"""What a simulation runs on: the market as arrays, on bars of the clock or on smaller ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.ledger.beginning import joined
from fw.ledger.kinds import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.time import BarSize


@attrs.frozen(eq=False, kw_only=True)
class Tape:
    """What a simulation runs on: prices of all instruments on one timeline, and their funding."""

    block: NDArray[np.float64]
    """[instrument, field, bar], fields as in `kinds`; 5 fields, or 9 with mark prices."""
    stamps: Sequence[NDArray[Any]]
    """A row array of dtype STAMP for each instrument, ascending."""
    open_time: NDArray[np.int64]
    """[bar]: ns."""
    size: BarSize
    first: int = 0
    """The first clock bar that is traded; what lies before it is warm-up."""
    closes: NDArray[np.int64] | None = None
    """[clock bar]: how many bars of the tape have closed when that clock bar closes; None: each is a clock bar."""
    clock: BarSize | None = None
    """The size of clock bars, where those of the tape are smaller."""
    pieces: int = 1
    """How many bars of the tape a bar of the data was cut into, to walk along its path."""
    _seen: tuple[NDArray[np.float64], NDArray[np.float64]] | None = attrs.field(default=None, repr=False)
    """A block, and its `extremes`: shared with a tape that was made of another on the same block."""
    joined: NDArray[Any] = attrs.field(init=False, repr=False)
    """The stamps of all contracts, one after the other."""
    _addresses: dict[str, int] = attrs.field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self._seen is None or self._seen[0] is not self.block:
            count, _, bars = self.block.shape
            extremes = np.full((count, 2, -(-bars // BLOCK)), np.nan)
            object.__setattr__(self, "_seen", (self.block, extremes))
        object.__setattr__(self, "joined", joined(self.stamps))

    @property
    def addresses(self) -> Mapping[str, int]:
        """Where the arrays lie that runs read, by their names in the handle; asked once, for numpy takes its time."""
        if not self._addresses:
            arrays = {"market": self.block, "stamps": self.joined, "closes": self.closes, "extremes": self.extremes}
            self._addresses.update({name: 0 if a is None else a.ctypes.data for name, a in arrays.items()})
        return self._addresses

    @property
    def extremes(self) -> NDArray[np.float64]:
        """[instrument, lowest or highest, `BLOCK` of bars]: marks; NaN until a scan has seen and written them."""
        assert self._seen is not None
        return self._seen[1]

    @property
    def bars(self) -> int:
        return self.block.shape[2]

    @property
    def clock_bars(self) -> int:
        """How many bars of the clock it covers."""
        return self.bars if self.closes is None else len(self.closes)

    @property
    def start(self) -> int:
        """The first bar of the tape that is traded."""
        return self.first if self.closes is None or self.first == 0 else int(self.closes[self.first - 1])

    def last(self, bar: int) -> int:
        """The last bar of the tape in a clock bar: where what is decided at its close stands."""
        return bar if self.closes is None else int(self.closes[bar]) - 1

    def clock_bar(self, bar: Any) -> Any:
        """The clock bar that a bar of the tape lies in (int or array); after the end each bar counts for one."""
        if self.closes is None:
            return bar
        beyond = np.maximum(bar - (self.closes[-1] - 1), 0)
        return np.searchsorted(self.closes, bar - beyond, side="right") + beyond

    def close_time(self, bar: Any) -> Any:
        """When bars (int or array) were known, ns; a clock bar's last with the clock bar, whatever is missing of it."""
        opened = self.open_time[bar]
        if self.closes is None or self.clock is None:
            return opened + self.size.ns
        is_last = self.closes[self.clock_bar(bar)] == np.asarray(bar) + 1
        return np.where(is_last, self.clock.floor(opened) + self.clock.ns, opened + self.size.ns)
