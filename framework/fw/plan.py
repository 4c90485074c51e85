"""The Python door: load a strategy file or hand over data, run it, sweep it, check it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.errors import FwError, SettingsError
from fw.plugins import Plugins
from fw.plugins import load as load_plugins
from fw.settings.read import plugins_of, read_strategy, strategy_from
from fw.settings.strategy import StrategyFile
from fw.workspace import Workspace

if TYPE_CHECKING:
    from fw.domain.bars import Bars
    from fw.domain.frame import Frame
    from fw.domain.market import Market
    from fw.domain.result import Result
    from fw.engine.assemble import Parts, Scene, Stage
    from fw.engine.audit import Finding
    from fw.engine.folder import RunFolder
    from fw.engine.run import EngineRun
    from fw.registry import Offer

Progress = Callable[[str, float], None]


def load(
    path: Path | str,
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Plan:
    """Read a strategy file and its plugins; SettingsError says every problem at once.

    `overrides` are written as on the command line: `["strategy.fast=5", "risk.max_exposure.limit=3"]`.
    """
    path = Path(path)
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {"profile": profile, "overrides": overrides, "environ": environ}
    # one that is not there is told with its line, by the reader
    files = [file for file in plugins_of(path, **given) if file.is_file()]
    plugins = load_plugins(files=files, environ=environ)

    def again(more: Sequence[str]) -> StrategyFile:
        return read_strategy(path, plugins.registry, **{**given, "overrides": (*overrides, *more)})

    return Plan(again(()), plugins, Workspace.here(environ), again=again)


def backtest(
    data: Market | Bars | Any,
    strategy: Any,
    *,
    funding: Any = None,
    plugins: Sequence[Path | str] = (),
    **settings: Any,
) -> Result:
    """Run a strategy over data at hand, and write nothing.

    `data` is a DataFrame (open, high, low, close and maybe volume; times as index or in a column), or a mapping from
    symbol to DataFrame, or `fw.Bars`, or a `fw.Market`; a frame without a symbol is taken for BTCUSDT. `funding` is
    a Series of rates by settlement time, or a mapping of them; without it none is paid, which the notes say.
    `strategy` is a name, a mapping, or an object with `decide`; the settings are those of strategy.yaml.
    """
    from fw.engine.given import GivenMarket, market_of

    market = market_of(data, funding=funding)
    loaded = load_plugins(files=[Path(file) for file in plugins])
    account = dict(settings.pop("account", {}))
    if all(series.funding is None for series in market.series.values()):
        account.setdefault("funding", "zero")
    whole = {
        "instruments": list(market.instruments),
        "bar": str(market.bars.size),
        "source": GivenMarket(market),
        "strategy": strategy,
        "account": account,
        **settings,
    }

    def again(more: Sequence[str]) -> StrategyFile:
        return strategy_from(whole, loaded.registry, overrides=more)

    return Plan(again(()), loaded, Workspace.here(), again=again).run(write=False)


def plan_of_run(manifest: Mapping[str, Any]) -> Plan:
    """The plan that a run folder's manifest describes."""
    file = Path(manifest["file"]) if manifest.get("file") else None
    folder = file.parent if file is not None else None
    raw = dict(manifest["settings"])
    files = [(folder or Path()) / name for name in raw.get("plugins", ())]
    plugins = load_plugins(files=files)

    def again(more: Sequence[str]) -> StrategyFile:
        return strategy_from(raw, plugins.registry, folder=folder, overrides=more, file=str(file or "manifest.json"))

    return Plan(again(()), plugins, Workspace.here(), again=again)


class Plan:
    """A strategy file, ready to run. Mutable only in what it keeps: the market, once it is read."""

    def __init__(
        self,
        settings: StrategyFile,
        plugins: Plugins,
        workspace: Workspace,
        *,
        again: Callable[[Sequence[str]], StrategyFile],
    ) -> None:
        self.settings = settings
        self.plugins = plugins
        self.workspace = workspace
        self._again = again
        self._stage: Stage | None = None
        self._fingerprint: str | None = None

    def __repr__(self) -> str:
        return f"<Plan {self.settings.name!r}: {', '.join(self.settings.instruments)} {self.settings.bar}>"

    def with_settings(self, *overrides: str) -> Plan:
        """The same plan with some settings changed, written as for --set; the market is shared where it may be."""
        changed = Plan(self._again(overrides), self.plugins, self.workspace, again=self._deeper(overrides))
        if _same_market(self.settings, changed.settings):
            changed._stage, changed._fingerprint = self._stage, self._fingerprint
        return changed

    def _deeper(self, overrides: Sequence[str]) -> Callable[[Sequence[str]], StrategyFile]:
        return lambda more: self._again((*overrides, *more))

    def market(self) -> Market:
        """The data of the run, read once, checked and on one timeline; warm-up included."""
        return self._staged(self._parts(self._make_run())).market

    def features(self) -> Mapping[str, Frame]:
        """Feature columns by instrument, one row a bar of the market."""
        from fw.domain.frame import Frame
        from fw.engine.columns import compute_columns

        parts = self._parts(self._make_run())
        market = self._staged(parts).market
        columns = compute_columns(parts.features, market)
        return {
            symbol: Frame.of({"time": market.bars.close_time, **{name: rows[k] for name, rows in columns.items()}})
            for k, symbol in enumerate(market.instruments)
        }

    def train(self) -> None:
        """Train the models of the file; SettingsError where it names none."""
        raise SettingsError("there is nothing to train: the file names no models")

    def run(self, *, write: bool = True, engine: str | None = None, progress: Progress | None = None) -> Result:
        """Backtest; with `write` a run folder is filled and the trial ledger told.

        `engine` insists on `scan` or `loop`; SettingsError where a part has no array form for the scan.
        """
        from fw.engine.folder import RunFolder, config_hash

        began = time.perf_counter()
        if not write:
            return self._finished(self._run_once(self._make_run(), engine, progress), began)
        folder = RunFolder(self.workspace, self.settings, self.plugins)
        with _told(folder):
            run = self._make_run(folder)
            self.plugins.run_starting(run)
            run.log.debug("run started", file=str(self.settings.path or ""), profile=self.settings.profile or "")
            for problem in self.plugins.problems:
                run.log.debug("plugin problem", problem=str(problem))
            result: Result | None = None
            try:
                result = self._finished(self._run_once(run, engine, progress), began)
                self._write(result, folder, config_hash(self.settings))
                run.log.debug(
                    "run finished",
                    engine=result.engine,
                    why=result.engine_reason,
                    bars=result.equity.rows,
                    seconds=round(result.seconds, 3),
                    notes=list(result.notes),
                )
            except BaseException as error:
                run.log.debug("run ended early", error=type(error).__name__, text=str(error))
                raise
            finally:
                self.plugins.run_finished(run, result)
        return result

    def sweep(
        self, over: Mapping[str, Sequence[Any]], *, engine: str | None = None, progress: Progress | None = None
    ) -> Frame:
        """Run every combination of the values by path; one row each: the values, then every metric (NaN: none)."""
        from fw.engine.sweep import sweep

        return sweep(self, over, engine=engine, progress=progress)

    def check(self) -> tuple[Finding, ...]:
        """Look for mistakes and leaks: settings, data, every feature set, the strategy."""
        from fw.engine.audit import check_plan

        return check_plan(self)

    def fingerprint(self) -> str:
        """Hex digits of the data, the same in every process."""
        if self._fingerprint is None:
            from fw.engine.fingerprint import fingerprint

            self._fingerprint = fingerprint(self.market())
        return self._fingerprint

    def _make_run(self, folder: RunFolder | None = None) -> EngineRun:
        from fw.engine.run import EngineRun, RunClock

        clock = RunClock()
        return EngineRun(
            settings=self.settings,
            workspace=self.workspace.root,
            log=_LazyLog(folder.path if folder is not None else None, self.settings.name, clock),
            ask_secret=self.plugins.secret,
            clock=clock,
        )

    def _parts(self, run: EngineRun) -> Parts:
        from fw.engine.assemble import build_parts

        return build_parts(self.settings, run, self.plugins.registry)

    def _staged(self, parts: Parts) -> Stage:
        """The market on its tape, read the first time."""
        if self._stage is None:
            from fw.engine.assemble import load_stage

            self._stage = load_stage(self.settings, parts)
        return self._stage

    def _scene(self, parts: Parts, cache: Any = None) -> Scene:
        from fw.engine.assemble import set_scene

        return set_scene(parts, self._staged(parts), cache)

    def _run_once(
        self, run: EngineRun, engine: str | None, progress: Progress | None = None, cache: Any = None
    ) -> Result:
        """One backtest in memory."""
        from fw.engine.assemble import choose_engine, terms_of
        from fw.engine.outcome import result_of

        parts = self._parts(run)
        stage = self._staged(parts)
        run.instruments = dict(zip(stage.market.instruments, stage.instruments, strict=True))
        terms = terms_of(self.settings, parts, run)
        scene = self._scene(parts, cache)
        closed = int(stage.market.bars.close_time[-1])
        run.clock.follow(lambda: closed)
        possible, reason = choose_engine(parts)
        if engine == "scan" and possible != "scan":
            raise SettingsError(f"the scan cannot run this: {reason}")
        chosen = engine or possible
        capital = self.settings.account.capital
        common: dict[str, Any] = {
            "engine": chosen,
            "engine_reason": reason if chosen == possible else "it was asked for",
            "metrics": self._metrics(run),
            "write": self._report,
        }
        if chosen == "scan":
            from fw.engine.scan import scan

            simulation = scan(parts, scene, terms, capital=capital, progress=progress)
            return result_of(simulation, scene, self.settings, **common)
        from fw.engine.loop import Loop

        loop = Loop(parts, scene, terms, run, capital=capital, progress=progress)
        simulation = loop.go()
        return result_of(
            simulation,
            scene,
            self.settings,
            tags=loop.tags,
            order_tags=loop.explicit.tags,
            vetoes=loop.vetoes,
            **common,
        )

    def _finished(self, result: Result, began: float) -> Result:
        result.seconds = time.perf_counter() - began
        return result

    def _metrics(self, run: EngineRun) -> Mapping[str, tuple[Offer, Any]]:
        """The bundled metrics, and those the file adds, built."""
        from fw.registry import BUNDLED, build_part

        found = {}
        for offer in self.plugins.registry.offers("metric"):
            if offer.distribution == BUNDLED:
                found[offer.name] = offer, build_part(offer, offer.spec(), run)
        for entry in self.settings.metrics:
            found[entry.name] = entry.provenance, build_part(entry.provenance, entry.spec, run)
        return found

    def _write(self, result: Result, folder: RunFolder, config: str) -> None:
        """Fill the run folder, let the reporters speak, and note the trial."""
        from fw.engine.folder import write_result
        from fw.engine.trials import note_trials, trial_of

        result.folder = folder.path
        write_result(result, folder.path, fingerprint=self.fingerprint(), config=config)
        result.printed = self._reported(result, folder.path)
        folder.save(data=self.fingerprint(), seconds=round(result.seconds, 3), engine=result.engine)
        note_trials(
            self.workspace.trials,
            [trial_of(result, run=folder.id, config=config, wall=folder.manifest["started"])],
        )

    def _report(self, result: Result, folder: Path) -> None:
        """Write the run's files and reports into any folder of the user's choice."""
        from fw.engine.folder import config_hash, write_result

        write_result(result, folder, fingerprint=self.fingerprint(), config=config_hash(self.settings))
        result.printed = self._reported(result, folder)

    def _reported(self, result: Result, folder: Path | None) -> tuple[str, ...]:
        from fw.registry import blame, build_part

        run, said = self._make_run(), []
        for entry in self.settings.report:
            part = build_part(entry.provenance, entry.spec, run)
            with blame(entry.provenance):
                text = part.report(result, folder)
            if text is not None:
                said.append(str(text))
        return tuple(said)


@attrs.define
class _LazyLog:
    """A logger that imports its library when the first line is logged."""

    _folder: Path | None
    _name: str
    _clock: Any
    _log: Any = None

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        if self._log is None:
            from fw.log import run_logger

            self._log = run_logger(self._folder, console=True, name=self._name, clock=self._clock)
        return getattr(self._log, method)


@contextmanager
def _told(folder: RunFolder) -> Iterator[None]:
    """Have the manifest say how the run ended, whatever happens."""
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):
            folder.end("interrupted")
        raise
    except BaseException as error:
        # a full disk takes no last word either; then it still says `running`, and why it ended is told all the same
        with suppress(OSError):
            folder.end("failed", error=str(error) if isinstance(error, FwError) else type(error).__name__)
        raise
    folder.end("finished")


def _same_market(one: StrategyFile, other: StrategyFile) -> bool:
    """Whether two settings read the same data and lay it out the same way."""
    return (
        one.source == other.source
        and one.instruments == other.instruments
        and one.bar == other.bar
        and one.account.mark == other.account.mark
        and one.account.funding == other.account.funding
        and one.account.rules == other.account.rules
        and one.account.venue == other.account.venue
    )
