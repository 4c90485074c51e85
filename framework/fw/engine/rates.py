"""Funding rates as a run may charge them: in order, on the minute, and there for the whole range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.domain.time import DAY, HOUR, Duration, format_time
from fw.engine.soundness import check_stamps
from fw.errors import DataError, Gap

if TYPE_CHECKING:
    from fw.domain.market import Series
    from fw.domain.stamps import Stamps

USUAL = 8 * HOUR
"""The longest interval between settlements that venues use."""

LATE = 3 * DAY
"""How long after its first bar a new contract may have its first settlement (BTCUSDT in 2019: 39 hours)."""


def prepare_funding(
    data: Series, symbol: str, *, begin: int, until: int, funding: str, gaps: str, notes: list[str]
) -> Stamps | None:
    """The rates, floored to the minute, in order; where they are `required` they cover [begin, until) (ns).

    Taken as `zero`, what is missing is a note: there nothing is paid.
    """
    rates = data.funding
    if rates is None or not len(rates):
        if funding == "required":
            raise DataError(
                f"{symbol} has no funding rates; give them in the source, or set account.funding: zero to trade without"
            )
        notes.append(f"{symbol} has no funding rates: none is paid")
        return None
    rates = rates.to_minutes()
    check_stamps(rates, f"{symbol} funding")
    _check_cover(rates, symbol, begin, until, funding, notes)
    _check_holes(rates.between(begin, until), symbol, "skip" if funding == "zero" else gaps, notes)
    return rates


def _check_cover(rates: Stamps, symbol: str, begin: int, until: int, funding: str, notes: list[str]) -> None:
    first, last = int(rates.time[0]), int(rates.time[-1])
    steps = np.diff(rates.time) if len(rates) > 1 else np.array([USUAL])
    late, short = first > begin + int(steps[0]), last + int(steps[-1]) < until
    if not late and not short:
        return
    if funding == "required" and (short or first - begin > LATE or first >= until):
        raise DataError(
            f"{symbol} has funding from {format_time(first)} to {format_time(last)}, but bars from "
            f"{format_time(begin)} to {format_time(until)}; set source.start and source.end to match, "
            "or account.funding: zero"
        )
    if late:
        notes.append(f"{symbol}: no funding is known before {format_time(first)}, none is paid until then")
    if short:
        notes.append(f"{symbol}: no funding is known after {format_time(last)}, none is paid from then on")


def _check_holes(rates: Stamps, symbol: str, gaps: str, notes: list[str]) -> None:
    if len(rates) < 2:
        return
    steps = np.diff(rates.time)
    holes = np.flatnonzero(steps > max(USUAL, int(np.median(steps))))
    if not len(holes):
        return
    at = int(holes[0])
    said = (
        f"{symbol}: {len(holes)} {'hole' if len(holes) == 1 else 'holes'} in its funding, the first of "
        f"{Duration(int(steps[at]))} after {format_time(rates.time[at])}"
    )
    if gaps == "error":
        raise Gap(f"{said}; mend the data, or set source.gaps to skip or flat to pay nothing there")
    notes.append(f"{said}, nothing is paid there")
