"""Where orders go and facts come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    from fw.domain.account import AccountReport
    from fw.domain.event import Event
    from fw.domain.order import Order
    from fw.parts.given import Run


class Inbox(Protocol):
    """Where brokers and live sources put events, from any thread."""

    def put(self, event: Event) -> None:
        """Hand a fact over; returns at once."""
        ...


@runtime_checkable
class Broker(Protocol):
    """Takes orders; answers with facts in the inbox, never with states."""

    @property
    def real_money(self) -> bool:
        """Whether its orders move money; such a run never starts by accident."""
        ...

    def open(self, inbox: Inbox) -> None:
        """From now on facts arrive as events."""
        ...

    def submit(self, order: Order) -> None:
        """Send an order; what became of it arrives in the inbox."""
        ...

    def amend(self, order_id: str, *, lots: int | None, price: float | None) -> None:
        """Change a working order's size or price (None keeps it)."""
        ...

    def cancel(self, order_id: str) -> None:
        """Withdraw a working order."""
        ...

    def account(self) -> AccountReport:
        """The venue's truth."""
        ...

    def close(self) -> None:
        """Let go of what `open` took up; no more facts arrive."""
        ...


MOST_SHARE = 0.9
"""Of the price, that slippage may be; the ledger bounds the sum by it, so that no sale is paid less than nothing."""


@attrs.frozen(kw_only=True)
class Slippage:
    """What taking costs beyond the price that was seen, as a share of it; the four sum up, to 0.9 at most.

    The impact of a quantity Q is `impact × σ × √(Q / V)`, the square-root law (Almgren et al. 2005, "Direct estimation
    of equity market impact"; Tóth et al. 2011). σ is the standard deviation of returns and V the mean volume of the
    `span` bars before the fill, so the share does not depend on the size of the bars.
    """

    share: float = 0.0
    """Fixed share of the price; 0.0001 is one basis point."""
    half_spread: float = 0.0
    """Ticks between the middle of the book and its best price."""
    volatility: float = 0.0
    """Times σ."""
    impact: float = 0.0
    """Times σ × √(Q / V); about 1 in the literature."""
    span: int = 60
    """Bars that σ and V are taken of, fewer where the data begins."""

    def __attrs_post_init__(self) -> None:
        for name in ("share", "half_spread", "volatility", "impact"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is 0 or more, not {getattr(self, name)!r}")
        if self.share > MOST_SHARE:
            raise ValueError(f"share is {MOST_SHARE} of the price at most, not {self.share!r}")
        if self.span < 2:
            raise ValueError(f"span is 2 bars or more, not {self.span!r}")


@attrs.frozen(kw_only=True)
class Terms:
    """How a simulated venue charges and fills, and the limits applied to every decision; a row of the ledger.

    Sizers and checks whose rule depends on equity fill a field here (`terms(self, terms) -> Terms`); one
    compiled function then applies it in scan and loop alike.
    """

    maker: float = 0.0
    """Fee on notional of fills that rested."""
    taker: float = 0.0
    """Fee on notional of fills that took."""
    slippage: float | Slippage = 0.0
    """What market and stop orders lose; a bare number is a fixed share of the price."""
    bar_path: str = "pessimistic"
    """Which price of a bar came first: `pessimistic`, `optimistic`, or a way that is walked: `ohlc`, `adaptive`."""
    through: int = 1
    """Ticks by which the price must trade through a resting order to fill it."""
    latency: int = 0
    """Nanoseconds that orders, amendments and withdrawals are on their way; they arrive at the next open after it."""
    participation: float = float("inf")
    """Largest share of a bar's volume that one instrument's orders may be; the rest of an order goes on working."""
    isolated: bool = True
    """Each position has margin of its own; else all share the account's."""
    leverage: float = 1.0
    """Notional over initial margin; it limits what may be opened and does not size."""
    reserve: float = 0.01
    """Share of equity that new exposure leaves free as margin for fees and slippage."""
    fraction: float | None = None
    """Exposure at strength 1; None: see `quantity`."""
    quantity: float | None = None
    """Base currency at strength 1; None: the sizer gives a scale for every bar, or targets."""
    exposure_limit: float = float("inf")
    """Gross notional over equity that decisions may reach."""
    drawdown_limit: float = float("inf")
    """From 0 to 1: fall of equity from its peak that ends trading; infinity: none."""
    notes: tuple[str, ...] = ()
    """What a reader must know of these numbers: how old they are, say."""
    rebalance: float = float("inf")
    """Share of its target by which a position may drift before it is resized."""


@runtime_checkable
class SimulatedBroker(Broker, Protocol):
    """A venue made of the ledger, such as `fw.ledger.LedgerBroker`; only this kind may be run by the scan."""

    def terms(self, run: Run) -> Terms:
        """Fees, slippage and fill rules."""
        ...

    def advance(self, bar: int) -> None:
        """Bring the venue to the close of clock bar `bar`, over all since the last call; facts go to the inbox."""
        ...

    def attach(self, simulation: Any) -> None:
        """Take the run's arrays (`fw.ledger.simulation.Simulation`); called once, before `open`."""
        ...
