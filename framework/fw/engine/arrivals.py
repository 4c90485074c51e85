"""What a live source says, on its way from the source's own thread to the one that decides."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from fw import __version__
from fw.engine.lines import Opened
from fw.registry import blame

if TYPE_CHECKING:
    from fw.domain.event import Event
    from fw.registry import Offer

ROOM = 10_000
"""Events that may wait; then the source waits too, and lets go of quotes that nobody has read."""
PAUSE = 0.2
"""Seconds after which whoever waits looks at the time."""


class Arrivals:
    """The events of a stream, each with the instant at which it came. Mutable: it is a queue with a thread.

    Iterating waits; None says that nothing came for a while. What goes wrong in the source is raised here. The first
    event says that somebody listens.
    """

    def __init__(self, stream: Any, offer: Offer, clock: Callable[[], int], pause: float = PAUSE) -> None:
        self._stream, self._offer, self._pause = stream, offer, pause
        self.clock = clock
        """The time where the events come from, ns."""
        self._queue: queue.Queue[tuple[Event | None, int]] = queue.Queue(ROOM)
        self._error: BaseException | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._listen, name="fw source", daemon=True)

    def __iter__(self) -> Iterator[tuple[Event | None, int]]:
        yield Opened(time=(now := self.clock()), version=__version__), now
        self._thread.start()
        while True:
            try:
                event, came = self._queue.get(timeout=self._pause)
            except queue.Empty:
                yield None, self.clock()
                continue
            if event is None:
                if self._error is not None:
                    with blame(self._offer):
                        raise self._error
                return
            yield event, came

    def close(self) -> None:
        """End the stream; returns when its thread has ended, or does not end."""
        self._closed = True
        try:
            self._stream.close()
        finally:
            if self._thread.is_alive():
                self._thread.join(timeout=5.0)

    def _listen(self) -> None:
        try:
            for event in self._stream:
                if not self._put(event):
                    return
        except BaseException as error:  # whatever it is, the thread that decides has to tell of it
            self._error = error
        self._put(None)

    def _put(self, event: Event | None) -> bool:
        came = self.clock()
        while not self._closed:
            try:
                self._queue.put((event, came), timeout=self._pause)
            except queue.Full:
                continue
            return True
        return False


def clock_of(source: Any) -> Callable[[], int]:
    """What tells the time of a source: its own `now`, which a practice exchange may let run fast, or the machine's."""
    if hasattr(source, "now"):
        return lambda: int(source.now)
    return time.time_ns
