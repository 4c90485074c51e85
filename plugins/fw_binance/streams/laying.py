"""How the streams of a run are laid on connections, each on the route that carries it."""

from __future__ import annotations

from collections.abc import Sequence

from fw_binance.streams.keeper import Group

ON_ONE = 200
"""Streams on one connection."""


def groups(instruments: Sequence[str], size: str) -> list[Group]:
    """How the streams of these instruments are laid on connections."""
    found = []
    for route, names in (("market", (f"kline_{size}", "markPrice@1s")), ("public", ("bookTicker",))):
        share = ON_ONE // len(names)
        for number, first in enumerate(range(0, len(instruments), share), 1):
            mine = tuple(instruments[first : first + share])
            streams = tuple(f"{instrument.lower()}@{name}" for instrument in mine for name in names)
            found.append(Group(f"{route} {number}", route, streams, mine))
    return found
