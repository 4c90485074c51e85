"""Puts one instrument's bars in line: each once, in order, none before the one it follows."""

from __future__ import annotations

import attrs

from fw_binance.streams.frames import Kline

AHEAD = 1500
"""Bars kept that came ahead of a hole: a page over REST; what lies further ahead is asked for again."""


@attrs.define
class Line:
    """Mutable: it remembers which bar is the next. Times in ms."""

    next: int
    """Open time of the next bar to be given."""
    size: int
    last: Kline | None = None
    """The bar given last."""
    duplicates: int = 0
    revised: int = 0
    """Bars that came again with other values than were given."""
    _ahead: dict[int, Kline] = attrs.field(factory=dict)

    def offer(self, bar: Kline) -> None:
        """Take in a closed bar, whatever way it came and in whatever order."""
        if bar.open_time < self.next:
            self.duplicates += 1
            if self.last is not None and bar.open_time == self.last.open_time and bar != self.last:
                self.revised += 1
        elif bar.open_time == self.next or len(self._ahead) < AHEAD:
            self._ahead[bar.open_time] = bar

    def take(self) -> Kline | None:
        """The next bar, if it is here."""
        bar = self._ahead.pop(self.next, None)
        if bar is not None:
            self.last = bar
            self.next += self.size
        return bar

    @property
    def ready(self) -> bool:
        """Whether the next bar is here."""
        return self.next in self._ahead

    @property
    def behind_a_hole(self) -> bool:
        """Whether bars are here that may not be given yet."""
        return bool(self._ahead) and not self.ready

    def skip(self, to: int) -> int:
        """Leave out the bars before `to`, which the exchange does not have; how many those are."""
        missing = (to - self.next) // self.size
        self.next = to
        return missing
