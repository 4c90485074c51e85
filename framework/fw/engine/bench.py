"""Where a plan is worked on: its parts built, its market laid out once, runs made in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from fw.engine.assemble import (
    Parts,
    Ready,
    Scene,
    Stage,
    build_parts,
    choose_engine,
    load_stage,
    needs_of,
    set_scene,
    terms_of,
    traded_period,
)
from fw.engine.bounds import Again, as_before
from fw.engine.columns import compute_columns
from fw.engine.contracts import check_contracts
from fw.engine.finer import WALKED
from fw.engine.fingerprint import fingerprint
from fw.engine.folder import config_hash, write_result
from fw.engine.kept import KeptColumns
from fw.engine.loop import Loop
from fw.engine.needs import Present, left_out, present
from fw.engine.outcome import result_of
from fw.engine.run import EngineRun, RunClock
from fw.engine.scan import scan
from fw.engine.trials import trials_beside
from fw.errors import SettingsError
from fw.ledger.memory import keep_freed_memory
from fw.registry import BUNDLED, blame, build_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw.domain.market import Market
    from fw.domain.result import Result
    from fw.engine.columns import Cache
    from fw.plugins import Plugins
    from fw.progress import Progress
    from fw.registry import Offer
    from fw.settings.strategy import StrategyFile
    from fw.workspace import Workspace


class Bench:
    """One plan's workplace. Mutable only in what it keeps: the market, once it is read, and its fingerprint."""

    def __init__(self, settings: StrategyFile, plugins: Plugins, workspace: Workspace) -> None:
        keep_freed_memory()
        self.settings, self.plugins, self.workspace = settings, plugins, workspace
        self._stage: Stage | None = None
        self._fingerprint: str | None = None

    def share(self, other: Bench) -> Bench:
        """Take over the market of another bench, where the settings read the same data in the same way."""
        if _market_asked(self.settings) == _market_asked(other.settings):
            self._stage, self._fingerprint = other._stage, other._fingerprint
        return self

    @property
    def has_market(self) -> bool:
        """Whether its market was read."""
        return self._stage is not None

    def make_run(self, folder: Path | None = None, *, console: bool = True) -> EngineRun:
        """What the parts of one run are given; with a folder it keeps a log there."""
        clock = RunClock()
        return EngineRun(
            settings=self.settings,
            workspace=self.workspace.root,
            log=_LazyLog(folder, self.settings.name, clock, console),
            ask_secret=self.plugins.secret,
            clock=clock,
        )

    def parts(self, run: EngineRun) -> Parts:
        """Every part, built for one run."""
        return build_parts(self.settings, run, self.plugins.registry)

    def stage(self, parts: Parts) -> Stage:
        """The market on its tape, read the first time."""
        if self._stage is None or not needs_of(parts) <= self._stage.asked:
            self._stage, self._fingerprint = load_stage(self.settings, parts), None
        return self._stage

    def scene(self, parts: Parts, run: EngineRun, cache: Cache | None = None, *, keep: bool = False) -> Scene:
        """The stage with its features; the run learns its instruments."""
        stage = self.stage(parts)
        check_contracts(self.settings.account, stage.instruments)
        run.instruments = dict(zip(stage.market.instruments, stage.instruments, strict=True))
        run.period = traded_period(self.settings, stage.market)
        return set_scene(parts, stage, cache, self.kept() if keep else None)

    def columns(self, *, progress: Progress | None = None) -> tuple[Market, Mapping[str, NDArray[np.float64]]]:
        """The market and its feature columns, float64[instrument, bar]; slow ones are kept on disk."""
        market, found = self._present()
        kept = self.kept()
        return market, compute_columns(found.sets, market, kept=kept, left_out=found.notes, progress=progress)

    def left_out(self) -> tuple[str, ...]:
        """Notes on the feature sets that are left out for want of data."""
        market, found = self._present()
        newest = market.trailing(1)  # enough to learn what the columns are called
        return left_out(found, compute_columns(found.sets, newest) if found.notes else ())

    def _present(self) -> tuple[Market, Present]:
        parts = self.parts(self.make_run())
        market = self.stage(parts).market
        return market, present(parts.features, market, parts.source.offer.title)

    def kept(self) -> KeptColumns:
        """Feature columns that earlier runs left on disk, and where this one's go."""
        bars = f"{self.settings.bar} {' '.join(self.settings.instruments)}"  # of which a fingerprint says nothing
        return KeptColumns(self.workspace.cache / "features", lambda: f"{self.fingerprint()} {bars}")

    def fingerprint(self) -> str:
        """Hex digits of the data, the same in every process."""
        if self._fingerprint is None:
            self._fingerprint = fingerprint(self.stage(self.parts(self.make_run())).data)
        return self._fingerprint

    def backtest(
        self,
        run: EngineRun,
        *,
        engine: str | None,
        progress: Progress | None = None,
        bounds: Literal["now", "asked"],
        keep: bool = False,
    ) -> Result:
        """One run in memory; SettingsError where the engine asked for cannot do it.

        With `keep`, slow feature columns are kept on disk for the runs to come. `bounds` says when the run is made once
        more for its ambiguous bars: at once, or when the result is asked for them.
        """
        unused = as_before(self.settings)
        ready = self.ready(run, engine=engine, keep=keep)
        result = self.driven(ready, progress=progress)
        if result.totals["ambiguous_bars"]:
            shown = progress if bounds == "now" else None
            result.bound = Again(bench=self, settings=unused, first=ready, progress=shown)
            if bounds == "now":
                _ = result.bounds
        return result

    def ready(
        self,
        run: EngineRun,
        *,
        engine: str | None,
        cache: Cache | None = None,
        metrics: Sequence[str] | None = None,
        keep: bool = False,
    ) -> Ready:
        """A run up to its first bar; SettingsError where the engine asked for cannot do it.

        `metrics` names those that the result can be asked for; None: all.
        """
        parts = self.parts(run)
        scene = self.scene(parts, run, cache, keep=keep)
        terms = terms_of(self.settings, parts, run)
        closed = run.period[1]
        run.clock.follow(lambda: closed)
        possible, reason = choose_engine(parts)
        if engine == "scan" and possible != "scan":
            raise SettingsError(f"the scan cannot run this: {reason}")
        chosen = engine or possible
        reason = reason if chosen == possible else "it was asked for"
        measured = self.metrics(run, metrics)
        return Ready(run=run, parts=parts, scene=scene, terms=terms, engine=chosen, reason=reason, metrics=measured)

    def driven(self, ready: Ready, *, progress: Progress | None = None) -> Result:
        """A run, driven to its last bar."""
        capital = self.settings.account.capital
        said: dict[str, Any] = {}
        if ready.engine == "scan":
            simulation = scan(ready.parts, ready.scene, ready.terms, capital=capital, progress=progress)
        else:
            loop = Loop(ready.parts, ready.scene, ready.terms, ready.run, capital=capital, progress=progress)
            simulation = loop.go()
            said = {"tags": loop.tags, "order_tags": loop.explicit.tags, "vetoes": loop.vetoes}
        result = result_of(
            simulation,
            ready.scene,
            self.settings,
            engine=ready.engine,
            engine_reason=ready.reason,
            metrics=ready.metrics,
            write=self.write,
            recall=lambda result: trials_beside(result, self.workspace.trials),
            notes=ready.terms.notes,
            **said,
        )
        simulation.release_signals()
        return result

    def metrics(self, run: EngineRun, names: Sequence[str] | None = None) -> Mapping[str, tuple[Offer, Any]]:
        """The bundled metrics, and those the file adds, built; with `names` these only."""
        found = {}
        for offer in self.plugins.registry.offers("metric"):
            if offer.distribution == BUNDLED and (names is None or offer.name in names):
                found[offer.name] = offer, build_part(offer, offer.spec(), run)
        for entry in self.settings.metrics:
            if names is None or entry.name in names:
                found[entry.name] = entry.provenance, build_part(entry.provenance, entry.spec, run)
        return found

    def reporters(self, run: EngineRun) -> list[tuple[Offer, Any]]:
        """What the file's `report` names, built."""
        return [(entry.provenance, build_part(entry.provenance, entry.spec, run)) for entry in self.settings.report]

    def write(self, result: Result, folder: Path, reporters: Sequence[tuple[Offer, Any]] | None = None) -> None:
        """Write a run's files into a folder, and let the reporters write and speak."""
        write_result(result, folder, fingerprint=self.fingerprint(), config=config_hash(self.settings))
        result.printed = self.reported(
            result, folder, self.reporters(self.make_run()) if reporters is None else reporters
        )

    def reported(self, result: Result, folder: Path, reporters: Sequence[tuple[Offer, Any]]) -> tuple[str, ...]:
        """Let the reporters write into a run's folder; what they have to say."""
        said = []
        for offer, part in reporters:
            with blame(offer):
                text = part.report(result, folder)
            if text is not None:
                said.append(str(text))
        return tuple(said)


@attrs.define
class _LazyLog:
    """A logger that imports its library when the first line is logged."""

    _folder: Path | None
    _name: str
    _clock: RunClock
    _console: bool
    _log: Any = None

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        if self._log is None:
            from fw.log import run_logger

            self._log = run_logger(self._folder, console=self._console, name=self._name, clock=self._clock)
        return getattr(self._log, method)


def _walked(settings: StrategyFile) -> str | None:
    """The bar path where it decides how the market is laid out."""
    path = settings.simulation.bar_path
    return path if path in WALKED else None


def _market_asked(settings: StrategyFile) -> tuple[Any, ...]:
    """All that decides which data is read, and how it is laid out."""
    account, simulation = settings.account, settings.simulation
    told = account.mark, account.funding, account.rules, account.venue
    return settings.source, settings.instruments, settings.bar, simulation.finer, _walked(settings), *told
