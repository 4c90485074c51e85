"""How far the margin behind what is held certainly lasts: bars in which no liquidation can be.

Blocks of bars are judged by their lowest and highest marks, which all scans of a tape share; where a block does not
prove it, its bars are judged one by one. Any doubt is left to `step`.
"""

from __future__ import annotations

import math

from fw.ledger.compiled import inner
from fw.ledger.fills import wallet
from fw.ledger.handle import account_of, extremes_of, market_of, positions_of, prefetch
from fw.ledger.kinds import BLOCK, HIGH, HIGHEST, LINE, LOW, LOWEST, NO, YES, Ledger, Row


@inner
def safe_until(ledger: Ledger, i: int, stop: int) -> int:
    """The first of these bars in which margin might run out; `stop` where it lasts."""
    while i < stop:
        end = min((i // BLOCK + 1) * BLOCK, stop)
        if not lasts(ledger, i):
            while i < end and is_safe(ledger, i, NO):
                i += 1
            if i < end:
                return i
        i = end
    return stop


@inner
def lasts(ledger: Ledger, i: int) -> bool:
    """Whether bar `i` is in a block that proves that no margin runs out in it."""
    account = account_of(ledger)[0]
    block = i // BLOCK
    if account.safe != block and ledger.extremes != 0 and is_safe(ledger, i, YES):
        account.safe = block
    return account.safe == block


@inner
def is_safe(ledger: Ledger, i: int, whole: int) -> bool:
    """Whether margin lasts through bar `i`, or the whole block it is in, with all positions at their worst marks.

    The rate of maintenance is that of the bracket of twice the notional: beyond that nothing is known.
    """
    account = account_of(ledger)[0]
    spare = wallet(account)
    for k in range(ledger.instruments):
        p = positions_of(ledger)[k]
        if p.lots == 0:
            continue
        if account.isolated:
            spare = p.margin
        lowest, highest = worst_marks(ledger, k, i, whole)
        most = 2.0 * max(p.entry, lowest)
        size = p.lots * p.lot
        quantity = abs(size)
        mark = lowest if p.lots > 0 else highest
        spare += size * (mark - p.entry) - rate_bound(p, quantity * most) * quantity * mark
        if highest >= most or (account.isolated and not spare > 0.0):
            return False
    return spare > 0.0


@inner
def worst_marks(ledger: Ledger, k: int, i: int, whole: int) -> tuple[float, float]:
    """The lowest and the highest mark of bar `i`, or of the whole block it is in, which is looked at once."""
    if not whole:
        return market_of(ledger)[k, ledger.mark + LOW, i], market_of(ledger)[k, ledger.mark + HIGH, i]
    block = i // BLOCK
    seen = extremes_of(ledger)[k]
    if math.isnan(seen[LOWEST, block]):
        stop = min((block + 1) * BLOCK, ledger.bars)
        low = market_of(ledger)[k, ledger.mark + LOW, block * BLOCK : stop]
        high = market_of(ledger)[k, ledger.mark + HIGH, block * BLOCK : stop]
        for b in range(stop, stop + BLOCK, LINE):
            prefetch(market_of(ledger)[k, ledger.mark + LOW], b)
            prefetch(market_of(ledger)[k, ledger.mark + HIGH], b)
        lowest = low[0]
        highest = high[0]
        for b in range(stop - block * BLOCK):
            lowest = low[b] if low[b] < lowest else lowest
            highest = high[b] if high[b] > highest else highest
        seen[HIGHEST, block] = highest
        seen[LOWEST, block] = lowest  # last: another thread takes it as the word that both are there
    return seen[LOWEST, block], seen[HIGHEST, block]


@inner
def rate_bound(p: Row, notional: float) -> float:
    """A rate that maintenance over notional cannot exceed below this notional, with a hair to spare."""
    t = 0
    while t + 1 < p.tier_count and notional >= p.tiers[t + 1, 0]:
        t += 1
    return 1.0001 * p.tiers[t, 1]


@inner
def affords(ledger: Ledger, i: int, k: int, need: float) -> bool:
    """Whether the block of bar `i` proves that so much is free for a position in `k` (see `free_margin`)."""
    account = account_of(ledger)[0]
    if ledger.extremes == 0 or account.isolated:
        return False
    free = wallet(account)
    gross = abs(free) + need
    for j in range(ledger.instruments):
        q = positions_of(ledger)[j]
        if q.lots == 0:
            continue
        lowest, highest = worst_marks(ledger, j, i, YES)
        size = q.lots * q.lot
        free += size * ((lowest if q.lots > 0 else highest) - q.entry)
        if j != k:
            free -= abs(size) * highest / account.leverage
        gross += abs(size) * (highest + q.entry)
    return free - need > 1e-9 * gross  # far beyond what rounding may do
