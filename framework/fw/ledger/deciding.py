"""From decisions to orders: what changed, how large, within which limits; target minus position is the order.

One compiled function for scan and loop. It acts on changes only: sizing and limits apply to the instruments whose
strength or limit entry changed; a change of protections alone moves the protections and keeps the size.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner
from fw.ledger.fills import snap
from fw.ledger.handle import (
    account_of,
    decisions_of,
    expiry_of,
    limit_of,
    positions_of,
    stop_of,
    strength_of,
    take_of,
    trail_of,
    wishes_of,
)
from fw.ledger.kinds import (
    BY_EXPOSURE,
    BY_STRENGTH,
    BY_VETO,
    NONE,
    PROTECTIONS,
    REBALANCE,
    SIZE,
    UNCHANGED,
    Ledger,
    Row,
    Rows,
)
from fw.ledger.planning import change_protections, is_out, plan
from fw.ledger.sizing import has_drifted, ration, wanted_notional


@inner
def compare(p: Row, wish: Row) -> int:
    """What of a wish differs from the signal in force."""
    if math.isnan(wish.strength):
        return UNCHANGED
    if wish.strength != p.strength or wish.limit != p.signal_limit or wish.expiry != p.signal_expiry:
        return SIZE
    if wish.stop != p.signal_stop or wish.take != p.signal_take or wish.trail != p.signal_trail:
        return PROTECTIONS
    return UNCHANGED


@inner
def note_decision(ledger: Ledger, i: int, k: int, wish: Row) -> None:
    """Take the wish as the signal in force and write it down."""
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    p.strength = wish.strength
    p.signal_stop = wish.stop
    p.signal_take = wish.take
    p.signal_trail = wish.trail
    p.signal_limit = wish.limit
    p.signal_expiry = wish.expiry
    p.signal = account.decisions
    p.next_change = NONE
    row = decisions_of(ledger)[account.decisions]
    account.decisions += 1
    row.bar = i
    row.instrument = k
    row.strength = wish.strength
    row.stop = wish.stop
    row.take = wish.take
    row.trail = wish.trail
    row.limit = wish.limit
    row.expiry = wish.expiry


@inner
def read_wishes(ledger: Ledger, i: int) -> None:
    """Take the signals of bar `i` from the arrays of a whole run, of those instruments that say something new."""
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        wish = wishes_of(ledger)[k]
        wish.force = NONE
        wish.strength = np.nan
        if p.next_change != i:
            continue
        wish.strength = strength_of(ledger)[k, i]
        wish.stop = price_or_none(stop_of(ledger), k, i, p)
        wish.take = price_or_none(take_of(ledger), k, i, p)
        wish.limit = price_or_none(limit_of(ledger), k, i, p)
        wish.trail = number_or_none(trail_of(ledger), k, i)
        wish.expiry = int(number_or_none(expiry_of(ledger), k, i))
        wish.unit = BY_STRENGTH


@inner
def price_or_none(column: Rows, k: int, i: int, p: Row) -> float:
    """A price of an optional column on its tick; 0 where there is none."""
    if column.shape[1] == 0 or math.isnan(column[k, i]):
        return 0.0
    return snap(column[k, i], p)


@inner
def number_or_none(column: Rows, k: int, i: int) -> float:
    """A number of an optional column; 0 where there is none."""
    return 0.0 if column.shape[1] == 0 or math.isnan(column[k, i]) else column[k, i]


@inner
def decide(ledger: Ledger, i: int, placing: int) -> None:
    """Act on the wishes at the close of bar `i`; with `placing` the orders go to the simulated venue at once."""
    account = account_of(ledger)[0]
    if account.halted:
        return
    n = positions_of(ledger).shape[0]
    sized = False
    for k in range(n):
        p = positions_of(ledger)[k]
        wish = wishes_of(ledger)[k]
        wish.changed = compare(p, wish)
        if wish.changed != UNCHANGED:
            note_decision(ledger, i, k, wish)
            if wish.changed == SIZE and wish.unit == BY_VETO:
                wish.changed = UNCHANGED
                if p.lots == 0:
                    p.exposure = np.nan
        elif wish.force != NONE:
            if not is_out(ledger, k):
                wish.changed = SIZE
        elif account.rebalance < np.inf and has_drifted(ledger, i, k):
            keep_signal(p, wish)
            wish.unit = BY_EXPOSURE
            wish.amount = p.exposure
            wish.force = REBALANCE
            wish.changed = SIZE
        if wish.changed == SIZE:
            wish.notional = wanted_notional(ledger, i, k, wish)
            sized = True
    if sized:
        ration(ledger, i)
    for k in range(n):
        wish = wishes_of(ledger)[k]
        if wish.changed == SIZE:
            plan(ledger, i, k, placing)
        elif wish.changed == PROTECTIONS:
            change_protections(ledger, i, k, placing)


@inner
def keep_signal(p: Row, wish: Row) -> None:
    """Make a wish of the signal in force, to resize what it made."""
    wish.strength = p.strength
    wish.stop = p.stop
    wish.take = p.take
    wish.trail = p.trail
    wish.limit = 0.0
    wish.expiry = 0
