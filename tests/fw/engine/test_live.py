"""A live row equals the whole history's row of the same bar, bit for bit, and is made of the trailing bars alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.engine.columns import PlannedSet, compute_columns
from fw.engine.growing import SPARE, GrowingMarket
from fw.engine.live import LiveColumns
from fw.testing.markets import trend
from fw_features.plugin import fw_features

SETTINGS = {"account": {"funding": "zero"}}
BUNDLED: list[Any] = [name for name, spec in fw_features().items() if hasattr(spec, "compute")]
ELSEWHERE: list[Any] = [
    {"use": "rsi", "name": "slow_rsi", "bar": "4h"},
    {"use": "funding", "name": "slow_funding", "bar": "4h"},
    {"use": "against", "name": "slow_against", "bar": "1d", "spans": [3]},
    {"use": "ema", "name": "other", "on": "ETHUSDT"},
    {"use": "sma", "name": "slow_other", "on": "ETHUSDT", "bar": "4h"},
    {"use": "expression", "name": "spread", "expr": "(sma_20 - ema_20) / max(atr_14, 0.1)"},
    {"use": "expression", "name": "up", "expr": "spread > 0"},
]


@attrs.frozen
class Idle:
    def decide(self, view: fw.View) -> None:
        return None


@pytest.fixture
def planned(make_plan: Callable[..., Any]) -> Callable[..., tuple[PlannedSet, ...]]:
    """The feature sets of a file over a market, as a run has them."""

    def sets(market: fw.Market, features: list[Any]) -> tuple[PlannedSet, ...]:
        bench = make_plan(market, Idle(), features=features, **SETTINGS).bench
        found: tuple[PlannedSet, ...] = bench.parts(bench.make_run()).features
        return found

    return sets


def news(market: fw.Market, row: int) -> fw.Market:
    """What becomes known when the bar `row` closes and was not when the bar before it did."""
    opens, before = int(market.bars.open_time[row]), int(market.bars.close_time[row - 1])
    series = {}
    for symbol, data in market.known(int(market.bars.close_time[row])).series.items():
        series[symbol] = attrs.evolve(
            data,
            bars=data.bars.between(opens, None),
            mark=None if data.mark is None else data.mark.between(opens, None),
            funding=None if data.funding is None else data.funding.between(before + 1, None),
            stamps={kind: stamps.between(before + 1, None) for kind, stamps in data.stamps.items()},
        )
    return attrs.evolve(market, series=series)


def rows_of(sets: tuple[PlannedSet, ...], market: fw.Market, first: int) -> Iterator[tuple[int, LiveColumns]]:
    """The live columns at each bar from `first` on, with the bars before it for a history."""
    live = LiveColumns(sets, market.known(int(market.bars.close_time[first])))
    yield first, live
    for row in range(first + 1, len(market.bars)):
        assert live.add(news(market, row)) is live.row
        yield row, live


def assert_equal_to_the_whole(sets: tuple[PlannedSet, ...], market: fw.Market, first: int) -> None:
    whole = compute_columns(sets, market)
    for row, live in rows_of(sets, market, first):
        assert live.names == tuple(whole)
        for place, name in enumerate(live.names):
            np.testing.assert_array_equal(live.row[place], whole[name][:, row], err_msg=f"{name} at {row}")


def test_every_bundled_column_is_that_of_the_whole_history(planned: Any) -> None:
    market = trend(("BTCUSDT", "ETHUSDT"), bars=4400, noise=0.01, seed=3)
    assert_equal_to_the_whole(planned(market, [*BUNDLED, *ELSEWHERE]), market, 4350)


def test_columns_of_larger_bars_hold_until_the_next_has_closed_though_bars_are_missing(planned: Any) -> None:
    whole = trend(("BTCUSDT", "ETHUSDT"), bars=600, seed=4)
    kept = np.sort(np.random.default_rng(5).permutation(600)[:300])
    series = {name: attrs.evolve(data, bars=data.bars.rows(kept)) for name, data in whole.series.items()}
    market = attrs.evolve(whole, series=series)
    sets = planned(market, [{"use": "sma", "spans": [3], "bar": "4h"}, {"use": "returns", "bar": "2h"}])
    assert_equal_to_the_whole(sets, market, 150)


def test_rows_begin_before_there_are_enough_bars(planned: Any) -> None:
    market = trend(bars=40)
    sets = planned(
        market, [{"use": "sma", "spans": [5, 20]}, {"use": "sma", "spans": [3], "bar": "8h", "name": "slow"}]
    )
    assert_equal_to_the_whole(sets, market, 0)
    _, live = next(rows_of(sets, market, 0))
    assert np.isnan(live.row).all()


def test_a_set_is_shown_little_more_than_its_lookback(planned: Any) -> None:
    seen = []

    class Looking:
        needs = ("bars",)
        lookback = 5

        def compute(self, market: fw.Market) -> fw.Frame:
            seen.append(len(market.bars))
            return fw.Frame.of({"close": market.bars.close.copy()})

    market = trend(bars=300)
    sets = planned(market, [Looking()])
    for _ in rows_of(sets, market, 200):
        pass
    assert set(seen) == {5}


@attrs.frozen
class Closes:
    """A set that writes, and fails where it is told to."""

    broken: bool = False
    needs: tuple[str, ...] = ("bars",)
    lookback: int = 4
    columns: tuple[str, ...] = ("newest", "before")

    def writer(self) -> Callable[[fw.Market, int, Any], None]:
        def write(market: fw.Market, first: int, out: Any) -> None:
            if self.broken and first:
                raise ZeroDivisionError
            out[0, first:] = market.bars.close[first:]
            out[1, first:] = np.append(np.nan, market.bars.close)[:-1][first:]

        return write

    def compute(self, market: fw.Market) -> fw.Frame:
        out = np.empty((2, len(market.bars)))
        self.writer()(market, 0, out)
        return fw.Frame.of_rows(self.columns, out)


def test_a_set_that_writes_stands_beside_one_that_does_not(planned: Any) -> None:
    market = trend(("BTCUSDT", "ETHUSDT"), bars=60)
    elsewhere = {"use": "ema", "name": "other", "on": "ETHUSDT", "spans": [3]}
    assert_equal_to_the_whole(planned(market, [Closes(), Plain(), elsewhere, "sma"]), market, 0)


@attrs.frozen
class Plain:
    """A set with nothing but `compute`."""

    needs: tuple[str, ...] = ("bars",)
    lookback: int = 1

    def compute(self, market: fw.Market) -> fw.Frame:
        return fw.Frame.of({"high": market.bars.high, "low": market.bars.low})


def test_a_writer_that_fails_is_blamed_by_name(planned: Any) -> None:
    market = trend(bars=30)
    with pytest.raises(fw.PluginError, match="ZeroDivisionError"):
        LiveColumns(planned(market, [Closes(broken=True)]), market)


def test_a_row_that_was_given_stays_as_it_was(planned: Any) -> None:
    market = trend(bars=30)
    kept = [(live.row, live.row.copy()) for _, live in rows_of(planned(market, ["returns"]), market, 20)]
    for row, copied in kept:
        np.testing.assert_array_equal(row, copied)
        assert not row.flags.writeable


def test_a_set_whose_columns_change_is_told_from_the_rest(planned: Any) -> None:
    class Fickle:
        needs = ("bars",)
        lookback = 1

        def compute(self, market: fw.Market) -> fw.Frame:
            name = "early" if market.bars.open_time[-1] < edge else "late"
            return fw.Frame.of({name: market.bars.close.copy()})

    market = trend(bars=30)
    edge = int(market.bars.open_time[25])
    with pytest.raises(fw.PluginError, match="returned the columns late where it had returned early"):
        list(rows_of(planned(market, [Fickle()]), market, 20))


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (
            [{"use": "sma"}, {"use": "sma", "spans": [20, 50], "name": "again"}],
            "two feature sets give the column 'sma_20'",
        ),
        ([{"use": "sma"}, {"use": "expression", "name": "sma_20", "expr": "sma_20"}], "there is a column of this name"),
        ([{"use": "sma"}, {"use": "expression", "name": "x", "expr": "sma_2"}], "did you mean 'sma_20'"),
    ],
)
def test_mistakes_are_told_as_in_a_backtest(planned: Any, features: list[Any], said: str) -> None:
    market = trend(bars=30)
    sets = planned(market, features)
    for compute in (compute_columns, LiveColumns):
        with pytest.raises(fw.SettingsError, match=said):
            compute(sets, market)


def test_a_market_that_was_given_out_stays_as_it_was() -> None:
    market = trend(("BTCUSDT", "ETHUSDT"), bars=2 * SPARE + 200)
    growing = GrowingMarket(market.known(int(market.bars.close_time[99])), 50)
    given = []
    for row in range(100, len(market.bars)):
        now = growing.add(news(market, row))
        assert 50 <= len(now.bars) <= SPARE + 2 * 50 + SPARE
        if row % 97 == 0:
            given.append((row, now))
    for row, then in given:
        known = market.known(int(market.bars.close_time[row]))
        for symbol in market.instruments:
            ours, all_of_it = then.series[symbol], known.series[symbol]
            for mine, its in ((ours.bars, all_of_it.bars), (ours.mark, all_of_it.mark)):
                for name in ("close", "volume"):
                    np.testing.assert_array_equal(getattr(mine, name), getattr(its, name)[-len(mine) :])
            assert set(ours.stamps) == set(all_of_it.stamps)
            for kind, stamps in {"funding": ours.funding, **ours.stamps}.items():
                theirs = {"funding": all_of_it.funding, **all_of_it.stamps}[kind].rows(slice(-len(stamps), None))
                np.testing.assert_array_equal(stamps.published, theirs.published)
                for name, column in stamps.columns.items():
                    np.testing.assert_array_equal(column, theirs[name])


def test_a_kind_of_data_that_ends_is_told() -> None:
    market = trend(bars=30)
    growing = GrowingMarket(market.known(int(market.bars.close_time[19])), 5)
    newer = news(market, 20)
    without = {name: attrs.evolve(data, funding=None) for name, data in newer.series.items()}
    with pytest.raises(fw.DataError, match="no longer gives funding of BTCUSDT"):
        growing.add(attrs.evolve(newer, series=without))
