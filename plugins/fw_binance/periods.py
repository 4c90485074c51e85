"""Months and days of UTC as the archive cuts them, and spans of time cut by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs
import numpy as np

Span = tuple[int, int]
UNITS = {"month": "M", "day": "D"}


@attrs.frozen(order=True)
class Period:
    """One month or day, [start, end) in ns."""

    start: int
    end: int
    name: str
    """`2024-01` or `2024-01-31`."""


def periods(unit: str, spans: Iterable[Span]) -> Sequence[Period]:
    """Every month or day that the spans touch, in order."""
    found = {period for start, end in spans if start < end for period in _touched(unit, start, end)}
    return sorted(found)


def _touched(unit: str, start: int, end: int) -> Iterator[Period]:
    step = UNITS[unit]
    first, last = (np.datetime64(time, "ns").astype(f"datetime64[{step}]") for time in (start, end - 1))
    for begins in np.arange(first, last + 1):
        bounds = [int(time.astype("datetime64[ns]").astype(np.int64)) for time in (begins, begins + 1)]
        yield Period(bounds[0], bounds[1], str(begins))


def within(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans that lie in [start, end)."""
    cut = ((max(first, start), min(last, end)) for first, last in spans)
    return [(first, last) for first, last in cut if first < last]


def length(spans: Iterable[Span]) -> int:
    """Ns in them together."""
    return sum(end - start for start, end in spans)


def pages(spans: Iterable[Span], size: int) -> Iterator[Span]:
    """As few spans of at most `size` ns as hold them all, from one missing instant to another."""
    start = end = None
    for first, last in spans:
        while first < last:
            if start is None or end is None or first >= start + size:
                if start is not None and end is not None:
                    yield start, end
                start = first
            end = min(last, start + size)
            first = end
    if start is not None and end is not None:
        yield start, end
