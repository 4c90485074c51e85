"""Funding covers the range, in order and on the minute, or the run is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import ArrayLike

from fw.domain.bars import Bars
from fw.domain.market import Market
from fw.domain.stamps import Stamps
from fw.domain.time import HOUR, BarSize, parse_time
from fw.engine.fingerprint import fingerprint
from fw.engine.prepare import prepare
from fw.errors import DataError, Gap, OutOfOrder
from fw.parts.source import Want

START = parse_time("2024-01-01")


def funded(hours: ArrayLike | None, *, bars: int = 240, rate: float = 1e-4) -> Market:
    """Ten days of flat hours, with funding stamps so many hours after the first bar opens."""
    flat = np.full(bars, 100.0)
    made = Bars(
        size=BarSize(HOUR),
        open_time=START + HOUR * np.arange(bars),
        open=flat,
        high=flat,
        low=flat,
        close=flat,
        volume=flat,
    )
    if hours is None:
        return Market.single("BTCUSDT", made)
    times = START + (HOUR * np.asarray(hours, dtype=np.float64)).astype(np.int64)
    return Market.single("BTCUSDT", made, funding=Stamps(times, np.full(len(times), rate)))


def ready(market: Market, *, gaps: str = "error", funding: str = "required", start: int | None = None) -> Market:
    asked = Want(instruments=("BTCUSDT",), bar=BarSize(HOUR), start=start)
    return prepare(market, asked, gaps=gaps, funding=funding)


def rates_of(market: Market) -> Stamps:
    assert market.funding is not None
    return market.funding


def test_missing_funding_is_an_error_that_says_how_to_go_without() -> None:
    with pytest.raises(DataError, match=r"BTCUSDT has no funding rates.*account\.funding: zero"):
        ready(funded(None))
    with pytest.raises(DataError, match=r"account\.funding: zero"):
        ready(funded([]))


def test_missing_funding_may_be_taken_as_zero() -> None:
    out = ready(funded(None), funding="zero")
    assert out.funding is None
    assert out.notes == ("BTCUSDT has no funding rates: none is paid",)


def test_funding_every_eight_hours_covers_what_lies_between() -> None:
    assert ready(funded(range(0, 240, 8))).notes == ()
    assert ready(funded(range(8, 240, 8))).notes == ()


def test_stamps_are_floored_to_the_minute() -> None:
    late = np.arange(0, 240, 8) + 0.004 / 3600  # 4 ms after the hour, as the exchange's API states some
    assert np.array_equal(rates_of(ready(funded(late))).time, START + HOUR * np.arange(0, 240, 8))


def test_two_stamps_in_one_minute_are_doubles() -> None:
    with pytest.raises(OutOfOrder, match="BTCUSDT funding has 2024-01-01 08:00 twice"):
        ready(funded([0, 8, 8.001, 16]))


def test_shuffled_funding_is_out_of_order_even_where_it_is_not_required() -> None:
    for rule in ("required", "zero"):
        with pytest.raises(OutOfOrder, match="BTCUSDT funding goes back from 2024-01-01 16:00 to 2024-01-01 08:00"):
            ready(funded([0, 16, 8, 24]), funding=rule)


def test_a_rate_that_is_no_number_is_an_error() -> None:
    with pytest.raises(DataError, match="BTCUSDT funding at 2024-01-01 00:00 is nan"):
        ready(funded(range(0, 240, 8), rate=float("nan")))


def test_a_new_contract_may_have_its_first_settlement_some_hours_late() -> None:
    # BTCUSDT opened on 2019-09-08 17:00 and first settled on 2019-09-10 08:00
    out = ready(funded(range(39, 240, 8)))
    assert out.notes == ("BTCUSDT: no funding is known before 2024-01-02 15:00, none is paid until then",)


def test_funding_that_begins_or_ends_far_from_the_bars_is_an_error() -> None:
    with pytest.raises(DataError, match=r"from 2024-01-05 00:00 to 2024-01-10 16:00, but bars from 2024-01-01"):
        ready(funded(range(96, 240, 8)))
    with pytest.raises(DataError, match="to 2024-01-10 08:00, but bars"):
        ready(funded(range(0, 232, 8)[: -0 or None][:29]))
    assert ready(funded(range(96, 240, 8)), start=START + 96 * HOUR).notes == ()


def test_where_funding_may_be_zero_what_is_missing_is_only_noted() -> None:
    out = ready(funded(range(96, 160, 8)), funding="zero")
    assert len(rates_of(out)) == 8
    assert [note.split(",")[1] for note in out.notes] == [" none is paid until then", " none is paid from then on"]


def test_a_hole_in_the_funding_is_a_gap() -> None:
    hours = [hour for hour in range(0, 240, 8) if hour not in (80, 88)]
    with pytest.raises(Gap, match=r"1 hole in its funding, the first of 1d after 2024-01-04 00:00.*source\.gaps"):
        ready(funded(hours))
    out = ready(funded(hours), gaps="flat")
    assert out.notes[0].endswith("nothing is paid there")


def test_an_interval_that_changes_from_eight_to_four_hours_is_no_hole() -> None:
    assert ready(funded([*range(0, 80, 8), *range(80, 240, 4)])).notes == ()


def test_the_fingerprint_tells_data_apart_and_nothing_else() -> None:
    market = funded(range(0, 240, 8))
    same = Market(series=dict(market.series), focus=market.focus, notes=("another note",))
    assert fingerprint(same) == fingerprint(market)
    assert fingerprint(funded(range(0, 240, 8))) == fingerprint(market)
    others = [
        funded(range(0, 232, 8)),
        funded(range(0, 240, 8), rate=2e-4),
        funded(range(0, 240, 8), bars=239),
        Market(series={"ETHUSDT": market.series["BTCUSDT"]}, focus="ETHUSDT"),
    ]
    assert len({fingerprint(other) for other in (market, *others)}) == 5


def test_the_fingerprint_tells_stamps_apart_by_kind_column_value_and_publication() -> None:
    times, ones, bars = HOUR * np.arange(3), np.ones(3), funded(range(0, 240, 8)).bars

    def of(**stamps: Stamps) -> str:
        return fingerprint(Market.single("BTCUSDT", bars, stamps=stamps))

    ratios = Stamps(times, {"accounts": ones, "top_accounts": ones})
    found = [
        of(),
        of(long_short=ratios),
        of(other=ratios),
        of(long_short=Stamps(times, {"accounts": ones})),
        of(long_short=Stamps(times, {"accounts": ones, "top_positions": ones})),
        of(long_short=Stamps(times, {"accounts": ones, "top_accounts": 2 * ones})),
        of(long_short=Stamps(times, ratios.columns, published=times + 1)),
        of(long_short=Stamps(times + 1, ratios.columns)),
        of(long_short=ratios, book=Stamps(times, {"bid_1": ones})),
    ]
    assert len(set(found)) == len(found)
    assert of(long_short=Stamps(times, dict(reversed(ratios.columns.items())))) == of(long_short=ratios)
    whole = Market.single("BTCUSDT", bars, stamps={"long_short": ratios})
    assert fingerprint(whole.between(None, None)) == fingerprint(whole)


def test_the_fingerprint_is_the_same_in_every_process() -> None:
    code = (
        "import numpy as np; from fw.domain.bars import Bars; from fw.domain.market import Market;"
        "from fw.domain.time import BarSize, HOUR; from fw.engine.fingerprint import fingerprint;"
        "p = np.arange(1.0, 9.0); b = Bars(size=BarSize(HOUR), open_time=HOUR * np.arange(8), open=p, high=p, low=p,"
        "close=p, volume=p); print(fingerprint(Market.single('BTCUSDT', b)))"
    )
    command = [sys.executable, "-c", code]
    said = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(said) == 1
    assert len(said.pop().strip()) == 64
