"""A market for features that leak and for those that do not."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import fw
from fw.domain.time import MINUTE
from fw.testing.markets import trend

BARS = 160


@pytest.fixture(scope="package")
def market() -> fw.Market:
    """Two instruments with funding, statistics published five minutes after a bar's close, and books in between."""
    found = trend(("BTCUSDT", "ETHUSDT"), bars=BARS, noise=0.006)
    rng = np.random.default_rng(7)
    series = {}
    for symbol, data in found.series.items():
        between = fw.Stamps(
            data.bars.open_time + 20 * MINUTE,
            {"bid_1": data.bars.close + rng.normal(0, 5, BARS), "ask_1": data.bars.close + 10},
        )
        series[symbol] = attrs.evolve(data, stamps={**data.stamps, "book": between})
    return fw.Market(series=series, focus="BTCUSDT")
