"""Funding: at each stamp a long pays notional × rate to the shorts, or is paid where the rate is negative.

Wallet change = −lots × lot × price × rate, with the mark price of the stamp. A stamp at a bar's open is paid by the
position held before that open's fills; one inside the bar after them, before anything in the bar is touched.
"""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.handle import account_of, payments_of, positions_of, stamps_of
from fw.ledger.kinds import NEVER, NONE, Ledger


@inner
def pay_funding(ledger: Ledger, i: int, k: int, inside: int) -> None:
    """Settle the stamps of this bar that lie at its open (0) or inside it (1)."""
    p = positions_of(ledger)[k]
    account = account_of(ledger)[0]
    while p.funding_next < p.funding_end:
        stamp = stamps_of(ledger)[p.funding_next]
        if stamp.bar > i or (stamp.bar == i and stamp.inside > inside):
            return
        if stamp.bar == i and p.lots != 0:
            amount = -(p.lots * p.lot) * stamp.cash
            account.funding += amount
            account.safe = NONE
            p.margin += amount
            row = payments_of(ledger)[account.payments]
            account.payments += 1
            row.bar = i
            row.stamp = p.funding_next
            row.lots = p.lots
            row.amount = amount
            row.instrument = k
        p.funding_next += 1  # a stamp that passed while flat is dropped here too


@inner
def is_due(ledger: Ledger, i: int, k: int) -> bool:
    """Whether a stamp lies in this bar, or before it."""
    p = positions_of(ledger)[k]
    return p.funding_next < p.funding_end and stamps_of(ledger)[p.funding_next].bar <= i


@inner
def next_funding(ledger: Ledger, k: int, i: int) -> int:
    """The first bar at or after `i` that has a stamp of this instrument; a bar far away where there is none."""
    p = positions_of(ledger)[k]
    j = p.funding_next
    while j < p.funding_end and stamps_of(ledger)[j].bar < i:
        j += 1
    p.funding_next = j
    return stamps_of(ledger)[j].bar if j < p.funding_end else NEVER
