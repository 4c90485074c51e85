"""`fw check`: everything that can be known to be wrong before a run is believed, leaks above all.

A feature set is computed with and without the future, at every bar of a stretch. A strategy is run on the whole
history and on histories cut short: what it decided up to the cut must be the same, in whole arrays and bar by bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.decision import Orders
from fw.domain.time import format_time
from fw.engine.assemble import Parts, Scene, choose_engine, lay_stage, set_scene, terms_of
from fw.engine.columns import PlannedSet
from fw.engine.leaks import feature_contract, tolerance_of
from fw.engine.loop import Loop
from fw.engine.needs import present
from fw.engine.scan import scan
from fw.errors import PluginError
from fw.ledger.kinds import SIGNAL_FIELDS
from fw.registry import blame

if TYPE_CHECKING:
    from fw.domain.decision import Decision
    from fw.domain.market import Market
    from fw.engine.bench import Bench
    from fw.engine.run import EngineRun
    from fw.ledger.simulation import Simulation
    from fw.parts.view import View

STRETCH = 300
"""Bars at the end of the data whose feature rows are all tested, beyond the set's own lookback."""
CUTS = 24
"""Places at which the strategy's history is cut short."""
BEFORE_CUT = 400
"""Bars a cut run trades, beyond what its features and its view look back on."""


@attrs.frozen
class Finding:
    """One thing that was looked at."""

    ok: bool
    title: str
    text: str = ""


Ordered = tuple[int, str, Orders]
"""When, for which instrument, and the explicit orders of one decision."""


class Listener:
    """A strategy as it is, but for taking down the explicit orders it decides. Mutable: it grows."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self.ordered: list[Ordered] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._part, name)

    def decide(self, view: View) -> Decision:
        decision: Decision = self._part.decide(view)
        if isinstance(decision, tuple) and decision:
            self.ordered.append((view.time, view.instrument, decision))
        return decision


def audit(bench: Bench) -> tuple[Finding, ...]:
    """Look at the data, every feature set and the strategy; errors of the tree pass, for they say it themselves."""
    run = bench.make_run(console=False)  # observers see the same bars many times
    parts = bench.parts(run)
    bench.reporters(run)
    stage = bench.stage(parts)
    bars = stage.market.bars
    findings = [
        Finding(True, "settings", "; ".join((bench.settings.name, *bench.settings.notes))),
        Finding(
            True,
            "data",
            f"{len(bars):,} bars of {', '.join(stage.market.instruments)} from {format_time(int(bars.open_time[0]))} "
            f"to {format_time(int(bars.close_time[-1]))}",
        ),
    ]
    found = present(parts.features, stage.market, parts.source.offer.title)
    findings += [_check_features(planned, stage.market) for planned in found.sets]
    scene = bench.scene(parts, run)
    findings += [Finding(True, "features", note) for note in scene.left_out]
    findings.append(_check_strategy(bench, parts, scene, run))
    return tuple(findings)


def _check_features(planned: PlannedSet, market: Market) -> Finding:
    if planned.is_derived:
        return Finding(True, f"features.{planned.entry}", "works row by row on columns that are checked themselves")
    """The leak contract on the last stretch of the data."""
    title = f"{planned.offer.title}{f' at {planned.bar}' if planned.bar else ''}"
    focused = market.of(planned.on) if planned.on else market
    sized = focused.resampled(planned.bar) if planned.bar else focused
    rows = min(len(sized.bars), STRETCH + 2 * int(planned.part.lookback))
    stretch = sized.between(int(sized.bars.open_time[-rows]), None)
    try:
        with blame(planned.offer):
            leaks = feature_contract(planned.part, stretch)
    except (AssertionError, PluginError) as broken:
        return Finding(False, title, str(broken))
    if leaks:
        return Finding(False, title, "; ".join(map(str, leaks)))
    stated = tolerance_of(planned.part)
    return Finding(True, title, f"no leak in {rows} bars" + (f", to its tolerance of {stated:g}" if stated else ""))


def _check_strategy(bench: Bench, parts: Parts, scene: Scene, run: EngineRun) -> Finding:
    """Cut the history at several bars: nothing decided up to a cut may change."""
    title = parts.strategy.offer.title
    terms = terms_of(bench.settings, parts, run)
    capital = bench.settings.account.capital
    can_scan, _ = choose_engine(parts)
    window = _window(scene, parts)

    def decided(market: Market, engine: str) -> tuple[Simulation, list[Ordered]]:
        laid = lay_stage(bench.settings, [market], start=None)
        stage = attrs.evolve(scene.stage, market=laid.market, tape=laid.tape, block=laid.block, data=laid.data)
        # parts may remember, and draw random numbers: each cut is decided by new ones, in a new run
        anew = bench.make_run(console=False)
        anew.instruments = run.instruments
        fresh = bench.parts(anew)
        cut = set_scene(fresh, stage)
        if engine == "scan":
            return scan(fresh, cut, terms, capital=capital), []
        listener = Listener(fresh.strategy.part)
        fresh = attrs.evolve(fresh, strategy=attrs.evolve(fresh.strategy, part=listener))
        return Loop(fresh, cut, terms, anew, capital=capital, progress=None).go(), listener.ordered

    for engine in ("scan", "loop") if can_scan == "scan" else ("loop",):
        whole_market = window
        whole, ordered = decided(whole_market, engine)
        for cut in _cuts(whole, ordered):
            time = whole.close_time(cut)
            try:
                short, ordered_then = decided(whole_market.known(time), engine)
            except PluginError as error:
                return Finding(False, title, f"it fails when the history ends at {format_time(time)}: {error}")
            said, blamed = None, title
            if (difference := _first_difference(whole, short, cut)) is not None:
                said = _words(difference, whole, whole_market)
            elif (known := [orders for orders in ordered if orders[0] <= time]) != ordered_then:
                said = _words_of_orders(known, ordered_then)
            elif (bar := _first_other_scale(whole, short)) is not None:
                blamed, said = parts.sizer.offer.title, f"the size at {format_time(whole.close_time(bar))} is one"
            if said is not None:
                return Finding(
                    False,
                    blamed,
                    f"{said} with the whole history, but otherwise when the history "
                    f"ends at {format_time(time)} ({engine}): it reads what was not known yet",
                )
    if can_scan == "scan":
        (arrays, _), (bars, _) = decided(window, "scan"), decided(window, "loop")
        if (difference := _first_difference(arrays, bars, arrays.tape.bars - 1)) is not None:
            said = _words(difference, arrays, window)
            return Finding(False, title, f"decide_all and decide differ: {said} by decide_all, and otherwise by decide")
    bars_decided = whole.tape.clock_bars
    return Finding(True, title, f"nothing it decided in {bars_decided} bars changes when its future is cut off")


def _window(scene: Scene, parts: Parts) -> Market:
    """The end of the data as it was read, long enough for start-up, the view and the cuts."""
    market = scene.stage.market
    clock = market.bars.size
    back = max([0, *(planned.lookback(clock) for planned in parts.features)])
    rows = min(len(market.bars), back + min(parts.lookback, BEFORE_CUT) + BEFORE_CUT)
    return scene.stage.data.between(int(market.bars.open_time[-rows]), None)


def _cuts(whole: Simulation, ordered: list[Ordered]) -> Iterator[int]:
    """Bars to cut at: where something was just decided, for there a peek shows, and some in between."""
    tape = whole.tape
    first, last = tape.first, tape.clock_bars - 2
    times = np.array([time for time, _, _ in ordered], dtype=np.int64)
    placed = np.searchsorted(tape.open_time, times) - 1  # known at its close, at which the next one opens
    changed = np.unique(tape.clock_bar(np.concatenate((whole.decisions["bar"], placed))))
    changed = changed[(changed > first) & (changed <= last)]
    chosen = set(map(int, changed[np.linspace(0, len(changed) - 1, min(CUTS, len(changed))).astype(int)]))
    chosen |= {bar - 1 for bar in chosen if bar - 1 > first}
    chosen |= set(map(int, np.linspace(first + 1, last, CUTS // 2))) if last > first else set()
    for bar in map(tape.last, sorted(chosen)):
        if tape.open_time[bar] + tape.size.ns == tape.close_time(bar):  # else cutting there leaves a bar unfinished
            yield bar


def _first_difference(whole: Simulation, short: Simulation, cut: int) -> Any:
    """The first decision up to the cut that differs, from either side; None: all are the same."""
    one, other = (rows[rows["bar"] <= cut] for rows in (whole.decisions, short.decisions))
    count = min(len(one), len(other))
    unequal = np.flatnonzero(one[:count] != other[:count])
    if len(unequal):
        return one[unequal[0]]
    if len(one) != len(other):
        return (one if len(one) > count else other)[count]
    return None


def _first_other_scale(whole: Simulation, short: Simulation) -> int | None:
    """The first bar of the shorter history for which an array sizer says another size; None: there is none."""
    if whole.scales is None or short.scales is None:
        return None
    one, other = whole.scales[:, : short.scales.shape[1]], short.scales
    bars = np.flatnonzero(((one != other) & ~(np.isnan(one) & np.isnan(other))).any(axis=0))
    return int(bars[0]) if len(bars) else None


def _words(row: Any, whole: Simulation, market: Market) -> str:
    """A decision in words."""
    names = dict(zip(SIGNAL_FIELDS, ("strength", "stop", "take", "trail", "limit", "expiry"), strict=True))
    said = {name: float(row[column]) for name, column in names.items() if row[column]}
    wanted = ", ".join(f"{name} {value:g}" for name, value in said.items()) or "strength 0"
    when = format_time(whole.close_time(int(row["bar"])))
    return f"{market.instruments[int(row['instrument'])]} at {when} is decided {wanted}"


def _words_of_orders(whole: list[Ordered], short: list[Ordered]) -> str:
    """The first orders that differ, in words."""
    pairs = zip_longest(whole, short)
    time, instrument, _ = next(one or other for one, other in pairs if one != other)
    return f"{instrument} at {format_time(time)} is given orders"
