"""Whatever is traded on whatever market, the second ledger comes to the same account, at every bar."""

from __future__ import annotations

from decimal import Decimal
from types import ModuleType
from typing import Any

import attrs
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.ledger import kinds

BARS = 150
HOUR = 3_600_000_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
TERMS = st.builds(
    fw.Terms,
    maker=st.just(0.0002),
    taker=st.just(0.0005),
    slippage=st.sampled_from([0.0, 0.0001, 0.002, fw.Slippage(half_spread=1.0, volatility=0.2, impact=1.0, span=10)]),
    bar_path=st.sampled_from(["pessimistic", "optimistic"]),
    through=st.integers(0, 2),
    isolated=st.booleans(),
    leverage=st.sampled_from([1.0, 3.0, 20.0, 100.0]),
    reserve=st.sampled_from([0.0, 0.01]),
    fraction=st.sampled_from([0.1, 1.0, 2.5, 30.0, 80.0]),
    exposure_limit=st.sampled_from([float("inf"), 0.5, 2.0, 20.0]),
    drawdown_limit=st.sampled_from([float("inf"), float("inf"), 0.2, 0.6]),
    rebalance=st.sampled_from([float("inf"), float("inf"), 0.05, 0.5]),
)
LATE = st.builds(
    attrs.evolve,
    TERMS,
    latency=st.sampled_from([0, 0, 1, 2 * HOUR]),
    participation=st.sampled_from([float("inf"), float("inf"), 0.02, 1.0]),
)
"""Orders that are on their way for some bars, and fill in parts."""
drawn = {
    "seed": st.integers(0, 2**32 - 1),
    "count": st.integers(1, 3),
    "wild": st.sampled_from([0.002, 0.01, 0.03]),
    "marked": st.booleans(),
}
case = given(**drawn, terms=TERMS)
late_case = given(**drawn, terms=LATE)
some = settings(
    max_examples=max(150, settings.default.max_examples // 2),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@attrs.frozen(eq=False)
class Case:
    """A venue with signals, and what they were made of."""

    simulation: Any
    signals: fw.SignalArrays
    close: Any  # [instrument, bar]


def case_of(made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool) -> Case:
    rng = np.random.default_rng(seed)
    market = made_up.random_market(rng, SYMBOLS[:count], BARS, wild=wild, marked=marked)
    signals = made_up.random_signals(rng, market)
    columns = {name: getattr(signals, name) for name in kinds.SIGNAL_FIELDS if getattr(signals, name) is not None}
    simulation = made_up.venue_of(market, terms, capital=10_000.0, with_marks=marked, **columns)
    close = np.array([market.of(symbol).bars.close for symbol in SYMBOLS[:count]])
    return Case(simulation, signals, close)


@some
@late_case
def test_the_second_ledger_comes_to_the_same_account_at_every_bar(
    made_up: ModuleType,
    second_ledger: ModuleType,
    seed: int,
    count: int,
    terms: fw.Terms,
    wild: float,
    marked: bool,
) -> None:
    simulation = case_of(made_up, seed, count, terms, wild, marked).simulation
    audit = second_ledger.Audit(simulation, terms)
    for bar in range(BARS):
        simulation.advance(bar + 1)
        audit.follow(bar)


@some
@late_case
def test_equity_is_capital_and_all_that_was_earned_and_paid(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    simulation = case_of(made_up, seed, count, terms, wild, marked).simulation
    row, rows = simulation.account[0], simulation.positions
    marks = simulation.tape.block[:, kinds.MARK_FIELDS - 1 if marked else kinds.CLOSE]
    for bar in range(BARS):
        simulation.advance(bar + 1)
        fills, paid = simulation.fills, simulation.payments[: int(row["payments"])]
        unrealised = sum(float(p["lots"] * p["lot"] * (marks[k, bar] - p["entry"])) for k, p in enumerate(rows))
        earned = fills["realised"].sum() - fills["fee"].sum() + paid["amount"].sum() + row["shortfall"]
        volume = 1e4 + np.abs(fills["lots"] * fills["price"]).sum() * 1e-3
        assert abs(simulation.equity[bar] - (row["capital"] + earned + unrealised)) <= 1e-9 * volume


@some
@late_case
def test_a_signal_is_taken_down_where_it_changes_and_nan_keeps(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    made = case_of(made_up, seed, count, terms, wild, marked)
    simulation = made.simulation
    simulation.advance(BARS)
    halted = int(simulation.account["halted"][0]) or BARS + 1
    last: dict[int, tuple[Any, ...]] = {}
    expected = []
    for bar in range(min(BARS, halted - 1)):
        for k in range(count):
            said = tuple(_said(made.signals, name, k, bar, simulation.instruments[k]) for name in kinds.SIGNAL_FIELDS)
            if said[0] == said[0] and said != last.get(k):
                last[k] = said
                expected.append((bar, k, said))
    rows = simulation.decisions
    names = ("strength", "stop", "take", "trail", "limit", "expiry")
    assert [(int(r["bar"]), int(r["instrument"]), tuple(float(r[name]) for name in names)) for r in rows] == expected


def _said(signals: fw.SignalArrays, name: str, k: int, bar: int, rules: fw.Instrument) -> float:
    """A signal's number as the journal writes it: 0 for none, prices to the nearest tick."""
    column = getattr(signals, name)
    if column is None or (name != "strength" and np.isnan(column[k, bar])):
        return 0.0
    if name in ("stop_loss", "take_profit", "limit"):
        ticks = Decimal(repr(float(column[k, bar]))) / Decimal(repr(rules.tick))
        return float(ticks.quantize(Decimal(1)) * Decimal(repr(rules.tick)))
    return float(column[k, bar])


@some
@case
def test_nothing_re_enters_after_an_exit_by_the_market_until_the_signal_changes(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    simulation = case_of(made_up, seed, count, terms, wild, marked).simulation
    simulation.advance(BARS)
    held = [0] * count
    out: dict[int, int] = {}  # the bar in which each was thrown out
    for row in simulation.fills:
        k, lots = int(row["instrument"]), int(row["lots"])
        if held[k] * lots >= 0 or abs(lots) > abs(held[k]):  # it opens
            assert int(simulation.orders[row["order"]]["bar"]) >= out.get(k, -1)
        held[k] += lots
        if kinds.REASONS[row["reason"]] in ("stop", "trailing", "take_profit", "liquidation"):
            if kinds.REASONS[row["reason"]] == "liquidation" and held[k] != 0:
                continue  # taken down by a bracket only
            assert held[k] == 0
            out[k] = int(row["bar"])


@some
@case
def test_no_decision_leads_beyond_the_exposure_limit_or_the_leverage(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    made = case_of(made_up, seed, count, terms, wild, marked)
    simulation = made.simulation
    lot = np.array([rules.lot for rules in simulation.instruments])
    limit = terms.exposure_limit
    if not terms.isolated:  # an isolated margin is that of the entry, whatever the position has come to be worth
        limit = min(limit, terms.leverage * (1.0 - terms.reserve))

    def gross(bar: int, orders: Any) -> float:
        """What positions come to, each with all of these orders filled that make it largest."""
        most = []
        for k, held in enumerate(simulation.positions["lots"]):
            mine = orders[(orders["instrument"] == k) & (orders["reduce_only"] == 0)]["lots"]
            most.append(max(abs(held), abs(held + mine[mine > 0].sum()), abs(held + mine[mine < 0].sum())))
        return float((np.array(most) * lot * made.close[:, bar]).sum())

    for bar in range(BARS):
        simulation.advance(bar + 1)
        if simulation.account["halted"][0]:
            break
        orders, equity = simulation.orders, float(simulation.account["equity"][0])
        withdrawn = (orders["state"] == kinds.CANCELLED) & (orders["done"] == bar)
        before = gross(bar, orders[((orders["state"] == kinds.WORKING) | withdrawn) & (orders["bar"] < bar)])
        new = orders[(orders["bar"] == bar) & (orders["kind"] != kinds.BRACKET)]
        old = orders[(orders["state"] == kinds.WORKING) & (orders["bar"] < bar)]
        # what an instrument that decided now will hold, and the most that the others may
        simulation.positions["lots"][new["instrument"]] += new["lots"]
        after = gross(bar, old)
        simulation.positions["lots"][new["instrument"]] -= new["lots"]
        assert after <= max(limit * equity, before) * (1 + 1e-9) + 1e-6


@some
@case
def test_a_drawdown_halt_ends_trading(
    made_up: ModuleType, seed: int, count: int, terms: fw.Terms, wild: float, marked: bool
) -> None:
    simulation = case_of(made_up, seed, count, terms, wild, marked).simulation
    simulation.advance(BARS)
    equity = simulation.equity
    peaks = np.maximum.accumulate(np.maximum(equity, 10_000.0))
    fallen = np.flatnonzero(equity <= peaks * (1.0 - terms.drawdown_limit)) if terms.drawdown_limit < 1 else []
    halted = int(simulation.account["halted"][0]) - 1
    if len(fallen):
        assert 0 <= halted <= fallen[0]
    if halted < 0:
        return
    assert halted == next(iter(fallen), halted) or equity[halted] <= 0.0 or not len(fallen) or halted < fallen[0]
    late = simulation.fills[simulation.fills["bar"] > halted]
    assert set(late["bar"]) <= {halted + 1}
    assert {kinds.REASONS[reason] for reason in late["reason"]} <= {"risk", "liquidation"}
    if halted + 1 < BARS:
        assert not simulation.positions["lots"].any()
        assert (equity[halted + 1 :] == equity[halted + 1]).all()
    assert simulation.decisions["bar"].max(initial=-1) < halted
