"""Bars in which nothing can happen but a new mark: they are only marked, all together, by loops that vectorise.

What may be touched, paid, liquidated or decided ends the calm; any doubt is left to `step`.
"""

from __future__ import annotations

import numpy as np

from fw.ledger.coming import next_change, next_touch
from fw.ledger.compiled import inner, pasted
from fw.ledger.fills import wallet
from fw.ledger.funding import next_funding
from fw.ledger.handle import account_of, equity_of, market_of, positions_of, prefetch
from fw.ledger.kinds import AHEAD, CLOSE, LANES, LINE, STRETCH, Ledger
from fw.ledger.safety import safe_until


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
    known = ledger.bars if scanning else end
    held = 0
    for k in range(n):
        p = positions_of(ledger)[k]
        if scanning and account.halted == 0:
            end = min(end, next_change(ledger, k, i) + 1)
        if p.lots != 0:
            held += 1
            end = min(end, next_funding(ledger, k, i))
            if p.trail > 0.0:
                return i
    if held > 0:
        for k in range(n):
            if positions_of(ledger)[k].lots != 0:
                end = next_touch(ledger, k, i, end, known)
        if end > i:
            end = safe_until(ledger, i, end)
    if ledger.mark != 0:
        for k in range(n):
            prefetch(market_of(ledger)[k, CLOSE], end - 1)  # for decisions; else the marks are the same prices
    floor = 1.0 - account.drawdown_limit if account.halted == 0 else -np.inf
    j = i
    while j < end:
        stop = min(j + STRETCH, end)
        rises = mark_block(ledger, j, stop, cash)
        if floor > 0.0:
            fall = first_fall(ledger, j, stop, floor)
            if fall < stop:
                stop = fall
                end = fall
                if stop == j:
                    break
        if rises:
            account.peak = highest(ledger, j, stop)
        account.exposed += (stop - j) * held
        j = stop
    if j > i:
        account.equity = equity_of(ledger)[j - 1]
    return j


@inner
def mark_block(ledger: Ledger, i: int, stop: int, cash: float) -> bool:
    """Write the equity of these bars, by the same operations in the same order as `marked`.

    Returns whether any is above the peak: compared all together, for most blocks have none. In a scan some bars beyond
    are marked too, so that the processor takes all by vectors; they will be marked again, and a doubt too many is none.
    """
    whole = i + (stop - i + LANES - 1) // LANES * LANES
    if ledger.extremes != 0 and whole <= ledger.bars:
        stop = whole
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
        for b in range(i, stop, LINE):
            prefetch(market_of(ledger)[k, ledger.mark + CLOSE], b + AHEAD)
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
