"""What was backtested is what is traded on paper: the same decisions, and on closed bars alone the same money."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.testing.live import Happening

FRAMES = ("equity", "fills", "orders", "funding", "vetoes", "trades", "signals")
CROSS = {"margin": "cross", "leverage": 5, "allow_high_leverage": True}
SYMBOLS = ("BTCUSDT", "ETHUSDT")
BEGINS, BARS = 200, 500


def assert_same(one: fw.Result, other: fw.Result) -> None:
    for name in FRAMES:
        left, right = getattr(one, name), getattr(other, name)
        for column in left:
            np.testing.assert_array_equal(left[column], right[column], err_msg=f"{name}.{column}")
    assert dict(one.totals) == dict(other.totals)


@pytest.fixture
def world(made_up: ModuleType) -> Any:
    """A random market whose funding is settled at opens of its bars, and a script for it, of a seed."""

    def make(seed: int, *, marked: bool = False) -> tuple[fw.Market, Any]:
        rng = np.random.default_rng(seed)
        market = made_up.random_market(rng, SYMBOLS, BARS, marked=marked)
        series = {
            symbol: attrs.evolve(
                data, funding=fw.Stamps(data.funding.time - data.funding.time % made_up.HOUR, data.funding.value)
            )
            for symbol, data in market.series.items()
        }
        market = attrs.evolve(market, series=series)
        return market, made_up.Scripted(made_up.random_signals(rng, market))

    return make


@pytest.mark.parametrize(
    ("seed", "settings"),
    [
        (2, {"account": CROSS, "sizer": {"use": "fixed_fraction", "fraction": 1.5}}),
        (3, {"simulation": {"latency": "3h", "slippage": {"bps": 5}}}),
        (4, {"simulation": {"participation": 0.02, "slippage": {"volatility": 0.1, "impact": 0.8, "span": 20}}}),
        (5, {"account": {**CROSS, "mark": "required"}, "rebalance": 0.05}),
        (6, {"sizer": {"use": "volatility_target", "span": 10, "limit": 2.0}, "account": CROSS}),
        (7, {"risk": [{"use": "max_exposure", "limit": 0.7}], "simulation": {"bar_path": "optimistic"}}),
        (8, {"risk": [{"use": "drawdown_stop", "limit": 0.1}], "account": CROSS}),
        (9, {"features": ["returns", {"use": "ema", "spans": [3]}, {"use": "sma", "spans": [5], "bar": "4h"}]}),
    ],
)
def test_on_closed_bars_every_number_is_that_of_the_backtest(
    live: Any, backtest_of: Any, world: Any, made_up: ModuleType, seed: int, settings: dict[str, Any]
) -> None:
    market, strategy = world(seed, marked="mark" in settings.get("account", {}))
    source = Happening(market, BEGINS * made_up.HOUR)
    paper_settings = {**settings, "simulation": {**settings.get("simulation", {}), "quotes": None}}
    paper = live(source, strategy, **paper_settings).result
    assert paper.fills.rows > 5
    assert_same(backtest_of(source, strategy, BEGINS * made_up.HOUR, **settings), paper)


@pytest.mark.parametrize("seed", [2, 5, 11])
def test_quotes_change_prices_of_fills_and_no_decision(
    live: Any, backtest_of: Any, world: Any, made_up: ModuleType, seed: int
) -> None:
    market, strategy = world(seed)
    begins = BEGINS * made_up.HOUR
    source = Happening(market, begins, quotes=True)
    settings = {"account": CROSS, "features": ["returns"]}
    paper = live(source, strategy, simulation={"quotes": "1s"}, **settings).result
    back = backtest_of(source, strategy, begins, **settings)
    for column in back.signals:
        np.testing.assert_array_equal(back.signals[column], paper.signals[column], err_msg=column)
    assert len(set(paper.fills["time"] % made_up.HOUR)) > 1


class Knowing:
    """Keeps what the market in its view shows."""

    lookback = 30

    def __init__(self) -> None:
        self.saw: list[Any] = []

    def decide(self, view: fw.View) -> float:
        bars, large = view.bars, view.at("2h")
        shown = [
            view.time,
            *(column.tobytes() for column in (bars.open_time, bars.close, bars.volume, large.close, large.open_time)),
            view.features["ema_3"].tobytes(),
            view.features["sma_2@4h"].tobytes(),
            view.funding.value.tobytes()[-16:],
            view.of("ETHUSDT").bars.last,
        ]
        self.saw.append(shown)
        return 1.0 if bars.close[-1] > view.features["ema_3"][-1] else -1.0


def test_a_view_shows_to_the_last_bit_what_a_backtest_shows(
    live: Any, backtest_of: Any, world: Any, made_up: ModuleType
) -> None:
    market, _ = world(12)
    begins = BEGINS * made_up.HOUR
    settings = {"features": [{"use": "ema", "spans": [3]}, {"use": "sma", "spans": [2], "bar": "4h"}]}
    before, now = Knowing(), Knowing()
    backtest_of(Happening(market, begins), before, begins - 50 * made_up.HOUR, **settings)
    live(Happening(market, begins), now, **settings)
    assert len(now.saw) == 2 * (BARS - BEGINS)
    for seen, seen_before in zip(now.saw, before.saw[-len(now.saw) :], strict=True):
        assert [what == before for what, before in zip(seen, seen_before, strict=True)] == [True] * len(seen)
