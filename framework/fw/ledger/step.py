"""One bar of the simulated venue, and many: the meaning is `step`; `calm` only skips what provably changes nothing.

Within a bar: funding at the open, margin at the open's marks, orders at the open, funding inside, everything the
range touches, margin at the worst marks, then equity at the close.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fw.ledger.calm import calm
from fw.ledger.clock import closes_clock_bar
from fw.ledger.coming import is_clear, next_change
from fw.ledger.compiled import inner, kernel, pasted
from fw.ledger.conditions import arrive, choose, watch
from fw.ledger.deciding import decide, read_wishes
from fw.ledger.fills import wallet
from fw.ledger.funding import is_due, pay_funding
from fw.ledger.handle import account_of, equity_of, positions_of, wishes_of
from fw.ledger.kinds import (
    ALONG,
    HIGH,
    LIMIT,
    LOW,
    MARKET,
    NEVER,
    NO,
    NONE,
    OPEN,
    RISK,
    STOP,
    TAKE_PROFIT,
    YES,
    Ledger,
    Rows,
)
from fw.ledger.margin import MOST_STEPS, cancel_all, check_margin, marked
from fw.ledger.matching import fill_at_open, fill_before_stop, fill_inside, settle_orders
from fw.ledger.orders import add_order, has_resting
from fw.ledger.planning import place
from fw.ledger.protections import apply_protections, trail, trail_open
from fw.ledger.safety import lasts
from fw.ledger.turning import turn, turns_plainly


@pasted
def step(ledger: Ledger, i: int, conditions: Any) -> None:
    """Everything that happens in bar `i`; with `conditions` None, what orders with conditions need is left out."""
    account = account_of(ledger)[0]
    n = positions_of(ledger).shape[0]
    held = False
    due = False
    for k in range(n):
        if is_due(ledger, i, k):
            due = True
            pay_funding(ledger, i, k, NO)
        held |= positions_of(ledger)[k].lots != 0
    if held and not lasts(ledger, i):
        check_margin(ledger, i, OPEN, OPEN)
    if account.working > 0:
        if conditions is not None:
            arrive(ledger, i)
        fill_at_open(ledger, i)
    if due:
        for k in range(n):
            pay_funding(ledger, i, k, YES)
    for k in range(n):
        if is_clear(positions_of(ledger)[k], i):
            continue
        if account.path == ALONG:
            trail_open(ledger, i, k)
        if account.working > 0:
            fill_before_stop(ledger, i, k)
        apply_protections(ledger, i, k, 0.0)
    if has_resting(ledger):
        if conditions is not None:
            choose(ledger, i)
        fill_inside(ledger, i, STOP)
        if conditions is not None:
            watch(ledger, i)
        fill_inside(ledger, i, LIMIT)
        fill_inside(ledger, i, TAKE_PROFIT)
    if account.working > 0:
        settle_orders(ledger, i)
    close_bar(ledger, i)


@inner
def close_bar(ledger: Ledger, i: int) -> None:
    """Margin at the worst marks of bar `i`, then equity at its close."""
    account = account_of(ledger)[0]
    if not lasts(ledger, i):
        check_margin(ledger, i, LOW, HIGH)
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        if p.lots != 0:
            account.exposed += 1
            if p.trail > 0.0:
                trail(ledger, i, k)
    equity = marked(ledger, i)
    account.equity = equity
    account.peak = max(account.peak, equity)
    equity_of(ledger)[i] = equity
    if (account.halted == 0 and equity <= account.peak * (1.0 - account.drawdown_limit)) or (
        account.halted == 0 and wallet(account) <= 0.0
    ):
        halt(ledger, i)


@inner
def halt(ledger: Ledger, i: int) -> None:
    """End trading: withdraw every order, and close what is held at the next open."""
    account_of(ledger)[0].halted = i + 1
    cancel_all(ledger, i, NONE)
    for k in range(positions_of(ledger).shape[0]):
        lots = positions_of(ledger)[k].lots
        if lots != 0:
            place(ledger, add_order(ledger, i, k, MARKET, -lots, 0.0, NEVER, YES, YES, RISK))


@inner
def has_room(ledger: Ledger, fill_room: int, order_room: int, decision_room: int) -> bool:
    """Whether the worst bar still fits into the rows that are there; payments have a row for every stamp."""
    account = account_of(ledger)[0]
    n = positions_of(ledger).shape[0]
    most = (4 + 2 * (MOST_STEPS + 1)) * n + 2 * account.working  # liquidations at the open and inside the bar
    return (
        account.fills + most < fill_room
        and account.orders + 4 * n < order_room
        and account.decisions + n < decision_room
    )


@kernel
def run_bars(handle: Rows, end: int, scanning: bool) -> int:
    """Bring the account forward to the close of bar `end` - 1; scanning, act on each bar's signals too.

    Returns the first bar not stepped: less than `end` where the run must make room for more rows first.
    """
    return walk(handle[0], end, scanning, None)


@kernel
def run_bars_with_conditions(handle: Rows, end: int, scanning: bool) -> int:
    """`run_bars` where orders may have conditions; compiled when a run first has one."""
    return walk(handle[0], end, scanning, YES)


@pasted
def walk(ledger: Ledger, end: int, scanning: bool, conditions: Any) -> int:
    """Bars up to `end`, the calm ones skipped."""
    account = account_of(ledger)[0]
    plain = scanning and turns_plainly(ledger)
    i = account.next
    while i < end:
        if not has_room(ledger, ledger.fill_room, ledger.order_room, ledger.decision_room):
            break
        j = calm(ledger, i, end, scanning)
        if j > i:
            i = j - 1  # the last calm bar is the one to decide at
        else:
            step(ledger, i, conditions)
        if scanning:
            while plain and i + 1 < end and next_change(ledger, 0, i) == i:
                if not has_room(ledger, ledger.fill_room, ledger.order_room, ledger.decision_room):
                    break
                if not turn(ledger, i):
                    break
                i += 1
                close_bar(ledger, i)
            changes = account.rebalance < np.inf and closes_clock_bar(ledger, i)
            for k in range(positions_of(ledger).shape[0]):
                changes |= next_change(ledger, k, i) == i
            if changes:
                read_wishes(ledger, i)
                decide(ledger, i, YES)
        i += 1
    account.next = i
    return i


@kernel
def decide_at(handle: Rows, i: int, placing: int) -> None:
    """`decide` for the loop: act on the wishes that it wrote, and leave none behind."""
    ledger = handle[0]
    decide(ledger, i, placing)
    for k in range(ledger.instruments):
        wish = wishes_of(ledger)[k]
        wish.strength = np.nan
        wish.force = NONE


@kernel
def place_order(handle: Rows, row: int) -> None:
    """Hand an order that was written down to the simulated venue."""
    place(handle[0], row)
