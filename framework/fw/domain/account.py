"""What a venue says about an account: its truth, to be compared with our ledger."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fw.domain.order import Order


@attrs.frozen(kw_only=True)
class Position:
    """A holding in one instrument; flat means `lots == 0`."""

    lots: int
    entry_price: float
    unrealised: float
    """Profit if it were closed at the mark, in settlement currency."""
    isolated_margin: float = 0.0


@attrs.frozen(kw_only=True)
class AccountReport:
    """Balances, positions and open orders at `time` (ns), in settlement currency."""

    time: int
    wallet: float
    """Cash: equity less unrealised profit."""
    equity: float
    positions: Mapping[str, Position]
    orders: tuple[Order, ...] = ()
