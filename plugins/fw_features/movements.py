"""Rises against falls, compiled: strengths, directional movement, Supertrend and Fisher's transform never forget.

They begin anew in each block, warmed by one block before; see `fw_features.recursions`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.ledger import inner, kernel
from fw_features.lanes import walker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@inner
def _first_strengths(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    span = settings[0]
    gain = loss = before = 0.0
    if len(x) > span:
        for i in range(1, span + 1):
            change = x[i] - x[i - 1]
            gain += change if change > 0.0 else 0.0
            loss += -change if change < 0.0 else 0.0
        before = x[span]
    return (gain / span, loss / span, before), span + 1


@inner
def _strengthened(state: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    gain, loss, before = state
    weight, change = settings[1], x[i] - before
    gain += weight * ((change if change > 0.0 else 0.0) - gain)
    loss += weight * ((-change if change < 0.0 else 0.0) - loss)
    return gain, loss, x[i]


@inner
def _show_strength(state: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    gain, loss, _ = state
    whole = gain + loss
    percent = 100.0 * ((gain + settings[2] * loss) / whole)
    u[i] = percent if whole != 0.0 else settings[3]


_walk_strengths = walker(_first_strengths, _strengthened, _show_strength)


@kernel
def strengths(values: Floats, span: int, sign: float, without: float, starts: Integers, warm: int, out: Floats) -> None:
    """Write 100 × (U + sign × D) / (U + D), U and D Wilder's means of rises and falls; `without` where both are 0.

    The newest change weighs 1 / span; seeded with the plain mean of `span` changes, so NaN for the first span bars.
    """
    out[: min(len(values), span)] = np.nan
    settings = span, 1.0 / span, sign, without
    _walk_strengths((values, values, values), settings, starts, warm, (out, out, out))


@inner
def _first_movement(x: Floats, y: Floats, z: Floats, settings: Any) -> Any:
    span, weight = settings
    up = down = moved = mean = 0.0
    if len(x) >= 2 * span:
        for i in range(1, span):
            up, down, moved = up + x[i], down + y[i], moved + z[i]
        for i in range(span, 2 * span):
            up += x[i] - weight * up
            down += y[i] - weight * down
            moved += z[i] - weight * moved
            both = up + down
            mean += (100.0 * abs(up - down) / both if both > 0.0 else 0.0) * weight
    return (up, down, moved, mean), 2 * span


@inner
def _moved(state: Any, x: Floats, y: Floats, z: Floats, i: int, settings: Any) -> Any:
    up, down, moved, mean = state
    weight = settings[1]
    up += x[i] - weight * up
    down += y[i] - weight * down
    moved += z[i] - weight * moved
    both = up + down
    move = weight * (100.0 * abs(up - down) / both - mean)
    return up, down, moved, mean + (move if both > 0.0 else 0.0)


@inner
def _show_movement(state: Any, settings: Any, i: int, u: Floats, v: Floats, w: Floats) -> None:
    up, down, moved, mean = state
    by = 100.0 / moved if moved > 0.0 else 0.0
    u[i] = mean if mean < 100.0 else 100.0
    v[i] = _percent(up, by)
    w[i] = _percent(down, by)


@inner
def _percent(part: float, by: float) -> float:
    percent = part * by
    return percent if percent < 100.0 else 100.0


_walk_movements = walker(_first_movement, _moved, _show_movement)


@kernel
def directional_movement(
    rise: Floats, fall: Floats, reach: Floats, span: int, starts: Integers, warm: int, out: Floats
) -> None:
    """Write ADX, +DI and −DI by Wilder; NaN for the first 2 × span − 1 bars (ADX) or span bars (the others).

    `rise` and `fall` are how far the high rose and the low fell, `reach` the true range.
    """
    bars = len(rise)
    out[0, : min(bars, 2 * span - 1)] = np.nan
    out[1:, : min(bars, span)] = np.nan
    up = down = moved = 0.0
    for bar in range(1, min(bars, 2 * span - 1)):  # both directions are known before the mean of what parts them
        fading = 1.0 / span if bar >= span else 0.0
        up += rise[bar] - fading * up
        down += fall[bar] - fading * down
        moved += reach[bar] - fading * moved
        if bar >= span:
            by = 100.0 / moved if moved > 0.0 else 0.0
            out[1, bar], out[2, bar] = _percent(up, by), _percent(down, by)
    _walk_movements((rise, fall, reach), (span, 1.0 / span), starts, warm, (out[0], out[1], out[2]))


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
        first, end = starts[block], starts[block + 1] if block + 1 < len(starts) else bars
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
    """Write Ehlers' Fisher transform of `places` (0 to 100) and the one before it; NaN for the first span − 1 bars."""
    bars = len(places)
    out[:, : min(bars, span - 1)] = np.nan
    for block in range(len(starts)):
        first, end = starts[block], starts[block + 1] if block + 1 < len(starts) else bars
        value = fisher = 0.0
        for bar in range(max(0, first - warm) + span - 1, end):
            value = min(max(0.66 * (places[bar] / 100.0 - 0.5) + 0.67 * value, -0.999), 0.999)
            before = fisher
            fisher = 0.5 * math.log((1.0 + value) / (1.0 - value)) + 0.5 * fisher
            if bar >= first:
                out[0, bar] = fisher
                out[1, bar] = before
