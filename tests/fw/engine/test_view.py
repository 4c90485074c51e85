"""A strategy sees what is known at the close of its bar, no more than `lookback` of it, and cannot write to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest

import fw

HOUR = 3_600_000_000_000
ROWS = [(100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i) for i in range(12)]
OTHER = [(50.0 + i, 50.5 + i, 49.5 + i, 50.0 + i) for i in range(12)]
Drive = Callable[..., fw.Result]


@attrs.define(eq=False)
class Looks:
    """Notes what a function sees of each view, and trades nothing."""

    what: Any
    lookback: int = 5
    seen: list[Any] = attrs.field(factory=list)

    def decide(self, view: fw.View) -> None:
        if view.instrument == view.instruments[0]:
            self.seen.append(self.what(view))


def seen(drive: Drive, what: Any, *, lookback: int = 5, rates: Any = (), **settings: Any) -> list[Any]:
    looks = Looks(what, lookback)
    drive(looks, ROWS, OTHER, rates=rates, **settings)
    return looks.seen


def test_bars_end_at_the_one_just_closed_and_reach_back_no_further_than_lookback(drive: Drive) -> None:
    windows = seen(drive, lambda view: (len(view.bars), list(view.bars.close), view.bars.last, view.time))
    for i, (count, close, last, time) in enumerate(windows):
        assert close == [row[3] for row in ROWS[max(0, i - 4) : i + 1]]
        assert count == len(close) == min(i + 1, 5)
        assert last == close[-1]
        assert time == (i + 1) * HOUR


def test_every_column_is_the_same_window(drive: Drive) -> None:
    def what(view: fw.View) -> Any:
        bars = view.bars
        return [list(map(float, getattr(bars, name))) for name in ("open", "high", "low", "close", "volume")], [
            list(bars.open_time),
            list(bars.close_time),
        ]

    prices, times = seen(drive, what)[7]
    assert [list(column) for column in zip(*ROWS[3:8], strict=True)] == prices[:4]
    assert times == [[i * HOUR for i in range(3, 8)], [(i + 1) * HOUR for i in range(3, 8)]]


def test_another_instrument_is_seen_at_the_same_moment(drive: Drive) -> None:
    found = seen(drive, lambda view: (view.of("B").instrument, view.of("B").bars.last, view.of("B").time, view.time))
    assert found == [("B", row[3], (i + 1) * HOUR, (i + 1) * HOUR) for i, row in enumerate(OTHER)]


def test_a_larger_bar_is_seen_only_once_it_has_closed(drive: Drive) -> None:
    found = seen(drive, lambda view: [tuple(map(float, row)) for row in _rows(view.at("4h"))])
    whole = [(100.0, 104.0, 99.0, 103.5), (104.0, 108.0, 103.0, 107.5), (108.0, 112.0, 107.0, 111.5)]
    assert found == [whole[: (i + 1) // 4] for i in range(12)]


def _rows(bars: Any) -> Any:
    return zip(bars.open, bars.high, bars.low, bars.close, strict=True)


def test_before_the_first_larger_bar_there_is_none_not_the_last(drive: Drive) -> None:
    lasts = seen(drive, lambda view: (len(view.at("4h")), view.at("4h").last))
    assert [count for count, _ in lasts] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert all(math.isnan(last) for _, last in lasts[:3])
    assert [last for _, last in lasts[3:]] == [103.5] * 4 + [107.5] * 4 + [111.5]


def test_larger_bars_too_reach_back_no_further_than_lookback(drive: Drive) -> None:
    found = seen(drive, lambda view: list(view.at("2h").close), lookback=2)
    assert found[-1] == [109.5, 111.5]
    assert max(map(len, found)) == 2


def test_a_larger_size_must_be_made_of_the_clock_s_bars(drive: Drive) -> None:
    for size, words in (("30m", "bars of 30m cannot be made of bars of 1h"), ("7m", "7m")):
        with pytest.raises(fw.FwError, match=words):
            seen(drive, lambda view, size=size: view.at(size))


@pytest.mark.parametrize(
    "take",
    [
        lambda view: view.bars.close,
        lambda view: view.bars.open,
        lambda view: view.bars.volume,
        lambda view: view.bars.open_time,
        lambda view: view.at("2h").high,
        lambda view: view.features["sma_2"],
        lambda view: view.of("B").bars.low,
    ],
)
def test_nothing_seen_can_be_written(drive: Drive, take: Any) -> None:
    def what(view: fw.View) -> Any:
        column = take(view)
        if len(column):
            with pytest.raises(ValueError, match="read-only"):
                column[-1] = 0
        return len(column)

    assert max(seen(drive, what, features=[{"use": "sma", "spans": [2]}])) > 0


def test_funding_is_known_from_its_stamp_on(drive: Drive) -> None:
    rates = [(0, 0.001), (4, 0.002), (8, -0.001), (11, 0.003)]
    found = seen(drive, lambda view: (list(view.funding.value), len(view.funding)), rates=rates)
    assert found[2] == ([0.001], 1)
    assert found[3] == ([0.001, 0.002], 2)  # bar 3 closes at the instant of the stamp
    assert found[-1] == ([0.001, 0.002, -0.001, 0.003], 4)


def test_features_end_at_the_bar_just_closed(drive: Drive) -> None:
    found = seen(drive, lambda view: list(view.features["sma_2"]), features=[{"use": "sma", "spans": [2]}])
    closes = [row[3] for row in ROWS]
    means = [(a + b) / 2 for a, b in pairwise(closes)]
    assert len(found) == 11  # the run begins where the feature does
    assert found[6][-1] == pytest.approx(means[6])
    assert len(found[6]) == 5
    np.testing.assert_allclose(found[6], means[2:7])


def test_a_missing_column_names_those_there_are(drive: Drive) -> None:
    def what(view: fw.View) -> Any:
        assert "sma_2" in view.features
        assert "rsi_14" not in view.features
        assert list(view.features) == ["sma_2"]
        return view.features["rsi_14"]

    with pytest.raises(fw.PluginError, match=r"no feature 'rsi_14'; this run computes: sma_2"):
        seen(drive, what, features=[{"use": "sma", "spans": [2]}])
