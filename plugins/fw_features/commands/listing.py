"""What `fw features list` and `describe` tell of a feature set, its columns at the default settings included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from fw.registry import Offer

NAMED = 6
"""Columns that a line of the list names."""


@attrs.frozen
class Listed:
    """One feature set in words."""

    offer: Offer
    columns: tuple[dict[str, Any], ...]
    """name, and formula, unit, low, high, scale_free and source where the set tells them (None: no bound)."""
    lookback: int | None = None
    needs: tuple[str, ...] = ()
    unknown: str = ""
    """Why its columns are not known; empty where they are."""

    def plain(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "name": self.offer.name,
            "plugin": self.offer.plugin,
            "distribution": self.offer.distribution,
            "version": self.offer.version,
            "help": self.offer.summary,
            "needs": list(self.needs),
            "lookback": self.lookback,
            "columns": list(self.columns),
            "unknown": self.unknown,
        }

    def short(self) -> str:
        """Its columns in a line."""
        if self.unknown:
            return f"? ({self.unknown})"
        names = [str(column["name"]) for column in self.columns]
        more = f" … {len(names) - NAMED + 1} more" if len(names) > NAMED else ""
        return ", ".join(names[: NAMED - 1] if more else names) + more


def listed(offer: Offer) -> Listed:
    """The set as it is at its defaults; what cannot be known says why, as a broken set must not end the list."""
    missing = [row.name for row in offer.settings if not row.default]
    if missing:
        return Listed(offer, (), unknown=f"{', '.join(missing)} must be given")
    try:
        from fw.testing.fakes import FakeRun

        spec = offer.spec()
        part = spec.build(FakeRun()) if hasattr(spec, "build") else spec
        found = Listed(offer, (), lookback=int(part.lookback), needs=tuple(part.needs))
        return attrs.evolve(found, columns=tuple(_columns(part)))
    except Exception as error:  # a plugin may raise anything, and the other sets are still worth listing
        return Listed(offer, (), unknown=f"{type(error).__name__}: {error}")


def _columns(part: Any) -> list[dict[str, Any]]:
    """What the set says of its columns; of one that says nothing, the names that it gives of a made-up market."""
    if hasattr(part, "about"):
        return [_plain(column) for column in part.about()]
    from fw.testing.markets import trend

    return [{"name": name} for name in part.compute(trend(("BTCUSDT", "ETHUSDT"), bars=max(8, part.lookback)))]


def _plain(column: Any) -> dict[str, Any]:
    bounds = {side: value if math.isfinite(value := getattr(column, side)) else None for side in ("low", "high")}
    words = {name: getattr(column, name) for name in ("formula", "unit", "scale_free", "source")}
    return {"name": column.name, **words, **bounds}


def bounds(column: dict[str, Any]) -> str:
    """The range of a column in words: `0 … 100`, `≥ 0`, `any`."""
    low, high = column.get("low"), column.get("high")
    if low is not None and high is not None:
        return f"{low:g} … {high:g}"
    if low is not None:
        return f"≥ {low:g}"
    return "any" if high is None else f"≤ {high:g}"
