"""From settings to live parts, data and arrays: what both engines start from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.market import Market
from fw.domain.time import format_time
from fw.domain.venue import overrides, rules
from fw.engine.columns import Cache, PlannedSet, compute_columns, first_complete_row
from fw.engine.finer import check_size, lay_out, path_notes
from fw.engine.history import HistoryBarsBlock
from fw.engine.leaks import tolerance_of
from fw.engine.needs import kinds_of, left_out, present
from fw.engine.prepare import prepare
from fw.engine.run import EngineRun
from fw.errors import DataError, PluginError, SettingsError
from fw.parts.broker import Terms
from fw.parts.source import Want
from fw.parts.strategy import DEFAULT_LOOKBACK
from fw.registry import Offer, Registry, blame, build_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.instrument import Instrument
    from fw.engine.finer import Laid
    from fw.engine.kept import KeptColumns
    from fw.ledger.tape import Tape
    from fw.settings.strategy import FeatureEntry, PartEntry, StrategyFile


@attrs.define(eq=False)
class Live:
    """A part and where it came from. Mutable until it is built, when it is first used."""

    entry: PartEntry
    _run: EngineRun
    _part: Any = None

    @property
    def part(self) -> Any:
        if self._part is None:
            self._part = build_part(self.entry.provenance, self.entry.spec, self._run)
        return self._part

    @property
    def offer(self) -> Offer:
        return self.entry.provenance


@attrs.frozen(eq=False, kw_only=True)
class Parts:
    """Everything a run is made of, built."""

    source: Live
    strategy: Live
    sizer: Live
    checks: tuple[Live, ...]
    broker: Live
    observers: tuple[Live, ...]
    features: tuple[PlannedSet, ...]

    @property
    def lookback(self) -> int:
        """Bars of each size that the view shows."""
        return int(getattr(self.strategy.part, "lookback", DEFAULT_LOOKBACK))


@attrs.frozen(eq=False, kw_only=True)
class Stage:
    """A market on its tape, before any part has looked at it."""

    market: Market
    """All bars of the clock, warm-up included; its columns lie inside `block`."""
    tape: Tape
    block: NDArray[np.float64]
    """[instrument, field, clock bar]; the tape's own, unless that is finer than the clock."""
    data: Market
    """What was read; `market` itself, unless the run asked for finer bars."""
    instruments: tuple[Instrument, ...]
    notes: tuple[str, ...]
    asked: frozenset[str]
    """The kinds of data that the source was asked for."""
    _cut: dict[int, Market] = attrs.field(factory=dict, init=False, repr=False)
    _tapes: dict[int, Tape] = attrs.field(factory=dict, init=False, repr=False)

    @cached_property
    def bars(self) -> HistoryBarsBlock:
        """The bars as array forms see them."""
        return HistoryBarsBlock(self.block)

    @cached_property
    def symbols(self) -> NDArray[np.str_]:
        """Names of the instruments, in their order."""
        import numpy as np

        return np.array(self.market.instruments)

    def tape_from(self, first: int) -> Tape:
        """The tape whose first traded bar is this one."""
        if first not in self._tapes:
            self._tapes[first] = attrs.evolve(self.tape, first=first)
        return self._tapes[first]

    def market_from(self, first: int) -> Market:
        """The market from a bar of the clock on; cut once, for the runs of a sweep ask for the same ones."""
        if first not in self._cut:
            opening = int(self.market.bars.open_time[first])
            self._cut[first] = self.market.between(opening, None) if first else self.market
        return self._cut[first]


def build_parts(settings: StrategyFile, run: EngineRun, registry: Registry) -> Parts:
    """Build every part the file names, and the feature sets that parts ask for themselves.

    The source alone is built when it is read: most runs of a sweep share what was read already.
    """
    refuse_models(settings)

    def live(entry: PartEntry) -> Live:
        built = Live(entry, run)
        _ = built.part
        return built

    strategy, sizer = live(settings.strategy), live(settings.sizer)
    checks = tuple(live(entry) for entry in settings.risk)
    lookback = getattr(strategy.part, "lookback", DEFAULT_LOOKBACK)
    if not isinstance(lookback, Integral) or lookback < 1:
        raise PluginError(f"{strategy.offer.title}: lookback is a number of bars, at least 1, not {lookback!r}")
    if not hasattr(strategy.part, "decide") and not hasattr(strategy.part, "decide_together"):
        raise PluginError(f"{strategy.offer.title} has neither decide(view) nor decide_together(view)")
    return Parts(
        source=Live(settings.source, run),
        strategy=strategy,
        sizer=sizer,
        checks=checks,
        broker=live(settings.broker),
        observers=tuple(live(entry) for entry in settings.observers),
        features=tuple(_planned_sets(settings, (strategy, sizer, *checks), run, registry)),
    )


def refuse_models(settings: StrategyFile) -> None:
    """Say why a file that names models cannot run."""
    for name, entry in settings.models.items():
        if entry.weights is None and entry.train is None:
            raise SettingsError(
                f"models.{name}: has neither weights nor train; train it with fw train and name what that wrote, "
                "weights: NAME@VERSION, or fit it inside the run, train: {every: 30d, window: 365d}"
            )
    for name in settings.models:
        raise SettingsError(f"models.{name}: this version of fw has no model runner; leave models out of the file")


def _planned_sets(
    settings: StrategyFile, parts: Iterable[Live], run: EngineRun, registry: Registry
) -> Iterable[PlannedSet]:
    """The file's feature sets, then those that parts declare and the file has not already."""
    from fw.settings.asked import features_asked

    declared: list[FeatureEntry] = list(settings.features)
    for live in parts:
        asked = getattr(live.part, "features", ())
        declared += features_asked(asked, registry, by=live.offer.title)
    seen = []
    for entry in declared:
        key = (entry.spec, entry.bar, entry.on)
        if key in seen and not hasattr(entry.spec, "derive"):
            continue
        seen.append(key)
        if entry.bar is not None and not settings.bar.divides(entry.bar):
            raise SettingsError(f"features.{entry.name}: bars of {entry.bar} cannot be made of bars of {settings.bar}")
        if entry.on is not None and entry.on not in settings.instruments:
            raise SettingsError(f"features.{entry.name}: on: {entry.on} is not among the instruments")
        part = build_part(entry.provenance, entry.spec, run)
        if hasattr(part, "derive") and (entry.bar is not None or entry.on is not None):
            raise SettingsError(f"features.{entry.name}: is made of other columns; give `bar` and `on` to those")
        yield PlannedSet(
            part=part,
            spec=entry.spec,
            offer=entry.provenance,
            bar=entry.bar,
            on=entry.on,
            entry=entry.name,
            may_lack=entry.missing == "skip",
        )


def load_stage(settings: StrategyFile, parts: Parts, given: Market | None = None) -> Stage:
    """Read, check and lay out the market; `given` stands in for what the source would say."""
    source, account = settings.source, settings.account
    if source.live:
        raise SettingsError(
            "source.live: a market that is happening has no end; fw run streams it. Leave live out here"
        )
    lookbacks = [planned.lookback(settings.bar) for planned in parts.features]
    want = _on_finer_bars(
        settings,
        Want(
            instruments=settings.instruments,
            bar=settings.bar,
            start=source.start,
            end=source.end,
            warmup=max([parts.lookback, *lookbacks]) if source.start is not None else 0,
            needs=tuple(sorted(needs_of(parts))),
        ),
    )
    with _finer_in_mind(settings):
        if given is None:
            with blame(parts.source.offer):
                given = parts.source.part.history(want)
        if not isinstance(given, Market):
            raise PluginError(f"{parts.source.offer.title} returned {type(given).__name__}, not a fw.Market")
        if want.bar != settings.bar:
            check_size(given, want.bar)
        held = [prepare(given, want, gaps=source.gaps, funding=account.funding, mark=account.mark)]
    del given
    laid = lay_stage(settings, held, start=source.start)
    instruments, rule_notes = contract_rules(settings, laid.market, traded_period(settings, laid.market))
    notes = (*laid.market.notes, *rule_notes, *laid.notes, *assumed(settings, laid.market))
    return Stage(
        market=laid.market,
        tape=laid.tape,
        block=laid.block,
        data=laid.data,
        instruments=instruments,
        notes=tuple(dict.fromkeys(notes)),
        asked=needs_of(parts),
    )


def needs_of(parts: Parts) -> frozenset[str]:
    """The data a run asks its source for."""
    used = {"bars", "funding", "mark", *(need for planned in parts.features for need in planned.part.needs)}
    return frozenset(kinds_of(used))


def lay_stage(settings: StrategyFile, held: list[Market], *, start: int | None) -> Laid:
    """A market that was prepared, laid out as the settings say."""
    account = settings.account
    return lay_out(
        held,
        clock=settings.bar,
        start=start,
        bar_path=settings.simulation.bar_path,
        with_marks=account.mark == "required",
        with_funding=account.funding == "required",
    )


def _on_finer_bars(settings: StrategyFile, want: Want) -> Want:
    """The same range and warm-up in the bars that `simulation.finer` asks for."""
    finer, clock = settings.simulation.finer, settings.bar
    if finer is None:
        return want
    start, end = (None if time is None else time + (clock.origin - time) % clock.ns for time in (want.start, want.end))
    return attrs.evolve(want, bar=finer, start=start, end=end, warmup=want.warmup * (clock.ns // finer.ns))


@contextmanager
def _finer_in_mind(settings: StrategyFile) -> Iterator[None]:
    """Where finer bars cannot be had, say which setting asked for them."""
    finer = settings.simulation.finer
    try:
        yield
    except DataError as error:
        if finer is None:
            raise
        raise type(error)(
            f"{error}. Bars of {finer} are asked for by simulation.finer: give the source bars of that size, "
            "or leave simulation.finer out"
        ) from error


def traded_period(settings: StrategyFile, market: Market) -> tuple[int, int]:
    """Open of the first bar that may be traded and close of the last, ns: without the warm-up."""
    begin, end = market.period
    asked = settings.source.start
    return begin if asked is None else min(max(begin, asked), end), end


def contract_rules(
    settings: StrategyFile, market: Market, period: tuple[int, int]
) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
    """Each contract's rules in a period (ns): the user's file first, then the source's own, then the venue's."""
    start, end = period
    instruments, notes = [], []
    for symbol in market.instruments:
        own = market.series[symbol].rules
        if own is not None and not overrides(settings.account.rules, symbol):
            instruments.append(own)
            continue
        found, said = rules(settings.account.venue, symbol, start=start, end=end, override=settings.account.rules)
        instruments.append(found)
        notes += [f"{symbol}: {note}" for note in said]
    return tuple(instruments), tuple(notes)


def assumed(settings: StrategyFile, market: Market) -> Iterable[str]:
    """What the account settings assume, and what the file should say otherwise, said aloud."""
    yield from settings.notes
    if market.made_up:
        yield "the market is made up, not a real one"
    if settings.account.mark == "last":
        yield "liquidation judged on traded prices (account.mark: last)"
    if settings.account.funding == "zero" and any(data.funding is not None for data in market.series.values()):
        yield "no funding is paid or received (account.funding: zero)"
    yield from path_notes(settings.simulation, settings.bar)


def terms_of(settings: StrategyFile, parts: Parts, run: EngineRun) -> Terms:
    """The ledger's terms: the broker's, with what the sizer and the checks put into them."""
    broker = parts.broker
    if not hasattr(broker.part, "terms"):
        raise PluginError(f"{broker.offer.title} is not a simulated broker, and this run has only history")
    with blame(broker.offer):
        terms = broker.part.terms(run)
    rebalance = math.inf if settings.rebalance is None else settings.rebalance
    if isinstance(terms, Terms) and terms.rebalance != rebalance:
        terms = attrs.evolve(terms, rebalance=rebalance)
    for live in (parts.sizer, *parts.checks):
        if hasattr(live.part, "terms"):
            with blame(live.offer):
                terms = live.part.terms(terms)
    if not isinstance(terms, Terms):
        raise PluginError(f"{broker.offer.title} must give fw.Terms, not {type(terms).__name__}")
    return terms


@attrs.frozen(eq=False, kw_only=True)
class Scene:
    """A stage with its feature columns: ready to run."""

    stage: Stage
    tape: Tape
    """With `first` moved to where every column has begun."""
    columns: Mapping[str, NDArray[np.float64]]
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    """Notes on feature sets whose data the source lacks, where the file says to run without them."""


@attrs.frozen(eq=False, kw_only=True)
class Ready:
    """A run that only has to be driven."""

    run: EngineRun
    parts: Parts
    scene: Scene
    terms: Terms
    engine: str
    """scan or loop."""
    reason: str
    """Why this engine is taken."""
    metrics: Mapping[str, tuple[Offer, Any]]
    """What its result can be asked for."""


def set_scene(parts: Parts, stage: Stage, cache: Cache | None = None, kept: KeptColumns | None = None) -> Scene:
    """Compute the features, and begin where all of them have a value."""
    found = present(parts.features, stage.market, parts.source.offer.title)
    columns = compute_columns(found.sets, stage.market, cache, kept, found.notes)
    missing = left_out(found, columns)
    asked = stage.tape.first
    first = first_complete_row(columns, asked)
    bars = stage.market.bars
    if first is None or first >= len(bars):
        longest = max((planned.lookback(bars.size) for planned in found.sets), default=0)
        count = f"{len(bars)} bar{'s' * (len(bars) != 1)}"
        never = [name for name, rows in columns.items() if first_complete_row({name: rows}, 0) is None]
        if len(bars) > longest and never:
            raise PluginError(f"the column {never[0]!r} has no value in any of {count}; mend its feature set")
        raise DataError(
            f"the history of {count} is shorter than the features' start-up (lookback {longest} bars): "
            "take more data, an earlier source.start, or shorter spans"
        )
    notes = missing + tuple(
        f"{planned.offer.title} may differ live, by its tolerance of {stated:g}"
        for planned in found.sets
        if (stated := tolerance_of(planned.part))
    )
    if first > asked:
        when = format_time(int(bars.open_time[first]))
        notes += (f"the run begins {first - asked} bars late, at {when}, where every feature has a value",)
    return Scene(
        stage=stage,
        tape=stage.tape_from(first),
        columns=columns,
        notes=(*stage.notes, *notes),
        left_out=missing,
    )


def choose_engine(parts: Parts) -> tuple[str, str]:
    """(scan or loop, why)."""
    strategy, sizer = parts.strategy.part, parts.sizer.part
    if not hasattr(strategy, "decide_all"):
        return "loop", f"{parts.strategy.offer.title} decides bar by bar (it has no decide_all)"
    if getattr(sizer, "every_bar", False) or not (hasattr(sizer, "terms") or hasattr(sizer, "size_all")):
        return "loop", f"{parts.sizer.offer.title} sizes bar by bar (it has no terms or size_all)"
    for check in parts.checks:
        if getattr(check.part, "every_bar", False) or not hasattr(check.part, "terms"):
            return "loop", f"{check.offer.title} reviews bar by bar (it has no terms)"
    if parts.observers:
        return "loop", f"{parts.observers[0].offer.title} watches events"
    return "scan", "every part has an array form"
