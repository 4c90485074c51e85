"""A trade: average entry, realised profit, fee, and the row that records it.

Linear contracts: realised = side × quantity closed × (price − entry); fee = quantity × price × rate. Entry is
weighted on an increase, unchanged on a decrease, the price of the flip after a flip.
"""

from __future__ import annotations

import math

import numpy as np

from fw.ledger.compiled import inner
from fw.ledger.handle import account_of, fills_of, market_of, positions_of, scratch_of
from fw.ledger.kinds import CLOSE, HIGH, LOW, NONE, VOLUME, Ledger, Row, Rows

MOST_SLIPPAGE = 0.9
"""Share of the price; beyond it a formula for small orders has long lost its meaning."""


@inner
def wallet(account: Row) -> float:
    """Cash: equity less unrealised profit."""
    return account.capital + account.realised - account.fees + account.funding + account.shortfall


@inner
def snap(price: float, p: Row) -> float:
    """The price on the nearest tick, as the nearest float to its decimal writing; 0 (none) stays 0."""
    if p.per_unit > 0.0:
        return round(price * p.per_unit) / p.per_unit
    return round(price / p.tick) * p.tick


@inner
def trade(
    ledger: Ledger, i: int, k: int, lots: int, price: float, fee: float, slippage: float, reason: int, order: int
) -> None:
    """Trade `lots` (signed) at `price`; `fee` and `slippage` in settlement currency. A position that ends or
    turns loses its protections."""
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    before = p.lots
    after = before + lots
    realised = 0.0
    if before != 0 and (before > 0) != (lots > 0):
        closed = min(abs(before), abs(lots))
        sign = 1.0 if before > 0 else -1.0
        realised = sign * closed * p.lot * (price - p.entry)
        account.realised += realised
        if after == 0 or (after > 0) != (before > 0):
            p.entry = price if after != 0 else 0.0
            p.margin = abs(after) * p.lot * price / account.leverage
            p.stop = 0.0
            p.take = 0.0
            p.trail = 0.0
            p.trail_stop = 0.0
        else:
            p.margin = p.margin * (abs(after) / abs(before))
    else:
        p.entry = (abs(before) * p.entry + abs(lots) * price) / abs(after)
        p.margin += abs(lots) * p.lot * price / account.leverage
    account.safe = NONE
    account.fees += fee
    account.slippage += slippage
    p.lots = after
    row = fills_of(ledger)[account.fills]
    account.fills += 1
    row.bar = i
    row.order = order
    row.lots = lots
    row.price = price
    row.fee = fee
    row.realised = realised
    row.slippage = slippage
    row.instrument = k
    row.reason = reason


@inner
def cut(ledger: Ledger, i: int, k: int, lots: int) -> int:
    """How many of these lots find a counterpart in what this bar traded; they count as traded from now on."""
    share = account_of(ledger)[0].participation
    if share == np.inf:
        return lots
    p = positions_of(ledger)[k]
    if p.traded_bar != i:
        p.traded_bar = i
        p.traded = 0
    most = int(share * market_of(ledger)[k, VOLUME, i] / p.lot + 1e-9)
    part = max(min(abs(lots), most - p.traded), 0)
    p.traded += part
    return part if lots > 0 else -part


@inner
def take_liquidity(
    ledger: Ledger, i: int, k: int, lots: int, price: float, worst: float, reason: int, order: int
) -> None:
    """Trade as a taker from `price`, which slippage makes worse, though not beyond `worst` (0: no bound)."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    quantity = abs(lots) * p.lot
    share = account.slip
    if account.slip_ticks > 0.0 or account.slip_volatility > 0.0 or account.slip_impact > 0.0:
        share = min(share + lost_share(ledger, i, k, quantity, price), MOST_SLIPPAGE)
    paid = price * (1.0 + share) if lots > 0 else price * (1.0 - share)
    if worst > 0.0:
        paid = min(paid, worst) if lots > 0 else max(paid, worst)
    trade(ledger, i, k, lots, paid, quantity * paid * account.taker, quantity * abs(paid - price), reason, order)


@inner
def lost_share(ledger: Ledger, i: int, k: int, quantity: float, price: float) -> float:
    """What a taker loses beyond the fixed share: half_spread × tick / price + σ × (volatility + impact × √(Q / V)).

    σ and V are of the bars before `i`; a market without volume counts as if the order were a bar's whole volume.
    """
    account = account_of(ledger)[0]
    lost = account.slip_ticks * positions_of(ledger)[k].tick / price
    if account.slip_volatility > 0.0 or account.slip_impact > 0.0:
        deviation, volume = recent(ledger, i, k, account.slip_span)
        traded = quantity / volume if volume > 0.0 else 1.0
        lost += deviation * (account.slip_volatility + account.slip_impact * math.sqrt(traded))
    return lost


@inner
def recent(ledger: Ledger, i: int, k: int, span: int) -> tuple[float, float]:
    """Standard deviation of the simple returns of the `span` whole bars before `i`, and their mean volume.

    Where fewer than two returns are known, the range of the bar before stands in for their deviation.
    """
    pieces = account_of(ledger)[0].pieces
    whole = i // pieces
    begin = max(whole - span, 1)
    count = whole - begin
    close = market_of(ledger)[k, CLOSE]
    if count < 2:
        first = max(whole - 1, 0) * pieces
        high = market_of(ledger)[k, HIGH, first]
        low = market_of(ledger)[k, LOW, first]
        for b in range(first, first + pieces):
            high = max(high, market_of(ledger)[k, HIGH, b])
            low = min(low, market_of(ledger)[k, LOW, b])
        return (high - low) / close[first + pieces - 1], pieces * market_of(ledger)[k, VOLUME, first]
    found = scratch_of(ledger)
    now = close[begin * pieces + pieces - 1 : whole * pieces]
    before = close[begin * pieces - 1 : (whole - 1) * pieces]
    if pieces == 1:
        for b in range(count):
            found[b] = now[b] / before[b] - 1.0
    else:
        for b in range(count):
            found[b] = now[b * pieces] / before[b * pieces] - 1.0
    mean = total(found, count) / count
    for b in range(count):
        off = found[b] - mean
        found[b] = off * off
    deviation = math.sqrt(total(found, count) / count)
    traded = market_of(ledger)[k, VOLUME, begin * pieces : whole * pieces]
    if pieces == 1:
        return deviation, total(traded, count) / count
    for b in range(count):
        found[b] = traded[b * pieces]  # the pieces of a bar share its volume evenly
    return deviation, pieces * total(found, count) / count


@inner
def total(values: Rows, count: int) -> float:
    """The sum of the first values, in four lanes: each addition waits for the one before it in its own lane only."""
    one = 0.0
    two = 0.0
    three = 0.0
    four = 0.0
    whole = count - count % 4
    for b in range(0, whole, 4):
        one += values[b]
        two += values[b + 1]
        three += values[b + 2]
        four += values[b + 3]
    for b in range(whole, count):
        one += values[b]
    return (one + two) + (three + four)


@inner
def make_liquidity(ledger: Ledger, i: int, k: int, lots: int, price: float, reason: int, order: int) -> None:
    """Trade as a maker: at exactly the price that rested."""
    p = positions_of(ledger)[k]
    trade(ledger, i, k, lots, price, abs(lots) * p.lot * price * account_of(ledger)[0].maker, 0.0, reason, order)
