"""Feature columns are computed once over the history, named, and put on the clock so that nothing is seen early."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest

import fw

ROWS = [(100.0 + i, 101.0 + i, 99.0 + i, 100.5 + i) for i in range(24)]
OTHER = [(50.0 + i, 50.5 + i, 49.5 + i, 50.0 + i) for i in range(24)]
SETTINGS = {"account": {"funding": "zero"}}


@attrs.define(eq=False)
class Column:
    """A feature set made of one function of a market."""

    what: Any
    needs: tuple[str, ...] = ("bars",)
    lookback: int = 3
    tolerance: float = 0.0

    def compute(self, market: fw.Market) -> Any:
        return self.what(market)


@attrs.frozen
class Idle:
    def decide(self, view: fw.View) -> None:
        return None


@pytest.fixture
def columns(make_plan: Callable[..., Any], made_up: Any) -> Callable[..., Any]:
    """Columns of A and B by instrument."""

    def compute(*features: Any) -> Any:
        return make_plan(made_up.market_of(ROWS, OTHER), Idle(), features=list(features), **SETTINGS).features()

    return compute


def close_of(market: fw.Market) -> fw.Frame:
    return fw.Frame.of({"close": market.bars.close.copy()})


def test_each_instrument_has_its_own_row(columns: Any) -> None:
    found = columns({"use": Column(close_of), "name": "mine"})
    np.testing.assert_array_equal(found["A"]["close"], [row[3] for row in ROWS])
    np.testing.assert_array_equal(found["B"]["close"], [row[3] for row in OTHER])


def test_a_column_of_a_larger_bar_holds_from_its_close_until_the_next(make_plan: Any, made_up: Any) -> None:
    plan = make_plan(made_up.market_of(ROWS), Idle(), features=[{"use": "sma", "spans": [2], "bar": "4h"}], **SETTINGS)
    column = plan.features()["A"]["sma_2@4h"]
    closes = [ROWS[i][3] for i in range(3, 24, 4)]
    assert np.isnan(column[:7]).all()  # the second 4h bar closes with bar 7
    for i in range(7, 24):
        last = (i + 1) // 4 - 1
        assert column[i] == pytest.approx((closes[last] + closes[last - 1]) / 2)


def test_a_column_of_another_instrument_is_there_for_all(columns: Any) -> None:
    found = columns({"use": "sma", "spans": [2], "on": "B"})
    expected = [(a[3] + b[3]) / 2 for a, b in pairwise(OTHER)]
    for symbol in "AB":
        np.testing.assert_allclose(found[symbol]["B:sma_2"][1:], expected)


def test_the_run_begins_where_every_column_does(make_plan: Any, made_up: Any) -> None:
    plan = make_plan(made_up.market_of(ROWS), Idle(), features=[{"use": "sma", "spans": [2, 6]}], **SETTINGS)
    result = plan.run(write=False)
    assert result.equity.rows == 24 - 5
    assert any("the run begins 5 bars late, at 1970-01-01 05:00" in note for note in result.notes)


def test_a_set_that_states_a_tolerance_is_told_of_in_the_report(make_plan: Any, made_up: Any) -> None:
    part = Column(close_of, tolerance=1e-9)
    result = make_plan(made_up.market_of(ROWS), Idle(), features=[{"use": part, "name": "mine"}], **SETTINGS).run(
        write=False
    )
    assert [note for note in result.notes if "may differ live, by its tolerance of 1e-09" in note]


def test_history_shorter_than_the_start_up_says_so(make_plan: Any, made_up: Any) -> None:
    plan = make_plan(made_up.market_of(ROWS), Idle(), features=[{"use": "sma", "spans": [30]}], **SETTINGS)
    with pytest.raises(fw.DataError, match="history of 24 bars is shorter than the features' start-up"):
        plan.run(write=False)


def test_two_sets_may_not_give_the_same_column(columns: Any) -> None:
    with pytest.raises(fw.SettingsError, match="two feature sets give the column 'close'"):
        columns({"use": Column(close_of), "name": "one"}, {"use": Column(close_of), "name": "two"})


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda market: {"x": market.bars.close}, "must return a fw.Frame of columns, not dict"),
        (lambda market: None, "must return a fw.Frame of columns, not NoneType"),
        (lambda market: fw.Frame.of({}), "must return a fw.Frame of columns"),
        (lambda market: fw.Frame.of({"x": market.bars.close[1:]}), "returned 23 rows for 24 bars"),
        (lambda market: fw.Frame.of({"x": np.arange(24)}), "column 'x' is int64, not float64"),
        (lambda market: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_a_set_that_breaks_its_contract(columns: Any, what: Any, words: str) -> None:
    with pytest.raises(fw.PluginError, match=words) as caught:
        columns(Column(what))
    assert "feature set 'column'" in str(caught.value)


def test_a_set_that_needs_what_the_source_has_not(columns: Any) -> None:
    with pytest.raises(fw.DataError, match=r"feature set 'column' needs open_interest of A"):
        columns(Column(close_of, needs=("bars", "open_interest")))


def test_sizes_that_cannot_be_made_and_instruments_that_are_not_there_are_refused(columns: Any) -> None:
    with pytest.raises(fw.SettingsError, match="30m is smaller than the clock, which is 1h"):
        columns({"use": "sma", "spans": [2], "bar": "30m"})
    with pytest.raises(fw.SettingsError, match="on: C is not among the instruments"):
        columns({"use": "sma", "spans": [2], "on": "C"})
