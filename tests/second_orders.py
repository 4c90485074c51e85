"""What an order may and must do in a bar, written a second time from the rules, for the second ledger.

It judges every fill, and after each bar every order that still works: one that the bar reached must not.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

import fw

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
MARKET, LIMIT, STOP, TAKE_PROFIT, _, STOP_LIMIT, TAKE_PROFIT_LIMIT, TRAILING_STOP = range(8)
GTC, IOC, FOK, POST_ONLY = range(4)
STOP_LOSS, TRAILING = 4, 6
NEAR = Decimal("1e-9")


def exact(number: Any) -> Decimal:
    """A float as the decimal it is written as."""
    return Decimal(repr(float(number)))


def agree(ours: Decimal, theirs: float, scale: Decimal = Decimal(1)) -> bool:
    """Whether two amounts are the same to 1e-9 of their size, or of `scale` where that is larger."""
    return abs(ours - exact(theirs)) <= NEAR * max(abs(ours), scale)


@attrs.define
class Orders:
    """Every order of a simulation, as far as its fills were seen. Mutable: it moves along."""

    simulation: Any
    terms: fw.Terms
    bar: int = -1
    filled: dict[int, int] = attrs.field(factory=dict)
    groups: dict[int, list[tuple[int, int]]] = attrs.field(factory=dict)
    """What traded of each one-cancels-other group: (bar, order). It ends all others of the group that were placed."""
    best: dict[int, Decimal] = attrs.field(factory=dict)
    """Of trailing stops that follow: the best price that they have seen."""
    traded: dict[int, int] = attrs.field(factory=dict)
    """Lots of each instrument in this bar."""

    def begin(self, bar: int) -> None:
        """Come to a bar that was just stepped."""
        self.bar = bar
        self.traded = {}
        for number, order in enumerate(self.simulation.orders):
            if order["kind"] == TRAILING_STOP and order["since"] + 1 == bar and order["trigger"] == 0.0:
                self.best[number] = self._seen(order)[OPEN]  # it follows from the open at which it arrives

    def _prices(self, k: int) -> list[Decimal]:
        return [exact(price) for price in self.simulation.tape.block[k, :5, self.bar]]

    def _seen(self, order: Any) -> list[Decimal]:
        """The prices that trigger an order: those traded, or the marks."""
        block = self.simulation.tape.block[int(order["instrument"]), :, self.bar]
        return [exact(price) for price in (block[5:9] if order["by_mark"] else block[:4])]

    def _goes_up(self, order: Any) -> bool:
        """Whether it is triggered by a price that rises."""
        return bool((order["lots"] > 0) == (order["kind"] in (STOP, STOP_LIMIT, TRAILING_STOP)))

    def _trigger(self, number: int, order: Any) -> Decimal | None:
        """Where a conditional order is triggered in this bar; None while a trailing stop does not follow yet."""
        if order["kind"] in (STOP_LIMIT, TAKE_PROFIT_LIMIT):
            return exact(order["trigger"])
        if order["kind"] != TRAILING_STOP:
            return exact(order["price"])
        if number not in self.best:
            return None
        tick = exact(self.simulation.instruments[int(order["instrument"])].tick)
        behind = exact(order["callback"]) if order["lots"] > 0 else -exact(order["callback"])
        return (self.best[number] * (1 + behind) / tick).quantize(Decimal(1)) * tick

    def _is_reached(self, number: int, order: Any) -> bool:
        trigger, seen = self._trigger(number, order), self._seen(order)
        if trigger is None:
            return False
        return seen[HIGH] >= trigger if self._goes_up(order) else seen[LOW] <= trigger

    def is_at_open(self, row: Any, *, took: bool) -> bool:
        """Market orders, limit orders that arrive marketable, and the rest of what was triggered in an earlier bar."""
        if row["order"] < 0:
            return False
        order = self.simulation.orders[row["order"]]
        if order["kind"] == LIMIT:
            return took
        was_triggered = 0 <= order["triggered"] < row["bar"]
        return bool(order["kind"] == MARKET or (was_triggered and order["kind"] in (STOP, TAKE_PROFIT, TRAILING_STOP)))

    def count(self, row: Any) -> bool:
        """Count a fill against the volume that may be traded; gives whether that is used up now."""
        k = int(row["instrument"])
        self.traded[k] = self.traded.get(k, 0) + abs(int(row["lots"]))
        if self.terms.participation == float("inf"):
            return False
        volume = self._prices(k)[VOLUME] / exact(self.simulation.instruments[k].lot)
        most = int(exact(self.terms.participation) * volume + NEAR)
        assert self.traded[k] <= most, "more than the share of the bar's volume"
        return self.traded[k] == most

    def fill(self, row: Any, held: int, slip: Any, *, took: bool) -> None:
        """Judge the fill of an order; `held` lots before it; `slip` makes a price worse."""
        number, lots, price = int(row["order"]), int(row["lots"]), exact(row["price"])
        order = self.simulation.orders[number]
        assert order["instrument"] == row["instrument"]
        at_venue = order["reason"] in (STOP_LOSS, TRAILING)  # what a protection could not close in its own bar
        assert at_venue or row["bar"] > order["bar"] + self._delay(), "a fill before the order could be there"
        assert row["bar"] > order["since"]
        assert row["bar"] <= order["expiry"], "a fill after its order expired"
        if order["group"]:
            traded = self.groups.setdefault(int(order["group"]), [])
            assert not [b for b, other in traded if other != number and b > order["bar"]], "two of a group"
            traded.append((self.bar, number))
        used_up = self.count(row)
        before = self.filled.get(number, 0)
        self.filled[number] = before + lots
        whole = before + lots == order["lots"]
        assert lots * int(order["lots"]) > 0
        assert abs(before + lots) <= abs(int(order["lots"])), "more than was ordered"
        assert whole or used_up or (order["reduce_only"] and held + lots == 0), "a part, for no reason"
        if order["reduce_only"] or order["close_all"]:
            assert held * lots < 0, "reduce-only that opens"
            assert abs(lots) <= abs(held), "reduce-only that turns"
        if order["close_all"] and order["triggered"] == row["bar"]:
            assert held + lots == 0 or used_up, "less than all was closed"
        force = order["time_in_force"]
        if force == FOK:
            assert whole, "fill-or-kill in part"
            assert before == 0
        if force in (IOC, FOK):
            assert row["bar"] in (order["since"] + 1, order["triggered"]), "immediate, but later"
        if force == POST_ONLY:
            assert not took, "post-only that took"
        self._price(row, number, order, price, slip, took=took)

    def _delay(self) -> int:
        """Whole bars of latency."""
        return int(-(-self.terms.latency // self.simulation.tape.size.ns))

    def _price(self, row: Any, number: int, order: Any, price: Decimal, slip: Any, *, took: bool) -> None:
        kind, buy = order["kind"], row["lots"] > 0
        k = int(row["instrument"])
        bar = self._prices(k)
        becomes_limit = kind in (STOP_LIMIT, TAKE_PROFIT_LIMIT)
        at = bar[OPEN]
        if kind not in (MARKET, LIMIT):
            assert order["triggered"] >= 0, "filled without being triggered"
            if order["triggered"] == row["bar"]:
                assert self._is_reached(number, order), "triggered by a price that was not there"
                at = self._traded_at_trigger(number, order, bar)
        if kind != LIMIT and not becomes_limit:
            assert took
            assert agree(slip(row, at), row["price"])
            return
        limit = exact(order["limit"] if becomes_limit else order["price"])
        assert price <= limit if buy else price >= limit, "worse than the limit"
        if took:
            assert row["bar"] == (order["triggered"] if becomes_limit else order["since"] + 1)
            assert at <= limit if buy else at >= limit, "took where there was nothing to take"
            slipped = slip(row, at)
            assert agree(min(slipped, limit) if buy else max(slipped, limit), row["price"])
            return
        assert price == limit
        assert order["triggered"] != row["bar"], "rested and filled in the bar of its trigger"
        assert self._is_through(limit, bar, buy=buy, k=k), "a limit that the market did not trade through"

    def _traded_at_trigger(self, number: int, order: Any, bar: list[Decimal]) -> Decimal:
        """The trigger, or the open that had passed it; where the mark triggers, kept inside what was traded."""
        trigger, first = self._trigger(number, order), self._seen(order)[OPEN]
        assert trigger is not None
        if first >= trigger if self._goes_up(order) else first <= trigger:
            return bar[OPEN]
        return min(max(trigger, bar[LOW]), bar[HIGH])

    def _is_through(self, limit: Decimal, bar: list[Decimal], *, buy: bool, k: int) -> bool:
        beyond = (exact(self.terms.through) - Decimal("0.5")) * exact(self.simulation.instruments[k].tick)
        return bar[LOW] < limit - beyond if buy else bar[HIGH] > limit + beyond

    def finish(self) -> None:
        """No order still works that this bar should have filled; trailing stops follow the best of the bar."""
        for number in map(int, self.simulation.working):
            order = self.simulation.orders[number]
            if order["since"] >= self.bar:
                continue
            assert order["filled"] == self.filled.get(number, 0)
            if self.terms.participation == float("inf"):
                self._must_wait(number, order)
            if order["kind"] == TRAILING_STOP and order["triggered"] < 0:
                self._follow(number, order)

    def _must_wait(self, number: int, order: Any) -> None:
        kind, k, buy = order["kind"], int(order["instrument"]), order["lots"] > 0
        bar = self._prices(k)
        assert kind != MARKET, "a market order that waits"
        if kind == LIMIT or order["triggered"] >= 0:
            assert kind in (LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT), "triggered, and waits"
            assert order["time_in_force"] in (GTC, POST_ONLY), "immediate, and waits"
            limit = exact(order["price"])
            if order["triggered"] == self.bar:
                at = self._traded_at_trigger(number, order, bar)
                assert not (at <= limit if buy else at >= limit), "could take, and waits"
                return
            if kind == LIMIT and order["since"] + 1 == self.bar:
                assert not (bar[OPEN] <= limit if buy else bar[OPEN] >= limit), "could take, and waits"
            assert not self._is_through(limit, bar, buy=buy, k=k), "traded through, and waits"
        else:
            assert not self._is_reached(number, order), "reached, and waits"

    def _follow(self, number: int, order: Any) -> None:
        seen, buy = self._seen(order), order["lots"] > 0
        extreme = seen[LOW] if buy else seen[HIGH]
        if number in self.best:
            self.best[number] = min(self.best[number], extreme) if buy else max(self.best[number], extreme)
        elif extreme <= exact(order["trigger"]) if buy else extreme >= exact(order["trigger"]):
            self.best[number] = extreme
        stands = self._trigger(number, order)
        assert stands is None or agree(stands, order["price"]), "a trailing stop stands elsewhere"
