"""The known differences between the models, each a switch of one plain Python walk over the bars.

The walk is a witness of its own: with no switch on it must give our trades, with a peer's switches that peer's. So a
trade that differs is explained by a name and by nothing else, and what a name explains is counted.
"""

from __future__ import annotations

import math
from collections.abc import Set
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

GAPPED_PROFIT = "take-profit gapped over"
"""The bar opens beyond a take-profit: it is paid the open; with us its own price."""
GAPPED_LIMIT = "limit entry gapped over"
"""The bar opens beyond a limit that has rested for a bar or more: it pays the open; with us its own price."""
GAPPED_STOP = "stop gapped over"
"""The bar opens beyond a stop: it is paid its own price, and an order right after it too; with us the open."""
PROTECTION_FIRST = "protection before the decision"
"""A protection that the open after a decision lies beyond comes before the decision's order; with us after it."""
STOP_FIRST = "stop despite the open"
"""In a bar that opens beyond the take-profit and falls to the stop, the stop comes first; with us the take-profit."""
HIGH_FIRST = "high before low"
"""A bar goes from open to high, low and close; with us, by default, what is worse comes first."""
LOW_AT_TIES = "as near, low first"
"""Walked to the nearer extreme first, a bar that has both as near goes to its low; with us by where it closes."""
WRAPPED = "far counts as near"
"""Walked to the nearer extreme first, a distance above 922.34 wraps around 64 bits: the farther may come first."""
BEYOND_AT_ENTRY = "entered beyond the take-profit"
"""The entry's open lies beyond the take-profit: it is closed there as a taker; with us at the take-profit's price."""
NOT_AT_ONCE = "no exit in the entry's bar"
"""What is entered in a bar is not closed in it; with us it may be."""
LIMIT_NOT_AT_ONCE = "no exit in a limit entry's bar"
"""The same for limit entries alone."""
ONE_ORDER = "one order a bar"
"""A protection touched in the bar of a decision is executed, and the decision is lost; with us the open comes first."""
TOUCH = "touch"
"""A limit fills where it is touched, whatever `through` says."""
LATE = "one open more"
"""A limit that has run out is still filled by the open right after."""

KNOWN = {
    "backtesting": {GAPPED_PROFIT, GAPPED_LIMIT, STOP_FIRST, LIMIT_NOT_AT_ONCE, TOUCH},
    "vectorbt": {GAPPED_PROFIT, STOP_FIRST, NOT_AT_ONCE, ONE_ORDER, TOUCH},
    "nautilus": {GAPPED_STOP, PROTECTION_FIRST, HIGH_FIRST, LOW_AT_TIES, WRAPPED, BEYOND_AT_ENTRY, LATE},
}


@dataclass(frozen=True)
class Terms:
    """What both are told: coins and fees of every trade, and how a bar is read."""

    coins: float
    maker: float
    taker: float
    through: int = 0
    """Ticks by which the price must go through a limit: 0 or 1."""
    path: str = "pessimistic"
    """Or ohlc, or adaptive: to the nearer extreme first."""


@dataclass(frozen=True)
class Trade:
    """One round trip; bars count from the first, profit is net of fees, `decision` is the bar it was decided at."""

    decision: int
    entry_bar: int
    exit_bar: int
    side: float
    entry_price: float
    exit_price: float
    profit: float
    reason: str = field(compare=False)


@dataclass(frozen=True)
class Bar:
    """A bar turned so that the position is long: a short's prices are negative, its high is the low's."""

    first: float
    best: float
    worst: float
    last: float
    best_is_first: bool
    """Whether a path over high and low comes to the better price first."""


@dataclass(frozen=True)
class Exit:
    price: float
    reason: str
    maker: bool


@dataclass(frozen=True)
class Episode:
    """What a decision came to, until the open at which the next one is carried out."""

    trade: Trade | None
    loses_next: bool = False
    """The next decision is lost."""
    last_price: float | None = None
    """What the next decision's order pays, where that is not the open."""


def walk(columns: dict[str, Any], terms: Terms, switches: Set[str] = frozenset()) -> list[Trade]:
    """The trades of the decisions in `columns`, in order; the last decision must be to be flat."""
    sides = columns["side"].tolist()
    decided = [bar for bar, side in enumerate(sides) if not math.isnan(side)]
    trades: list[Trade] = []
    before = Episode(None)
    for bar, following in pairwise(decided):
        if sides[bar] == 0.0 or before.loses_next:
            before = Episode(None)
            continue
        before = episode(columns, bar, following, terms, switches, before.last_price)
        trades += [] if before.trade is None else [before.trade]
    return trades


def episode(
    columns: dict[str, Any], bar: int, following: int, terms: Terms, switches: Set[str], price: float | None
) -> Episode:
    """The trade that the decision at `bar` makes until the open after `following`; `price` is paid for the open."""
    side = float(columns["side"][bar])
    stop, take, limit = (side * float(columns[name][bar]) for name in ("stop", "take", "limit"))
    by_limit = not math.isnan(limit)
    beyond = terms.through > 0 and TOUCH not in switches
    rules = switches if terms.path == "pessimistic" else switches | {HIGH_FIRST}  # both walk, in the order of `at`
    end = following + 1

    def at(number: int) -> Bar:
        prices = [float(columns[name][number]) for name in ("open", "high", "low", "close")]
        first, high, low, last = (side * price for price in prices)
        best, worst = (high, low) if side > 0 else (low, high)
        return Bar(first, best, worst, last, best_is_first=(side > 0) == high_is_first(*prices, terms.path, switches))

    entry_bar, entered, inside = bar + 1, at(bar + 1).first if price is None else side * price, False
    if by_limit:
        found = fill_limit(at, bar, end, limit, float(columns["expiry"][bar]), beyond, switches)
        if found is None:
            return Episode(None)
        entry_bar, entered, inside = found
    if NOT_AT_ONCE in switches:  # levels are distances from the entry there, and none is negative
        stop, take = min(stop, entered), max(take, entered)
    late = NOT_AT_ONCE in switches or (LIMIT_NOT_AT_ONCE in switches and by_limit)
    leaving = None
    for exit_bar in range(entry_bar + late, end):
        new = entered if exit_bar == entry_bar else None
        leaving = leave(at(exit_bar), stop, take, beyond, new, inside and exit_bar == entry_bar, rules)
        if leaving is not None:
            break
    loses_next, last_price = False, None
    if leaving is None:
        exit_bar = end
        if ONE_ORDER in switches:
            leaving = leave(at(end), stop, take, beyond, None, False, rules)
            loses_next = leaving is not None and float(columns["side"][following]) != 0.0
        elif PROTECTION_FIRST in switches:
            now = at(end).first
            leaving = leave(Bar(now, now, now, now, best_is_first=True), stop, take, beyond, None, False, rules)
            if leaving is not None and leaving.reason == "stop":
                last_price = side * leaving.price
    if leaving is None:
        leaving = Exit(at(end).first, "signal", False)
    paid = terms.coins * abs(entered) * (terms.maker if inside else terms.taker)
    paid += terms.coins * abs(leaving.price) * (terms.maker if leaving.maker else terms.taker)
    profit = terms.coins * (leaving.price - entered) - paid
    trade = Trade(bar, entry_bar, exit_bar, side, abs(entered), abs(leaving.price), profit, leaving.reason)
    return Episode(trade, loses_next, last_price)


def fill_limit(
    at: Any, bar: int, end: int, limit: float, expiry: float, beyond: bool, switches: Set[str]
) -> tuple[int, float, bool] | None:
    """Bar, price and whether it rested, of an entry by limit; None where it runs out."""
    for number in range(bar + 1, min(bar + int(expiry) + 1, end)):
        now = at(number)
        if number == bar + 1 and now.first <= limit:
            return number, now.first, False
        if now.worst < limit or (now.worst == limit and not beyond):
            gapped = GAPPED_LIMIT in switches and now.first < limit
            return number, now.first if gapped else limit, True
    late = bar + int(expiry) + 1
    if LATE in switches and late < end and (at(late).first < limit or (at(late).first == limit and not beyond)):
        return late, limit, True
    return None


def leave(
    bar: Bar, stop: float, take: float, beyond: bool, entered: float | None, inside: bool, switches: Set[str]
) -> Exit | None:
    """How a long is closed in the bar; `entered`: its price if that was in this bar, `inside`: and not at the open."""
    own_price = Exit(take, "take_profit", True)
    if BEYOND_AT_ENTRY in switches and entered is not None and not inside and bar.first >= take:
        return Exit(bar.first, "take_profit", False)
    if HIGH_FIRST in switches:
        for price in path(bar, entered if inside else None):
            if price <= stop:
                return Exit(stopped_at(bar, stop, entered if inside else None, switches), "stop", False)
            if price > take or (price == take and not beyond):
                return own_price
        return None
    certain = not inside and bar.first > stop and STOP_FIRST not in switches
    if certain and (bar.first > take or (bar.first == take and not beyond)):
        return own_price if GAPPED_PROFIT not in switches else Exit(bar.first, "take_profit", True)
    if bar.worst <= stop:
        return Exit(stopped_at(bar, stop, entered if inside else None, switches), "stop", False)
    if inside or not (bar.best > take or (bar.best == take and not beyond)):
        return None
    if GAPPED_PROFIT in switches and bar.first > take:
        return Exit(bar.first, "take_profit", True)
    return own_price


def high_is_first(first: float, high: float, low: float, last: float, path: str, switches: Set[str]) -> bool:
    """Whether the walk over a bar's prices comes to the high before the low."""
    if path != "adaptive":
        return True
    up, down = round((high - first) * 100), round((first - low) * 100)  # in whole hundredths
    if WRAPPED in switches:
        up, down = wrapped(up), wrapped(down)
    if up == down:
        return LOW_AT_TIES not in switches and last <= first
    return up < down


def wrapped(hundredths: int) -> int:
    """A distance in units of 1e-16 as a 64-bit number has it, without its sign."""
    return abs((hundredths * 10**14 + 2**63) % 2**64 - 2**63)


def stopped_at(bar: Bar, stop: float, entered: float | None, switches: Set[str]) -> float:
    """The price of a stop: its own or the open beyond it, and no better than an entry inside the bar."""
    if GAPPED_STOP in switches:
        return stop
    return min(bar.first, stop) if entered is None else min(bar.first, stop, entered)


def path(bar: Bar, entered: float | None) -> list[float]:
    """The prices of a bar in the order open, high, low, close; from the one on at which a limit was reached."""
    between = [bar.best, bar.worst] if bar.best_is_first else [bar.worst, bar.best]
    prices = [bar.first, *between, bar.last]
    if entered is None:
        return prices
    return prices[next(number for number, price in enumerate(prices) if price <= entered) :]


def explain(columns: dict[str, Any], terms: Terms, switches: Set[str]) -> dict[int, list[str]]:
    """The decisions whose trades differ with the switches on, each with the names that make it differ."""
    plain, bent = by_decision(walk(columns, terms)), by_decision(walk(columns, terms, switches))
    alone = {name: by_decision(walk(columns, terms, {name})) for name in switches}
    without = {name: by_decision(walk(columns, terms, switches - {name})) for name in switches}
    reasons = {}
    for decision in sorted(plain.keys() | bent.keys()):
        if plain.get(decision) != bent.get(decision):
            names = [name for name in switches if alone[name].get(decision) != plain.get(decision)]
            reasons[decision] = names or [n for n in switches if without[n].get(decision) != bent.get(decision)]
    return reasons


def by_decision(trades: list[Trade]) -> dict[int, Trade]:
    return {trade.decision: trade for trade in trades}
