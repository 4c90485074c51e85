"""Sets of time as sorted spans [start, end) in ns."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same instants in as few spans as there can be."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The instants of `spans` that are not in `taken`."""
    left: list[Span] = []
    holes = union(taken)
    for start, end in union(spans):
        for begins, ends in holes:
            if ends <= start:
                continue
            if begins >= end:
                break
            if begins > start:
                left.append((start, begins))
            start = max(start, ends)
        if start < end:
            left.append((start, end))
    return left
