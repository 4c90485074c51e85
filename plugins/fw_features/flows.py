"""Where volume goes: money flow, signed volume and the slope of its sum, spreads that prices give away, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import largest_of, moving_means
from fw_features.logs import log_quotients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 1024  # bars worked on at a time, so that they stay in the processor's nearest cache


@kernel
def money_flows(high: Floats, low: Floats, close: Floats, volume: Floats, out: Floats) -> None:
    """Write volume × where in its range the bar closed, from −1 at the low to 1 at the high; 0 without a range."""
    for i in range(len(high)):
        reach = high[i] - low[i]
        place = ((close[i] - low[i]) - (high[i] - close[i])) / reach
        out[i] = (place if reach > 0.0 else 0.0) * volume[i]


@kernel
def money_flow_sums(high: Floats, low: Floats, close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write the sum of money flow over the last `spans[k]` bars, and that over their volume; 0 without volume.

    Two rows for each span.
    """
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    flows = np.empty(chunk + longest)
    means, volumes = np.empty((len(spans), chunk + longest)), np.empty((len(spans), chunk + longest))
    for start in range(0, bars, chunk):
        end, base = min(start + chunk, bars), max(0, start - longest)
        money_flows(high[base:end], low[base:end], close[base:end], volume[base:end], flows)
        moving_means(flows[: end - base], spans, means)
        moving_means(volume[base:end], spans, volumes)
        for k in range(len(spans)):
            mean, whole = means[k, start - base :], volumes[k, start - base :]
            _times(mean, float(spans[k]), out[2 * k, start:end])
            _shares(mean, whole, 0.0, out[2 * k + 1, start:end])


@inner
def _times(values: Floats, factor: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = factor * values[i]


@inner
def _shares(above: Floats, below: Floats, without: float, out: Floats) -> None:
    """Write above / below, and `without` where below is 0."""
    for i in range(len(out)):
        part, whole = above[i] / below[i], below[i]
        out[i] = part if whole != 0.0 else without


@kernel
def money_flow_indices(high: Floats, low: Floats, close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write 100 × U / (U + D) of the last `spans[k]` bars; 50 where both are 0, NaN for the first span bars.

    U and D are sums of typical price × volume, of the bars where the typical price rose and of those where it fell.
    """
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    flows = np.empty((3, chunk + longest + 1))
    typical, up, down = flows[0], flows[1], flows[2]
    ups, downs = np.empty((len(spans), chunk + longest)), np.empty((len(spans), chunk + longest))
    out[:, : min(1, bars)] = np.nan
    for start in range(1, bars, chunk):
        end, base = min(start + chunk, bars), max(1, start - longest)
        size = end - base
        _typical(high[base - 1 : end], low[base - 1 : end], close[base - 1 : end], typical)
        _rises_and_falls(typical[1 : 1 + size], typical[:size], volume[base:end], up, down)
        moving_means(up[:size], spans, ups)
        moving_means(down[:size], spans, downs)
        for k in range(len(spans)):
            _balance(ups[k, start - base :], downs[k, start - base :], out[k, start:end])


@inner
def _typical(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    for i in range(len(high)):
        out[i] = ((high[i] + low[i]) + close[i]) / 3.0


@inner
def _rises_and_falls(newer: Floats, older: Floats, volume: Floats, up: Floats, down: Floats) -> None:
    for i in range(len(newer)):
        flow, change = newer[i] * volume[i], newer[i] - older[i]
        up[i] = flow if change > 0.0 else 0.0
        down[i] = flow if change < 0.0 else 0.0


@inner
def _balance(up: Floats, down: Floats, out: Floats) -> None:
    for i in range(len(out)):
        whole = up[i] + down[i]
        percent = 100.0 * (up[i] / whole)
        out[i] = percent if whole != 0.0 else 50.0


@kernel
def ultimate_oscillators(high: Floats, low: Floats, close: Floats, spans: Integers, out: Floats) -> None:
    """Write (4 p + 2 p + p) / 7 over three growing spans; p: 100 × Σ (close − true low) / Σ true range, 50 if still."""
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    pressure, reach = np.empty(chunk + longest), np.empty(chunk + longest)
    pressures, reaches = np.empty((3, chunk + longest)), np.empty((3, chunk + longest))
    out[: min(1, bars)] = np.nan
    for start in range(1, bars, chunk):
        end, base = min(start + chunk, bars), max(1, start - longest)
        size, skipped = end - base, start - base
        _pressures(high[base:end], low[base:end], close[base:end], close[base - 1 : end - 1], pressure, reach)
        moving_means(pressure[:size], spans, pressures)
        moving_means(reach[:size], spans, reaches)
        for k in range(3):
            _shares(pressures[k, skipped:], reaches[k, skipped:], 0.5, pressures[k, skipped:size])
        column, a, b, c = out[start:end], pressures[0, skipped:], pressures[1, skipped:], pressures[2, skipped:]
        for i in range(len(column)):
            column[i] = (4.0 * (100.0 * a[i]) + 2.0 * (100.0 * b[i]) + 100.0 * c[i]) / 7.0


@inner
def _pressures(high: Floats, low: Floats, close: Floats, before: Floats, pressure: Floats, reach: Floats) -> None:
    for i in range(len(high)):
        bottom = low[i] if low[i] < before[i] else before[i]
        top = high[i] if high[i] > before[i] else before[i]
        pressure[i] = close[i] - bottom
        reach[i] = top - bottom


@kernel
def volume_prices(high: Floats, low: Floats, close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write the mean of (high + low + close) / 3 weighted with volume; the plain mean where nothing was traded."""
    bars = len(close)
    longest = largest_of(spans)
    chunk = max(CHUNK, 4 * longest)
    typical, traded = np.empty(chunk + longest), np.empty(chunk + longest)
    shape = len(spans), chunk + longest
    plain, weighed, volumes = np.empty(shape), np.empty(shape), np.empty(shape)
    for start in range(0, bars, chunk):
        end, base = min(start + chunk, bars), max(0, start - longest)
        size, skipped = end - base, start - base
        _typical(high[base:end], low[base:end], close[base:end], typical)
        _products(typical[:size], volume[base:end], traded)
        moving_means(typical[:size], spans, plain)
        moving_means(traded[:size], spans, weighed)
        moving_means(volume[base:end], spans, volumes)
        for k in range(len(spans)):
            _prices(weighed[k, skipped:], volumes[k, skipped:], plain[k, skipped:], out[k, start:end])


@inner
def _products(one: Floats, other: Floats, out: Floats) -> None:
    for i in range(len(one)):
        out[i] = one[i] * other[i]


@inner
def _prices(above: Floats, below: Floats, plain: Floats, out: Floats) -> None:
    for i in range(len(out)):
        price = above[i] / below[i]
        out[i] = price if below[i] > 0.0 else plain[i]


@kernel
def shares(above: Floats, below: Floats, spans: Integers, out: Floats) -> None:
    """Write the sum of `above` over the sum of `below` of the last `spans[k]` bars; 0 where that is 0."""
    parts = np.empty(out.shape)
    moving_means(above, spans, out)
    moving_means(below, spans, parts)
    for k in range(len(spans)):
        _shares(out[k], parts[k], 0.0, out[k])


@kernel
def balance_slopes(close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write the slope of on-balance volume over the last `spans[k]` bars, as a share of their mean volume.

    The least-squares slope of a running sum over n points is a sum of its n − 1 steps, each weighed by how far it
    stands from both ends, m (n − m) / 2 over n (n² − 1) / 12; where the sum began does not matter.
    """
    bars = len(close)
    for k in range(len(spans)):
        span = spans[k]
        out[k, : min(span - 1, bars)] = np.nan
        whole = span * (span * span - 1.0) / 12.0
        weights = np.empty(span - 1)
        for back in range(span - 1):
            weights[back] = 0.5 * (back + 1.0) * (span - 1.0 - back) / whole
        chunk = max(CHUNK, 4 * span)
        steps, means = np.empty(chunk + span), np.empty((1, chunk + span))
        for start in range(span - 1, bars, chunk):
            end, base = min(start + chunk, bars), start - span + 1
            _steps(close[base + 1 : end], close[base : end - 1], volume[base + 1 : end], steps)
            moving_means(volume[base:end], spans[k : k + 1], means)
            column = out[k, start:end]
            column[:] = 0.0
            back = 0
            while back + 3 < span - 1:
                _add_four_weighed(steps[span - 5 - back :], weights[back : back + 4], column)
                back += 4
            while back < span - 1:
                _add_weighed(steps[span - 2 - back :], weights[back], column)
                back += 1
            _shares_above(column, means[0, span - 1 :], column)


@inner
def _steps(newer: Floats, older: Floats, volume: Floats, out: Floats) -> None:
    for i in range(len(newer)):
        change, size = newer[i] - older[i], volume[i]
        out[i] = (size if change > 0.0 else 0.0) - (size if change < 0.0 else 0.0)


@inner
def _add_weighed(values: Floats, weight: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] += weight * values[i]


@inner
def _add_four_weighed(oldest: Floats, weights: Floats, out: Floats) -> None:
    newest, newer, older = oldest[3:], oldest[2:], oldest[1:]
    u, v, w, x = weights[0], weights[1], weights[2], weights[3]
    for i in range(len(out)):
        out[i] += (u * newest[i] + v * newer[i]) + (w * older[i] + x * oldest[i])


@inner
def _shares_above(above: Floats, below: Floats, out: Floats) -> None:
    """Write above / below, and 0 where below is not above 0."""
    for i in range(len(out)):
        part = above[i] / below[i]
        out[i] = part if below[i] > 0.0 else 0.0


@kernel
def price_impacts(close: Floats, volume: Floats, spans: Integers, unit: float, out: Floats) -> None:
    """Write the mean of |log return| per `unit` of traded value over those of the last `spans[k]` bars that traded."""
    bars = len(close)
    impact, traded = np.empty(max(0, bars - 1)), np.empty(max(0, bars - 1))
    log_quotients(close[1:], close[: len(impact)], impact)
    for i in range(len(impact)):
        value = close[i + 1] * volume[i + 1] / unit
        impact[i] = abs(impact[i]) / value if value > 0.0 else 0.0
        traded[i] = 1.0 if value > 0.0 else 0.0
    out[:, : min(1, bars)] = np.nan
    shares(impact, traded, spans, out[:, 1:])


@kernel
def roll_spreads(close: Floats, spans: Integers, out: Floats) -> None:
    """Write 2 √(−covariance of neighbouring log returns) of the last `spans[k]` returns; 0 where that is above 0."""
    bars = len(close)
    changes = np.empty(max(0, bars - 1))
    log_quotients(close[1:], close[: len(changes)], changes)
    newer, older = changes[1:], changes[:-1]
    pairs = spans - 1
    shape = (len(spans), len(newer))
    products, news, olds = np.empty(shape), np.empty(shape), np.empty(shape)
    moving_means(newer * older, pairs, products)
    moving_means(newer, pairs, news)
    moving_means(older, pairs, olds)
    for k in range(len(spans)):
        out[k, : min(2, bars)] = np.nan
        column, product, new, old = out[k, 2:], products[k], news[k], olds[k]
        for i in range(len(column)):
            covariance = product[i] - new[i] * old[i]
            column[i] = 2.0 * math.sqrt(0.0 if covariance > 0.0 else -covariance)


@kernel
def corwin_schultz_spreads(high: Floats, low: Floats, spans: Integers, out: Floats) -> None:
    """Write the mean over `spans[k]` pairs of neighbouring bars of the spread that their ranges give away."""
    bars = len(high)
    spreads = np.empty(max(0, bars - 1))
    root = 3.0 - 2.0 * math.sqrt(2.0)
    for i in range(len(spreads)):
        one, two = math.log(high[i] / low[i]), math.log(high[i + 1] / low[i + 1])
        both = math.log(max(high[i], high[i + 1]) / min(low[i], low[i + 1]))
        beta, gamma = one * one + two * two, both * both
        alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / root - math.sqrt(gamma / root)
        spreads[i] = 2.0 * (math.exp(alpha) - 1.0) / (1.0 + math.exp(alpha)) if alpha > 0.0 else 0.0
    out[:, : min(1, bars)] = np.nan
    moving_means(spreads, spans, out[:, 1:])


@kernel
def over_means(values: Floats, spans: Integers, out: Floats) -> None:
    """Write each value over the mean of the last `spans[k]`; 0 where that is 0."""
    moving_means(values, spans, out)
    for k in range(len(spans)):
        column = out[k]
        for i in range(len(column)):
            column[i] = values[i] / column[i] if column[i] != 0.0 else 0.0
