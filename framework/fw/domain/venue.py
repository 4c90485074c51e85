"""What a venue demanded and charged, by date: contract rules and fees, read from the facts shipped under `venues/`.

A file of rules maps a symbol to dated records, oldest first, each with `from` (the day it was seen), `source`, and
what was seen that day:

- `instruments`: `tick` and `lot` (steps of price and size), `min_notional`, `max_quantity` (of one market order, in
  base currency), `clearance_fee` (of a liquidation's notional), `funding_hours`, and the venue's other filters:
  `min_price`, `max_price`, `percent_up`, `percent_down` (of the mark price: how far orders may be from it),
  `take_bound` (how far market orders fill), `min_quantity`, `max_limit_quantity`, `market_lot` and
  `min_market_quantity` (in base currency), `max_orders`, `max_conditional_orders` (working at once);
  and `"linear": false` of an inverse contract;
- `tiers`: rows of floor, maintenance rate, maintenance amount, highest leverage;
- `fees`, by fee tier in place of symbol: `maker` and `taker`, as shares of notional.

A user's own file (`account.rules`) is one JSON object with any of the keys `instruments`, `tiers` and `fees`, all of
that shape; what it says of a symbol, or of a fee tier, replaces what is shipped:

    {"instruments": {"NEWUSDT": [{"from": "2025-01-01", "source": "the venue's page", "tick": 0.001, "lot": 1}]},
     "tiers": {"NEWUSDT": [{"from": "2025-01-01", "source": "the venue's page", "tiers": [[0, 0.01, 0, 50]]}]}}
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs

from fw.domain.instrument import UNLIMITED, Instrument, Tier
from fw.domain.time import HOUR, YEAR, format_time, parse_time
from fw.errors import DataError, SettingsError

VENUES = Path(__file__).parents[1] / "venues"
NUMBERS = {
    "tick": "tick",
    "lot": "lot",
    "min_notional": "min notional",
    "clearance_fee": "clearance fee",
    "funding_hours": "funding hours",
    "max_quantity": "filters",
    "min_price": "filters",
    "max_price": "filters",
    "percent_up": "filters",
    "percent_down": "filters",
    "take_bound": "filters",
    "min_quantity": "filters",
    "max_limit_quantity": "filters",
    "market_lot": "filters",
    "min_market_quantity": "filters",
    "max_orders": "open orders",
    "max_conditional_orders": "open conditional orders",
}
"""What a record may say in numbers, and what notes call it."""

MAY_BE_ZERO = ("min_notional", "clearance_fee", "max_quantity", "min_price", "percent_down")

Records = Sequence[Mapping[str, Any]]


@attrs.frozen
class Fees:
    """Shares of notional charged on fills."""

    maker: float
    """Of a fill that rested in the book."""
    taker: float


def rules(
    venue: str, symbol: str, *, start: int, end: int, override: Path | None = None
) -> tuple[Instrument, tuple[str, ...]]:
    """A contract's rules for a run over [start, end) (ns), and what a reader must know of them.

    Tick and lot are the finest the symbol is known to have had in the period, every other number is of the record
    nearest to it. DataError where the symbol has no rules.
    """
    facts, tiers = _records(venue, symbol, override)
    notes: dict[str, list[str]] = {}

    def nearest(name: str, default: float) -> float:
        known = [record for record in facts if name in record]
        if not known:
            return default
        record = _nearest(known, start, end)
        for note in _dated("{}", record, start, end):
            notes.setdefault(note, []).append(NUMBERS[name])
        return float(record[name])

    def in_force(name: str, default: float) -> float:
        """A number of which one seen at another time says nothing."""
        known = [record for record in facts if name in record]
        if not known or any(_dated("", _nearest(known, start, end), start, end)):
            return default
        return nearest(name, default)

    lot = _finest(facts, "lot", start, end)

    def lots(name: str, default: int) -> int:
        """A quantity in lots; lots that fit in it, but at least one."""
        quantity = nearest(name, 0.0)
        return max(round(quantity / lot), 1) if quantity else default

    brackets = _nearest(tiers, start, end)
    instrument = Instrument(
        symbol=symbol,
        tick=_finest(facts, "tick", start, end),
        lot=lot,
        min_notional=nearest("min_notional", 0.0),
        max_lots=lots("max_quantity", UNLIMITED),
        tiers=tuple(Tier(*map(float, row)) for row in brackets["tiers"]),
        clearance_fee=nearest("clearance_fee", 0.0),
        funding_interval=round(nearest("funding_hours", 8.0) * HOUR),
        linear=all(record.get("linear", True) for record in facts),
        min_price=in_force("min_price", 0.0),  # the venue moves these two with the price
        max_price=in_force("max_price", math.inf),
        percent_up=nearest("percent_up", math.inf),
        percent_down=nearest("percent_down", 0.0),
        take_bound=nearest("take_bound", math.inf),
        min_lots=lots("min_quantity", 1),
        max_limit_lots=lots("max_limit_quantity", UNLIMITED),
        min_market_lots=lots("min_market_quantity", 1),
        market_step=lots("market_lot", 1),
        max_orders=round(nearest("max_orders", 200.0)),
        max_conditional_orders=round(nearest("max_conditional_orders", 200.0)),
    )
    said = [note.format(", ".join(dict.fromkeys(names))) for note, names in notes.items()]
    return instrument, (*said, *_dated("tiers", brackets, start, end))


def overrides(file: Path | None, symbol: str) -> bool:
    """Whether a user's file states rules of a symbol."""
    return file is not None and any(symbol in _read_override(file).get(kind, {}) for kind in ("instruments", "tiers"))


def fees(venue: str, tier: str, *, start: int, end: int, override: Path | None = None) -> tuple[Fees, tuple[str, ...]]:
    """What the venue charges in a fee tier over [start, end) (ns), as known nearest to it, and a note on its date.

    SettingsError for a tier that neither it nor the user's file has.
    """
    if override is None:
        return _shipped_fees(venue, tier, start, end)
    return _fees_of({**_shipped(venue, "fees"), **_read_override(override).get("fees", {})}, venue, tier, start, end)


@lru_cache(maxsize=64)
def _shipped_fees(venue: str, tier: str, start: int, end: int) -> tuple[Fees, tuple[str, ...]]:
    """The same without a user's file; every run of a sweep asks for it."""
    return _fees_of(_shipped(venue, "fees"), venue, tier, start, end)


def _fees_of(known: Mapping[str, Records], venue: str, tier: str, start: int, end: int) -> tuple[Fees, tuple[str, ...]]:
    if tier not in known:
        raise SettingsError(
            f"account.fees: {venue} has no fee tier {tier!r}{_meant(tier, known)}; it has {', '.join(known)}"
        )
    record = _nearest(known[tier], start, end)
    return Fees(maker=float(record["maker"]), taker=float(record["taker"])), tuple(_dated("fees", record, start, end))


def _records(venue: str, symbol: str, override: Path | None) -> tuple[Records, Records]:
    """The symbol's records of contract and of tiers: the user's where there are any, else the venue's."""
    mine = _read_override(override) if override is not None else {}
    found = []
    for kind in ("instruments", "tiers"):
        shipped = _shipped(venue, kind)
        records = mine.get(kind, {}).get(symbol) or shipped.get(symbol)
        if not records:
            where = f"neither {override} nor {venue} has" if override is not None else f"{venue} has no"
            what = "contract rules" if kind == "instruments" else "margin tiers"
            raise DataError(
                f"{where} {what} for {symbol}{_meant(symbol, shipped)}; give them in a JSON file named by account.rules"
            )
        found.append(records)
    return found[0], found[1]


@cache
def _shipped(venue: str, kind: str) -> Mapping[str, Records]:
    """The shipped facts of one kind by symbol (fees: by tier)."""
    file = VENUES / venue / f"{kind}.json"
    if not file.is_file():
        venues = sorted(folder.name for folder in VENUES.iterdir() if folder.is_dir())
        raise SettingsError(
            f"account.venue: {venue!r} is not a venue known{_meant(venue, venues)}; there is {', '.join(venues)}"
        )
    facts: Mapping[str, Records] = json.loads(file.read_text(encoding="utf-8"))
    return facts


def _read_override(file: Path) -> Mapping[str, Mapping[str, Records]]:
    """A user's file, checked record by record, since it was written by hand."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise DataError(f"account.rules: cannot read {file}: {problem.strerror or problem}") from None
    except ValueError as problem:
        raise DataError(f"account.rules: {file} is not JSON: {problem}") from None
    if not isinstance(content, dict) or not content or set(content) - {"instruments", "tiers", "fees"}:
        raise DataError(
            f"account.rules: {file} wants the keys instruments and tiers, each by symbol, and fees, by fee tier"
        )
    for kind, symbols in content.items():
        if not isinstance(symbols, dict):
            whose = "fee tier" if kind == "fees" else "symbol"
            raise DataError(f"account.rules: {file}: {kind} wants a list of dated records for each {whose}")
        for symbol, records in symbols.items():
            complaint = _complaint(kind, records)
            if complaint:
                raise DataError(f"account.rules: {file}: {kind}.{symbol} {complaint}")
    return content


def _complaint(kind: str, records: Any) -> str | None:
    """What is wrong with one symbol's records, or None."""
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        return "wants a list of dated records"
    for record in records:
        try:
            _seen(record)
        except (KeyError, TypeError, ValueError):
            return "wants `from: 2024-01-31` in every record, the day it was seen"
        if kind == "tiers":
            if not _are_tiers(record.get("tiers")):
                return "wants `tiers`: rows of [floor, rate, amount, leverage], the first from 0, floors ascending"
            problem = _excess(record["tiers"]) or _hole(record["tiers"])
            if problem:
                return problem
            continue
        if kind == "fees":
            charged = [record.get(name) for name in ("maker", "taker")]
            if not all(_is_number(share) and abs(share) < 1 for share in charged):
                return "wants maker and taker as shares of notional, such as 0.0002 and 0.0005, in every record"
            continue
        for name, value in record.items():
            if name in ("from", "source"):
                continue
            if name == "linear":
                if not isinstance(value, bool):
                    return f"wants true or false for linear, not {value!r}"
                continue
            if name not in NUMBERS:
                return f"does not know {name!r}{_meant(name, [*NUMBERS, 'linear'])}"
            if not _is_number(value) or value < 0:
                return f"wants a number of 0 or more for {name}, not {value!r}"
            if value == 0 and name not in MAY_BE_ZERO:
                return f"wants a {name} above 0"
            if (name == "percent_up" and value < 1) or (name == "percent_down" and value > 1):
                return f"wants {name} as a multiple of the mark price, such as 1.15 up and 0.85 down, not {value!r}"
    if kind == "instruments":
        for name in ("tick", "lot"):
            if not any(name in record for record in records):
                return f"wants a {name} above 0"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _are_tiers(rows: Any) -> bool:
    if not isinstance(rows, list) or not rows:
        return False
    for row in rows:
        if not isinstance(row, list) or len(row) != 4:
            return False
        if not all(_is_number(number) and number >= 0 for number in row):
            return False
    floors = [row[0] for row in rows]
    return floors[0] == 0 and all(low < high for low, high in pairwise(floors))


def _excess(rows: list[list[float]]) -> str | None:
    """A rate that takes all of the margin at once, such as one that is written in percent."""
    for floor, rate, _, cap in rows:
        if rate * cap >= 1:
            return (
                f"wants a rate below 1 / leverage in the tier from {floor:,.10g}, not {rate:g}: the maintenance would "
                "be all of the margin; 0.4 % is 0.004"
            )
    return None


def _hole(rows: list[list[float]]) -> str | None:
    """Where maintenance leaps from one tier to the next: its amount does not join them, or one is missing."""
    if rows[0][2] != 0:
        return f"wants an amount of 0 in its first tier, not {rows[0][2]:,.10g}"
    for (_, low_rate, low_amount, low_cap), (floor, rate, amount, cap) in pairwise(rows):
        joining = floor * (rate - low_rate) + low_amount
        if abs(amount - joining) > 1e-6 * max(1.0, floor * rate):
            return (
                f"has a hole at the tier from {floor:,.10g}: with the amount {amount:,.10g} maintenance leaps there; "
                f"{joining:,.10g} would join it to the tier before, or a tier between them is missing"
            )
        if cap > low_cap:
            return f"allows more leverage ({cap:g}) in the tier from {floor:,.10g} than in the one before ({low_cap:g})"
    return None


def _seen(record: Mapping[str, Any]) -> int:
    """When a record was seen, ns; it holds from then until the next one."""
    return parse_time(record["from"])


def _nearest(records: Records, start: int, end: int) -> Mapping[str, Any]:
    """The record seen nearest to the period; of several seen within it the last."""

    def distance(record: Mapping[str, Any]) -> tuple[int, int]:
        seen = _seen(record)
        return (max(start - seen, seen - (end - 1), 0), -seen)

    return min(records, key=distance)


def _finest(records: Records, name: str, start: int, end: int) -> float:
    """The smallest value in force at any time of the period, the first known standing for all time before it."""
    known = sorted((record for record in records if name in record), key=_seen)
    until = [_seen(record) for record in known[1:]] + [end]
    held = [r for r, last in zip(known, until, strict=True) if _seen(r) < end and last > start]
    return min(float(record[name]) for record in held or known[:1])


def _dated(what: str, record: Mapping[str, Any], start: int, end: int) -> Iterable[str]:
    """A note where a record is applied to a time before it was seen, or more than a year after."""
    seen = _seen(record)
    if start < seen:
        yield f"{what} of {format_time(seen)[:7]} applied to {format_time(start)[:7]}"
    elif end - seen > YEAR:
        yield f"{what} of {format_time(seen)[:7]} applied to {format_time(end - 1)[:7]}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
