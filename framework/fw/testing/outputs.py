"""What every metric, reporter, observer and broker must keep to, as plain functions to call from pytest."""

from __future__ import annotations

import inspect
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np

from fw.domain.account import AccountReport
from fw.domain.decision import Signal
from fw.domain.event import (
    Accepted,
    Amended,
    BarsClosed,
    Cancelled,
    Decided,
    Event,
    Expired,
    Filled,
    Funding,
    Liquidated,
    Rejected,
    Submitted,
    Triggered,
    Vetoed,
)
from fw.domain.order import Order, OrderKind
from fw.domain.result import Result
from fw.parts.broker import SimulatedBroker, Slippage, Terms
from fw.parts.metric import Unmeasured
from fw.parts.spec import build
from fw.plan import backtest
from fw.testing.fakes import FakeRun
from fw.testing.markets import trend
from fw.testing.results import results

UNITS = ("ratio", "percent", "money", "count", "duration")


def check_metric(spec: Any, *, on: Mapping[str, Result] | None = None) -> None:
    """Measure finished runs of every kind, empty ones too: a finite number or a reason, never NaN.

    `on` replaces the made-up runs (`fw.testing.results`).
    """
    metric = build(spec, FakeRun())
    name = type(metric).__name__
    assert metric.unit in UNITS, f"{name}.unit is one of {', '.join(UNITS)}, not {metric.unit!r}"
    assert inspect.getdoc(type(metric)), f"{name} has no docstring; it is the metric's written definition"
    for label, result in (on or results()).items():
        value = metric.measure(result)
        if isinstance(value, Unmeasured):
            assert value.reason, f"{name} on {label}: say why there is no number"
            continue
        assert isinstance(value, float | int), f"{name} on {label}: a number or fw.Unmeasured, not {value!r}"
        assert math.isfinite(value), (
            f"{name} on {label} is {value}; where a number does not exist return fw.Unmeasured with the reason"
        )
        assert metric.measure(result) == value, f"{name} on {label} measures differently the second time"


def check_reporter(spec: Any, *, on: Mapping[str, Result] | None = None) -> None:
    """Report finished runs twice: text or None, files only inside the folder, the same bytes both times."""
    reporter = build(spec, FakeRun())
    name = type(reporter).__name__
    for label, result in (on or results()).items():
        said = reporter.report(result, None)
        assert said is None or isinstance(said, str), f"{name} on {label}: report returns text or None, not {said!r}"
        with tempfile.TemporaryDirectory() as parent:
            written = []
            for folder in (Path(parent) / "first", Path(parent) / "second"):
                folder.mkdir()
                reporter.report(result, folder)
                written.append({p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
            strays = sorted(p.name for p in Path(parent).iterdir() if p.name not in ("first", "second"))
        assert not strays, f"{name} wrote {', '.join(strays)} beside the run's folder; write only under `folder`"
        assert written[0] == written[1], f"{name} on {label}: the same run gives the same bytes; leave out clock times"


EVENTS: Sequence[Event] = (
    BarsClosed(time=0, bar=0),
    Decided(time=0, instrument="BTCUSDT", signal=Signal(1.0)),
    Vetoed(time=0, instrument="BTCUSDT", check="max_exposure", reason="too much"),
    Submitted(time=0, order=Order(id="1", instrument="BTCUSDT", kind=OrderKind.MARKET, lots=1, time=0)),
    Accepted(time=0, order_id="1"),
    Rejected(time=0, order_id="1", reason="no"),
    Triggered(time=0, order_id="1"),
    Amended(time=0, order_id="1", lots=2, price=1.0),
    Filled(time=0, order_id="1", trade_id=1, instrument="BTCUSDT", lots=1, price=1.0, fee=0.0, reason="signal"),
    Cancelled(time=0, order_id="1"),
    Expired(time=0, order_id="1"),
    Funding(time=0, instrument="BTCUSDT", lots=1, amount=-0.1),
    Liquidated(time=0, instrument="BTCUSDT", lots=-1, price=1.0, fee=0.0),
)
"""One event of each kind."""


def check_observer(spec: Any) -> None:
    """Hand an observer one event of each kind it asks for: it takes them and answers nothing."""
    observer = build(spec, FakeRun())
    name = type(observer).__name__
    assert isinstance(observer.kinds, tuple) and observer.kinds, (
        f"{name}.kinds is a tuple of the event classes it wants"
    )
    for kind in observer.kinds:
        assert isinstance(kind, type) and issubclass(kind, Event), f"{name}.kinds holds event classes, not {kind!r}"
    for event in EVENTS:
        if isinstance(event, observer.kinds):
            assert observer.notice(event) is None, f"{name}.notice answers nothing: observers never decide"


@attrs.define
class FakeInbox:
    """Keeps the facts a broker reports."""

    events: list[Event] = attrs.field(factory=list)

    def put(self, event: Event) -> None:
        self.events.append(event)


def check_broker(spec: Any) -> None:
    """Look at a broker's shape, then use it: a simulated one in a short run, another by asking for its account.

    A simulated broker tells observers of every fill and payment once. Another is opened and closed, and given no order.
    """
    broker = build(spec, FakeRun())
    name = type(broker).__name__
    assert isinstance(broker.real_money, bool), f"{name}.real_money says True or False; it guards live money"
    for method in ("open", "submit", "amend", "cancel", "account", "close"):
        assert callable(getattr(broker, method, None)), f"{name} has no method {method}; see fw.Broker"
    if isinstance(broker, SimulatedBroker):
        assert not broker.real_money, f"{name} is simulated and cannot move real money"
        terms = broker.terms(FakeRun())
        assert isinstance(terms, Terms), f"{name}.terms gives fw.Terms, not {type(terms).__name__}"
        assert np.isfinite([terms.maker, terms.taker]).all(), f"{name}: fees are finite"
        lost = terms.slippage if isinstance(terms.slippage, Slippage) else Slippage(share=terms.slippage)
        assert lost.share < 1.0 and terms.leverage >= 1.0, f"{name}: slippage below 1, leverage from 1"
        _check_facts(name, spec)
        return
    inbox = FakeInbox()
    broker.open(inbox)
    try:
        report = broker.account()
        assert isinstance(report, AccountReport), f"{name}.account gives fw.AccountReport, not {type(report).__name__}"
        assert math.isfinite(report.equity), f"{name}: equity is {report.equity}"
    finally:
        broker.close()
    assert all(isinstance(event, Event) for event in inbox.events), f"{name} puts events in its inbox, nothing else"


@attrs.frozen
class _Restless:
    """Long, short and flat by turns, ten bars each."""

    def decide(self, view: Any) -> float:
        return (1.0, -0.5, 0.0)[len(view.bars) // 10 % 3]


@attrs.define(eq=False)
class _Listener:
    """Keeps every fact of a run, and whether one came after the bar it belongs to. Mutable: it listens."""

    facts: list[Event] = attrs.field(factory=list)
    closed: int = 0
    is_late: bool = False

    kinds: ClassVar[tuple[type, ...]] = (Filled, Liquidated, Funding, BarsClosed)

    def notice(self, event: Event) -> None:
        if isinstance(event, BarsClosed):
            self.closed = event.time
            return
        self.is_late |= event.time < self.closed
        self.facts.append(event)


def _check_facts(name: str, spec: Any) -> None:
    """Run it under a restless strategy: what it tells is what the ledger wrote down."""
    listener = _Listener()
    result = backtest(trend(bars=200), _Restless(), broker=spec, observers=[listener], report=[])
    assert not listener.is_late, f"{name} told of a fill or payment after its bar was known; `advance` tells each once"
    fills = [fact for fact in listener.facts if isinstance(fact, Filled | Liquidated)]
    assert [(fact.time, fact.lots, fact.price, fact.fee) for fact in fills] == list(
        zip(*(result.fills[column].tolist() for column in ("time", "lots", "price", "fee")), strict=True)
    ), (
        f"{name} told of {len(fills)} fills in a run of {result.fills.rows}, or of others than there were; observers "
        "hear of fills from the broker alone, so it tells each once, in order, as the ledger has it"
    )
    told = sum(fact.amount for fact in listener.facts if isinstance(fact, Funding))
    assert math.isclose(told, result.totals["funding"], abs_tol=1e-6), (
        f"{name} told of {told:g} of funding, and the ledger has {result.totals['funding']:g}; tell each payment once"
    )
