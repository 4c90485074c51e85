"""Means that never forget, compiled: each begins anew in every block, warmed by one before, so its past is bounded.

`starts` are the first bars of the blocks and `warm` the bars before a block from which it is begun, by when what was
before has faded: so a bar depends on its block and `warm` bars more, however much came earlier. Start-ups, of the first
bar as of each block, are TA-Lib's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw.ledger import inner, kernel
from fw_features.lanes import walker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@inner
def _mean_of_first(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    skipped, span, _ = settings
    total = 0.0
    if len(x) >= skipped + span:
        for i in range(skipped, skipped + span):
            total += x[i]
    return total / span, skipped + span


@inner
def _faded(mean: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    return mean + settings[2] * (x[i] - mean)


@inner
def _show_mean(mean: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    u[i] = mean


_walk_means = walker(_mean_of_first, _faded, _show_mean)


@kernel
def forgetting_means(
    values: Floats, skipped: int, span: int, weight: float, starts: Integers, warm: int, out: Floats
) -> None:
    """Write exponential means with `weight` for the newest value, seeded with a plain mean of `span` values.

    The first `skipped` values from where a block is begun are left out. NaN until the first seed is complete.
    """
    out[: min(len(values), skipped + span - 1)] = np.nan
    _walk_means((values, values, values), (skipped, span, weight), starts, warm, (out, out, out))


@inner
def _means_of_first(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    span, weight, depth, _ = settings
    a = b = c = 0.0
    count = depth * (span - 1) + 1
    if len(x) >= count:
        for i in range(count):
            if i < span - 1:
                a += x[i]
                continue
            a = (a + x[i]) / span if i == span - 1 else a + weight * (x[i] - a)
            if i < 2 * (span - 1):
                b += a
                continue
            b = (b + a) / span if i == 2 * (span - 1) else b + weight * (a - b)
            if i < 3 * (span - 1):
                c += b
                continue
            c = (c + b) / span
    return (a, b, c), count


@inner
def _faded_twice(means: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    a, b, c = means
    weight = settings[1]
    a += weight * (x[i] - a)
    b += weight * (a - b)
    return a, b, c


@inner
def _faded_thrice(means: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    a, b, c = means
    weight = settings[1]
    a += weight * (x[i] - a)
    b += weight * (a - b)
    c += weight * (b - c)
    return a, b, c


@inner
def _show_weighed(means: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    a, b, c = means
    by_a, by_b, by_c = settings[3]
    u[i] = (by_a * a + by_b * b) + by_c * c


_walk_two_means = walker(_means_of_first, _faded_twice, _show_weighed)
_walk_three_means = walker(_means_of_first, _faded_thrice, _show_weighed)


@kernel
def repeated_means(values: Floats, span: int, factors: Floats, starts: Integers, warm: int, out: Floats) -> None:
    """Write factors[0] × the exponential mean of `values` + factors[1] × the mean of that + factors[2] × that of those.

    Each is seeded with a plain mean of `span` of what it averages. A last factor of 0 leaves the third mean out; NaN
    for the first 2 or 3 × (span − 1) bars.
    """
    depth = 2 if factors[2] == 0.0 else 3
    out[: min(len(values), depth * (span - 1))] = np.nan
    settings = span, 2.0 / (span + 1.0), depth, (factors[0], factors[1], factors[2])
    if depth == 2:
        _walk_two_means((values, values, values), settings, starts, warm, (out, out, out))
    else:
        _walk_three_means((values, values, values), settings, starts, warm, (out, out, out))


@inner
def _first_crossing(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    fast, slow, signal, by_fast, by_slow, _ = settings
    quick = calm = mean = 0.0
    count = slow + signal - 1
    if len(x) >= count:
        for i in range(slow):
            calm += x[i]
            quick += x[i] if i >= slow - fast else 0.0
        quick /= fast
        calm /= slow
        mean = quick - calm
        for i in range(slow, count):
            quick += by_fast * (x[i] - quick)
            calm += by_slow * (x[i] - calm)
            mean += quick - calm
        mean /= signal
    return (quick, calm, mean), count


@inner
def _crossed(means: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    quick, calm, mean = means
    quick += settings[3] * (x[i] - quick)
    calm += settings[4] * (x[i] - calm)
    mean += settings[5] * ((quick - calm) - mean)
    return quick, calm, mean


@inner
def _show_crossing(means: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    quick, calm, mean = means
    line = quick - calm
    u[i] = line
    v[i] = mean
    w[i] = line - mean


_walk_crossings = walker(_first_crossing, _crossed, _show_crossing)


@kernel
def crossing_means(values: Floats, fast: int, slow: int, signal: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write fast − slow exponential mean, the exponential mean of that, and their difference (MACD).

    The fast mean is seeded so that both begin at the same bar. NaN for the first slow + signal − 2 bars.
    """
    out[:, : min(len(values), slow + signal - 2)] = np.nan
    settings = fast, slow, signal, 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), 2.0 / (signal + 1.0)
    _walk_crossings((values, values, values), settings, starts, warm, (out[0], out[1], out[2]))


@inner
def _first_paced(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    span = settings[0]
    mean = 0.0
    if len(x) > span:
        mean = x[span - 1] + y[span] * (x[span] - x[span - 1])
    return mean, span + 1


@inner
def _paced(mean: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    return mean + y[i] * (x[i] - mean)


_walk_paced = walker(_first_paced, _paced, _show_mean)


@kernel
def paced_means(values: Floats, weights: Floats, span: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write a mean in which the newest value weighs `weights[bar]`, begun at the value of bar span − 1 (KAMA)."""
    out[: min(len(values), span)] = np.nan
    _walk_paced((values, weights, weights), (span, 0.0), starts, warm, (out, out, out))


@inner
def _first_flows(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    by_fast, by_slow, count = settings
    line = near = far = 0.0
    if len(x) >= count:
        line = near = far = x[0]
        for i in range(1, count):
            line += x[i]
            near += by_fast * (line - near)
            far += by_slow * (line - far)
    return (line, near, far), count


@inner
def _flowed(state: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    line, near, far = state
    line += x[i]
    near += settings[0] * (line - near)
    far += settings[1] * (line - far)
    return line, near, far


@inner
def _show_flow(state: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    u[i] = state[1] - state[2]


_walk_flows = walker(_first_flows, _flowed, _show_flow)


@kernel
def chaikin_oscillators(flows: Floats, fast: int, slow: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write fast minus slow exponential mean of the running sum of money flow; NaN until the longer has its span.

    What the sum was before cancels out of the difference as both means forget it: it begins at 0, and the means at
    its first value.
    """
    known = max(fast, slow) - 1
    out[: min(len(flows), known)] = np.nan
    settings = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), known + 1
    _walk_flows((flows, flows, flows), settings, starts, warm, (out, out, out))
