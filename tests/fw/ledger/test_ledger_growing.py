"""A tape that grows is the same tape: rooms double, expiries find their bars, settlements find what was held."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw
from fw.ledger import growing, kinds
from fw.ledger.growing import GrowingSimulation
from fw.ledger.simulation import Simulation

HOUR = 3_600_000_000_000
TERMS = fw.Terms(taker=0.0005, maker=0.0002, slippage=0.0001, isolated=False, leverage=5.0, fraction=0.8)


@pytest.fixture
def grow(made_up: ModuleType) -> Any:
    """A simulation that has seen the first three bars of a market, and a function that lets another bar happen."""

    def make(market: fw.Market, terms: fw.Terms = TERMS) -> Any:
        series = [market.series[symbol] for symbol in market.instruments]
        block = np.array(
            [[getattr(one.bars, name) for name in ("open", "high", "low", "close", "volume")] for one in series]
        )
        times = market.bars.open_time
        instruments = [one.rules for one in series if one.rules is not None]
        simulation = GrowingSimulation(
            block[:, :, :3], times[:3], market.bars.size, instruments, terms, capital=10_000.0
        )

        def happen(bar: int) -> None:
            simulation.write(int(times[bar]), int(times[bar]) + HOUR, block[:, :, bar])
            assert simulation.close_bar() == bar
            simulation.advance(simulation.tape.last(bar) + 1)

        return simulation, happen

    return make


def wish(simulation: Simulation, strength: float) -> None:
    simulation.wish(0, fw.Signal(strength), unit=kinds.BY_STRENGTH, amount=0.0, force=-1)


@pytest.mark.parametrize("room", [4, 64, 4096])
def test_whatever_the_room_the_account_is_that_of_a_whole_tape(
    grow: Any, made_up: ModuleType, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(growing, "ROOM", room)
    market = made_up.random_market(np.random.default_rng(3), ("A", "B"), 60)
    whole = made_up.venue_of(market, TERMS, capital=10_000.0)
    simulation, happen = grow(market)
    for symbol, k in (("A", 0), ("B", 1)):
        funding = market.series[symbol].funding
        for time, rate in zip(funding.time.tolist(), funding.value.tolist(), strict=True):
            if time % HOUR == 0 and time > 2 * HOUR:
                simulation.settle(k, time, rate, None)
    for bar in range(3, 60):
        happen(bar)
        whole.advance(bar + 1)
        for one in (simulation, whole):
            wish(one, [1.0, -1.0, 0.5][bar // 4 % 3])
            one.decide(bar, placing=True)
    for name in ("bar", "lots", "price", "fee", "realised"):
        np.testing.assert_array_equal(simulation.fills[name], whole.fills[name], err_msg=name)
    assert len(whole.fills) > 10
    np.testing.assert_array_equal(simulation.equity[3:60], whole.equity[3:60])


def test_a_limit_expires_with_its_clock_bar_whatever_steps_that_has(grow: Any, made_up: ModuleType) -> None:
    market = made_up.market_of([(100.0,) * 4] * 9)
    simulation, happen = grow(market)
    row = simulation.add_explicit(
        2, 0, kind=kinds.ORDER_KINDS.index("limit"), lots=100, price=90.0, expiry=2, reduce_only=False
    )
    simulation.place(row)
    for bar in (3, 4, 5):
        for minute in range(5):
            time = bar * HOUR + minute * HOUR // 60
            simulation.write(time, time, np.full((1, 5), 100.0))
            simulation.advance(simulation.steps)
        happen(bar)
        state = simulation.order(row).state.value
        assert state == ("working" if bar < 4 else "expired"), bar


def test_a_settlement_that_becomes_known_late_is_paid_by_what_was_held_before_its_step(
    grow: Any, made_up: ModuleType
) -> None:
    market = made_up.market_of([(100.0,) * 4] * 9)
    simulation, happen = grow(market)
    wish(simulation, 1.0)
    simulation.decide(2, placing=True)
    happen(3)
    held = int(simulation.positions[0]["lots"])
    wish(simulation, 0.0)
    simulation.decide(3, placing=True)
    happen(4)
    assert simulation.positions[0]["lots"] == 0
    simulation.settle(0, 4 * HOUR, 0.001, None)
    lot = market.series["A"].rules.lot
    assert float(simulation.account["funding"][0]) == pytest.approx(-held * lot * 100.0 * 0.001, rel=1e-15)
    simulation.settle(0, 2 * HOUR, 0.001, None)
    assert simulation.count("payments") == 1, "nobody was here yet"
    happen(5)
    assert simulation.count("payments") == 1


def test_settlements_beyond_the_room_are_told(grow: Any, made_up: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "STAMPS", 3)
    simulation, happen = grow(made_up.market_of([(100.0,) * 4] * 9))
    for hour in (4, 5, 6):
        simulation.settle(0, hour * HOUR, 0.001, None)
    happen(3)
    happen(4)
    happen(5)
    with pytest.raises(fw.DataError, match="settled 3 times"):
        happen(6)
