"""Where volume goes: money flow, signed volume and the slope of its sum, spreads that prices give away, compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import moving_means
from fw_features.logs import log_quotients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 1024  # bars worked on at a time, so that they stay in the processor's nearest cache


@kernel
def money_flows(high: Floats, low: Floats, close: Floats, volume: Floats) -> Floats:
    """Volume × where in its range the bar closed, from −1 at the low to 1 at the high; 0 for a bar without range."""
    out = np.empty(len(close))
    for bar in range(len(out)):
        reach = high[bar] - low[bar]
        place = ((close[bar] - low[bar]) - (high[bar] - close[bar])) / reach if reach > 0.0 else 0.0
        out[bar] = place * volume[bar]
    return out


@kernel
def volume_prices(high: Floats, low: Floats, close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write the mean of (high + low + close) / 3 weighted with volume; the plain mean where nothing was traded."""
    typical, traded = np.empty(len(close)), np.empty(len(close))
    for bar in range(len(close)):
        typical[bar] = ((high[bar] + low[bar]) + close[bar]) / 3.0
        traded[bar] = typical[bar] * volume[bar]
    weighed, volumes = np.empty(out.shape), np.empty(out.shape)
    moving_means(typical, spans, out)
    moving_means(traded, spans, weighed)
    moving_means(volume, spans, volumes)
    for k in range(len(spans)):
        column, above, below = out[k], weighed[k], volumes[k]
        for i in range(len(column)):
            column[i] = above[i] / below[i] if below[i] > 0.0 else column[i]


@kernel
def shares(above: Floats, below: Floats, spans: Integers, out: Floats) -> None:
    """Write the sum of `above` over the sum of `below` of the last `spans[k]` bars; 0 where that is 0."""
    parts = np.empty(out.shape)
    moving_means(above, spans, out)
    moving_means(below, spans, parts)
    for k in range(len(spans)):
        column, part = out[k], parts[k]
        for i in range(len(column)):
            column[i] = column[i] / part[i] if part[i] != 0.0 else 0.0


@kernel
def balance_slopes(close: Floats, volume: Floats, spans: Integers, out: Floats) -> None:
    """Write the slope of on-balance volume over the last `spans[k]` bars, as a share of their mean volume.

    The least-squares slope of a running sum over n points is a sum of its n − 1 steps, each weighed by how far it
    stands from both ends, m (n − m) / 2 over n (n² − 1) / 12; where the sum began does not matter.
    """
    bars = len(close)
    steps = np.empty(bars)
    steps[: min(1, bars)] = 0.0
    for bar in range(1, bars):
        change = close[bar] - close[bar - 1]
        steps[bar] = volume[bar] if change > 0.0 else -volume[bar] if change < 0.0 else 0.0
    means = np.empty(out.shape)
    moving_means(volume, spans, means)
    for k in range(len(spans)):
        span = spans[k]
        column, mean = out[k], means[k]
        column[: min(span - 1, bars)] = np.nan
        whole = span * (span * span - 1.0) / 12.0
        for start in range(span - 1, bars, CHUNK):
            end = min(start + CHUNK, bars)
            column[start:end] = 0.0
            for back in range(span - 1):
                weight = 0.5 * (back + 1.0) * (span - 1.0 - back) / whole
                _add_weighed(steps[start - back : end - back], weight, column[start:end])
        for i in range(span - 1, bars):
            column[i] = column[i] / mean[i] if mean[i] > 0.0 else 0.0


@inner
def _add_weighed(values: Floats, weight: float, out: Floats) -> None:
    for i in range(len(out)):
        out[i] += weight * values[i]


@kernel
def chaikin_oscillators(flows: Floats, fast: int, slow: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write fast minus slow exponential mean of the running sum of money flow; NaN until the longer has its span.

    What the sum was before cancels out of the difference as both means forget it: it begins at 0, and the means at
    its first value, `warm` bars before each block of bars (`starts`: the first bar of each).
    """
    bars = len(flows)
    seeded = max(fast, slow) - 1
    out[: min(bars, seeded)] = np.nan
    quick, calm = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)
    for block in range(len(starts)):
        first = starts[block]
        end = starts[block + 1] if block + 1 < len(starts) else bars
        begin = max(0, first - warm)
        line = flows[begin]
        near = far = line
        for bar in range(begin + 1, end):
            line += flows[bar]
            near += quick * (line - near)
            far += calm * (line - far)
            if bar >= first and bar >= seeded:
                out[bar] = near - far


@kernel
def changes_in_percent(values: Floats, spans: Integers, out: Floats) -> None:
    """Write 100 × (value / value `spans[k]` bars ago − 1); 0 where that was 0."""
    bars = len(values)
    for k in range(len(spans)):
        span = min(spans[k], bars)
        out[k, :span] = np.nan
        newer, older, column = values[span:], values[: bars - span], out[k, span:]
        for i in range(len(column)):
            column[i] = 100.0 * (newer[i] / older[i] - 1.0) if older[i] != 0.0 else 0.0


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
