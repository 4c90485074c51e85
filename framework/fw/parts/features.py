"""Columns computed from the market, causally."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.frame import Frame
    from fw.domain.market import Market


@runtime_checkable
class DerivedColumn(Protocol):
    """One column made of other columns of the run, row by row; it bears the name of its entry in the file."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it is made of, by their names in the run."""
        ...

    def derive(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Float64[instrument, bar], each row of the same row of those columns; NaN where one of them is."""
        ...


@runtime_checkable
class FeatureSet(Protocol):
    """One definition for research, backtest and live: row `t` of every column uses bars up to `t` only.

    A set that cannot be exact may have a `tolerance`: by how much a live row may differ, as a share of max(1, |value|).
    Every report of a run that uses it says so.
    """

    @property
    def needs(self) -> tuple[str, ...]:
        """The kinds of data it reads, `bars`, `funding`, `book` …, or columns of them that not all sources have:
        `bars.trades`, `book.bid_5`. Without them it is not computed."""
        ...

    @property
    def lookback(self) -> int:
        """Bars that decide one row, all of them: a row from its last `lookback` bars equals the whole-history row."""
        ...

    def compute(self, market: Market) -> Frame:
        """Columns float64[bar], one row per bar of the focused instrument, from any number of bars; NaN where too few.

        From bar `lookback - 1` on every row is a number. Sets are computed side by side, in threads: it changes
        nothing that others see.
        """
        ...


@runtime_checkable
class WrittenFeatures(FeatureSet, Protocol):
    """A feature set that writes its columns into room that it is given; live, one costs a fraction of a plain one.

    Live wants the newest row alone, and asks at every bar. `compute` is then the same pass over all rows: room for
    `columns`, `write(market, 0, out)`, and `Frame.of_rows(columns, out)`.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, in order, the same on every market."""
        ...

    def writer(self) -> Callable[[Market, int, NDArray[np.float64]], None]:
        """A function `write(market, first, out)`, made once and called at every bar.

        It writes the rows from `first` on into `out`, float64[column, bar], one row per bar of the focused instrument;
        earlier rows it may leave as they are, or write anything into. It keeps nothing from call to call.
        """
        ...
