"""Rows that become known at their own instants: funding rates, open interest, ratios, the order book, trades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.frame import read_only
from fw.domain.time import MINUTE
from fw.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRICES = ("open", "high", "low", "close")
KINDS: Mapping[str, tuple[str, ...]] = {
    "open_interest": ("value",),
    "index": PRICES,
    "premium": PRICES,
    "long_short": ("accounts", "top_accounts", "top_positions"),
    "taker_ratio": ("value",),
    "book": ("bid_1", "bid_size_1", "ask_1", "ask_size_1"),
    "trades": ("bought", "sold", "buys", "sells"),
}
"""The kinds of stamped data that bundled parts know, with their columns; a plugin may bring others.

open_interest in base currency · index price and premium index of a bar, stamped with its open, published at its close
· long_short accounts (or positions) over short ones, of all and of top traders · taker_ratio volume bought over volume
sold by takers · book best prices and sizes, and those of deeper levels as `bid_2` … · trades volume in base currency
and number of trades bought and sold by takers since the row before.
"""


def _times(values: Any) -> NDArray[np.int64]:
    array: NDArray[np.int64] = read_only(np.ascontiguousarray(values, dtype=np.int64))
    return array


def _columns(values: Any) -> Mapping[str, NDArray[np.float64]]:
    columns = values if isinstance(values, Mapping) else {"value": values}
    return {name: read_only(np.ascontiguousarray(column, dtype=np.float64)) for name, column in columns.items()}


@attrs.frozen(eq=False, repr=False)
class Stamps:
    """Rows in ascending order of `time` (ns), the instant each is of; none is known before it is `published`.

    `Stamps(time, values)` has one column, `value`; `Stamps(time, {"bid_1": …, "ask_1": …})` has several.
    """

    time: NDArray[np.int64] = attrs.field(converter=_times)
    columns: Mapping[str, NDArray[np.float64]] = attrs.field(converter=_columns)
    published: NDArray[np.int64] = attrs.field(kw_only=True, converter=_times)
    """When each row could first be read, ns; its own instant where nothing else is said."""

    @published.default
    def _at_once(self) -> NDArray[np.int64]:
        return self.time

    def __attrs_post_init__(self) -> None:
        for name, column in (*self.columns.items(), ("published", self.published)):
            if self.time.ndim != 1 or column.shape != self.time.shape:
                raise DataError(f"stamps have {self.time.shape} times and {column.shape} of {name}")

    def __len__(self) -> int:
        return len(self.time)

    def __repr__(self) -> str:
        return f"<Stamps {len(self)} × {', '.join(self.columns)}>"

    def __getitem__(self, column: str) -> NDArray[np.float64]:
        try:
            return self.columns[column]
        except KeyError:
            raise DataError(f"stamps have no column {column!r}; they have {', '.join(self.columns)}") from None

    @property
    def value(self) -> NDArray[np.float64]:
        """The column `value`."""
        return self["value"]

    def rows(self, chosen: slice | NDArray[Any]) -> Stamps:
        """These rows only; a slice is neither copied nor looked at again, as live cuts windows at every bar."""
        columns = {name: column[chosen] for name, column in self.columns.items()}
        if not isinstance(chosen, slice):
            return Stamps(self.time[chosen], columns, published=self.published[chosen])
        cut, put = object.__new__(Stamps), object.__setattr__
        put(cut, "time", self.time[chosen])
        put(cut, "columns", columns)
        put(cut, "published", self.published[chosen])
        return cut

    def known(self, time: int) -> Stamps:
        """The rows published at or before `time` (ns)."""
        return self.rows(slice(0, int(self.published.searchsorted(time, side="right"))))

    def between(self, start: int | None, end: int | None) -> Stamps:
        """The rows published in [start, end)."""
        first = 0 if start is None else int(self.published.searchsorted(start))
        last = len(self) if end is None else int(self.published.searchsorted(end))
        return self.rows(slice(first, max(first, last)))

    def last(self, column: str, *, at: NDArray[np.int64], within: int) -> NDArray[np.float64]:
        """The newest value known at each time of `at`; NaN where none was published in the `within` ns up to it."""
        newest = self.published.searchsorted(at, side="right")
        there = newest > self.published.searchsorted(at - within, side="right")
        found: NDArray[np.float64] = np.where(there, np.append(self[column], np.nan)[newest - 1], np.nan)
        return found

    def to_minutes(self) -> Stamps:
        """The same stamps floored to the minute: a venue states settlements some milliseconds after the hour."""
        late = self.time % MINUTE
        if not late.any():
            return self
        return Stamps(self.time - late, self.columns, published=self.published - self.published % MINUTE)
