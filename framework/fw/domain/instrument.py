"""What one perpetual contract is: its steps, its margin tiers and its costs, as the venue states them."""

from __future__ import annotations

import math

import attrs

from fw.domain.time import HOUR

UNLIMITED = 2**62
"""Lots that no order comes to."""


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


@attrs.frozen(cache_hash=True)  # runs look up what they made of a contract
class Instrument:
    """A perpetual contract; prices are multiples of `tick`, sizes whole numbers of `lot`."""

    symbol: str
    tick: float
    """Price step, in settlement currency."""
    lot: float
    """Size step, in base currency."""
    min_notional: float = 0.0
    """Smallest order value, in settlement currency; reduce-only orders are exempt."""
    max_lots: int = UNLIMITED
    """Largest single market order, in lots."""
    tiers: tuple[Tier, ...] = (Tier(floor=0.0, rate=0.005, amount=0.0, leverage=100.0),)
    clearance_fee: float = 0.0
    """Fee on the notional of a liquidation."""
    funding_interval: int = 8 * HOUR
    """Nanoseconds between funding stamps."""
    settle: str = "USDT"
    linear: bool = True
    """Money in the settlement currency; False: an inverse contract, its money in coins."""
    min_price: float = 0.0
    """Lowest price of an order."""
    max_price: float = math.inf
    percent_up: float = math.inf
    """Most that a buy order may bid, as a multiple of the mark price: 1.15 is 15 % above it."""
    percent_down: float = 0.0
    """Least that a sell order may ask, as a multiple of the mark price."""
    take_bound: float = math.inf
    """How far from the mark price a market order fills at most, as a share of it."""
    min_lots: int = 1
    """Smallest order, in lots."""
    max_limit_lots: int = UNLIMITED
    """Largest single order with a price, in lots."""
    min_market_lots: int = 1
    market_step: int = 1
    """Lots of which the size of a market order is a multiple."""
    max_orders: int = 200
    """Working orders of the contract at once."""
    max_conditional_orders: int = 200
    """Stops and take-profits waiting for their trigger at once."""

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
