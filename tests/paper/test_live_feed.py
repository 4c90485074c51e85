"""What a live feed lets through: every bar once and in order, moments when all bars are there, nothing new too late."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.domain.event import BarsClosed, Filled
from fw.domain.received import BarReceived, FeedLost, FeedRestored, QuoteReceived
from fw.errors import DataError, Gap, OutOfOrder, PluginError
from fw.testing.live import Happening

HOUR = 3_600_000_000_000
MINUTE = HOUR // 60
FREE: dict[str, Any] = {
    "simulation": {"slippage": {"bps": 0}, "quotes": None},
    "account": {"leverage": 10, "allow_high_leverage": True, "reserve": 0, "funding": "zero"},
}
BEGINS = 3
WARM = 2
"""Bars of history that the script's lookback asks for."""


@attrs.frozen
class Script:
    """Says at each close (by its hour) what stands in the script, for the first instrument or for each."""

    script: dict[Any, Any]
    lookback: int = 2

    def decide(self, view: fw.View) -> Any:
        hour = view.time // HOUR
        if view.instrument == view.instruments[0] and hour in self.script:
            return self.script[hour]
        return self.script.get((hour, view.instrument))


@pytest.fixture
def happen(live: Any, made_up: ModuleType) -> Any:
    """Run a script over bars that happen from 03:00 on; each price stands for an hour."""

    def run(script: dict[Any, Any], *prices: Any, amiss: Any = (), **how: Any) -> Any:
        rows = [[(float(price),) * 4 if not isinstance(price, tuple) else price for price in each] for each in prices]
        source = Happening(
            made_up.market_of(*rows, rates=how.pop("rates", ()), **how.pop("rules", {})),
            BEGINS * HOUR,
            quotes=how.pop("quoted", False),
            late=how.pop("late", 0),
            amiss=amiss,
        )
        settings = {**FREE, **how}
        settings["simulation"] = {**FREE["simulation"], **how.get("simulation", {})}
        settings["account"] = {**FREE["account"], **how.get("account", {})}
        return live(source, Script(script), **settings)

    return run


def hours(frame: fw.Frame) -> list[float]:
    return [float(time) / HOUR for time in frame["time"]]


def bar(hour: int, price: float, instrument: str = "A", **other: Any) -> BarReceived:
    prices: dict[str, Any] = dict.fromkeys(("open", "high", "low", "close"), price)
    return BarReceived(
        time=other.pop("time", (hour + 1) * HOUR), instrument=instrument, open_time=hour * HOUR, **prices, **other
    )


def quote(time: int, price: float, instrument: str = "A") -> QuoteReceived:
    return QuoteReceived(time=time, instrument=instrument, bid=price - 0.5, ask=price + 0.5, bid_size=1.0, ask_size=1.0)


def test_a_hole_in_the_stream_ends_the_run_and_says_where(happen: Any, made_up: ModuleType, live: Any) -> None:
    market = made_up.market_of([(100.0,) * 4] * 9)
    kept = [0, 1, 2, 3, 6, 7, 8]
    series = {"A": attrs.evolve(market.series["A"], bars=market.bars.rows(np.array(kept)))}
    with pytest.raises(Gap, match="A: the stream went on at 1970-01-01 06:00 without 2 bars from 1970-01-01 04:00 on"):
        live(Happening(attrs.evolve(market, series=series), BEGINS * HOUR), Script({}), **FREE)


def test_a_bar_that_comes_twice_ends_the_run(happen: Any) -> None:
    with pytest.raises(OutOfOrder, match="the bar of 1970-01-01 04:00 twice"):
        happen({}, [100] * 8, amiss=[bar(4, 100.0, time=6 * HOUR)])


def test_a_bar_that_cannot_be_ends_the_run(happen: Any) -> None:
    wrong = attrs.evolve(bar(8, 100.0), high=90.0)
    with pytest.raises(DataError, match="A at 1970-01-01 08:00: high 90 is below low 100"):
        happen({}, [100] * 8, amiss=[wrong])


def test_a_source_that_breaks_is_named(happen: Any, made_up: ModuleType, live: Any) -> None:
    class Breaking(Happening):
        def stream(self, want: fw.Want) -> Any:
            yield from ()
            raise ZeroDivisionError("no more")

    with pytest.raises(PluginError, match=r"source 'breaking' .* raised ZeroDivisionError: no more"):
        live(Breaking(made_up.market_of([(100.0,) * 4] * 9), BEGINS * HOUR), Script({}), **FREE)


def test_a_moment_waits_for_the_bars_of_all_instruments(happen: Any) -> None:
    lived = happen({5: 1.0, (5, "B"): -1.0}, [100] * 8, [50] * 8)
    assert hours(lived.result.signals) == [5.0, 5.0]
    assert hours(lived.result.fills) == [5.0, 5.0]


def test_late_bars_risk_nothing_new_and_change_no_decision(happen: Any) -> None:
    in_time, late = (happen({5: 1.0}, [100] * 9, late=seconds * 10**9) for seconds in (2, 3))
    assert (in_time.result.fills.rows, late.result.fills.rows) == (1, 0)


class Passing:
    """A check that lets everything pass, so that sizes are worked out in Python."""

    def review(self, targets: Any, view: fw.View) -> Any:
        return targets


@pytest.fixture
def lost(happen: Any) -> Any:
    """The feed of A is lost from just before 05:00 until just before 08:00."""

    def run(script: dict[Any, Any], **how: Any) -> Any:
        amiss = [
            FeedLost(time=5 * HOUR - 1, instruments=("A",), reason="silent"),
            FeedRestored(time=8 * HOUR - 1, instruments=("A",)),
        ]
        return happen(script, [100] * 12, amiss=amiss, **how)

    return run


@pytest.mark.parametrize("sizer", ["fixed_fraction", {"use": "fixed_quantity", "quantity": 3.0}])
@pytest.mark.parametrize("risk", [[], [{"use": Passing()}]])
def test_an_entry_while_the_feed_is_lost_comes_when_it_is_restored(lost: Any, sizer: Any, risk: Any) -> None:
    result = lost({6: 1.0, 10: 0.0}, sizer=sizer, risk=risk).result
    assert hours(result.signals) == [6.0, 10.0]
    assert hours(result.fills) == [8.0, 10.0]
    assert list(result.vetoes["check"]) == ["freshness"]
    assert result.vetoes["reason"][0] == "the feed is lost: A (silent)"


def test_what_was_held_back_and_is_not_wanted_any_more_does_not_come(lost: Any) -> None:
    result = lost({6: 1.0, 7: 0.0}).result
    assert result.fills.rows == 0


def test_an_exit_while_the_feed_is_lost_goes_through(lost: Any) -> None:
    result = lost({4: 1.0, 6: 0.0}).result
    assert hours(result.fills) == [4.0, 6.0]


def test_a_turn_while_the_feed_is_lost_closes_first_and_opens_when_it_is_restored(lost: Any) -> None:
    result = lost({4: 1.0, 6: -1.0}).result
    assert hours(result.fills) == [4.0, 6.0, 8.0]
    assert np.sign(np.cumsum(result.fills["lots"])).tolist() == [1, 0, -1]


def test_protections_move_while_the_feed_is_lost(lost: Any) -> None:
    entry, tighter = fw.Signal(1.0, stop_loss=95.0), fw.Signal(1.0, stop_loss=97.0)
    result = lost({4: entry, 6: tighter}).result
    assert list(result.orders["kind"]) == ["market", "bracket"]
    assert result.vetoes.rows == 0


def test_explicit_orders_that_risk_more_are_refused_while_the_feed_is_lost(lost: Any) -> None:
    more, less = (fw.Place(1.0),), (fw.Place(-0.5, reduce_only=True),)
    result = lost({4: more, 6: more, 7: less}).result
    assert list(result.fills["quantity"]) == [1.0, -0.5]
    assert list(result.vetoes["check"]) == ["freshness"]


def test_an_order_fills_at_the_first_quote_after_the_decision(happen: Any) -> None:
    quotes = [quote(5 * HOUR - MINUTE, 90.0), quote(5 * HOUR + MINUTE, 104.0), quote(5 * HOUR + 2 * MINUTE, 108.0)]
    result = happen({5: 1.0}, [100] * 8, amiss=quotes, simulation={"quotes": "1s"}).result
    assert (hours(result.fills), list(result.fills["price"])) == ([5 + 1 / 60], [104.0])


def test_an_order_that_takes_its_time_meets_a_later_quote(happen: Any) -> None:
    quotes = [quote(5 * HOUR + MINUTE, 104.0), quote(5 * HOUR + 2 * MINUTE, 108.0)]
    settings = {"simulation": {"quotes": "1s", "latency": "90s"}}
    assert list(happen({5: 1.0}, [100] * 8, amiss=quotes, **settings).result.fills["price"]) == [108.0]


def test_quotes_are_taken_at_the_pace_that_was_set(happen: Any) -> None:
    quotes = [quote(5 * HOUR + second * 10**9, 100.0 + second) for second in range(60)]
    lived = happen({5: 1.0}, [100] * 8, amiss=quotes, simulation={"quotes": "20s"})
    assert lived.session.simulation.steps == WARM + 5 + 3


def test_quotes_move_nothing_while_nothing_is_at_stake(happen: Any) -> None:
    lived = happen({}, [100] * 8, quoted=True, simulation={"quotes": "1s"})
    assert lived.session.simulation.steps == WARM + 5


def test_a_stop_is_hit_by_the_quote_that_shows_it(happen: Any) -> None:
    quotes = [quote(5 * HOUR + MINUTE, 100.0), quote(5 * HOUR + 30 * MINUTE, 94.0), quote(6 * HOUR - MINUTE, 100.0)]
    script = {5: fw.Signal(1.0, stop_loss=95.0)}
    prices = [100] * 5 + [(100.0, 100.0, 94.0, 100.0)] + [100] * 2
    fills = happen(script, prices, amiss=quotes, simulation={"quotes": "1s"}).result.fills
    assert (hours(fills), list(fills["price"])) == ([5 + 1 / 60, 5.5], [100.0, 94.0])


def test_a_stop_that_no_quote_shows_is_hit_when_the_bar_shows_it(happen: Any) -> None:
    quotes = [quote(5 * HOUR + MINUTE, 100.0), quote(6 * HOUR - MINUTE, 99.0)]
    script = {5: fw.Signal(1.0, stop_loss=95.0)}
    prices = [100] * 5 + [(100.0, 100.0, 94.0, 100.0)] + [100] * 2
    fills = happen(script, prices, amiss=quotes, simulation={"quotes": "1s"}).result.fills
    assert (hours(fills), list(fills["price"])) == ([5 + 1 / 60, 6 - 1 / 60], [100.0, 95.0])


def test_a_limit_entry_expires_with_its_bars_however_many_quotes_they_have(happen: Any) -> None:
    quotes = [quote(5 * HOUR + minute * MINUTE, 100.0) for minute in range(1, 175, 5)]
    script = {5: fw.Signal(1.0, limit=95.0, expiry=2)}
    prices = [100] * 6 + [(100.0, 100.0, 94.0, 100.0)] + [100] * 2
    settings = {"simulation": {"quotes": "1s"}}
    assert happen(script, prices, amiss=quotes, **settings).result.fills.rows == 1
    late = [100] * 7 + [(100.0, 100.0, 94.0, 100.0)] + [100]
    result = happen(script, late, amiss=quotes, folder=None, **settings).result
    assert (result.fills.rows, list(result.orders["state"])) == (0, ["expired"])


def test_funding_that_becomes_known_late_is_paid_by_what_was_held_then(happen: Any) -> None:
    late = fw.domain.received.StampReceived(
        time=5 * HOUR + 10 * MINUTE, instrument="A", kind="funding", at=5 * HOUR, values={"value": 0.01}
    )
    quotes = [quote(5 * HOUR + MINUTE, 100.0)]
    settings = {"simulation": {"quotes": "1s"}, "account": {"funding": "required"}}
    result = happen({4: -1.0, 5: 0.0}, [100] * 8, rates=[(0, 0.0)], amiss=[late, *quotes], **settings).result
    held, given_back = (float(quantity) for quantity in result.fills["quantity"])
    assert held == -given_back
    assert list(result.funding["amount"]) == [-held * 100.0 * 0.01]
    assert result.totals["funding"] == -held * 100.0 * 0.01


def test_observers_are_told_as_in_a_backtest(happen: Any) -> None:
    seen: list[Any] = []

    class Watching:
        kinds = (BarsClosed, Filled)

        def notice(self, event: Any) -> None:
            seen.append(event)

    happen({5: 1.0}, [100] * 8, observers=[{"use": Watching()}])
    assert [type(event).__name__ for event in seen].count("BarsClosed") == 5
    assert [event.time / HOUR for event in seen if isinstance(event, Filled)] == [5.0]
