"""What an exchange's filters say to an order: the refusal, with the exchange's own code and words, or nothing.

Every comparison is exact: prices and quantities are taken by their decimal writing, as the exchange reads them.
Source: "Common definition: symbol filters" and "Error codes" of Binance's USDⓈ-M documentation, read 2026-11. Where a
number has more decimals than the contract shows, the exchange may say -1111 in place of -4014 and -4023.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from fw.domain.instrument import Instrument

Number = Decimal | str | float
"""A float stands for the shortest decimal that reads back as the same float."""

WIDE = Context(prec=700)
"""Room for the whole steps in any float."""


@attrs.frozen
class Refusal:
    """What the exchange answers to an order that it does not take."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.code})"


def refusal(
    contract: Instrument,
    quantity: Number,
    *,
    mark: Number,
    price: Number | None = None,
    trigger: Number | None = None,
    best: Number | None = None,
    reduce_only: bool = False,
    working: int = 0,
    waiting: int = 0,
) -> Refusal | None:
    """Why the exchange would not take an order, or None where its filters let it pass.

    `quantity` is in base currency, below zero to sell. Without a `price` it is a market order; with a `trigger` it is
    conditional and waits for that price. `best` is the other side's best price, which a market order would meet.
    `working` and `waiting` count the contract's open orders and open conditional orders before this one.
    """
    size, reference = exact(quantity), exact(mark)
    limit = None if price is None else exact(price)
    fires = None if trigger is None else exact(trigger)
    meets = None if best is None or limit is not None or fires is not None else exact(best)
    worth = abs(size) * (limit or fires or reference)
    return (
        _size(contract, abs(size), is_market=limit is None)
        or (_range(contract, limit) if limit is not None else None)
        or (_trigger_range(contract, fires) if fires is not None else None)
        or (_distance(contract, limit, fires, reference, buys=size > 0) if limit is not None else None)
        or (_best(contract, meets, reference, buys=size > 0) if meets is not None else None)
        or (None if reduce_only else _notional(contract, worth))
        or _count(contract, working, waiting, is_conditional=fires is not None)
    )


def exact(number: Number) -> Decimal:
    """A number as it is written in decimals."""
    return _shortest(number) if isinstance(number, float) else Decimal(number)


@lru_cache(maxsize=1024)  # the steps and bounds of contracts, again and again
def _shortest(number: float) -> Decimal:
    return Decimal(repr(float(number)))


def quantity_of(contract: Instrument, lots: int) -> Decimal:
    """Lots in base currency."""
    return lots * exact(contract.lot)


def _size(contract: Instrument, size: Decimal, *, is_market: bool) -> Refusal | None:
    """LOT_SIZE and, of orders without a price, MARKET_LOT_SIZE too."""
    if size <= 0:
        return Refusal(-4003, "Quantity less than or equal to zero.")
    least, most, step = contract.min_lots, contract.max_limit_lots, 1
    if is_market:
        least, step = max(least, contract.min_market_lots), contract.market_step
        most = min(most, contract.max_lots)
    if size < quantity_of(contract, least):
        return Refusal(-4004, "Quantity less than min quantity.")
    if size > quantity_of(contract, most):
        return Refusal(-4005, "Quantity greater than max quantity.")
    if WIDE.remainder(size, quantity_of(contract, step)):
        return Refusal(-4023, "Qty not increased by step size.")
    return None


def _range(contract: Instrument, price: Decimal) -> Refusal | None:
    """PRICE_FILTER."""
    if price < exact(contract.min_price):
        return Refusal(-4013, "Price less than min price.")
    if price > exact(contract.max_price):
        return Refusal(-4002, "Price greater than max price.")
    return _tick(contract, price)


def _trigger_range(contract: Instrument, trigger: Decimal) -> Refusal | None:
    """PRICE_FILTER of a conditional order's trigger."""
    if trigger <= 0:
        return Refusal(-4006, "Stop price less than zero.")
    if trigger > exact(contract.max_price):
        return Refusal(-4007, "Stop price greater than max price.")
    return _tick(contract, trigger)


def _tick(contract: Instrument, price: Decimal) -> Refusal | None:
    # the documents count ticks from the lowest price, whose known values are all whole ticks themselves
    is_off = WIDE.remainder(price, exact(contract.tick))
    return Refusal(-4014, "Price not increased by tick size.") if is_off else None


def _distance(
    contract: Instrument, price: Decimal, trigger: Decimal | None, mark: Decimal, *, buys: bool
) -> Refusal | None:
    """PERCENT_PRICE: a buy ≤ mark × multiplierUp, a sale ≥ mark × multiplierDown; of a stop limit, of its trigger."""
    about = mark if trigger is None else trigger
    bound = about * exact(contract.percent_up if buys else contract.percent_down)
    if buys and price > bound:
        shown = _on_tick(contract, bound, ROUND_FLOOR)
        return Refusal(-4016 if trigger is None else -4183, f"Limit price can't be higher than {shown}.")
    if not buys and price < bound:
        shown = _on_tick(contract, bound, ROUND_CEILING)
        return Refusal(-4024 if trigger is None else -4184, f"Limit price can't be lower than {shown}.")
    return None


def _best(contract: Instrument, best: Decimal, mark: Decimal, *, buys: bool) -> Refusal | None:
    """PERCENT_PRICE of a market order: it is the price on the other side that counts."""
    if (buys and best > mark * exact(contract.percent_up)) or (not buys and best < mark * exact(contract.percent_down)):
        return Refusal(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.")
    return None


def _notional(contract: Instrument, worth: Decimal) -> Refusal | None:
    """MIN_NOTIONAL: at the order's price, else its trigger, else the mark price."""
    least = exact(contract.min_notional)
    if worth >= least:
        return None
    return Refusal(-4164, f"Order's notional must be no smaller than {_plain(least)} (unless you choose reduce only).")


def _count(contract: Instrument, working: int, waiting: int, *, is_conditional: bool) -> Refusal | None:
    """MAX_NUM_ORDERS, and of conditional orders MAX_NUM_ALGO_ORDERS."""
    if is_conditional and waiting >= contract.max_conditional_orders:
        return Refusal(-4045, "Reach max stop order limit.")
    if not is_conditional and working >= contract.max_orders:
        return Refusal(-2025, "Reach max open order limit.")
    return None


def _on_tick(contract: Instrument, price: Decimal, rounding: str) -> str:
    tick = exact(contract.tick)
    return _plain((price / tick).to_integral_value(rounding) * tick)


def _plain(number: Decimal) -> str:
    """Without an exponent, and without zeros that say nothing."""
    return f"{number.normalize():f}"
