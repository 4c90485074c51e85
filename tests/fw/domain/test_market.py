"""A market shows only what is known, of the instrument in focus."""

from __future__ import annotations

import numpy as np
import pytest

from fw.domain.bars import Bars
from fw.domain.instrument import Instrument
from fw.domain.market import Market, Series
from fw.domain.stamps import Stamps
from fw.domain.time import HOUR, MINUTE, BarSize
from fw.errors import DataError


def flat_bars(count: int, price: float = 100.0) -> Bars:
    prices = np.full(count, price)
    return Bars(
        size=BarSize(HOUR),
        open_time=HOUR * np.arange(count),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=np.ones(count),
    )


def two() -> Market:
    funding = Stamps(8 * HOUR * np.arange(1, 4), [0.1, 0.2, 0.3])
    series = {
        "AUSDT": Series(bars=flat_bars(24), funding=funding, mark=flat_bars(24)),
        "BUSDT": Series(bars=flat_bars(24, 5.0)),
    }
    return Market(series=series, focus="AUSDT", notes=("a note",))


def test_a_stamp_is_known_at_its_own_instant_and_a_bar_only_when_it_closes() -> None:
    known = two().known(8 * HOUR)
    assert len(known.bars) == 8
    assert known.mark is not None
    assert len(known.mark) == 8
    assert known.funding is not None
    assert list(known.funding.value) == [0.1]
    assert len(two().known(8 * HOUR - 1).bars) == 7
    assert known.notes == ("a note",)


def test_stamps_between_two_instants_leave_the_last_out() -> None:
    cut = two().between(8 * HOUR, 24 * HOUR)
    assert cut.funding is not None
    assert list(cut.funding.value) == [0.1, 0.2]
    assert len(cut.bars) == 16


def test_stamps_some_milliseconds_late_are_floored_to_the_minute() -> None:
    late = Stamps([8 * HOUR + 5_000_000, 16 * HOUR], [1.0, 2.0]).to_minutes()
    assert list(late.time) == [8 * HOUR, 16 * HOUR]
    assert late.to_minutes() is late


def test_stamps_need_a_value_for_every_time() -> None:
    with pytest.raises(DataError, match=r"2,.*3,"):
        Stamps([1, 2], [1.0, 2.0, 3.0])


def test_the_focus_chooses_whose_data_is_shown() -> None:
    market = two()
    assert market.of("BUSDT").bars.close[0] == 5.0
    assert market.of("BUSDT").funding is None
    assert market.instruments == ("AUSDT", "BUSDT")
    with pytest.raises(DataError, match="no CUSDT; it has AUSDT, BUSDT"):
        market.of("CUSDT")


def test_larger_bars_must_be_made_of_whole_smaller_ones() -> None:
    assert len(two().at("4h")) == 6
    assert len(two().resampled(BarSize(12 * HOUR)).of("BUSDT").bars) == 2
    with pytest.raises(DataError, match="cannot be made"):
        two().at(BarSize(30 * MINUTE))


@pytest.mark.parametrize(("tick", "price"), [(0.1, 0.3), (0.1, 65432.1), (0.01, 1.1), (0.0001, 0.5973), (5.0, 35.0)])
def test_a_price_on_the_tick_stays_the_float_it_was_written_as(tick: float, price: float) -> None:
    assert Instrument(symbol="X", tick=tick, lot=1).snap(price) == price
    assert Instrument(symbol="X", tick=tick, lot=1).snap(price + 0.3 * tick) == price


def test_a_quantity_is_whole_lots_rounded_towards_zero() -> None:
    contract = Instrument(symbol="X", tick=0.1, lot=0.001)
    assert contract.lots(0.3) == 300
    assert contract.lots(0.0019) == 1
    assert contract.lots(-0.0019) == -1
    assert contract.lots(0.0) == 0


def ratios(lag: int = 10 * MINUTE) -> Stamps:
    """A row an hour, published `lag` later; the value is the hour."""
    hours = np.arange(24.0)
    times = HOUR * np.arange(24)
    return Stamps(times, {"accounts": hours, "top_accounts": -hours}, published=times + lag)


def test_a_row_is_known_when_it_was_published_and_not_at_its_own_instant() -> None:
    market = Market.single("AUSDT", flat_bars(24), stamps={"long_short": ratios()})
    assert list(market.known(8 * HOUR).stamps["long_short"]["accounts"]) == [0.0, 1, 2, 3, 4, 5, 6, 7]
    assert len(market.known(8 * HOUR + 10 * MINUTE).stamps["long_short"]) == 9
    assert len(market.known(8 * HOUR + 10 * MINUTE - 1).stamps["long_short"]) == 8


def test_a_stretch_has_what_is_known_at_its_last_close_and_was_not_before_its_first_open() -> None:
    market = Market.single("AUSDT", flat_bars(24), stamps={"long_short": ratios(), "book": ratios(lag=0)})
    cut = market.between(8 * HOUR, 10 * HOUR)
    assert len(cut.bars) == 2
    assert list(cut.stamps["long_short"]["accounts"]) == [8.0, 9.0]  # 8 is published at 08:10
    assert list(cut.stamps["book"]["accounts"]) == [8.0, 9.0, 10.0]  # at 10:00 the second bar closes
    assert list(market.trailing(2).stamps["long_short"]["accounts"]) == [22.0, 23.0]


def test_the_newest_value_is_carried_as_long_as_it_is_believed() -> None:
    at = np.array([0, 9 * MINUTE, 10 * MINUTE, HOUR, 24 * HOUR, 30 * HOUR])
    found = ratios().last("accounts", at=at, within=2 * HOUR)
    assert found[2:5].tolist() == [0.0, 0.0, 23.0]
    assert np.isnan(found[[0, 1, 5]]).all()
    assert np.isnan(ratios().rows(slice(0, 0)).last("accounts", at=at, within=HOUR)).all()


def test_without_a_time_of_publication_a_row_is_known_at_its_own_instant() -> None:
    stamps = Stamps([1, 2, 3], [1.0, 2.0, 3.0])
    assert list(stamps.published) == [1, 2, 3]
    assert list(stamps.value) == list(stamps["value"]) == [1.0, 2.0, 3.0]
    with pytest.raises(DataError, match="no column 'bid_1'; they have accounts, top_accounts"):
        ratios()["bid_1"]
    with pytest.raises(DataError, match=r"\(2,\) times and \(1,\) of published"):
        Stamps([1, 2], [1.0, 2.0], published=[1])


def test_an_instrument_has_a_kind_or_a_column_of_it_or_not() -> None:
    data = Series(bars=flat_bars(3), stamps={"long_short": ratios()})
    there = {need: data.has(need) for need in ("bars", "long_short", "long_short.accounts", "long_short.top_positions")}
    assert there == {"bars": True, "long_short": True, "long_short.accounts": True, "long_short.top_positions": False}
    assert not any(data.has(need) for need in ("funding", "mark", "book", "book.bid_1", "bars.trades"))
