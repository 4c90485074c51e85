"""Margin, liquidation and bankruptcy in numbers: one table, each row with its source.

Rows by hand were derived twice. First the price was chosen and the balance worked out that leaves there exactly the
maintenance (`profit` and `keeps` are that sum); then the price was found from the balance by the exchange's formula.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.ledger import formulas

FAQ = "Binance FAQ b3c689c1f50a44cabb3a84e663b81d93, liquidation price in cross margin mode"
HAND = "by hand"

BTC = (
    (0, 0.004, 0),
    (50_000, 0.005, 50),
    (600_000, 0.0065, 950),
    (3_000_000, 0.01, 11_450),
    (12_000_000, 0.02, 131_450),
    (70_000_000, 0.025, 481_450),
    (100_000_000, 0.05, 2_981_450),
)
"""Floor, rate, amount of BTCUSDT's brackets as of 2024-10 (leverageBracket, recorded by freqtrade), in part."""
COINS = ((0, 0.004, 0),)
"""One bracket of a coin-margined contract, made up."""


@attrs.frozen(kw_only=True)
class Example:
    """Legs of signed size and entry (two in hedge mode), and what becomes of them."""

    case: str
    source: str = HAND
    legs: tuple[tuple[float, float], ...]
    tiers: tuple[tuple[float, float, float], ...] = BTC
    wallet: float
    """The position's own margin (isolated), or the wallet (cross)."""
    rest_profit: float = 0.0
    """Cross: unrealised profit of the other contracts."""
    rest_keeps: float = 0.0
    """Cross: their maintenance."""
    mark: float = 0.0
    """Where the search for the price begins; 0: at the entry."""
    price: float
    """Of liquidation; 0: none."""
    profit: float = 0.0
    """There, of these legs."""
    keeps: float = 0.0
    """There, their maintenance."""
    bankrupt: float = 0.0
    """Where nothing is left; 0: none, or not stated."""
    multiplier: float = 1.0
    is_inverse: bool = False
    within: float = 1e-9
    """Relative; a published price is rounded."""


EXAMPLES = (
    # BTC 109.488 at 32,481.98, mark 31,967.27; ETH 3,683.979 at 1,456.84, mark 1,335.18; one wallet
    Example(
        case="cross long BTC beside a long ETH",
        source=FAQ,
        legs=((109.488, 32_481.98),),
        tiers=((0, 0.025, 16_300),),
        wallet=1_535_443.01,
        rest_profit=3_683.979 * (1_335.18 - 1_456.84),
        rest_keeps=3_683.979 * 1_335.18 * 0.1 - 135_365,
        price=26_316.89,
        within=2e-7,
    ),
    Example(
        case="cross long ETH beside a long BTC",
        source=FAQ,
        legs=((3_683.979, 1_456.84),),
        tiers=((0, 0.1, 135_365),),
        wallet=1_535_443.01,
        rest_profit=109.488 * (31_967.27 - 32_481.98),
        rest_keeps=109.488 * 31_967.27 * 0.025 - 16_300,
        price=1_153.26,
        within=4e-6,
    ),
    # 540 − 500 = 40 = 0.4 % of 10,000; (10,500 − 540) / (1 − 0.004) = 10,000
    Example(
        case="isolated long, lowest bracket",
        legs=((1.0, 10_500.0),),
        wallet=540.0,
        price=10_000.0,
        profit=-500.0,
        keeps=40.0,
        bankrupt=9_960.0,
    ),
    # 1,044 − 1,000 = 44 = 0.4 % of 11,000; (10,000 + 1,044) / (1 + 0.004) = 11,000
    Example(
        case="isolated short, lowest bracket",
        legs=((-1.0, 10_000.0),),
        wallet=1_044.0,
        price=11_000.0,
        profit=-1_000.0,
        keeps=44.0,
        bankrupt=11_044.0,
    ),
    # 50,000 is the floor of the second bracket: 0.4 % of it, and 0.5 % less 50, are 200
    Example(
        case="isolated long, on the boundary of two brackets",
        legs=((5.0, 11_000.0),),
        wallet=5_200.0,
        price=10_000.0,
        profit=-5_000.0,
        keeps=200.0,
        bankrupt=9_960.0,
    ),
    Example(
        case="isolated short, on the boundary of two brackets",
        legs=((-5.0, 9_000.0),),
        wallet=5_200.0,
        price=10_000.0,
        profit=-5_000.0,
        keeps=200.0,
        bankrupt=10_040.0,
    ),
    # 60,000 × 0.5 % − 50 = 250; (66,000 − 6,250 − 50) / (10 × 0.995) = 6,000
    Example(
        case="isolated long, second bracket",
        legs=((10.0, 6_600.0),),
        wallet=6_250.0,
        price=6_000.0,
        profit=-6_000.0,
        keeps=250.0,
        bankrupt=5_975.0,
    ),
    # entered with 48,000; (48,000 + 12,250 + 50) / (8 × 1.005) = 7,500, which is 60,000
    Example(
        case="isolated short that grows into the second bracket",
        legs=((-8.0, 6_000.0),),
        wallet=12_250.0,
        price=7_500.0,
        profit=-12_000.0,
        keeps=250.0,
        bankrupt=7_531.25,
    ),
    # entered with 650,000; (650,000 − 62,900 − 50) / (100 × 0.995) = 5,900, which is 590,000: 0.5 % less 50
    Example(
        case="isolated long that shrinks from the third bracket into the second",
        legs=((100.0, 6_500.0),),
        wallet=62_900.0,
        price=5_900.0,
        profit=-60_000.0,
        keeps=2_900.0,
        bankrupt=5_871.0,
    ),
    # 72,000,000 × 2.5 % − 481,450 = 1,318,550; (60,000,000 + 13,318,550 + 481,450) / (1,000 × 1.025) = 72,000
    Example(
        case="isolated short of 72 million",
        legs=((-1_000.0, 60_000.0),),
        wallet=13_318_550.0,
        price=72_000.0,
        profit=-12_000_000.0,
        keeps=1_318_550.0,
        bankrupt=73_318.55,
    ),
    Example(case="isolated long on its full worth", legs=((1.0, 10_000.0),), wallet=10_000.0, price=0.0),
    # 20,000 / 1.004
    Example(
        case="isolated short on its full worth",
        legs=((-1.0, 10_000.0),),
        wallet=10_000.0,
        price=19_920.318_725_099_6,
        profit=-9_920.318_725_099_6,
        keeps=79.681_274_900_4,
        bankrupt=20_000.0,
    ),
    # ETH, short 100 at 2,000, stands at 2,100: −10,000, and keeps 210,000 × 0.5 % − 50 = 1,000.
    # BTC at 28,000 keeps 280,000 × 0.5 % − 50 = 1,350: 32,350 − 10,000 − 20,000 = 1,000 + 1,350
    Example(
        case="cross long beside a losing short",
        legs=((10.0, 30_000.0),),
        wallet=32_350.0,
        rest_profit=-10_000.0,
        rest_keeps=1_000.0,
        price=28_000.0,
        profit=-20_000.0,
        keeps=1_350.0,
        bankrupt=27_765.0,
    ),
    # BTC, long 10 at 30,000, stands at 31,000: +10,000, and keeps 310,000 × 0.5 % − 50 = 1,500.
    # ETH at 2,150 keeps 215,000 × 0.5 % − 50 = 1,025: 7,525 + 10,000 − 15,000 = 1,500 + 1,025
    Example(
        case="cross short beside a winning long",
        legs=((-100.0, 2_000.0),),
        wallet=7_525.0,
        rest_profit=10_000.0,
        rest_keeps=1_500.0,
        price=2_150.0,
        profit=-15_000.0,
        keeps=1_025.0,
        bankrupt=2_175.25,
    ),
    # at 27,000 the long keeps 270,000 × 0.5 % − 50 = 1,300 and the short 108,000 × 0.5 % − 50 = 490:
    # 11,790 − 30,000 + 20,000 = 1,300 + 490; (11,790 + 100 − 300,000 + 128,000) / (14 × 0.005 − 10 + 4) = 27,000
    Example(
        case="hedge mode, long 10 and short 4 on one wallet",
        legs=((10.0, 30_000.0), (-4.0, 32_000.0)),
        wallet=11_790.0,
        mark=29_000.0,
        price=27_000.0,
        profit=-10_000.0,
        keeps=1_790.0,
    ),
    # 100 contracts of 100 dollars: 10,000 × (1/10,000 − 1/8,000) = −0.25 coins; 1.25 coins × 0.4 % = 0.005
    Example(
        case="inverse long",
        legs=((100.0, 10_000.0),),
        tiers=COINS,
        wallet=0.255,
        price=8_000.0,
        profit=-0.25,
        keeps=0.005,
        bankrupt=10_000.0 / 1.255,
        multiplier=100.0,
        is_inverse=True,
    ),
    # −10,000 × (1/10,000 − 1/12,500) = −0.2 coins; 0.8 coins × 0.4 % = 0.0032
    Example(
        case="inverse short",
        legs=((-100.0, 10_000.0),),
        tiers=COINS,
        wallet=0.2032,
        price=12_500.0,
        profit=-0.2,
        keeps=0.0032,
        bankrupt=10_000.0 / 0.7968,
        multiplier=100.0,
        is_inverse=True,
    ),
)

every = pytest.mark.parametrize("example", [pytest.param(row, id=row.case) for row in EXAMPLES])
by_hand = pytest.mark.parametrize("example", [pytest.param(row, id=row.case) for row in EXAMPLES if row.keeps])


@every
def test_the_price_of_liquidation(example: Example) -> None:
    sizes, entries = (np.array(column, dtype=float) for column in zip(*example.legs, strict=True))
    found = formulas.liquidation_price(
        example.mark or float(entries[0]),
        example.wallet + example.rest_profit - example.rest_keeps,
        sizes,
        entries,
        np.array(example.tiers, dtype=float),
        example.multiplier,
        example.is_inverse,
    )
    assert found == pytest.approx(example.price, rel=example.within)


@by_hand
def test_the_balance_there_is_the_maintenance(example: Example) -> None:
    balance = example.wallet + example.rest_profit + example.profit
    assert balance == pytest.approx(example.keeps + example.rest_keeps, rel=1e-9)
    form = (example.multiplier, example.is_inverse)
    tiers = np.array(example.tiers, dtype=float)
    profit = sum(formulas.profit(size, entry, example.price, *form) for size, entry in example.legs)
    keeps = [
        formulas.maintenance_margin(formulas.notional(size, example.price, *form), tiers) for size, _ in example.legs
    ]
    assert profit == pytest.approx(example.profit, rel=1e-9)
    assert sum(keeps) == pytest.approx(example.keeps, rel=1e-9)


@pytest.mark.parametrize("example", [pytest.param(row, id=row.case) for row in EXAMPLES if row.bankrupt])
def test_the_price_of_bankruptcy(example: Example) -> None:
    (size, entry) = example.legs[0]
    behind = example.wallet + example.rest_profit
    found = formulas.bankruptcy_price(size, entry, behind, example.multiplier, example.is_inverse)
    assert found == pytest.approx(example.bankrupt, rel=1e-9)


CLEARANCE = [
    # what is left at the price of liquidation is the maintenance; the fee is a share of the notional, at most that.
    # 0.3 % of 10,000 is 30 of the 40 left
    ("isolated long, lowest bracket", 0.003, 30.0),
    # exchangeInfo, developers.binance.com: 1.25 % for BTCUSDT. That is 125, of which 40 are there
    ("isolated long, lowest bracket", 0.0125, 40.0),
    ("isolated short, lowest bracket", 0.003, 33.0),
    ("isolated short, lowest bracket", 0.0125, 44.0),
]


@pytest.mark.parametrize(("case", "rate", "fee"), CLEARANCE)
def test_the_clearance_fee_takes_its_share_of_what_is_left(
    made_up: ModuleType, case: str, rate: float, fee: float
) -> None:
    (example,) = (row for row in EXAMPLES if row.case == case)
    simulation = liquidated(made_up, example, rate)
    (fill,) = simulation.fills
    assert fill["price"] == pytest.approx(example.price, rel=1e-12)
    assert fill["realised"] == pytest.approx(example.profit)
    assert fill["fee"] == pytest.approx(fee)
    assert simulation.wallet == pytest.approx(1_000_000.0 + example.profit - fee)
    assert simulation.account["shortfall"][0] == 0.0


# 10 coins at 6,000 are 60,000, in the second bracket; below 50,000 lie at most 8.33 coins (49,980). So 1.67 are closed,
# 10,020 of notional, and what is left of the 250 stays behind the 8.33 if it exceeds their 0.4 %, 199.92.
PARTLY = [
    # 0.3 % of 10,020 is 30.06: 219.94 are left, and (8.33 × 6,000 − 219.94) / (8.33 × 0.996) is the next price
    (0.003, [(-167, 6_000.0, 30.06)], 833, 5_997.586_987),
    # 1.25 % is 125.25: 124.75 are left, too little, and go to the clearance fee of the rest at the same price
    (0.0125, [(-167, 6_000.0, 125.25), (-833, 6_000.0, 124.75)], 0, 0.0),
]


@pytest.mark.parametrize(("rate", "fills", "rest", "next_price"), PARTLY)
def test_a_position_above_the_lowest_bracket_is_taken_down_bracket_by_bracket(
    made_up: ModuleType, rate: float, fills: list[tuple[int, float, float]], rest: int, next_price: float
) -> None:
    (example,) = (row for row in EXAMPLES if row.case == "isolated long, second bracket")
    simulation = liquidated(made_up, example, rate, beyond=1e-6)
    for fill, (lots, price, fee) in zip(simulation.fills, fills, strict=True):
        assert fill["lots"] == lots
        assert fill["price"] == pytest.approx(price, rel=1e-12)
        assert fill["fee"] == pytest.approx(fee, rel=1e-9)
    position = simulation.positions[0]
    assert position["lots"] == rest
    if rest:
        tiers = np.array(example.tiers, dtype=float)
        size, entry = np.array([rest * 0.01]), np.array([position["entry"]])
        found = formulas.liquidation_price(6_000.0, position["margin"], size, entry, tiers, 1.0, False)
        assert found == pytest.approx(next_price, abs=1e-6)


def liquidated(made_up: ModuleType, example: Example, rate: float, beyond: float = 1e-3) -> Any:
    """A venue that held the example's position on an isolated margin when the price went a share `beyond` its end."""
    (size, entry) = example.legs[0]
    worst = example.price * (1.0 - beyond if size > 0 else 1.0 + beyond)
    bar = (entry, max(entry, worst), min(entry, worst), worst)
    tiers = tuple(fw.Tier(floor, rate, amount, 125.0) for floor, rate, amount in example.tiers)
    market = made_up.market_of([bar], tiers=tiers, clearance_fee=rate)
    simulation = made_up.venue_of(market, fw.Terms(), capital=1_000_000.0)
    position = simulation.positions[0]
    position["lots"], position["entry"], position["margin"] = round(size / 0.01), entry, example.wallet
    simulation.advance(1)
    return simulation
