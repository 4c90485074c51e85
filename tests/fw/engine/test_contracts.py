"""Contracts that a run cannot trade are refused before it begins, whoever states their rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fw

Drive = Callable[..., fw.Result]


def test_an_inverse_contract_of_a_source_is_refused(drive: Drive) -> None:
    with pytest.raises(fw.SettingsError, match=r"A is an inverse contract.*fw\.ledger\.formulas"):
        drive({0: 1.0}, rules={"linear": False})


def test_a_leverage_above_the_first_bracket_is_refused_and_the_cap_itself_is_not(drive: Drive) -> None:
    tiers = (fw.Tier(0, 0.02, 0, 10), fw.Tier(1_000_000, 0.05, 30_000, 5))
    assert drive({0: 0.5}, account={"leverage": 10}, rules={"tiers": tiers}).fills.rows == 1
    said = r"11 is above 10, the most that A allows: .* first bracket, from 0 to 1,000,000 USDT \(-4028\)"
    with pytest.raises(fw.SettingsError, match=said):
        drive({0: 0.5}, account={"leverage": 11}, rules={"tiers": tiers})


@pytest.mark.parametrize(("tiers", "words"), [((fw.Tier(0, 0.02, 0, 5),), "from 0 USDT on")])
def test_one_bracket_has_no_end(drive: Drive, tiers: Any, words: str) -> None:
    with pytest.raises(fw.SettingsError, match=words):
        drive({0: 0.5}, account={"leverage": 6}, rules={"tiers": tiers})


def test_hedge_mode_is_refused(drive: Drive) -> None:
    with pytest.raises(fw.SettingsError, match=r"one position an instrument.*fw\.ledger\.formulas"):
        drive({0: 1.0}, account={"position_mode": "hedge"})
    assert drive({0: 1.0}, account={"position_mode": "one_way"}).fills.rows == 1
