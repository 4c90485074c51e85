"""Mark prices as a run may judge liquidation by them: on the bars of the run, and there for the whole range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fw.domain.time import format_time
from fw.engine.soundness import check_bars
from fw.errors import DataError

if TYPE_CHECKING:
    from fw.domain.bars import Bars
    from fw.domain.market import Series
    from fw.parts.source import Want

OTHERWISE = "or set account.mark: last, which judges liquidation on traded prices"


def required_marks(data: Series, symbol: str, want: Want) -> Bars:
    """The mark bars of an instrument under `account.mark: required`; DataError where they cannot serve."""
    if data.mark is None or not len(data.mark):
        raise DataError(
            f"{symbol} has no mark prices, which account.mark: required asks for; give source.mark, {OTHERWISE}"
        )
    if data.mark.size > want.bar:
        raise DataError(
            f"{symbol} has mark prices in bars of {data.mark.size}, and traded ones in bars of {want.bar}: "
            "coarser marks serve funding only, for they do not say when inside them a price was reached; "
            f"give mark bars of {want.bar}, {OTHERWISE}"
        )
    check_bars(data.mark, f"{symbol} mark", want.bar)
    lack = _lack(data, symbol, want)
    if lack is not None:
        raise DataError(f"{lack}; set source.start and source.end to match, {OTHERWISE}")
    return data.mark


def missing_marks(data: Series, symbol: str, want: Want) -> Iterator[str]:
    """A note where mark prices that serve funding only do not cover the run."""
    lack = _lack(data, symbol, want) if data.mark is not None and len(data.mark) else None
    if lack is not None:
        yield f"{lack}; outside, funding is priced at traded opens"


def _lack(data: Series, symbol: str, want: Want) -> str | None:
    """Both ranges, where the marks do not cover the bars of the run."""
    mark, bars = data.mark, data.bars
    assert mark is not None
    begin = max(int(bars.open_time[0]), want.start if want.start is not None else 0)
    until = int(bars.open_time[-1]) + bars.size.ns
    if want.end is not None:
        until = min(until, want.end)
    first, last = int(mark.open_time[0]), int(mark.open_time[-1]) + mark.size.ns
    if begin >= until or (first < begin + mark.size.ns and last >= mark.size.floor(until)):
        return None
    return (
        f"{symbol} has mark prices from {format_time(first)} to {format_time(last)}, but bars from "
        f"{format_time(begin)} to {format_time(until)}"
    )
