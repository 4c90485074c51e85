"""Trades by when they were entered, how long they were held, what they were called and how they ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import DAY, FIRST_MONDAY, HOUR, MINUTE, WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw import Result

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOLDING = (
    ("under 15m", 15 * MINUTE),
    ("15m to 1h", HOUR),
    ("1h to 4h", 4 * HOUR),
    ("4h to 12h", 12 * HOUR),
    ("12h to 1d", DAY),
    ("1d to 3d", 3 * DAY),
    ("3d to 1w", WEEK),
    ("1w to 4w", 4 * WEEK),
    ("over 4w", 2**62),
)
"""Label and the first holding time, in ns, that is too long for it."""
MOST_WORDS = 12
OTHERS = "all others"


@attrs.frozen(kw_only=True)
class Group:
    """The trades that share something."""

    name: str
    trades: int
    won: int
    profit: float
    """Sum, net of fees and funding."""
    short: str = ""
    """Its label on an axis, where that is not the name."""

    @property
    def mean(self) -> float | None:
        """Profit of one trade; None of none."""
        return self.profit / self.trades if self.trades else None


@attrs.frozen(kw_only=True)
class Grouping:
    """One way to tell trades apart; `key` names its chart."""

    key: str
    title: str
    groups: tuple[Group, ...]


def groupings(result: Result) -> tuple[Grouping, ...]:
    """By hour and weekday of the entry (UTC), holding time, tag, exit reason; tags only where there are any."""
    trades = result.trades
    entry = trades["entry_time"].astype(np.int64)
    held = trades["exit_time"].astype(np.int64) - entry
    profit = trades["profit"].astype(np.float64)
    steps = np.array([longest for _, longest in HOLDING])
    found = [
        Grouping(key="hour", title="Hour of entry (UTC)", groups=_coded(entry // HOUR % 24, range(24), str, profit)),
        Grouping(
            key="weekday",
            title="Weekday of entry (UTC)",
            groups=tuple(
                attrs.evolve(group, short=group.name[:3])
                for group in _coded((entry - FIRST_MONDAY) // DAY % 7, range(7), WEEKDAYS.__getitem__, profit)
            ),
        ),
        Grouping(
            key="holding",
            title="Holding time",
            groups=_coded(
                np.searchsorted(steps, held, side="right"), range(len(HOLDING)), lambda k: HOLDING[k][0], profit
            ),
        ),
        Grouping(key="exit", title="Exit reason", groups=_named(trades["exit_reason"], profit, reason=True)),
    ]
    if any(trades["tag"].tolist()):
        found.append(Grouping(key="tag", title="Tag", groups=_named(trades["tag"], profit)))
    return tuple(found)


def _coded(
    codes: NDArray[np.int64], all_codes: Iterable[int], name: Callable[[int], str], profit: NDArray[np.float64]
) -> tuple[Group, ...]:
    """One group a code, in order, the empty ones too."""
    return tuple(_group(name(code), profit[codes == code]) for code in all_codes)


def _named(column: Any, profit: NDArray[np.float64], *, reason: bool = False) -> tuple[Group, ...]:
    """One group a word, the most frequent first; the rare ones past the twelfth together."""
    names, codes = np.unique(np.asarray(column, dtype=np.str_), return_inverse=True)
    order = np.argsort(-np.bincount(codes, minlength=len(names)), kind="stable")
    groups = []
    for k in order[:MOST_WORDS].tolist():
        name = str(names[k]).replace("_", " ") if reason else str(names[k]) or "no tag"
        groups.append(_group(name, profit[codes == k]))
    if len(order) > MOST_WORDS:
        groups.append(_group(OTHERS, profit[np.isin(codes, order[MOST_WORDS:])]))
    return tuple(groups)


def _group(name: str, profit: NDArray[np.float64]) -> Group:
    return Group(name=name, trades=len(profit), won=int((profit > 0.0).sum()), profit=float(profit.sum()))
