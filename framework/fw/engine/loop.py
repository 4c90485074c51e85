"""The Python driver: one moment at a time, for any strategy; it acts on changes and looks at the ledger only then.

For every closed bar that its feed names: the venue comes forward (when somebody looks), the strategy decides once per
instrument, and where a signal changed: size, review, plan, submit. Over history the feed is a range of numbers; of a
market that is happening it waits, and moves the account between two closes. The arithmetic is the scan's.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.decision import Signal, Target, Veto
from fw.domain.event import Accepted, BarsClosed, Decided, Rejected, Submitted, Vetoed
from fw.domain.time import format_time
from fw.engine.inbox import Inbox
from fw.engine.orders import FRESHNESS, ExplicitOrders, in_lots, order_of
from fw.engine.scan import history_of, scales_of
from fw.engine.view import Shared, ViewWindow
from fw.errors import DataError, FwError, PluginError
from fw.ledger import kinds
from fw.ledger.simulation import Simulation
from fw.registry import one_line

if TYPE_CHECKING:
    from fw.engine.assemble import Live, Parts, Scene
    from fw.engine.feed import LiveFeed
    from fw.engine.journal import Journal
    from fw.engine.run import EngineRun
    from fw.parts.broker import Terms
    from fw.progress import Progress

UNITS = {"exposure": kinds.BY_EXPOSURE, "notional": kinds.BY_NOTIONAL, "lots": kinds.BY_LOTS}
STEADY = int(kinds.NONE)
ANYTHING = (Exception, SystemExit)
"""What a part's own code may raise; a part that calls sys.exit must not end the program as if all were well."""
PLAIN = int(kinds.BY_STRENGTH)
OFTEN = 0xFF
"""Bars, less one, between two words of progress, at which a sweep can also be stopped."""


class Loop:
    """One run of the Python driver. Mutable: it is the run in progress."""

    def __init__(
        self,
        parts: Parts,
        scene: Scene,
        terms: Terms,
        run: EngineRun,
        *,
        capital: float,
        progress: Progress | None,
        feed: LiveFeed | None = None,
    ) -> None:
        self.parts, self.scene, self.run, self.progress = parts, scene, run, progress
        sizer = parts.sizer.part
        self.feed: Iterable[int]
        journal: Journal | None = None
        if feed is None:
            scales = scales_of(parts, history_of(scene), scene) if hasattr(sizer, "size_all") else None
            self.simulation = Simulation(scene.tape, scene.stage.instruments, terms, capital=capital, scales=scales)
            self.feed = range(scene.tape.first, scene.tape.clock_bars)
        else:
            self.feed, self.simulation, scales, journal = feed, feed.simulation, None, feed.journal
        self.shared = Shared(scene.stage.market, scene.columns, {}, self.simulation, parts.lookback, scene.left_out)
        self.views = list(self.shared.views.values())
        self.inbox = Inbox(parts.observers, run.log, journal)
        self.tags: list[str] = []
        self.vetoes: list[tuple[int, str, str, str]] = []
        self.explicit = ExplicitOrders(self)
        self.checks = tuple(check for check in parts.checks if not hasattr(check.part, "terms"))
        self.sized_by_ledger = (hasattr(sizer, "terms") or scales is not None) and not self.checks
        self.every_bar = [live for live in (parts.sizer, *self.checks) if getattr(live.part, "every_bar", False)]
        if self.every_bar:
            self.sized_by_ledger = False
        self.restless = bool(self.every_bar) or math.isfinite(terms.rebalance) or feed is not None
        self.targets: dict[str, Target | Veto] = {}
        self.refusals: dict[tuple[str, str], Veto] = {}
        self.bar = scene.tape.first
        self.reached = self.bar - 1
        self.broker = parts.broker.part
        self.held_back: set[ViewWindow] = set()
        """Whose targets came at a stale moment; they are planned at the next fresh one."""
        if feed is None:
            run.clock.follow(lambda: self.views[0].time if self.shared.moment.known else 0)
        else:
            run.clock.follow(lambda: feed.now)
            feed.attach(self)
        self.placing = not any(map(self.inbox.wants, (Submitted, Accepted, Rejected)))
        self.shared.moment.sync = self.sync

    @property
    def now(self) -> int:
        """The bar of the tape at whose close this moment is."""
        return self.simulation.tape.last(self.bar)

    def sync(self) -> None:
        """Bring the venue to the close of this bar."""
        if self.reached < self.bar:
            self.broker.advance(self.bar)
            self.reached = self.bar

    def go(self) -> Simulation:
        """Run to the last bar."""
        self.broker.attach(self.simulation)
        self.broker.open(self.inbox)
        try:
            together = hasattr(self.parts.strategy.part, "decide_together")
            self._decide_together() if together else self._decide_each()
            if isinstance(self.feed, range):
                self.bar = self.scene.tape.clock_bars - 1
                self.sync()
        finally:
            self.broker.close()
        return self.simulation

    def _decide_each(self) -> None:
        """The bar loop of a strategy that decides per instrument; written flat, for it is the hot path."""
        decide = self.parts.strategy.part.decide
        moment, views, act = self.shared.moment, self.views, self.act
        lookback, bars = moment.lookback, self.scene.tape.clock_bars
        restless = self.restless
        eager = restless or bool(self.inbox.kinds)
        last: list[Any] = [None] * len(views)
        numbered = list(enumerate(views))
        changed: dict[ViewWindow, Signal] = {}
        for bar in self.feed:
            self.bar = bar
            moment.known = known = bar + 1
            moment.since = known - lookback if known > lookback else 0
            if eager:
                self.turn(bar)
            for k, view in numbered:
                try:
                    decision = decide(view)
                except ANYTHING as error:
                    raise self.broke(error, view) from error
                before = last[k]
                if decision is before or decision is None:
                    continue
                kind = type(decision)
                if kind is float:
                    if decision == before:
                        continue
                elif kind is Signal and type(before) is Signal:
                    # `same`, written out: a call costs as much as the comparison
                    if (
                        decision.strength == before.strength
                        and decision.stop_loss == before.stop_loss
                        and decision.take_profit == before.take_profit
                        and decision.trailing == before.trailing
                        and decision.limit == before.limit
                        and decision.expiry == before.expiry
                    ):
                        continue
                elif kind is tuple:
                    if decision:
                        self.explicit.act(view, decision)
                    continue
                signal = self.read(decision, view)
                last[k] = decision
                if view.signal is None or not same(signal, view.signal):
                    changed[view] = signal
            if changed:
                act(changed)
                changed = {}
            elif restless:
                act(changed)
            if self.progress is not None and bar & OFTEN == 0:
                self.progress("backtest", bar / bars)

    def _decide_together(self) -> None:
        """The bar loop of a strategy that decides for all instruments at once."""
        decide = self.parts.strategy.part.decide_together
        moment, bars = self.shared.moment, self.scene.tape.clock_bars
        eager = bool(self.inbox.kinds) or self.restless
        for bar in self.feed:
            self.bar = bar
            moment.known = bar + 1
            moment.since = max(0, bar + 1 - moment.lookback)
            if eager:
                self.turn(bar)
            try:
                decisions = decide(self.views[0])
            except ANYTHING as error:
                raise self.broke(error, self.views[0]) from error
            changed = {}
            for symbol, decision in self.mapping(decisions or {}, "signals", self.parts.strategy).items():
                if decision is None:
                    continue
                if symbol not in self.shared.views:
                    raise self.broken(f"decided for {symbol!r}, which this run does not trade", self.views[0])
                view = self.shared.views[symbol]
                signal = self.read(decision, view)
                if view.signal is None or not same(signal, view.signal):
                    changed[view] = signal
            if changed or self.restless:
                act_on = {view: changed[view] for view in self.views if view in changed}
                self.act(act_on)
            if self.progress is not None and bar & OFTEN == 0:
                self.progress("backtest", bar / bars)

    def turn(self, bar: int) -> None:
        """A moment that somebody watches: bring the venue forward, and tell that the bars have closed."""
        self.sync()
        if self.inbox.wants(BarsClosed):
            self.inbox.put(BarsClosed(time=self.views[0].time, bar=bar - self.scene.tape.first))

    def read(self, decision: Any, view: ViewWindow) -> Signal:
        """A decision as a signal; PluginError where it is neither that nor a strength."""
        if isinstance(decision, Signal):
            if not math.isfinite(decision.strength):
                raise self.broken(f"gave a strength of {decision.strength}", view)
            return decision
        if isinstance(decision, bool) or not isinstance(decision, int | float):
            said = type(decision).__name__
            raise self.broken(f"decided {said}, not a strength, a Signal, a tuple of orders or None", view)
        if not -1.0 <= decision <= 1.0:
            keeps = ", and None keeps what is held" if math.isnan(decision) else ""
            raise self.broken(f"gave a strength of {decision}; it lies in [-1, 1]{keeps}", view)
        return Signal(float(decision))

    def act(self, changed: Mapping[ViewWindow, Signal]) -> None:
        """Size, review, plan and submit what changed at this moment."""
        self.sync()
        simulation = self.simulation
        if self.shared.moment.stale:
            self.act_on_little(changed)
            return
        again = {view for view in self.held_back if view not in changed}
        self.held_back.clear()
        for view, signal in changed.items():
            view.signal = signal
            simulation.wish(view.number, signal, unit=PLAIN, amount=0.0, force=STEADY)
        for view in again:
            assert view.signal is not None
            simulation.wish(view.number, view.signal, unit=PLAIN, amount=0.0, force=int(kinds.SIGNAL))
        if not self.sized_by_ledger and (changed or again or self.every_bar):
            self.size_and_review(changed, again)
        self.plan()

    def act_on_little(self, changed: Mapping[ViewWindow, Signal]) -> None:
        """Act at a moment that came too late: nothing new is risked, only what brings nearer to flat is planned.

        What is held back is planned at the next moment that is fresh.
        """
        simulation = self.simulation
        before = {view: view.signal for view in changed}
        for view, signal in changed.items():
            view.signal = signal
        signals = {view.instrument: signal for view, signal in changed.items()}
        targets = self.size(signals) if signals else {}
        self.shared.moment.changed = frozenset(signals)
        for view, signal in changed.items():
            old = before[view]
            unit, amount = PLAIN, 0.0
            if old is None or (old.strength, old.limit, old.expiry) != (signal.strength, signal.limit, signal.expiry):
                target = self.kept_back(view, targets[view.instrument])
                unit, amount = unit_of(target)
                self.targets[view.instrument] = target
            simulation.wish(view.number, signal, unit=unit, amount=amount, force=STEADY)
        rebalance = float(simulation.account["rebalance"][0])
        simulation.account["rebalance"] = math.inf
        self.plan()
        simulation.account["rebalance"] = rebalance

    def kept_back(self, view: ViewWindow, target: Target | Veto) -> Target | Veto:
        """What is left of a target when nothing new may be risked."""
        name = view.instrument
        if isinstance(target, Veto) or self.shrinks(target, name):
            return target
        veto = Veto(self.shared.moment.stale)
        self.note_veto(name, FRESHNESS, veto)
        self.held_back.add(view)
        return attrs.evolve(target, exposure=None, notional=None, lots=0) if self.turns(target, name) else veto

    def plan(self) -> None:
        """Have the ledger make orders of the wishes, and follow what it made."""
        simulation = self.simulation
        decisions, orders = simulation.count("decisions"), simulation.count("orders")
        simulation.decide(self.now, placing=self.placing)
        self.follow(decisions, orders)

    def size_and_review(self, changed: Mapping[ViewWindow, Signal], again: Collection[ViewWindow] = ()) -> None:
        """Let Python sizers and checks turn the signals in force into targets, and write those down as wishes."""
        moment = self.shared.moment
        moment.changed = frozenset(view.instrument for view in changed)
        signals = {view.instrument: view.signal for view in self.views if view.signal is not None}
        if not signals:
            return
        targets = self.size(signals)
        for check in self.checks:
            targets = self.review(check, targets)
        for k, view in enumerate(self.views):
            if view.signal is None:
                continue
            name = view.instrument
            target = targets[name]
            forced = view not in changed and self.every_bar and target != self.targets.get(name)
            if view in changed or view in again or (forced and not isinstance(target, Veto)):
                unit, amount = unit_of(target)
                reason = int(kinds.RISK if self.checks else kinds.REBALANCE) if forced else STEADY
                if view in again:
                    reason = int(kinds.SIGNAL)
                self.simulation.wish(k, view.signal, unit=unit, amount=amount, force=reason)
            self.targets[name] = target

    def size(self, signals: Mapping[str, Signal]) -> dict[str, Target | Veto]:
        """The sizer's targets, one for every signal; a flat signal is flat whatever the sizer says."""
        sizer = self.parts.sizer
        try:
            said = sizer.part.size(signals, self.views[0])
        except ANYTHING as error:
            raise self.broke(error, self.views[0], sizer) from error
        said = self.mapping(said, "targets", sizer)
        targets: dict[str, Target | Veto] = {}
        for name, signal in signals.items():
            target = said.get(name)
            if not isinstance(target, Target):
                raise self.broken(f"gave no fw.Target for {name}", self.views[0], sizer)
            targets[name] = Target(lots=0, signal=signal) if signal.strength == 0.0 else target
        return targets

    def review(self, check: Live, targets: dict[str, Target | Veto]) -> dict[str, Target | Veto]:
        """One check's say; it may shrink or veto, and only what is still wanted is shown to it."""
        wanted = {name: target for name, target in targets.items() if isinstance(target, Target)}
        try:
            said = check.part.review(wanted, self.views[0])
        except ANYTHING as error:
            raise self.broke(error, self.views[0], check) from error
        said = self.mapping(said, "targets", check)
        reviewed = dict(targets)
        for name, target in wanted.items():
            answer = said.get(name)
            if isinstance(answer, Target):
                self.refusals.pop((name, check.entry.name), None)
            if isinstance(answer, Veto):
                if self.shrinks(target, name):
                    raise self.broken(f"vetoed {name} moving nearer to flat ({answer.reason})", self.views[0], check)
                self.note_veto(name, check.entry.name, answer)
                if self.turns(target, name):  # the closing half of a turn is nearer to flat
                    answer = attrs.evolve(target, exposure=None, notional=None, lots=0)
            elif not isinstance(answer, Target):
                raise self.broken(f"gave neither a target nor a veto for {name}", self.views[0], check)
            elif answer is not target and self.enlarges(answer, target, name):
                raise self.broken(f"enlarged the target of {name}; a check may only shrink it", self.views[0], check)
            reviewed[name] = answer
        return reviewed

    def shrinks(self, target: Target, name: str) -> bool:
        """Whether a target only takes away from what is held."""
        view = self.shared.views[name]
        wanted, held = in_lots(target, self.simulation, view), int(self.simulation.positions[view.number]["lots"])
        return (wanted * held >= 0 and abs(wanted) < abs(held)) or wanted == 0

    def turns(self, target: Target, name: str) -> bool:
        """Whether a target is on the other side of what is held."""
        view = self.shared.views[name]
        held = int(self.simulation.positions[view.number]["lots"])
        return in_lots(target, self.simulation, view) * held < 0

    def enlarges(self, answer: Target, target: Target, name: str) -> bool:
        """Whether an answer is larger than what was asked, or on the other side."""
        view = self.shared.views[name]
        after, before = (in_lots(one, self.simulation, view) for one in (answer, target))
        return after * before < 0 or abs(after) > abs(before)

    def mapping(self, said: Any, of: str, live: Live) -> Mapping[str, Any]:
        """What a part said of all instruments; PluginError where it is no mapping."""
        if isinstance(said, Mapping):
            return said
        raise self.broken(f"gave {type(said).__name__}, not a mapping from instrument to {of}", self.views[0], live)

    def note_veto(self, name: str, check: str, veto: Veto) -> None:
        """Write a refusal down, once while it stands."""
        key = name, check
        if self.refusals.get(key) == veto and name not in self.shared.moment.changed:
            return
        self.refusals[key] = veto
        self.vetoes.append((self.views[0].time, name, check, veto.reason))
        if self.inbox.wants(Vetoed):
            self.inbox.put(Vetoed(time=self.views[0].time, instrument=name, check=check, reason=veto.reason))

    def follow(self, decisions: int, orders: int) -> None:
        """What the ledger made of the wishes: tags for the journal, orders for the broker, events for observers."""
        simulation = self.simulation
        for row in simulation.decisions[decisions:] if simulation.count("decisions") > decisions else ():
            view = self.views[int(row["instrument"])]
            assert view.signal is not None
            self.tags.append(view.signal.tag)
            if self.inbox.wants(Decided):
                self.inbox.put(Decided(time=view.time, instrument=view.instrument, signal=view.signal))
        if self.placing:
            return
        for row_number in range(orders, len(simulation.orders)):
            order = order_of(simulation, row_number, self.tags)
            self.inbox.put(Submitted(time=order.time, order=order))
            self.broker.submit(order)

    def broke(self, error: BaseException, view: ViewWindow, live: Live | None = None) -> FwError:
        """A part's own exception, as one sentence that names the part and the moment."""
        if type(error) in (PluginError, DataError):  # asked for a column or a bar size that is not there
            return self.broken(f"went wrong: {error}", view, live)
        if isinstance(error, FwError):
            return error
        return self.broken(f"raised {one_line(error)}", view, live)

    def broken(self, what: str, view: ViewWindow, live: Live | None = None) -> PluginError:
        """The error for a part that broke its contract."""
        title = (live or self.parts.strategy).offer.title
        return PluginError(f"{title} {what} ({view.instrument} at {format_time(view.time)})")


def same(one: Signal, other: Signal) -> bool:
    """Whether two signals want the same; a tag is only a name."""
    return (
        one.strength == other.strength
        and one.stop_loss == other.stop_loss
        and one.take_profit == other.take_profit
        and one.trailing == other.trailing
        and one.limit == other.limit
        and one.expiry == other.expiry
    )


def unit_of(target: Target | Veto) -> tuple[int, float]:
    """How the ledger is told of a target."""
    if isinstance(target, Veto):
        return int(kinds.BY_VETO), 0.0
    for name, unit in UNITS.items():
        amount = getattr(target, name)
        if amount is not None:
            return int(unit), float(amount)
    raise AssertionError
