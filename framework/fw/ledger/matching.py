"""Orders against one bar, of which only four prices are known; in doubt, the worse for the trader.

At the open: market orders, and limit orders that arrive marketable, in order of submission. Inside the bar: limits
that lie on the way to a position's stop, the position's protections, then other resting orders (stops before limits and
take-profits), then the protections of what was entered inside the bar. A limit fills only where the price trades
through it by `through` ticks; a stop fills at the worse of its price and the open it gapped to.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.fills import cut, make_liquidity, take_liquidity, wallet
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import (
    EXPIRED,
    FILLED,
    FOK,
    HIGH,
    IOC,
    LIMIT,
    LOW,
    MARKET,
    NO,
    NO_FAULT,
    NO_MARGIN,
    NOTHING_TO_REDUCE,
    OPEN,
    OPTIMISTIC,
    OVER_BRACKET,
    RUINED,
    STOP,
    TOO_LARGE,
    TOO_SMALL,
    WORKING,
    YES,
    Ledger,
    Row,
)
from fw.ledger.margin import free_margin, highest_leverage
from fw.ledger.orders import cancel_group, end, is_marketable, refuse, shrink, trigger
from fw.ledger.protections import apply_protections, nearest_stop, protect, through
from fw.ledger.safety import affords


@inner
def fault_of(ledger: Ledger, i: int, order: Row, lots: int, price: float) -> int:
    """Why the venue would refuse this fill, or NO_FAULT; the size is judged once, before the first."""
    k = order.instrument
    p = positions_of(ledger)[k]
    after = p.lots + lots
    if order.reduce_only and p.lots * lots >= 0:
        return NOTHING_TO_REDUCE
    if order.acts != LIMIT and order.filled == 0 and abs(lots) > p.most_lots:
        return TOO_LARGE
    if order.reduce_only:
        return NO_FAULT
    if wallet(account_of(ledger)[0]) <= 0.0:
        return RUINED
    if order.filled == 0 and abs(lots) * p.lot * price < p.min_notional:
        return TOO_SMALL
    if abs(after) < abs(p.lots) and after * p.lots >= 0:
        return NO_FAULT  # nearer to flat: it takes no margin
    account = account_of(ledger)[0]
    if account.leverage > highest_leverage(abs(after) * p.lot * price, p):
        return OVER_BRACKET
    if account.isolated:
        kept = p.margin if after * p.lots > 0 else 0.0
        opened = abs(lots) if after * p.lots > 0 else abs(after)
        need = kept + opened * p.lot * price / account.leverage
    else:
        need = abs(after) * p.lot * price / account.leverage
    need += abs(lots) * p.lot * price * account.taker
    return NO_FAULT if affords(ledger, i, k, need) or need <= free_margin(ledger, i, k, OPEN) else NO_MARGIN


@inner
def fill(ledger: Ledger, i: int, row: int, price: float, worst: float, taker: int) -> None:
    """Fill a working order at `price`, all of it or as much as the bar's volume lets, or let the venue refuse it; hand
    its protections to the position."""
    order = orders_of(ledger)[row]
    k = order.instrument
    p = positions_of(ledger)[k]
    shrink(order, p, i)
    lots = order.lots - order.filled
    fault = fault_of(ledger, i, order, lots, price)
    if fault == NOTHING_TO_REDUCE or (fault != NO_FAULT and order.filled != 0):
        end(order, i, EXPIRED)  # what no longer covers a position ends with it
        return
    if fault != NO_FAULT:
        refuse(ledger, i, order, fault)
        return
    part = cut(ledger, i, k, lots)
    if part != lots and order.time_in_force == FOK:
        p.traded -= abs(part)
        part = 0
    order.filled += part
    if order.filled == order.lots:
        end(order, i, FILLED)
    elif order.time_in_force == IOC or order.time_in_force == FOK:
        end(order, i, EXPIRED)
    if part == 0:
        return
    lots = part
    if order.group != 0:
        cancel_group(ledger, i, row)
    if taker:
        take_liquidity(ledger, i, k, lots, price, worst, order.reason, row)
    else:
        make_liquidity(ledger, i, k, lots, price, order.reason, row)
    # while a turn or an exit is half done, what is left keeps the protections that it has
    if order.planned and p.lots != 0 and (p.lots * lots > 0 or (order.reduce_only and order.goal != 0)):
        protect(p, order.stop, order.take, order.trail, p.entry if lots * p.lots > 0 else 0.0)


@inner
def covers_nothing(ledger: Ledger, order: Row) -> bool:
    """Whether there is no position that an order could reduce."""
    return positions_of(ledger)[order.instrument].lots * order.lots >= 0


@inner
def fill_at_open(ledger: Ledger, i: int) -> None:
    """Market orders, and limit orders that arrive with the market already at or beyond their price."""
    account = account_of(ledger)[0]
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        price = market_of(ledger)[order.instrument, OPEN, i]
        if order.state != WORKING or order.since >= i:
            continue
        if order.since + 1 == i and order.reduce_only and covers_nothing(ledger, order):
            refuse(ledger, i, order, NOTHING_TO_REDUCE)
        elif order.acts == MARKET:
            fill(ledger, i, row, price, 0.0, YES)
        elif order.acts == LIMIT and order.since + 1 == i and is_marketable(order, price):
            fill(ledger, i, row, price, order.price, YES)


@inner
def fill_before_stop(ledger: Ledger, i: int, k: int) -> None:
    """Fill the limits that add to a position where the price passes them on its way from the open to the stop."""
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    stop, _ = nearest_stop(p)
    if p.lots == 0 or stop == 0.0:
        return
    long = p.lots > 0
    first = market_of(ledger)[k, OPEN, i]
    high = market_of(ledger)[k, HIGH, i]
    low = market_of(ledger)[k, LOW, i]
    beyond = through(ledger, p)
    if (low > stop or first <= stop) if long else (high < stop or first >= stop):
        return
    if p.take > 0.0 and account.path == OPTIMISTIC and (high > p.take + beyond if long else low < p.take - beyond):
        return  # the profit came first
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        waits = order.state == WORKING and order.acts == LIMIT and order.since < i and order.triggered != i
        if not waits or order.instrument != k or (order.lots > 0) != long:
            continue
        if order.price - beyond > stop if long else order.price + beyond < stop:
            fill(ledger, i, row, order.price, 0.0, NO)


@inner
def entered_at(ledger: Ledger, i: int, order: Row) -> float:
    """The price at which a bar filled a resting order inside it; 0 where its open had gapped beyond, so that all of the
    bar came after."""
    k = order.instrument
    first = market_of(ledger)[k, OPEN, i]
    if order.acts == LIMIT:
        beyond = through(ledger, positions_of(ledger)[k])
        gapped = first < order.price - beyond if order.lots > 0 else first > order.price + beyond
    else:
        gapped = first >= order.price if (order.lots > 0) == (order.kind == STOP) else first <= order.price
    return 0.0 if gapped else order.price


@inner
def fill_inside(ledger: Ledger, i: int, kind: int) -> None:
    """Working orders of one kind that this bar's range reaches."""
    account = account_of(ledger)[0]
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.state == WORKING and order.acts == kind and order.since < i and order.triggered != i:
            touch(ledger, i, row)


@inner
def touch(ledger: Ledger, i: int, row: int) -> None:
    """Fill a resting order that this bar's range reaches; what it enters may be closed in the same bar."""
    order = orders_of(ledger)[row]
    k = order.instrument
    p = positions_of(ledger)[k]
    first = market_of(ledger)[k, OPEN, i]
    high = market_of(ledger)[k, HIGH, i]
    low = market_of(ledger)[k, LOW, i]
    buy = order.lots > 0
    before = p.lots
    if order.acts == LIMIT:
        if low < order.price - through(ledger, p) if buy else high > order.price + through(ledger, p):
            fill(ledger, i, row, order.price, 0.0, NO)
    elif order.acts == STOP:
        if high >= order.price if buy else low <= order.price:
            trigger(order, i)
            fill(ledger, i, row, max(first, order.price) if buy else min(first, order.price), 0.0, YES)
    elif low <= order.price if buy else high >= order.price:
        trigger(order, i)
        fill(ledger, i, row, min(first, order.price) if buy else max(first, order.price), 0.0, YES)
    if p.lots != before and p.lots * order.lots > 0:
        apply_protections(ledger, i, k, entered_at(ledger, i, order))


@inner
def settle_orders(ledger: Ledger, i: int) -> None:
    """End the orders whose time is up, and forget the finished ones."""
    account = account_of(ledger)[0]
    kept = 0
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.state == WORKING:
            uncovered = order.reduce_only and order.since < i and covers_nothing(ledger, order)
            if i >= order.expiry or uncovered:
                end(order, i, EXPIRED)
            elif not order.close_all and order.since < i:
                shrink(order, positions_of(ledger)[order.instrument], i)
        if order.state == WORKING:
            working_of(ledger)[kept] = row
            kept += 1
    account.working = kept
