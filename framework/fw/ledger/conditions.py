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
    MARKET,
    NO,
    NO_FAULT,
    NONE,
    OPEN,
    OPTIMISTIC,
    POST_ONLY,
    STOP_LIMIT,
    TAKE_PROFIT_LIMIT,
    TRAILING_STOP,
    WORKING,
    WOULD_TAKE,
    YES,
    Ledger,
    Row,
)
from fw.ledger.matching import fill, touch
from fw.ledger.orders import end, is_marketable, is_stop, refuse, trigger
from fw.ledger.planning import fault_on_arrival, protect_working
from fw.ledger.protections import apply_protections, protect, through


@inner
def arrive(ledger: Ledger, i: int) -> None:
    """What reaches the venue with the open of bar `i`: withdrawals, then new and changed orders."""
    for w in range(account_of(ledger)[0].working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if order.state != WORKING:
            continue
        if order.cancel < i:
            end(order, i - 1, CANCELLED)
        elif order.since + 1 == i:
            enter(ledger, i, order)


@inner
def enter(ledger: Ledger, i: int, order: Row) -> None:
    """The venue's first look at an order, or at its new price: at the open of bar `i`."""
    p = positions_of(ledger)[order.instrument]
    now = market_of(ledger)[order.instrument, OPEN, i]
    if account_of(ledger)[0].delay > 0 and order.filled == 0 and order.triggered < 0:
        if order.planned and order.kind != BRACKET and not retarget(ledger, i, order):
            return
        fault = fault_on_arrival(ledger, i, OPEN, order)
        if fault != NO_FAULT:
            refuse(ledger, i, order, fault)
            return
    if order.kind == BRACKET:
        end(order, i, FILLED)
        protect_working(ledger, order.instrument, order)
        if p.lots != 0:
            protect(p, order.stop, order.take, order.trail, now)
        return
    if order.kind == TRAILING_STOP and order.trigger == 0.0:
        follow(order, market_of(ledger)[order.instrument, watched(ledger, order) + OPEN, i], p)
    if order.acts != LIMIT or order.time_in_force == GTC:
        return
    takes = is_marketable(order, now)
    if order.time_in_force == POST_ONLY:
        if takes and order.amended >= 0:
            end(order, i, CANCELLED)
        elif takes:
            refuse(ledger, i, order, WOULD_TAKE)
    elif not takes:
        end(order, i, EXPIRED)


@inner
def retarget(ledger: Ledger, i: int, order: Row) -> bool:
    """Let a planned order that arrives late bring the position to its goal, whatever filled while it was on its way;
    False where nothing is left to do, and it has ended."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[order.instrument]
    lots = order.goal - p.lots
    if lots != order.lots and lots != 0:
        order.lots = lots
        order.resized = i
    order.reduce_only = YES if order.goal * p.lots >= 0 and abs(order.goal) < abs(p.lots) else NO
    price = order.price if order.kind == LIMIT else market_of(ledger)[order.instrument, OPEN, i]
    too_small = not order.reduce_only and order.goal != 0 and abs(lots) * p.lot * price < p.min_notional
    if lots == 0 or too_small:
        account.too_small += lots != 0
        end(order, i, CANCELLED)
        return False
    return True


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
        if order.state == WORKING and order.acts > BRACKET and order.since < i:
            look(ledger, i, row)


@inner
def look(ledger: Ledger, i: int, row: int) -> None:
    """Trigger a conditional order that this bar's range reaches, or let it follow."""
    order = orders_of(ledger)[row]
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
        if low > order.trigger if buy else high < order.trigger:
            return
        first = market_of(ledger)[order.instrument, offset + OPEN, i]
        if account_of(ledger)[0].path != ALONG or (first > order.trigger if buy else first < order.trigger):
            follow(order, low if buy else high, p)
            return
        follow(order, first, p)  # a known path goes on from a gap
    if high >= order.price if buy == is_stop(order) else low <= order.price:
        release(ledger, i, row)
    elif order.kind == TRAILING_STOP and (low < order.best if buy else high > order.best):
        follow(order, low if buy else high, p)


@inner
def reach(ledger: Ledger, i: int, order: Row) -> int:
    """Whether a bar reaches a resting order: 0 not, 1 somewhere inside it, 2 with its open already."""
    if order.state != WORKING or order.since >= i or order.triggered == i:
        return 0
    price = order.price
    upward = (order.lots > 0) == is_stop(order)
    offset = watched(ledger, order)
    if order.acts == LIMIT:
        beyond = through(ledger, positions_of(ledger)[order.instrument])
        upward = order.lots < 0
        price += beyond if upward else -beyond
        offset = 0
    if price <= 0.0 or order.acts == MARKET or order.acts == BRACKET:
        return 0
    first = market_of(ledger)[order.instrument, offset + OPEN, i]
    best = market_of(ledger)[order.instrument, offset + (HIGH if upward else LOW), i]
    if (first > price if upward else first < price) or (first == price and order.acts != LIMIT):
        return 2
    touches = best == price and order.acts != LIMIT
    return 1 if touches or (best > price if upward else best < price) else 0


@inner
def choose(ledger: Ledger, i: int) -> None:
    """One cancels other, where a bar reaches a stop of a group and a limit or take-profit of it: which came first.

    What the open had passed did, the stop before all; else it is the stop, or the other where the path says the better.
    """
    account = account_of(ledger)[0]
    for w in range(account.working):
        row = working_of(ledger)[w]
        order = orders_of(ledger)[row]
        if order.group == 0 or (order.acts != LIMIT and is_stop(order)):
            continue
        reached = reach(ledger, i, order)
        stop = rival(ledger, i, order) if reached > 0 else NONE
        if stop == NONE or reach(ledger, i, orders_of(ledger)[stop]) == 2:
            continue
        if reached == 1 and account.path != ALONG:
            account.ambiguous += 1
        meet(ledger, i, row if reached == 2 or account.path == OPTIMISTIC else stop)


@inner
def rival(ledger: Ledger, i: int, order: Row) -> int:
    """The row of a stop that cancels this order, and is cancelled by it, and that this bar reaches; else -1."""
    found = NONE
    for w in range(account_of(ledger)[0].working):
        row = working_of(ledger)[w]
        other = orders_of(ledger)[row]
        if other.group == order.group and other.acts != LIMIT and is_stop(other) and reach(ledger, i, other) > 0:
            found = row
    return found


@inner
def meet(ledger: Ledger, i: int, row: int) -> None:
    """Let the bar meet one resting order before all others."""
    if orders_of(ledger)[row].acts <= BRACKET:
        touch(ledger, i, row)
    else:
        look(ledger, i, row)


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
        order.resized = i
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
