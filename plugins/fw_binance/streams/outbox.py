"""What waits for the reader: firm events in order, and of each instrument only its newest quote."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Condition

from fw.domain.event import Event


class Outbox:
    """Filled by one thread, read by another; mutable, and never longer than `most` firm events plus the quotes.

    A quote takes the place of the older one of its instrument, at the end of the line: what is read never goes back
    in time. It is made only when it is read.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.dropped = 0
        """Quotes that newer ones replaced."""
        self._waiting: OrderedDict[int | str, Event | Callable[[], Event]] = OrderedDict()
        self._firm = 0
        self._count = 0
        self._end: BaseException | None = None
        self._changed = Condition()

    @property
    def full(self) -> bool:
        """Whether firm events have to wait elsewhere."""
        return self._firm >= self.most

    def put(self, event: Event) -> None:
        """Add a firm event; whoever adds bars looks at `full` first."""
        with self._changed:
            self._count += 1
            self._firm += 1
            self._waiting[self._count] = event
            self._changed.notify()

    def put_newest(self, key: str, make: Callable[[], Event]) -> None:
        """Add what `make` will give, in place of what is still waiting under this key."""
        with self._changed:
            if self._waiting.pop(key, None) is not None:
                self.dropped += 1
            self._waiting[key] = make
            self._changed.notify()

    def end(self, why: BaseException | None = None) -> None:
        """Let the reader stop at once, with an error where there is a reason for one."""
        with self._changed:
            self._end = self._end or why or StopIteration()
            self._changed.notify_all()

    def take(self) -> Event:
        """The next event, waiting for it; raises what `end` was given, StopIteration where that was nothing."""
        with self._changed:
            while not self._waiting and self._end is None:
                self._changed.wait()
            if self._end is not None:
                raise self._end
            key, waiting = self._waiting.popitem(last=False)
            if isinstance(key, int):
                self._firm -= 1
        return waiting if isinstance(waiting, Event) else waiting()
