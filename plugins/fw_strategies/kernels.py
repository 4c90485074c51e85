"""Whole runs of decisions in one pass; NaN keeps what is in force, as None does in a single decision."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

GLANCE = 16
"""Bars looked at together: in most of them nothing turns."""


@kernel
def crossings(fast: Floats, slow: Floats, out: Floats) -> None:
    """Write 1 where `fast` is above `slow`, −1 where it is below, NaN on a tie; all are [instrument, bar]."""
    for k in range(len(out)):
        quick, calm, strength = fast[k], slow[k], out[k]
        for i in range(len(strength)):
            # written without branches so that it runs on several bars at once
            strength[i] = 1.0 if quick[i] > calm[i] else (-1.0 if quick[i] < calm[i] else math.nan)


@kernel
def bands(
    column: Floats, first: int, above: float, below: float, exit_long: float, exit_short: float, out: Floats
) -> None:
    """Write what `fw_strategies.threshold.band` says at each bar from `first` on, knowing what it said before."""
    for k in range(len(out)):
        out[k, :first] = math.nan
        held = 0.0
        for i in range(first, out.shape[1]):
            value = column[k, i]
            strength = math.nan
            if value > above:
                strength = 1.0
            elif value < below:
                strength = -1.0
            elif (held > 0.0 and value < exit_long) or (held < 0.0 and value > exit_short):
                strength = 0.0
            if not math.isnan(strength):
                held = strength
            out[k, i] = strength


@kernel
def protect(strength: Floats, close: Floats, first: int, stop: float, take: float, out: Floats) -> None:
    """Keep strengths only where they change from bar `first` on, with protections priced from that bar's close.

    `stop` and `take` are shares of the price, NaN for none; `out` is [strength, stop or take, instrument, bar].
    """
    for k in range(strength.shape[0]):
        wishes, closes = strength[k], close[k]
        changes, stops, takes = out[0, k], out[1, k], out[2, k]
        changes[:] = math.nan
        stops[:] = math.nan
        takes[:] = math.nan
        held = math.nan
        for start in range(first, len(wishes), GLANCE):
            some = wishes[start : start + GLANCE]
            turns = False
            for b in range(len(some)):
                turns |= (some[b] != held) & (some[b] == some[b])
            if not turns:
                continue
            for b in range(len(some)):
                wanted = some[b]
                if math.isnan(wanted) or wanted == held:
                    continue
                held = wanted
                i = start + b
                changes[i] = wanted
                if wanted != 0.0:
                    stops[i] = closes[i] * (1.0 - wanted * stop)
                    takes[i] = closes[i] * (1.0 + wanted * take)
