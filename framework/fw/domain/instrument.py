"""What one perpetual contract is: its steps, its margin tiers and its costs, as the venue states them."""

from __future__ import annotations

import math

import attrs

from fw.domain.time import HOUR


@attrs.frozen
class Tier:
    """One bracket of notional: `maintenance = notional × rate − amount` from `floor` on."""

    floor: float
    """Notional, in settlement currency, from which this bracket holds."""
    rate: float
    """Maintenance margin rate; 0.004 is 0.4 %."""
    amount: float
    """Maintenance amount, subtracted, in settlement currency."""
    leverage: float
    """Highest leverage allowed in this bracket."""


@attrs.frozen
class Instrument:
    """A perpetual contract; prices are multiples of `tick`, sizes whole numbers of `lot`."""

    symbol: str
    tick: float
    """Price step, in settlement currency."""
    lot: float
    """Size step, in base currency; one lot is the smallest size."""
    min_notional: float = 0.0
    """Smallest order value, in settlement currency; reduce-only orders are exempt."""
    max_lots: int = 2**62
    """Largest single market order, in lots."""
    tiers: tuple[Tier, ...] = (Tier(floor=0.0, rate=0.005, amount=0.0, leverage=100.0),)
    clearance_fee: float = 0.0
    """Fee on the notional of a liquidation."""
    funding_interval: int = 8 * HOUR
    """Nanoseconds between funding stamps."""
    settle: str = "USDT"
    linear: bool = True

    def lots(self, quantity: float) -> int:
        """Whole lots in a quantity of base currency, rounded towards zero (a hair of float noise forgiven)."""
        return math.trunc(quantity / self.lot + math.copysign(1e-9, quantity))

    @property
    def ticks_per_unit(self) -> float:
        """Ticks in a price of 1 where that is a whole number (10 for a tick of 0.1); else 0."""
        per_unit = round(1.0 / self.tick)
        return float(per_unit) if per_unit >= 1 and abs(per_unit * self.tick - 1.0) < 1e-9 else 0.0

    def snap(self, price: float) -> float:
        """The price on the nearest tick, as the nearest float to its decimal writing (as `fw.ledger` does)."""
        per_unit = self.ticks_per_unit
        return round(price * per_unit) / per_unit if per_unit else round(price / self.tick) * self.tick
