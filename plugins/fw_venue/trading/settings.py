"""What an account may change of its terms: leverage, margin type, and the margin of a position.

The ledger has one leverage and one margin type for all positions of an account; so has an account here, and a change
for one contract is one for all.
"""

from __future__ import annotations

from typing import Any

from fw_venue.answers import Asked, Refusal
from fw_venue.routes import Routes
from fw_venue.trading import events
from fw_venue.trading.account import Account
from fw_venue.trading.accounts import Accounts
from fw_venue.trading.reading import tape_of
from fw_venue.trading.standing import most_notional, tier_of

DONE = {"code": 200, "msg": "success"}


class Settings:
    """The account's own settings over REST."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def add_to(self, routes: Routes) -> None:
        """Serve its paths."""
        for method, path, handler, weight in (
            ("POST", "leverage", self.leverage, 1),
            ("POST", "marginType", self.margin_type, 1),
            ("POST", "positionMargin", self.position_margin, 1),
            ("GET", "positionSide/dual", self.position_mode, 30),
            ("POST", "positionSide/dual", self.change_position_mode, 1),
            ("GET", "multiAssetsMargin", self.assets_mode, 30),
            ("POST", "multiAssetsMargin", self.change_assets_mode, 1),
        ):
            routes.add(method, f"/fapi/v1/{path}", handler, weight=weight, security="signed")

    def leverage(self, asked: Asked) -> dict[str, Any]:
        """Another leverage, where bracket and margin allow it."""
        account = self._accounts.of(asked)
        tape, wanted = tape_of(asked, account.tapes), int(asked.number("leverage") or 0)
        if not 1 <= wanted <= tape.contract.rules.tiers[0].leverage:
            raise Refusal(-4028, f"Leverage {wanted} is not valid")
        account.wake()
        self._refuse_leverage(account, float(wanted))
        if wanted != account.leverage:
            account.simulation.account["leverage"] = wanted
            for symbol in account.tapes:
                account.say(events.leverage_update(symbol, wanted, account.now))
        return {
            "symbol": tape.symbol,
            "leverage": wanted,
            "maxNotionalValue": str(most_notional(tape.contract, wanted)),
        }

    @staticmethod
    def _refuse_leverage(account: Account, wanted: float) -> None:
        standing = account.standing()
        held = [its for its in standing.positions.values() if its.lots or its.bids or its.asks]
        if wanted < account.leverage and standing.isolated and any(its.lots for its in held):
            msg = "Leverage reduction is not supported in Isolated Margin Mode with open positions."
            raise Refusal(-4161, msg)
        if wanted < account.leverage:
            bound = (standing.initial + standing.of_orders) * account.leverage / wanted
            if bound > standing.wallet + standing.unrealised:
                raise Refusal(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
        for its in held:
            if wanted > tier_of(its.contract, abs(its.notional)).leverage:
                raise Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")

    def margin_type(self, asked: Asked) -> dict[str, Any]:
        """Margin of each position's own, or shared by all."""
        account = self._accounts.of(asked)
        tape_of(asked, account.tapes)
        msg = "Mandatory parameter 'marginType' was not sent, was empty/null, or malformed."
        isolated = asked.choice("marginType", ("ISOLATED", "CROSSED"), -1102, msg) == "ISOLATED"
        if isolated == account.isolated:
            raise Refusal(-4046, "No need to change margin type.")
        if any(account.book.open()):
            raise Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
        if any(account.lots(symbol) for symbol in account.tapes):
            raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
        account.simulation.account["isolated"] = isolated
        return DONE

    def position_margin(self, asked: Asked) -> dict[str, Any]:
        """Give an isolated position more margin (1), or take some back (2)."""
        account = self._accounts.of(asked)
        tape = tape_of(asked, account.tapes)
        try:
            amount = float(asked.text("amount"))
        except ValueError:
            amount = 0.0
        if not 0.0 < amount < float("inf"):
            raise Refusal(-4055, "Amount must be positive.")
        kind = asked.choice("type", ("1", "2"), -1102, "Mandatory parameter 'type' was not sent or is malformed.")
        account.wake()
        standing = account.standing()
        its = standing.positions[tape.symbol]
        if not standing.isolated or not its.lots:
            raise Refusal(-4054, "Cannot add position margin: position is 0 or not isolated.")
        if kind == "1" and amount > standing.available:
            raise Refusal(-4050, "Cross balance insufficient.")
        if kind == "2" and amount > its.margin + min(its.unrealised, 0.0) - its.initial:
            raise Refusal(-4051, "Isolated balance insufficient.")
        account.move_margin(tape.symbol, amount if kind == "1" else -amount)
        return {"amount": amount, "code": 200, "msg": "Successfully modify position margin.", "type": int(kind)}

    def position_mode(self, asked: Asked) -> dict[str, Any]:
        """Always one-way."""
        self._accounts.of(asked)
        return {"dualSidePosition": False}

    def change_position_mode(self, asked: Asked) -> dict[str, Any]:
        """The ledger holds one position a contract: long and short at once are refused."""
        account = self._accounts.of(asked)
        if asked.text("dualSidePosition").lower() != "true":
            raise Refusal(-4059, "No need to change position side.")
        if any(account.book.open()):
            raise Refusal(-4067, "Position side cannot be changed if there exists open orders.")
        raise Refusal(-4068, "Position side cannot be changed: the practice exchange knows one-way positions only.")

    def assets_mode(self, asked: Asked) -> dict[str, Any]:
        """Always one asset."""
        self._accounts.of(asked)
        return {"multiAssetsMargin": False}

    def change_assets_mode(self, asked: Asked) -> dict[str, Any]:
        """The ledger has one currency."""
        self._accounts.of(asked)
        if asked.text("multiAssetsMargin").lower() != "true":
            raise Refusal(-4171, "Adjusted asset mode is currently set and does not need to be adjusted repeatedly.")
        raise Refusal(-4167, "Unable to adjust to Multi-Assets mode: the practice exchange knows one asset only.")
