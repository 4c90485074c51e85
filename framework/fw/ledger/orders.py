"""Orders as rows: written down, handed to the venue, looked at, ended."""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import (
    CANCELLED,
    MARKET,
    NEVER,
    NONE,
    REJECTED,
    SENT,
    STOP,
    STOP_LIMIT,
    TAKE_PROFIT,
    TAKE_PROFIT_LIMIT,
    TRAILING_STOP,
    WORKING,
    Ledger,
    Row,
)


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
    order.filled = 0
    order.goal = positions_of(ledger)[k].lots + lots
    order.price = price
    order.trigger = 0.0
    order.limit = 0.0
    order.callback = 0.0
    order.best = 0.0
    order.expiry = expiry
    order.cancel = NEVER
    order.done = NEVER
    order.triggered = NONE
    order.amended = NONE
    order.resized = NONE
    order.promised = 0
    order.stop = 0.0
    order.take = 0.0
    order.trail = 0.0
    order.instrument = k
    order.kind = kind
    order.acts = kind
    order.time_in_force = 0
    order.by_mark = 0
    order.close_all = 0
    order.group = 0
    order.reduce_only = reduce_only
    order.planned = planned
    order.reason = reason
    order.state = SENT
    order.fault = 0
    return row


@inner
def rest(ledger: Ledger, row: int) -> None:
    """Let an order work at the venue."""
    account = account_of(ledger)[0]
    orders_of(ledger)[row].state = WORKING
    working_of(ledger)[account.working] = row
    account.working += 1


@inner
def cancel_group(ledger: Ledger, i: int, row: int) -> None:
    """One cancels other: withdraw what works in the same group as an order that has traded."""
    group = orders_of(ledger)[row].group
    for w in range(account_of(ledger)[0].working):
        other = working_of(ledger)[w]
        order = orders_of(ledger)[other]
        if other != row and order.group == group and order.state == WORKING:
            order.state = CANCELLED
            order.done = i


@inner
def end(order: Row, i: int, state: int) -> None:
    """Note that an order has come to its end in bar `i`."""
    order.state = state
    order.done = i


@inner
def refuse(ledger: Ledger, i: int, order: Row, fault: int) -> None:
    """Let the venue refuse an order."""
    end(order, i, REJECTED)
    order.fault = fault
    account_of(ledger)[0].rejected += 1


@inner
def trigger(order: Row, i: int) -> None:
    """Make a market order of one whose trigger was reached; what of it does not fill now goes at the opens to come."""
    order.triggered = i
    order.acts = MARKET


@inner
def shrink(order: Row, p: Row, i: int) -> None:
    """Let a reduce-only order be no larger than the position that it reduces."""
    if order.reduce_only and p.lots * order.lots < 0 and abs(order.lots - order.filled) > abs(p.lots):
        order.lots = order.filled - p.lots
        order.resized = i


@inner
def unfilled(order: Row) -> int:
    """The lots that may still fill, counting what amendments on their way may add."""
    return (order.promised if abs(order.promised) > abs(order.lots) else order.lots) - order.filled


@inner
def is_marketable(order: Row, price: float) -> bool:
    """Whether a limit order would take at this price."""
    return price <= order.price if order.lots > 0 else price >= order.price


@inner
def is_stop(order: Row) -> bool:
    """Whether a trigger lies on the side of a loss: above the price for a buy."""
    return order.kind == STOP or order.kind == STOP_LIMIT or order.kind == TRAILING_STOP


@inner
def is_passed(ledger: Ledger, i: int, field: int, order: Row) -> bool:
    """Whether the price of a bar has already passed an order's trigger: the venue refuses to take it then."""
    if not is_stop(order) and order.kind != TAKE_PROFIT and order.kind != TAKE_PROFIT_LIMIT:
        return False
    now = market_of(ledger)[order.instrument, (ledger.mark if order.by_mark else 0) + field, i]
    if order.kind == TRAILING_STOP:  # it begins to follow on the side of a profit
        return order.trigger > 0.0 and (now <= order.trigger if order.lots > 0 else now >= order.trigger)
    return now >= order.price if (order.lots > 0) == is_stop(order) else now <= order.price


@inner
def closes_twice(ledger: Ledger, order: Row) -> bool:
    """Whether an order of the same kind and direction already closes the whole position."""
    for w in range(account_of(ledger)[0].working):
        other = orders_of(ledger)[working_of(ledger)[w]]
        same = other.instrument == order.instrument and other.kind == order.kind
        if same and other.close_all and other.lots * order.lots > 0:
            return True
    return False


@inner
def has_resting(ledger: Ledger) -> bool:
    """Whether any order still works after the open."""
    resting = False
    for w in range(account_of(ledger)[0].working):
        resting |= orders_of(ledger)[working_of(ledger)[w]].state == WORKING
    return resting
