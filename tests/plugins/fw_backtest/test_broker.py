"""The simulated broker: terms from the file, the ledger's truth as a report, and one class under two names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import fw
from fw.domain.event import Event
from fw.domain.order import Order, OrderKind
from fw.ledger.broker import LedgerBroker
from fw_backtest.plugin import Backtest, Paper, fw_brokers

HOUR = 3_600_000_000_000
FLAT = (100.0, 100.0, 100.0, 100.0)


class Inbox:
    """Keeps the events of some kinds."""

    def __init__(self, *kinds: type) -> None:
        self.kinds = kinds
        self.seen: list[Event] = []

    def wants(self, kind: type) -> bool:
        return any(issubclass(kind, wanted) for wanted in self.kinds)

    def put(self, event: Event) -> None:
        self.seen.append(event)


@pytest.fixture
def broker(made_up: Any) -> Callable[..., LedgerBroker]:
    """A broker attached to a venue over these bars, one bar in."""

    def make(*rows: Any, inbox: Any = None, **terms: Any) -> LedgerBroker:
        market = made_up.market_of(list(rows))
        made = LedgerBroker()
        made.attach(made_up.venue_of(market, fw.Terms(**{"leverage": 10.0, "taker": 0.001, **terms})))
        made.open(inbox or Inbox())
        made.advance(0)
        return made

    return make


def buy(broker: LedgerBroker, lots: int, kind: str = "market", price: float = 0.0) -> str:
    """Writes an order down as the engine does, and submits it."""
    from fw.ledger import kinds

    bar = int(broker.simulation.account["next"][0]) - 1
    row = broker.simulation.add_explicit(
        bar, 0, kind=kinds.ORDER_KINDS.index(kind), lots=lots, price=price, expiry=0, reduce_only=False
    )
    broker.submit(Order(id=str(row), instrument="A", kind=OrderKind(kind), lots=lots, time=0, price=price or None))
    return str(row)


def test_it_is_offered_under_two_names() -> None:
    assert fw_brokers() == {"backtest": Backtest, "paper": Paper}
    assert isinstance(Backtest().build(None), LedgerBroker)  # type: ignore[arg-type]
    assert isinstance(Paper().build(None), LedgerBroker)  # type: ignore[arg-type]


def test_it_is_a_simulated_broker_without_real_money() -> None:
    made = LedgerBroker()
    assert isinstance(made, fw.SimulatedBroker)
    assert made.real_money is False


def test_its_terms_are_those_of_the_file(make_plan: Callable[..., Any], made_up: Any) -> None:
    class Long:
        def decide(self, view: fw.View) -> float:
            return 1.0

    account = {"funding": "zero", "leverage": 3, "margin": "cross", "fees": "vip0_bnb", "reserve": 0.05}
    simulation = {"slippage": {"bps": 25}, "bar_path": "optimistic", "through": 2}
    plan = make_plan(made_up.market_of([FLAT] * 3), Long(), account=account, simulation=simulation)

    class Run:
        settings = plan.settings
        period = plan.market().period

    terms = LedgerBroker().terms(Run())  # type: ignore[arg-type]
    assert terms == fw.Terms(
        maker=0.00018,
        taker=0.00045,
        slippage=fw.Slippage(share=0.0025),
        bar_path="optimistic",
        through=2,
        isolated=False,
        leverage=3.0,
        reserve=0.05,
        notes=("fees of 2026-11 applied to 1970-01",),
    )
    # 0.95 of 10,000 fits under the reserve at any leverage here; it is bought at 100.25
    result = plan.run(write=False)
    assert result.fills["price"][0] == pytest.approx(100.25)
    assert result.fills["fee"][0] == pytest.approx(100.25 * result.fills["quantity"][0] * 0.00045)


def test_before_it_has_a_market_it_says_so() -> None:
    with pytest.raises(fw.BrokerError, match="not given a market"):
        LedgerBroker().advance(0)


def test_an_order_fills_at_the_next_bar_and_is_told_as_facts(broker: Callable[..., LedgerBroker]) -> None:
    inbox = Inbox(Event)
    made = broker(FLAT, (101.0,) * 4, inbox=inbox)
    row = buy(made, 10)
    made.advance(1)
    assert [type(event).__name__ for event in inbox.seen] == ["Accepted", "Filled"]
    filled: Any = inbox.seen[1]
    assert (filled.order_id, filled.lots, filled.price, filled.time) == (row, 10, 101.0, HOUR)
    assert filled.fee == pytest.approx(0.1 * 101 * 0.001)


def test_the_account_report_is_the_ledger_s_truth(broker: Callable[..., LedgerBroker]) -> None:
    made = broker(FLAT, FLAT, (104.0,) * 4)
    buy(made, 50)
    made.advance(1)
    made.advance(2)
    report = made.account()
    assert report.time == 3 * HOUR
    assert report.wallet == pytest.approx(1000.0 - 0.05)
    assert report.equity == pytest.approx(1000.0 - 0.05 + 2.0)
    position = report.positions["A"]
    assert (position.lots, position.entry_price) == (50, 100.0)
    assert position.unrealised == pytest.approx(2.0)
    assert position.isolated_margin == pytest.approx(5.0)


def test_orders_are_amended_and_withdrawn_by_their_id(broker: Callable[..., LedgerBroker]) -> None:
    inbox = Inbox(Event)
    made = broker(FLAT, FLAT, (100.0, 100.0, 94.0, 100.0), inbox=inbox)
    first, second = buy(made, 10, "limit", 90.0), buy(made, 20, "limit", 95.0)
    made.amend(first, lots=15, price=96.0)
    made.cancel(second)
    made.advance(2)
    assert [(type(event).__name__) for event in inbox.seen] == [
        "Accepted",
        "Accepted",
        "Amended",
        "Cancelled",
        "Filled",
    ]
    filled: Any = inbox.seen[4]
    assert (filled.lots, filled.price) == (15, 96.0)


def test_what_has_ended_is_neither_amended_nor_withdrawn(broker: Callable[..., LedgerBroker]) -> None:
    made = broker(FLAT, FLAT, FLAT)
    row = buy(made, 10)
    made.advance(1)
    made.amend(row, lots=99, price=None)
    made.cancel(row)
    made.advance(2)
    assert made.account().positions["A"].lots == 10


def test_a_plugins_broker_is_this_one_with_terms_of_its_own(make_plan: Callable[..., Any], made_up: Any) -> None:
    import attrs

    @attrs.frozen
    class Dear:
        def build(self, run: fw.Run) -> LedgerBroker:
            return LedgerBroker(adjust=lambda terms: attrs.evolve(terms, taker=0.01))

    class Long:
        def decide(self, view: fw.View) -> float:
            return 1.0

    plan = make_plan(made_up.market_of([FLAT] * 3), Long(), account={"funding": "zero"}, broker=Dear())
    fills = plan.run(write=False).fills
    assert fills["fee"] == pytest.approx(0.01 * abs(fills["quantity"]) * fills["price"])
