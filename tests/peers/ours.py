"""Our own side: the same work as each peer does, through the Python door."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import columns
import live_row
import market
import numpy as np
import worker

import fw

HERE = Path(__file__).resolve().parent
CROSSING = f"{{use: sma_cross, fast: {market.FAST}, slow: {market.SLOW}}}"

BRACKETS = "stop_loss: 0.005, take_profit: 0.01"

FILE = """
name: peers
plugins: [{plugins}]
instruments: [BTCUSDT]
bar: 1m
account: {{capital: {capital:.0f}, margin: cross, leverage: 10, allow_high_leverage: true, funding: zero}}
simulation: {{slippage: {{bps: {slippage}}}}}
source: {{use: files, bars: {bars}}}
strategy: {strategy}
sizer: one_coin
broker: backtest
"""


REAL = """
name: peers
plugins: [{plugins}]
instruments: [{instruments}]
bar: 1m
account: {{capital: 1e7, margin: cross, leverage: 10, allow_high_leverage: true, mark: required, funding: required}}
simulation: {{slippage: {{bps: 1, impact: 1}}}}
source:
  use: files
  bars: {folder}/{{instrument}}.parquet
  mark: {folder}/{{instrument}}_mark.parquet
  funding: {folder}/{{instrument}}_funding.parquet
strategy: {strategy}
sizer: {{use: fixed_quantity, quantity: 1}}
broker: backtest
"""
"""All that a perpetual future costs: marks, tiers of the venue, funding, its fees, impact that grows with size."""


def plan_of(bars: Path, strategy: str) -> fw.Plan:
    """A plan whose data is in memory."""
    return _read(FILE, strategy, capital=market.CAPITAL, slippage=market.SLIPPAGE * 1e4, bars=bars)


def real_plan_of(folder: Path, strategy: str) -> fw.Plan:
    """The same with all that futures have, on every contract that the folder has bars of."""
    contracts = [name for name in market.TEN if (folder / f"{name}.parquet").exists()]
    return _read(REAL, strategy, folder=folder, instruments=", ".join(contracts))


def _read(file: str, strategy: str, **more: Any) -> fw.Plan:
    text = file.format(plugins=HERE / "rivals.py", strategy=strategy, **more)
    path = Path(tempfile.mkdtemp()) / "strategy.yaml"
    path.write_text(text, encoding="utf-8")
    plan = fw.load(path)
    plan.market()
    return plan


def fills_of(result: fw.Result) -> dict[str, Any]:
    """Fills as bar numbers and signed coins."""
    return {
        "bar": (result.fills["time"] - market.FIRST) // market.MINUTE,
        "quantity": np.copysign(result.fills["quantity"], result.fills["lots"]),
    }


def running(strategy: str, *numbers: str, plan_of: Callable[[Path, str], fw.Plan] = plan_of) -> Any:
    """A case: run the strategy, and read the metrics named; no name, none; `all`, every one."""

    def prepare(path: Path) -> worker.Job:
        plan = plan_of(path, strategy)

        def job() -> dict[str, Any]:
            result = plan.run(write=False)
            names = tuple(result.metrics) if numbers == ("all",) else numbers
            return LazyAnswer(result, [float(result.equity["equity"][-1]), *(result.metrics[name] for name in names)])

        return job

    return prepare


def sweeping(strategy: str, *numbers: str, plan_of: Callable[[Path, str], fw.Plan] = plan_of) -> Any:
    """A case: every pair of averages in one call; the answer is the first number of each combination."""

    def prepare(path: Path) -> worker.Job:
        os.environ["FW_HOME"] = tempfile.mkdtemp()  # each combination is noted as a trial there
        plan = plan_of(path, strategy)
        over = {"strategy.fast": market.FASTS, "strategy.slow": market.SLOWS}
        return lambda: plan.sweep(over, metrics=numbers)[numbers[0]]

    return prepare


class LazyAnswer(dict[str, Any]):
    """The answer to a run, turned into bars and coins only when it is sent: peers are asked for no such thing."""

    def __init__(self, result: fw.Result, numbers: list[Any]) -> None:
        super().__init__(numbers=[number if isinstance(number, float) else str(number) for number in numbers])
        self.result = result

    def complete(self) -> dict[str, Any]:
        return self | fills_of(self.result)


def fingerprint(path: Path) -> worker.Job:
    """What names the data in a run's manifest."""
    from fw.engine.fingerprint import fingerprint

    whole = plan_of(path, CROSSING).market()
    return lambda: fingerprint(whole)


def files(path: Path) -> worker.Job:
    """The files of a run and its report, into a fresh folder each time."""
    result = plan_of(path, CROSSING).run(write=False)

    def job() -> str:
        with tempfile.TemporaryDirectory() as folder:
            return str(result.report(Path(folder) / "run"))

    return job


def features(path: Path) -> worker.Job:
    """Every column of the feature sets that a file names, of a market that is there, none of them kept from before."""
    from fw.engine.columns import compute_columns

    plan = _read(
        FILE + "features: [{features}]\n",
        "buy_and_hold",
        capital=market.CAPITAL,
        slippage=0,
        bars=path,
        features=", ".join(columns.SETS),
    )
    whole, sets = plan.market(), plan.bench.parts(plan.bench.make_run()).features
    return lambda: columns.Answer({name: rows[0] for name, rows in compute_columns(sets, whole).items()})


def features_on_one_core(path: Path) -> worker.Job:
    """The same in one thread, as the others: it takes as many as the process has cores."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return features(path)


def metrics(path: Path) -> worker.Job:
    """Four metrics of an equity curve; the run around it is made once, the curve is a fresh one for each job."""
    import attrs

    close = np.ascontiguousarray(market.read(path)["close"])
    run = plan_of(path, "buy_and_hold").run(write=False)
    curve = fw.Frame.of({"time": run.equity["time"], "equity": close})

    def job() -> dict[str, Any]:
        result = attrs.evolve(run, equity=curve, capital=float(close[0]))
        return {name: result.metrics[name] for name in ("sharpe", "sortino", "calmar", "max_drawdown")}

    return job


def both_engines(path: Path) -> worker.Job:
    """Every column of every fill, scan against loop."""
    plan = plan_of(path, CROSSING)

    def job() -> dict[str, int]:
        scan, loop = (plan.run(write=False, engine=engine) for engine in ("scan", "loop"))
        same = len(scan.fills["time"]) == len(loop.fills["time"])
        differ = sum(int((scan.fills[name] != loop.fills[name]).any()) for name in scan.fills) if same else 1
        return {
            "fills": scan.fills.rows,
            "differ": differ + int((scan.equity["equity"] != loop.equity["equity"]).any()),
        }

    return job


if __name__ == "__main__":
    worker.serve(
        {
            "scan": running(CROSSING, "max_drawdown", "sharpe"),
            "all_metrics": running(CROSSING, "all"),
            "loop": running("last_50"),
            "loop_float": running("last_50_float"),
            "loop_changes": running("last_50_changes"),
            "loop_brackets": running("{use: last_50_changes, bracket: 0.5}"),
            "real": running(f"{CROSSING[:-1]}, {BRACKETS}}}", "max_drawdown", "sharpe", plan_of=real_plan_of),
            "sweep": sweeping("sides", "final_equity"),
            "real_sweep": sweeping(
                "{use: sides, stop: 0.005, take: 0.01}", "sharpe", "max_drawdown", plan_of=real_plan_of
            ),
            "fingerprint": fingerprint,
            "files": files,
            "features": features,
            "features_on_one_core": features_on_one_core,
            "live_row": live_row.live_row,
            "metrics": metrics,
            "both_engines": both_engines,
        },
        {"fw": fw.__version__},
    )
