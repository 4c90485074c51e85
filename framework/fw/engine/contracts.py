"""Contracts that a run cannot trade, refused before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fw.errors import SettingsError

if TYPE_CHECKING:
    from fw.domain.instrument import Instrument
    from fw.settings.strategy import Account


def check_contracts(account: Account, contracts: Iterable[Instrument]) -> None:
    """SettingsError where a contract is inverse, or no order of it could have the account's leverage."""
    for contract in contracts:
        if not contract.linear:
            raise SettingsError(
                f"instruments: {contract.symbol} is an inverse contract, whose margin and profit are in coins; a run "
                "trades linear ones only. The arithmetic of inverse contracts is in fw.ledger.formulas"
            )
        first = contract.tiers[0]
        if account.leverage > first.leverage:
            raise SettingsError(
                f"account.leverage: {account.leverage:g} is above {first.leverage:g}, the most that {contract.symbol} "
                f"allows: that is the cap of its first bracket, {bracket(contract, 0)} (-4028); lower it"
            )


def bracket(contract: Instrument, tier: int) -> str:
    """From which notional to which a tier holds, in words."""
    floor, money = contract.tiers[tier].floor, contract.settle
    if tier + 1 == len(contract.tiers):
        return f"from {floor:,.10g} {money} on"
    return f"from {floor:,.10g} to {contract.tiers[tier + 1].floor:,.10g} {money}"
