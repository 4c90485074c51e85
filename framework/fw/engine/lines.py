"""A journal's lines: one JSON object each, its CRC-32 at the end, and what events and markets look like in them.

Numbers are written so that they read back as they were, to the last bit.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any
from zlib import crc32

import attrs
import numpy as np

from fw.domain import event as facts
from fw.domain.bars import COLUMNS, Bars
from fw.domain.event import Event
from fw.domain.instrument import Instrument, Tier
from fw.domain.market import Market, Series
from fw.domain.received import BarReceived, FeedLost, FeedRestored, StampReceived
from fw.domain.stamps import Stamps

if TYPE_CHECKING:
    from fw.domain.time import BarSize


@attrs.frozen(kw_only=True)
class Opened(Event):
    """A process began to listen; what was lost before is heard again."""

    version: str


@attrs.frozen(kw_only=True)
class Quoted(Event):
    """A step of the account: the newest quotes, of those instruments that have new ones."""

    quotes: Mapping[str, tuple[int, float, float, float | None]]
    """Time, bid, ask and mark price, if known, by instrument."""


HEARD: Mapping[str, type[Event]] = {
    "opened": Opened,
    "bar": BarReceived,
    "quotes": Quoted,
    "stamp": StampReceived,
    "lost": FeedLost,
    "restored": FeedRestored,
}
"""What a run is told, by the word in its lines; all else follows from it."""
DONE: Mapping[str, type[Event]] = {
    "signal": facts.Decided,
    "veto": facts.Vetoed,
    "order": facts.Submitted,
    "accepted": facts.Accepted,
    "rejected": facts.Rejected,
    "triggered": facts.Triggered,
    "amended": facts.Amended,
    "fill": facts.Filled,
    "cancelled": facts.Cancelled,
    "expired": facts.Expired,
    "funding": facts.Funding,
    "liquidation": facts.Liquidated,
}
"""What a run did, and what became of it."""
WORDS = {kind: word for words in (HEARD, DONE) for word, kind in words.items()}
END = b',"crc":"'


def line_of(said: Mapping[str, Any]) -> bytes:
    """An object as a line; ValueError for a number that is none."""
    text = json.dumps(said, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain).encode()
    body = text[:-1]
    return b'%s%s%08x"}\n' % (body, END, crc32(body))


def object_of(line: bytes) -> dict[str, Any]:
    """A line's object again; ValueError where it is not whole, or not what was written."""
    body, found, crc = line.rpartition(END)
    if not found or crc != b'%08x"}\n' % crc32(body):
        raise ValueError("its check sum is wrong")
    said: dict[str, Any] = json.loads(body + b"}")
    return said


def plain_event(event: Event) -> dict[str, Any]:
    """An event as an object; members that say nothing are left out."""
    return {"event": WORDS[type(event)], **_members(event)}


def event_of(said: Mapping[str, Any]) -> Event:
    """An event that a run was told, from its object."""
    values = {name: value for name, value in said.items() if name not in ("event", "now")}
    kind = HEARD[said["event"]]
    if kind is BarReceived and "extra" in values:
        values["extra"] = {name: math.nan if value is None else value for name, value in values["extra"].items()}
    elif kind is Quoted:
        values["quotes"] = {name: tuple(quote) for name, quote in values["quotes"].items()}
    elif "instruments" in values:
        values["instruments"] = tuple(values["instruments"])
    return kind(**values)


def _members(value: Any) -> dict[str, Any]:
    found = {}
    for field in attrs.fields(type(value)):
        member = getattr(value, field.name)
        if member is not None and (member != field.default or field.default is attrs.NOTHING):
            found[field.name] = _plain(member)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if attrs.has(type(value)):
        return _members(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def plain_market(market: Market) -> dict[str, Any]:
    """A market as an object."""
    return {symbol: _plain_series(data) for symbol, data in market.series.items()}


def _plain_series(data: Series) -> dict[str, Any]:
    return {
        "bars": _plain_bars(data.bars),
        "mark": None if data.mark is None else _plain_bars(data.mark),
        "funding": None if data.funding is None else _plain_stamps(data.funding),
        "stamps": {kind: _plain_stamps(stamps) for kind, stamps in data.stamps.items()},
    }


def _plain_bars(bars: Bars) -> dict[str, Any]:
    columns = {name: getattr(bars, name) for name in ("open_time", *COLUMNS)}
    return {name: _plain(column) for name, column in columns.items()} | {"extra": _plain(bars.extra)}


def _plain_stamps(stamps: Stamps) -> dict[str, Any]:
    return {"time": _plain(stamps.time), "published": _plain(stamps.published), "columns": _plain(stamps.columns)}


def market_of(said: Mapping[str, Any], size: BarSize, *, made_up: bool) -> Market:
    """A market from its object."""
    series = {symbol: _series_of(data, size) for symbol, data in said.items()}
    return Market(series=series, focus=next(iter(series)), made_up=made_up)


def _series_of(said: Mapping[str, Any], size: BarSize) -> Series:
    return Series(
        bars=_bars_of(said["bars"], size),
        mark=None if said["mark"] is None else _bars_of(said["mark"], size),
        funding=None if said["funding"] is None else _stamps_of(said["funding"]),
        stamps={kind: _stamps_of(stamps) for kind, stamps in said["stamps"].items()},
    )


def _bars_of(said: Mapping[str, Any], size: BarSize) -> Bars:
    extra = {name: _numbers(column) for name, column in said["extra"].items()}
    return Bars(size=size, **{name: column for name, column in said.items() if name != "extra"}, extra=extra)


def _stamps_of(said: Mapping[str, Any]) -> Stamps:
    columns = {name: _numbers(column) for name, column in said["columns"].items()}
    return Stamps(said["time"], columns, published=said["published"])


def _numbers(column: Any) -> Any:
    return [math.nan if value is None else value for value in column]


def plain_rules(instrument: Instrument) -> dict[str, Any]:
    """A contract's rules as an object; what has no bound is written as a word."""
    values = attrs.asdict(instrument)
    values["tiers"] = [list(attrs.astuple(tier)) for tier in instrument.tiers]
    return {name: str(value) if value in (math.inf, -math.inf) else value for name, value in values.items()}


def rules_of(said: Mapping[str, Any]) -> Instrument:
    """A contract's rules from their object."""
    values: dict[str, Any] = {
        name: float(value) if value in ("inf", "-inf") else value for name, value in said.items() if name != "tiers"
    }
    values["tiers"] = tuple(Tier(*row) for row in said["tiers"])
    return Instrument(**values)
