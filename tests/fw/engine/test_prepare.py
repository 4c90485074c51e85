"""Each kind of untrustworthy data is one clear error; good data passes untouched, on one timeline."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from fw.domain.bars import Bars
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.domain.time import DAY, HOUR, MINUTE, BarSize, format_time, parse_time
from fw.engine.prepare import prepare
from fw.errors import DataError, Gap, OutOfOrder
from fw.parts.source import Want

START = parse_time("2024-01-01")
ONE_HOUR = BarSize(HOUR)


def made_bars(count: int = 48, *, size: BarSize = ONE_HOUR, start: int = START, **columns: Any) -> Bars:
    """Bars that rise by 1 from 100; a column given replaces the made one."""
    close = 100.0 + np.arange(count)
    made: dict[str, Any] = {
        "open_time": start + size.ns * np.arange(count),
        "open": close,
        "high": close + 2.0,
        "low": close - 2.0,
        "close": close + 1.0,
        "volume": np.full(count, 10.0),
    }
    return Bars(size=size, **{**made, **columns})


def with_value(name: str, row: int, value: float) -> Bars:
    bars = made_bars()
    column = getattr(bars, name).copy()
    column[row] = value
    return attrs.evolve(bars, **{name: column})


def at_times(times: NDArray[np.int64] | list[int]) -> Bars:
    return made_bars(len(times), open_time=np.asarray(times))


def without(bars: Bars, *rows: int) -> Bars:
    return bars.rows(np.setdiff1d(np.arange(len(bars)), rows))


def market_of(**series: Bars | Series) -> Market:
    whole = {name: data if isinstance(data, Series) else Series(bars=data) for name, data in series.items()}
    return Market(series=whole, focus=next(iter(whole)))


def want(*instruments: str, **rest: Any) -> Want:
    return Want(instruments=instruments or ("BTCUSDT",), **{"bar": ONE_HOUR, **rest})


def ready(market: Market, asked: Want | None = None, **rules: Any) -> Market:
    return prepare(market, asked or want(*market.series), **{"funding": "zero", **rules})


def opens(market: Market) -> list[str]:
    return [format_time(time)[5:] for time in market.bars.open_time]


def test_good_bars_pass_without_a_copy_and_without_a_note() -> None:
    bars = made_bars()
    rates = Stamps(START + 8 * HOUR * np.arange(6), np.full(6, 1e-4))
    out = prepare(market_of(BTCUSDT=Series(bars=bars, funding=rates)), want())
    assert np.shares_memory(out.bars.close, bars.close)
    assert np.array_equal(out.bars.close, bars.close)
    assert out.notes == ()


def test_the_wanted_order_and_focus_are_kept_and_others_left_out() -> None:
    market = market_of(AUSDT=made_bars(), BUSDT=made_bars(), CUSDT=made_bars())
    out = ready(market, want("CUSDT", "AUSDT"))
    assert out.instruments == ("CUSDT", "AUSDT")
    assert out.focus == "CUSDT"


def test_an_instrument_without_bars_is_an_error() -> None:
    with pytest.raises(DataError, match=r"gave no bars of ETHUSDT \(it gave BTCUSDT\)"):
        ready(market_of(BTCUSDT=made_bars()), want("ETHUSDT"))
    with pytest.raises(DataError, match=r"gave no bars of BTCUSDT \(it gave nothing\)"):
        ready(market_of(BTCUSDT=made_bars(0)))


@pytest.mark.parametrize(
    ("start", "end"), [("2023-01-01", "2023-06-01"), ("2024-01-03", None), (None, "2024-01-01"), ("2025-01-01", None)]
)
def test_a_range_without_data_says_what_range_there_is(start: str | None, end: str | None) -> None:
    asked = want(start=start and parse_time(start), end=end and parse_time(end))
    with pytest.raises(DataError, match="from 2024-01-01 00:00 to 2024-01-03 00:00, none in the asked range"):
        ready(market_of(BTCUSDT=made_bars()), asked)


def test_unsorted_and_doubled_times_are_out_of_order() -> None:
    times = START + HOUR * np.array([0, 1, 3, 2, 4])
    with pytest.raises(OutOfOrder, match="BTCUSDT goes back from 2024-01-01 03:00 to 2024-01-01 02:00"):
        ready(market_of(BTCUSDT=at_times(times)))
    with pytest.raises(OutOfOrder, match="BTCUSDT has 2024-01-01 01:00 twice"):
        ready(market_of(BTCUSDT=at_times(START + HOUR * np.array([0, 1, 1, 2]))))


@pytest.mark.parametrize("row", [1, 65_535, 65_536, 65_537, 199_999])
def test_disorder_is_found_wherever_it_is(row: int) -> None:
    times = START + MINUTE * np.arange(200_000)
    times[row] = times[row - 1]
    bars = made_bars(200_000, size=BarSize(MINUTE), open_time=times)
    with pytest.raises(OutOfOrder, match=f"has {format_time(times[row])} twice"):
        ready(market_of(BTCUSDT=bars), want(bar=BarSize(MINUTE)))


def test_times_off_the_grid_are_an_error() -> None:
    with pytest.raises(DataError, match="bar at 2024-01-01 03:01, where no bar of 1h opens"):
        ready(market_of(BTCUSDT=at_times([START, START + HOUR, START + 3 * HOUR + MINUTE])))


def test_a_week_begins_on_monday() -> None:
    week = BarSize.parse("1w")
    ready(market_of(BTCUSDT=made_bars(4, size=week)), want(bar=week))  # 2024 began on a Monday
    with pytest.raises(DataError, match="2024-01-02 00:00, where no bar of 1w opens"):
        ready(market_of(BTCUSDT=made_bars(4, size=week, start=START + DAY)), want(bar=week))


@pytest.mark.parametrize("factor", [10**3, 10**6, 10**9])
def test_times_of_a_mistaken_unit_are_an_error(factor: int) -> None:
    times = (START + HOUR * np.arange(20)) // factor
    with pytest.raises(DataError, match="wrong unit, as when"):
        ready(market_of(BTCUSDT=at_times(times)))


def test_bars_of_another_size_than_the_clock_are_an_error() -> None:
    with pytest.raises(DataError, match="came as bars of 15m, but the clock is 1h"):
        ready(market_of(BTCUSDT=made_bars(size=BarSize(15 * MINUTE))))
    with pytest.raises(DataError, match="bars are 4h apart, but the clock is 1h"):
        ready(market_of(BTCUSDT=at_times(START + 4 * HOUR * np.arange(5))))
    with pytest.raises(DataError, match="where no bar of 1h opens; bars are 15m apart: set bar: 15m"):
        ready(market_of(BTCUSDT=at_times(START + 15 * MINUTE * np.arange(9))))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("open", np.nan, "open is nan"),
        ("high", np.inf, "high is inf"),
        ("low", -np.inf, "low is -inf"),
        ("close", np.nan, "close is nan"),
        ("volume", np.nan, "volume is nan"),
        ("volume", np.inf, "volume is inf"),
        ("volume", -1.0, "volume is -1, below 0"),
        ("low", 0.0, "low is 0, which is no price"),
        ("close", -5.0, "close is -5, which is no price"),
        ("high", 100.0, "high 100 is below low 105"),
        ("open", 200.0, "open 200 is outside low 105 and high 109"),
        ("close", 1.0, "close 1 is outside low 105 and high 109"),
    ],
)
def test_a_bar_that_cannot_have_been_is_an_error(name: str, value: float, said: str) -> None:
    with pytest.raises(DataError, match=f"BTCUSDT at 2024-01-01 07:00: {said}"):
        ready(market_of(BTCUSDT=with_value(name, 7, value)))


def test_a_gap_is_an_error_that_says_where_and_how_many() -> None:
    bars = without(made_bars(), 5, 6, 20)
    said = r"BTCUSDT: 2 bars missing from 2024-01-01 05:00 on \(and 1 more gap, 3 bars in all\); .*source\.gaps"
    with pytest.raises(Gap, match=said):
        ready(market_of(BTCUSDT=bars))
    with pytest.raises(Gap, match="AUSDT: 1 bar missing from 2024-01-01 03:00 on"):
        ready(market_of(BUSDT=bars, AUSDT=without(made_bars(), 3)))


def test_gaps_are_left_out_for_every_instrument() -> None:
    market = market_of(AUSDT=without(made_bars(10), 3), BUSDT=without(made_bars(10), 5, 6))
    out = ready(market, gaps="skip")
    assert opens(out) == [f"01-01 0{hour}:00" for hour in (0, 1, 2, 4, 7, 8, 9)]
    assert np.array_equal(out.of("BUSDT").bars.open_time, out.bars.open_time)
    assert list(out.bars.open) == [100, 101, 102, 104, 107, 108, 109]
    assert out.notes[:2] == (
        "AUSDT: 1 bar missing, the first at 2024-01-01 03:00, left out for every instrument",
        "BUSDT: 2 bars missing, the first at 2024-01-01 05:00, left out for every instrument",
    )


def test_gaps_are_filled_flat_at_the_last_close_without_volume() -> None:
    bars = without(attrs.evolve(made_bars(10), extra={"trades": np.arange(10.0)}), 5, 6)
    out = ready(market_of(BTCUSDT=bars), gaps="flat")
    assert len(out.bars) == 10
    for name in ("open", "high", "low", "close"):
        assert list(getattr(out.bars, name)[5:7]) == [105.0, 105.0]  # the close at 04:00
    assert list(out.bars.volume[4:8]) == [10.0, 0.0, 0.0, 10.0]
    assert list(out.bars.extra["trades"][4:8]) == [4.0, 0.0, 0.0, 7.0]
    assert out.bars.open[7] == 107.0
    assert "BTCUSDT: 2 bars missing, the first at 2024-01-01 05:00, filled" in out.notes[0]


def test_a_gap_outside_the_asked_range_does_not_matter() -> None:
    asked = want(start=START + 10 * HOUR, end=START + 20 * HOUR)
    assert len(ready(market_of(BTCUSDT=without(made_bars(), 3, 30)), asked).bars) == 10


def test_a_range_that_begins_within_a_gap_is_still_a_gap() -> None:
    asked = want(start=START + 6 * HOUR)
    bars = without(made_bars(), 5, 6, 7)
    with pytest.raises(Gap, match="2 bars missing from 2024-01-01 06:00 on"):
        ready(market_of(BTCUSDT=bars), asked)
    flat = ready(market_of(BTCUSDT=bars), asked, gaps="flat")
    assert list(flat.bars.close[:3]) == [105.0, 105.0, 109.0]


def test_the_warm_up_comes_before_the_start_as_far_as_there_are_bars() -> None:
    asked = want(start=START + 10 * HOUR, warmup=4)
    assert opens(ready(market_of(BTCUSDT=made_bars(13)), asked))[:5] == [f"01-01 {h:02}:00" for h in (6, 7, 8, 9, 10)]
    longer = ready(market_of(BTCUSDT=made_bars(13)), want(start=START + 10 * HOUR, warmup=400))
    assert opens(longer)[0] == "01-01 00:00"


def test_where_gaps_are_left_out_the_warm_up_reaches_further_back() -> None:
    asked = want(start=START + 10 * HOUR, warmup=4)
    out = ready(market_of(BTCUSDT=without(made_bars(13), 7, 8)), asked, gaps="skip")
    assert opens(out)[:5] == [f"01-01 {h:02}:00" for h in (4, 5, 6, 9, 10)]


def test_a_start_between_two_bars_takes_the_next_one() -> None:
    asked = want(start=START + 90 * MINUTE, end=START + 4 * HOUR + MINUTE)
    assert opens(ready(market_of(BTCUSDT=made_bars()), asked)) == [f"01-01 0{hour}:00" for hour in (2, 3, 4)]


def test_instruments_share_the_time_they_all_have_and_the_notes_say_so() -> None:
    market = market_of(AUSDT=made_bars(48), BUSDT=made_bars(20, start=START + 10 * HOUR))
    out = ready(market)
    assert len(out.bars) == len(out.of("BUSDT").bars) == 20
    assert np.array_equal(out.bars.open_time, out.of("BUSDT").bars.open_time)
    assert out.notes[:2] == (
        "begins at 2024-01-01 10:00 instead of 2024-01-01 00:00: BUSDT has no earlier bars",
        "ends at 2024-01-02 06:00 instead of 2024-01-03 00:00: BUSDT has no later bars",
    )


def test_a_range_wider_than_the_data_is_noted() -> None:
    out = ready(market_of(BTCUSDT=made_bars()), want(start=START - DAY, end=START + 10 * DAY))
    assert len(out.bars) == 48
    assert out.notes[0].startswith("begins at 2024-01-01 00:00 instead of 2023-12-31 00:00")
    assert out.notes[1].startswith("ends at 2024-01-03 00:00 instead of 2024-01-11 00:00")


def test_instruments_that_never_overlap_are_an_error() -> None:
    market = market_of(AUSDT=made_bars(5), BUSDT=made_bars(5, start=START + DAY))
    with pytest.raises(DataError, match="BUSDT begins at 2024-01-02 00:00, after AUSDT ends at 2024-01-01 05:00"):
        ready(market)


def test_marks_are_kept_as_they_are_unless_required() -> None:
    eight = BarSize(8 * HOUR)
    series = Series(bars=made_bars(), mark=made_bars(6, size=eight))
    out = ready(market_of(BTCUSDT=series))
    assert out.mark is not None
    assert out.mark.size == eight
    with pytest.raises(DataError, match="coarser marks serve funding only"):
        ready(market_of(BTCUSDT=series), mark="required")


def test_required_marks_stand_on_the_timeline_of_the_bars() -> None:
    series = Series(bars=made_bars(), mark=without(made_bars(60, start=START - 3 * HOUR), 10))
    out = ready(market_of(BTCUSDT=series), mark="required", gaps="skip")
    assert out.mark is not None
    assert np.array_equal(out.mark.open_time, out.bars.open_time)
    assert len(out.bars) == 47
    with pytest.raises(Gap, match="BTCUSDT mark: 1 bar missing"):
        ready(market_of(BTCUSDT=series), mark="required")
    with pytest.raises(DataError, match=r"no mark prices.*account\.mark: last"):
        ready(market_of(BTCUSDT=made_bars()), mark="required")


def test_open_interest_is_checked_and_cut() -> None:
    held = Stamps(START + 5 * MINUTE * np.arange(-10, 600), np.arange(610.0))
    out = ready(market_of(BTCUSDT=Series(bars=made_bars(4), stamps={"open_interest": held})))
    assert len(out.stamps["open_interest"]) == 49  # what is published at the last close is known to it
    shuffled = Stamps(held.time[::-1], held.value)
    with pytest.raises(OutOfOrder, match="BTCUSDT open_interest goes back"):
        ready(market_of(BTCUSDT=Series(bars=made_bars(4), stamps={"open_interest": shuffled})))


def test_stamps_published_before_their_time_or_out_of_turn_are_refused() -> None:
    times = START + HOUR * np.arange(3)
    for published, words in (
        (times - 1, "BTCUSDT long_short of 2024-01-01 00:00 is published before, at 2023-12-31 23:59:59"),
        (
            START + HOUR * np.array([9, 3, 9]),
            "BTCUSDT long_short of 2024-01-01 01:00 is published before the row above",
        ),
    ):
        stamps = {"long_short": Stamps(times, {"accounts": np.ones(3)}, published=published)}
        with pytest.raises(DataError, match=words):
            ready(market_of(BTCUSDT=Series(bars=made_bars(4), stamps=stamps)))
    stamps = {"book": Stamps(times, {"bid_1": [1.0, np.nan, 1.0]})}
    with pytest.raises(DataError, match=r"BTCUSDT book \(bid_1\) at 2024-01-01 01:00 is nan"):
        ready(market_of(BTCUSDT=Series(bars=made_bars(4), stamps=stamps)))


def test_stamps_that_cover_the_run_in_part_are_a_note_and_none_at_all_are_not_there() -> None:
    def noted(first: int, count: int) -> tuple[set[str], tuple[str, ...]]:
        """Hourly ratios, published ten minutes late, beside forty-eight hours of bars of which the last day is run."""
        times = START + HOUR * np.arange(first, first + count)
        ratios = Stamps(times, {"accounts": np.ones(count)}, published=times + 10 * MINUTE)
        data = Series(bars=made_bars(), stamps={"long_short": ratios})
        out = prepare(market_of(BTCUSDT=data), want(start=START + DAY, warmup=10), funding="zero")
        return set(out.stamps), tuple(note for note in out.notes if "long_short" in note)

    assert noted(0, 48) == ({"long_short"}, ())
    assert noted(25, 22) == ({"long_short"}, ())  # two hours apart is nothing
    there, notes = noted(30, 18)
    assert there == {"long_short"}
    assert notes == (
        "BTCUSDT has long_short from 2024-01-02 06:10 to 2024-01-02 23:10, but bars from 2024-01-02 00:00 to "
        "2024-01-03 00:00; outside, its columns are what they are where it is unknown",
    )
    there, notes = noted(-500, 400)
    assert there == set()
    assert notes[0].endswith("but bars from 2024-01-02 00:00 to 2024-01-03 00:00; the run does without")
    assert noted(0, 0) == (set(), ("BTCUSDT has long_short without any row; the run does without",))
