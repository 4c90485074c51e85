"""The stop, the trailing stop and the take-profit of a position against one bar; in doubt, the worse for the trader."""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.fills import cut, make_liquidity, take_liquidity
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import (
    ALONG,
    CANCELLED,
    CLOSE,
    HIGH,
    LOW,
    MARKET,
    NEVER,
    NONE,
    OPEN,
    OPTIMISTIC,
    PESSIMISTIC,
    PROFIT,
    STOP_LOSS,
    TRAILING,
    WORKING,
    YES,
    Ledger,
    Row,
)
from fw.ledger.margin import liquidation_price, own_balance
from fw.ledger.orders import add_order, rest


@inner
def through(ledger: Ledger, p: Row) -> float:
    """How far beyond a resting price the market must trade to fill it; half a tick less, against float noise."""
    return (account_of(ledger)[0].through - 0.5) * p.tick


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
def nearest_stop(p: Row) -> tuple[float, int]:
    """Of a position's stop and its trailing stop the one that is reached first, and its reason; a price of 0: none."""
    if p.trail_stop > 0.0 and (p.stop == 0.0 or (p.trail_stop > p.stop if p.lots > 0 else p.trail_stop < p.stop)):
        return p.trail_stop, TRAILING
    return p.stop, STOP_LOSS


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
        first = entered
        high = max(entered, close)
        low = min(entered, close)
    long = p.lots > 0
    stop, reason = nearest_stop(p)
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
        known = entered == 0.0 or account.path == ALONG
        if known and (first <= stop if long else first >= stop):
            taken = False
        elif known and (first > p.take + beyond if long else first < p.take - beyond):
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
        withdraw_entries(ledger, i, k)
        lots = cut(ledger, i, k, -p.lots)
        if lots != 0:
            take_liquidity(ledger, i, k, lots, price, 0.0, reason, NONE)
        if p.lots != 0:  # more than the bar's volume lets: the rest goes at the opens to come
            protect(p, 0.0, 0.0, 0.0, 0.0)
            rest(ledger, add_order(ledger, i, k, MARKET, -p.lots, 0.0, NEVER, YES, YES, reason))
    else:
        withdraw_entries(ledger, i, k)
        lots = cut(ledger, i, k, -p.lots)
        if lots != 0:
            make_liquidity(ledger, i, k, lots, p.take, PROFIT, NONE)


@inner
def withdraw_entries(ledger: Ledger, i: int, k: int) -> None:
    """Cancel what the signal in force still had working: after an exit nothing re-enters until it changes."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.instrument == k and order.planned and order.state == WORKING:
            order.state = CANCELLED
            order.done = i


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
    """Let a trailing stop follow the best price of the bar; it counts from the next bar on.

    On a known path that is the close: the open has been followed, or came before the position.
    """
    p = positions_of(ledger)[k]
    along = account_of(ledger)[0].path == ALONG
    if p.lots > 0:
        p.trail_stop = max(p.trail_stop, market_of(ledger)[k, CLOSE if along else HIGH, i] - p.trail)
    else:
        p.trail_stop = min(p.trail_stop, market_of(ledger)[k, CLOSE if along else LOW, i] + p.trail)
