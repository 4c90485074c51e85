"""Statistics, index prices, books and trades are read from files, each known from its publication on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fw.domain.market import Market
from fw.domain.time import HOUR, MINUTE, BarSize, Duration, format_time, parse_time
from fw.errors import DataError
from fw.parts.source import Want
from fw_files.plugin import Files

History = Callable[..., Market]
START = parse_time("2024-01-01")


@pytest.fixture
def read(tmp_path: Path, history: History, candles: pd.DataFrame) -> History:
    """The market of six hourly candles and files given as text by their kind."""

    def ask(*instruments: str, **texts: Any) -> Market:
        candles.to_parquet(tmp_path / "btc.parquet")
        spec = {}
        for kind, text in texts.items():
            if isinstance(text, str):
                (tmp_path / f"{kind}.csv").write_text(text)
                spec[kind] = f"{kind}.csv"
            else:
                spec[kind] = text
        return history(*instruments, bars="btc.parquet", **spec)

    return ask


METRICS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
    "2024-01-01 00:05:00,BTCUSDT,80000.5,3.4e9,1.37,1.25,1.51,1.31\n"
    "2024-01-01 00:10:01,BTCUSDT,80001,3.4e9,1.36,1.26,1.50,2.84\n"
)


def test_all_statistics_of_the_archive_come_from_one_file(read: History) -> None:
    market = read(open_interest=METRICS, long_short=METRICS, taker_ratio=METRICS)
    ratios = market.stamps["long_short"]
    assert {name: list(column) for name, column in ratios.columns.items()} == {
        "accounts": [1.51, 1.5],
        "top_accounts": [1.37, 1.36],
        "top_positions": [1.25, 1.26],
    }
    assert list(market.stamps["taker_ratio"].value) == [1.31, 2.84]
    assert list(market.stamps["open_interest"].value) == [80000.5, 80001.0]
    for stamps in market.stamps.values():
        assert format_time(stamps.time[1]) == "2024-01-01 00:10:01"
        assert format_time(stamps.published[1]) == "2024-01-01 00:15:01"
    assert "long_short: taken as published 5m after its time" in market.notes


def test_a_lag_is_declared_for_each_kind(read: History) -> None:
    lag = {"long_short": Duration.parse("1h"), "taker_ratio": Duration(0)}
    market = read(long_short=METRICS, taker_ratio=METRICS, lag=lag)
    late = {kind: int(stamps.published[0] - stamps.time[0]) for kind, stamps in market.stamps.items()}
    assert late == {"long_short": HOUR, "taker_ratio": 0}
    with pytest.raises(ValueError, match="'funding' is not published late; what may be is open_interest, long_short"):
        Files(bars="x", lag={"funding": Duration(0)})


def test_a_file_may_say_itself_when_each_row_was_published(read: History) -> None:
    text = (
        "time,published,long_short_ratio\n2024-01-01 00:00,2024-01-01 00:07,1.5\n2024-01-01 01:00,2024-01-01 01:09,2\n"
    )
    ratios = read(long_short=text).stamps["long_short"]
    assert list(ratios.published - ratios.time) == [7 * MINUTE, 9 * MINUTE]
    assert list(ratios.columns) == ["accounts"]


def test_a_file_without_any_ratio_is_told_what_was_looked_for(read: History) -> None:
    with pytest.raises(
        DataError, match=r"long_short\.csv has no column that looks like accounts, top_accounts or top_"
    ):
        read(long_short="time,what\n2024-01-01 00:00,1\n2024-01-01 01:00,2\n")


def test_index_and_premium_candles_are_known_when_their_bar_has_closed(read: History) -> None:
    rows = "".join(f"{START // 10**6 + 900_000 * i},1,2,-3,{i},0,{0},0,0,0,0,0\n" for i in range(4))
    market = read(index=rows.replace("-3", "0.5"), premium=rows)
    for kind, low in (("index", 0.5), ("premium", -3.0)):
        stamps = market.stamps[kind]
        assert list(stamps.columns) == ["open", "high", "low", "close"]
        assert stamps["low"][0] == low
        assert list(stamps["close"]) == [0.0, 1.0, 2.0, 3.0]
        assert list(stamps.published - stamps.time) == [15 * MINUTE] * 4


def test_the_archives_book_ticker_is_a_book_of_one_level(read: History) -> None:
    text = (
        "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n"
        "1,100.0,2.5,100.1,2.0,1704067200001,1704067200002\n"
        "2,100.0,2.4,100.1,2.0,1704067200001,1704067200003\n"
        "3,100.1,1.0,100.2,7.0,1704067200900,1704067200901\n"
    )
    book = read(book=text).stamps["book"]
    assert list(book.columns) == ["bid_1", "bid_size_1", "ask_1", "ask_size_1"]
    assert list(book["bid_size_1"]) == [2.4, 1.0]  # of two updates in one millisecond the last stands
    assert list(book["ask_1"]) == [100.1, 100.2]
    assert list(book.published) == [START + 1_000_000, START + 900_000_000]


def test_levels_of_a_book_are_found_in_the_usual_spellings(read: History) -> None:
    names = [f"{side}[{n}].{what}" for n in range(2) for side in ("asks", "bids") for what in ("price", "amount")]
    text = (
        f"timestamp,{','.join(names)}\n2024-01-01 00:00:00,10,1,9,2,11,3,8,4\n2024-01-01 00:00:01,10,1,9,2,11,3,8,4\n"
    )
    book = read(book=text).stamps["book"]
    found = {name: column[0] for name, column in book.columns.items()}
    assert found == {
        "bid_1": 9.0,
        "bid_size_1": 2.0,
        "ask_1": 10.0,
        "ask_size_1": 1.0,
        "bid_2": 8.0,
        "bid_size_2": 4.0,
        "ask_2": 11.0,
        "ask_size_2": 3.0,
    }


TRADES = (
    "7,100.0,1.5,70,70,1704067200000,false\n"
    "8,100.0,0.5,71,73,1704070799999,true\n"
    "9,100.1,2.0,74,74,1704070800000,false\n"
    "10,100.1,3.0,75,75,1704078000000,true\n"
)


@pytest.mark.parametrize("header", [True, False])
def test_single_trades_are_summed_up_by_bar_and_side_of_the_taker(read: History, header: bool) -> None:
    names = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    done = read(trades=names * header + TRADES).stamps["trades"]
    assert {name: list(column) for name, column in done.columns.items()} == {
        "bought": [1.5, 2.0, 0.0],
        "sold": [0.5, 0.0, 3.0],
        "buys": [1.0, 1.0, 0.0],
        "sells": [1.0, 0.0, 1.0],
    }
    assert list(done.time) == [START, START + HOUR, START + 3 * HOUR]  # nobody traded from two to three
    assert list(done.published - done.time) == [HOUR] * 3


def test_trades_already_summed_up_are_taken_as_they_are(read: History) -> None:
    text = "time,buy_volume,sell_volume\n2024-01-01 00:00,3,1\n2024-01-01 00:15,2,2\n2024-01-01 00:30,0,1\n"
    done = read(trades=text).stamps["trades"]
    assert {name: list(column) for name, column in done.columns.items()} == {"bought": [3, 2, 0], "sold": [1, 2, 1]}
    assert list(done.published - done.time) == [15 * MINUTE] * 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("time,price\n2024-01-01 00:00,1\n2024-01-01 01:00,1\n", "neither volumes bought and sold nor single trades"),
        (
            "time,quantity,is_buyer_maker\n2024-01-01 01:00,1,true\n2024-01-01 00:00,1,true\n",
            "trades that go back in time; sort them by time",
        ),
    ],
)
def test_trades_that_cannot_be_used_are_told_why(read: History, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(trades=text)


def test_columns_of_bars_that_a_feature_needs_are_looked_for(tmp_path: Path, candles: pd.DataFrame) -> None:
    candles.assign(count=7, taker_buy_base_volume=1.0).to_parquet(tmp_path / "btc.parquet")
    run: Any = SimpleNamespace(settings=SimpleNamespace(path=tmp_path / "strategy.yaml"))
    want = Want(
        instruments=("BTCUSDT",),
        bar=BarSize.parse("1h"),
        needs=("bars", "bars.trades", "bars.taker_buy_volume", "bars.quote_volume"),
    )
    found = Files(bars="btc.parquet").build(run).history(want).bars.extra
    assert {name: column[0] for name, column in found.items()} == {"trades": 7.0, "taker_buy_volume": 1.0}


@pytest.mark.real
def test_a_real_day_of_statistics_is_of_the_instants_it_is_stamped_with(real_data: Path) -> None:
    """Open interest is valued at the price of its own instant, so nothing of it can be known earlier."""
    run: Any = SimpleNamespace(settings=SimpleNamespace(path=None))
    metrics, bars = "btcusdt_perp_metrics_5m_2024-01-01.parquet", "btcusdt_perp_5m_2023-01_2024-05.parquet"
    want = Want(instruments=("BTCUSDT",), bar=BarSize.parse("5m"), start=START, end=START + 24 * HOUR)
    market = Files(folder=str(real_data), bars=bars, open_interest=metrics, long_short=metrics).build(run).history(want)
    held, valued = market.stamps["open_interest"], pd.read_parquet(real_data / metrics)["sum_open_interest_value"]
    price = valued.to_numpy() / held.value
    opened, closed = market.bars.open[:-1], market.bars.close[:-1]
    assert np.abs(price[:-1] / opened - 1).mean() < np.abs(price[:-1] / closed - 1).mean() / 10
    assert (held.published == held.time + 5 * MINUTE).all()
    assert len(market.stamps["long_short"]) == 288


@pytest.mark.real
def test_real_trades_and_a_real_book_are_read(real_data: Path) -> None:
    run: Any = SimpleNamespace(settings=SimpleNamespace(path=None))
    trades, book = "ticks_btcusdt_perp_trades_2024-08-08.parquet", "ticks_btcusdt_perp_bookticker_2024-08-08.parquet"
    want = Want(instruments=("BTCUSDT",), bar=BarSize.parse("1m"))
    bars = "btcusdt_perp_1m_2023-07_2023-08.parquet"
    market = Files(folder=str(real_data), bars=bars, trades=trades, book=book).build(run).history(want)
    done, raw = market.stamps["trades"], pd.read_parquet(real_data / trades)
    sold = raw[raw["is_buyer_maker"]].groupby(raw["timestamp"].dt.floor("min"))["qty"].sum()
    np.testing.assert_allclose(done["sold"], sold.to_numpy(), rtol=1e-12)
    assert done["buys"].sum() + done["sells"].sum() == len(raw)
    assert (market.stamps["book"]["ask_1"] > market.stamps["book"]["bid_1"]).all()


def test_a_level_may_be_said_as_deep_as_one_is_looked_for(read: History) -> None:
    text = "time,b,bs,a,as,far\n2024-01-01 00:00,9,1,10,1,5\n2024-01-01 00:01,9,1,10,1,5\n"
    said = {"bid_1": "b", "bid_size_1": "bs", "ask_1": "a", "ask_size_1": "as", "bid_size_20": "far"}
    assert read(book=text, columns=said).stamps["book"]["bid_size_20"][0] == 5.0
    with pytest.raises(ValueError, match="'bid_21' is none of ours"):
        Files(bars="x", columns={"bid_21": "far"})
