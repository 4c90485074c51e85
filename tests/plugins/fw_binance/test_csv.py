"""The text of archive files, as the exchange has written them over the years."""

from __future__ import annotations

import numpy as np
import pytest

from fw.domain.time import parse_time
from fw_binance.archive import Place, Unusable
from fw_binance.csv import nanoseconds, parse

HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
ROW = "1640995200000,46210.57,46333.88,46190.01,46321.34,299.473,1640995259999,13855742.30,3542,160.851,7442563.33,0"
NEW_YEAR = parse_time("2022-01-01")


@pytest.mark.parametrize("text", [f"{ROW}\n", f"{HEADER}\n{ROW}\n", f"{HEADER}\r\n{ROW}\r\n", ROW])
def test_candles_with_and_without_a_header_line(text: str) -> None:
    columns = parse("klines", text.encode())
    assert columns["open_time"].tolist() == [NEW_YEAR]
    assert [columns[name][0] for name in ("open", "high", "low", "close")] == [46210.57, 46333.88, 46190.01, 46321.34]
    assert (columns["volume"][0], columns["quote_volume"][0], columns["trades"][0]) == (299.473, 13855742.30, 3542.0)
    assert (columns["taker_buy_volume"][0], columns["taker_buy_quote_volume"][0]) == (160.851, 7442563.33)


def test_a_later_column_does_not_disturb_and_order_follows_the_header() -> None:
    text = f"{HEADER},new\n{ROW},7\n"
    assert parse("klines", text.encode())["close"][0] == 46321.34
    swapped = "open,open_time,high,low,close\n1.5,1640995200000,2.0,1.0,1.75\n"
    columns = parse("mark", swapped.encode())
    assert (columns["open_time"][0], columns["open"][0]) == (NEW_YEAR, 1.5)


@pytest.mark.parametrize("factor", [1, 1000, 1_000_000, 1_000_000_000])
def test_times_are_told_by_their_size(factor: int) -> None:
    assert nanoseconds(np.array([1_640_995_200 * factor])).tolist() == [NEW_YEAR]


def test_a_file_whose_unit_changes_within_is_read_row_by_row() -> None:
    other = ROW.replace("1640995200000", "1640995260000000")
    assert parse("klines", f"{ROW}\n{other}\n".encode())["open_time"].tolist() == [NEW_YEAR, NEW_YEAR + 60 * 10**9]


def test_funding() -> None:
    text = "calc_time,funding_interval_hours,last_funding_rate\n1640995200007,8,0.00010000\n"
    columns = parse("funding", text.encode())
    assert columns["time"].tolist() == [NEW_YEAR + 7_000_000]
    assert (columns["funding_rate"][0], columns["interval_hours"][0]) == (0.0001, 8.0)
    assert np.isnan(columns["mark_price"][0]), "only REST tells it"


def test_statistics_of_traders_have_times_in_words_and_may_have_holes() -> None:
    text = (
        "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
        "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio\n"
        "2022-01-01 00:05:00,BTCUSDT,81234.5,3752000000.1,1.5,1.2,1.7,0.9\n"
        "2022-01-01 00:10:01,BTCUSDT,81235.5,3752000001.1,,1.2,1.7,\n"
    )
    columns = parse("metrics", text.encode())
    assert columns["time"].tolist() == [NEW_YEAR + 300 * 10**9, NEW_YEAR + 601 * 10**9]
    assert columns["open_interest"].tolist() == [81234.5, 81235.5]
    assert columns["top_accounts"][0] == 1.5
    assert np.isnan(columns["top_accounts"][1])
    assert np.isnan(columns["taker_ratio"][1])


@pytest.mark.parametrize("said", ["true", "True"])
def test_single_trades(said: str) -> None:
    columns = parse("agg_trades", f"10,46210.5,0.25,100,104,1640995200123,{said}\n".encode())
    assert columns["time"].tolist() == [NEW_YEAR + 123_000_000]
    assert (columns["agg_trade_id"][0], columns["first_trade_id"][0], columns["last_trade_id"][0]) == (10, 100, 104)
    assert columns["is_buyer_maker"].tolist() == [True]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", f"{HEADER}\n", ROW.replace("46190.01", "low"), f",{ROW}"])
def test_what_is_no_such_file_is_unusable(text: str) -> None:
    with pytest.raises(Unusable, match=r"^its? "):
        parse("klines", text.encode())


def test_where_files_lie() -> None:
    root = "/data/futures/um"
    assert Place("klines", "BTCUSDT", "1m", "2024-01").path == (
        f"{root}/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip"
    )
    assert Place("mark", "BTCUSDT", "1h", "2024-01-31").path == (
        f"{root}/daily/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-01-31.zip"
    )
    assert Place("funding", "BTCUSDT", None, "2024-01").path == (
        f"{root}/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip"
    )
    assert Place("metrics", "BTCUSDT", "5m", "2024-01-31").path == (
        f"{root}/daily/metrics/BTCUSDT/BTCUSDT-metrics-2024-01-31.zip"
    )
    assert Place("agg_trades", "币安人生USDT", None, "2024-01-31").path.startswith(f"{root}/daily/aggTrades/%E5%B8%81")
