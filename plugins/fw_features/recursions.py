"""What never forgets, compiled: it begins anew in each block, warmed by one block before, so its past is bounded.

`starts` are the first bars of the blocks and `warm` the bars before a block from which it is begun, as in
`forgetting_means`. Start-ups, of the first bar as of each block, are TA-Lib's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.kernels import whole_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@inner
def _end(starts: Integers, block: int, bars: int) -> int:
    return starts[block + 1] if block + 1 < len(starts) else bars


@kernel
def repeated_means(values: Floats, span: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write the exponential mean of `values` to `out[0]`, the mean of that mean to `out[1]`, and so on.

    Each is seeded with a plain mean of `span` of what it averages, so row k is NaN for (k + 1) × (span − 1) bars.
    """
    bars = len(values)
    weight = 2.0 / (span + 1.0)
    depth = len(out)
    means = np.empty(depth)
    for k in range(depth):
        out[k, : min(bars, (k + 1) * (span - 1))] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        begin = max(0, first - warm)
        started = begin + depth * (span - 1) + 1
        means[:] = 0.0
        for bar in range(begin, min(started, end)):
            value = values[bar]
            for k in range(depth):
                seeded = begin + (k + 1) * (span - 1)
                if bar < begin + k * (span - 1):
                    break
                if bar <= seeded:
                    means[k] += value
                    if bar < seeded:
                        break
                    means[k] /= span
                else:
                    means[k] += weight * (value - means[k])
                value = means[k]
                if bar >= first:
                    out[k, bar] = value
        if depth == 2:
            _two_means(values, weight, means, started, first, end, out)
        else:
            _three_means(values, weight, means, started, first, end, out)


@inner
def _two_means(values: Floats, weight: float, means: Floats, started: int, first: int, end: int, out: Floats) -> None:
    a, b = means[0], means[1]
    for bar in range(started, first):
        a += weight * (values[bar] - a)
        b += weight * (a - b)
    for bar in range(max(started, first), end):
        a += weight * (values[bar] - a)
        b += weight * (a - b)
        out[0, bar] = a
        out[1, bar] = b


@inner
def _three_means(values: Floats, weight: float, means: Floats, started: int, first: int, end: int, out: Floats) -> None:
    a, b, c = means[0], means[1], means[2]
    for bar in range(started, first):
        a += weight * (values[bar] - a)
        b += weight * (a - b)
        c += weight * (b - c)
    for bar in range(max(started, first), end):
        a += weight * (values[bar] - a)
        b += weight * (a - b)
        c += weight * (b - c)
        out[0, bar] = a
        out[1, bar] = b
        out[2, bar] = c


@kernel
def crossing_means(values: Floats, fast: int, slow: int, signal: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write fast − slow exponential mean, the exponential mean of that, and their difference (MACD).

    The fast mean is seeded so that both begin at the same bar. NaN for the first slow + signal − 2 bars.
    """
    bars = len(values)
    by_fast, by_slow, by_signal = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0), 2.0 / (signal + 1.0)
    out[:, : min(bars, slow + signal - 2)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        begin = max(0, first - warm)
        seeded = begin + slow - 1
        started = seeded + signal - 1
        if started >= end:
            continue
        quick = calm = 0.0
        for bar in range(begin, seeded + 1):
            calm += values[bar]
            if bar > seeded - fast:
                quick += values[bar]
        quick /= fast
        calm /= slow
        mean = quick - calm
        for bar in range(seeded + 1, started + 1):
            quick += by_fast * (values[bar] - quick)
            calm += by_slow * (values[bar] - calm)
            mean += quick - calm
        mean /= signal
        if started >= first:
            out[0, started], out[1, started], out[2, started] = quick - calm, mean, quick - calm - mean
        for bar in range(started + 1, end):
            quick += by_fast * (values[bar] - quick)
            calm += by_slow * (values[bar] - calm)
            line = quick - calm
            mean += by_signal * (line - mean)
            if bar >= first:
                out[0, bar] = line
                out[1, bar] = mean
                out[2, bar] = line - mean


@kernel
def gains_and_losses(values: Floats, span: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write Wilder's mean of the rises from bar to bar to `out[0]`, of the falls to `out[1]`, both positive.

    The newest weighs 1 / span; seeded with the plain mean of `span` changes, so NaN for the first span bars.
    """
    bars = len(values)
    weight = 1.0 / span
    out[:, : min(bars, span)] = np.nan
    done = 0
    for block in range(len(starts)):
        if block < done:
            continue
        first, end = starts[block], _end(starts, block, bars)
        if first >= warm and span < warm and whole_blocks(starts, block) >= 2:
            _two_strengths(values, first, end - first, span, warm, out)
            done = block + 2
            continue
        begin = max(0, first - warm)
        seeded = begin + span
        if seeded >= end:
            continue
        gain = loss = 0.0
        for bar in range(begin + 1, seeded + 1):
            change = values[bar] - values[bar - 1]
            gain += change if change > 0.0 else 0.0
            loss += -change if change < 0.0 else 0.0
        gain /= span
        loss /= span
        if seeded >= first:
            out[0, seeded], out[1, seeded] = gain, loss
        for bar in range(seeded + 1, first):
            change = values[bar] - values[bar - 1]
            gain += weight * ((change if change > 0.0 else 0.0) - gain)
            loss += weight * ((-change if change < 0.0 else 0.0) - loss)
        for bar in range(max(seeded + 1, first), end):
            change = values[bar] - values[bar - 1]
            gain += weight * ((change if change > 0.0 else 0.0) - gain)
            loss += weight * ((-change if change < 0.0 else 0.0) - loss)
            out[0, bar] = gain
            out[1, bar] = loss


@inner
def _two_strengths(values: Floats, first: int, length: int, span: int, warm: int, out: Floats) -> None:
    """Write the means of rises and falls of two blocks side by side; each of the four waits only for itself."""
    weight = 1.0 / span
    v, w = values[first - warm :], values[first - warm + length :]
    gain = loss = rise = fall = 0.0
    for i in range(1, span + 1):
        change, other = v[i] - v[i - 1], w[i] - w[i - 1]
        gain += change if change > 0.0 else 0.0
        loss += -change if change < 0.0 else 0.0
        rise += other if other > 0.0 else 0.0
        fall += -other if other < 0.0 else 0.0
    gain, loss, rise, fall = gain / span, loss / span, rise / span, fall / span
    for i in range(span + 1, warm):
        change, other = v[i] - v[i - 1], w[i] - w[i - 1]
        gain += weight * ((change if change > 0.0 else 0.0) - gain)
        loss += weight * ((-change if change < 0.0 else 0.0) - loss)
        rise += weight * ((other if other > 0.0 else 0.0) - rise)
        fall += weight * ((-other if other < 0.0 else 0.0) - fall)
    near_gains, far_gains = out[0, first:], out[0, first + length :]
    near_losses, far_losses = out[1, first:], out[1, first + length :]
    for i in range(length):
        change, other = v[warm + i] - v[warm + i - 1], w[warm + i] - w[warm + i - 1]
        gain += weight * ((change if change > 0.0 else 0.0) - gain)
        loss += weight * ((-change if change < 0.0 else 0.0) - loss)
        rise += weight * ((other if other > 0.0 else 0.0) - rise)
        fall += weight * ((-other if other < 0.0 else 0.0) - fall)
        near_gains[i] = gain
        near_losses[i] = loss
        far_gains[i] = rise
        far_losses[i] = fall


@kernel
def directional_movement(
    high: Floats, low: Floats, close: Floats, span: int, starts: Integers, warm: int, out: Floats
) -> None:
    """Write ADX, +DI and −DI by Wilder; NaN for the first 2 × span − 1 bars (ADX) or span bars (the others)."""
    bars = len(close)
    weight = 1.0 / span
    out[0, : min(bars, 2 * span - 1)] = np.nan
    out[1:, : min(bars, span)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        begin = max(0, first - warm)
        up = down = moved = mean = 0.0
        for bar in range(begin + 1, end):
            before = close[bar - 1]
            rise, fall = high[bar] - high[bar - 1], low[bar - 1] - low[bar]
            above, below = max(high[bar], before), min(low[bar], before)
            fading = weight if bar >= begin + span else 0.0  # the first span − 1 bars are only added up
            up += (rise if rise > fall and rise > 0.0 else 0.0) - fading * up
            down += (fall if fall > rise and fall > 0.0 else 0.0) - fading * down
            moved += (above - below) - fading * moved
            if bar < begin + span:
                continue
            plus = 100.0 * up / moved if moved > 0.0 else 0.0
            minus = 100.0 * down / moved if moved > 0.0 else 0.0
            both = plus + minus
            if bar < begin + 2 * span:
                mean += (100.0 * abs(plus - minus) / both if both > 0.0 else 0.0) * weight
            elif both > 0.0:
                mean += weight * (100.0 * abs(plus - minus) / both - mean)
            if bar >= first:
                if bar >= begin + 2 * span - 1:
                    out[0, bar] = min(mean, 100.0)
                out[1, bar] = min(plus, 100.0)
                out[2, bar] = min(minus, 100.0)


@kernel
def paced_means(values: Floats, weights: Floats, span: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write a mean in which the newest value weighs `weights[bar]`, begun at the value of bar span − 1 (KAMA)."""
    bars = len(values)
    out[: min(bars, span)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        begin = max(0, first - warm)
        if begin + span >= end:
            continue
        mean = values[begin + span - 1]
        for bar in range(begin + span, first):
            mean += weights[bar] * (values[bar] - mean)
        for bar in range(max(begin + span, first), end):
            mean += weights[bar] * (values[bar] - mean)
            out[bar] = mean


@kernel
def supertrends(
    high: Floats, low: Floats, close: Floats, span: int, width: float, starts: Integers, warm: int, out: Floats
) -> None:
    """Write the supertrend line and its direction, 1 or −1: median ± width × ATR, drawn nearer and never back.

    NaN for the first span bars. The direction begins as 1.
    """
    bars = len(close)
    weight = 1.0 / span
    out[:, : min(bars, span)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        begin = max(0, first - warm)
        mean = upper = lower = 0.0
        direction = 1.0
        for bar in range(begin + 1, end):
            before = close[bar - 1]
            moved = max(high[bar], before) - min(low[bar], before)
            if bar <= begin + span:
                mean += moved * weight
                if bar < begin + span:
                    continue
            else:
                mean += weight * (moved - mean)
            middle = (high[bar] + low[bar]) / 2.0
            above, below = middle + width * mean, middle - width * mean
            if bar > begin + span:
                if close[bar] > upper:
                    direction = 1.0
                elif close[bar] < lower:
                    direction = -1.0
                elif direction > 0.0:
                    below = max(below, lower)
                else:
                    above = min(above, upper)
            upper, lower = above, below
            if bar >= first:
                out[0, bar] = lower if direction > 0.0 else upper
                out[1, bar] = direction


@kernel
def fisher_transforms(places: Floats, span: int, starts: Integers, warm: int, out: Floats) -> None:
    """Write Ehlers' Fisher transform of `places` (0 to 1) and the one before it; NaN for the first span − 1 bars."""
    bars = len(places)
    out[:, : min(bars, span - 1)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], _end(starts, block, bars)
        value = fisher = 0.0
        for bar in range(max(0, first - warm) + span - 1, end):
            value = min(max(0.66 * (places[bar] - 0.5) + 0.67 * value, -0.999), 0.999)
            before = fisher
            fisher = 0.5 * math.log((1.0 + value) / (1.0 - value)) + 0.5 * fisher
            if bar >= first:
                out[0, bar] = fisher
                out[1, bar] = before
