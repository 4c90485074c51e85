"""The bundled risk checks tighten the ledger's limits, and what the ledger makes of them is worked out here by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import fw
from fw.domain.time import BarSize
from fw.ledger import kinds
from fw.ledger.simulation import Simulation
from fw.ledger.tape import Tape
from fw.testing import check_risk_check
from fw_risk.checks import DrawdownStop, MaxExposure

NAMES = "ABC"
EQUITY = 10_000.0
HOUR = BarSize.parse("1h")


def exposures(
    check: MaxExposure | DrawdownStop,
    held: Mapping[str, float],
    wanted: Mapping[str, float],
    moved: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """What is held after `wanted` was decided, in equity of that moment; `held` was bought when all prices were 100.

    There are no fees and no slippage; prices went to `moved` between the two decisions.
    """
    prices = np.full((3, kinds.PRICE_FIELDS, 6), 100.0)
    for name, price in (moved or {}).items():
        prices[NAMES.index(name), :, 2:] = price
    tape = Tape(
        block=prices, stamps=[np.zeros(0, kinds.STAMP)] * 3, open_time=np.arange(6, dtype=np.int64) * HOUR.ns, size=HOUR
    )
    contracts = [fw.Instrument(symbol=name, tick=0.1, lot=0.001) for name in NAMES]
    terms = check.terms(fw.Terms(maker=0.0, taker=0.0, leverage=100.0, reserve=0.0, isolated=False))
    simulation = Simulation(tape, contracts, terms, capital=EQUITY)
    for bar, strength, targets in ((0, 1.0, held), (3, 0.5, wanted)):
        simulation.advance(bar + 1)
        for name, exposure in targets.items():
            simulation.wish(
                NAMES.index(name),
                fw.Signal(strength),
                unit=int(kinds.BY_EXPOSURE),
                amount=exposure,
                force=int(kinds.NONE),
            )
        simulation.decide(bar, placing=True)
    simulation.advance(6)
    notional = simulation.positions["lots"] * 0.001 * prices[:, kinds.CLOSE, -1]
    return {name: value / simulation.equity[-1] for name, value in zip(NAMES, notional, strict=True) if value}


def near(**shares: float) -> object:
    return pytest.approx(shares, abs=1e-4)  # a lot is 1e-5 of the equity


@pytest.mark.parametrize("check", [MaxExposure(), MaxExposure(limit=0.1), DrawdownStop(), DrawdownStop(limit=0.95)])
def test_the_bundled_checks_keep_their_contract(check):
    check_risk_check(check)


def test_targets_within_the_limit_pass():
    assert exposures(MaxExposure(2.0), {}, {"A": 1.0, "B": -1.0}) == near(A=1.0, B=-1.0)


def test_targets_beyond_the_limit_share_it_in_proportion():
    assert exposures(MaxExposure(2.0), {}, {"A": 3.0, "B": -1.0}) == near(A=1.5, B=-0.5)


def test_what_unchanged_instruments_hold_counts_first():
    assert exposures(MaxExposure(2.0), {"B": 1.5}, {"A": 3.0}) == near(A=0.5, B=1.5)


def test_a_move_nearer_to_flat_passes_above_the_limit():
    # the short of 100 coins loses half the equity: 15,000 of notional on 5,000 is an exposure of -3
    assert exposures(MaxExposure(2.0), {"A": -1.0}, {"A": -2.5}, moved={"A": 150.0}) == near(A=-2.5)


def test_nothing_opens_while_what_is_held_is_above_the_limit():
    assert exposures(MaxExposure(2.0), {"A": -1.0}, {"B": 1.0}, moved={"A": 150.0}) == near(A=-3.0)


def test_too_little_room_to_grow_is_no_reason_to_shrink():
    # room 2 - 1.5 = 0.5 for growths of 1.5 and 3: a ninth of each
    wanted = {"A": 3.0, "B": 3.0}
    assert exposures(MaxExposure(2.0), {"A": 1.5}, wanted) == near(A=1.5 + 1.5 / 9, B=3 / 9)


def test_a_turn_to_the_other_side_has_the_room_that_its_closing_half_frees():
    assert exposures(MaxExposure(1.5), {"A": 0.5, "B": 1.0}, {"A": -2.0}) == near(A=-0.5, B=1.0)


def test_a_fall_within_the_limit_stops_nothing():
    assert exposures(DrawdownStop(0.5), {"A": 1.0}, {"B": 1.0}, moved={"A": 60.0}) == near(A=1.0, B=1.0)


def test_a_fall_beyond_the_limit_closes_everything_and_opens_nothing():
    assert exposures(DrawdownStop(0.3), {"A": 1.0, "C": 0.1}, {"B": 1.0}, moved={"A": 60.0}) == {}


@pytest.mark.parametrize(
    ("check", "term"), [(MaxExposure(0.2), "exposure_limit"), (DrawdownStop(0.2), "drawdown_limit")]
)
def test_a_check_tightens_the_ledger_s_limit_and_never_loosens_it(check, term):
    assert getattr(check.terms(fw.Terms()), term) == 0.2
    assert getattr(check.terms(fw.Terms(**{term: 0.1})), term) == 0.1
