"""From what the prices gave to what is left: fees, funding, slippage, in numbers that add up as they are printed."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING

import attrs

from fw_report.text import MINUS

if TYPE_CHECKING:
    from fw import Result


WIDE = Context(prec=400)
"""Room for any float written out."""


@attrs.frozen
class Step:
    """One bar of the waterfall; `amount` is signed and already rounded to what is printed."""

    name: str
    amount: Decimal
    meaning: str


@attrs.frozen
class Waterfall:
    """`gross` and the steps sum to `net`, to the last printed digit."""

    gross: Step
    steps: tuple[Step, ...]
    net: Step

    @property
    def all(self) -> tuple[Step, ...]:
        """Gross, steps, net."""
        return (self.gross, *self.steps, self.net)


def waterfall(result: Result) -> Waterfall:
    """Gross to net; gross is what is left when the costs are put back.

    Slippage is already inside the prices of fills, so gross is what the same trades would have made at the prices
    that were there before them. Loss beyond the margin, which the venue's fund bears, is a step where there was any.
    """
    equity = result.equity["equity"]
    totals = result.totals
    kept = (float(equity[-1]) if len(equity) else result.capital) - result.capital
    largest = max(abs(kept), *(abs(float(totals.get(name, 0.0))) for name in ("fees", "funding", "slippage")))
    places = 2 if largest >= 10 or largest == 0 else 6

    def exact(value: float) -> Decimal:
        return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), context=WIDE)

    net = Step("Net", exact(kept), "what is left: final equity less the capital")
    steps = [
        Step("Fees", -exact(totals.get("fees", 0.0)), "paid to the venue on every fill"),
        Step("Funding", exact(totals.get("funding", 0.0)), "received (+) or paid (−) for holding positions"),
        Step("Slippage", -exact(totals.get("slippage", 0.0)), "lost between the price seen and the price filled"),
    ]
    if totals.get("shortfall"):
        steps.append(
            Step("Insurance fund", exact(totals["shortfall"]), "losses beyond the margin, borne by the venue's fund")
        )
    gross = net.amount - sum((step.amount for step in steps), Decimal(0))
    return Waterfall(Step("Gross", gross, "what the prices gave before any cost"), tuple(steps), net)


def printed(amount: Decimal) -> str:
    """`−1,234.50`, with every digit the amount has."""
    text = f"{amount:,f}"
    if text.startswith("-"):
        return MINUS + text[1:] if amount else text[1:]
    return text
