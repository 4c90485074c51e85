"""The arithmetic of money: the simulated venue as compiled functions over one account array."""

from __future__ import annotations

from typing import Any

__all__ = ["empty", "inner", "kernel"]


def __getattr__(name: str) -> Any:
    if name == "empty":
        from fw.ledger.memory import empty

        return empty
    if name in __all__:  # numba is imported only when somebody compiles
        from fw.ledger import compiled

        return getattr(compiled, name)
    raise AttributeError(f"module 'fw.ledger' has no attribute {name!r}")
