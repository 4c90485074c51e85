"""A trade: average entry, realised profit, fee, and the row that records it.

Linear contracts: realised = side × quantity closed × (price − entry); fee = quantity × price × rate. Entry is
weighted on an increase, unchanged on a decrease, the price of the flip after a flip.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.handle import account_of, fills_of, positions_of
from fw.ledger.kinds import Ledger, Row


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
def take_liquidity(
    ledger: Ledger, i: int, k: int, lots: int, price: float, worst: float, reason: int, order: int
) -> None:
    """Trade as a taker from `price`, which slippage makes worse, though not beyond `worst` (0: no bound)."""
    account = account_of(ledger)[0]
    p = positions_of(ledger)[k]
    paid = price * (1.0 + account.slip) if lots > 0 else price * (1.0 - account.slip)
    if worst > 0.0:
        paid = min(paid, worst) if lots > 0 else max(paid, worst)
    quantity = abs(lots) * p.lot
    trade(ledger, i, k, lots, paid, quantity * paid * account.taker, quantity * abs(paid - price), reason, order)


@inner
def make_liquidity(ledger: Ledger, i: int, k: int, lots: int, price: float, reason: int, order: int) -> None:
    """Trade as a maker: at exactly the price that rested."""
    p = positions_of(ledger)[k]
    trade(ledger, i, k, lots, price, abs(lots) * p.lot * price * account_of(ledger)[0].maker, 0.0, reason, order)
