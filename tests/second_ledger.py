"""A second ledger, slow and in decimals, written from the exchange's rules: it follows a simulation bar by bar.

It shares no code with the compiled one. From the fills and the funding that a simulation reports it works out what
every position, the wallet and equity must be, and from prices and terms what had to be paid or liquidated.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, getcontext
from typing import Any

import attrs

import fw
from second_orders import CLOSE, HIGH, LOW, NEAR, OPEN, VOLUME, Orders, agree, exact

getcontext().prec = 40
MOST_STEPS = 16


@attrs.define
class Holding:
    """A position; mutable, as positions are."""

    lots: int = 0
    entry: Decimal = Decimal(0)
    margin: Decimal = Decimal(0)


class SecondLedger:
    """An account over some instruments. Mutable: it is a ledger."""

    def __init__(self, instruments: Sequence[fw.Instrument], terms: fw.Terms, capital: float) -> None:
        self.lot = [exact(instrument.lot) for instrument in instruments]
        self.tiers = [
            [(exact(t.floor), exact(t.rate), exact(t.amount)) for t in instrument.tiers] for instrument in instruments
        ]
        self.clearance = [exact(instrument.clearance_fee) for instrument in instruments]
        self.leverage = exact(terms.leverage)
        self.isolated = terms.isolated
        self.capital = exact(capital)
        self.holdings = [Holding() for _ in instruments]
        self.realised = self.fees = self.funding = self.shortfall = Decimal(0)
        self.cash = [Decimal(0) for _ in instruments]
        """What all purchases and sales of each came to: an account that knows of neither entry nor profit."""

    @property
    def wallet(self) -> Decimal:
        return self.capital + self.realised - self.fees + self.funding + self.shortfall

    def unrealised(self, k: int, mark: Decimal) -> Decimal:
        holding = self.holdings[k]
        return holding.lots * self.lot[k] * (mark - holding.entry)

    def maintenance(self, k: int, mark: Decimal) -> Decimal:
        """Notional × rate − amount of the tier that holds the notional."""
        notional = abs(self.holdings[k].lots) * self.lot[k] * mark
        rate, amount = [(rate, amount) for floor, rate, amount in self.tiers[k] if notional >= floor][-1]
        return notional * rate - amount

    def bracket(self, k: int, mark: Decimal) -> int:
        """The number of the bracket that holds the notional at a mark."""
        notional = abs(self.holdings[k].lots) * self.lot[k] * mark
        return max(t for t, (floor, _, _) in enumerate(self.tiers[k]) if notional >= floor)

    def spare(self, marks: Sequence[Decimal], k: int | None = None) -> Decimal:
        """Margin balance less maintenance: of position `k` alone (isolated), or of the account (cross)."""
        if k is not None:
            return self.holdings[k].margin + self.unrealised(k, marks[k]) - self.maintenance(k, marks[k])
        held = [j for j, holding in enumerate(self.holdings) if holding.lots]
        return self.wallet + sum(
            (self.unrealised(j, marks[j]) - self.maintenance(j, marks[j]) for j in held), Decimal(0)
        )

    def receive(self, k: int, cash_per_coin: Decimal) -> Decimal:
        """A funding stamp: longs pay, shorts are paid, where the rate is positive."""
        amount = -self.holdings[k].lots * self.lot[k] * cash_per_coin
        self.funding += amount
        self.holdings[k].margin += amount
        return amount

    def trade(self, k: int, lots: int, price: Decimal, fee: Decimal) -> Decimal:
        """A fill; returns what it realised."""
        holding, profit = self.holdings[k], Decimal(0)
        closing = min(abs(holding.lots), abs(lots)) if holding.lots * lots < 0 else 0
        opening = abs(lots) - closing
        if closing:
            side = 1 if holding.lots > 0 else -1
            profit = side * closing * self.lot[k] * (price - holding.entry)
            holding.margin -= holding.margin * closing / abs(holding.lots)
            holding.lots -= side * closing
            if holding.lots == 0:
                holding.entry = holding.margin = Decimal(0)
        if opening:
            side = 1 if lots > 0 else -1
            old = abs(holding.lots)
            holding.entry = (old * holding.entry + opening * price) / (old + opening)
            holding.margin += opening * self.lot[k] * price / self.leverage
            holding.lots += side * opening
        self.realised += profit
        self.fees += fee
        self.cash[k] -= lots * self.lot[k] * price
        return profit


@attrs.define
class Audit:
    """One simulation followed to its end, stopping after every bar. Mutable: it moves along."""

    simulation: Any
    terms: fw.Terms
    first: int = 0
    ledger: SecondLedger = attrs.field(init=False)
    fills: int = 0
    """Fills already followed."""
    payments: int = 0
    _stamps: dict[tuple[int, int], list[tuple[int, int]]] = attrs.field(factory=dict, init=False)
    orders: Orders = attrs.field(init=False)
    realised: list[Decimal] = attrs.field(init=False)
    """By instrument, as the simulation reported it fill by fill."""
    seen: dict[str, int] = attrs.field(factory=lambda: {"liquidations": 0, "partial": 0, "shortfalls": 0, "funding": 0})

    def __attrs_post_init__(self) -> None:
        simulation = self.simulation
        self.ledger = SecondLedger(simulation.instruments, self.terms, float(simulation.account["capital"][0]))
        self.orders = Orders(simulation, self.terms)
        self.realised = [Decimal(0) for _ in simulation.instruments]
        number = 0
        for k, stamps in enumerate(simulation.tape.stamps):
            for stamp in stamps:
                self._stamps.setdefault((int(stamp["bar"]), int(stamp["inside"])), []).append((number, k))
                number += 1

    def follow(self, bar: int) -> None:
        """What the simulation says of this bar, which it has just stepped, must be what the rules say."""
        sim = self.simulation
        rows = [row for row in sim.fills[self.fills :] if row["bar"] == bar]
        assert len(rows) == len(sim.fills) - self.fills, "a fill of another bar"
        self.fills = len(sim.fills)
        self.orders.begin(bar)
        block = sim.tape.block[:, :, bar]
        marks = block[:, 5:9] if block.shape[0] and block.shape[1] == 9 else block[:, :4]
        self._pay(bar, inside=0)
        rows = self._liquidate(rows, [exact(mark[OPEN]) for mark in marks], marks, at_open=True)
        while rows and self._is_at_open(rows[0]):
            self._fill(rows.pop(0), block)
        self._pay(bar, inside=1)
        while rows and rows[0]["reason"] != LIQUIDATION:
            assert not self._is_at_open(rows[0]), "a fill at the open after one inside the bar"
            self._fill(rows.pop(0), block)
        rows = self._liquidate(rows, self._worst(marks), marks, at_open=False)
        assert not rows, "a fill after the bar's liquidations"
        self.orders.finish()
        assert self.payments == int(sim.account["payments"][0]), "a payment without a stamp"
        self._compare(bar, [exact(mark[CLOSE]) for mark in marks])

    def _worst(self, marks: Any) -> list[Decimal]:
        held = [holding.lots for holding in self.ledger.holdings]
        return [exact(mark[LOW if lots > 0 else HIGH]) for lots, mark in zip(held, marks, strict=True)]

    def _pay(self, bar: int, *, inside: int) -> None:
        """Every stamp of this half of the bar is paid by exactly the lots held now."""
        sim, ledger = self.simulation, self.ledger
        paid = sim.payments[: int(sim.account["payments"][0])]
        for number, k in self._stamps.get((bar, inside), ()):
            if not ledger.holdings[k].lots:
                continue
            assert len(paid) > self.payments, "a stamp that is not paid"
            row, cash = paid[self.payments], exact(sim.stamps[number]["cash"])
            assert row["stamp"] == number
            assert row["lots"] == ledger.holdings[k].lots
            assert agree(ledger.receive(k, cash), row["amount"], Decimal("1e-6"))
            self.payments += 1
            self.seen["funding"] += 1

    def _is_at_open(self, row: Any) -> bool:
        return self.orders.is_at_open(row, took=self._took(row))

    def _took(self, row: Any) -> bool:
        """Whether a fill paid the taker's fee."""
        return agree(self._charge(row, self.terms.taker), row["fee"]) and self.terms.taker != self.terms.maker

    def _charge(self, row: Any, rate: float) -> Decimal:
        return abs(int(row["lots"])) * self.ledger.lot[row["instrument"]] * exact(row["price"]) * exact(rate)

    def _fill(self, row: Any, block: Any) -> None:
        """A fill that an order or a protection made: its price, its fee, what it realised."""
        k, lots, price = int(row["instrument"]), int(row["lots"]), exact(row["price"])
        maker, taker = self._charge(row, self.terms.maker), self._charge(row, self.terms.taker)
        assert agree(maker, row["fee"]) or agree(taker, row["fee"])
        best = exact(block[k][LOW if lots > 0 else HIGH])
        assert price >= best * (1 - NEAR) if lots > 0 else price <= best * (1 + NEAR), "better than the bar's range"
        before = self.ledger.holdings[k].lots
        if row["order"] >= 0:
            self.orders.fill(row, before, self._slipped, took=self._took(row))
        else:
            used_up = self.orders.count(row)
            assert before * lots < 0, "a protection that opens"
            assert abs(lots) == abs(before) or used_up
        self._book(row)

    def _book(self, row: Any) -> None:
        """Enter a fill; money is conserved by it: what an instrument realised is its cash and the cost of its coins."""
        ledger, k = self.ledger, int(row["instrument"])
        profit = ledger.trade(k, int(row["lots"]), exact(row["price"]), exact(row["fee"]))
        assert agree(profit, row["realised"], self._scale(row))
        self.realised[k] += exact(row["realised"])
        holding = ledger.holdings[k]
        cost = holding.lots * ledger.lot[k] * holding.entry
        scale = max(abs(cost), self._scale(row), ledger.capital)
        assert abs(ledger.cash[k] + cost - self.realised[k]) <= NEAR * scale, "money came from nowhere"

    def _scale(self, row: Any) -> Decimal:
        return abs(int(row["lots"])) * self.ledger.lot[row["instrument"]] * exact(row["price"])

    def _slipped(self, row: Any, price: Decimal) -> Decimal:
        """A price made worse by slippage: its fixed share, half a spread in ticks, and what the bars before tell of
        volatility and volume."""
        terms, k = self.terms.slippage, int(row["instrument"])
        side = 1 if row["lots"] > 0 else -1
        if not isinstance(terms, fw.Slippage):
            return price * (1 + side * exact(terms))
        quantity = abs(int(row["lots"])) * self.ledger.lot[k]
        share = exact(terms.share) + exact(terms.half_spread) * exact(self.simulation.instruments[k].tick) / price
        last = int(row["bar"])
        seen = range(max(last - terms.span, 1), last)  # bars with one before them, for a return
        block = self.simulation.tape.block[k]
        before = [exact(block[name, last - 1]) for name in (HIGH, LOW, CLOSE, VOLUME)]
        deviation, volume = (before[0] - before[1]) / before[2], before[3]
        if len(seen) > 1:
            returns = [exact(block[CLOSE, b]) / exact(block[CLOSE, b - 1]) - 1 for b in seen]
            mean = sum(returns) / len(returns)
            deviation = (sum((r - mean) ** 2 for r in returns) / len(returns)).sqrt()
            volume = sum((exact(block[VOLUME, b]) for b in seen), Decimal(0)) / len(seen)
        part = (quantity / volume).sqrt() if volume else Decimal(1)
        share += deviation * (exact(terms.volatility) + exact(terms.impact) * part)
        return price * (1 + side * min(share, Decimal("0.9")))

    def _liquidate(self, rows: list[Any], worst: list[Decimal], marks: Any, *, at_open: bool) -> list[Any]:
        """Liquidation happens exactly where the balance does not cover maintenance at these marks."""
        ledger = self.ledger
        scale = max(ledger.capital, ledger.wallet)
        groups = range(len(ledger.holdings)) if ledger.isolated else (None,)
        for k in groups:
            held = [j for j in ([k] if k is not None else range(len(worst))) if ledger.holdings[j].lots]
            if not held:
                continue
            spare = ledger.spare(worst, k)
            here = bool(rows) and rows[0]["reason"] == LIQUIDATION and rows[0]["instrument"] in held
            if spare > NEAR * scale:
                assert at_open or not here, f"liquidated with {spare} to spare"  # at the open: that one comes later
                continue
            if spare < -NEAR * scale:
                assert here, f"not liquidated with {spare}"
            share, steps = Decimal(0), 0
            while here:
                rows, share = self._take(rows, k, share, steps, worst, marks, at_open=at_open)
                steps += 1
                spare = ledger.spare(worst, k)
                here = any(holding.lots for holding in self._group(k)) and spare < -NEAR * scale
                if not here and rows and rows[0]["reason"] == LIQUIDATION and abs(spare) <= NEAR * scale:
                    here = rows[0]["instrument"] in held
        return rows

    def _group(self, k: int | None) -> list[Holding]:
        """The positions that are judged together."""
        return self.ledger.holdings if k is None else [self.ledger.holdings[k]]

    def _take(
        self,
        rows: list[Any],
        k: int | None,
        share: Decimal,
        steps: int,
        worst: list[Decimal],
        marks: Any,
        *,
        at_open: bool,
    ) -> tuple[list[Any], Decimal]:
        """One step of a liquidation: a position down into the bracket below; from the lowest ones, or after sixteen
        steps, everything."""
        ledger = self.ledger
        held = [j for j, h in enumerate(ledger.holdings) if h.lots and k in (None, j)]
        prices, share = self._breaking_marks(held, k, share, worst, marks, at_open=at_open)
        balance = ledger.holdings[k].margin if k is not None else ledger.wallet
        balance += sum((ledger.unrealised(j, prices[j]) for j in held), Decimal(0))
        brackets = {j: ledger.bracket(j, prices[j]) for j in held}
        highest = max(held, key=lambda j: (brackets[j], -j))
        # a clearance fee that took all that was left leaves nothing or a hair: then either way all goes, at these marks
        is_used_up = abs(balance) <= NEAR * max(ledger.capital, ledger.wallet)
        goes_at_once = [int(row["instrument"]) for row in rows[: len(held)]] == held
        by_brackets = brackets[highest] > 0 and steps < MOST_STEPS
        if by_brackets and (not goes_at_once if is_used_up else balance > 0):
            held = [highest]
        self.seen["liquidations"] += 1
        taken, rows = rows[: len(held)], rows[len(held) :]
        assert [int(row["instrument"]) for row in taken] == held
        for j, row in zip(held, taken, strict=True):
            assert row["reason"] == LIQUIDATION
            tick = exact(self.simulation.instruments[j].tick)
            assert abs(exact(row["price"]) - prices[j]) <= tick, f"closed at {row['price']}, broke at {prices[j]}"
            balance += ledger.unrealised(j, exact(row["price"])) - ledger.unrealised(j, prices[j])
        if balance < 0:
            ledger.shortfall -= balance
            balance = Decimal(0)
            self.seen["shortfalls"] += 1
        for j, row in zip(held, taken, strict=True):
            holding, price = ledger.holdings[j], exact(row["price"])
            kept = abs(int(row["lots"]) + holding.lots)
            assert int(row["lots"]) * holding.lots < 0
            if not by_brackets or balance == 0 or len(held) > 1:
                assert kept == 0 or is_used_up
            elif kept or not is_used_up:
                self.seen["partial"] += 1
                floor, unit = ledger.tiers[j][brackets[j]][0], ledger.lot[j] * price
                assert kept * unit < floor * (1 + NEAR), "still in the bracket that it had to leave"
                assert (kept + 1) * unit >= floor * (1 - NEAR), "more was taken than had to be"
            fee = min(ledger.clearance[j] * self._scale(row), balance)
            balance -= fee
            assert agree(fee, row["fee"], max(ledger.capital, self._scale(row)))
            self._book(row)
            if kept and k is not None:
                holding.margin = balance - ledger.unrealised(j, price)
        return rows, share

    def _breaking_marks(
        self, held: list[int], k: int | None, share: Decimal, worst: list[Decimal], marks: Any, *, at_open: bool
    ) -> tuple[dict[int, Decimal], Decimal]:
        """Where the marks stood when the balance was used up, on their way from best to worst together, and what
        share of that way it was; never before the share where the last step of it was."""
        ledger = self.ledger
        if at_open:
            return {j: worst[j] for j in held}, share
        begin = list(worst)
        for j in held:
            begin[j] = exact(marks[j][HIGH if ledger.holdings[j].lots > 0 else LOW])
        low, high = share, Decimal(1)
        for _ in range(60):
            middle = (low + high) / 2
            path = [a + middle * (b - a) for a, b in zip(begin, worst, strict=True)]
            if ledger.spare(path, k) > 0:
                low = middle
            else:
                high = middle
        return {j: begin[j] + high * (worst[j] - begin[j]) for j in held}, high

    def _compare(self, bar: int, closes: list[Decimal]) -> None:
        """The account at the close of the bar."""
        sim, ledger = self.simulation, self.ledger
        account = sim.account[0]
        gross = sum((abs(h.lots) * ledger.lot[k] * closes[k] for k, h in enumerate(ledger.holdings)), ledger.capital)
        unrealised = Decimal(0)
        for k, holding in enumerate(ledger.holdings):
            row = sim.positions[k]
            assert row["lots"] == holding.lots
            assert agree(holding.entry, row["entry"])
            if ledger.isolated:
                assert agree(holding.margin, row["margin"], gross)
            if holding.lots == 0:
                for name in ("entry", "margin", "stop", "take", "trail", "trail_stop"):
                    assert row[name] == 0.0, f"flat with {name} {row[name]}"
            unrealised += ledger.unrealised(k, closes[k])
        for name in ("realised", "fees", "funding", "shortfall"):
            assert agree(getattr(ledger, name), account[name], gross), name
        assert agree(ledger.wallet + unrealised, sim.equity[bar], gross)
        assert account["equity"] == sim.equity[bar]


LIQUIDATION = 7
