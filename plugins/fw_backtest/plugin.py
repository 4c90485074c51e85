"""Offers the simulated broker under its two names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

import fw

if TYPE_CHECKING:
    from fw.ledger import LedgerBroker


@attrs.frozen
class Backtest:
    """Fills orders against the bars of history, by the ledger's rules; `simulation:` in the file says how."""

    def build(self, run: fw.Run) -> LedgerBroker:
        """Make the broker."""
        from fw.ledger import LedgerBroker

        return LedgerBroker()


@attrs.frozen
class Paper(Backtest):
    """The same venue under the name that a profile for live data uses."""


@fw.hookimpl
def fw_brokers() -> dict[str, type[Any]]:
    """The simulated broker."""
    return {"backtest": Backtest, "paper": Paper}
