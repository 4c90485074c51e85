"""How prices, quantities and money of an account are written, each with the decimals that the exchange gives it."""

from __future__ import annotations

from fw.domain.filters import quantity_of
from fw_venue.contracts import Contract
from fw_venue.numbers import written


def price_text(contract: Contract, price: float) -> str:
    """With the decimals of `pricePrecision`; more where slippage has moved it off the tick."""
    return written(price, contract.price_digits + 1)


def size_text(contract: Contract, lots: int) -> str:
    """Lots, as a quantity."""
    return f"{quantity_of(contract.rules, lots):.{contract.size_digits}f}"


def money_text(amount: float) -> str:
    """Settlement currency; nothing is never below zero."""
    return f"{amount + 0.0 if abs(amount) >= 5e-9 else 0.0:.8f}"
