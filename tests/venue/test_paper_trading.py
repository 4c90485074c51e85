"""Paper trading over the practice exchange, which replays real bars: the decisions of the backtest over those bars."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.domain.time import format_time
from fw.engine.feed import Pace
from fw.engine.journal import NAME, Journal
from fw.engine.session import Session

MINUTE = 60_000
MS = 1_000_000
FILE = "btcusdt_perp_1m_2023-07_2023-08.parquet"
BEGINS, BARS = 300, 60
CONNECTIONS = 2
"""On which the source hears bars and quotes."""
LONG = 60.0
"""Seconds after which a test gives up."""
FRAMES = ("equity", "fills", "orders", "funding", "trades", "signals")
FIRM = frozenset({"klines"})


@attrs.frozen
class Crossing:
    """Long above the average of nine bars, short below, with a stop and a target."""

    features: tuple[Any, ...] = ({"use": "sma", "spans": (9,)},)
    lookback: int = 30

    def decide(self, view: fw.View) -> fw.Signal:
        close = view.bars.last
        side = 1.0 if close > view.features["sma_9"][-1] else -1.0
        return fw.Signal(side, stop_loss=close * (1 - 0.0006 * side), take_profit=close * (1 + 0.0012 * side))


@pytest.fixture(scope="module")
def real_bars(real_data: Path) -> fw.Market:
    """Some hours of real bars of a minute."""
    import pandas as pd

    frame = pd.read_parquet(real_data / FILE).iloc[20_000 : 20_000 + BEGINS + BARS + 10]
    times = pd.DatetimeIndex(pd.to_datetime(frame["timestamp"], utc=True)).as_unit("ns").asi8
    columns: Any = {name: frame[name].to_numpy(float) for name in ("open", "high", "low", "close", "volume")}
    bars = fw.Bars(size=fw.BarSize.parse("1m"), open_time=times, **columns)
    return fw.Market.single("BTCUSDT", bars)


Paper = Callable[..., tuple[fw.Result, Session]]


@pytest.fixture
def paper(real_bars: fw.Market, make_venue: Callable[..., Any], make_plan: Callable[..., Any], tmp_path: Path) -> Paper:
    """A paper run over the practice exchange, whose clock goes on whenever the run has lived through a close."""
    from fw_binance.environment import Hosts, environment_of
    from fw_binance.source import BinanceSource
    from fw_binance.store import Store

    def run(
        market: fw.Market, begins: int = BEGINS, *, bars: int = BARS, pieces: int = 1, **settings: Any
    ) -> tuple[fw.Result, Session]:
        venue = make_venue(market, at=begins, pace=5_000)
        environment = environment_of(Hosts(**venue.hosts))
        store = Store(tmp_path / "data", environment.venue)
        source = BinanceSource(environment=environment, store=store, download=True, firm=FIRM)
        given = {"use": source, "live": True}
        plan = make_plan(market, Crossing(), source=given, broker="paper", **settings)
        journal = Journal(tmp_path)
        session = Session(plan.bench, plan.bench.make_run(console=False), journal, Pace(moments=bars))
        driver = threading.Thread(target=drive, args=(venue, source, session, bars, pieces))
        driver.start()
        try:
            session.go()
        finally:
            driver.join()
            journal.close()
        return session.result(), session

    return run


def drive(venue: Any, source: Any, session: Session, bars: int, pieces: int) -> None:
    """Let a minute go by at the exchange, in pieces, whenever the run has lived through the one before."""
    end = time.monotonic() + LONG
    begins = venue.clock.now
    while session.feed.moments < bars and time.monotonic() < end:
        minutes = (venue.clock.now - begins) // MINUTE
        listens = source._streams and source._streams[-1].counters.connections >= CONNECTIONS
        if listens and minutes <= session.feed.moments:
            venue.clock.advance(ms=MINUTE // pieces)
        time.sleep(0.003)


@pytest.fixture
def backtest(make_plan: Callable[..., Any], made_up: ModuleType) -> Callable[..., fw.Result]:
    """The backtest over the same bars."""

    def run(market: fw.Market, begins: int = BEGINS, *, bars: int = BARS, **settings: Any) -> fw.Result:
        # by the rules of the venue, as the source has none of its own
        series = {symbol: attrs.evolve(data, rules=None) for symbol, data in market.series.items()}
        market = attrs.evolve(market, series=series)
        opens = int(market.bars.open_time[begins])
        start, end = (format_time(opens + n * MINUTE * MS).replace(" ", "T") + "Z" for n in (0, bars))
        given = {"use": made_up.GivenMarket(market), "start": start, "end": end}
        result: fw.Result = make_plan(market, Crossing(), source=given, **settings).run(write=False, engine="loop")
        return result

    return run


SETTINGS: dict[str, Any] = {"account": {"funding": "zero"}, "sizer": {"use": "fixed_fraction", "fraction": 0.5}}


def assert_same(one: fw.Result, other: fw.Result) -> None:
    for name in FRAMES:
        for column in getattr(one, name):
            before, now = getattr(one, name)[column], getattr(other, name)[column]
            np.testing.assert_array_equal(before, now, err_msg=f"{name}.{column}")


def test_on_closed_bars_alone_the_money_too_is_that_of_the_backtest(
    paper: Paper, backtest: Any, real_bars: fw.Market
) -> None:
    result, _ = paper(real_bars, simulation={"quotes": None}, **SETTINGS)
    expected = backtest(real_bars, **SETTINGS)
    assert expected.fills.rows > 10
    assert_same(expected, result)


def test_two_instruments_on_one_account_with_marks_and_funding(
    paper: Paper, backtest: Any, venue_kit: ModuleType
) -> None:
    market = venue_kit.market(("BTCUSDT", "ETHUSDT"), bars=560)
    eight = 480  # the bar that opens at 08:00, when funding is settled
    account = {"margin": "cross", "leverage": 3, "mark": "required", "funding": "required"}
    settings: dict[str, Any] = {"account": account, "sizer": {"use": "fixed_fraction", "fraction": 0.7}}
    result, _ = paper(market, eight - 15, bars=25, simulation={"quotes": None}, **settings)
    expected = backtest(market, eight - 15, bars=25, **settings)
    assert expected.funding.rows > 0
    assert_same(expected, result)


def test_on_quotes_every_decision_is_that_of_the_backtest_and_every_price_has_its_reason(
    paper: Paper, backtest: Any, real_bars: fw.Market, tmp_path: Path
) -> None:
    result, _ = paper(real_bars, pieces=12, simulation={"quotes": "1s"}, **SETTINGS)
    expected = backtest(real_bars, **SETTINGS)
    assert result.vetoes.rows == 0
    for column in expected.signals:
        np.testing.assert_array_equal(expected.signals[column], result.signals[column], err_msg=column)
    fills = result.fills
    assert fills.rows > 10
    assert set(fills["reason"]) >= {"signal", "stop"}
    lines = map(json.loads, (tmp_path / NAME).read_text().splitlines())
    middle = {line["time"]: sum(line["quotes"]["BTCUSDT"][1:3]) / 2 for line in lines if line["event"] == "quotes"}
    levels = {round(float(level), 1) for name in ("stop_loss", "take_profit") for level in result.signals[name]}
    opens = dict(zip(result.market.bars.open_time.tolist(), result.market.bars.open.tolist(), strict=True))
    explained = {"a quote": 0, "a level that a price went through": 0, "the open of a bar without a quote": 0}
    for when, price, lots in zip(*(fills[name].tolist() for name in ("time", "price", "lots")), strict=True):
        met = price / (1.0001 if lots > 0 else 0.9999)
        if met == pytest.approx(middle.get(when, 0.0), rel=1e-12):
            explained["a quote"] += 1
        elif levels & {round(met, 6), price}:  # a stop takes what is there, a target waits in the book
            explained["a level that a price went through"] += 1
        else:
            assert met == pytest.approx(opens[when], rel=1e-12)
            explained["the open of a bar without a quote"] += 1
    assert explained["a quote"] >= 0.5 * fills.rows
