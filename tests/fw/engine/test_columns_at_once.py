"""Sets of a long history are computed on all cores, which changes no bit, no order and no error."""

from __future__ import annotations

import os
import threading
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.engine.columns import MANY, PlannedSet, compute_columns
from fw.registry import Offer
from fw.testing.markets import trend


@attrs.frozen
class Named:
    """A set of one column, which notes the thread that computed it; or which fails."""

    name: str
    seen: Any = attrs.field(eq=False)
    fails: bool = False
    needs: tuple[str, ...] = ("bars",)
    lookback: int = 1

    def compute(self, market: fw.Market) -> fw.Frame:
        self.seen[self.name] = threading.current_thread()
        if self.fails:
            raise fw.DataError(f"{self.name} has no data")
        return fw.Frame.of({self.name: market.bars.close * len(self.name)})


def planned(part: Any) -> PlannedSet:
    offer = Offer(kind="features", name="named", plugin="made_up", spec=type(part))
    return PlannedSet(part=part, spec=part, offer=offer)


def test_columns_of_many_rows_are_those_that_each_set_gives_alone() -> None:
    market, seen = trend(bars=MANY), {}
    sets = [Named("a" * length, seen) for length in range(1, 9)]
    found = compute_columns([planned(part) for part in sets], market)
    assert list(found) == [part.name for part in sets]
    if len(os.sched_getaffinity(0)) > 1:
        assert threading.main_thread() not in seen.values()
    for part in sets:
        np.testing.assert_array_equal(found[part.name][0], part.compute(market)[part.name])


def test_a_set_that_is_asked_for_twice_is_computed_once() -> None:
    market, seen = trend(bars=MANY), []

    @attrs.frozen
    class Counted(Named):
        def compute(self, market: fw.Market) -> fw.Frame:
            seen.append(self.name)
            return fw.Frame.of({self.name: market.bars.close})

    part = Counted("a", {})
    with pytest.raises(fw.SettingsError, match="two feature sets give the column 'a'"):
        compute_columns([planned(part), planned(part), planned(Counted("b", {}))], market)
    assert sorted(seen) == ["a", "b"]


def test_the_first_set_that_fails_is_the_one_that_is_told_of() -> None:
    market = trend(bars=MANY)
    sets = [Named("a", {}), Named("b", {}, fails=True), Named("c", {}, fails=True)]
    with pytest.raises(fw.DataError, match="b has no data"):
        compute_columns([planned(part) for part in sets], market)


def test_few_rows_and_other_threads_are_left_alone() -> None:
    def threads_of(bars: int) -> set[threading.Thread]:
        seen: dict[str, threading.Thread] = {}
        compute_columns([planned(Named(name, seen)) for name in "abc"], trend(bars=bars))
        return set(seen.values())

    assert threads_of(MANY - 1) == {threading.main_thread()}
    found: list[set[threading.Thread]] = []
    worker = threading.Thread(target=lambda: found.append(threads_of(MANY)))
    worker.start()
    worker.join()
    assert found == [{worker}]
