"""A plain change of side in one go: decided at a close, filled at the open after it, and that bar to its end.

It is what `decide` and `step` come to where there is one instrument, nothing on its way and nothing due, said by the
same functions of money; what only other accounts need is left out. In any doubt nothing has happened, and they take
over.
"""

from __future__ import annotations

import numpy as np

from fw.ledger.coming import is_clear
from fw.ledger.compiled import inner, pasted
from fw.ledger.deciding import note_decision, price_or_none
from fw.ledger.fills import take_liquidity
from fw.ledger.funding import is_due
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, stop_of, strength_of, take_of, wishes_of
from fw.ledger.kinds import (
    BY_STRENGTH,
    CLOSE,
    FILLED,
    MARKET,
    NEVER,
    NO,
    NO_FAULT,
    NONE,
    OPEN,
    SIGNAL,
    SIZE,
    YES,
    Ledger,
)
from fw.ledger.matching import fault_of
from fw.ledger.orders import add_order, end
from fw.ledger.planning import misplaced
from fw.ledger.protections import apply_protections, protect
from fw.ledger.safety import lasts
from fw.ledger.sizing import ration, wanted_notional, whole_lots


@inner
def turns_plainly(ledger: Ledger) -> bool:
    """Whether changes may be plain at all: what decides it stays the same for a whole run."""
    account = account_of(ledger)[0]
    return (
        ledger.instruments == 1
        and ledger.trailing + ledger.limit + ledger.expiry + ledger.closes == 0
        and account.delay == 0
        and account.participation == np.inf
        and account.rebalance == np.inf
    )


@pasted
def turn(ledger: Ledger, i: int) -> bool:
    """Act on the signal of bar `i`, fill its order at the open of the next one, and let that bar touch what it holds.

    Returns False, with nothing done, where the change is not plain; margin and equity of that bar are still to come.
    """
    account = account_of(ledger)[0]
    p = positions_of(ledger)[0]
    wish = wishes_of(ledger)[0]
    now = i + 1
    wish.strength = strength_of(ledger)[0, i]
    if account.halted != 0 or account.working != 0 or wish.strength == p.strength or is_due(ledger, now, 0):
        return False
    if p.lots != 0 and not lasts(ledger, now):
        return False
    wish.stop = price_or_none(stop_of(ledger), 0, i, p)
    wish.take = price_or_none(take_of(ledger), 0, i, p)
    wish.trail = 0.0
    wish.limit = 0.0
    wish.expiry = 0
    wish.unit = BY_STRENGTH
    wish.force = NONE
    wish.changed = SIZE
    wish.notional = wanted_notional(ledger, i, 0, wish)
    ration(ledger, i)
    close = market_of(ledger)[0, CLOSE, i]
    wanted = whole_lots(wish.notional / close, p.lot)
    lots = wanted - p.lots
    reduces = YES if wanted * p.lots >= 0 and abs(wanted) < abs(p.lots) else NO
    if lots == 0 or (not reduces and wanted != 0 and abs(lots) * p.lot * close < p.min_notional):
        return False
    row = add_order(ledger, i, 0, MARKET, lots, 0.0, NEVER, reduces, YES, SIGNAL)
    order = orders_of(ledger)[row]
    order.signal = account.decisions
    if wanted != 0:
        order.stop = wish.stop
        order.take = wish.take
    price = market_of(ledger)[0, OPEN, now]
    if misplaced(ledger, i, CLOSE, order) != NO_FAULT or fault_of(ledger, now, order, lots, price) != NO_FAULT:
        account.orders = row
        return False
    note_decision(ledger, i, 0, wish)
    p.exposure = wish.notional / account.equity
    order.filled = lots
    end(order, now, FILLED)
    take_liquidity(ledger, now, 0, lots, price, 0.0, SIGNAL, row)
    if p.lots != 0 and (p.lots * lots > 0 or (reduces and wanted != 0)):
        protect(p, order.stop, order.take, 0.0, p.entry if lots * p.lots > 0 else 0.0)
    if not is_clear(p, now):
        apply_protections(ledger, now, 0, 0.0)
    return True
