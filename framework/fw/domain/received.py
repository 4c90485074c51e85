"""What a live source says of the market, as it happens; every value stands as the venue sent it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from fw.domain.event import Event


@attrs.frozen(kw_only=True)
class BarReceived(Event):
    """A bar has closed, for good: it will never be sent otherwise. `time` is its close."""

    instrument: str
    open_time: int
    """ns."""
    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    extra: Mapping[str, float] = attrs.field(factory=dict)
    """What else the source has of it, as `fw.Bars.extra`."""
    kind: str = "bars"
    """`bars` are traded prices, `mark` mark prices."""


@attrs.frozen(kw_only=True)
class QuoteReceived(Event):
    """Prices at which one could trade at `time`; the newest of many where they come faster than they are read."""

    instrument: str
    bid: float
    ask: float
    bid_size: float
    """Base currency."""
    ask_size: float
    mark: float | None = None
    """Newest mark price known by then."""


@attrs.frozen(kw_only=True)
class StampReceived(Event):
    """A row of funding or of `fw.Stamps`, known since `time`."""

    instrument: str
    kind: str
    """`funding`, `open_interest` and the others of `fw.Stamps`."""
    at: int
    """The instant the row is of, ns."""
    values: Mapping[str, float]
    """By column; one column is called `value`."""


@attrs.frozen(kw_only=True)
class FeedLost(Event):
    """Data of these instruments stopped coming; nothing new is to be risked until it is restored."""

    instruments: tuple[str, ...]
    reason: str


@attrs.frozen(kw_only=True)
class FeedRestored(Event):
    """Data comes again, and what was missed has been sent."""

    instruments: tuple[str, ...]
