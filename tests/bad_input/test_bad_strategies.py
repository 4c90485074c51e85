"""Strategies that decide what cannot be: the run ends with the strategy, the instrument, the moment, and why."""

from __future__ import annotations

from typing import Any

import pytest

TOGETHER = """\
import attrs, fw

@attrs.frozen
class Mine:
    def decide_together(self, view):
{body}

@fw.hookimpl
def fw_strategies():
    return {"mine": Mine}
"""


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return float('nan')", ("gave a strength of nan", "[-1, 1]", "None keeps what is held")),
        ("return math.inf", ("gave a strength of inf", "[-1, 1]")),
        ("return 2.0", ("gave a strength of 2.0", "[-1, 1]")),
        ("return fw.Signal(strength=float('nan'))", ("a signal's strength lies in [-1, 1], not nan", "mine.py:11")),
        ("return fw.Signal(1.0, stop_loss=-5.0)", ("a signal's stop_loss is a price above 0, not -5.0",)),
        ("return fw.Signal(1.0, stop_loss=float('nan'))", ("a signal's stop_loss is a price above 0, not nan",)),
        ("return fw.Signal(1.0, limit=9.0, expiry=2.5)", ("an expiry is a whole number of bars, not 2.5",)),
        ("return True", ("decided bool", "not a strength, a Signal")),
        ("return 'long'", ("decided str", "not a strength, a Signal")),
        ("return {'BTCUSDT': 1.0}", ("decided dict", "not a strength, a Signal")),
        ("return [fw.Place(1.0)]", ("decided list", "a tuple of orders")),
        ("return (1.0, 2.0)", ("gave float among its orders", "not Place, Amend or Cancel")),
        ("return view.of('ETHUSDT').bars.close[-1]", ("does not trade 'ETHUSDT'", "it trades BTCUSDT")),
        ("return view.features['rsi_14'][-1]", ("there is no feature 'rsi_14'", "this run computes")),
        ("return view.at('7m').close[-1]", ("'7m' is not a bar size offered",)),
        ("return view.at('1m').close[-1]", ("bars of 1m cannot be made of bars of 1h",)),
        ("view.bars.close[-1] = 1.0", ("read-only", "mine.py:11")),
        ("return 1 / 0", ("raised ZeroDivisionError", "mine.py:11")),
        ("raise ValueError('first\\nsecond')", ("raised ValueError: first second", "mine.py:11")),
        ("return self.decide(view)", ("raised RecursionError",)),
        ("sys.exit(0)", ("raised SystemExit", "mine.py:11")),
    ],
)
def test_a_decision_that_cannot_be(desk: Any, body: str, words: tuple[str, ...]) -> None:
    desk.refused(desk.strategy(body), 4, "strategy 'mine'", "(BTCUSDT at 2024-01-01 01:00)", *words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return (fw.Place(float('nan')),)", ("placed an order over nan",)),
        ("return (fw.Place(1e300),)", ("placed an order over 1e+300",)),
        ("return (fw.Place('1'),)", ("an order's quantity is a number, not '1'", "mine.py:11")),
        ("return (fw.Place(1.0, 'limit'),)", ("placed a limit order with price None",)),
        ("return (fw.Place(1.0, 'limit', -5.0),)", ("placed a limit order with price -5.0",)),
        ("return (fw.Place(1.0, 'iceberg', 5.0),)", ("placed an order of kind 'iceberg'",)),
        ("return (fw.Place(1.0, tag=5),)", ("an order's tag is text, not 5", "mine.py:11")),
        ("return (fw.Cancel('x'),)", ("names an order 'x' that it never placed",)),
        ("return (fw.Place(1.0, 'limit', 9.0, id='a'), fw.Amend('a', price=-1.0))", ("'a' to a price of -1.0",)),
    ],
)
def test_an_order_that_cannot_be(desk: Any, body: str, words: tuple[str, ...]) -> None:
    desk.refused(desk.strategy(body), 4, "strategy 'mine'", "(BTCUSDT at 2024-01-01 01:00)", *words)


def test_orders_that_pile_up_are_refused_as_the_exchange_would(desk: Any) -> None:
    body = "return tuple(fw.Place(0.001, 'limit', 20_000.0) for _ in range(30))"
    told = desk.fw("run", str(desk.write("s.yaml", desk.strategy(body))))
    assert told.code == 0, told.err
    assert "too many open orders (-2025)" in " ".join(told.out.split())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return {'ETHUSDT': 1.0}", ("decided for 'ETHUSDT', which this run does not trade",)),
        ("return {'BTCUSDT': float('nan')}", ("gave a strength of nan",)),
        ("return [1.0]", ("gave list, not a mapping",)),
        ("return 1.0", ("gave float, not a mapping",)),
    ],
)
def test_a_decision_for_all_that_cannot_be(desk: Any, body: str, words: tuple[str, ...]) -> None:
    desk.refused(desk.strategy(body, template=TOGETHER), 4, "strategy 'mine'", *words)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lookback = 0", ("lookback is a number of bars, at least 1, not 0",)),
        ("lookback = 'all'", ("lookback is a number of bars, at least 1, not 'all'",)),
        ("features = 'sma'", ("`features` is a list of feature sets", "not 'sma'")),
        ("features = ['rsy']", ("no plugin offers a feature set called 'rsy'",)),
    ],
)
def test_what_a_strategy_says_of_itself_that_cannot_be(desk: Any, line: str, words: tuple[str, ...]) -> None:
    text = desk.strategy("return 1.0")
    file = desk.files / "mine.py"
    file.write_text(file.read_text().replace("    def decide", f"    {line}\n    def decide"))
    desk.refused(text, 4, "strategy 'mine'", *words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return np.zeros(3)", ("decide_all gave strength as float64[3]", "[instrument, bar]")),
        ("return np.full(history.bars.close.shape, np.inf)", ("decide_all gave strength inf", "in [-1, 1]")),
        ("return 1 / 0", ("raised ZeroDivisionError",)),
    ],
)
def test_arrays_of_decisions_that_cannot_be(desk: Any, body: str, words: tuple[str, ...]) -> None:
    text = desk.strategy("return 1.0")
    file = desk.files / "mine.py"
    arrays = f"    def decide_all(self, history):\n        import numpy as np\n        {body}\n\n"
    file.write_text(file.read_text().replace("    def decide", f"{arrays}    def decide"))
    desk.refused(text, 4, "strategy 'mine'", *words)


def test_a_strategy_without_decisions(desk: Any) -> None:
    text = desk.strategy("return 1.0")
    file = desk.files / "mine.py"
    file.write_text(file.read_text().replace("def decide", "def decyde"))
    desk.refused(text, 4, "strategy 'mine' has neither decide(view) nor decide_together(view)")
