"""One number for all the data of a run: equal data, equal fingerprint, in every process."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from fw.domain.bars import COLUMNS, Bars

if TYPE_CHECKING:
    from fw.domain.market import Market
    from fw.domain.stamps import Stamps


def fingerprint(market: Market) -> str:
    """SHA-256, in hex, over every symbol and every array in the order of its name; notes and focus do not count."""
    digest = hashlib.sha256()

    def take(name: str, array: np.ndarray) -> None:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {len(little)}\n".encode())
        digest.update(little.view(np.uint8).data)

    def take_bars(name: str, bars: Bars | None) -> None:
        if bars is None:
            return
        digest.update(f"{name} {bars.size.ns}\n".encode())
        take("open_time", bars.open_time)
        for column in COLUMNS:
            take(column, getattr(bars, column))
        for column in sorted(bars.extra):
            take(column, bars.extra[column])

    def take_stamps(name: str, stamps: Stamps | None) -> None:
        if stamps is None:
            return
        take(f"{name} time", stamps.time)
        if not np.array_equal(stamps.published, stamps.time):
            take(f"{name} published", stamps.published)
        for column in sorted(stamps.columns):
            take(f"{name} {column}", stamps[column])

    for symbol in sorted(market.series):
        data = market.series[symbol]
        digest.update(f"{symbol}\n".encode())
        take_bars("bars", data.bars)
        take_bars("mark", data.mark)
        take_stamps("funding", data.funding)
        for kind in sorted(data.stamps):
            take_stamps(kind, data.stamps[kind])
    return digest.hexdigest()
