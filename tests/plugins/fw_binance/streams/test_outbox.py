"""A slow reader gets every firm event in order, of quotes the newest, and never goes back in time."""

from __future__ import annotations

import threading

import pytest

import fw
from fw.domain.event import Event
from fw_binance.streams.outbox import Outbox


def bar(time: int) -> Event:
    return fw.FeedRestored(time=time, instruments=("BTCUSDT",))


def quote(time: int, symbol: str = "BTCUSDT") -> Event:
    return fw.QuoteReceived(time=time, instrument=symbol, bid=1.0, ask=2.0, bid_size=1.0, ask_size=1.0)


def all_of(box: Outbox) -> list[int]:
    box.end()
    return [event.time for event in iter(box.take, None)]


def test_what_waits_when_it_ends_is_not_read_any_more() -> None:
    box = Outbox(10)
    box.put(bar(1))
    assert all_of(box) == []


def test_of_quotes_only_the_newest_waits_and_the_others_are_counted() -> None:
    box = Outbox(10)
    for time in (1, 2, 3):
        box.put_newest("BTCUSDT", lambda time=time: quote(time))  # type: ignore[misc]
    box.put_newest("ETHUSDT", lambda: quote(2, "ETHUSDT"))
    assert [box.take().time, box.take().time] == [3, 2]
    assert box.dropped == 2


def test_a_newer_quote_comes_after_the_bars_that_came_before_it() -> None:
    box = Outbox(10)
    box.put_newest("BTCUSDT", lambda: quote(1))
    box.put(bar(2))
    box.put_newest("BTCUSDT", lambda: quote(3))
    assert [box.take().time, box.take().time] == [2, 3]


def test_it_is_full_of_firm_events_and_quotes_do_not_count() -> None:
    box = Outbox(2)
    for number in range(5):
        box.put_newest(str(number), lambda: quote(1))
    box.put(bar(1))
    assert not box.full
    box.put(bar(2))
    assert box.full
    while not isinstance(box.take(), fw.FeedRestored):
        pass
    assert not box.full


def test_a_reader_that_waits_is_woken_by_an_event_and_by_the_end() -> None:
    box, read = Outbox(10), []

    def reading() -> None:
        try:
            while True:
                read.append(box.take().time)
        except StopIteration:
            read.append(-1)

    reader = threading.Thread(target=reading)
    reader.start()
    box.put(bar(7))
    while not read:
        pass
    box.end()
    reader.join(10)
    assert read == [7, -1]


def test_the_reason_of_an_end_is_raised_in_the_reader() -> None:
    box = Outbox(10)
    box.end(fw.DataError("no such contract"))
    box.end()
    with pytest.raises(fw.DataError, match="no such contract"):
        box.take()
