"""What happened on the streams so far, counted; each name is one that a dashboard may show."""

from __future__ import annotations

import attrs


@attrs.define
class Counters:
    """Mutable: every part of the streams adds to it, always from the thread of their loop."""

    frames: int = 0
    """Messages received."""
    malformed: int = 0
    """Messages that could not be read, or lacked a field."""
    unknown: int = 0
    """Messages of a kind nobody asked for."""
    connections: int = 0
    """Connections that stood and were acknowledged."""
    failures: int = 0
    """Connections that could not be made, or ended unasked."""
    silences: int = 0
    """Those of them that ended because nothing came, or less than should have."""
    rotations: int = 0
    """Connections replaced before the exchange would have ended them."""
    bars: int = 0
    """Bars given, of all kinds."""
    filled: int = 0
    """Those of them that came over REST."""
    duplicates: int = 0
    """Bars that came again."""
    revised: int = 0
    """Those of them that differed from what had been given."""
    held: int = 0
    """Times a bar had to wait because the reader was behind."""
    alone: int = 0
    """Bars given before rows that a backtest would know at their close, such as a settled funding rate."""
    gaps: int = 0
    """Bars that the exchange left out and never delivered in the time given."""
    healed: int = 0
    """Holes that the exchange filled later, after it had shown bars behind them."""
    quotes_dropped: int = 0
    """Quotes replaced by newer ones before they were read."""
    rest_failures: int = 0
    """Questions over REST that failed."""
    book_gaps: int = 0
    """Breaks in the chain of a book's updates, after which it was fetched anew."""
    trades_missed: int = 0
    """Trades missing in the order of their numbers, fetched over REST where that still had them."""
    rows_dropped: int = 0
    """Rows of a recording lost because writing could not keep up."""

    def listed(self) -> dict[str, int]:
        """Every counter by name."""
        return attrs.asdict(self)
