"""Orders against one bar, of which only four prices are known; in doubt, the worse for the trader.

At the open: market orders, and limit orders that arrive marketable, in order of submission. Inside the bar: the
position's protections first, then resting orders (stops before limits and take-profits), then the protections of
what was entered inside the bar. A limit fills only where the price trades through it by `through` ticks; a stop
fills at the worse of its price and the open it gapped to.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.fills import make_liquidity, take_liquidity, wallet
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import (
    ALONG,
    CANCELLED,
    CLOSE,
    EXPIRED,
    FILLED,
    HIGH,
    LIMIT,
    LOW,
    MARKET,
    NO,
    NO_FAULT,
    NO_MARGIN,
    NONE,
    NOTHING_TO_REDUCE,
    OPEN,
    OPTIMISTIC,
    OVER_BRACKET,
    PESSIMISTIC,
    PROFIT,
    REJECTED,
    RUINED,
    STOP,
    STOP_LOSS,
    TAKE_PROFIT,
    TOO_LARGE,
    TOO_SMALL,
    TRAILING,
    WORKING,
    YES,
    Ledger,
    Row,
)
from fw.ledger.margin import free_margin, highest_leverage, liquidation_price, own_balance


@inner
def through(ledger: Ledger, p: Row) -> float:
    """How far beyond a resting price the market must trade to fill it; half a tick less, against float noise."""
    return (account_of(ledger)[0].through - 0.5) * p.tick


@inner
def fault_of(ledger: Ledger, i: int, k: int, lots: int, price: float, kind: int, reduce_only: int) -> int:
    """Why the venue would refuse this fill, or NO_FAULT."""
    p = positions_of(ledger)[k]
    after = p.lots + lots
    if reduce_only and p.lots * lots >= 0:
        return NOTHING_TO_REDUCE
    if kind != LIMIT and abs(lots) > p.most_lots:
        return TOO_LARGE
    if reduce_only:
        return NO_FAULT
    if wallet(account_of(ledger)[0]) <= 0.0:
        return RUINED
    if abs(lots) * p.lot * price < p.min_notional:
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
    return NO_FAULT if need <= free_margin(ledger, i, k, OPEN) else NO_MARGIN


@inner
def fill(ledger: Ledger, i: int, row: int, price: float, worst: float, taker: int) -> None:
    """Fill a working order at `price`, or let the venue refuse it; hand its protections to the position."""
    order = orders_of(ledger)[row]
    k = order.instrument
    p = positions_of(ledger)[k]
    order.done = i
    lots = order.lots
    if order.reduce_only and p.lots * lots < 0:
        lots = -p.lots if abs(lots) > abs(p.lots) else lots
    fault = fault_of(ledger, i, k, lots, price, order.kind, order.reduce_only)
    if fault == NOTHING_TO_REDUCE:
        order.state = EXPIRED  # what no longer covers a position ends with it
        return
    if fault != NO_FAULT:
        order.state = REJECTED
        order.fault = fault
        account_of(ledger)[0].rejected += 1
        return
    order.state = FILLED
    if taker:
        take_liquidity(ledger, i, k, lots, price, worst, order.reason, row)
    else:
        make_liquidity(ledger, i, k, lots, price, order.reason, row)
    if order.planned and p.lots != 0:
        protect(p, order.stop, order.take, order.trail, p.entry if lots * p.lots > 0 else 0.0)


@inner
def protect(p: Row, stop: float, take: float, trail: float, start: float) -> None:
    """Give the position its protections; a trailing stop starts at `start` (0: it stays where it stands)."""
    p.stop = stop
    p.take = take
    if trail == 0.0:
        p.trail_stop = 0.0
    elif p.trail_stop == 0.0 and start > 0.0:
        p.trail_stop = start - trail if p.lots > 0 else start + trail
    elif trail != p.trail and p.trail_stop > 0.0:
        p.trail_stop += p.trail - trail if p.lots > 0 else trail - p.trail
    p.trail = trail


@inner
def fill_at_open(ledger: Ledger, i: int) -> None:
    """Market orders, and limit orders that arrive with the market already at or beyond their price."""
    account = account_of(ledger)[0]
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        price = market_of(ledger)[order.instrument, OPEN, i]
        if order.state != WORKING:
            continue
        if order.kind == MARKET:
            fill(ledger, i, row, price, 0.0, YES)
            continue
        is_marketable = price <= order.price if order.lots > 0 else price >= order.price
        if order.kind == LIMIT and order.since + 1 == i and is_marketable:
            fill(ledger, i, row, price, order.price, YES)


@inner
def fill_inside(ledger: Ledger, i: int, kind: int) -> None:
    """Working orders of one kind that this bar's range reaches; what they enter may be closed in the same bar."""
    account = account_of(ledger)[0]
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.state != WORKING or order.kind != kind:
            continue
        k = order.instrument
        p = positions_of(ledger)[k]
        first = market_of(ledger)[k, OPEN, i]
        high = market_of(ledger)[k, HIGH, i]
        low = market_of(ledger)[k, LOW, i]
        buy = order.lots > 0
        before = p.lots
        if kind == LIMIT:
            if low < order.price - through(ledger, p) if buy else high > order.price + through(ledger, p):
                fill(ledger, i, row, order.price, 0.0, NO)
        elif kind == STOP:
            if high >= order.price if buy else low <= order.price:
                fill(ledger, i, row, max(first, order.price) if buy else min(first, order.price), 0.0, YES)
        elif low <= order.price if buy else high >= order.price:
            fill(ledger, i, row, min(first, order.price) if buy else max(first, order.price), 0.0, YES)
        if p.lots != before and p.lots * order.lots > 0:
            apply_protections(ledger, i, k, order.price)


@inner
def apply_protections(ledger: Ledger, i: int, k: int, entered: float) -> None:
    """Close the position where its stop, trailing stop or take-profit was touched; in doubt the stop came first.

    What the open had already passed is certain. What was entered inside the bar, at the price `entered` (0: nothing
    was), is not paid its take-profit in that bar, unless the path says so; no stop of it fills better than it entered.
    """
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    if p.lots == 0 or (p.stop == 0.0 and p.take == 0.0 and p.trail_stop == 0.0):
        return
    first = market_of(ledger)[k, OPEN, i]
    high = market_of(ledger)[k, HIGH, i]
    low = market_of(ledger)[k, LOW, i]
    close = market_of(ledger)[k, CLOSE, i]
    if entered > 0.0 and account.path == ALONG:  # only what comes after the entry
        high = max(entered, close)
        low = min(entered, close)
    long = p.lots > 0
    stop = p.stop
    reason = STOP_LOSS
    if p.trail_stop > 0.0 and (stop == 0.0 or (p.trail_stop > stop if long else p.trail_stop < stop)):
        stop = p.trail_stop
        reason = TRAILING
    stopped = stop > 0.0 and (low <= stop if long else high >= stop)
    beyond = through(ledger, p)
    taken = p.take > 0.0 and (high > p.take + beyond if long else low < p.take - beyond)
    if entered > 0.0 and account.path != ALONG:
        # an entry that the price fell to (a long's) is followed by the stop; one that it rose to perhaps not
        came_from_beyond = first > entered if long else first < entered
        perhaps = stopped and not came_from_beyond and (close > stop if long else close < stop)
        if taken or perhaps:
            account.ambiguous += 1  # by either rule, so that what counts none is the same by both
        if account.path == PESSIMISTIC:
            taken = False
        elif perhaps:
            stopped = False
    if not (stopped or taken):
        return
    if stopped and taken:
        if entered == 0.0 and (first <= stop if long else first >= stop):
            taken = False
        elif entered == 0.0 and (first > p.take + beyond if long else first < p.take - beyond):
            stopped = False
        elif entered == 0.0:
            account.ambiguous += 1
    if stopped and (account.path != OPTIMISTIC or not taken):
        price = min(first, stop) if long else max(first, stop)
        if entered > 0.0:
            price = min(price, entered) if long else max(price, entered)
        end = liquidation_price(p, p.lots, p.entry, own_balance(ledger, i, k, LOW, HIGH))
        if (price <= end) if long else (end > 0.0 and price >= end):
            mark = market_of(ledger)[k, ledger.mark + (LOW if long else HIGH), i]
            if (mark <= end) if long else (mark >= end):
                return  # the margin was used up before the stop was reached: the venue closes it
        take_liquidity(ledger, i, k, -p.lots, price, 0.0, reason, NONE)
    else:
        make_liquidity(ledger, i, k, -p.lots, p.take, PROFIT, NONE)
    withdraw_entries(ledger, i, k)


@inner
def withdraw_entries(ledger: Ledger, i: int, k: int) -> None:
    """Cancel what the signal in force still had working: after an exit nothing re-enters until it changes."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and order.planned and order.state == WORKING:
            order.state = CANCELLED
            order.done = i


@inner
def has_resting(ledger: Ledger) -> bool:
    """Whether any order still works after the open."""
    resting = False
    for w in range(account_of(ledger)[0].working):
        resting |= orders_of(ledger)[working_of(ledger)[w]].state == WORKING
    return resting


@inner
def match_inside(ledger: Ledger, i: int) -> None:
    """Everything the range of bar `i` touches, after its open."""
    for k in range(positions_of(ledger).shape[0]):
        if account_of(ledger)[0].path == ALONG:
            trail_open(ledger, i, k)
        apply_protections(ledger, i, k, 0.0)
    if not has_resting(ledger):
        return
    fill_inside(ledger, i, STOP)
    fill_inside(ledger, i, LIMIT)
    fill_inside(ledger, i, TAKE_PROFIT)


@inner
def settle_orders(ledger: Ledger, i: int) -> None:
    """End the orders whose time is up, and forget the finished ones."""
    account = account_of(ledger)[0]
    kept = 0
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        uncovered = order.reduce_only and positions_of(ledger)[order.instrument].lots * order.lots >= 0
        if order.state == WORKING and (i >= order.expiry or uncovered):
            order.state = EXPIRED
            order.done = i
        if order.state == WORKING:
            working_of(ledger)[kept] = row
            kept += 1
    account.working = kept


@inner
def trail_open(ledger: Ledger, i: int, k: int) -> None:
    """Let a trailing stop follow a gap to the open, before anything that the path does from there on."""
    p = positions_of(ledger)[k]
    if p.lots == 0 or p.trail == 0.0:
        return
    first = market_of(ledger)[k, OPEN, i]
    if p.lots > 0:
        p.trail_stop = max(p.trail_stop, first - p.trail)
    else:
        p.trail_stop = min(p.trail_stop, first + p.trail)


@inner
def trail(ledger: Ledger, i: int, k: int) -> None:
    """Let a trailing stop follow the best price of the bar; it counts from the next bar on."""
    p = positions_of(ledger)[k]
    if p.lots > 0:
        p.trail_stop = max(p.trail_stop, market_of(ledger)[k, HIGH, i] - p.trail)
    else:
        p.trail_stop = min(p.trail_stop, market_of(ledger)[k, LOW, i] + p.trail)
