"""The Python driver says what a strategy did wrong, bar by bar or in arrays, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import pytest

import fw

FLAT = (100.0, 100.0, 100.0, 100.0)
HOUR = 3_600_000_000_000
Drive = Callable[..., fw.Result]


@attrs.define(eq=False)
class Says:
    """A strategy made of one function."""

    what: Any
    lookback: int = 100

    def decide(self, view: fw.View) -> Any:
        return self.what(view)


@attrs.define(eq=False)
class Together:
    """A strategy that decides for all at once, made of one function."""

    what: Any

    def decide_together(self, view: fw.View) -> Any:
        return self.what(view)


@attrs.define(eq=False)
class Arrays:
    what: Any

    def decide(self, view: fw.View) -> Any:
        return None

    def decide_all(self, history: fw.History) -> Any:
        return self.what(history.bars.close)


def lots(result: fw.Result) -> list[tuple[int, int]]:
    return [(int(t) // HOUR, int(n)) for t, n in zip(result.fills["time"], result.fills["lots"], strict=True)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("long", "decided str, not a strength"),
        (True, "decided bool, not a strength"),
        ([fw.Place(1.0)], "decided list, not a strength"),
        (np.array([1.0]), "decided ndarray, not a strength"),
        (fw.Target(lots=3), "decided Target, not a strength"),
        (float("nan"), "gave a strength of nan"),
        (np.float64("nan"), "gave a strength of nan"),
        (float("inf"), "gave a strength of inf"),
        (1.5, "gave a strength of 1.5"),
        (-2, "gave a strength of -2"),
    ],
)
def test_a_decision_that_is_none(drive: Drive, said: Any, words: str) -> None:
    with pytest.raises(fw.PluginError) as caught:
        drive({3: said})
    message = str(caught.value)
    assert message.startswith("strategy 'script' " + words)
    assert message.endswith(" (A at 1970-01-01 04:00)")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda view: 1 / 0, "raised ZeroDivisionError: division by zero (test_loop_mistakes.py:"),
        (lambda view: fw.Signal(2.0), "raised ValueError: a signal's strength lies in [-1, 1], not 2.0"),
        (lambda view: fw.Signal(float("nan")), "raised ValueError: a signal's strength"),
        (lambda view: fw.Signal(1.0, stop_loss=-1.0), "raised ValueError: a signal's stop_loss"),
        (lambda view: view.of("DOGEUSDT"), "went wrong: the run does not trade 'DOGEUSDT'; it trades A"),
        (lambda view: view.features["rsi_14"], "went wrong: there is no feature 'rsi_14'"),
        (lambda view: view.at("7m"), "went wrong: view.at"),
        (lambda view: view.bars.nonsense, "raised AttributeError"),
    ],
)
def test_a_strategy_that_breaks(drive: Drive, what: Any, words: str) -> None:
    with pytest.raises(fw.PluginError) as caught:
        drive(Says(what))
    message = str(caught.value)
    assert message.startswith("strategy 'says' " + words)
    assert message.endswith(" (A at 1970-01-01 01:00)")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"DOGEUSDT": 1.0}, "decided for 'DOGEUSDT', which this run does not trade"),
        ({"A": "long"}, "decided str"),
        (1.0, "gave float, not a mapping from instrument to signals"),
        ([("A", 1.0)], "gave list, not a mapping"),
        ({"A": (fw.Place(1.0),)}, "decided tuple"),
    ],
)
def test_a_strategy_for_all_that_breaks(drive: Drive, said: Any, words: str) -> None:
    with pytest.raises(fw.PluginError, match=words) as caught:
        drive(Together(lambda view: said))
    assert str(caught.value).startswith("strategy 'together' ")


def test_a_strategy_that_cannot_decide_is_refused_before_the_data_is_read(make_plan: Any, made_up: Any) -> None:
    @attrs.frozen
    class Idle:
        def build(self, run: fw.Run) -> object:
            return object()

    with pytest.raises(fw.PluginError, match="'idle' has neither decide"):
        make_plan(made_up.market_of([FLAT] * 3), Idle()).run(write=False)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda close: close[0], r"gave strength as float64\[10\], not float64\[1, 10\]"),
        (lambda close: close[:, 1:], r"gave strength as float64\[1, 9\]"),
        (lambda close: np.ones(close.shape, int), r"gave strength as int64\[1, 10\]"),
        (lambda close: [[1.0]], "gave strength as list"),
        (lambda close: None, "gave strength as NoneType"),
        (lambda close: close, "gave strength 100 for A at 1970-01-01 01:00"),
        (lambda close: np.where(close > 0, np.inf, 0.0), "gave strength inf"),
        (lambda close: fw.SignalArrays(strength=close * 0, stop_loss=close * -1), "gave stop_loss -100 for A"),
        (lambda close: fw.SignalArrays(strength=close * 0, limit=close[:, :3]), r"gave limit as float64\[1, 3\]"),
        (lambda close: fw.SignalArrays(strength=close * 0, expiry=close * 0), "gave expiry 0 for A"),
        (lambda close: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_arrays_that_are_none(make_plan: Any, made_up: Any, what: Any, words: str) -> None:
    plan = make_plan(made_up.market_of([FLAT] * 10), Arrays(what), account={"funding": "zero"})
    with pytest.raises(fw.PluginError, match=words) as caught:
        plan.run(write=False)
    assert "'arrays'" in str(caught.value)


def test_nan_strengths_keep(make_plan: Any, made_up: Any) -> None:
    def what(close: Any) -> Any:
        strength = np.full_like(close, np.nan)
        strength[0, 2], strength[0, 6] = 1.0, 0.0
        return strength

    result = make_plan(made_up.market_of([FLAT] * 10), Arrays(what), account={"funding": "zero"}).run(write=False)
    assert result.engine == "scan"
    assert [bar for bar, _ in lots(result)] == [3, 7]
