"""Which contracts the exchange has: by its own list, or, where they are no more traded, by its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import attrs

import fw
from fw_binance.archive import Archive, Place
from fw_binance.periods import periods
from fw_binance.shop import together
from fw_binance.store.series import SYMBOL

MOST_MEANT = 3


@attrs.frozen
class Listed:
    """The contracts of `exchangeInfo` by symbol."""

    contracts: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Listed:
        """Read the exchange's answer."""
        return cls({contract["symbol"]: contract for contract in info.get("symbols", ())})

    def unknown(self, symbols: Sequence[str]) -> list[str]:
        """Those that are not traded."""
        return [symbol for symbol in symbols if symbol not in self.contracts]

    def complaint(self, symbol: str, where: str) -> fw.DataError:
        """What to say of a symbol that nobody knows."""
        text = f"{where} has no perpetual {symbol!r}, nor has its archive in the time asked for"
        bare = symbol.upper().replace("/", "").partition(":")[0]
        if bare in self.contracts and bare != symbol:
            return fw.DataError(f"{text}. Did you mean {bare}?")
        meant = get_close_matches(bare, self.contracts, n=MOST_MEANT, cutoff=0.6)
        if not meant:
            meant = sorted(known for known in self.contracts if known.startswith(bare[:3]))[:MOST_MEANT]
        hint = f". Did you mean {' or '.join(meant)}?" if meant else f"; it has {len(self.contracts)} others"
        return fw.DataError(f"{text}{hint}")


async def was_listed(archive: Archive, symbol: str, start: int, end: int) -> bool:
    """Whether the archive has a month, or a day, of a contract that is not traded any more."""
    if not archive.is_there or not SYMBOL.fullmatch(symbol):
        return False
    found: list[str] = []

    async def look(name: str) -> None:
        if not found and await archive.has(Place("klines", symbol, "1d", name)):
            found.append(name)

    months = [period.name for period in periods("month", [(start, end)])]
    for at in range(0, len(months), 12):  # a year at a time: most are found in the first
        await together(look(name) for name in months[at : at + 12])
        if found:
            break
    return bool(found)
