"""The arithmetic of money: the simulated venue as compiled functions over one account array."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fw.ledger.broker import LedgerBroker
    from fw.ledger.compiled import inner, kernel
    from fw.ledger.memory import empty

__all__ = ["LedgerBroker", "empty", "inner", "kernel"]

_HOMES = {"LedgerBroker": "broker", "empty": "memory", "inner": "compiled", "kernel": "compiled"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'fw.ledger' has no attribute {name!r}")
    # numba is imported only when somebody compiles; found once, a name is found at once
    found = globals()[name] = getattr(import_module(f"fw.ledger.{_HOMES[name]}"), name)
    return found
