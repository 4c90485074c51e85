"""Columns computed from the market, causally."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from fw.domain.frame import Frame
    from fw.domain.market import Market


@runtime_checkable
class FeatureSet(Protocol):
    """One definition for research, backtest and live: row `t` of every column uses bars up to `t` only."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Of bars, funding, mark, open_interest: the kinds it reads."""
        ...

    @property
    def lookback(self) -> int:
        """Bars that decide one row, all of them: a row from its last `lookback` bars equals the whole-history row."""
        ...

    def compute(self, market: Market) -> Frame:
        """Columns float64[bar], one row per bar of the focused instrument, from any number of bars; NaN where too few.

        From bar `lookback - 1` on every row is a number.
        """
        ...
