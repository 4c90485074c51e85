"""Means and variances of sliding windows, without the loss of digits that a difference of large squares brings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import largest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 512  # bars worked on at a time: the rows of all widths stay in the processor's nearest cache


@kernel
def moving_moments(values: Floats, spans: Integers, means: Floats, variances: Floats) -> None:
    """Write mean and variance (divisor: span) of the last `spans[k]` values at each bar to row k; NaN until there are.

    A window is put together as a fixed tree: mean and sum of squared deviations of 4, 16, 64 … neighbours, shared by
    all spans, then of each span as many as its digits in base 4 say. Two stretches are joined by the distance of their
    means (Chan, Golub and LeVeque 1979), so equal values have a variance of exactly 0, and a row depends on its window
    alone.
    """
    bars = len(values)
    longest = largest_of(spans)
    levels = 1
    while 4**levels <= longest:
        levels += 1
    chunk = max(CHUNK, 2 * longest)
    mean = np.empty((levels, min(bars, chunk + longest)))  # row k, bar i: of the 4**k values up to bar i
    squares = np.empty((levels, min(bars, chunk + longest)))
    part = np.empty((4, min(bars, chunk)))
    squares[0] = 0.0
    for k in range(len(spans)):
        means[k, : min(spans[k] - 1, bars)] = np.nan
        variances[k, : min(spans[k] - 1, bars)] = np.nan
    for start in range(0, bars, chunk):
        end = min(start + chunk, bars)
        base = max(0, start - longest)
        size = end - base
        mean[0, :size] = values[base:end]
        width = 1
        for level in range(1, levels):
            first = 4 * width - 1
            if level == 1 and size > first:
                _join_values(mean[0, :size], mean[1, first:size], squares[1, first:size])
            elif size > first:
                m, s = mean[level - 1, width - 1 : size], squares[level - 1, width - 1 : size]
                _join_four(m, s, width, mean[level, first:size], squares[level, first:size])
            width *= 4
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
    taken = joined = 0
    width = 1
    for level in range(len(mean)):
        for _ in range(span // width % 4):
            older_mean = mean[level, first - taken : size - taken]
            older_squares = squares[level, first - taken : size - taken]
            if taken == 0:
                gathered_mean, gathered_squares = older_mean, older_squares
            else:
                share = width / (taken + width)
                last = taken + width == span
                into_mean, into_squares = (means, variances) if last else (part[turn, :count], part[turn + 1, :count])
                _join(
                    gathered_mean, gathered_squares, older_mean, older_squares,
                    share, share * taken, into_mean, into_squares,
                )  # fmt: skip
                gathered_mean, gathered_squares = into_mean, into_squares
                turn = 2 - turn
                joined += 1
            taken += width
        width *= 4
    if joined == 0:
        for i in range(count):
            means[i] = gathered_mean[i]
    share = 1.0 / span
    for i in range(count):
        variances[i] = share * gathered_squares[i]


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


@inner
def _join_values(values: Floats, mean: Floats, squares: Floats) -> None:
    """Mean and squares of each four neighbouring values."""
    d, c, b, a = values, values[1:], values[2:], values[3:]
    for i in range(len(mean)):
        near, far = b[i] - a[i], d[i] - c[i]
        newer, older = a[i] + 0.5 * near, c[i] + 0.5 * far
        apart = older - newer
        mean[i] = newer + 0.5 * apart
        squares[i] = 0.5 * (near * near + far * far) + apart * apart


@inner
def _join_four(m: Floats, s: Floats, width: int, mean: Floats, squares: Floats) -> None:
    """Mean and squares of each four neighbouring stretches of `width` values: of two and two, and of both together."""
    d, c, b, a = m, m[width:], m[2 * width :], m[3 * width :]
    z, y, x, w = s, s[width:], s[2 * width :], s[3 * width :]
    half = 0.5 * width
    for i in range(len(mean)):
        near, far = b[i] - a[i], d[i] - c[i]
        newer, older = a[i] + 0.5 * near, c[i] + 0.5 * far
        apart = older - newer
        mean[i] = newer + 0.5 * apart
        squares[i] = (
            ((w[i] + x[i]) + half * (near * near)) + ((y[i] + z[i]) + half * (far * far)) + width * (apart * apart)
        )


@kernel
def moving_scores(values: Floats, spans: Integers, out: Floats) -> None:
    """Write how many sample deviations the newest value is above its window's mean; 0 where all are equal."""
    bars = len(values)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    means, variances = np.empty((len(spans), chunk + longest)), np.empty((len(spans), chunk + longest))
    for start in range(0, bars, chunk):
        end, base = min(start + chunk, bars), max(0, start - longest)
        moving_moments(values[base:end], spans, means, variances)
        for k in range(len(spans)):
            unbiased = spans[k] / (spans[k] - 1.0)
            _scores(
                values[start:end], means[k, start - base :], variances[k, start - base :], unbiased, out[k, start:end]
            )


@inner
def _scores(values: Floats, mean: Floats, variance: Floats, unbiased: float, out: Floats) -> None:
    for i in range(len(out)):
        deviation = math.sqrt(variance[i] * unbiased)
        score = (values[i] - mean[i]) / deviation
        out[i] = score if deviation != 0.0 else 0.0
