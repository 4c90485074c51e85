"""Cycles of the clock at which a bar is known: hour, weekday, the world's sessions, time to the next funding."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.spans import Written, integers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw_features.spans import Writer

HOURS = 3600 * 1_000_000_000

SESSIONS = {"asia": (0, 9), "europe": (7, 16), "america": (13, 22)}
"""Hours UTC, the first included: about when stock exchanges of Tokyo, Frankfurt and New York trade, all year alike."""


@attrs.frozen
class Calendar(Written):
    """The moment a bar closes, UTC: hour, weekday, sessions such as `session_asia`, and `hours_to_funding`.

    Sine and cosine put the last hour beside the first, as a clock's face does. A moment of settlement itself is a
    whole interval from the next.
    """

    funding_hours: int = fw.setting(
        8, choices=(1, 2, 4, 8), help="hours between settlements of funding, counted from 00:00"
    )
    needs: ClassVar[tuple[str, ...]] = ("bars",)
    lookback: ClassVar[int] = 1

    def writer(self) -> Writer:
        from fw_features.clock import clock_columns

        sessions, interval = integers(tuple(SESSIONS.values())), self.funding_hours * HOURS
        day, week = _faces()
        return lambda market, first, out: clock_columns(market.bars.close_time, day, week, sessions, interval, out)

    def about(self) -> tuple[Column, ...]:
        cycles = [
            Column(
                name=f"{cycle}_{name}",
                formula=f"{name}(2π × {of})",
                unit="1",
                low=-1.0,
                high=1.0,
                scale_free=True,
                source="definition",
            )
            for cycle, of in (("hour", "minute of the day / 1440"), ("weekday", "day of the week, Monday 0, / 7"))
            for name in ("sin", "cos")
        ]
        sessions = [
            Column(
                name=f"session_{name}",
                formula=f"1 from {first:02}:00 until {end:02}:00 UTC, else 0",
                unit="1",
                low=0.0,
                high=1.0,
                scale_free=True,
                source="trading hours of stock exchanges",
            )
            for name, (first, end) in SESSIONS.items()
        ]
        funding = Column(
            name="hours_to_funding",
            formula=f"time from the bar's close to the next full {self.funding_hours} hours since 00:00 UTC",
            unit="hours",
            low=0.0,
            high=float(self.funding_hours),
            scale_free=True,
            source="the venue's schedule of funding",
        )
        return (*cycles, *sessions, funding)


@cache
def _faces() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine and cosine of each minute of a day and of each day of a week, from one table for every bar."""
    return _face(1440), _face(7)


def _face(steps: int) -> NDArray[np.float64]:
    import numpy as np

    return np.array([(math.sin(turn), math.cos(turn)) for turn in (math.tau * step / steps for step in range(steps))])
