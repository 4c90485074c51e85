"""Sums over the last bars, compiled: each from its own window, as distances from the newest value.

Distances are small where prices are large, so little is rounded, and flat prices give an exact zero. The bars of a
window are walked in the same order wherever it stands; many windows are walked at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import moving_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 1024  # windows walked at once: what they need of values and sums stays in the nearest cache


@kernel
def weighted_sums(values: Floats, weights: Floats, total: float, out: Floats) -> None:
    """Write Σ weights[j] × (value j bars ago − newest value) + total × newest value; NaN for the first bars.

    With `total` the sum of all weights this is Σ weights[j] × value j bars ago.
    """
    bars = len(values)
    span = len(weights)
    out[: min(span - 1, bars)] = np.nan
    for start in range(span - 1, bars, CHUNK):
        end = min(start + CHUNK, bars)
        newest, column = values[start:end], out[start:end]
        for i in range(len(column)):
            column[i] = total * newest[i]
        ago = 1
        while ago + 3 < span:
            a, b = values[start - ago : end - ago], values[start - ago - 1 : end - ago - 1]
            c, d = values[start - ago - 2 : end - ago - 2], values[start - ago - 3 : end - ago - 3]
            _add_four(newest, a, b, c, d, weights[ago : ago + 4], column)
            ago += 4
        while ago < span:
            older, weight = values[start - ago : end - ago], weights[ago]
            for i in range(len(column)):
                column[i] += weight * (older[i] - newest[i])
            ago += 1


@inner
def _add_four(newest: Floats, a: Floats, b: Floats, c: Floats, d: Floats, weights: Floats, out: Floats) -> None:
    u, v, w, x = weights[0], weights[1], weights[2], weights[3]
    for i in range(len(out)):
        new = newest[i]
        out[i] += (u * (a[i] - new) + v * (b[i] - new)) + (w * (c[i] - new) + x * (d[i] - new))


@inner
def _add_distances(values: Floats, start: int, end: int, span: int, sums: Floats, squares: Floats) -> None:
    """Add up the distances of the last `span` values from the newest, and their squares, for the bars [start, end)."""
    newest = values[start:end]
    for i in range(len(newest)):
        sums[i] = 0.0
        squares[i] = 0.0
    ago = 1
    while ago + 1 < span:
        a, b = values[start - ago : end - ago], values[start - ago - 1 : end - ago - 1]
        for i in range(len(newest)):
            near, far = a[i] - newest[i], b[i] - newest[i]
            sums[i] += near + far
            squares[i] += near * near + far * far
        ago += 2
    if ago < span:
        a = values[start - ago : end - ago]
        for i in range(len(newest)):
            near = a[i] - newest[i]
            sums[i] += near
            squares[i] += near * near


@kernel
def fits(values: Floats, span: int, slopes: Floats, shares: Floats) -> None:
    """Write the slope of the least-squares line through the last `span` values, and the share it explains (R²).

    The slope is by the bar; of equal values the line explains nothing, 0. NaN for the first span − 1 bars.
    """
    bars = len(values)
    spread = span * (span * span - 1.0) / 12.0
    weights = np.empty(span)
    for ago in range(span):
        weights[ago] = ((span - 1) / 2.0 - ago) / spread
    weighted_sums(values, weights, 0.0, slopes)
    shares[: min(span - 1, bars)] = np.nan
    sums, squares = np.empty(CHUNK), np.empty(CHUNK)
    for start in range(span - 1, bars, CHUNK):
        end = min(start + CHUNK, bars)
        _add_distances(values, start, end, span, sums, squares)
        slope, column = slopes[start:end], shares[start:end]
        for i in range(len(column)):
            whole = squares[i] - sums[i] * sums[i] / span
            explained = slope[i] * slope[i] * spread
            column[i] = (explained / whole if explained < whole else 1.0) if whole > 0.0 else 0.0


@kernel
def channel_indices(high: Floats, low: Floats, close: Floats, span: int, out: Floats) -> None:
    """Write (typical price − its mean) / (0.015 × its mean distance from the mean) of the last `span` bars.

    It is 0 where all typical prices are equal.
    """
    bars = len(close)
    out[: min(span - 1, bars)] = np.nan
    typical, means, distances = np.empty(CHUNK + span), np.empty(CHUNK), np.empty(CHUNK)
    for start in range(span - 1, bars, CHUNK):
        end = min(start + CHUNK, bars)
        base, count = start - span + 1, end - start
        _typical(high[base:end], low[base:end], close[base:end], typical)
        newest = typical[span - 1 : span - 1 + count]
        mean, distance, column = means[:count], distances[:count], out[start:end]
        mean[:] = 0.0
        ago = 1
        while ago + 3 < span:
            _add_four_distances(newest, typical[span - 4 - ago :], mean)
            ago += 4
        while ago < span:
            _add_distance(newest, typical[span - 1 - ago :], mean)
            ago += 1
        share = 1.0 / span
        for i in range(count):
            mean[i] *= share
            distance[i] = abs(mean[i])
            mean[i] += newest[i]
        ago = 1
        while ago + 3 < span:
            _add_four_lengths(mean, typical[span - 4 - ago :], distance)
            ago += 4
        while ago < span:
            _add_length(mean, typical[span - 1 - ago :], distance)
            ago += 1
        for i in range(count):
            away = (newest[i] - mean[i]) * span / (0.015 * distance[i])
            column[i] = away if distance[i] > 0.0 else 0.0


@inner
def _typical(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    for i in range(len(high)):
        out[i] = ((high[i] + low[i]) + close[i]) / 3.0


@inner
def _add_distance(newest: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] += older[i] - newest[i]


@inner
def _add_four_distances(newest: Floats, older: Floats, out: Floats) -> None:
    a, b, c = older[1:], older[2:], older[3:]
    for i in range(len(out)):
        new = newest[i]
        out[i] += ((older[i] - new) + (a[i] - new)) + ((b[i] - new) + (c[i] - new))


@inner
def _add_length(mean: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] += abs(older[i] - mean[i])


@inner
def _add_four_lengths(mean: Floats, older: Floats, out: Floats) -> None:
    a, b, c = older[1:], older[2:], older[3:]
    for i in range(len(out)):
        m = mean[i]
        out[i] += (abs(older[i] - m) + abs(a[i] - m)) + (abs(b[i] - m) + abs(c[i] - m))


@kernel
def counts(yes: NDArray[np.bool_], span: int, out: Floats) -> None:
    """Write how many of the last `span` are true, NaN for the first span bars: the first bar has none before it."""
    bars = len(yes)
    out[: min(span, bars)] = np.nan
    held = 0  # whole numbers are exact, so this total remembers nothing
    for bar in range(1, bars):
        held += yes[bar]
        if bar > span:
            held -= yes[bar - span]
        if bar >= span:
            out[bar] = held


@kernel
def efficiencies(values: Floats, span: int, slow: float, fast: float, out: Floats) -> None:
    """Write (e × (fast − slow) + slow)², e: how much of the way that was walked in `span` bars led somewhere.

    e is |value − value `span` bars ago| / Σ |value − the one before|, 1 where nothing moved. NaN for the first `span`.
    """
    bars = len(values)
    spans = np.array([span])
    chunk = max(CHUNK, 4 * span)
    steps, walked = np.empty(chunk + span), np.empty((1, chunk + span))
    out[: min(span, bars)] = np.nan
    for start in range(span, bars, chunk):
        end = min(start + chunk, bars)
        base = start - span + 1  # the first step that counts is the one to this bar
        _lengths(values[base:end], values[base - 1 : end - 1], steps)
        moving_means(steps[: end - base], spans, walked)
        _paces(
            values[start:end],
            values[start - span : end - span],
            walked[0, span - 1 :],
            span,
            slow,
            fast,
            out[start:end],
        )


@inner
def _lengths(newer: Floats, older: Floats, out: Floats) -> None:
    for i in range(len(newer)):
        out[i] = abs(newer[i] - older[i])


@inner
def _paces(newer: Floats, older: Floats, mean: Floats, span: int, slow: float, fast: float, out: Floats) -> None:
    for i in range(len(out)):
        way, walked = abs(newer[i] - older[i]), mean[i] * span
        efficiency = way / walked
        pace = (efficiency if walked > way else 1.0) * (fast - slow) + slow
        out[i] = pace * pace


@kernel
def swings(high: Floats, low: Floats, spans: Integers, out: Floats) -> None:
    """Write how many of the last `spans[k]` bars had a higher high, and a lower low, than the bar before."""
    higher, lower = np.zeros(len(high), np.bool_), np.zeros(len(low), np.bool_)
    for bar in range(1, len(high)):
        higher[bar] = high[bar] > high[bar - 1]
        lower[bar] = low[bar] < low[bar - 1]
    for k in range(len(spans)):
        counts(higher, spans[k], out[2 * k])
        counts(lower, spans[k], out[2 * k + 1])


@kernel
def hull_means(values: Floats, half: Floats, whole: Floats, root: Floats, out: Floats) -> None:
    """Write sums weighed with `root` of twice those weighed with `half` less those weighed with `whole`."""
    bars, span = len(values), len(whole)
    near, far = np.empty(bars), np.empty(bars)
    weighted_sums(values, half, 1.0, near)
    weighted_sums(values, whole, 1.0, far)
    out[: min(span - 1, bars)] = np.nan
    if bars >= span:
        for bar in range(span - 1, bars):
            near[bar] = 2.0 * near[bar] - far[bar]
        weighted_sums(near[span - 1 :], root, 1.0, out[span - 1 :])
