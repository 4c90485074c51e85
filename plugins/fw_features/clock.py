"""What the clock says of the moments at which bars close, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

MINUTE = 60_000_000_000
THURSDAY = 3  # 1970-01-01, counted from Monday


@kernel
def clock_columns(time: Integers, day: Floats, week: Floats, sessions: Integers, interval: int, out: Floats) -> None:
    """Write sine and cosine of the minute of the day and of the weekday, 1 for each session that is open, and the
    hours to the next full `interval` (ns).

    `day[minute]` and `week[weekday]` hold sine and cosine; `sessions` first and end hour of each, UTC.
    """
    for bar in range(len(time)):
        minutes = time[bar] // MINUTE
        minute, weekday = minutes % 1440, (minutes // 1440 + THURSDAY) % 7
        out[0, bar], out[1, bar] = day[minute, 0], day[minute, 1]
        out[2, bar], out[3, bar] = week[weekday, 0], week[weekday, 1]
        hour = minute // 60
        for k in range(len(sessions)):
            out[4 + k, bar] = 1.0 if sessions[k, 0] <= hour < sessions[k, 1] else 0.0
        out[4 + len(sessions), bar] = (interval - time[bar] % interval) / (60.0 * MINUTE)
