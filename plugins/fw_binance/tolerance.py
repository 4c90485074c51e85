"""By how much numbers may differ before a check of the store says so."""

from __future__ import annotations

import attrs


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
