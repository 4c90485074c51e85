"""From decisions to orders: what changed, how large, within which limits; target minus position is the order.

One compiled function for scan and loop. It acts on changes only: sizing and limits apply to the instruments whose
strength or limit entry changed; a change of protections alone moves the protections and keeps the size.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner
from fw.ledger.fills import snap, wallet
from fw.ledger.kinds import (
    BRACKET,
    BY_EXPOSURE,
    BY_LOTS,
    BY_NOTIONAL,
    BY_STRENGTH,
    BY_VETO,
    CANCELLED,
    CLOSE,
    EXPLICIT,
    FILLED,
    LIMIT,
    MARKET,
    NEVER,
    NO,
    NONE,
    REBALANCE,
    SENT,
    SIGNAL,
    WORKING,
    YES,
    Ledger,
    Row,
    Rows,
    account_of,
    codes,
    decisions_of,
    expiry_of,
    limit_of,
    market_of,
    orders_of,
    positions_of,
    scales_of,
    stop_of,
    strength_of,
    take_of,
    trail_of,
    wishes_of,
    working_of,
)
from fw.ledger.matching import protect

UNCHANGED, PROTECTIONS, SIZE = codes(3)


@inner
def whole_lots(quantity: float, lot: float) -> int:
    """Lots in a quantity of base currency, towards zero; a hair of float noise is forgiven."""
    lots = quantity / lot
    return int(lots + (1e-9 if lots > 0.0 else -1e-9))


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
            bought += max(order.lots, 0)
            sold += min(order.lots, 0)
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
def add_order(
    ledger: Ledger,
    i: int,
    k: int,
    kind: int,
    lots: int,
    price: float,
    expiry: int,
    reduce_only: int,
    planned: int,
    reason: int,
) -> int:
    """Write an order down; it is not yet with the venue. Returns its row."""
    account = account_of(ledger)[0]
    row = account.orders
    account.orders += 1
    order = orders_of(ledger)[row]
    order.bar = i
    order.since = i
    order.signal = positions_of(ledger)[k].signal if planned else NONE
    order.lots = lots
    order.price = price
    order.expiry = expiry
    order.done = NEVER
    order.stop = 0.0
    order.take = 0.0
    order.trail = 0.0
    order.instrument = k
    order.kind = kind
    order.reduce_only = reduce_only
    order.planned = planned
    order.reason = reason
    order.state = SENT
    order.fault = 0
    return row


@inner
def place(ledger: Ledger, row: int) -> None:
    """Hand an order to the simulated venue; a bracket order takes effect at once."""
    account = account_of(ledger)[0]
    order = orders_of(ledger)[row]
    if order.kind == BRACKET:
        order.state = FILLED
        order.done = order.bar
        p = positions_of(ledger)[order.instrument]
        if p.lots != 0:
            protect(p, order.stop, order.take, order.trail, market_of(ledger)[order.instrument, CLOSE, order.bar])
        return
    order.state = WORKING
    working_of(ledger)[account.working] = row
    account.working += 1


@inner
def withdraw_planned(ledger: Ledger, i: int, k: int) -> None:
    """Cancel the working orders that earlier signals of this instrument made."""
    account = account_of(ledger)[0]
    kept = 0
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.instrument == k and order.planned:
            order.state = CANCELLED
            order.done = i
        else:
            working_of(ledger)[kept] = row
            kept += 1
    account.working = kept


@inner
def protect_working(ledger: Ledger, k: int, wish: Row) -> None:
    """Give new protections to an entry that is still working."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and order.planned:
            order.stop = wish.stop
            order.take = wish.take
            order.trail = wish.trail


@inner
def plan(ledger: Ledger, i: int, k: int, placing: int) -> None:
    """Turn what is wanted minus what is held into one order; reduce-only where it only reduces."""
    p = positions_of(ledger)[k]
    wish = wishes_of(ledger)[k]
    withdraw_planned(ledger, i, k)
    price = market_of(ledger)[k, CLOSE, i]
    wanted = whole_lots(wish.notional / price, p.lot)
    p.exposure = wish.notional / account_of(ledger)[0].equity
    lots = wanted - p.lots
    if lots == 0:
        keep(ledger, i, k, placing)
        return
    lots = min(max(lots, -p.max_lots), p.max_lots)
    reduces = YES if wanted * p.lots >= 0 and abs(wanted) < abs(p.lots) else NO
    if not reduces and wanted != 0 and abs(lots) * p.lot * price < p.min_notional:
        keep(ledger, i, k, placing)  # the venue would refuse it
        return
    if wish.limit > 0.0:
        expiry = i + wish.expiry if wish.expiry > 0 else NEVER
        row = add_order(ledger, i, k, LIMIT, lots, wish.limit, expiry, reduces, YES, SIGNAL)
    else:
        row = add_order(
            ledger, i, k, MARKET, lots, 0.0, NEVER, reduces, YES, wish.force if wish.force != NONE else SIGNAL
        )
    if wanted != 0:
        order = orders_of(ledger)[row]
        order.stop = wish.stop
        order.take = wish.take
        order.trail = wish.trail
    if placing:
        place(ledger, row)


@inner
def keep(ledger: Ledger, i: int, k: int, placing: int) -> None:
    """Order nothing but the protections of what is held; where nothing is, there is nothing to rebalance to."""
    p = positions_of(ledger)[k]
    if p.lots != 0:
        move_bracket(ledger, i, k, placing)
    else:
        p.exposure = np.nan


@inner
def move_bracket(ledger: Ledger, i: int, k: int, placing: int) -> None:
    """Order the position's protections to the wish's."""
    p = positions_of(ledger)[k]
    wish = wishes_of(ledger)[k]
    if wish.stop == p.stop and wish.take == p.take and wish.trail == p.trail:
        return
    row = add_order(ledger, i, k, BRACKET, NO, 0.0, NEVER, YES, YES, SIGNAL)
    order = orders_of(ledger)[row]
    order.stop = wish.stop
    order.take = wish.take
    order.trail = wish.trail
    if placing:
        place(ledger, row)


@inner
def read_wishes(ledger: Ledger, i: int) -> None:
    """Take the signals of bar `i` from the arrays of a whole run."""
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        wish = wishes_of(ledger)[k]
        wish.strength = strength_of(ledger)[k, i]
        wish.stop = price_or_none(stop_of(ledger), k, i, p)
        wish.take = price_or_none(take_of(ledger), k, i, p)
        wish.limit = price_or_none(limit_of(ledger), k, i, p)
        wish.trail = number_or_none(trail_of(ledger), k, i)
        wish.expiry = int(number_or_none(expiry_of(ledger), k, i))
        wish.unit = BY_STRENGTH
        wish.force = NONE


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
def is_out(ledger: Ledger, k: int) -> bool:
    """Whether the position that the signal in force asked for has ended, or was never let in."""
    p = positions_of(ledger)[k]
    return p.lots == 0 and p.exposure != 0.0 and not math.isnan(p.exposure) and committed(ledger, k) == 0


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
            protect_working(ledger, k, wish)
            if positions_of(ledger)[k].lots != 0:
                move_bracket(ledger, i, k, placing)


@inner
def keep_signal(p: Row, wish: Row) -> None:
    """Make a wish of the signal in force, to resize what it made."""
    wish.strength = p.strength
    wish.stop = p.stop
    wish.take = p.take
    wish.trail = p.trail
    wish.limit = 0.0
    wish.expiry = 0


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
            worst += order.lots
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


@inner
def add_explicit(
    ledger: Ledger, i: int, k: int, kind: int, lots: int, price: float, expiry: int, reduce_only: int
) -> int:
    """Write an explicit order of the strategy down; returns its row."""
    last = i + expiry if expiry > 0 else NEVER
    return add_order(ledger, i, k, kind, lots, snap(price, positions_of(ledger)[k]), last, reduce_only, NO, EXPLICIT)
