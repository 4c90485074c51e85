"""Where market data comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import attrs

if TYPE_CHECKING:
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


@runtime_checkable
class LiveSource(Source, Protocol):
    """A source that also streams."""

    def stream(self, want: Want) -> Iterator[Any]:
        """Market events as they happen, for ever."""
        ...
