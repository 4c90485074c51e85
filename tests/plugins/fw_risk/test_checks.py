"""The bundled risk checks hold their limits, never stand in the way of less risk, and ignore the order of lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fw
from fw.testing import check_risk_check
from fw.testing.fakes import FakeAccount, FakePosition, FakeRun, FakeView
from fw.testing.markets import trend
from fw_risk.checks import DrawdownStop, MaxExposure

MARKET = trend(("A", "B", "C"), bars=1, price=100.0, noise=1e-9, rise=0.0)
RUN = FakeRun(instruments={name: fw.Instrument(symbol=name, tick=0.1, lot=0.001) for name in "ABC"})
EQUITY = 10_000.0


def view_of(changed, drawdown=0.0, equity=EQUITY, **held):
    """Holdings by instrument, in exposure; one lot is worth 0.1."""
    positions = {
        name: FakePosition(lots=round(share * equity / 0.1), quantity=share * equity / 100.0, exposure=share)
        for name, share in held.items()
    }
    account = FakeAccount(equity=equity, wallet=equity, drawdown=drawdown)
    return FakeView(market=MARKET, row=0, positions=positions, account=account, changed=frozenset(changed))


def exposures(reviewed):
    return {name: None if isinstance(answer, fw.Veto) else answer.exposure for name, answer in reviewed.items()}


def reviewed_by_exposure(limit, targets, **view):
    targets = {name: fw.Target(exposure=value) for name, value in targets.items()}
    changed = view.pop("changed", targets)
    return exposures(MaxExposure(limit=limit).build(RUN).review(targets, view_of(changed, **view)))


@pytest.mark.parametrize("limit", [0.1, 1.0, 2.0, 50.0])
def test_max_exposure_keeps_its_contract(limit):
    check_risk_check(MaxExposure(limit=limit))


@pytest.mark.parametrize("limit", [0.1, 0.2, 0.95])
def test_drawdown_stop_keeps_its_contract(limit):
    check_risk_check(DrawdownStop(limit=limit))


def test_targets_within_the_limit_pass():
    assert reviewed_by_exposure(2.0, {"A": 1.0, "B": -1.0}) == {"A": 1.0, "B": -1.0}


def test_targets_beyond_the_limit_share_it_in_proportion():
    assert reviewed_by_exposure(2.0, {"A": 3.0, "B": -1.0}) == {"A": 1.5, "B": -0.5}


def test_what_unchanged_instruments_hold_counts_first():
    shared = reviewed_by_exposure(2.0, {"A": 3.0, "B": 1.0}, changed={"A"}, B=1.5)
    assert shared == pytest.approx({"A": 0.5, "B": 1.0})
    assert reviewed_by_exposure(2.0, {"A": 3.0}, C=-1.5) == pytest.approx({"A": 0.5})


def test_a_move_nearer_to_flat_passes_above_the_limit_and_counts_as_it_will_be():
    assert reviewed_by_exposure(2.0, {"A": 4.0, "B": 1.0}, A=5.0) == {"A": 4.0, "B": None}
    assert reviewed_by_exposure(2.0, {"A": 1.5, "B": 1.0}, A=5.0) == {"A": 1.5, "B": 0.5}


def test_too_little_room_to_grow_is_no_reason_to_shrink():
    growing = {"A": fw.Target(exposure=3.0), "B": fw.Target(exposure=3.0)}
    reviewed = MaxExposure(limit=2.0).build(RUN).review(growing, view_of(growing, A=1.5))
    # room 2 - 1.5 = 0.5 for growths of 1.5 and 3, a ninth of each
    assert reviewed["A"].exposure == pytest.approx(1.5 + 1.5 / 9)
    assert reviewed["B"].exposure == pytest.approx(3 / 9)


def test_a_turn_to_the_other_side_without_room_only_closes():
    assert reviewed_by_exposure(1.0, {"A": -1.0}, A=0.5, B=1.0) == {"A": 0.0}


def test_a_new_position_without_room_is_vetoed_with_the_limit_named():
    targets = {"A": fw.Target(exposure=1.0)}
    veto = MaxExposure(limit=1.0).build(RUN).review(targets, view_of(targets, B=1.0))["A"]
    assert veto == fw.Veto("the account's exposure is at its limit of 1 × equity")


def test_lots_and_notional_count_by_what_they_are_worth():
    targets = {"A": fw.Target(lots=-200_000), "B": fw.Target(notional=20_000.0)}
    reviewed = MaxExposure(limit=2.0).build(RUN).review(targets, view_of(targets))
    assert reviewed == {"A": fw.Target(lots=-100_000), "B": fw.Target(notional=10_000.0)}


def test_an_account_without_equity_opens_nothing():
    targets = {"A": fw.Target(exposure=1.0), "B": fw.Target(exposure=0.0)}
    reviewed = MaxExposure(limit=2.0).build(RUN).review(targets, view_of(targets, equity=0.0))
    assert exposures(reviewed) == {"A": None, "B": 0.0}


@given(
    targets=st.dictionaries(st.sampled_from("ABC"), st.floats(-5, 5), min_size=1),
    held=st.dictionaries(st.sampled_from("ABC"), st.floats(-3, 3)),
    limit=st.floats(0.1, 5),
)
def test_no_growth_goes_beyond_the_limit(targets, held, limit):
    view = view_of(targets, **held)
    wanted = {name: fw.Target(exposure=value) for name, value in targets.items()}
    reviewed = MaxExposure(limit=limit).build(RUN).review(wanted, view)
    after = {name: abs(share) for name, share in held.items()}
    for name, answer in reviewed.items():
        if isinstance(answer, fw.Target) and answer.exposure is not None:
            after[name] = abs(answer.exposure)
    # what is held on a side may stay, and nothing may be added beyond the limit
    stays = sum(min(after.get(name, 0.0), abs(share)) for name, share in held.items())
    assert sum(after.values()) <= max(limit, stays) * (1 + 1e-9)


def test_max_exposure_tightens_the_ledger_s_limit_and_never_loosens_it():
    assert MaxExposure(limit=2.0).build(RUN).terms(fw.Terms()).exposure_limit == 2.0
    assert MaxExposure(limit=2.0).build(RUN).terms(fw.Terms(exposure_limit=1.0)).exposure_limit == 1.0


def test_a_drawdown_within_the_limit_lets_everything_pass():
    targets = {"A": fw.Target(exposure=9.0)}
    assert DrawdownStop(limit=0.2).review(targets, view_of(targets, drawdown=0.199)) == targets


def test_after_the_drawdown_new_exposure_is_vetoed_and_closing_passes():
    targets = {"A": fw.Target(exposure=1.0), "B": fw.Target(exposure=0.5), "C": fw.Target(exposure=-1.0)}
    reviewed = DrawdownStop(limit=0.2).review(targets, view_of(targets, drawdown=0.25, B=1.0, C=1.0))
    assert reviewed == {
        "A": fw.Veto("equity is 25.0% below its peak; the limit is 20.0%"),
        "B": fw.Target(exposure=0.5),
        "C": fw.Target(exposure=-0.0),
    }


def test_drawdown_stop_tightens_the_ledger_s_limit_and_never_loosens_it():
    assert DrawdownStop(limit=0.2).terms(fw.Terms()).drawdown_limit == 0.2
    assert DrawdownStop(limit=0.2).terms(fw.Terms(drawdown_limit=0.1)).drawdown_limit == 0.1
