"""Memory is used again only once nobody can see it any more."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from fw.ledger import memory


@pytest.fixture(autouse=True)
def _empty_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_unused", {})


COUNT = memory.SMALLEST // 8


def test_the_memory_of_an_array_that_is_gone_is_used_again() -> None:
    first = memory.empty(2, COUNT)
    place = first.ctypes.data
    del first
    gc.collect()
    assert memory.empty(COUNT, 2).ctypes.data == place


def test_a_view_of_any_kind_keeps_it() -> None:
    whole = memory.empty(2, COUNT)
    whole[:] = 7.0
    views = [whole[1, 5:9], whole.view(np.int64)[:, ::3], whole.T, np.asarray(whole.reshape(-1).data)]
    for keep in range(len(views)):
        kept = views[keep]
        before = kept.copy()
        others = [memory.empty(2, COUNT) for _ in range(3)]
        for other in others:
            other[:] = -1.0
        np.testing.assert_array_equal(kept, before)
    del whole, others, other
    gc.collect()
    memory.empty(2, COUNT)[:] = -2.0
    for view, expected in zip(views, (7.0, None, 7.0, 7.0), strict=True):
        if expected is not None:
            assert (view == expected).all()


def test_small_arrays_are_the_systems_business() -> None:
    small = memory.empty(10)
    assert small.flags.owndata
    del small
    gc.collect()
    assert memory._unused == {}


def test_the_store_keeps_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT", 3 * memory.SMALLEST)
    arrays = [memory.empty(COUNT + k) for k in range(6)]
    arrays.clear()
    gc.collect()
    assert sum(block.nbytes for blocks in memory._unused.values() for block in blocks) <= memory.KEPT
    assert memory._unused
