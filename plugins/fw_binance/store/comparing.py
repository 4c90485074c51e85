"""Checks of one series against another: bars against the mark price, and against the smaller bars inside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fw import Bars, BarSize
from fw.domain.bars import resample
from fw.domain.time import format_time
from fw_binance.store.findings import Finding
from fw_binance.store.kinds import OHLC
from fw_binance.store.series import Series
from fw_binance.tolerance import Tolerance

if TYPE_CHECKING:
    from numpy.typing import NDArray

Read = Callable[[Series, Sequence[str]], Mapping[str, "NDArray[Any]"]]
NAMED = 3
"""Bars that a line names."""


def bars_of(series: Series, read: Read) -> Bars:
    """A series' rows as bars, mark prices with a volume of 0."""
    assert series.bar is not None
    rows = read(series, ["open_time", *OHLC, *(["volume"] if "volume" in series.of.columns else [])])
    prices: dict[str, Any] = {name: rows[name] for name in OHLC}
    volume = rows.get("volume", np.zeros(len(rows["open_time"])))
    return Bars(size=series.bar, open_time=rows["open_time"], volume=volume, **prices)


def check_sizes(several: Sequence[Series], read: Read, tolerance: Tolerance) -> Iterator[Finding]:
    """Bars that are not what the smaller bars inside them make, of each kind and symbol that has several sizes."""
    for series in several:
        inside = [other for other in several if _is_inside(other, series)]
        if inside:
            finest = max(inside, key=_size)
            yield from _compared(series, bars_of(series, read), bars_of(finest, read), tolerance)


def _is_inside(smaller: Series, larger: Series) -> bool:
    return (
        larger.of.is_candles
        and (smaller.kind, smaller.symbol) == (larger.kind, larger.symbol)
        and _size(smaller) < _size(larger)
        and BarSize(_size(smaller)).divides(BarSize(_size(larger)))
    )


def _size(series: Series) -> int:
    return 0 if series.bar is None else series.bar.ns


def _compared(series: Series, large: Bars, small: Bars, tolerance: Tolerance) -> Iterator[Finding]:
    made = _whole(resample(small, large.size), small)
    shared, ours, theirs = np.intersect1d(large.open_time, made.open_time, assume_unique=True, return_indices=True)
    differ = np.zeros(len(shared), bool)
    volume = np.zeros(len(shared), bool)
    for name in OHLC:
        differ |= _apart(getattr(large, name)[ours], getattr(made, name)[theirs], tolerance.price)
    if series.kind == "klines":
        volume = _apart(large.volume[ours], made.volume[theirs], tolerance.volume) & ~differ
    if not (differ | volume).any():
        return
    count = int((differ | volume).sum())
    where = shared[differ | volume]
    text = (
        f"{count} of {len(shared)} bars are not what {small.size} bars make "
        f"({int(differ.sum())} by price, {int(volume.sum())} by volume): {_named(where)}"
    )
    is_fault = count > max(tolerance.bars, tolerance.share * len(shared))
    spans = tuple((int(time), int(time) + large.size.ns) for time in where)
    yield Finding(series=series, what="sizes", text=text, is_fault=is_fault, spans=spans)


def _whole(made: Bars, small: Bars) -> Bars:
    """Those of the bars made in which no smaller one is missing."""
    starts, counts = np.unique(made.size.floor(small.open_time), return_counts=True)
    full = starts[counts == made.size.ns // small.size.ns]
    return made.rows(np.isin(made.open_time, full, assume_unique=True))


def _apart(ours: NDArray[np.float64], theirs: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Where two columns differ by more than this share; where one is not known they do not."""
    apart: NDArray[np.bool_] = np.abs(ours - theirs) > share * np.maximum(np.abs(ours), np.abs(theirs))
    return apart


def check_spikes(several: Sequence[Series], read: Read, tolerance: Tolerance) -> Iterator[Finding]:
    """Bars that reach far beyond the mark price, whose own bars may be larger."""
    for series in several:
        if series.kind != "klines":
            continue
        marks = [other for other in several if other.kind == "mark" and other.symbol == series.symbol]
        fitting = [mark for mark in marks if _fits(series, mark)]
        if fitting:
            yield from _spikes(series, bars_of(series, read), bars_of(min(fitting, key=_size), read), tolerance)


def _fits(series: Series, mark: Series) -> bool:
    ours, theirs = BarSize(_size(series)), BarSize(_size(mark))
    return ours.divides(theirs) or theirs.divides(ours)


def _spikes(series: Series, bars: Bars, mark: Bars, tolerance: Tolerance) -> Iterator[Finding]:
    if mark.size.ns < bars.size.ns:
        mark = resample(mark, bars.size)
    row = np.searchsorted(mark.open_time, bars.open_time, side="right") - 1
    known = (
        (row >= 0) & (bars.open_time - mark.open_time[row] < mark.size.ns) if len(mark) else np.zeros(len(bars), bool)
    )
    above = bars.high[known] > mark.high[row[known]] * (1 + tolerance.spike)
    below = bars.low[known] < mark.low[row[known]] * (1 - tolerance.spike)
    where = bars.open_time[known][above | below]
    if len(where):
        bars_said = "bar reaches" if len(where) == 1 else "bars reach"
        text = f"{len(where)} {bars_said} more than {tolerance.spike:.0%} beyond the mark price: {_named(where)}"
        spans = tuple((int(time), int(time) + bars.size.ns) for time in where)
        yield Finding(series=series, what="spike", text=text, spans=spans)


def _named(times: NDArray[np.int64]) -> str:
    more = f" and {len(times) - NAMED} more" * (len(times) > NAMED)
    return ", ".join(format_time(time) for time in times[:NAMED]) + more
