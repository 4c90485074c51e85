"""Where positions are liquidated, found a second time by halving; as a script it tries many seeded cases.

    python tests/properties/liquidation.py --cases 100000 --seed 0

The search knows only what the exchange states: the account is liquidated where its margin balance no longer exceeds its
maintenance margin. It reckons maintenance as an income tax, each slice of the notional at the rate of its own bracket,
so that it needs neither the closed formula nor the brackets' amounts.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import numpy as np

import fw
from fw.domain import venue
from fw.ledger import formulas, kinds
from fw.ledger.simulation import Simulation
from fw.ledger.tape import Tape

RULES = Path(venue.__file__).parents[1] / "venues" / "binance_usdm"
LEAST, MOST = 2.0**-60, 2.0**20
"""Times the mark, where the search for a price ends: a million marks away a float knows no tick."""
HALVINGS = 100


@attrs.frozen
class Contract:
    """What a contract is worth and what it must be backed by."""

    symbol: str
    tick: float
    tiers: tuple[tuple[float, ...], ...]
    """Rows of floor, rate, amount, highest leverage, as the exchange states them."""
    multiplier: float = 1.0
    is_inverse: bool = False

    def worth(self, size: float, price: float) -> float:
        """The notional of a size, in the settlement currency."""
        return abs(size) * self.multiplier * (1.0 / price if self.is_inverse else price)

    def gain(self, size: float, entry: float, price: float) -> float:
        """The profit of a size between two prices, in the settlement currency."""
        if self.is_inverse:
            return size * self.multiplier * (1.0 / entry - 1.0 / price)
        return size * (price - entry)

    def maintenance(self, worth: float) -> float:
        """Every slice of the notional at its own bracket's rate."""
        ends = [tier[0] for tier in self.tiers[1:]] + [math.inf]
        slices = zip(self.tiers, ends, strict=True)
        return sum((min(worth, end) - floor) * rate for (floor, rate, *_), end in slices if worth > floor)

    def spare(self, size: float, entry: float, price: float) -> float:
        """What a position adds to the margin balance less what it must keep."""
        return self.gain(size, entry, price) - self.maintenance(self.worth(size, price))


@attrs.frozen
class Position:
    """A position in another contract of the same cross account, at its own mark."""

    contract: Contract
    size: float
    entry: float
    mark: float


@attrs.frozen
class Case:
    """A contract with its positions (two in hedge mode), and what stands behind them."""

    contract: Contract
    legs: tuple[tuple[float, float], ...]
    """Signed size and entry."""
    mark: float
    wallet: float
    """The margin of the position (isolated), or the wallet of the account (cross)."""
    others: tuple[Position, ...] = ()
    isolated: bool = False

    @property
    def kind(self) -> str:
        """In words, for counting."""
        side = "hedged" if len(self.legs) > 1 else ("long" if self.legs[0][0] > 0 else "short")
        margin = "isolated" if self.isolated else ("cross, alone" if not self.others else "cross, with others")
        return f"{'inverse' if self.contract.is_inverse else 'linear'}, {side}, {margin}"

    def balance(self) -> float:
        """The wallet with the profit of all other contracts less their maintenance."""
        return self.wallet + sum(p.contract.spare(p.size, p.entry, p.mark) for p in self.others)

    def spare(self, price: float) -> float:
        """Margin balance less maintenance margin with this contract's mark at `price`."""
        return self.balance() + sum(self.contract.spare(size, entry, price) for size, entry in self.legs)

    def is_solvent(self) -> bool:
        """Whether it stands at its mark."""
        return self.spare(self.mark) > 0.0


def searched(case: Case) -> float:
    """The price nearest to the mark at which nothing is to spare; 0 where there is none.

    It looks ever further from the mark on both sides, and halves where the sign has turned. A balance falls ever
    faster the further a mark goes (the rates rise with the notional), so a side on which it turns, turns once.
    """
    stands = case.is_solvent()

    def ends(step: float) -> float | None:
        near = case.mark
        while LEAST < near / case.mark < MOST:
            far = near * step
            if (case.spare(far) > 0.0) != stands:
                return halved(case, near, far, stands)
            near = far
        return None

    found = [price for price in (ends(0.5), ends(2.0)) if price is not None]
    return min(found, key=lambda price: abs(price - case.mark), default=0.0)


def halved(case: Case, near: float, far: float, stands: bool) -> float:
    """Where the sign turns between a price at which it is `stands` and one at which it is not."""
    for _ in range(HALVINGS):
        middle = (near + far) / 2.0
        if middle in (near, far):
            break
        if (case.spare(middle) > 0.0) == stands:
            near = middle
        else:
            far = middle
    return far


def reckoned(case: Case) -> float:
    """The same price by the ledger's formula; 0 for one so far away that the search does not look."""
    sizes, entries = (np.array(column) for column in zip(*case.legs, strict=True))
    contract = case.contract
    tiers = np.array([tier[:3] for tier in contract.tiers])
    price = formulas.liquidation_price(
        case.mark, case.balance(), sizes, entries, tiers, contract.multiplier, contract.is_inverse
    )
    return price if price < MOST * case.mark else 0.0


def taken(case: Case, price: float) -> list[tuple[int, float]]:
    """What the simulated venue takes, and at which marks, in a bar whose mark moves to `price`.

    For linear contracts in one-way mode; all other marks stay where they are. Number 0 is the position itself: a
    cross account may have to give up another one first.
    """
    (size, entry) = case.legs[0]
    rows = [(case.contract, size, entry, case.mark, price)]
    rows += [(p.contract, p.size, p.entry, p.mark, p.mark) for p in case.others]
    prices = [[mark, max(mark, to), min(mark, to), mark, 1.0] for _, _, _, mark, to in rows]
    instruments = [
        fw.Instrument(symbol=f"{k}", tick=c.tick, lot=LOT, tiers=tuple(fw.Tier(*tier) for tier in c.tiers))
        for k, (c, *_) in enumerate(rows)
    ]
    tape = Tape(
        block=np.array(prices)[:, :, None],
        stamps=[np.zeros(0, kinds.STAMP)] * len(rows),
        open_time=np.zeros(1, np.int64),
        size=fw.BarSize.parse("1h"),
    )
    terms = fw.Terms(isolated=case.isolated)
    simulation = Simulation(tape, instruments, terms, capital=case.wallet)
    for row, (_, held, paid, *_) in zip(simulation.positions, rows, strict=True):
        row["lots"], row["entry"] = round(held / LOT), paid
        row["margin"] = case.wallet if case.isolated else 0.0
    simulation.advance(1)
    return [(int(fill["instrument"]), float(fill["price"])) for fill in simulation.fills]


LOT = 0.001


def linear_contracts() -> list[Contract]:
    """Every contract that ships with brackets, with them and its tick as they were last seen."""
    tiers = json.loads((RULES / "tiers.json").read_text())
    facts = json.loads((RULES / "instruments.json").read_text())
    return [
        Contract(
            symbol=symbol,
            tick=[float(record["tick"]) for record in facts[symbol] if "tick" in record][-1],
            tiers=tuple(tuple(map(float, row)) for row in records[-1]["tiers"]),
        )
        for symbol, records in tiers.items()
    ]


def inverse_contracts() -> list[Contract]:
    """Coin-margined contracts of 100 and of 10 dollars: made up, with the real rates on floors in coins."""
    made = []
    for contract, multiplier, coin in zip(linear_contracts()[:2], (100.0, 10.0), (50_000.0, 3_000.0), strict=True):
        tiers = tuple((floor / coin, rate, amount / coin, cap) for floor, rate, amount, cap in contract.tiers)
        made.append(attrs.evolve(contract, tiers=tiers, multiplier=multiplier, is_inverse=True))
    return made


def drawn(rng: random.Random, linear: Sequence[Contract], inverse: Sequence[Contract]) -> Case:
    """A case of any kind: contract, side, margin and mode, sizes from the lowest bracket to the highest."""
    contract = rng.choice(inverse if rng.random() < 0.25 else linear)
    hedged = rng.random() < 0.2
    isolated = not hedged and rng.random() < 0.4
    mark = _price(rng, contract)
    sides = (1, -1) if hedged else (rng.choice((1, -1)),)
    legs = tuple(_holding(rng, contract, mark, side) for side in sides)
    if isolated:
        size, entry = legs[0]
        leverage = 10.0 ** rng.uniform(0.0, math.log10(contract.tiers[0][3]))
        return Case(contract, legs, mark, wallet=contract.worth(size, entry) / leverage, isolated=True)
    others = []
    for _ in range(rng.choice((0, 1, 2, 3))):
        other = rng.choice(inverse if contract.is_inverse else linear)
        at = _price(rng, other)
        size, entry = _holding(rng, other, at, rng.choice((1, -1)))
        others.append(Position(other, size, entry, at))
    gross = sum(contract.worth(size, entry) for size, entry in legs)
    gross += sum(p.contract.worth(p.size, p.mark) for p in others)
    case = Case(contract, legs, mark, wallet=gross * 10.0 ** rng.uniform(-2.0, 0.3), others=tuple(others))
    # in hedge mode an account that does not stand may have no price, or two on one side: only those that stand
    while hedged and not case.is_solvent():
        case = attrs.evolve(case, wallet=2.0 * case.wallet)
    return case


def _price(rng: random.Random, contract: Contract) -> float:
    return contract.tick * round(10.0 ** rng.uniform(3.5, 6.0))


def _holding(rng: random.Random, contract: Contract, mark: float, side: int) -> tuple[float, float]:
    """A signed size, in whole lots, that was entered within a fifth of the mark."""
    highest = math.log10(2.0 * contract.tiers[-1][0])
    worth = 10.0 ** rng.uniform(highest - 7.0, highest)
    size = worth * mark / contract.multiplier if contract.is_inverse else worth / mark
    return side * max(1, round(size / LOT)) * LOT, contract.tick * round(mark * rng.uniform(0.8, 1.25) / contract.tick)


def check(case: Case) -> float:
    """The ledger's formula, and the simulated venue where it has such a position, agree with the search to a tick.

    Returns the price.
    """
    wanted, found = searched(case), reckoned(case)
    tick = max(case.contract.tick, 1e-9 * wanted)
    assert abs(found - wanted) <= tick, f"by halving {wanted!r}, by formula {found!r}: {case}"
    if case.contract.is_inverse or len(case.legs) > 1 or not case.is_solvent() or wanted <= 2.0 * tick:
        return wanted
    outward = tick if wanted > case.mark else -tick
    beyond = taken(case, wanted + outward)
    assert beyond, f"{wanted!r} by halving, and still open at {wanted + outward!r}: {case}"
    first, at = beyond[0]
    assert first != 0 or abs(at - wanted) <= tick, f"{wanted!r} by halving, closed at {at!r}: {case}"
    if abs(wanted - case.mark) > 2.0 * tick:
        assert not taken(case, wanted - outward), f"closed before {wanted!r}, found by halving: {case}"
    return wanted


def try_many(cases: int, seed: int, say: Callable[[str], None] = print) -> None:
    """Draw and check so many cases; an AssertionError tells of the first that disagrees."""
    rng = random.Random(seed)
    linear, inverse = linear_contracts(), inverse_contracts()
    tried: Counter[str] = Counter()
    brackets: Counter[int] = Counter()
    without = 0
    for _ in range(cases):
        case = drawn(rng, linear, inverse)
        price = check(case)
        tried[case.kind] += 1
        without += price == 0.0
        if price > 0.0:
            worth = case.contract.worth(case.legs[0][0], price)
            brackets[sum(tier[0] <= worth for tier in case.contract.tiers)] += 1
    for kind, count in sorted(tried.items()):
        say(f"{count:>8,}  {kind}")
    say(f"{without:>8,}  of them have no price of liquidation")
    say("liquidated in bracket: " + ", ".join(f"{number}: {count:,}" for number, count in sorted(brackets.items())))
    say(f"{cases:,} cases of seed {seed} agree to a tick")


def main() -> int:
    """Read the number of cases and the seed, try them, and say what was tried."""
    parser = argparse.ArgumentParser(description="Liquidation prices against an independent search.")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    try:
        try_many(arguments.cases, arguments.seed)
    except AssertionError as disagreement:
        print(disagreement, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
