"""Bars in which nothing can happen but a new mark: looked at together, in blocks, by comparisons that vectorise.

What might be touched, paid, liquidated or decided ends the calm; any doubt is left to `step`.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner
from fw.ledger.deciding import number_or_none, price_or_none
from fw.ledger.fills import wallet
from fw.ledger.funding import next_funding
from fw.ledger.kinds import (
    BLOCK,
    CLOSE,
    HIGH,
    LOW,
    NEVER,
    Ledger,
    Row,
    account_of,
    equity_of,
    expiry_of,
    limit_of,
    market_of,
    positions_of,
    scratch_of,
    stop_of,
    strength_of,
    take_of,
    trail_of,
)


@inner
def calm(ledger: Ledger, i: int, end: int, scanning: bool) -> int:
    """Mark bars from `i` on while nothing can happen but a new mark; returns the first bar that needs `step`.

    A bar in which anything might be touched, paid or liquidated ends it before that bar; a bar whose signals differ
    from those in force ends it after that bar. Any doubt is left to `step`.
    """
    account = account_of(ledger)[0]
    n = positions_of(ledger).shape[0]
    cash = wallet(account)
    if account.working > 0 or account.rebalance < np.inf:
        return i
    for k in range(n):
        p = positions_of(ledger)[k]
        if p.lots != 0:
            end = min(end, next_funding(ledger, k, i))
            if p.trail > 0.0:
                return i
    watching = scanning and account.halted == 0
    floor = 1.0 - account.drawdown_limit if account.halted == 0 else -np.inf
    j = i
    while j < end:
        whole = min(j + BLOCK, end)
        change = first_change(ledger, j, whole) if watching else NEVER
        stop = min(whole, change + 1)
        if is_touched(ledger, j, stop) or is_endangered(ledger, j, stop, cash):
            stop = first_doubt(ledger, j, stop, cash)
            if stop == j:
                break
        mark_block(ledger, j, stop, cash)
        if floor > 0.0:
            stop = first_fall(ledger, j, stop, floor)
            if stop == j:
                break
        if rises(ledger, j, stop):
            account.peak = highest(ledger, j, stop)
        for k in range(n):
            account.exposed += (stop - j) * (positions_of(ledger)[k].lots != 0)
        j = stop
        if stop < whole or change < stop:
            break
    if j > i:
        account.equity = equity_of(ledger)[j - 1]
    return j


@inner
def levels(p: Row) -> tuple[float, float]:
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
def is_touched(ledger: Ledger, i: int, stop: int) -> bool:
    """Whether any protection might be touched in these bars."""
    for k in range(positions_of(ledger).shape[0]):
        below, above = levels(positions_of(ledger)[k])
        if below == -np.inf and above == np.inf:
            continue
        low = market_of(ledger)[k, LOW]
        high = market_of(ledger)[k, HIGH]
        doubt = False
        for b in range(i, stop):
            doubt |= (low[b] <= below) | (high[b] >= above)
        if doubt:
            return True
    return False


@inner
def rate_bound(p: Row, notional: float) -> float:
    """A rate that maintenance over notional cannot exceed below this notional."""
    t = 0
    while t + 1 < p.tier_count and notional >= p.tiers[t + 1, 0]:
        t += 1
    return p.tiers[t, 1]


@inner
def is_endangered(ledger: Ledger, i: int, stop: int, cash: float) -> bool:
    """Whether margin might run out in these bars, by a bound on maintenance that is linear in the mark."""
    account = account_of(ledger)[0]
    spare = scratch_of(ledger)
    size_of_block = stop - i
    for b in range(size_of_block):
        spare[b] = cash
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        size = p.lots * p.lot
        quantity = abs(size)
        bound = 2.0 * quantity * max(p.entry, market_of(ledger)[k, ledger.mark + CLOSE, i])
        rate = rate_bound(p, bound)
        marks = market_of(ledger)[k, ledger.mark + (LOW if p.lots > 0 else HIGH)]
        entry = p.entry
        doubt = False
        if account.isolated:
            margin = p.margin
            for b in range(size_of_block):
                mark = marks[i + b]
                doubt |= margin + size * (mark - entry) <= 1.0001 * rate * quantity * mark
                doubt |= quantity * mark >= bound
        else:
            for b in range(size_of_block):
                mark = marks[i + b]
                spare[b] += size * (mark - entry) - 1.0001 * rate * quantity * mark
                doubt |= quantity * mark >= bound
        if doubt:
            return True
    if account.isolated:
        return False
    doubt = False
    for b in range(size_of_block):
        doubt |= spare[b] <= 0.0
    return doubt


@inner
def first_doubt(ledger: Ledger, i: int, stop: int, cash: float) -> int:
    """The first of these bars in which something might be touched or liquidated."""
    for b in range(i, stop):
        if is_touched(ledger, b, b + 1) or is_endangered(ledger, b, b + 1, cash):
            return b
    return stop


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
def first_change(ledger: Ledger, i: int, stop: int) -> int:
    """The first of these bars whose signals differ from those in force; a bar far away where none does."""
    first = NEVER
    has_prices = ledger.stop_loss + ledger.take_profit + ledger.trailing + ledger.limit + ledger.expiry != 0
    for k in range(ledger.instruments):
        strength = strength_of(ledger)[k]
        now = positions_of(ledger)[k].strength
        doubt = has_prices
        for b in range(i, stop):
            doubt |= (strength[b] != now) & (strength[b] == strength[b])
        if doubt:
            for b in range(i, min(stop, first)):
                if differs(ledger, k, b) if has_prices else strength[b] != now and strength[b] == strength[b]:
                    first = b
                    break
    return first


@inner
def mark_block(ledger: Ledger, i: int, stop: int, cash: float) -> None:
    """Equity of these bars; the same operations in the same order as `marked`."""
    equity = equity_of(ledger)
    untouched = True
    for k in range(ledger.instruments):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        size = p.lots * p.lot
        entry = p.entry
        mark = market_of(ledger)[k, ledger.mark + CLOSE]
        if untouched:
            for b in range(i, stop):
                equity[b] = cash + size * (mark[b] - entry)
        else:
            for b in range(i, stop):
                equity[b] += size * (mark[b] - entry)
        untouched = False
    if untouched:
        for b in range(i, stop):
            equity[b] = cash


@inner
def rises(ledger: Ledger, i: int, stop: int) -> bool:
    """Whether any of these bars has equity above the peak; compared all together, for most blocks have none."""
    equity = equity_of(ledger)
    peak = account_of(ledger)[0].peak
    any_higher = False
    for b in range(i, stop):
        any_higher |= equity[b] > peak
    return any_higher


@inner
def highest(ledger: Ledger, i: int, stop: int) -> float:
    """The peak of equity after these bars."""
    equity = equity_of(ledger)
    peak = account_of(ledger)[0].peak
    for b in range(i, stop):
        peak = max(peak, equity[b])
    return peak


@inner
def first_fall(ledger: Ledger, i: int, stop: int, floor: float) -> int:
    """The first of these bars whose equity may have fallen to the share `floor` of its peak; `stop`: none."""
    equity = equity_of(ledger)
    peak = account_of(ledger)[0].peak
    limit = (highest(ledger, i, stop) if rises(ledger, i, stop) else peak) * floor
    any_lower = False
    for b in range(i, stop):
        any_lower |= equity[b] <= limit
    if not any_lower:
        return stop
    for b in range(i, stop):
        peak = max(peak, equity[b])
        if equity[b] <= peak * floor:
            return b
    return stop
