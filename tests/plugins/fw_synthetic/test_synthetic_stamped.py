"""What a made-up market has beside its bars is sound, and agrees with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from fw.domain.market import Market
from fw.domain.stamps import KINDS
from fw.domain.time import HOUR, MINUTE, BarSize
from fw.engine.prepare import prepare
from fw.parts.source import Want

Made = Callable[..., Market]


@pytest.fixture(scope="module")
def quarter(made: Made) -> Market:
    """Three months of hours with everything that there is."""
    return made(start="2023-02-01", end="2023-05-01")


def test_every_kind_is_there_with_all_its_columns_and_only_when_wanted(quarter: Market, made: Made) -> None:
    for kind, columns in KINDS.items():
        assert set(columns) <= set(quarter.stamps[kind].columns), kind
    few = made(bars=50, needs=("bars", "book", "book.ask_2", "taker_ratio"))
    assert set(few.stamps) == {"book", "taker_ratio"}
    assert set(few.stamps["book"].columns) == {
        f"{side}{what}_{level}" for side in ("bid", "ask") for what in ("", "_size") for level in (1, 2)
    }
    assert few.mark is None
    assert few.bars.extra == {}


@pytest.mark.parametrize("bar", ["1m", "4h", "1d"])
def test_the_kernel_finds_nothing_wrong_with_it(made: Made, bar: str) -> None:
    market = made(bar=bar, bars=3000)
    want = Want(instruments=("BTCUSDT",), bar=BarSize.parse(bar))
    ready = prepare(market, want)
    assert {kind: len(stamps) for kind, stamps in ready.stamps.items()} == {
        kind: len(stamps) for kind, stamps in market.stamps.items()
    }


def test_statistics_are_published_five_minutes_after_their_hour(quarter: Market) -> None:
    for kind in ("open_interest", "long_short", "taker_ratio"):
        stamps = quarter.stamps[kind]
        assert set(np.diff(stamps.time)) == {HOUR}
        assert set(stamps.published - stamps.time) == {5 * MINUTE}


def test_the_last_price_is_the_best_bid_or_the_best_ask(quarter: Market) -> None:
    book, close = quarter.stamps["book"], quarter.bars.close
    assert (book.time == quarter.bars.close_time).all()
    at_bid, at_ask = book["bid_1"] == close, book["ask_1"] == close
    assert (at_bid ^ at_ask).all()
    assert 0.45 < at_bid.mean() < 0.55
    for level in range(1, 5):
        assert (book[f"bid_{level}"] > book[f"bid_{level + 1}"]).all()
        assert (book[f"ask_{level}"] < book[f"ask_{level + 1}"]).all()
    assert min(book[f"{side}_size_{level}"].min() for side in ("bid", "ask") for level in range(1, 6)) > 0.0
    ticks = np.round((book["ask_1"] - book["bid_1"]) / 0.1)
    assert np.median(ticks) == 1.0
    assert ticks.mean() < 2.0


def test_takers_trade_the_volume_of_the_bar_and_push_it(quarter: Market) -> None:
    done, bars = quarter.stamps["trades"], quarter.bars
    np.testing.assert_allclose(done["bought"] + done["sold"], bars.volume, rtol=1e-9, atol=1e-9)
    assert min(column.min() for column in done.columns.values()) >= 0.0
    assert np.array_equal(bars.extra["taker_buy_volume"], done["bought"])
    assert np.array_equal(bars.extra["trades"], done["buys"] + done["sells"])
    share = (done["bought"] - done["sold"]) / bars.volume
    assert abs(share.mean()) < 0.05
    assert np.corrcoef(share, np.log(bars.close / bars.open))[0, 1] > 0.6


def test_index_premium_and_mark_tell_of_the_same_distance(quarter: Market) -> None:
    bars, premium = quarter.bars, quarter.stamps["premium"]["close"]
    away = bars.close / quarter.stamps["index"]["close"] - 1
    np.testing.assert_allclose(away, premium, rtol=0.01, atol=1e-5)
    assert quarter.mark is not None
    np.testing.assert_allclose(bars.close / quarter.mark.close - 1, away / 2, rtol=0.01, atol=1e-5)
    assert quarter.funding is not None
    assert abs(np.mean(premium) - np.mean(quarter.funding.value)) < 3e-4


def test_ratios_are_in_the_range_of_real_ones_and_move_slowly(quarter: Market, real_data) -> None:  # type: ignore[no-untyped-def]
    real = pd.read_parquet(real_data / "btcusdt_perp_metrics_5m_2024-01-01.parquet")
    names = {
        "accounts": "count_long_short_ratio",
        "top_accounts": "count_toptrader_long_short_ratio",
        "top_positions": "sum_toptrader_long_short_ratio",
    }
    for ours, theirs in names.items():
        column = quarter.stamps["long_short"][ours]
        assert column.min() / 2 < real[theirs].median() < column.max() * 2
        assert np.corrcoef(column[1:], column[:-1])[0, 1] > 0.8
    taken = np.log(quarter.stamps["taker_ratio"].value)
    assert abs(taken.mean()) < 0.1
    assert 0.05 < taken.std() < 0.5
