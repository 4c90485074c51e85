"""Margin and liquidation, on mark prices.

Maintenance of a position = notional × rate − amount, by the tier that holds its notional (the exchange's leverage
brackets). Cross: the wallet plus all unrealised profit must cover the sum of all maintenance, and all positions go
together. Isolated: each position's own margin plus its unrealised profit must cover its own maintenance.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.fills import trade, wallet
from fw.ledger.handle import account_of, market_of, orders_of, positions_of, working_of
from fw.ledger.kinds import CANCELLED, CLOSE, HIGH, LIQUIDATION, LOW, NONE, Ledger, Row

HALVINGS = 50
"""After them a price between the ends of a bar is known to its last bits."""

MOST_STEPS = 16
"""Of one liquidation in one bar, after which the rest goes at once: as a short's price rises, what has just left a
bracket is back in it, over and over by less."""


@inner
def maintenance(notional: float, p: Row) -> float:
    """Maintenance margin of a notional, in settlement currency."""
    t = tier_of(notional, p)
    return notional * p.tiers[t, 1] - p.tiers[t, 2]


@inner
def adverse(ledger: Ledger, i: int, k: int, field_long: int, field_short: int) -> float:
    """The mark that hurts a position most in this bar (or its open or close, by the fields given)."""
    return market_of(ledger)[k, ledger.mark + (field_long if positions_of(ledger)[k].lots > 0 else field_short), i]


@inner
def others(ledger: Ledger, i: int, k: int, field_long: int, field_short: int) -> float:
    """Cross: unrealised profit less maintenance of every position but `k`, at their adverse marks."""
    spare = 0.0
    for j in range(positions_of(ledger).shape[0]):
        q = positions_of(ledger)[j]
        if j != k and q.lots != 0:
            mark = adverse(ledger, i, j, field_long, field_short)
            spare += q.lots * q.lot * (mark - q.entry) - maintenance(abs(q.lots) * q.lot * mark, q)
    return spare


@inner
def highest_leverage(notional: float, p: Row) -> float:
    """The leverage that the bracket of a notional allows."""
    return p.tiers[tier_of(notional, p), 3]


@inner
def liquidation_price(p: Row, lots: int, entry: float, balance: float) -> float:
    """The mark at which `balance` + unrealised = maintenance, walking the tiers; ≤ 0: it is never reached.

    `balance` is the isolated margin, or the cross wallet plus what the other positions spare.
    """
    size = lots * p.lot
    price = 0.0
    for t in range(p.tier_count):
        price = (size * entry - balance - p.tiers[t, 2]) / (size - abs(size) * p.tiers[t, 1])
        notional = abs(size) * price
        if notional >= p.tiers[t, 0] and (t + 1 == p.tier_count or notional < p.tiers[t + 1, 0]):
            break
    return price


@inner
def own_balance(ledger: Ledger, i: int, k: int, field_long: int, field_short: int) -> float:
    """What stands behind position `k` before its own unrealised profit."""
    if account_of(ledger)[0].isolated:
        return positions_of(ledger)[k].margin
    return wallet(account_of(ledger)[0]) + others(ledger, i, k, field_long, field_short)


@inner
def cancel_all(ledger: Ledger, i: int, k: int) -> None:
    """Withdraw every working order of an instrument, or of all where `k` is -1."""
    account = account_of(ledger)[0]
    kept = 0
    for w in range(account.working):
        order = orders_of(ledger)[working_of(ledger)[w]]
        if k < 0 or order.instrument == k:
            order.state = CANCELLED
            order.done = i
        else:
            working_of(ledger)[kept] = working_of(ledger)[w]
            kept += 1
    account.working = kept


@inner
def close_out(ledger: Ledger, i: int, k: int, lots: int, left: float) -> float:
    """Close `lots` of a position at its `closing` price; the clearance fee takes at most what is `left`, the margin
    behind it. Returns the rest, which stays behind what is still held."""
    p = positions_of(ledger)[k]
    fee = min(p.clearance * lots * p.lot * p.closing, left)
    unrealised = (abs(p.lots) - lots) * p.lot * (p.closing - p.entry)
    margin = left - fee - (unrealised if p.lots > 0 else -unrealised)
    trade(ledger, i, k, -lots if p.lots > 0 else lots, p.closing, fee, 0.0, LIQUIDATION, NONE)
    if p.lots != 0:
        p.margin = margin
    return left - fee


@inner
def tier_of(notional: float, p: Row) -> int:
    """The bracket that holds a notional."""
    t = 0
    while t + 1 < p.tier_count and notional >= p.tiers[t + 1, 0]:
        t += 1
    return t


@inner
def lots_to_close(p: Row) -> int:
    """What a liquidation takes at the `closing` price: all in the lowest bracket, else down into the one below."""
    unit = p.lot * p.closing
    held = abs(p.lots)
    t = tier_of(held * unit, p)
    if t == 0:
        return held
    kept = int(p.tiers[t, 0] / unit)
    if kept * unit >= p.tiers[t, 0]:
        kept -= 1
    return held - max(kept, 0)


@inner
def borne(account: Row, left: float) -> float:
    """What is left after the losses: a shortfall is borne by the insurance fund."""
    if left < 0.0:
        account.shortfall -= left
        return 0.0
    return left


@inner
def check_isolated(ledger: Ledger, i: int, field_long: int, field_short: int) -> None:
    """Liquidate each position whose own margin does not cover it at these marks, bracket by bracket."""
    account = account_of(ledger)[0]
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        p.closing = 0.0
        steps = 0
        while p.lots != 0:
            mark = adverse(ledger, i, k, field_long, field_short)
            balance = p.margin + p.lots * p.lot * (mark - p.entry)
            if balance > maintenance(abs(p.lots) * p.lot * mark, p):
                break
            if p.closing == 0.0:
                cancel_all(ledger, i, k)
                account.liquidations += 1
            p.closing = closing_price(ledger, i, k, field_long, field_short)
            left = p.margin + p.lots * p.lot * (p.closing - p.entry)
            lots = lots_to_close(p) if left > 0.0 and steps < MOST_STEPS else abs(p.lots)
            steps += 1
            close_out(ledger, i, k, lots, borne(account, left))


@inner
def check_cross(ledger: Ledger, i: int, field_long: int, field_short: int) -> None:
    """Liquidate when the account does not cover its positions at these marks: the one in the highest bracket first,
    bracket by bracket; when all are in their lowest, all of them."""
    if covers(ledger, i, field_long, field_short):
        return
    account = account_of(ledger)[0]
    n = positions_of(ledger).shape[0]
    cancel_all(ledger, i, NONE)
    account.liquidations += 1
    share = 0.0
    steps = 0
    while not covers(ledger, i, field_long, field_short):
        share = breaking_share(ledger, i, share, field_long, field_short)
        left = wallet(account)
        for k in range(n):
            p = positions_of(ledger)[k]
            if p.lots != 0:
                p.closing = mark_on_the_way(ledger, i, k, share, field_long, field_short)
                left += p.lots * p.lot * (p.closing - p.entry)
        largest = NONE
        tier = 0
        for k in range(n):
            p = positions_of(ledger)[k]
            t = tier_of(abs(p.lots) * p.lot * p.closing, p) if p.lots != 0 else 0
            if t > tier:
                tier = t
                largest = k
        if left > 0.0 and largest != NONE and steps < MOST_STEPS:
            steps += 1
            close_out(ledger, i, largest, lots_to_close(positions_of(ledger)[largest]), left)
            continue
        left = borne(account, left)
        for k in range(n):
            lots = abs(positions_of(ledger)[k].lots)
            if lots != 0:
                left = close_out(ledger, i, k, lots, left)


@inner
def covers(ledger: Ledger, i: int, field_long: int, field_short: int) -> bool:
    """Whether a shared margin is above the maintenance of all positions at these marks."""
    balance = wallet(account_of(ledger)[0])
    need = 0.0
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        if p.lots != 0:
            mark = adverse(ledger, i, k, field_long, field_short)
            balance += p.lots * p.lot * (mark - p.entry)
            need += maintenance(abs(p.lots) * p.lot * mark, p)
    return need == 0.0 or balance > need


@inner
def mark_on_the_way(ledger: Ledger, i: int, k: int, share: float, field_long: int, field_short: int) -> float:
    """The mark of a position at a share of the way from the best to the worst of the bar."""
    best = adverse(ledger, i, k, field_short, field_long)
    return best + share * (adverse(ledger, i, k, field_long, field_short) - best)


@inner
def breaking_share(ledger: Ledger, i: int, start: float, field_long: int, field_short: int) -> float:
    """Cross: how far all marks, moving together, had gone from best to worst when the account was used up.

    Balance less maintenance only falls on that way, so it is found by halving what lies beyond `start`.
    """
    account = account_of(ledger)[0]
    low = start
    high = 1.0
    for _ in range(HALVINGS):
        share = 0.5 * (low + high)
        spare = wallet(account)
        for k in range(positions_of(ledger).shape[0]):
            p = positions_of(ledger)[k]
            if p.lots != 0:
                mark = mark_on_the_way(ledger, i, k, share, field_long, field_short)
                spare += p.lots * p.lot * (mark - p.entry) - maintenance(abs(p.lots) * p.lot * mark, p)
        if spare > 0.0:
            low = share
        else:
            high = share
    return high


@inner
def check_margin(ledger: Ledger, i: int, field_long: int, field_short: int) -> None:
    """Liquidate what these marks (of bar `i`) do not let stand."""
    if account_of(ledger)[0].isolated:
        check_isolated(ledger, i, field_long, field_short)
    else:
        check_cross(ledger, i, field_long, field_short)


@inner
def closing_price(ledger: Ledger, i: int, k: int, field_long: int, field_short: int) -> float:
    """Where a liquidation closes the isolated position `k`: its liquidation price, kept inside the marks of the bar,
    and no better than the part that was closed before."""
    p = positions_of(ledger)[k]
    if field_long == field_short:
        return market_of(ledger)[k, ledger.mark + field_long, i]  # the gap left no better price
    price = liquidation_price(p, p.lots, p.entry, p.margin)
    if p.closing > 0.0:
        price = min(price, p.closing) if p.lots > 0 else max(price, p.closing)
    return min(max(price, market_of(ledger)[k, ledger.mark + LOW, i]), market_of(ledger)[k, ledger.mark + HIGH, i])


@inner
def free_margin(ledger: Ledger, i: int, k: int, field: int) -> float:
    """What is free for a position in `k` at these marks, with that position's own margin counted as free."""
    account = account_of(ledger)[0]
    free = wallet(account)
    for j in range(positions_of(ledger).shape[0]):
        q = positions_of(ledger)[j]
        if q.lots == 0:
            continue
        mark = market_of(ledger)[j, ledger.mark + field, i]
        if account.isolated:
            if j != k:
                free -= q.margin
            continue
        free += q.lots * q.lot * (mark - q.entry)
        if j != k:
            free -= abs(q.lots) * q.lot * mark / account.leverage
    return free


@inner
def marked(ledger: Ledger, i: int) -> float:
    """Equity at the close of bar `i`."""
    equity = wallet(account_of(ledger)[0])
    for k in range(positions_of(ledger).shape[0]):
        p = positions_of(ledger)[k]
        if p.lots != 0:
            equity += p.lots * p.lot * (market_of(ledger)[k, ledger.mark + CLOSE, i] - p.entry)
    return equity
