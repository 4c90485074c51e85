"""The Python door: load a strategy file or hand over data, run it, sweep it, check it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.errors import SettingsError
from fw.plugins import Plugins
from fw.plugins import load as load_plugins
from fw.progress import Progress
from fw.registry import nearest
from fw.settings.merge import as_override
from fw.settings.read import Draft, look_at, plugins_of, strategy_from
from fw.settings.strategy import StrategyFile
from fw.workspace import Workspace

if TYPE_CHECKING:
    from fw.domain.bars import Bars
    from fw.domain.frame import Frame
    from fw.domain.market import Market
    from fw.domain.result import Result
    from fw.engine.audit import Finding
    from fw.engine.bench import Bench
    from fw.engine.streamed import Watch
    from fw.parts.features import FeatureSet
    from fw.registry import Registry

Refused = Callable[[Mapping[str, Any], SettingsError], None]


def load(
    path: Path | str,
    *,
    profile: str | None = None,
    overrides: Sequence[str] | Mapping[str, Any] = (),
    environ: Mapping[str, str] | None = None,
) -> Plan:
    """Read a strategy file and its plugins; SettingsError says every problem at once.

    `overrides` are written as on the command line, `["strategy.fast=5"]`, or as a mapping, `{"strategy.fast": 5}`.
    """
    path = Path(path)
    if isinstance(overrides, Mapping):
        overrides = [as_override(setting, value) for setting, value in overrides.items()]
    environ = os.environ if environ is None else environ
    # one that is not there is told with its line, by the reader
    named = plugins_of(path, profile=profile, overrides=overrides, environ=environ)
    plugins = load_plugins(files=[file for file in named if file.is_file()], environ=environ)
    draft = Draft(path, plugins.registry, profile=profile, environ=environ)

    def again(more: Sequence[str]) -> StrategyFile:
        return draft.finished((*overrides, *more))

    return Plan(again(()), plugins, Workspace.here(environ), again=again)


def catalog(path: Path | str | None = None, *, environ: Mapping[str, str] | None = None) -> Registry:
    """Every part that can be named: those of installed plugins, and of the plugin files that a strategy file lists.

    What else stands in the file is not judged; SettingsError where it cannot be read.
    """
    environ = os.environ if environ is None else environ
    files: Sequence[Path] = ()
    if path is not None:
        look_at(Path(path))
        files = plugins_of(Path(path), environ=environ)
    return load_plugins(files=files, environ=environ).registry


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
    `strategy` is a name, a mapping, or an object with `decide`; the settings are those of strategy.yaml, as in
    `account={"capital": 5000}`; of `source` only start, end and gaps.
    """
    from fw.engine.given import GivenMarket, market_of

    market = market_of(data, funding=funding)
    loaded = load_plugins(files=[Path(file) for file in plugins])
    account = dict(settings.pop("account", {}))
    if all(series.funding is None for series in market.series.values()):
        account.setdefault("funding", "zero")
    source = dict(settings.pop("source", {}))
    if "use" in source:
        raise SettingsError("the data is at hand: source may say start, end and gaps, and no use")
    whole = {
        "instruments": list(market.instruments),
        "bar": str(market.bars.size),
        "source": {"use": GivenMarket(market), **source},
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
        said = str(file or "manifest.json")
        return attrs.evolve(strategy_from(raw, plugins.registry, folder=folder, overrides=more, file=said), path=file)

    return Plan(again(()), plugins, Workspace.here(), again=again)


class Plan:
    """A strategy file, ready to run. The market is read once and kept."""

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
        self._bench: Bench | None = None

    def __repr__(self) -> str:
        return f"<Plan {self.settings.name!r}: {', '.join(self.settings.instruments)} {self.settings.bar}>"

    @property
    def bench(self) -> Bench:
        """Where it is worked on; numba and the engine are imported only then."""
        if self._bench is None:
            from fw.engine.bench import Bench

            self._bench = Bench(self.settings, self.plugins, self.workspace)
        return self._bench

    def with_settings(self, *overrides: str) -> Plan:
        """The same plan with some settings changed, written as for --set; the market is shared where it may be."""
        changed = Plan(
            self._again(overrides),
            self.plugins,
            self.workspace,
            again=lambda more: self._again((*overrides, *more)),
        )
        changed.bench.share(self.bench)
        return changed

    def market(self) -> Market:
        """The data of the run, read once, checked and on one timeline; warm-up included."""
        return self.bench.stage(self.bench.parts(self.bench.make_run())).market

    def period(self) -> tuple[int, int]:
        """Open of the first bar that may be traded and close of the last, ns: the market without its warm-up."""
        from fw.engine.assemble import traded_period

        return traded_period(self.settings, self.market())

    def feature_sets(self) -> tuple[FeatureSet, ...]:
        """Every feature set of a run: those that the file lists, and those that its strategy brings along."""
        return tuple(planned.part for planned in self.bench.parts(self.bench.make_run()).features)

    def features(self, *, progress: Progress | None = None) -> Mapping[str, Frame]:
        """Feature columns by instrument, one row a bar of the market; `time` is the bar's close, when they are known.

        Without feature sets, in the file or brought by the strategy, there is only `time`. What took long is kept in
        the workspace for the next time, as a run does.
        """
        from fw.domain.frame import Frame

        market, columns = self.bench.columns(progress=progress)
        return {
            symbol: Frame.of({"time": market.bars.close_time, **{name: rows[k] for name, rows in columns.items()}})
            for k, symbol in enumerate(market.instruments)
        }

    def left_out(self) -> tuple[str, ...]:
        """Which feature sets a run does without, and why: those that say `missing: skip` and lack their data."""
        return self.bench.left_out()

    def train(self) -> None:
        """Train the models of the file; SettingsError where it names none, or none that can be trained."""
        from fw.engine.assemble import refuse_models

        refuse_models(self.settings)
        raise SettingsError("there is nothing to train: the file names no models")

    def run(
        self,
        *,
        write: bool = True,
        engine: str | None = None,
        progress: Progress | None = None,
        until: int | None = None,
        bars: int | None = None,
        watch: Watch | None = None,
    ) -> Result:
        """Backtest; with `write` a run folder is filled and the trial ledger told.

        `engine` insists on `scan` or `loop`; SettingsError where a part has no array form for the scan.

        Where the source is live, it runs on what happens from now on, in the folder of its account, and for ever:
        `until` ends it at a close (ns), `bars` after so many. `watch` is given a function that tells how it stands.
        """
        began = time.perf_counter()
        if self.settings.source.live:
            return self._run_on(write, engine, until, bars, watch)
        if until is not None or bars is not None:
            raise SettingsError("history ends by source.end; until and bars are for a source that is live")
        if write:
            from fw.engine.written import written_run

            return written_run(self.bench, engine=engine, progress=progress, began=began)
        run = self.bench.make_run()
        self.plugins.run_starting(run)
        result: Result | None = None
        try:
            result = self.bench.backtest(run, engine=engine, progress=progress, bounds="asked")
            result.seconds = time.perf_counter() - began
        finally:
            self.plugins.run_finished(run, result)
        return result

    def _run_on(
        self, write: bool, engine: str | None, until: int | None, bars: int | None, watch: Watch | None
    ) -> Result:
        """Run on what happens."""
        from fw.engine.streamed import streamed_run

        if not write:
            raise SettingsError("source.live: an account needs its folder; a live run is always written")
        if engine == "scan":
            raise SettingsError("the scan cannot run this: it wants all bars at once, and these are still to come")
        return streamed_run(self.bench, until=until, moments=bars, watch=watch)

    def sweep(
        self,
        over: Mapping[str, Sequence[Any]],
        *,
        metrics: Sequence[str] | None = None,
        engine: str | None = None,
        progress: Progress | None = None,
        refused: Refused | None = None,
    ) -> Frame:
        """Run every combination of the values by path; one row each: the values, then its metrics (NaN: none).

        `metrics` names those to measure, which saves the time of the others; without it all are. The last column,
        `ended`, says when a risk check ended trading for good; empty where none did. Combinations that a part refuses
        are left out; `refused` is called with the values and the error of each.
        """
        from fw.engine.sweep import sweep

        self.market()
        if metrics is not None:
            check_names(metrics, self.bench.metrics(self.bench.make_run()))
        return sweep(
            lambda overrides: self.with_settings(*overrides).bench,
            over,
            trials=self.workspace.trials,
            engine=engine,
            metrics=metrics,
            progress=progress,
            refused=refused,
        )

    def check(self) -> tuple[Finding, ...]:
        """Look for mistakes and leaks: settings, data, every feature set, the strategy."""
        from fw.engine.audit import audit

        return audit(self.bench)

    def fingerprint(self) -> str:
        """Hex digits of the data, the same in every process."""
        return self.bench.fingerprint()


def check_names(names: Sequence[str], known: Iterable[str]) -> None:
    """SettingsError for a metric that nobody offers; before hours of work rather than after."""
    for name in names:
        if name not in known:
            close = nearest(name, known)
            raise SettingsError(f"there is no metric {name!r}." + (f" Did you mean {close!r}?" if close else ""))
