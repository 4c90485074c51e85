"""What a check of the store found, and by how much numbers may differ before it says so."""

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


@attrs.frozen(kw_only=True)
class Tolerance:
    """What may differ without being wrong."""

    spike: float = 0.1
    """Share by which a bar may reach beyond the mark price's bar."""
    price: float = 1e-9
    """Share by which a price may differ from that of the smaller bars inside."""
    volume: float = 1e-6
    """Share by which a volume may."""
    bars: int = 3
    """So many bars of a size may differ from the smaller ones inside, as the exchange's own do in places, …"""
    share: float = 0.001
    """… or this share of them, if that is more."""
