"""How large: from a wish to a notional, within the limits on exposure and margin.

A part of one compiled function for scan and loop; see `deciding`.
"""

from __future__ import annotations

import math

from fw.ledger.compiled import inner
from fw.ledger.fills import wallet
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, scales_of, wishes_of, working_of
from fw.ledger.kinds import BY_EXPOSURE, BY_LOTS, BY_NOTIONAL, CLOSE, NO, SIZE, Ledger, Row
from fw.ledger.orders import unfilled


@inner
def whole_lots(quantity: float, lot: float) -> int:
    """Lots in a quantity of base currency, towards zero; a hair of float noise is forgiven."""
    lots = quantity / lot
    return int(lots + (1e-9 if lots > 0.0 else -1e-9))


@inner
def wanted_notional(ledger: Ledger, i: int, k: int, wish: Row) -> float:
    """What a wish asks for before any limit, in settlement currency, signed."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    price = market_of(ledger)[k, CLOSE, i]
    if wish.unit == BY_EXPOSURE:
        return wish.amount * account.equity
    if wish.unit == BY_NOTIONAL:
        return wish.amount
    if wish.unit == BY_LOTS:
        return wish.amount * p.lot * price
    if not math.isnan(account.fraction):
        return wish.strength * account.fraction * account.equity
    if not math.isnan(account.quantity):
        return wish.strength * account.quantity * price
    scale = scales_of(ledger)[k, i]
    return 0.0 if math.isnan(scale) else wish.strength * scale * account.equity


@inner
def is_nearer_to_flat(lots: int, notional: float, unit: float) -> bool:
    """Whether a target only takes away from what is held (`unit`: notional of a lot)."""
    held = lots * unit
    return abs(notional) <= abs(held) and notional * held >= 0.0


@inner
def kept_of(p: Row, notional: float, unit: float) -> float:
    """What of a position, as notional, a growing target falls back on: all of it, nothing where it turns."""
    return 0.0 if notional * p.lots < 0.0 else abs(p.lots) * unit


@inner
def committed(ledger: Ledger, k: int) -> int:
    """The most lots, on either side, that a position comes to if its working orders fill."""
    held = positions_of(ledger)[k].lots
    bought = held
    sold = held
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and not order.reduce_only:
            bought += max(unfilled(order), 0)
            sold += min(unfilled(order), 0)
    return max(abs(held), abs(bought), abs(sold))


@inner
def ration(ledger: Ledger, i: int) -> None:
    """Keep the sum of exposures, and the margin it takes, within the limits.

    What is held counts first, with the working orders of unchanged instruments as if they had filled; the changed
    instruments share the rest in proportion to what they ask beyond what they hold. A move nearer to flat always
    passes, and too little room to grow is no reason to shrink.
    """
    account = account_of(ledger)[0]
    held = 0.0
    held_margin = 0.0
    growth = 0.0
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        wish = wishes_of(ledger)[k]
        unit = p.lot * market_of(ledger)[k, CLOSE, i]
        notional = abs(p.lots) * unit
        margin = p.margin * account.leverage if account.isolated else notional
        if wish.changed == SIZE and is_nearer_to_flat(p.lots, wish.notional, unit):
            notional = abs(wish.notional)
            margin = notional
        elif wish.changed == SIZE:
            notional = kept_of(p, wish.notional, unit)
            margin = notional
            growth += abs(wish.notional) - notional
        else:
            pending = (committed(ledger, k) - abs(p.lots)) * unit
            notional += pending
            margin += pending
        held += notional
        held_margin += margin
    if growth == 0.0:
        return
    base = min(account.equity, wallet(account)) if account.isolated else account.equity
    room = account.exposure_limit * account.equity - held
    room = max(min(room, account.leverage * (1.0 - account.reserve) * base - held_margin), 0.0)
    if room >= growth:
        return
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        wish = wishes_of(ledger)[k]
        unit = p.lot * market_of(ledger)[k, CLOSE, i]
        if wish.changed == SIZE and not is_nearer_to_flat(p.lots, wish.notional, unit):
            kept = kept_of(p, wish.notional, unit)
            size = kept + (abs(wish.notional) - kept) * (room / growth)
            wish.notional = size if wish.notional > 0.0 else -size


@inner
def has_drifted(ledger: Ledger, i: int, k: int) -> bool:
    """Whether a position has left its target by more than the share that calls for a new size."""
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    if p.lots == 0 or math.isnan(p.exposure) or p.exposure == 0.0 or account.equity <= 0.0:
        return False
    for w in range(account.working):
        if orders_of(ledger)[working_of(ledger)[w]].instrument == k:
            return False
    now = p.lots * p.lot * market_of(ledger)[k, CLOSE, i] / account.equity
    return abs(now - p.exposure) > account.rebalance * abs(p.exposure)


@inner
def admit(ledger: Ledger, i: int, k: int, lots: int) -> int:
    """How many of an explicit order's lots the limits let pass, counting the position and all working orders."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    price = market_of(ledger)[k, CLOSE, i]
    worst = p.lots
    for w in range(account.working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and order.lots * lots > 0 and not order.reduce_only:
            worst += unfilled(order)
    if abs(worst + lots) <= abs(worst) and (worst + lots) * worst >= 0:
        return lots
    if account.halted:
        return NO
    held = 0.0
    for j in range(positions_of(ledger).shape[0]):
        q = positions_of(ledger)[j]
        if j != k:
            held += committed(ledger, j) * q.lot * market_of(ledger)[j, CLOSE, i]
    limit = min(account.exposure_limit, account.leverage * (1.0 - account.reserve)) * account.equity - held
    most = whole_lots(max(limit, 0.0) / price, p.lot)
    if lots > 0:
        return max(min(lots, most - worst), NO)
    return min(max(lots, -most - worst), NO)
