"""A finished run: equity, fills, trades, funding and metrics, as frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.bounds import Bounds
    from fw.domain.frame import Frame
    from fw.domain.market import Market
    from fw.domain.saved import Trial
    from fw.domain.time import BarSize

T = TypeVar("T")


@attrs.define(eq=False, kw_only=True, repr=False)
class Result:
    """What a run came to. Mutable only in what it has already worked out (`once`).

    Frames and their columns:

    - `equity`: time (close of the bar), equity, one row a bar.
    - `fills`: time (open time of its bar, the finer one where the run had such), instrument, lots (signed), quantity,
      price, fee, realised, slippage, reason, order, tag.
    - `trades`: instrument, side (1 long, -1 short), entry_time, exit_time, quantity, entry_price, exit_price,
      profit (net of fees and funding), fees, funding, bars, entry_reason, exit_reason, tag. An open trade is
      marked at the last close, with exit_reason `end`.
    - `funding`: time, instrument, lots, rate, amount (received; negative: paid).
    - `signals`: the journal's decisions: time, instrument, strength, stop_loss, take_profit, trailing, limit,
      expiry, tag; one row a change.
    - `orders`: time, instrument, id, kind, lots, price, reduce_only, reason, state, fault.
    - `vetoes`: time, instrument, check, reason.
    """

    name: str
    engine: str
    """scan or loop."""
    engine_reason: str
    """Why this engine was taken."""
    bar: BarSize
    capital: float
    instruments: tuple[str, ...]
    market: Market
    """The bars the run traded on, without warm-up."""
    equity: Frame
    fills: Frame
    funding: Frame
    signals: Frame
    orders: Frame
    vetoes: Frame
    totals: Mapping[str, float]
    """Of the whole run: realised, unrealised, fees, funding, slippage, shortfall, liquidations, ambiguous_bars,
    exposure_bars (instrument-bars with a position), rejected."""
    notes: tuple[str, ...] = ()
    """What a reader must know: filled gaps, nearest tiers, missing mark prices, late start …"""
    charged: NDArray[np.int64] | None = attrs.field(default=None, repr=False)
    """[row of `funding`]: opening of the bar that charged it, where fills are found on finer bars; None: of its own."""
    ended: int | None = None
    """When a risk check, or an empty wallet, ended trading for good, ns; None: it went on to the last bar."""
    folder: Path | None = None
    seconds: float = 0.0
    """Wall-clock seconds it took."""
    printed: tuple[str, ...] = ()
    """What the reporters had to say, for the console."""
    units: Mapping[str, str] = attrs.field(factory=dict)
    """Unit of each metric, by name."""
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    """The strategy file as plain data."""
    measure: Callable[[Result], Mapping[str, Any]] | None = attrs.field(default=None, repr=False)
    trade: Callable[[Result], Frame] | None = attrs.field(default=None, repr=False)
    recall: Callable[[Result], tuple[Trial, ...]] | None = attrs.field(default=None, repr=False)
    bound: Callable[[Result], Bounds | None] | None = attrs.field(default=None, repr=False)
    write: Callable[[Result, Path], None] | None = attrs.field(default=None, repr=False)
    _worked_out: dict[Any, Any] = attrs.field(factory=dict, init=False, repr=False)

    def __repr__(self) -> str:
        last = f"{self.equity['equity'][-1]:,.2f}" if self.equity.rows else "none"
        return f"<Result {self.name!r}: {self.equity.rows:,} bars, final equity {last}, {self.fills.rows:,} fills>"

    def once(self, work: Callable[[Result], T]) -> T:
        """`work(self)`, done the first time it is asked for and remembered."""
        if work not in self._worked_out:
            self._worked_out[work] = work(self)
        found: T = self._worked_out[work]
        return found

    @property
    def metrics(self) -> Mapping[str, Any]:
        """Numbers by name; one that does not exist is an `Unmeasured` with its reason."""
        return self.measure(self) if self.measure is not None else {}

    @property
    def trades(self) -> Frame:
        """Round trips, oldest exit first."""
        assert self.trade is not None
        return self.once(self.trade)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The other runs and combinations of sweeps made in this workspace on the same data.

        That is: on any of the same instruments over an overlapping period, whatever the source or the bar; but made-up
        markets with made-up ones only.
        """
        return self.recall(self) if self.recall is not None else ()

    @property
    def bounds(self) -> Bounds | None:
        """The result under both rules for its ambiguous bars; None where there are none.

        The run is made once more under the other rule when this is first asked for.
        """
        return self.once(self.bound) if self.bound is not None else None

    def report(self, path: Path | str) -> Path:
        """Write the run's files into a folder (made if needed) and return it."""
        assert self.write is not None
        folder = Path(path)
        self.write(self, folder)
        return folder
