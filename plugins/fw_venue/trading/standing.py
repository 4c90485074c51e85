"""What an account is worth at an instant, and what its positions and orders bind of it: the exchange's own sums.

Wallets, positions and isolated margins are the ledger's; here they are only seen at the newest marks.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fw.domain.instrument import Tier
from fw_venue.contracts import Contract


@attrs.frozen(kw_only=True)
class Held:
    """One contract's position, at its mark price; all money in settlement currency."""

    contract: Contract
    lots: int
    """Signed."""
    entry: float
    mark: float
    margin: float
    """Isolated wallet; 0 where the account's is shared."""
    leverage: float
    taker: float
    bids: float = 0.0
    """Notional of open buy orders that may open; `asks` the same of sales."""
    asks: float = 0.0
    updated: int = 0
    """ms."""

    @property
    def size(self) -> float:
        """Base currency, signed."""
        return self.lots * self.contract.rules.lot

    @property
    def notional(self) -> float:
        """Signed."""
        return self.size * self.mark

    @property
    def unrealised(self) -> float:
        return self.size * (self.mark - self.entry) if self.lots else 0.0

    @property
    def initial(self) -> float:
        """Margin that the position takes."""
        return abs(self.notional) / self.leverage

    @property
    def of_orders(self) -> float:
        """Margin that open orders take beyond it."""
        worst = max(abs(self.notional + self.bids), abs(self.notional - self.asks))
        return max(worst - abs(self.notional), 0.0) / self.leverage

    @property
    def maintenance(self) -> float:
        tier = tier_of(self.contract, abs(self.notional))
        return abs(self.notional) * tier.rate - tier.amount

    @property
    def break_even(self) -> float:
        """Where closing it as a taker gives back what both fees took, had it been opened as a taker."""
        share = self.taker if self.lots > 0 else -self.taker
        return self.entry * (1 + share) / (1 - share) if self.lots else 0.0


@attrs.frozen(kw_only=True)
class Standing:
    """One account."""

    asset: str
    wallet: float
    isolated: bool
    positions: Mapping[str, Held]

    @property
    def cross_wallet(self) -> float:
        """What no position has to itself."""
        return self.wallet - sum(its.margin for its in self.positions.values())

    @property
    def unrealised(self) -> float:
        return sum(its.unrealised for its in self.positions.values())

    @property
    def cross_unrealised(self) -> float:
        return 0.0 if self.isolated else self.unrealised

    @property
    def initial(self) -> float:
        return sum(its.initial for its in self.positions.values())

    @property
    def of_orders(self) -> float:
        return sum(its.of_orders for its in self.positions.values())

    @property
    def maintenance(self) -> float:
        return sum(its.maintenance for its in self.positions.values())

    @property
    def available(self) -> float:
        """What may still be bound."""
        bound = self.of_orders + (0.0 if self.isolated else self.initial)
        return max(self.cross_wallet + self.cross_unrealised - bound, 0.0)

    @property
    def ratio(self) -> float:
        """Maintenance over the balance behind it, of the worst position; 1: liquidation."""
        shares = [0.0]
        if self.isolated:
            held = [its for its in self.positions.values() if its.lots]
            shares += [_over(its.maintenance, its.margin + its.unrealised) for its in held]
        else:
            shares.append(_over(self.maintenance, self.wallet + self.unrealised))
        return max(shares)

    def liquidation_price(self, its: Held) -> float:
        """The mark at which a position goes, all others standing still; 0: there is none."""
        if not its.lots:
            return 0.0
        if self.isolated:
            balance = its.margin
        else:
            others = [other for other in self.positions.values() if other is not its]
            balance = self.wallet + sum(other.unrealised - other.maintenance for other in others)
        tiers, price = its.contract.rules.tiers, 0.0
        for number, tier in enumerate(tiers):
            price = (its.size * its.entry - balance - tier.amount) / (its.size - abs(its.size) * tier.rate)
            worth = abs(its.size) * price
            if worth >= tier.floor and (number + 1 == len(tiers) or worth < tiers[number + 1].floor):
                break
        return max(price, 0.0)


def tier_of(contract: Contract, notional: float) -> Tier:
    """The bracket that holds a notional."""
    return [tier for tier in contract.rules.tiers if notional >= tier.floor][-1]


def most_notional(contract: Contract, leverage: float) -> int:
    """What a position may be worth at a leverage, settlement currency."""
    caps = contract.brackets()
    return int(max((row["notionalCap"] for row in caps if row["initialLeverage"] >= leverage), default=0))


def _over(part: float, whole: float) -> float:
    if part <= 0.0:
        return 0.0
    return part / whole if whole > 0.0 else 1.0
