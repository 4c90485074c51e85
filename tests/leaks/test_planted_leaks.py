"""Every planted leak is caught where it begins, with both values, and called by what it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.domain.time import MINUTE
from fw.engine.leaks import FUTURE, PAST
from fw.testing import feature_contract
from fw.testing.markets import trend

spec = importlib.util.spec_from_file_location("planted_leaks", Path(__file__).with_name("planted.py"))
assert spec is not None
assert spec.loader is not None
planted: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(planted)

BARS = 160


@pytest.fixture(scope="module")
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


def test_the_corpus_is_large() -> None:
    assert len(planted.CORPUS) >= 40


@pytest.mark.parametrize("name", planted.CORPUS)
def test_a_planted_leak_is_caught(name: str, market: fw.Market) -> None:
    leaky = planted.CORPUS[name]
    (leak,) = feature_contract(leaky, market)
    assert leak.column == "leaky"
    assert leak.reason == {"future": FUTURE, "past": PAST}[leaky.sees]
    assert first_difference(leaky, market) == leak.time
    assert leak.whole != leak.live


def first_difference(leaky: Any, market: fw.Market) -> int:
    """Close time of the first bar whose row is another when later bars, or those before its lookback, are not there."""
    whole = leaky.compute(market)["leaky"]
    closes = market.bars.close_time
    for row in range(len(whole)):
        known = market.known(int(closes[row]))
        first = max(0, row + 1 - leaky.lookback)
        alone = leaky.compute(known.between(int(market.bars.open_time[first]), None))["leaky"][-1]
        if not (alone == whole[row] or (np.isnan(alone) and np.isnan(whole[row]))):
            return int(closes[row])
    raise AssertionError("it does not leak")
