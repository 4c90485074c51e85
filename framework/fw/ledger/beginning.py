"""Rows as they stand before the first bar: what an account was told, and what is known of its contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw.ledger import kinds
from fw.parts.broker import Slippage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fw.domain.instrument import Instrument
    from fw.parts.broker import Terms

PATHS = {"pessimistic": kinds.PESSIMISTIC, "optimistic": kinds.OPTIMISTIC}
"""What to make of a bar that touched two prices; on any other path a bar is one straight way."""


def account_rows(terms: Terms, bar: int, pieces: int) -> NDArray[Any]:
    """The one row of dtype ACCOUNT, on bars that take `bar` ns, `pieces` of which are one of the data's."""
    rows = np.zeros(1, kinds.ACCOUNT)
    row = rows[0]
    row["maker"], row["taker"] = terms.maker, terms.taker
    lost = terms.slippage if isinstance(terms.slippage, Slippage) else Slippage(share=terms.slippage)
    row["slip"], row["slip_ticks"], row["slip_span"] = lost.share, lost.half_spread, lost.span
    row["slip_volatility"], row["slip_impact"] = lost.volatility, lost.impact
    row["through"], row["isolated"] = terms.through, terms.isolated
    row["pieces"] = pieces
    row["delay"] = -(-terms.latency // (bar * pieces)) * pieces
    row["participation"] = terms.participation
    row["path"] = PATHS.get(terms.bar_path, kinds.ALONG)
    row["leverage"], row["reserve"] = terms.leverage, terms.reserve
    row["fraction"] = np.nan if terms.fraction is None else terms.fraction
    row["quantity"] = np.nan if terms.quantity is None else terms.quantity
    row["exposure_limit"], row["drawdown_limit"] = terms.exposure_limit, terms.drawdown_limit
    row["rebalance"] = terms.rebalance
    row["safe"] = kinds.NONE
    return rows


def position_rows(instruments: Sequence[Instrument], stamps: Sequence[int]) -> NDArray[Any]:
    """A row of dtype POSITION for each contract, holding nothing; `stamps`: how many each has, one after the other."""
    rows = np.zeros(len(instruments), kinds.POSITION)
    rows["strength"] = np.nan
    rows["exposure"] = np.nan
    rows["signal"] = rows["next_change"] = -1
    for k, instrument in enumerate(instruments):
        row = rows[k]
        row["lot"], row["tick"] = instrument.lot, instrument.tick
        row["per_unit"] = instrument.ticks_per_unit
        row["min_notional"] = instrument.min_notional
        row["most_lots"] = instrument.max_lots
        row["percent_up"], row["percent_down"] = instrument.percent_up, instrument.percent_down
        row["clearance"] = instrument.clearance_fee
        if len(instrument.tiers) > kinds.MOST_TIERS:
            raise ValueError(f"{instrument.symbol} has more than {kinds.MOST_TIERS} margin tiers")
        row["tier_count"] = len(instrument.tiers)
        for t, tier in enumerate(instrument.tiers):
            row["tiers"][t] = tier.floor, tier.rate, tier.amount, tier.leverage
    rows["funding_end"] = np.cumsum(stamps)
    rows["funding_next"] = rows["funding_end"] - stamps
    return rows


def wish_rows(count: int) -> NDArray[Any]:
    """Rows of dtype WISH that keep everything as it is."""
    rows = np.zeros(count, kinds.WISH)
    rows["strength"] = np.nan
    rows["force"] = kinds.NONE
    return rows


def joined(stamps: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The funding stamps of all contracts, one after the other."""
    if len(stamps) == 1:
        return stamps[0]
    return np.concatenate([np.zeros(0, kinds.STAMP), *stamps])
