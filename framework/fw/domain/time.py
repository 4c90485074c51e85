"""Moments, durations and bar sizes; all time is UTC, held as int64 nanoseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MILLISECOND = 1_000_000
SECOND = 1000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
YEAR = 365 * DAY

UNITS = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
OFFERED = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w")
FIRST_MONDAY = 4 * DAY  # 1970-01-05: weekly bars begin on Mondays, as the exchange's do
DATE, CLOCK = "[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
LAST = 2**63 - 1  # the last instant int64 holds: 2262-04-11


@attrs.frozen(order=True)
class Duration:
    """A stretch of time; `Duration.parse("8h")`."""

    ns: int

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read `250ms`, `90s`, `15m`, `8h`, `30d`, `2w`; ValueError says what is wanted."""
        match = re.fullmatch(r"([0-9]{1,18})(ms|s|m|h|d|w)", text)
        ns = int(match[1]) * UNITS[match[2]] if match else 0
        if not match or ns > LAST:
            raise ValueError(f"wants a duration like 30s, 15m, 8h or 30d, not {text!r}")
        return cls(ns)

    def __str__(self) -> str:
        for unit, ns in reversed(UNITS.items()):
            if self.ns and self.ns % ns == 0:
                return f"{self.ns // ns}{unit}"
        return f"{self.ns / SECOND:g}s"


@attrs.frozen(order=True)
class BarSize:
    """How much time one bar covers; only the sizes the exchange offers exist."""

    ns: int

    @classmethod
    def parse(cls, text: str) -> BarSize:
        """Read `1m` … `1w`; ValueError names the sizes offered."""
        if text in ("1M", "1mo"):
            raise ValueError("1M is a month, whose length varies, and is not offered; 1m is a minute")
        if text not in OFFERED:
            raise ValueError(f"{text!r} is not a bar size offered: {', '.join(OFFERED)}")
        return cls(Duration.parse(text).ns)

    def __str__(self) -> str:
        return "1w" if self.ns == WEEK else str(Duration(self.ns))

    @property
    def bars_per_year(self) -> float:
        """Bars in 365 days: the market never closes."""
        return YEAR / self.ns

    @property
    def origin(self) -> int:
        """An instant at which a bar of this size begins."""
        return FIRST_MONDAY if self.ns == WEEK else 0

    def floor(self, times: Any) -> Any:
        """The opening time of the bar that holds each instant (int or array of ns)."""
        return times - (times - self.origin) % self.ns

    def divides(self, larger: BarSize) -> bool:
        """Whether bars of this size fill bars of the larger size exactly."""
        return larger.ns % self.ns == 0


@attrs.frozen
class Length:
    """A number of the part's own bars, or a duration; YAML writes `24` or `8h`."""

    bars: int | None = None
    duration: Duration | None = None

    @classmethod
    def parse(cls, text: str) -> Length:
        """Read a whole number of bars or a duration; ValueError says what is wanted."""
        if re.fullmatch(r"[0-9]{1,18}", text):
            return cls(bars=int(text))
        try:
            return cls(duration=Duration.parse(text))
        except ValueError:
            raise ValueError(f"wants a number of bars or a duration like 8h, not {text!r}") from None

    def in_bars(self, size: BarSize) -> int:
        """How many bars of `size` this is; a duration is rounded up."""
        if self.bars is not None:
            return self.bars
        assert self.duration is not None
        return -(-self.duration.ns // size.ns)

    def __str__(self) -> str:
        return str(self.bars) if self.bars is not None else str(self.duration)


def parse_time(text: str) -> int:
    """Read `2024-01-31` (00:00 UTC) or a date and clock time with Z or an offset, to ns; ValueError otherwise."""
    wanted = f"wants a date like 2024-01-31 or a time like 2024-01-31T08:00Z, not {text!r}"
    # fromisoformat alone would also take 20240131, 2024-W05-3, a lone hour, and any sign between day and hour
    if not re.fullmatch(rf"{DATE}([T ]{CLOCK}(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?", text):
        raise ValueError(wanted)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(wanted) from None
    if len(text) > len("2024-01-31") and moment.tzinfo is None:
        raise ValueError(f"the clock time {text!r} needs a zone: end it with Z for UTC, or with +02:00")
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    ns = (since.days * DAY) + since.seconds * SECOND + since.microseconds * 1000
    if not 0 <= ns <= LAST:
        raise ValueError(f"wants a time from 1970 to 2262, not {text!r}")
    return ns


def format_time(ns: int) -> str:
    """`2024-01-31 08:00` in UTC, with seconds (and fractions) only where there are any."""
    seconds, rest = divmod(int(ns), SECOND)
    moment = datetime.fromtimestamp(seconds, UTC)
    text = moment.strftime("%Y-%m-%d %H:%M")
    if moment.second or rest:
        text += moment.strftime(":%S")
    if rest:
        text += f".{rest:09d}".rstrip("0")
    return text


def to_datetime64(times: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """The same instants as numpy datetimes, without a copy."""
    return times.view("datetime64[ns]")
