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
    """Of bars, funding, mark, open_interest: the kinds the run uses."""


@runtime_checkable
class Source(Protocol):
    """Reads history; may stream. Bars ascend in time without doubles; the kernel checks and mends gaps.

    `history` raises DataError when it has nothing of an instrument in the asked range. Series that the
    source has but were not in `needs` may be left out; those it lacks are None.
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
