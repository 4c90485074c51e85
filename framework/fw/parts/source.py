"""Where market data comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
    from fw.domain.event import Event
    from fw.domain.market import Market
    from fw.domain.time import BarSize


@attrs.frozen(kw_only=True)
class Want:
    """What a run asks of its source; bars open in [start, end), None: as far as there is data."""

    instruments: tuple[str, ...]
    """All of them are wanted; DataError where one is not to be had."""
    bar: BarSize
    """The size of the bars."""
    start: int | None = None
    """First open time, ns."""
    end: int | None = None
    """Open times lie before it, ns."""
    warmup: int = 0
    """Bars wanted before `start`, where there are that many."""
    needs: tuple[str, ...] = ("bars",)
    """The kinds of data the run uses: bars, funding, mark, and those of `fw.Stamps`, such as open_interest or book;
    columns that not every source has stand beside their kind, as in `bars.trades`."""


@runtime_checkable
class Source(Protocol):
    """Reads history; may stream. Bars ascend in time without doubles; the kernel checks and mends gaps.

    `history` raises DataError when it has nothing of an instrument in the asked range. What the source has but was
    not in `needs` may be left out; what it lacks is None, or not among the stamps. Stamps say when they were
    published, where that is later than their own instant: nothing is known before.
    """

    def history(self, want: Want) -> Market:
        """The bounded past: every instrument asked, warm-up bars included."""
        ...


class Stream(Protocol):
    """Market events as they happen; iterating waits for the next one and ends after `close`."""

    def __iter__(self) -> Iterator[Event]: ...

    def __next__(self) -> Event: ...

    def close(self) -> None:
        """End it, from any thread; returns when connections are let go."""
        ...


@runtime_checkable
class LiveSource(Source, Protocol):
    """A source that also streams.

    Where its time is not the machine's (a practice exchange may run fast), it has a property `now`, ns: by that a run
    judges how late a bar is.
    """

    def stream(self, want: Want) -> Stream:
        """The events of `fw.domain.received` from `want.start` on, for ever.

        Of each instrument every bar that opens at `want.start` or later comes exactly once, in order, also what closed
        before the stream was opened or while a connection was down: the source fills such holes before it goes on.
        A source that cannot says FeedLost, and FeedRestored once it has. Quotes are only the newest: where the reader
        is slow, older ones are dropped. Needs are those of `want`, quotes always. It runs in a thread of the engine's.
        """
        ...
