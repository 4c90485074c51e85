"""Means and variances of sliding windows, without the loss of digits that a difference of large squares brings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 1024  # bars worked on at a time: the rows of all widths stay in the processor's nearer caches


@kernel
def moving_moments(values: Floats, spans: Integers, means: Floats, variances: Floats) -> None:
    """Write mean and variance (divisor: span) of the last `spans[k]` values at each bar to row k; NaN until there are.

    A window is put together as a fixed tree: mean and sum of squared deviations of 2, 4, 8 … neighbours, shared by
    all spans, then of each span those that the digits of the span in base 2 say. Two stretches are joined by the
    distance of their means (Chan, Golub and LeVeque 1979), so equal values have a variance of exactly 0, and a row
    depends on its window alone.
    """
    bars = len(values)
    longest = 1
    for k in range(len(spans)):
        longest = max(longest, spans[k])
    levels = 1
    while 2**levels <= longest:
        levels += 1
    chunk = max(CHUNK, 2 * longest)
    mean = np.empty((levels, min(bars, chunk + longest)))  # row k, bar i: of the 2**k values up to bar i
    squares = np.empty((levels, min(bars, chunk + longest)))
    part = np.empty((4, min(bars, chunk)))
    for k in range(len(spans)):
        means[k, : min(spans[k] - 1, bars)] = np.nan
        variances[k, : min(spans[k] - 1, bars)] = np.nan
    for start in range(0, bars, chunk):
        end = min(start + chunk, bars)
        base = max(0, start - longest)
        size = end - base
        mean[0, :size] = values[base:end]
        squares[0, :size] = 0.0
        width = 1
        for level in range(1, levels):
            if size >= 2 * width:
                m, s = mean[level - 1], squares[level - 1]
                first = 2 * width - 1
                _join(
                    m[first:size], s[first:size], m[first - width : size - width], s[first - width : size - width],
                    0.5, 0.5 * width, mean[level, first:size], squares[level, first:size],
                )  # fmt: skip
            width *= 2
        for k in range(len(spans)):
            first = max(start, spans[k] - 1)
            if first < end:
                _gather(mean, squares, first - base, size, spans[k], part, means[k, first:end], variances[k, first:end])


@inner
def _gather(
    mean: Floats, squares: Floats, first: int, size: int, span: int, part: Floats, means: Floats, variances: Floats
) -> None:
    """Join the stretches that make up one span, newest first, for the bars [first, size) of a chunk."""
    count = size - first
    gathered_mean, gathered_squares = mean[0, first:size], squares[0, first:size]
    turn = 0  # a join writes beside what it reads, or it could not run on several bars at once
    taken = 0
    width = 1
    for level in range(len(mean)):
        if span // width % 2 == 1:
            older_mean = mean[level, first - taken : size - taken]
            older_squares = squares[level, first - taken : size - taken]
            if taken == 0:
                gathered_mean, gathered_squares = older_mean, older_squares
            else:
                share = width / (taken + width)
                into_mean, into_squares = part[turn, :count], part[turn + 1, :count]
                _join(
                    gathered_mean, gathered_squares, older_mean, older_squares,
                    share, share * taken, into_mean, into_squares,
                )  # fmt: skip
                gathered_mean, gathered_squares = into_mean, into_squares
                turn = 2 - turn
            taken += width
        width *= 2
    for i in range(count):
        means[i] = gathered_mean[i]
        variances[i] = gathered_squares[i] / span


@inner
def _join(
    newer: Floats, newer_squares: Floats, older: Floats, older_squares: Floats, share: float, weight: float,
    mean: Floats, squares: Floats,
) -> None:  # fmt: skip
    """Mean and squares of two stretches together; `share` is the older's of the values."""
    for i in range(len(mean)):
        apart = older[i] - newer[i]
        mean[i] = newer[i] + share * apart
        squares[i] = (newer_squares[i] + older_squares[i]) + weight * (apart * apart)


@kernel
def moving_scores(values: Floats, spans: Integers, out: Floats) -> None:
    """Write how many sample deviations the newest value is above its window's mean; 0 where all are equal."""
    variances = np.empty(out.shape)
    moving_moments(values, spans, out, variances)
    for k in range(len(spans)):
        unbiased = spans[k] / (spans[k] - 1.0)
        column, variance = out[k], variances[k]
        for i in range(len(column)):
            deviation = math.sqrt(variance[i] * unbiased)
            column[i] = (values[i] - column[i]) / deviation if deviation != 0.0 else 0.0
