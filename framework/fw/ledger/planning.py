"""From a sized wish to an order: target minus position; reduce-only where it only reduces.

Orders are written down first and handed to the simulated venue by `place`.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.clock import clock_bars_later
from fw.ledger.compiled import inner
from fw.ledger.fills import snap, wallet
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, wishes_of, working_of
from fw.ledger.kinds import (
    BRACKET,
    CANCELLED,
    CLOSE,
    EXPLICIT,
    FILLED,
    LIMIT,
    MARKET,
    NEVER,
    NO,
    NO_FAULT,
    NONE,
    SECOND_CLOSE,
    SIGNAL,
    STOP_LOSS,
    TOO_HIGH,
    TOO_LATE,
    TOO_LOW,
    TRAILING,
    WOULD_TRIGGER,
    YES,
    Ledger,
    Row,
)
from fw.ledger.margin import liquidation_price, others
from fw.ledger.orders import add_order, closes_twice, is_passed, refuse, rest
from fw.ledger.protections import protect
from fw.ledger.sizing import committed, whole_lots


@inner
def misplaced(ledger: Ledger, i: int, field: int, order: Row) -> int:
    """Why the protections of an order cannot stand behind the position that it makes, or NO_FAULT.

    The venue refuses a trigger that the price has already passed; and a stop beyond the liquidation price protects
    nothing. Liquidation is reckoned at the marks of that open or close, without the fees of the entry.
    """
    if order.stop == 0.0 and order.take == 0.0:
        return NO_FAULT
    k = order.instrument
    p = positions_of(ledger)[k]
    lots = p.lots + (0 if order.kind == BRACKET else order.lots)
    if lots == 0:
        return NO_FAULT
    now = market_of(ledger)[k, field, i]
    paid = order.price if order.kind == LIMIT else now
    price = now if p.lots * lots > 0 else paid  # what is held has its protections from now on
    long = lots > 0
    if order.stop > 0.0 and (order.stop >= price if long else order.stop <= price):
        return WOULD_TRIGGER
    if order.take > 0.0 and (order.take <= price if long else order.take >= price):
        return WOULD_TRIGGER
    if order.stop > 0.0:
        entry, balance = behind(ledger, i, field, k, lots, paid)
        end = liquidation_price(p, lots, entry, balance)
        if end > 0.0 and (order.stop <= end if long else order.stop >= end):
            return TOO_LATE
    return NO_FAULT


@inner
def behind(ledger: Ledger, i: int, field: int, k: int, lots: int, price: float) -> tuple[float, float]:
    """The entry of a position that is brought to `lots` at `price`, and the balance that will stand behind it."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    grows = p.lots * lots > 0 and abs(lots) > abs(p.lots)
    shrinks = p.lots * lots > 0 and not grows
    entry = price
    if grows:
        entry = (abs(p.lots) * p.entry + (abs(lots) - abs(p.lots)) * price) / abs(lots)
    elif shrinks:
        entry = p.entry
    if account.isolated:
        if grows:
            return entry, p.margin + (abs(lots) - abs(p.lots)) * p.lot * price / account.leverage
        if shrinks:
            return entry, p.margin * (abs(lots) / abs(p.lots))
        return entry, abs(lots) * p.lot * price / account.leverage
    closed = p.lots - lots if shrinks else (0 if grows else p.lots)
    profit = closed * p.lot * (price - p.entry)
    return entry, wallet(account) + others(ledger, i, k, field, field) + profit


@inner
def too_far(ledger: Ledger, i: int, field: int, order: Row) -> int:
    """Why a limit is too far from the mark price (PERCENT_PRICE), or NO_FAULT; bounds lie on a tick, inwards."""
    p = positions_of(ledger)[order.instrument]
    mark = market_of(ledger)[order.instrument, ledger.mark + field, i]
    ticks = round(order.price / p.tick)
    if order.lots > 0:
        is_off = p.percent_up < np.inf and ticks > math.floor(mark * p.percent_up / p.tick + 1e-9)
        return TOO_HIGH if is_off else NO_FAULT
    return TOO_LOW if ticks < math.ceil(mark * p.percent_down / p.tick - 1e-9) else NO_FAULT


@inner
def fault_on_arrival(ledger: Ledger, i: int, field: int, order: Row) -> int:
    """Why the venue does not take an order at the prices of an open or a close of bar `i`, or NO_FAULT."""
    fault = misplaced(ledger, i, field, order)
    if fault == NO_FAULT and is_passed(ledger, i, field, order):
        fault = WOULD_TRIGGER
    if fault == NO_FAULT and order.planned and order.kind == LIMIT:
        fault = too_far(ledger, i, field, order)
    return fault


@inner
def place(ledger: Ledger, row: int) -> None:
    """Hand an order to the simulated venue, which it reaches after the latency; a bracket takes effect there."""
    account = account_of(ledger)[0]
    order = orders_of(ledger)[row]
    order.since = order.bar + account.delay
    if order.expiry < NEVER:
        order.expiry += account.delay
    fault = NO_FAULT
    if account.delay == 0:
        fault = fault_on_arrival(ledger, order.bar, CLOSE, order)
    if fault == NO_FAULT and order.close_all and closes_twice(ledger, order):
        fault = SECOND_CLOSE
    if fault != NO_FAULT:
        refuse(ledger, order.bar, order, fault)
        return
    if order.kind == BRACKET and account.delay == 0:
        order.state = FILLED
        order.done = order.bar
        p = positions_of(ledger)[order.instrument]
        if p.lots != 0:
            protect(p, order.stop, order.take, order.trail, market_of(ledger)[order.instrument, CLOSE, order.bar])
        return
    rest(ledger, row)


@inner
def withdraw_planned(ledger: Ledger, i: int, k: int) -> bool:
    """Cancel the working orders that earlier signals of this instrument made; returns whether any may yet fill, as
    under latency."""
    account = account_of(ledger)[0]
    kept = 0
    pending = False
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.instrument == k and order.planned and account.delay > 0:
            order.cancel = min(order.cancel, i + account.delay)
            pending |= order.kind != BRACKET
        if order.instrument == k and order.planned and account.delay == 0:
            order.state = CANCELLED
            order.done = i
        else:
            working_of(ledger)[kept] = row
            kept += 1
    account.working = kept
    return pending


@inner
def is_under_way(ledger: Ledger, k: int) -> bool:
    """Whether a planned order, or a change of protections, may still take effect."""
    found = False
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        found |= order.instrument == k and order.planned
    return found


@inner
def protect_working(ledger: Ledger, k: int, wish: Row) -> None:
    """Give new protections to an entry that is still working."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and order.planned and order.kind != BRACKET and order.goal != 0:
            order.stop = wish.stop
            order.take = wish.take
            order.trail = wish.trail


@inner
def plan(ledger: Ledger, i: int, k: int, placing: int) -> None:
    """Turn what is wanted minus what is held into one order; reduce-only where it only reduces."""
    p = positions_of(ledger)[k]
    wish = wishes_of(ledger)[k]
    pending = withdraw_planned(ledger, i, k)
    price = market_of(ledger)[k, CLOSE, i]
    wanted = whole_lots(wish.notional / price, p.lot)
    p.exposure = wish.notional / account_of(ledger)[0].equity
    lots = wanted - p.lots
    if lots == 0 and not pending:
        if wanted == 0 and wish.notional != 0.0:
            account_of(ledger)[0].too_small += 1
        keep(ledger, i, k, placing)
        return
    reduces = YES if wanted * p.lots >= 0 and abs(wanted) < abs(p.lots) else NO
    if not pending and not reduces and wanted != 0 and abs(lots) * p.lot * price < p.min_notional:
        account_of(ledger)[0].too_small += 1  # the venue would refuse it
        keep(ledger, i, k, placing)
        return
    if wish.limit > 0.0:
        expiry = clock_bars_later(ledger, i, wish.expiry) if wish.expiry > 0 else NEVER
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
    same = wish.stop == p.stop and wish.take == p.take and wish.trail == p.trail
    if same and (account_of(ledger)[0].delay == 0 or not is_under_way(ledger, k)):
        return
    row = add_order(ledger, i, k, BRACKET, NO, 0.0, NEVER, YES, YES, SIGNAL)
    order = orders_of(ledger)[row]
    order.stop = wish.stop
    order.take = wish.take
    order.trail = wish.trail
    if placing:
        place(ledger, row)


@inner
def change_protections(ledger: Ledger, i: int, k: int, placing: int) -> None:
    """Move the protections of what is held, and of an entry that is still working; under latency when the word
    arrives."""
    delayed = account_of(ledger)[0].delay > 0
    if not delayed:
        protect_working(ledger, k, wishes_of(ledger)[k])
    if positions_of(ledger)[k].lots != 0 or (delayed and is_under_way(ledger, k)):
        move_bracket(ledger, i, k, placing)


@inner
def is_closing(ledger: Ledger, k: int) -> bool:
    """Whether the rest of a stop, larger than what its bar traded, is still being sold or bought."""
    found = False
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        found |= order.instrument == k and (order.reason == STOP_LOSS or order.reason == TRAILING)
    return found


@inner
def is_out(ledger: Ledger, k: int) -> bool:
    """Whether the position that the signal in force asked for has ended, or was never let in."""
    p = positions_of(ledger)[k]
    if is_closing(ledger, k):
        return True
    return p.lots == 0 and p.exposure != 0.0 and not math.isnan(p.exposure) and committed(ledger, k) == 0


@inner
def add_explicit(
    ledger: Ledger, i: int, k: int, kind: int, lots: int, price: float, expiry: int, reduce_only: int
) -> int:
    """Write an explicit order of the strategy down; returns its row. Prices go to their ticks."""
    last = clock_bars_later(ledger, i, expiry) if expiry > 0 else NEVER
    return add_order(ledger, i, k, kind, lots, snap(price, positions_of(ledger)[k]), last, reduce_only, NO, EXPLICIT)
