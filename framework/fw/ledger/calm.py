"""Bars in which nothing can happen but a new mark: looked at together, in blocks, by comparisons that vectorise.

What might be touched, paid, liquidated or decided ends the calm; any doubt is left to `step`.

The bars of a block are sliced out before they are looped over: an index that starts at 0 cannot be negative, so numba
leaves out the wrap-around, and what would be a gather is a plain load.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner, pasted
from fw.ledger.deciding import number_or_none, price_or_none
from fw.ledger.fills import wallet
from fw.ledger.funding import next_funding
from fw.ledger.handle import (
    account_of,
    equity_of,
    expiry_of,
    limit_of,
    market_of,
    positions_of,
    prefetch,
    scratch_of,
    stop_of,
    strength_of,
    take_of,
    trail_of,
)
from fw.ledger.kinds import BLOCK, CLOSE, GLANCE, HIGH, LOW, NEVER, OPEN, Ledger, Row


@pasted
def calm(ledger: Ledger, i: int, end: int, scanning: bool) -> int:
    """Mark bars from `i` on while nothing can happen but a new mark; returns the first bar that needs `step`.

    A bar in which anything might be touched, paid or liquidated ends it before that bar; a bar whose signals differ
    from those in force ends it after that bar. Any doubt is left to `step`.
    """
    account = account_of(ledger)[0]
    n = ledger.instruments
    cash = wallet(account)
    if account.working > 0 or account.rebalance < np.inf:
        return i
    held = 0
    for k in range(n):
        p = positions_of(ledger)[k]
        if p.lots != 0:
            held += 1
            end = min(end, next_funding(ledger, k, i))
            if p.trail > 0.0:
                return i
    shared = held > 1 and not account.isolated
    change = NEVER
    if scanning and account.halted == 0:
        for k in range(n):
            change = min(change, next_change(ledger, k, i))
    floor = 1.0 - account.drawdown_limit if account.halted == 0 else -np.inf
    # many positions are soon touched: a block looked at in vain is looked at again, in halves
    size = BLOCK if held <= 1 else GLANCE
    j = i
    while j < end:
        whole = min(j + size, end)
        size = min(2 * size, BLOCK)
        stop = min(whole, change + 1)
        if stop < whole:
            for k in range(n):
                prefetch(market_of(ledger)[k, OPEN], stop)  # where the change will be traded
        if is_touched(ledger, j, stop, cash, shared):
            stop = first_doubt(ledger, j, stop, cash, shared)
            if stop == j:
                break
        rises = mark_block(ledger, j, stop, cash)
        if floor > 0.0:
            stop = first_fall(ledger, j, stop, floor)
            if stop == j:
                break
        if rises:
            account.peak = highest(ledger, j, stop)
        account.exposed += (stop - j) * held
        j = stop
        if stop < whole or change < stop:
            break
    if j > i:
        account.equity = equity_of(ledger)[j - 1]
    return j


@inner
def protections(p: Row) -> tuple[float, float]:
    """The lows at or below which, and the highs at or above which, a protection might be touched."""
    below = -np.inf
    above = np.inf
    if p.lots > 0:
        below = p.stop if p.stop > 0.0 else below
        above = p.take if p.take > 0.0 else above
    elif p.lots < 0:
        above = p.stop if p.stop > 0.0 else above
        below = p.take if p.take > 0.0 else below
    return below, above


@inner
def rate_bound(p: Row, notional: float) -> float:
    """A rate that maintenance over notional cannot exceed below this notional, with a hair to spare."""
    t = 0
    while t + 1 < p.tier_count and notional >= p.tiers[t + 1, 0]:
        t += 1
    return 1.0001 * p.tiers[t, 1]


@inner
def guards(ledger: Ledger, k: int, i: int, balance: float) -> tuple[float, float]:
    """The marks at or below which, and at or above which, the margin behind one position might run out.

    Where balance + size × (mark − entry) = rate × quantity × mark, with a rate that bounds maintenance as long as
    the notional has not doubled; beyond that nothing is known.
    """
    p = positions_of(ledger)[k]
    size = p.lots * p.lot
    quantity = abs(size)
    doubled = 2.0 * max(p.entry, market_of(ledger)[k, ledger.mark + CLOSE, i])
    rate = rate_bound(p, quantity * doubled)
    end = (size * p.entry - balance) / (size - rate * quantity)
    if p.lots > 0:
        return end + 1e-9 * abs(end), doubled
    return -np.inf, min(end - 1e-9 * abs(end), doubled)


@inner
def leaves(ledger: Ledger, k: int, i: int, stop: int, offset: int, below: float, above: float) -> bool:
    """Whether the lows or highs of these bars (traded at offset 0, else marks) reach a level."""
    if below == -np.inf and above == np.inf:
        return False
    low = market_of(ledger)[k, offset + LOW, i:stop]
    high = market_of(ledger)[k, offset + HIGH, i:stop]
    reached = False
    for b in range(stop - i):
        reached |= (low[b] <= below) | (high[b] >= above)
    return reached


@inner
def is_touched(ledger: Ledger, i: int, stop: int, cash: float, shared: bool) -> bool:
    """Whether any protection might be touched, or any margin run out, in these bars."""
    account = account_of(ledger)[0]
    for k in range(ledger.instruments):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        below, above = protections(p)
        if not shared:
            low, high = guards(ledger, k, i, p.margin if account.isolated else cash)
            if ledger.mark == 0:
                below = max(below, low)
                above = min(above, high)
            elif leaves(ledger, k, i, stop, ledger.mark, low, high):
                return True
        if leaves(ledger, k, i, stop, 0, below, above):
            return True
    return shared and is_endangered(ledger, i, stop, cash)


@inner
def is_endangered(ledger: Ledger, i: int, stop: int, cash: float) -> bool:
    """Whether the margin that several positions share might run out in these bars, all at their worst marks."""
    spare = scratch_of(ledger)
    size_of_block = stop - i
    for b in range(size_of_block):
        spare[b] = cash
    doubt = False
    for k in range(ledger.instruments):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        size = p.lots * p.lot
        quantity = abs(size)
        bound = 2.0 * quantity * max(p.entry, market_of(ledger)[k, ledger.mark + CLOSE, i])
        rate = rate_bound(p, bound)
        marks = market_of(ledger)[k, ledger.mark + (LOW if p.lots > 0 else HIGH), i:stop]
        entry = p.entry
        for b in range(size_of_block):
            mark = marks[b]
            spare[b] += size * (mark - entry) - rate * quantity * mark
            doubt |= quantity * mark >= bound
    for b in range(size_of_block):
        doubt |= spare[b] <= 0.0
    return doubt


@inner
def first_doubt(ledger: Ledger, i: int, stop: int, cash: float, shared: bool) -> int:
    """The first of these bars in which something might be touched or liquidated; it is known to be among them."""
    while stop - i > 1:
        middle = (i + stop) // 2
        if is_touched(ledger, i, middle, cash, shared):
            stop = middle
        else:
            i = middle
    return i


@inner
def differs(ledger: Ledger, k: int, i: int) -> bool:
    """Whether the signal of bar `i` differs from the one in force; a NaN strength: it does not."""
    p = positions_of(ledger)[k]
    strength = strength_of(ledger)[k, i]
    if math.isnan(strength):
        return False
    if strength != p.strength:
        return True
    return (
        price_or_none(stop_of(ledger), k, i, p) != p.signal_stop
        or price_or_none(take_of(ledger), k, i, p) != p.signal_take
        or number_or_none(trail_of(ledger), k, i) != p.signal_trail
        or price_or_none(limit_of(ledger), k, i, p) != p.signal_limit
        or number_or_none(expiry_of(ledger), k, i) != p.signal_expiry
    )


@inner
def next_change(ledger: Ledger, k: int, i: int) -> int:
    """The first bar from `i` on whose signal differs from the one in force; it is looked for once."""
    p = positions_of(ledger)[k]
    if p.next_change < i:
        p.next_change = first_change(ledger, k, i)
    return p.next_change


@inner
def first_change(ledger: Ledger, k: int, i: int) -> int:
    """Where that bar is; a bar far away where there is none."""
    has_prices = ledger.stop_loss + ledger.take_profit + ledger.trailing + ledger.limit + ledger.expiry != 0
    # NaN is like no other strength: beside prices each one is worth a look
    now = np.nan if has_prices else positions_of(ledger)[k].strength
    for start in range(i, ledger.bars, GLANCE):
        end = min(start + GLANCE, ledger.bars)
        strength = strength_of(ledger)[k, start:end]
        doubt = False
        for b in range(end - start):
            doubt |= (strength[b] != now) & (strength[b] == strength[b])
        if not doubt:
            continue
        for b in range(end - start):
            is_new = (strength[b] != now) & (strength[b] == strength[b])
            if is_new and (not has_prices or differs(ledger, k, start + b)):
                return start + b
    return NEVER


@inner
def mark_block(ledger: Ledger, i: int, stop: int, cash: float) -> bool:
    """Write the equity of these bars, by the same operations in the same order as `marked`.

    Returns whether any is above the peak: compared all together, for most blocks have none.
    """
    equity = equity_of(ledger)[i:stop]
    peak = account_of(ledger)[0].peak
    untouched = True
    rises = False
    for k in range(ledger.instruments):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        size = p.lots * p.lot
        entry = p.entry
        mark = market_of(ledger)[k, ledger.mark + CLOSE, i:stop]
        rises = False
        if untouched:
            for b in range(stop - i):
                value = cash + size * (mark[b] - entry)
                equity[b] = value
                rises |= value > peak
        else:
            for b in range(stop - i):
                value = equity[b] + size * (mark[b] - entry)
                equity[b] = value
                rises |= value > peak
        untouched = False
    if untouched:
        for b in range(stop - i):
            equity[b] = cash
        rises = cash > peak
    return rises


@inner
def highest(ledger: Ledger, i: int, stop: int) -> float:
    """The peak of equity after these bars."""
    equity = equity_of(ledger)[i:stop]
    peak = account_of(ledger)[0].peak
    for b in range(stop - i):
        peak = max(peak, equity[b])
    return peak


@inner
def first_fall(ledger: Ledger, i: int, stop: int, floor: float) -> int:
    """The first of these bars whose equity may have fallen to the share `floor` of its peak; `stop`: none."""
    equity = equity_of(ledger)[i:stop]
    peak = account_of(ledger)[0].peak
    limit = highest(ledger, i, stop) * floor
    any_lower = False
    for b in range(stop - i):
        any_lower |= equity[b] <= limit
    if not any_lower:
        return stop
    for b in range(stop - i):
        peak = max(peak, equity[b])
        if equity[b] <= peak * floor:
            return i + b
    return stop
