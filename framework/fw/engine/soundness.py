"""What makes bars and stamps untrustworthy, each found in one pass and said in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.domain.bars import Bars
from fw.domain.time import Duration, format_time
from fw.errors import DataError, OutOfOrder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.stamps import Stamps
    from fw.domain.time import BarSize

LAST_MILLISECOND = 1_000_000
"""Ns by which the exchange's close times come before the next opening."""

CHUNK = 1 << 16
"""Rows looked at together: they stay in the processor's cache, and nothing of the data's own size is made."""

MISTAKEN = {
    10**3: "seconds are taken for milliseconds",
    10**6: "milliseconds are taken for nanoseconds",
    10**9: "seconds are taken for nanoseconds",
}
"""Factors by which times are too close together, or too far apart, when their unit is mistaken."""


def check_bars(bars: Bars, name: str, clock: BarSize) -> None:
    """Raise for times that are unsorted, doubled, off the grid or in the wrong unit, and for impossible prices."""
    if bars.size != clock:
        raise DataError(f"{name} came as bars of {bars.size}, but the clock is {clock}; set bar: or the source's files")
    _check_times(bars.open_time, name, clock)
    row = _first_impossible(bars)
    if row is not None:
        raise DataError(
            f"{name} at {format_time(bars.open_time[row])}: {_fault(bars, row)}; mend or leave out this bar"
        )


def check_stamps(stamps: Stamps, name: str) -> None:
    """Raise for stamps that are unsorted, doubled, published before they happen, or not numbers."""
    _check_order(stamps.time, name)
    early = np.flatnonzero(stamps.published < stamps.time)
    if len(early):
        when, known = format_time(stamps.time[early[0]]), format_time(stamps.published[early[0]])
        raise DataError(f"{name} of {when} is published before, at {known}; mend the times of publication")
    back = np.flatnonzero(np.diff(stamps.published) < 0)
    if len(back):
        when = format_time(stamps.time[back[0] + 1])
        raise OutOfOrder(f"{name} of {when} is published before the row above it; give rows as they became known")
    for column, values in stamps.columns.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            said = name if column == "value" else f"{name} ({column})"
            raise DataError(f"{said} at {format_time(stamps.time[bad[0]])} is {values[bad[0]]}; mend or leave it out")


def _check_times(times: NDArray[np.int64], name: str, clock: BarSize) -> None:
    _check_order(times, name)
    starts = range(0, len(times) - 1, CHUNK)
    smallest = min((int(np.diff(times[at : at + CHUNK + 1]).min()) for at in starts), default=clock.ns)
    for factor, example in MISTAKEN.items():
        if clock.ns in (smallest * factor, smallest / factor):
            raise DataError(
                f"{name}: the times are in the wrong unit, as when {example}: they begin at {format_time(times[0])} "
                f"and are {Duration(smallest)} apart, but the clock is {clock}; say the unit (files: source.time_unit)"
            )
    off = _first_off_grid(times, clock)
    if off is not None:
        raise DataError(
            f"{name} has a bar at {format_time(times[off])}, where no bar of {clock} opens; "
            f"{_off_grid(int(times[off]), smallest, clock)}"
        )
    if len(times) > 2 and smallest > clock.ns:
        raise DataError(
            f"{name}: the bars are {Duration(smallest)} apart, but the clock is {clock}; set bar: {Duration(smallest)}"
        )


def _off_grid(time: int, smallest: int, clock: BarSize) -> str:
    """What to do about a time between two openings."""
    if smallest < clock.ns and clock.ns % smallest == 0:
        return f"bars are {Duration(smallest)} apart: set bar: {Duration(smallest)}, or make bars of {clock} of them"
    if (time + LAST_MILLISECOND - clock.origin) % clock.ns == 0:
        return "it looks like a close time: name the column of open times (files: source.columns.time)"
    return f"give open times in UTC, in whole steps of {clock}"


def _check_order(times: NDArray[np.int64], name: str) -> None:
    for at in range(0, len(times) - 1, CHUNK):
        wrong = np.flatnonzero(times[at + 1 : at + CHUNK + 1] <= times[at : at + CHUNK][: len(times) - 1 - at])
        if len(wrong):
            row = at + int(wrong[0]) + 1
            if times[row] == times[row - 1]:
                raise OutOfOrder(f"{name} has {format_time(times[row])} twice; remove the doubles")
            raise OutOfOrder(
                f"{name} goes back from {format_time(times[row - 1])} to {format_time(times[row])}; sort by time"
            )


def _first_off_grid(times: NDArray[np.int64], clock: BarSize) -> int | None:
    for at in range(0, len(times), CHUNK):
        off = (times[at : at + CHUNK] - clock.origin) % clock.ns != 0
        if off.any():
            return at + int(np.argmax(off))
    return None


def _first_impossible(bars: Bars) -> int | None:
    """Row of the first bar that cannot have been; comparisons with NaN are false, so NaN is caught too."""
    for at in range(0, len(bars), CHUNK):
        rows = slice(at, at + CHUNK)
        low, high, volume = bars.low[rows], bars.high[rows], bars.volume[rows]
        fine = (low > 0.0) & (high < np.inf) & (volume >= 0.0) & (volume < np.inf)
        for price in (bars.open[rows], bars.close[rows]):
            fine &= (low <= price) & (price <= high)
        if not fine.all():
            return at + int(np.argmin(fine))
    return None


def _fault(bars: Bars, row: int) -> str:
    """What is wrong with a bar, the plainest first."""
    values = {name: float(getattr(bars, name)[row]) for name in ("open", "high", "low", "close", "volume")}
    for name, value in values.items():
        if not np.isfinite(value):
            return f"{name} is {value}"
    for name, value in values.items():
        if name == "volume" and value < 0.0:
            return f"volume is {value:g}, below 0"
        if name != "volume" and value <= 0.0:
            return f"{name} is {value:g}, which is no price"
    if values["high"] < values["low"]:
        return f"high {values['high']:g} is below low {values['low']:g}"
    name = "open" if not values["low"] <= values["open"] <= values["high"] else "close"
    return f"{name} {values[name]:g} is outside low {values['low']:g} and high {values['high']:g}"
