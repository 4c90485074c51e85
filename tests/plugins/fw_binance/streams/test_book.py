"""A book joins changes to a snapshot by the exchange's rule, and is then the exchange's book."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fw_binance.streams import frames
from fw_binance.streams.book import Book
from fw_binance.streams.frames import Depth


def change(first: int, last: int, previous: int, bids: object = (), asks: object = ()) -> Depth:
    return Depth(first, last, previous, last, bids, asks)  # type: ignore[arg-type]


def begun(last: int = 100) -> Book:
    book = Book()
    book.reset(last, [(9.0, 1.0), (8.0, 2.0)], [(10.0, 3.0), (11.0, 4.0)])
    return book


def test_the_best_prices_equal_the_exchanges_own_at_every_update(real_data: Path) -> None:
    """Over 5 minutes 45 seconds recorded on 2024-08-08: the exchange told its best prices on another stream."""
    rest = real_data / "binance_payloads" / "recorded" / "rest"
    snapshot = json.loads((rest / "fapi_v1_depth_symbol_BTCUSDT_limit_1000_2024-08-08.json").read_text())
    rows = pd.read_parquet(real_data / "ticks_btcusdt_perp_depth_updates_2024-08-08.parquet")
    told = pd.read_parquet(real_data / "ticks_btcusdt_perp_bookticker_2024-08-08.parquet")
    best, at = told[["bid_price", "bid_qty", "ask_price", "ask_qty"]].to_numpy(), told["update_id"].to_numpy()
    ids = rows[["first_update_id", "final_update_id", "prev_final_update_id"]].to_numpy()
    is_bid, levels = (rows["side"] == "bid").to_numpy(), rows[["price", "qty"]].to_numpy()
    edges = [0, *(np.flatnonzero(ids[1:, 1] != ids[:-1, 1]) + 1), len(ids)]
    book, compared = Book(), 0
    for start, end in pairwise(edges):
        first, last, previous = (int(number) for number in ids[start])
        bid, level = is_bid[start:end], levels[start:end]
        book.change(Depth(first, last, previous, 0, level[bid].tolist(), level[~bid].tolist()))
        if not book.synced and last >= snapshot["lastUpdateId"]:  # changes come before the snapshot does, as live
            book.reset(snapshot["lastUpdateId"], *(frames.levels(snapshot[side]) for side in ("bids", "asks")))
        elif book.synced:
            bids, asks = book.best(1)
            newest = best[at.searchsorted(last, side="right") - 1]  # told whenever the best prices change
            assert (*bids[0], *asks[0]) == tuple(newest)
            compared += 1
    assert book.gaps == 0
    assert compared > 6540


def test_changes_before_the_snapshot_are_left_out() -> None:
    book = begun()
    assert book.change(change(90, 99, 89, [(9.0, 0.0)]))
    assert book.best(2)[0] == [(9.0, 1.0), (8.0, 2.0)]


def test_the_first_change_must_reach_over_the_snapshot() -> None:
    assert not begun().change(change(101, 105, 100))
    assert begun().change(change(100, 105, 99))


def test_each_change_must_begin_where_the_one_before_it_ended() -> None:
    book = begun()
    assert book.change(change(95, 105, 94))
    assert book.change(change(107, 110, 105))
    assert not book.change(change(113, 115, 111))
    assert not book.synced
    assert book.gaps == 1


def test_changes_that_come_before_the_snapshot_does_are_held() -> None:
    book = Book()
    assert not book.change(change(90, 99, 89, [(9.0, 5.0)]))
    assert not book.change(change(100, 104, 99, [(9.5, 6.0)]))
    assert not book.change(change(106, 109, 104, [], [(10.0, 0.0)]))
    assert book.reset(101, [(9.0, 1.0)], [(10.0, 3.0), (11.0, 4.0)])
    assert book.best(5) == ([(9.5, 6.0), (9.0, 1.0)], [(11.0, 4.0)])
    assert book.last == 109


def test_a_snapshot_too_old_for_the_changes_held_is_not_enough() -> None:
    book = Book()
    book.change(change(100, 104, 99))
    assert not book.reset(98, [(9.0, 1.0)], [(10.0, 3.0)])
    assert book.reset(102, [(9.0, 1.0)], [(10.0, 3.0)])


def test_after_a_break_the_change_that_showed_it_is_used_with_the_next_snapshot() -> None:
    book = begun()
    book.change(change(95, 105, 94))
    assert not book.change(change(110, 115, 109, [(9.5, 7.0)]))
    assert book.reset(112, [(9.0, 1.0)], [(10.0, 3.0)])
    assert book.best(1)[0] == [(9.5, 7.0)]


@pytest.mark.parametrize(("size", "there"), [(2.5, [(9.5, 2.5), (9.0, 1.0)]), (0.0, [(9.0, 1.0), (8.0, 2.0)])])
def test_sizes_are_absolute_and_none_takes_the_price_away(size: float, there: list[tuple[float, float]]) -> None:
    book = begun()
    book.change(change(95, 105, 94, [(9.5, 1.0)]))
    book.change(change(106, 107, 105, [(9.5, size)]))
    assert book.best(2)[0] == there
