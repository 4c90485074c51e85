"""Messages of the exchange are read as it recorded them; unknown fields are left alone, a missing one is named."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fw_binance.streams import frames
from fw_binance.streams.frames import Kline, Liquidation, MalformedFrame, Mark, Quote, Trade

READERS = {
    "kline": frames.kline,
    "bookTicker": frames.quote,
    "aggTrade": frames.trade,
    "depthUpdate": frames.depth,
    "markPriceUpdate": frames.mark,
    "forceOrder": frames.liquidation,
}


def closed(**changed: Any) -> dict[str, Any]:
    k = {"t": 60000, "T": 119999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 9, "o": "1.5", "c": "1.7", "h": "2", "l": "1"}
    k |= {"v": "10", "n": 9, "x": True, "q": "15", "V": "4", "Q": "6", "B": "0"} | changed
    return {"e": "kline", "E": 120001, "s": "BTCUSDT", "k": k}


def test_every_recorded_message_is_read(real_data: Path) -> None:
    folder = real_data / "binance_payloads" / "recorded" / "ws"
    packed = (folder / "btcusdt_usdm_feed_2024-08-08_first12s.jsonl.gz").read_bytes()
    text = (folder / "usdm_combined_stream_2021-07-22.jsonl").read_text() + gzip.decompress(packed).decode()
    read: Counter[str] = Counter()
    for line in text.splitlines():
        message = frames.decode(json.dumps(json.loads(line)["msg"]))
        reader = READERS.get(message.get("e", ""))
        if reader is not None:
            reader(message)
            read[message["e"]] += 1
    # counted with grep over the same files
    assert read["kline"] == 67
    assert read["aggTrade"] == 91
    assert read["depthUpdate"] == 764 + 230
    assert read["bookTicker"] == 613 + 2284


def test_documented_messages_with_their_new_fields_are_read(real_data: Path) -> None:
    folder = real_data / "binance_payloads" / "fixtures" / "nautilus_crate" / "market_data_json"
    told = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert frames.kline(told["kline_stream_open"]) is None
    assert frames.kline(told["kline_stream_closed"]) == Kline(
        1638747660000, 0.001, 0.0025, 0.001, 0.002, 1000.0, 1.0, 100.0, 500.0, 0.5
    )
    assert frames.quote(told["book_ticker_stream"]) == Quote(400900217, 1568014460891, 25.3519, 31.21, 25.3652, 40.66)
    assert frames.trade(told["agg_trade_stream"]) == Trade(5933014, 0.001, 100.0, 100, 105, 123456785, True)
    assert frames.mark(told["mark_price_stream"]) == Mark(
        1562305380000, 11794.15, 11784.62659091, 0.00038167, 1562306400000
    )
    assert frames.liquidation(told["liquidation_stream"]) == Liquidation(
        1568014460893, False, 0.014, 9910.0, 9910.12345678, 0.014
    )
    depth = frames.depth(told["depth_update_stream"])
    assert (depth.first, depth.last, depth.previous) == (157, 160, 149)
    assert (list(depth.bids), list(depth.asks)) == ([(0.0024, 10.0)], [(0.0026, 100.0)])


def test_a_forming_bar_is_no_bar() -> None:
    assert frames.kline(closed(x=False)) is None


def test_a_bar_over_rest_is_the_bar_of_the_stream() -> None:
    row = [60000, "1.5", "2", "1", "1.7", "10", 119999, "15", 9, "4", "6", "0"]
    assert frames.kline_of_row(row) == frames.kline(closed())


def test_a_wrapped_message_is_the_same_as_a_bare_one() -> None:
    bare = closed()
    assert frames.decode(json.dumps({"stream": "btcusdt@kline_1m", "data": bare})) == bare
    assert frames.decode(json.dumps(bare).encode()) == bare


@pytest.mark.parametrize("text", ["", "{", '{"e":"kline","k":{"t":16', "[1,2]", "null", "ping"])
def test_what_is_no_message_is_said_to_be_none(text: str) -> None:
    with pytest.raises(MalformedFrame, match=r"no JSON|no object"):
        frames.decode(text)


def test_a_missing_field_is_named() -> None:
    message = closed()
    del message["k"]["V"]
    with pytest.raises(MalformedFrame, match="kline without 'V'"):
        frames.kline(message)


@pytest.mark.parametrize(("field", "value"), [("o", "abc"), ("t", None), ("v", {})])
def test_a_field_that_is_no_number_is_malformed(field: str, value: Any) -> None:
    with pytest.raises(MalformedFrame, match="kline that cannot be read"):
        frames.kline(closed(**{field: value}))


def test_a_contract_in_settlement_has_no_funding_rate() -> None:
    message = {"e": "markPriceUpdate", "E": 5, "s": "X", "p": "1", "i": "1", "P": "1", "r": "", "T": 0}
    assert frames.mark(message).funding_rate != frames.mark(message).funding_rate
