"""A run's result under both rules for bars whose four prices do not tell what came first inside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

if TYPE_CHECKING:
    from fw.domain.result import Result

Rule = Literal["pessimistic", "optimistic"]


@attrs.frozen(kw_only=True)
class Bound:
    """What a run comes to under one rule; money in settlement currency."""

    final_equity: float
    profit: float
    """Final equity less capital: after fees, funding and slippage."""
    total_return: float
    """Profit over capital."""
    max_drawdown: float
    """The deepest fall of equity under its highest close so far, as a share of that; 0 or more."""
    trades: int
    ambiguous_bars: int
    """Of this run: once a bar went the other way, other positions meet other bars."""
    result: Result = attrs.field(repr=False, eq=False)
    """The whole run."""

    def plain(self) -> dict[str, float | int]:
        """The numbers, by name."""
        return {field.name: getattr(self, field.name) for field in attrs.fields(Bound) if field.name != "result"}


@attrs.frozen(kw_only=True)
class Bounds:
    """The same run twice: in every ambiguous bar the worse came first, or the better.

    They are named by their rule, not by size. A position is closed no better by the pessimistic rule in one bar, but
    what follows is another history: it may be stopped out of what would have been a deeper loss later, free the margin
    for another trade, or trade a smaller size because equity is smaller. Nor does every mixture of worse and better
    lie between the two.
    """

    shown: Rule
    """The one that the run was made under: all its other numbers are of this one."""
    pessimistic: Bound
    optimistic: Bound

    def of(self, rule: Rule) -> Bound:
        """The bound of this rule."""
        return self.pessimistic if rule == "pessimistic" else self.optimistic

    @property
    def hidden(self) -> Rule:
        """The rule that the run was not made under."""
        return "optimistic" if self.shown == "pessimistic" else "pessimistic"

    def plain(self) -> Mapping[str, Any]:
        """The numbers, as result.json holds them."""
        return {
            "shown": self.shown,
            "pessimistic": self.pessimistic.plain(),
            "optimistic": self.optimistic.plain(),
        }


def bound_of(result: Result) -> Bound:
    """A run's result in the numbers of a bound."""
    import numpy as np

    equity = result.equity["equity"]
    final = float(equity[-1])
    highest = np.maximum(np.maximum.accumulate(equity), result.capital)
    return Bound(
        final_equity=final,
        profit=final - result.capital,
        total_return=final / result.capital - 1.0,
        max_drawdown=float((1.0 - equity / highest).max()),
        trades=result.trades.rows,
        ambiguous_bars=int(result.totals["ambiguous_bars"]),
        result=result,
    )
