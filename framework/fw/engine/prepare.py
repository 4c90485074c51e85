"""Market data as a run may trust it: checked bar by bar, cut to what was asked, every instrument on one timeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.bars import COLUMNS, Bars
from fw.domain.market import Market, Series
from fw.domain.time import format_time
from fw.engine.marks import missing_marks, required_marks
from fw.engine.published import prepare_stamps
from fw.engine.rates import prepare_funding
from fw.engine.soundness import check_bars
from fw.errors import DataError, Gap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.parts.source import Want


def prepare(
    market: Market, want: Want, *, gaps: str = "error", funding: str = "required", mark: str = "last"
) -> Market:
    """The instruments wanted, checked and on one timeline, with `want.warmup` bars before the start where they exist.

    What had to be mended, or is missing, stands in the notes.

    - `gaps`: bars missing in the middle are an `error`, or their moments are left out for every instrument
      (`skip`), or filled with bars of volume 0 at the last close (`flat`).
    - `funding`: `required`, or `zero` where it is missing.
    - `mark`: `last` keeps mark prices as they came; `required` puts them on the timeline too.

    DataError, Gap or OutOfOrder says what is wrong, where, and what to do. Nothing is copied that needs no mending.
    """
    series = {symbol: _series_of(market, symbol) for symbol in want.instruments}
    notes: list[str] = []
    strands: dict[str, Bars] = {}
    for symbol, data in series.items():
        check_bars(data.bars, symbol, want.bar)
        strands[symbol] = data.bars
        if mark == "required":
            strands[f"{symbol} mark"] = required_marks(data, symbol, want)
        elif data.mark is not None:
            check_bars(data.mark, f"{symbol} mark", data.mark.size)
            notes.extend(missing_marks(data, symbol, want))
    aligned = _align(strands, want, gaps, notes)

    out: dict[str, Series] = {}
    for symbol, data in series.items():
        bars = aligned[symbol]
        since, until = int(bars.open_time[0]), int(bars.open_time[-1]) + want.bar.ns
        begin = since if want.start is None else max(since, want.start)
        rates = prepare_funding(data, symbol, begin=begin, until=until, funding=funding, gaps=gaps, notes=notes)
        out[symbol] = Series(
            bars=bars,
            funding=None if rates is None else rates.between(since, until),
            mark=aligned.get(f"{symbol} mark") or (None if data.mark is None else data.mark.between(since, until)),
            stamps=prepare_stamps(data, symbol, since=since, begin=begin, until=until, notes=notes),
            rules=data.rules,
        )
    return attrs.evolve(
        market, series=out, focus=want.instruments[0], notes=tuple(dict.fromkeys((*market.notes, *notes)))
    )


def _series_of(market: Market, symbol: str) -> Series:
    found = market.series.get(symbol)
    if found is None or not len(found.bars):
        there = ", ".join(name for name, data in market.series.items() if len(data.bars)) or "nothing"
        raise DataError(f"the source gave no bars of {symbol} (it gave {there}); check source and instruments")
    return found


def _align(strands: Mapping[str, Bars], want: Want, gaps: str, notes: list[str]) -> dict[str, Bars]:
    """The same open times for every strand; a strand is the bars, or the marks, of one instrument."""
    first, last = _span(strands, want, notes)
    size = want.bar.ns
    back = want.warmup * size
    if want.start is not None and gaps != "skip":  # where moments are left out, warm-up reaches further back
        first = max(first, want.start + (-(want.start - want.bar.origin)) % size - back)
    expected = (last - first) // size + 1
    cut = {name: bars.between(first, last + 1) for name, bars in strands.items()}
    if all(len(bars) == expected for bars in cut.values()):
        return {name: bars.rows(slice(_warm(bars.open_time, want), None)) for name, bars in cut.items()}

    if gaps == "error":
        raise _gap(cut, first, expected, size)
    if gaps == "flat":
        notes.extend(_mended(cut, first, expected, size, "filled at the last close with volume 0"))
        grid = first + size * np.arange(expected, dtype=np.int64)
        return {name: _flat(bars, grid) for name, bars in strands.items()}
    shared = _shared([bars.open_time for bars in cut.values()], want)
    if not len(shared):
        raise DataError(f"no moment of the asked range has bars of all of {', '.join(strands)}; set source.gaps: flat")
    first = int(shared[0])
    cut = {name: bars.between(first, None) for name, bars in cut.items()}
    notes.extend(_mended(cut, first, (last - first) // size + 1, size, "left out for every instrument"))
    return {name: _at(bars, shared) for name, bars in cut.items()}


def _span(strands: Mapping[str, Bars], want: Want, notes: list[str]) -> tuple[int, int]:
    """First and last open time that all strands reach, the last within the asked range; DataError where none is."""
    size = want.bar.ns
    for name, bars in strands.items():
        begins, ends = int(bars.open_time[0]), int(bars.open_time[-1]) + size
        if (want.end is not None and begins >= want.end) or (want.start is not None and ends <= want.start):
            raise DataError(
                f"{name} has bars from {format_time(begins)} to {format_time(ends)}, none in the asked range"
                f"{_edge('from', want.start)}{_edge('to', want.end)}; change source.start and source.end, or the data"
            )
    latest = max(strands, key=lambda name: int(strands[name].open_time[0]))
    earliest = min(strands, key=lambda name: int(strands[name].open_time[-1]))
    first, last = int(strands[latest].open_time[0]), int(strands[earliest].open_time[-1])
    begins = min(int(bars.open_time[0]) for bars in strands.values())
    if first > (begins if want.start is None else want.start + size - 1):
        wished = format_time(begins if want.start is None else want.start)
        notes.append(f"begins at {format_time(first)} instead of {wished}: {latest} has no earlier bars")
    ends = max(int(bars.open_time[-1]) for bars in strands.values()) + size
    if want.end is not None:
        ends, last = want.end, min(last, int(want.bar.floor(want.end - 1)))
    if last + size < ends:
        notes.append(f"ends at {format_time(last + size)} instead of {format_time(ends)}: {earliest} has no later bars")
    if first > last:
        raise DataError(
            f"{latest} begins at {format_time(first)}, after {earliest} ends at {format_time(last + size)}: "
            "at no time is there data of all; leave one out or change source.end"
        )
    return first, last


def _warm(times: NDArray[np.int64], want: Want) -> int:
    """The row at which `want.warmup` bars before the start begin."""
    return 0 if want.start is None else max(0, int(np.searchsorted(times, want.start)) - want.warmup)


def _shared(timelines: Sequence[NDArray[np.int64]], want: Want) -> NDArray[np.int64]:
    """The open times that all have, from the warm-up on; none where none of them is in the asked range."""
    shared = timelines[0]
    for times in timelines[1:]:
        shared = np.intersect1d(shared, times, assume_unique=True)
    if not len(shared) or (want.start is not None and shared[-1] < want.start):
        return shared[:0]
    return shared[_warm(shared, want) :]


def _holes(times: NDArray[np.int64], first: int, expected: int, size: int) -> Iterator[tuple[int, int]]:
    """Every hole as (open time of its first missing bar, bars missing)."""
    end = first + expected * size
    edges = np.concatenate(([first - size], times, [end]))
    for at in np.flatnonzero(np.diff(edges) > size):
        yield int(edges[at]) + size, int(edges[at + 1] - edges[at]) // size - 1


def _gap(cut: Mapping[str, Bars], first: int, expected: int, size: int) -> Gap:
    """What is missing of the strand whose first hole is the earliest."""
    found = {name: list(_holes(bars.open_time, first, expected, size)) for name, bars in cut.items()}
    name = min((name for name, holes in found.items() if holes), key=lambda name: found[name][0])
    at, missing = found[name][0]
    more = len(found[name]) - 1
    total = f" (and {_counted(more, 'more gap')}, {sum(n for _, n in found[name])} bars in all)" if more else ""
    return Gap(
        f"{name}: {_counted(missing, 'bar')} missing from {format_time(at)} on{total}; "
        "mend the data, or set source.gaps to skip (leave these moments out) or flat (fill them)"
    )


def _mended(cut: Mapping[str, Bars], first: int, expected: int, size: int, done: str) -> Iterator[str]:
    for name, bars in cut.items():
        holes = list(_holes(bars.open_time, first, expected, size))
        if holes:
            missing = sum(count for _, count in holes)
            yield f"{name}: {_counted(missing, 'bar')} missing, the first at {format_time(holes[0][0])}, {done}"


def _at(bars: Bars, times: NDArray[np.int64]) -> Bars:
    """The rows at these open times, all of which are there."""
    if len(bars) == len(times):
        return bars
    return bars.rows(np.searchsorted(bars.open_time, times))


def _flat(bars: Bars, grid: NDArray[np.int64]) -> Bars:
    """A bar at every time of the grid: its own, or one at the last close that nobody traded in."""
    row = np.searchsorted(bars.open_time, grid, side="right") - 1
    absent = bars.open_time[row] != grid
    if not absent.any():
        return bars.rows(slice(int(row[0]), int(row[-1]) + 1))
    columns = {name: getattr(bars, name)[row] for name in COLUMNS}
    close = columns["close"][absent]
    for name in ("open", "high", "low"):
        columns[name][absent] = close
    columns["volume"][absent] = 0.0
    extra = {name: np.where(absent, 0.0, column[row]) for name, column in bars.extra.items()}
    return attrs.evolve(bars, open_time=grid, **columns, extra=extra)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _edge(word: str, time: int | None) -> str:
    return "" if time is None else f" {word} {format_time(time)}"
