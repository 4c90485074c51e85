"""What a column is, said once by the set that computes it: formula, unit, bounds and source."""

from __future__ import annotations

import math

import attrs


@attrs.frozen(kw_only=True)
class Column:
    """What one column is; `tests` hold every set to what it says of its columns.

    Every set has `about()`, which gives one of these for each column it computes, in order.
    """

    name: str
    formula: str
    """The arithmetic, and what is given where it has no answer (flat prices, no volume)."""
    unit: str
    """`price` (settlement currency), `share` (0.01 is 1 %), `base currency`, `1`, `bars`, `hours` …"""
    low: float = -math.inf
    """A value that it never goes below."""
    high: float = math.inf
    """A value that it never goes above."""
    scale_free: bool = False
    """Whether it stays the same when all prices are multiplied by a number."""
    source: str
    """Where the formula is from: author and year, or the library whose convention it keeps to."""
