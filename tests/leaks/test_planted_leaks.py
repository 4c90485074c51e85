"""Every planted leak is caught where it begins, with both values, and called by what it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fw
from fw.engine.leaks import FUTURE, PAST
from fw.testing import feature_contract

spec = importlib.util.spec_from_file_location("planted_leaks", Path(__file__).with_name("planted.py"))
assert spec is not None
assert spec.loader is not None
planted: Any = importlib.util.module_from_spec(spec)
spec.loader.exec_module(planted)


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
