"""The next bar in which something may come to one instrument: a new signal, or a price that touches its protections.

Each bar is looked at once: what was found is kept in the position's row for as long as it holds.

The bars of a glance are sliced out before they are looped over: an index that starts at 0 cannot be negative, so numba
leaves out the wrap-around, and what would be a gather is a plain load.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner
from fw.ledger.deciding import number_or_none, price_or_none
from fw.ledger.handle import (
    account_of,
    expiry_of,
    limit_of,
    market_of,
    positions_of,
    prefetch,
    stop_of,
    strength_of,
    take_of,
    trail_of,
)
from fw.ledger.kinds import AHEAD, CLOSE, GLANCE, HIGH, LINE, LOW, NEVER, OPEN, VOLUME, Ledger, Row


@inner
def next_touch(ledger: Ledger, k: int, i: int, end: int, known: int) -> int:
    """The first bar from `i` on that may touch a protection of a position; `end` where none does before.

    What was seen holds until the levels are others; nothing is looked at from bar `known` on.
    """
    p = positions_of(ledger)[k]
    below, above = protections(p)
    if below == -np.inf and above == np.inf:
        return end
    if p.below != below or p.above != above or p.touch < i:
        p.below = below
        p.above = above
        p.clear = i
        p.touch = NEVER
    p.clear = max(p.clear, i)
    while p.clear < end and p.touch == NEVER:
        look_ahead(ledger, k, min(p.clear + GLANCE, known))
    return min(p.touch, end)


@inner
def look_ahead(ledger: Ledger, k: int, stop: int) -> None:
    """Look at the bars up to `stop` that were not looked at, as far as the first that may touch a protection."""
    p = positions_of(ledger)[k]
    low = market_of(ledger)[k, LOW, p.clear : stop]
    high = market_of(ledger)[k, HIGH, p.clear : stop]
    for line in range(stop, stop + AHEAD, LINE):
        prefetch(market_of(ledger)[k, LOW], line + AHEAD)
        prefetch(market_of(ledger)[k, HIGH], line + AHEAD)
    below = p.below
    above = p.above
    touched = False
    for b in range(stop - p.clear):
        touched |= (low[b] <= below) | (high[b] >= above)
    if touched:
        b = 0
        while not (low[b] <= below or high[b] >= above):
            b += 1
        p.touch = p.clear + b
        prefetch(market_of(ledger)[k, OPEN], p.touch)
        fetch_recent(ledger, k, p.touch)
    p.clear = stop


@inner
def is_clear(p: Row, i: int) -> bool:
    """Whether bar `i` is known not to touch any protection that the position has."""
    below, above = protections(p)
    return p.below == below and p.above == above and p.trail == 0.0 and i < p.clear and i < p.touch


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
    """Where that bar is; a bar far away where there is none.

    The one after it is looked for too: what will be read there takes its time to come from memory.
    """
    p = positions_of(ledger)[k]
    has_prices = ledger.stop_loss + ledger.take_profit + ledger.trailing + ledger.limit + ledger.expiry != 0
    # NaN is like no other strength: beside prices each one is worth a look
    now = np.nan if has_prices else p.strength
    change = first_other(ledger, k, max(i, p.later) if has_prices or p.strength == p.coming else i, now)
    while change < NEVER and has_prices and not differs(ledger, k, change):
        change = first_other(ledger, k, change + 1, now)
    if change < NEVER:
        p.coming = strength_of(ledger)[k, change]
        p.later = first_other(ledger, k, change + 1, np.nan if has_prices else p.coming)
        if p.later < NEVER:
            fetch_change(ledger, k, p.later)
    return change


@inner
def first_other(ledger: Ledger, k: int, i: int, now: float) -> int:
    """The first bar from `i` on with a strength other than `now`; a bar far away where there is none."""
    for start in range(i, ledger.bars, GLANCE):
        end = min(start + GLANCE, ledger.bars)
        strength = strength_of(ledger)[k, start:end]
        doubt = False
        for b in range(end - start):
            doubt |= (strength[b] != now) & (strength[b] == strength[b])
        if not doubt:
            continue
        found = GLANCE
        for b in range(end - start):
            other = (strength[b] != now) & (strength[b] == strength[b])
            found = min(found, b if other else GLANCE)  # no branch to guess, which costs more than all of them
        return start + found
    return NEVER


@inner
def fetch_change(ledger: Ledger, k: int, i: int) -> None:
    """Ask for what is read when the signal of bar `i` is acted on, and its order filled at the open after it."""
    prefetch(market_of(ledger)[k, CLOSE], i)
    prefetch(market_of(ledger)[k, OPEN], i + 1)
    if stop_of(ledger).shape[1] > 0:
        prefetch(stop_of(ledger)[k], i)
    if take_of(ledger).shape[1] > 0:
        prefetch(take_of(ledger)[k], i)
    fetch_recent(ledger, k, i + 1)


@inner
def fetch_recent(ledger: Ledger, k: int, i: int) -> None:
    """Ask for the bars that the slippage of a fill in bar `i` is taken of."""
    account = account_of(ledger)[0]
    if account.slip_volatility > 0.0 or account.slip_impact > 0.0:
        for b in range(max(i - account.slip_span * account.pieces, 0), i, LINE):
            prefetch(market_of(ledger)[k, CLOSE], b)
            prefetch(market_of(ledger)[k, VOLUME], b)
