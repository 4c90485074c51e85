"""Joins the trading half to the exchange: its endpoints, and what is looked after once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fw_venue.routes import Limits, Routes
from fw_venue.trading.accounts import Accounts
from fw_venue.trading.conditionals import Conditionals
from fw_venue.trading.ordering import Ordering
from fw_venue.trading.reports import Reports
from fw_venue.trading.settings import Settings

if TYPE_CHECKING:
    from fw_venue.sockets import Hub


def add_trading(routes: Routes, accounts: Accounts, limits: Limits, hub: Hub) -> None:
    """Serve every path of accounts and orders."""
    Ordering(accounts).add_to(routes)
    Conditionals(accounts).add_to(routes)
    Reports(accounts, limits).add_to(routes)
    Settings(accounts).add_to(routes)
    accounts.listening.add_to(routes)
    hub.also.append(accounts.look_after)
