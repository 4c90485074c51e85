"""Times as files write them, as int64 UTC nanoseconds: numbers of any unit, dates, ISO text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import DAY, SECOND, format_time, parse_time
from fw.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACTORS = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}
EARLIEST, LATEST = parse_time("2000-01-01"), parse_time("2100-01-01")
"""Between these a number is a plausible time; in no two units is it."""


def nanoseconds(pieces: Iterable[Any], count: int, unit: str) -> tuple[NDArray[np.int64], str]:
    """Arrow arrays of times as ns, and how they were written; DataError for times that cannot be meant."""
    import pyarrow as pa

    pieces = iter(pieces)
    first = next(pieces)
    kind, pieces = first.type, chain([first], pieces)
    if pa.types.is_integer(kind):
        return _from_numbers(_filled(pieces, count, pa.int64()), unit)
    if pa.types.is_floating(kind):
        return _from_numbers(_filled(pieces, count, pa.float64()), unit)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        times = _filled(map(_from_text, pieces), count, pa.int64())
        return _checked(times, 1), "text"
    if pa.types.is_timestamp(kind):
        return _checked(_filled(pieces, count, pa.int64()), FACTORS[kind.unit]), "datetime"
    if pa.types.is_date32(kind):
        days = _filled((piece.cast(pa.int32()) for piece in pieces), count, pa.int64())
        return _checked(days, DAY), "date"
    if pa.types.is_binary(kind):
        raise DataError("has times that are no text in UTF-8; save the file as UTF-8")
    raise DataError(f"has times of type {kind}; numbers, datetimes and ISO text are understood")


def _filled(pieces: Iterable[Any], count: int, kind: Any) -> NDArray[Any]:
    """The pieces one after the other in one array that may be written."""
    filled, at = np.empty(count, kind.to_pandas_dtype()), 0
    for piece in pieces:
        if piece.null_count:
            raise DataError(f"has no time in {piece.null_count} or more of its rows; mend them, or leave them out")
        filled[at : at + len(piece)] = np.from_dlpack(piece.cast(kind))  # pyarrow's to_numpy imports pandas
        at += len(piece)
    return filled


def _from_text(piece: Any) -> Any:
    """ISO text with or without a zone; without one it is UTC."""
    import pyarrow as pa

    for wanted in (pa.timestamp("ns", "UTC"), pa.timestamp("ns")):
        try:
            return piece.cast(wanted)
        except pa.ArrowInvalid:
            continue
    raise DataError(f"has times like {piece[0].as_py()!r}; ISO text such as 2024-01-31 08:00:00 is understood")


def _from_numbers(numbers: NDArray[Any], unit: str) -> tuple[NDArray[np.int64], str]:
    """Numbers of one unit, the one in which they are plausible times."""
    if not np.isfinite(numbers).all():
        raise DataError("has a time that is no number; mend this row, or leave it out")
    least, most = numbers.min(), numbers.max()
    if unit == "auto":
        unit = _unit_of(least) or ""
        if not unit:
            raise DataError(
                f"has times like {least:.0f}, which are no time from 2000 to 2100 in s, ms, us or ns; "
                "say source.columns.time, or mend the file"
            )
        if _unit_of(most) != unit:
            raise DataError(f"has times in more than one unit: {least:.0f} and {most:.0f}; mend the file")
    elif not (_is_plausible(least, unit) and _is_plausible(most, unit)):
        hint = f"set source.time_unit: {_unit_of(least)}" if _unit_of(least) else "nor are they in any other unit"
        raise DataError(f"has times like {least:.0f}, which in {unit} are not from 2000 to 2100; {hint}")
    if numbers.dtype == np.float64:  # a float holds no nanoseconds since 1970, but it holds microseconds
        return np.round(numbers * (FACTORS[unit] / 1_000)).astype(np.int64) * 1_000, unit
    numbers *= FACTORS[unit]
    return numbers, unit


def _unit_of(number: float) -> str | None:
    """The unit in which a number is a plausible time."""
    return next((unit for unit in FACTORS if _is_plausible(number, unit)), None)


def _is_plausible(number: float, unit: str) -> bool:
    return EARLIEST <= int(number) * FACTORS[unit] < LATEST


def _checked(times: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    """Times of datetime columns in ns; a unit mistaken when they were written shows in the years."""
    for time in (int(times.min()) * factor, int(times.max()) * factor):
        if not EARLIEST <= time < LATEST:
            when = format_time(time) if abs(time) < 2**63 else f"{time / (365.25 * DAY) + 1970:.0f}"
            raise DataError(f"has the time {when}: its unit was mistaken when the file was written; write it again")
    times *= factor
    return times
