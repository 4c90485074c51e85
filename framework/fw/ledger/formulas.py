"""The arithmetic of a perpetual contract, as the exchange states it; linear and inverse, one-way and hedge mode.

Linear (USD-M): quantities in base currency, money in the settlement currency, profit = size × (price − entry).
Inverse (COIN-M): quantities in contracts of a fixed `multiplier` in quote currency, money in coins, profit =
size × multiplier × (1 / entry − 1 / price). Sizes are signed, long above zero. `tiers` is float64[tier, 3]: floor of
the notional from which a tier holds, maintenance rate, maintenance amount.

Source: Binance's pages "Leverage and margin of USDⓈ-M futures" and "How to calculate the liquidation price" (FAQ
b3c689c1f50a44cabb3a84e663b81d93), and "Liquidation protocols" (FAQ 360033525271), read 2026-11.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@kernel
def notional(size: float, price: float, multiplier: float, is_inverse: bool) -> float:
    """What a size is worth at a price: |size| × price; inverse: |size| × multiplier / price, in coins."""
    return abs(size) * multiplier / price if is_inverse else abs(size) * multiplier * price


@kernel
def profit(size: float, entry: float, price: float, multiplier: float, is_inverse: bool) -> float:
    """Profit of a size between two prices: size × (price − entry); inverse: size × multiplier × (1/entry − 1/price)."""
    if is_inverse:
        return size * multiplier * (1.0 / entry - 1.0 / price)
    return size * multiplier * (price - entry)


@kernel
def tier_of(notional: float, tiers: Numbers) -> int:
    """The row of the tier that holds a notional."""
    t = 0
    while t + 1 < len(tiers) and notional >= tiers[t + 1, 0]:
        t += 1
    return t


@kernel
def maintenance_margin(notional: float, tiers: Numbers) -> float:
    """notional × rate − amount, by the tier that holds the notional."""
    t = tier_of(notional, tiers)
    return notional * tiers[t, 1] - tiers[t, 2]


@kernel
def initial_margin(notional: float, leverage: float) -> float:
    """notional / leverage."""
    return notional / leverage


@kernel
def bankruptcy_price(size: float, entry: float, margin: float, multiplier: float, is_inverse: bool) -> float:
    """Where `margin` and the loss cancel: entry − margin / size; 0 where no price is that bad."""
    if is_inverse:
        rest = 1.0 / entry + margin / (size * multiplier)
        return 1.0 / rest if rest > 0.0 else 0.0
    return max(entry - margin / (size * multiplier), 0.0)


@kernel
def spare_margin(
    price: float, balance: float, sizes: Numbers, entries: Numbers, tiers: Numbers, multiplier: float, is_inverse: bool
) -> float:
    """Margin balance less maintenance margin at a mark price: the account is liquidated where it is not above zero.

    `balance` is the wallet (cross or isolated) and, in cross margin, the unrealised profit of all other contracts
    less their maintenance. `sizes` and `entries` are the legs of this contract: one in one-way mode; long and short
    in hedge mode, each with a maintenance of its own.
    """
    spare = balance
    for leg in range(len(sizes)):
        if sizes[leg] != 0.0:
            worth = notional(sizes[leg], price, multiplier, is_inverse)
            spare += profit(sizes[leg], entries[leg], price, multiplier, is_inverse) - maintenance_margin(worth, tiers)
    return spare


@kernel
def liquidation_price(
    mark: float, balance: float, sizes: Numbers, entries: Numbers, tiers: Numbers, multiplier: float, is_inverse: bool
) -> float:
    """The mark price nearest to `mark` at which `spare_margin` is zero; 0 where there is none.

    Linear, with q = |size|, s its sign, r and c rate and amount of each leg's tier at that price (the FAQ's formula):

        price = (balance + Σc − Σ s·q·entry) / (Σ q·r − Σ s·q)

    Inverse the same holds of 1 / price, with q × multiplier for q and the signs of the balance turned. The tiers
    depend on the answer, so every stretch between two prices at which a leg changes its tier is solved, and an
    answer counts where it lies in its own stretch.
    """
    legs = len(sizes)
    ends = np.empty(legs * len(tiers) + 1)  # of the stretches, in price (inverse: in 1 / price)
    ends[0] = 0.0
    count = 1
    for leg in range(legs):
        for t in range(1, len(tiers)):
            if sizes[leg] != 0.0:
                ends[count] = tiers[t, 0] / (abs(sizes[leg]) * multiplier)
                count += 1
    ends = np.sort(ends[:count])
    found = 0.0
    for stretch in range(count):
        low = ends[stretch]
        high = ends[stretch + 1] if stretch + 1 < count else math.inf
        fixed = balance
        slope = 0.0  # of the spare margin, by price (inverse: by 1 / price)
        for leg in range(legs):
            if sizes[leg] == 0.0:
                continue
            size = sizes[leg] * multiplier
            t = 0
            while t + 1 < len(tiers) and tiers[t + 1, 0] / abs(size) <= low:
                t += 1
            if is_inverse:
                fixed += size / entries[leg] + tiers[t, 2]
                slope += -size - abs(size) * tiers[t, 1]
            else:
                fixed += -size * entries[leg] + tiers[t, 2]
                slope += size - abs(size) * tiers[t, 1]
        if slope == 0.0:
            continue
        answer = -fixed / slope
        # the spare margin is continuous, so an answer a hair outside belongs to the end it missed
        hair = 1e-12 * abs(answer)
        if answer <= 0.0 or answer < low - hair or answer >= high + hair:
            continue
        price = 1.0 / answer if is_inverse else answer
        if found == 0.0 or abs(price - mark) < abs(found - mark):
            found = price
    return found
