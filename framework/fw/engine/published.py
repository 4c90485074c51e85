"""Stamped data as a run may use it: in order, published no earlier than it happened, and there in the run's time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from fw.domain.time import format_time
from fw.engine.soundness import check_stamps

if TYPE_CHECKING:
    from fw.domain.market import Series
    from fw.domain.stamps import Stamps


def prepare_stamps(
    data: Series, symbol: str, *, since: int, begin: int, until: int, notes: list[str]
) -> Mapping[str, Stamps]:
    """What was published from `since` on (ns), by kind, checked; the run is traded from `begin` to `until`.

    A kind of which nothing was published in the run counts as not there. Where one covers the run in part it is a note.
    """
    out = {}
    for kind, stamps in data.stamps.items():
        check_stamps(stamps, f"{symbol} {kind}")
        found = stamps.between(since, until + 1)  # what is published at the last close is known to it
        lack = _lack(stamps, f"{symbol} has {kind}", begin, until)
        if not len(found):
            notes.append(f"{lack or f'{symbol} has {kind} without any row'}; the run does without")
            continue
        if lack is not None:
            notes.append(f"{lack}; outside, its columns are what they are where it is unknown")
        out[kind] = found
    return out


def _lack(stamps: Stamps, who: str, begin: int, until: int) -> str | None:
    """Both ranges, where the stamps do not reach from one end of the run to the other."""
    if not len(stamps):
        return None
    first, last = int(stamps.published[0]), int(stamps.published[-1])
    usual = int(np.median(np.diff(stamps.time))) if len(stamps) > 1 else 0
    late = int(stamps.published[0] - stamps.time[0]) + 2 * usual  # as far apart as two rows may be and none is missing
    if first <= begin + late and last >= until - late:
        return None
    return (
        f"{who} from {format_time(first)} to {format_time(last)}, but bars from {format_time(begin)} "
        f"to {format_time(until)}"
    )
