"""A live session over the practice exchange: the bars it sees are those that history shows later, whatever happens."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import attrs
import pytest

import fw
from fw_binance.environment import Hosts, environment_of
from fw_binance.source import BinanceSource
from fw_binance.store import Store
from fw_binance.streams.laying import groups

MINUTE = 60_000
KLINES = "btcusdt@kline_1m"


def fields(bar: fw.BarReceived) -> dict[str, float]:
    """A bar that was received, in the words of the exchange's rows."""
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume}
    return {"open_time": bar.open_time / 1e6, **prices, **bar.extra}


def test_bars_seen_live_are_the_bars_that_history_shows_later(read: Any, told: Any) -> None:
    """Streamed, missed while the connection was down, lost on the way, come twice: field for field the same."""
    reader = read(back=5, bar_late="40ms")
    venue, first = reader.venue, reader.venue.clock.now - 5 * MINUTE
    reader.until_bars(5)
    reader.advance(3 * MINUTE)
    reader.until_bars(8)
    venue.faults.disconnect()
    reader.advance(4 * MINUTE)
    reader.until_bars(12)
    reader.until_up(4)
    venue.faults.duplicate(KLINES, times=200)
    reader.advance(2 * MINUTE)
    reader.until_bars(14)
    venue.faults.calm()
    venue.faults.lose(KLINES, times=None)
    reader.advance(2 * MINUTE)
    venue.faults.calm()
    reader.until_bars(16)
    seen = [fields(bar) for bar in reader.bars()]
    assert seen == told(venue, "BTCUSDT", first, 16)
    assert [bar.time - bar.open_time for bar in reader.bars()] == [MINUTE * 10**6] * 16


def test_a_forming_bar_is_never_given(read: Any) -> None:
    reader = read(back=3)
    reader.until_bars(3)
    for _ in range(7):
        reader.advance(25_000)
        closed = (reader.venue.clock.now - reader.bars()[0].open_time // 10**6) // MINUTE
        reader.until_bars(closed)
        assert len(reader.bars()) == closed


def test_what_a_connection_missed_is_given_before_the_feed_is_said_to_be_restored(read: Any) -> None:
    reader = read(back=1)
    reader.until_bars(1)
    reader.advance(MINUTE)
    reader.until_bars(2)
    reader.venue.faults.disconnect()
    reader.until(lambda: "lost" in reader.troubles())
    reader.advance(3 * MINUTE)
    reader.until_restored()
    reader.until_bars(5)
    lost = next(event for event in reader.events if isinstance(event, fw.FeedLost))
    assert lost.instruments == ("BTCUSDT",)
    assert "closed the connection" in lost.reason
    assert reader.troubles() == ["lost", "restored"]
    missed = [event for event in reader.events if isinstance(event, fw.BarReceived | fw.FeedRestored)]
    opened = reader.opened()
    assert opened == list(range(opened[0], opened[0] + 5 * MINUTE, MINUTE))
    assert missed.index(reader.all(fw.FeedRestored)[0]) >= 2


def test_a_half_open_connection_is_replaced(read: Any) -> None:
    reader = read(ping="20ms")
    reader.advance(MINUTE)
    reader.until_bars(1)
    reader.venue.faults.half_open()
    reader.advance(2 * MINUTE)
    reader.until_bars(3)
    reader.until_restored()
    assert reader.stream.counters.failures >= 2


def test_streams_that_are_acknowledged_and_stay_silent_are_a_fault(read: Any) -> None:
    reader = read(silence="300ms", up=False)
    reader.venue.faults.silence()
    reader.until(lambda: "lost" in reader.troubles())
    assert "acknowledged them and sent nothing" in reader.all(fw.FeedLost)[0].reason
    assert reader.stream.counters.silences > 0
    reader.venue.faults.calm()
    reader.until_restored()


def test_bars_come_over_rest_while_streams_are_silent(read: Any) -> None:
    reader = read(silence="60ms")
    reader.venue.faults.silence()
    reader.advance(3 * MINUTE)
    reader.until_bars(3)


def test_an_unreadable_message_costs_no_bar_and_no_connection(read: Any, told: Any) -> None:
    reader = read(bar_late="40ms")
    start = reader.venue.clock.now
    reader.advance(MINUTE - 250)
    reader.venue.faults.malformed(KLINES, times=4)
    reader.advance(250 + MINUTE)
    reader.until_bars(2)
    assert reader.stream.counters.malformed == 4
    assert reader.stream.counters.failures == 0
    assert [fields(bar) for bar in reader.bars()] == told(reader.venue, "BTCUSDT", start, 2)


def test_a_connection_that_brings_only_unreadable_messages_is_replaced(read: Any) -> None:
    reader = read(bar_late="40ms")
    reader.venue.faults.malformed(".*", times=40)
    reader.advance(MINUTE)
    reader.until_up(3)
    reader.advance(MINUTE)
    reader.until_bars(2)
    assert reader.stream.counters.failures >= 1


def test_bytes_that_are_no_websocket_frame_end_the_connection_and_cost_no_bar(read: Any) -> None:
    reader = read(bar_late="40ms")
    reader.venue.faults.garbage(KLINES, times=1)
    reader.advance(2 * MINUTE)
    reader.until_up(3)
    reader.until_bars(2)


def test_unknown_fields_are_left_alone(read: Any, told: Any) -> None:
    reader = read()
    start = reader.venue.clock.now
    reader.venue.faults.unknown_fields()
    reader.advance(2 * MINUTE)
    reader.until_bars(2)
    reader.until(lambda: reader.all(fw.QuoteReceived))
    assert reader.stream.counters.malformed == 0
    assert [fields(bar) for bar in reader.bars()] == told(reader.venue, "BTCUSDT", start, 2)


@pytest.mark.parametrize("field", ["k.x", "k.V", "k", "E"])
def test_a_message_without_a_field_it_must_have_costs_no_bar(field: str, read: Any) -> None:
    reader = read(bar_late="40ms")
    reader.venue.faults.missing_field(KLINES, field, times=None)
    reader.advance(2 * MINUTE)
    reader.until_bars(2)
    assert reader.stream.counters.failures <= (0 if field == "E" else 1)


def test_bars_that_come_twice_or_in_another_order_are_given_once_and_in_order(read: Any) -> None:
    reader = read()
    start = reader.venue.clock.now
    reader.venue.faults.duplicate(KLINES, times=None)
    reader.venue.faults.swap(KLINES, times=500)
    reader.advance(6 * MINUTE)
    reader.until_bars(6)
    assert reader.opened() == [start + number * MINUTE for number in range(6)]
    assert reader.stream.counters.duplicates > 0
    assert reader.stream.counters.revised == 0


def test_a_gap_in_the_exchanges_own_bars_is_waited_for_until_it_heals(read: Any, told: Any) -> None:
    reader = read()
    venue, start = reader.venue, reader.venue.clock.now
    reader.advance(MINUTE)
    reader.until_bars(1)
    venue.faults.without_row("/fapi/v1/klines", start + MINUTE)
    venue.faults.disconnect()
    reader.advance(3 * MINUTE)
    reader.until_up(4)
    asked = len(venue.faults.requests)
    reader.until(lambda: len(venue.faults.requests) > asked + 10)
    assert len(reader.bars()) == 1
    venue.faults.calm()
    reader.until_bars(4)
    assert [fields(bar) for bar in reader.bars()] == told(venue, "BTCUSDT", start, 4)
    reader.until(lambda: reader.stream.counters.healed == 1)


def test_a_gap_that_never_heals_is_left_out_as_history_leaves_it_out(read: Any) -> None:
    reader = read(heal="20ms")
    venue, start = reader.venue, reader.venue.clock.now
    venue.faults.without_row("/fapi/v1/klines", start + MINUTE)
    venue.faults.disconnect()
    reader.advance(3 * MINUTE)
    reader.until_bars(2)
    assert reader.opened() == [start, start + 2 * MINUTE]
    reader.until(lambda: reader.stream.counters.gaps == 1)


def test_bars_that_cannot_be_fetched_are_said_to_be_missing_until_they_can(read: Any) -> None:
    reader = read(bar_late="40ms")
    reader.venue.faults.unavailable("/fapi/v1/klines", times=None)
    reader.venue.faults.lose(KLINES, times=None)
    reader.advance(MINUTE)
    reader.until(lambda: "lost" in reader.troubles())
    assert "bars" in reader.all(fw.FeedLost)[0].reason
    assert reader.bars() == []
    reader.venue.faults.calm()
    reader.until_bars(1)
    reader.until_restored()
    assert reader.troubles() == ["lost", "restored"]


def test_a_connection_is_replaced_before_the_exchange_ends_it_and_nothing_is_lost(read: Any) -> None:
    reader = read(rotate="60ms")
    start = reader.venue.clock.now

    def turned() -> bool:
        reader.advance(5000)
        return reader.stream.counters.rotations >= 4

    reader.until(turned)
    count = (reader.venue.clock.now - start) // MINUTE
    reader.until_bars(count)
    assert reader.opened() == [start + number * MINUTE for number in range(count)]
    assert reader.troubles() == []
    times = [quote.time for quote in reader.all(fw.QuoteReceived)]
    assert times == sorted(times)


def test_a_slow_reader_gets_every_bar_and_only_the_newest_quotes(read: Any) -> None:
    reader = read(back=40, most_waiting=5)
    reader.going_on.clear()
    reader.advance(10 * MINUTE)
    reader.until(lambda: reader.stream.counters.held > 0)
    reader.until(lambda: reader.stream.counters.quotes_dropped > 100)
    reader.going_on.set()
    reader.until_bars(50)
    opened = reader.opened()
    assert opened == list(range(opened[0], opened[0] + 50 * MINUTE, MINUTE))


def test_several_instruments_are_each_in_order(read: Any) -> None:
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    reader = read(symbols, back=2)
    reader.advance(2 * MINUTE)
    for symbol in symbols:
        reader.until_bars(4, symbol)
        opened = reader.opened(symbol)
        assert opened == list(range(opened[0], opened[0] + 4 * MINUTE, MINUTE))
    reader.until(lambda: {quote.instrument for quote in reader.all(fw.QuoteReceived)} == set(symbols))


def test_quotes_carry_the_newest_mark_price(read: Any, told: Any) -> None:
    reader = read()
    reader.advance(5000)
    reader.until(lambda: any(quote.mark for quote in reader.all(fw.QuoteReceived)))
    quote = next(quote for quote in reader.all(fw.QuoteReceived) if quote.mark)
    forming = told(reader.venue, "BTCUSDT", reader.venue.clock.now, 1, "markPriceKlines")[-1:]
    forming = forming or told(reader.venue, "BTCUSDT", reader.venue.clock.now - 5000, 1, "markPriceKlines")
    assert quote.bid < quote.ask
    assert forming[0]["low"] <= quote.mark <= forming[0]["high"]


def test_mark_bars_come_where_the_run_needs_them(read: Any, told: Any) -> None:
    reader = read(back=2, needs=("bars", "mark"))
    start = reader.venue.clock.now - 2 * MINUTE
    reader.advance(2 * MINUTE)
    reader.until_bars(4, kind="mark")
    names = ("open_time", "open", "high", "low", "close")
    rows = told(reader.venue, "BTCUSDT", start, 4, "markPriceKlines")
    assert [{name: fields(bar)[name] for name in names} for bar in reader.bars(kind="mark")] == [
        {name: row[name] for name in names} for row in rows
    ]


def test_settled_funding_comes_once(read: Any) -> None:
    """The made-up market settles at 00:00, 08:00 and 16:00, as the exchange does."""
    reader = read(at=478, needs=("bars", "funding"))
    reader.advance(4 * MINUTE, steps=4)
    reader.until(lambda: reader.all(fw.StampReceived))
    reader.until_bars(4)
    stamps = reader.all(fw.StampReceived)
    funding = reader.venue.market.funding
    assert [(stamp.kind, stamp.at) for stamp in stamps] == [("funding", int(funding.time[1]))]
    assert stamps[0].values["value"] == pytest.approx(float(funding.value[1]), abs=1e-8)


def test_a_bar_comes_after_all_that_a_backtest_would_know_at_its_close(read: Any) -> None:
    """Bar 479 closes at 08:00, when funding is settled."""
    reader = read(at=470, back=5, needs=("bars", "funding", "index", "premium", "trades", "open_interest"))
    reader.advance(12 * MINUTE, steps=12)
    reader.until_bars(17)
    known: set[tuple[str, int]] = set()
    settled = 480 * MINUTE * 10**6 + int(reader.venue.market.bars.open_time[0])
    for event in list(reader.events):
        if isinstance(event, fw.StampReceived):
            known.add((event.kind, event.at))
            assert event.time >= event.at
        elif isinstance(event, fw.BarReceived):
            for kind in ("index", "premium", "trades"):
                assert (kind, event.open_time) in known
            if event.time >= settled:
                assert ("funding", settled) in known
    assert reader.stream.counters.alone == 0
    traded = {event.at: event.values for event in reader.all(fw.StampReceived) if event.kind == "trades"}
    bar = reader.bars()[3]
    bought = bar.extra["taker_buy_volume"]
    assert traded[bar.open_time] == {"bought": bought, "sold": bar.volume - bought}
    assert {event.kind for event in reader.all(fw.StampReceived)} >= {"funding", "open_interest"}


def test_a_bar_does_not_wait_for_ever_for_what_belongs_to_it(read: Any) -> None:
    reader = read(needs=("bars", "index"), together="20ms")
    reader.venue.faults.unavailable("/fapi/v1/indexPriceKlines", times=None)
    reader.advance(3 * MINUTE)
    reader.until_bars(3)
    assert reader.stream.counters.alone > 0
    reader.until(lambda: "lost" in reader.troubles())
    reader.venue.faults.calm()
    reader.until_restored()


def test_an_unknown_symbol_is_refused_with_those_that_read_like_it(read: Any, make_venue: Any, venue_kit: Any) -> None:
    venue = make_venue(venue_kit.market(bars=20), at=5)
    reader = read(("BTCUSD",), at=5, venue=venue, up=False)
    with pytest.raises(AssertionError, match="no contract 'BTCUSD'; did you mean BTCUSDT"):
        reader.until(lambda: False)


def test_a_kind_of_data_that_is_not_streamed_is_refused(read: Any) -> None:
    for need in ("book", "trades.buys"):
        reader = read(needs=("bars", need), up=False)
        with pytest.raises(AssertionError, match=f"does not stream '{need}'"):
            reader.until(lambda: False)


def test_closing_ends_the_iterator_and_every_thread(read: Any) -> None:
    reader = read()
    reader.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "binance streams"]
    with pytest.raises(StopIteration):
        next(reader.stream)


def test_streams_are_laid_on_connections_of_two_hundred_at_most() -> None:
    symbols = [f"S{number}USDT" for number in range(250)]
    laid = groups(symbols, "1m")
    assert all(len(group.streams) <= 200 for group in laid)
    streams = [stream for group in laid for stream in group.streams]
    assert len(streams) == len(set(streams)) == 3 * 250
    assert {stream.partition("@")[2]: group.route for group in laid for stream in group.streams} == {
        "kline_1m": "market",
        "markPrice@1s": "market",
        "bookTicker": "public",
    }


def test_quotes_that_stopped_though_the_exchange_has_newer_ones_are_a_fault(read: Any) -> None:
    reader = read(("BTCUSDT", "ETHUSDT"), quiet="50ms")
    reader.advance(5000)
    reader.until(lambda: len({quote.instrument for quote in reader.all(fw.QuoteReceived)}) == 2)
    reader.venue.faults.silence("btcusdt@bookTicker")
    reader.advance(10_000)
    reader.until(lambda: "lost" in reader.troubles())
    assert "quotes of BTCUSDT stopped coming" in reader.all(fw.FeedLost)[0].reason
    reader.venue.faults.calm()
    reader.until_restored()


def test_quotes_that_rest_because_the_market_does_are_no_fault(read: Any) -> None:
    reader = read(quiet="20ms")
    reader.advance(5000)
    reader.until(lambda: reader.all(fw.QuoteReceived))
    asked = len(reader.venue.faults.requests)
    reader.until(lambda: len(reader.venue.faults.requests) > asked + 3)
    assert reader.troubles() == []


def test_a_contract_in_settlement_is_said_to_bring_no_more_bars(read: Any, make_venue: Any, venue_kit: Any) -> None:
    venue = make_venue(venue_kit.market(("BTCUSDT", "ETHUSDT"), bars=60), at=10)

    def settling(body: bytes) -> bytes:
        info = json.loads(body)
        next(s for s in info["symbols"] if s["symbol"] == "ETHUSDT")["status"] = "SETTLING"
        return json.dumps(info).encode()

    venue.faults.change("/fapi/v1/exchangeInfo", settling)
    reader = read(("BTCUSDT", "ETHUSDT"), at=10, venue=venue)
    reader.until(lambda: reader.all(fw.FeedLost))
    lost = reader.all(fw.FeedLost)[0]
    assert lost.instruments == ("ETHUSDT",)
    assert "ETHUSDT is SETTLING" in lost.reason
    reader.advance(MINUTE)
    reader.until_bars(1)


def test_an_exchange_that_asks_for_fewer_requests_is_asked_later(read: Any) -> None:
    reader = read(bar_late="40ms")
    reader.venue.faults.lose(KLINES, times=None)
    reader.venue.faults.too_many("/fapi/v1/klines", retry_after=0)
    reader.advance(2 * MINUTE)
    reader.until_bars(2)


def test_the_source_goes_by_the_exchanges_clock(make_venue: Any, venue_kit: Any, tmp_path: Any) -> None:
    """That of a practice exchange stands in 2024; of the real one only how far this machine is off would count."""
    venue = make_venue(venue_kit.market(bars=60), at=10)
    environment = environment_of(Hosts(**venue.hosts))
    source = BinanceSource(environment=environment, store=Store(tmp_path, environment.venue))
    stream = source.stream(fw.Want(instruments=("BTCUSDT",), bar=fw.BarSize.parse("1m")))
    try:
        assert source.now == venue.clock.now * 10**6
        live = attrs.evolve(source, environment=environment_of("live"), clock=lambda: 1_000)
        live._streams.append(stream)
        ahead = venue.clock.now * 10**6 - time.time_ns()
        assert live.now == pytest.approx(1_000 + ahead, abs=60 * 10**9)
    finally:
        stream.close()


def test_after_a_connection_came_again_nothing_is_asked_for_where_nothing_is_missing(read: Any) -> None:
    reader = read(("BTCUSDT", "ETHUSDT"), back=2)
    reader.until_bars(2, "BTCUSDT")
    reader.until_bars(2, "ETHUSDT")
    asked = len(reader.venue.faults.requests)
    reader.venue.faults.disconnect()
    reader.until_restored()
    new = reader.venue.faults.requests[asked:]
    assert new
    assert not [path for path in new if "klines" in path]
