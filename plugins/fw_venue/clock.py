"""The time of the practice exchange: it stands still until it is told to go on, or runs at any speed."""

from __future__ import annotations

import time
from collections.abc import Callable

from fw.domain.time import MILLISECOND, format_time
from fw.errors import SettingsError


class Clock:
    """Milliseconds since 1970 as the exchange sees them.

    Without a speed it moves only by `advance`; with one it runs so many times as fast as this machine's clock.
    Mutable because time passes.
    """

    def __init__(self, start: int, *, speed: float | None = None) -> None:
        """`start` in ms."""
        if speed is not None and not speed > 0:
            raise SettingsError(f"the exchange's clock wants a speed above 0, not {speed:g}")
        self.now = start
        """What the exchange's clock shows: everything up to it has been sent."""
        self.skew = 0
        """ms that `serverTime` is ahead of it, as a client with a wrong clock of its own would see."""
        self.speed = speed
        self._step: Callable[[int], None] | None = None
        self._from = (start, 0.0)

    def __repr__(self) -> str:
        return f"<Clock {format_time(self.now * MILLISECOND)}>"

    @property
    def shown(self) -> int:
        """What it tells clients, ms."""
        return self.now + self.skew

    def advance(self, ms: int) -> None:
        """Go on by so many milliseconds; what falls due on the way is sent before it returns."""
        self.advance_to(self.now + ms)

    def advance_to(self, moment: int) -> None:
        """Go on until `moment`, ms."""
        if self.speed is not None:
            raise SettingsError("the exchange's clock runs by itself; make it without a speed to move it by hand")
        if moment < self.now:
            raise SettingsError(f"the exchange's clock cannot go back, from {self.now} to {moment} ms")
        if self._step is None:
            self.now = moment  # before anybody listens
        else:
            self._step(moment)

    def attach(self, step: Callable[[int], None]) -> None:
        """Let `step(moment)` do what falls due up to a moment, and set `now`."""
        self._step = step

    def start(self) -> None:
        """Begin to run, where it has a speed."""
        self._from = (self.now, time.monotonic())

    def due(self) -> int:
        """What a running clock ought to show at this instant, ms."""
        start, began = self._from
        return start + int((time.monotonic() - began) * 1000 * (self.speed or 0.0))
