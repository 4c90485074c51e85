"""What a check of the store found."""

from __future__ import annotations

import attrs

from fw_binance.store.series import Series

BROKEN = ("corrupt", "order", "duplicate", "misaligned")
"""What is said of a file that is not to be read."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is not as it should be, or that a reader of the data should know."""

    series: Series
    what: str
    """corrupt, order, duplicate, misaligned, gap, prices, spike or sizes."""
    text: str
    is_fault: bool = True
    """Whether it is wrong, or only so at the exchange."""
    part: str | None = None
    """The file it is about, where it is about one."""
    spans: tuple[tuple[int, int], ...] = ()
    """The time it is about, ns."""

    def __str__(self) -> str:
        return f"{self.series}: {self.text}"
