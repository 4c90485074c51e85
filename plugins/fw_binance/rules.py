"""The rules of contracts as the exchange states them today, kept by date in the form that `account.rules` reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import fw
from fw.domain.time import format_time
from fw.domain.venue import VENUES

NAME = "rules.json"
SHIPPED = "binance_usdm"
SOURCE = "exchangeInfo"
USUAL_HOURS = 8
FILTERS: Mapping[str, Mapping[str, str]] = {
    "PRICE_FILTER": {"tick": "tickSize", "min_price": "minPrice", "max_price": "maxPrice"},
    "LOT_SIZE": {"lot": "stepSize", "min_quantity": "minQty", "max_limit_quantity": "maxQty"},
    "MARKET_LOT_SIZE": {"market_lot": "stepSize", "min_market_quantity": "minQty", "max_quantity": "maxQty"},
    "MIN_NOTIONAL": {"min_notional": "notional"},
    "PERCENT_PRICE": {"percent_up": "multiplierUp", "percent_down": "multiplierDown"},
    "MAX_NUM_ORDERS": {"max_orders": "limit"},
    "MAX_NUM_ALGO_ORDERS": {"max_conditional_orders": "limit"},
}
"""Our names of what each filter states, and the exchange's."""


def record(contract: Mapping[str, Any], funding_hours: float, day: str) -> dict[str, Any]:
    """One dated record of a contract of `exchangeInfo`."""
    numbers: dict[str, Any] = {}
    for said in contract.get("filters", ()):
        for ours, theirs in FILTERS.get(said.get("filterType", ""), {}).items():
            if said.get(theirs) not in (None, ""):
                numbers[ours] = _number(said[theirs])
    for ours, theirs in (("clearance_fee", "liquidationFee"), ("take_bound", "marketTakeBound")):
        if contract.get(theirs) not in (None, ""):
            numbers[ours] = _number(contract[theirs])
    numbers["funding_hours"] = _number(funding_hours)
    if not all(numbers.get(name) for name in ("tick", "lot")):
        raise fw.DataError(f"the exchange states no tick and lot of {contract.get('symbol')}; ask again later")
    return {"from": day, "source": SOURCE, **dict(sorted(numbers.items()))}


def write_rules(
    folder: Path, contracts: Iterable[Mapping[str, Any]], hours: Mapping[str, float], now: int
) -> tuple[Path, tuple[str, ...]]:
    """Add today's rules of these contracts to `folder/rules.json`; the file, and the symbols whose rules are new.

    A symbol's records are those that come with fw, and after them one for each day on which they were seen changed.
    `hours` between settlements by symbol, where they are not 8; `now` in ns.
    """
    file = folder / NAME
    known = _read(file)
    shipped = json.loads((VENUES / SHIPPED / "instruments.json").read_text(encoding="utf-8"))
    new = []
    for contract in contracts:
        symbol, day = contract["symbol"], format_time(now)[:10]
        seen = record(contract, hours.get(symbol, USUAL_HOURS), day)
        records = known.setdefault(symbol, list(shipped.get(symbol, ())))
        if records and _numbers(records[-1]) == _numbers(seen):
            continue
        while records and records[-1]["from"] >= day:
            records.pop()
        records.append(seen)
        new.append(symbol)
    if new:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"instruments": dict(sorted(known.items()))}, indent=1, ensure_ascii=False)
        unfinished = folder / f".{NAME}.{os.getpid()}.part"
        try:
            unfinished.write_text(f"{text}\n", encoding="utf-8")
            os.replace(unfinished, file)
        finally:
            unfinished.unlink(missing_ok=True)
    return file, tuple(new)


def tiers_note(symbols: Iterable[str]) -> str:
    """What to say to somebody who asks for leverage tiers."""
    shipped = json.loads((VENUES / SHIPPED / "tiers.json").read_text(encoding="utf-8"))
    known = {symbol: shipped[symbol][-1]["from"] for symbol in symbols if symbol in shipped}
    unknown = [symbol for symbol in symbols if symbol not in shipped]
    text = (
        "the exchange tells leverage tiers (leverageBracket) to those with an API key only, and fw data asks for none"
    )
    if known:
        listed = ", ".join(f"{symbol} (of {day})" for symbol, day in known.items())
        text += f"; runs use the tiers that come with fw: {listed}"
    if unknown:
        text += f"; fw has none of {', '.join(unknown)}: give them in a JSON file named by account.rules"
    return text


def _read(file: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        known: dict[str, list[dict[str, Any]]] = plain["instruments"]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError):
        raise fw.DataError(f"{file} is not what fw data wrote there: move it away, and run the command again") from None
    return known


def _numbers(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("from", "source")}


def _number(text: Any) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number
