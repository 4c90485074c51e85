"""Facts in the order they became known; observers are given those kinds they ask for."""

from __future__ import annotations

import attrs

from fw.domain.decision import Signal
from fw.domain.order import Order


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened at `time` (ns)."""

    time: int


@attrs.frozen(kw_only=True)
class BarsClosed(Event):
    """One moment of the clock: every bar that ends now is known. `bar` counts from the run's first."""

    bar: int


@attrs.frozen(kw_only=True)
class Decided(Event):
    """A strategy's signal for an instrument changed."""

    instrument: str
    signal: Signal


@attrs.frozen(kw_only=True)
class Vetoed(Event):
    """A risk check refused a target."""

    instrument: str
    check: str
    reason: str


@attrs.frozen(kw_only=True)
class Submitted(Event):
    """An order left for the venue."""

    order: Order


@attrs.frozen(kw_only=True)
class Accepted(Event):
    """The venue has the order."""

    order_id: str


@attrs.frozen(kw_only=True)
class Rejected(Event):
    """The venue refused the order."""

    order_id: str
    reason: str
    code: int = 0
    """The venue's own number for it; 0: none."""


@attrs.frozen(kw_only=True)
class Triggered(Event):
    """The price that an order waited for was reached."""

    order_id: str


@attrs.frozen(kw_only=True)
class Amended(Event):
    """A working order has another size or price: `lots` is all of it, what is filled included."""

    order_id: str
    lots: int
    price: float | None


@attrs.frozen(kw_only=True)
class Filled(Event):
    """A trade: `lots` signed (negative sold), fee in settlement currency (positive: paid)."""

    order_id: str
    trade_id: int
    instrument: str
    lots: int
    price: float
    fee: float
    reason: str


@attrs.frozen(kw_only=True)
class Cancelled(Event):
    """A working order was withdrawn."""

    order_id: str


@attrs.frozen(kw_only=True)
class Expired(Event):
    """A working order ran out of its time."""

    order_id: str


@attrs.frozen(kw_only=True)
class Funding(Event):
    """A funding settlement: `amount` received (negative: paid), in settlement currency."""

    instrument: str
    lots: int
    amount: float


@attrs.frozen(kw_only=True)
class Liquidated(Event):
    """The venue closed a position because its margin was used up."""

    instrument: str
    lots: int
    price: float
    fee: float
