"""Orders with conditions: time in force, triggers on the mark, trailing stops, closing all, and the way to the venue.

They are matched by the same functions as all others; these only say when an order arrives, when its trigger is reached
and what it is from then on. A run without any of them is compiled without them.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.fills import snap
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import (
    ALONG,
    BRACKET,
    CANCELLED,
    EXPIRED,
    FILLED,
    FOK,
    GTC,
    HIGH,
    IOC,
    LIMIT,
    LOW,
    NEVER,
    NO,
    OPEN,
    POST_ONLY,
    STOP_LIMIT,
    TAKE_PROFIT_LIMIT,
    TRAILING_STOP,
    WORKING,
    WOULD_TAKE,
    WOULD_TRIGGER,
    YES,
    Ledger,
    Row,
)
from fw.ledger.matching import fill
from fw.ledger.orders import end, is_marketable, is_passed, is_stop, refuse, trigger
from fw.ledger.protections import apply_protections, protect


@inner
def arrive(ledger: Ledger, i: int) -> None:
    """What reaches the venue with the open of bar `i`: withdrawals and amendments, then new orders."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.state != WORKING:
            continue
        if order.cancel < i:
            end(order, i - 1, CANCELLED)
            continue
        if order.amended < i:
            change(order)
            if abs(order.lots) <= abs(order.filled):
                end(order, i - 1, CANCELLED)
                continue
            if order.time_in_force == POST_ONLY and order.since + 1 == i and crosses(ledger, i, order):
                end(order, i, CANCELLED)
                continue
        if order.since + 1 == i:
            enter(ledger, i, order)


@inner
def change(order: Row) -> None:
    """Give an order the size and the price of its amendment; one that leaves nothing to trade ends it."""
    if order.new_lots != 0:
        order.lots = order.new_lots
    if order.new_price > 0.0:
        order.price = order.new_price
        order.since = order.amended
    order.amended = NEVER


@inner
def crosses(ledger: Ledger, i: int, order: Row) -> bool:
    """Whether a limit order would take at the open of bar `i`."""
    return is_marketable(order, market_of(ledger)[order.instrument, OPEN, i])


@inner
def enter(ledger: Ledger, i: int, order: Row) -> None:
    """The venue's first look at an order: at the open of bar `i`."""
    delayed = account_of(ledger)[0].delay > 0
    p = positions_of(ledger)[order.instrument]
    if order.kind == BRACKET:
        end(order, i, FILLED)
        if p.lots != 0:
            protect(p, order.stop, order.take, order.trail, market_of(ledger)[order.instrument, OPEN, i])
        return
    if delayed and order.planned and order.filled == 0:  # what it replaces may have filled while it was on its way
        order.lots = order.goal - p.lots
        order.reduce_only = YES if order.goal * p.lots >= 0 and abs(order.goal) < abs(p.lots) else NO
        if order.lots == 0:
            end(order, i, CANCELLED)
            return
    if delayed and order.triggered < 0 and is_passed(ledger, i, OPEN, order):
        refuse(ledger, i, order, WOULD_TRIGGER)
        return
    if order.kind == TRAILING_STOP and order.trigger == 0.0:
        follow(order, market_of(ledger)[order.instrument, watched(ledger, order) + OPEN, i], p)
    if order.acts != LIMIT or order.time_in_force == GTC:
        return
    takes = crosses(ledger, i, order)
    if order.time_in_force == POST_ONLY:
        if takes:
            refuse(ledger, i, order, WOULD_TAKE)
    elif not takes:
        end(order, i, EXPIRED)


@inner
def watched(ledger: Ledger, order: Row) -> int:
    """Where the prices that an order looks at begin in the market block: the traded ones or the marks."""
    return ledger.mark if order.by_mark else 0


@inner
def follow(order: Row, best: float, p: Row) -> None:
    """Let a trailing stop stand its callback behind the best price, on a tick."""
    order.best = best
    order.price = snap(best * (1.0 + order.callback if order.lots > 0 else 1.0 - order.callback), p)


@inner
def watch(ledger: Ledger, i: int) -> None:
    """Conditional orders that this bar triggers; a trailing stop follows the best of a bar from the next one on."""
    for w in range(account_of(ledger)[0].working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.state != WORKING or order.acts <= BRACKET or order.since >= i:
            continue
        p = positions_of(ledger)[order.instrument]
        offset = watched(ledger, order)
        high = market_of(ledger)[order.instrument, offset + HIGH, i]
        low = market_of(ledger)[order.instrument, offset + LOW, i]
        buy = order.lots > 0
        if account_of(ledger)[0].path == ALONG and order.best > 0.0:
            first = market_of(ledger)[order.instrument, offset + OPEN, i]
            if first < order.best if buy else first > order.best:
                follow(order, first, p)
        if order.kind == TRAILING_STOP and order.best == 0.0:
            if low <= order.trigger if buy else high >= order.trigger:
                follow(order, low if buy else high, p)
            continue
        if high >= order.price if buy == is_stop(order) else low <= order.price:
            release(ledger, i, row)
        elif order.kind == TRAILING_STOP and (low < order.best if buy else high > order.best):
            follow(order, low if buy else high, p)


@inner
def price_at(ledger: Ledger, i: int, order: Row) -> float:
    """What is traded when an order's trigger is reached in bar `i`: the trigger, or the open that had passed it.

    Where the mark triggers, what is traded then is not known: the trigger, kept inside the bar.
    """
    k = order.instrument
    upward = (order.lots > 0) == is_stop(order)
    seen = market_of(ledger)[k, watched(ledger, order) + OPEN, i]
    if seen >= order.price if upward else seen <= order.price:
        return market_of(ledger)[k, OPEN, i]
    return min(max(order.price, market_of(ledger)[k, LOW, i]), market_of(ledger)[k, HIGH, i])


@inner
def release(ledger: Ledger, i: int, row: int) -> None:
    """A trigger was reached: place the market or limit order that was kept behind it."""
    order = orders_of(ledger)[row]
    p = positions_of(ledger)[order.instrument]
    price = price_at(ledger, i, order)
    before = p.lots
    trigger(order, i)
    if order.close_all:
        if p.lots * order.lots >= 0:
            end(order, i, EXPIRED)
            return
        order.lots = -p.lots
    if order.kind != STOP_LIMIT and order.kind != TAKE_PROFIT_LIMIT:
        fill(ledger, i, row, price, 0.0, YES)
    else:
        order.acts = LIMIT
        order.price = order.limit
        takes = is_marketable(order, price)
        if takes and order.time_in_force == POST_ONLY:
            refuse(ledger, i, order, WOULD_TAKE)
        elif takes:
            fill(ledger, i, row, price, order.limit, YES)
        elif order.time_in_force == IOC or order.time_in_force == FOK:
            end(order, i, EXPIRED)
    if p.lots != before and p.lots * order.lots > 0:
        was_open = price == market_of(ledger)[order.instrument, OPEN, i]
        apply_protections(ledger, i, order.instrument, 0.0 if was_open else price)
