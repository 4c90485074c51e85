"""One compiled pass over an equity curve: moments of its returns, downside, drawdown and time under water.

Returns are centred block by block and the blocks are merged by the formulas of Chan et al. and Pébay (2008), which
stay exact to rounding where raw powers cancel. Sums run in fixed lanes, so the compiler may use vector units without
changing one bit of the answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES = 64
BLOCK = 2048  # returns of one block, 16 KiB, stay in the first-level cache between the two loops over them


@kernel
def curve_pass(
    capital: float, equity: NDArray[np.float64], threshold: float
) -> tuple[float, float, float, float, float, float, float, float, int]:
    """Measure the returns `equity[i] / equity[i-1] - 1` of one bar or more, the first from `capital`.

    Gives mean, the sums of the 2nd, 3rd and 4th powers of deviations from it, the sum of squares below `threshold`,
    the lowest equity, the mean equity, the deepest drawdown (share of the peak, ≥ 0) and the most bars from a peak
    to the first bar back at it (or to the end). All but the lowest and mean equity, drawdown and its bars mean
    something only where every equity is above zero.
    """
    mean = equity[0] / capital - 1.0
    count = 1.0
    second = 0.0
    third = 0.0
    fourth = 0.0
    below = min(mean - threshold, 0.0) * min(mean - threshold, 0.0)
    lowest = equity[0]
    total = equity[0]
    drawdown = min(mean, 0.0)
    peak = max(capital, equity[0])
    peak_bar = 0 if equity[0] >= capital else -1
    longest = -peak_bar
    returns = np.empty(BLOCK)
    lanes = np.empty(4 * LANES)

    for first in range(1, len(equity), BLOCK):
        size = min(BLOCK, len(equity) - first)
        now = equity[first : first + size]
        before = equity[first - 1 : first - 1 + size]

        for j in range(LANES):
            lanes[j] = 0.0
            lanes[LANES + j] = 0.0
            lanes[2 * LANES + j] = now[0]
            lanes[3 * LANES + j] = now[0]
        for row in range(0, size, LANES):
            width = min(LANES, size - row)
            x = returns[row : row + width]
            e = now[row : row + width]
            b = before[row : row + width]
            for j in range(width):
                value = e[j]
                change = value / b[j] - 1.0
                x[j] = change
                lanes[j] += change
                lanes[LANES + j] += value
                low = lanes[2 * LANES + j]
                lanes[2 * LANES + j] = value if value < low else low
                high = lanes[3 * LANES + j]
                lanes[3 * LANES + j] = value if value > high else high
        block_sum = 0.0
        block_low = now[0]
        block_high = now[0]
        for j in range(LANES):
            block_sum += lanes[j]
            total += lanes[LANES + j]
            block_low = min(block_low, lanes[2 * LANES + j])
            block_high = max(block_high, lanes[3 * LANES + j])
        lowest = min(lowest, block_low)

        block_mean = block_sum / size
        for j in range(4 * LANES):
            lanes[j] = 0.0
        for row in range(0, size, LANES):
            width = min(LANES, size - row)
            x = returns[row : row + width]
            for j in range(width):
                deviation = x[j] - block_mean
                square = deviation * deviation
                lanes[j] += square
                lanes[LANES + j] += square * deviation
                lanes[2 * LANES + j] += square * square
                short = x[j] - threshold
                short = short if short < 0.0 else 0.0
                lanes[3 * LANES + j] += short * short
        b2 = 0.0
        b3 = 0.0
        b4 = 0.0
        for j in range(LANES):
            b2 += lanes[j]
            b3 += lanes[LANES + j]
            b4 += lanes[2 * LANES + j]
            below += lanes[3 * LANES + j]

        m = float(size)
        whole = count + m
        gap = block_mean - mean
        square = gap * gap
        fourth += (
            b4
            + square * square * count * m * (count * count - count * m + m * m) / (whole * whole * whole)
            + 6.0 * square * (count * count * b2 + m * m * second) / (whole * whole)
            + 4.0 * gap * (count * b3 - m * third) / whole
        )
        third += (
            b3
            + square * gap * count * m * (count - m) / (whole * whole)
            + 3.0 * gap * (count * b2 - m * second) / whole
        )
        second += b2 + square * count * m / whole
        mean += gap * m / whole
        count = whole

        if block_high < peak:  # no bar of the block is back at the peak
            drawdown = min(drawdown, block_low / peak - 1.0)
            longest = max(longest, first + size - 1 - peak_bar)
            continue
        for i in range(size):
            value = now[i]
            span = first + i - peak_bar
            longest = span if span > longest else longest
            peak_bar = first + i if value >= peak else peak_bar
            peak = value if value > peak else peak
            depth = value / peak - 1.0
            drawdown = depth if depth < drawdown else drawdown

    if drawdown == 0.0:  # a span of one bar between two peaks is no drawdown
        longest = 0
    return mean, second, third, fourth, below, lowest, total / count, 0.0 - drawdown, longest


@kernel
def returns_of(capital: float, equity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each bar's return, the first from `capital`; float64[bar]."""
    returns = np.empty(len(equity))
    before = capital
    for i in range(len(equity)):
        returns[i] = equity[i] / before - 1.0
        before = equity[i]
    return returns
