"""Bars stand in line: each is given once, in order, none before the one it follows."""

from __future__ import annotations

from random import Random

import hypothesis.strategies as st
from hypothesis import given

from fw_binance.streams.backoff import Backoff
from fw_binance.streams.frames import Kline
from fw_binance.streams.lines import AHEAD, Line
from fw_binance.streams.trouble import Trouble


def kline(open_time: int, close: float = 1.0) -> Kline:
    return Kline(open_time, 1.0, 2.0, 0.5, close, 1.0, 1.0, 1.0, 1.0, 1.0)


def taken(line: Line) -> list[int]:
    found = []
    while (bar := line.take()) is not None:
        found.append(bar.open_time)
    return found


@given(st.permutations(range(12)), st.lists(st.integers(0, 11)))
def test_bars_come_once_and_in_order_whatever_order_they_arrive_in(order: list[int], again: list[int]) -> None:
    line, given_out = Line(0, 60), []
    for number in [*order, *again]:
        line.offer(kline(number * 60))
        given_out += taken(line)
    assert given_out == [number * 60 for number in range(12)]
    assert line.revised == 0


def test_a_bar_behind_a_hole_waits() -> None:
    line = Line(0, 60)
    line.offer(kline(60))
    assert taken(line) == []
    assert line.behind_a_hole
    line.offer(kline(0))
    assert taken(line) == [0, 60]
    assert not line.behind_a_hole


def test_bars_from_before_the_line_begins_are_not_given() -> None:
    line = Line(120, 60)
    line.offer(kline(60))
    assert taken(line) == []
    assert line.duplicates == 1


def test_a_bar_that_comes_again_with_other_values_is_counted_and_not_given() -> None:
    line = Line(0, 60)
    line.offer(kline(0))
    taken(line)
    line.offer(kline(0, close=1.5))
    assert taken(line) == []
    assert (line.duplicates, line.revised) == (1, 1)


def test_no_more_bars_are_kept_ahead_of_a_hole_than_a_page_has() -> None:
    line = Line(0, 60)
    for number in range(1, 2 * AHEAD):
        line.offer(kline(number * 60))
    line.offer(kline(0))
    assert len(taken(line)) == AHEAD + 1


def test_a_hole_of_the_exchanges_own_is_left_out() -> None:
    line = Line(0, 60)
    line.offer(kline(180))
    assert line.skip(180) == 3
    assert taken(line) == [180]


def test_pauses_double_up_to_the_longest_and_are_never_the_same_for_two() -> None:
    first, second = Backoff(1.0, 8.0, Random(1)), Backoff(1.0, 8.0, Random(2))
    pauses = [first.next() for _ in range(6)]
    for pause, whole in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert whole / 2 <= pause <= whole
    assert pauses != [second.next() for _ in range(6)]
    again = Backoff(1.0, 8.0, Random(1))
    assert pauses == [again.next() for _ in range(6)]
    again.reset()
    assert again.next() <= 1.0


def test_trouble_is_told_when_it_begins_and_when_the_last_of_it_is_over() -> None:
    trouble = Trouble()
    assert trouble.begins(["A", "B"], "market 1", "closed") == ("A", "B")
    assert trouble.begins(["A"], "missing bars", "no bar") == ()
    assert trouble.of("A") == ("closed", "no bar")
    assert trouble.ends(["A", "B"], "market 1") == ("B",)
    assert trouble.ends(["B"], "market 1") == ()
    assert trouble.ends(["A"], "missing bars") == ("A",)
