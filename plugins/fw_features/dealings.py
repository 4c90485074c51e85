"""What takers bought and sold in the time of each bar, summed up over windows, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel
from fw_features.flows import shares
from fw_features.kernels import moving_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]


@inner
def _sums_by_bar(published: Integers, value: Floats, closes: Integers, size: int, sums: Floats) -> None:
    """Write the sum of the values published in the `size` ns up to each close."""
    row = 0
    for bar in range(len(closes)):
        while row < len(published) and published[row] <= closes[bar] - size:
            row += 1
        total = 0.0
        while row < len(published) and published[row] <= closes[bar]:
            total += value[row]
            row += 1
        sums[bar] = total


@kernel
def net_volumes(
    published: Integers, bought: Floats, sold: Floats, closes: Integers, size: int, spans: Integers, out: Floats
) -> None:
    """Write what was bought less what was sold in the last `spans[k]` bars, and that as a share of both.

    Two rows for each span; bars are of `size` ns.
    """
    bars = len(closes)
    plus, minus = np.empty(bars), np.empty(bars)
    _sums_by_bar(published, bought, closes, size, plus)
    _sums_by_bar(published, sold, closes, size, minus)
    net, both = plus - minus, plus + minus
    means, parts = np.empty((len(spans), bars)), np.empty((len(spans), bars))
    moving_means(net, spans, means)
    shares(net, both, spans, parts)
    for k in range(len(spans)):
        for bar in range(bars):
            out[2 * k, bar] = means[k, bar] * spans[k]
        out[2 * k + 1] = parts[k]


@kernel
def balances_and_sizes(
    published: Integers, bought: Floats, sold: Floats, buys: Floats, sells: Floats, closes: Integers, size: int,
    spans: Integers, out: Floats,
) -> None:  # fmt: skip
    """Write the share by which buys are more than sells in the last `spans[k]` bars, and the mean size of a trade.

    Two rows for each span; bars are of `size` ns.
    """
    bars = len(closes)
    sums = np.empty((4, bars))
    _sums_by_bar(published, bought, closes, size, sums[0])
    _sums_by_bar(published, sold, closes, size, sums[1])
    _sums_by_bar(published, buys, closes, size, sums[2])
    _sums_by_bar(published, sells, closes, size, sums[3])
    volume, more, trades = sums[0] + sums[1], sums[2] - sums[3], sums[2] + sums[3]
    balances, sizes = np.empty((len(spans), bars)), np.empty((len(spans), bars))
    shares(more, trades, spans, balances)
    shares(volume, trades, spans, sizes)
    for k in range(len(spans)):
        out[2 * k] = balances[k]
        out[2 * k + 1] = sizes[k]
