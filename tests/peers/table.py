"""Prints the table of speeds as Markdown: `python tests/peers/table.py [--into PAGE] [--bars 1000000] [--rounds 7]`.

Processes of ours and of the peers take turns on the same bars; counted is the CPU time of each process.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import columns
import environments
import market
import numpy as np
from worker import Worker

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
OURS = Path(sys.executable)

SCRIPTS = {
    "fw": "ours.py",
    "floor": "floor.py",
    "empyrical": "peer_empyrical.py",
    "vectorbt": "peer_vectorbt.py",
    "backtesting": "peer_backtesting.py",
    "nautilus": "peer_nautilus.py",
    "talib": "peer_talib.py",
    "pandas_ta": "peer_pandas_ta.py",
    "ta": "peer_ta.py",
}
COLD_STARTS = 5
LIVE_BARS = 200  # of one job of live_row.py
FEW = 3
"""Rounds where a peer takes minutes for one."""


@contextmanager
def workers(*names: str) -> Iterator[list[Worker]]:
    """One process for each name, all ended together."""
    with ExitStack() as stack:
        pythons = [environments.make(name) if name in environments.PEERS else OURS for name in names]
        yield [
            stack.enter_context(Worker(name, python, HERE / SCRIPTS[name]))
            for name, python in zip(names, pythons, strict=True)
        ]


class Table:
    """The rows found so far. Mutable: it grows as the measurements come in."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.rows: list[tuple[str, str, str, str, str]] = []
        self.notes: list[str] = []
        self.versions: dict[str, str] = {"Python": platform.python_version()}

    def add(self, what: str, ours: str, peer: str, ratio: str, goal: str) -> None:
        self.rows.append((what, ours, peer, ratio, goal))
        print("  " + "; ".join(cell for cell in self.rows[-1] if cell), file=sys.stderr, flush=True)

    def bars(self, count: int) -> Path:
        """The walk of this length as a file, written once."""
        path = self.folder / f"walk_{count}.parquet"
        return path if path.exists() else market.write(count, path)

    def contracts(self, count: int, names: Sequence[str]) -> Path:
        """A folder with a walk, marks and funding of each contract, written once."""
        folder = self.folder / f"{len(names)}_contracts_{count}"
        if not folder.exists():
            folder.mkdir()
            for number, name in enumerate(names):
                market.write_contract(count, folder, name, seed=7 + number)
        return folder

    def in_turns(
        self,
        processes: Sequence[Worker],
        cases: Sequence[str],
        bars: Path,
        *,
        clock: str = "cpu",
        rounds: int | None = None,
    ) -> list[list[float]]:
        """Seconds of each process, one per round; each round asks them one after the other."""
        for process, case in zip(processes, cases, strict=True):
            process.ask("prepare", case=case, bars=str(bars))
        return self.timed(processes, clock=clock, rounds=rounds)

    def timed(self, processes: Sequence[Worker], *, clock: str = "cpu", rounds: int | None = None) -> list[list[float]]:
        """Seconds of each process, already prepared, one per round; each round asks them one after the other."""
        seconds: list[list[float]] = [[] for _ in processes]
        for _ in range(rounds or self.rounds):
            for process, taken in zip(processes, seconds, strict=True):
                taken.append(process.ask("time")[clock])
        for process in processes:
            self.versions |= process.versions
        return seconds

    def compare(self, name: str, ours: Worker, peer: Worker, bars: Path, *, averages: bool) -> None:
        """Position by position; ties of the averages are excused and counted, anything else ends the program."""
        count, close = len(market.read(bars)["close"]), market.read(bars)["close"]
        tied = market.ties(close) if averages else market.ties(close) & False
        held = [market.positions(count, process.ask("answer")["answer"]) for process in (ours, peer)]
        differ, unexplained = market.differences(*held, tied)
        if unexplained:
            raise SystemExit(f"{name}: {unexplained} of {count:,} bars hold another position than {peer.name}")
        ties = f"; the averages tie exactly at {int(tied.sum())} bars, of which {differ} differ" if averages else ""
        self.notes.append(f"{name}: the same position as {peer.name} at each of {count:,} bars{ties}.")


def rate(bars: int, seconds: Sequence[float]) -> str:
    per_second = bars / statistics.median(seconds)
    return f"{per_second / 1e6:,.1f} M/s" if per_second >= 1e6 else f"{per_second / 1e3:,.0f} k/s"


def times(ours: Sequence[float], peer: Sequence[float]) -> str:
    """How many times as fast ours is: the median over the rounds."""
    return f"{statistics.median(theirs / mine for mine, theirs in zip(ours, peer, strict=True)):.2f}×"


def scan(table: Table, count: int) -> None:
    bars = table.bars(count)
    with workers("fw", "vectorbt", "floor") as (ours, vectorbt, floor):
        mine, theirs, least = table.in_turns((ours, vectorbt, floor), ("scan",) * 3, bars)
        table.compare("scan", ours, vectorbt, bars, averages=True)
        table.compare("scan", ours, floor, bars, averages=True)
        what = f"scan, SMA 20/100, {count:,} bars"
        table.add(
            f"{what}, beside vectorbt", rate(count, mine), rate(count, theirs), times(mine, theirs), "20, goal 80"
        )
        table.add(
            f"{what}, beside the floor", rate(count, mine), rate(count, least), times(mine, least), "0.2, goal 0.5"
        )
        for case, words in (
            ("all_metrics", "the same with every metric"),
            ("fingerprint", "fingerprint of the data"),
            ("files", "files of the run, report included"),
        ):
            (alone,) = table.in_turns((ours,), (case,), bars)
            table.add(f"{words}, {count:,} bars", f"{statistics.median(alone) * 1e3:,.1f} ms", "", "", "")


def real(table: Table, count: int, loop_count: int) -> None:
    """All that futures have, beside peers that have none of it."""
    what = "scan with marks, tiers, funding, fees, impact and brackets"
    folder = table.contracts(count, market.TEN[:1])
    with workers("fw", "vectorbt") as (ours, vectorbt):
        ours.ask("prepare", case="real", bars=str(folder))
        vectorbt.ask("prepare", case="signals", bars=str(folder / "BTCUSDT.parquet"))
        mine, theirs = table.timed((ours, vectorbt))
        words = f"{what}, {count:,} bars, beside vectorbt's plain `from_signals`"
        table.add(words, rate(count, mine), rate(count, theirs), times(mine, theirs), "5, goal 20")
    folder = table.contracts(loop_count, market.TEN[:1])
    with workers("fw", "nautilus") as (ours, nautilus):
        ours.ask("prepare", case="real", bars=str(folder))
        nautilus.ask("prepare", case="crossing", bars=str(folder / "BTCUSDT.parquet"))
        mine, theirs = table.timed((ours, nautilus))
        words = f"{what}, {loop_count:,} bars, beside nautilus_trader's plain crossover"
        table.add(words, rate(loop_count, mine), rate(loop_count, theirs), times(mine, theirs), "300, goal 1,000")
    each = count // 5
    with workers("fw") as (ours,):
        (mine,) = table.in_turns((ours,), ("real",), table.contracts(each, market.TEN))
        words = f"{what}, ten instruments on one cross account, instrument-bars of {each:,} bars"
        table.add(words, rate(10 * each, mine), "", "", "20 M/s, goal 50")


def sweep(table: Table, count: int) -> None:
    """A thousand combinations in one call; by the clock, for it uses every core."""
    combinations = len(market.FASTS) * len(market.SLOWS)
    what = f"sweep, {combinations:,} combinations, {count:,} bars"
    folder = table.contracts(count, market.TEN[:1])
    bars = folder / "BTCUSDT.parquet"
    for case, path, words, wanted in (
        ("sweep", bars, "profit and fills, beside vectorbt", "30, goal 400"),
        ("real_sweep", folder, "Sharpe, drawdown and full realism, beside vectorbt's plain Sharpe", "20, goal 45"),
    ):
        with workers("fw", "vectorbt") as (ours, vectorbt):
            ours.ask("prepare", case=case, bars=str(path))
            vectorbt.ask("prepare", case=case, bars=str(bars))
            mine, theirs = table.timed((ours, vectorbt), clock="wall", rounds=min(table.rounds, FEW))
            whole = combinations * count
            table.add(
                f"{what}, {words}, by the clock", rate(whole, mine), rate(whole, theirs), times(mine, theirs), wanted
            )
            peaks = [process.ask("peak")["bytes"] / 2**20 for process in (ours, vectorbt)]
            share = f"{peaks[0] / peaks[1]:.2f} of it"
            table.add("memory of it, peak", f"{peaks[0]:,.0f} MB", f"{peaks[1]:,.0f} MB", share, "a quarter")
            if case == "sweep":
                table.notes.append(same_profits(ours, vectorbt, bars))


def same_profits(ours: Worker, vectorbt: Worker, bars: Path) -> str:
    """What to say of the profits; a difference where no two averages tie ends the program."""
    found = [np.asarray(process.ask("answer")["answer"]) for process in (ours, vectorbt)]
    close = market.read(bars)["close"]
    pairs = itertools.product(market.FASTS, market.SLOWS)
    tied = np.array([bool(market.ties(close, fast, slow).any()) for fast, slow in pairs])
    differ = abs(found[0] - found[1]) > 1e-9 * abs(found[1] - market.CAPITAL)
    if unexplained := int((differ & ~tied).sum()):
        raise SystemExit(f"sweep: {unexplained} combinations made another profit than {vectorbt.name}")
    return (
        f"sweep: the same profit as vectorbt, to one part in a billion, in {int((~differ).sum()):,} of {len(tied):,} "
        f"combinations; in the other {int(differ.sum()):,}, and in {int((tied & ~differ).sum()):,} of the equal ones, "
        "the averages tie exactly at some bar, where rounding decides."
    )


def loop(table: Table, count: int) -> None:
    bars = table.bars(count)
    what = f"loop, last 50 closes, {count:,} bars"
    with workers("fw", "fw", "backtesting", "nautilus") as (fresh, number, backtesting, nautilus):
        processes = (fresh, number, backtesting, nautilus)
        mine, plain, python, events = table.in_turns(processes, ("loop", "loop_float", "loop", "loop"), bars)
        table.compare("loop", fresh, backtesting, bars, averages=False)
        table.compare("loop", fresh, nautilus, bars, averages=False)
        table.compare("loop with a float", number, backtesting, bars, averages=False)
        for words, taken, theirs, goal in (
            ("fresh Signal, beside backtesting.py", mine, python, "2, goal 4"),
            ("fresh Signal, beside nautilus_trader", mine, events, "8, goal 15"),
            ("float, beside backtesting.py", plain, python, "5"),
        ):
            table.add(f"{what}, {words}", rate(count, taken), rate(count, theirs), times(taken, theirs), goal)
    with workers("fw", "fw") as (bare, resting):
        without, taken = table.in_turns((bare, resting), ("loop_changes", "loop_brackets"), bars)
        words = f"{what}, Signal on a change, with a bracket resting, beside itself without"
        table.add(words, rate(count, taken), rate(count, without), times(taken, without), "0.9")


def memory(table: Table, count: int) -> None:
    bars = table.bars(count)
    peaks = []
    for name in ("fw", "vectorbt"):
        # a process each: a peak cannot be taken back
        with workers(name) as (process,):
            process.ask("prepare", case="scan", bars=str(bars))
            peaks.append(process.ask("peak")["bytes"] / 2**20)
    share = f"{peaks[0] / peaks[1]:.2f} of it"
    table.add(f"memory, {count:,} bars, peak", f"{peaks[0]:,.0f} MB", f"{peaks[1]:,.0f} MB", share, "a third")


def metrics(table: Table, count: int) -> None:
    with workers("fw", "empyrical") as (ours, empyrical):
        mine, theirs = table.in_turns((ours, empyrical), ("metrics", "metrics"), table.bars(count))
        values = [process.ask("answer")["answer"] for process in (ours, empyrical)]
    for name, value in values[0].items():
        if abs(value - values[1][name]) > 1e-6 * max(1.0, abs(value)):
            raise SystemExit(f"metrics: {name} is {value} here and {values[1][name]} in empyrical")
    table.notes.append("metrics: Sharpe, Sortino, Calmar and drawdown agree with empyrical to one part in a million.")
    what = f"four metrics, {count:,} points, beside empyrical"
    table.add(what, rate(count, mine), rate(count, theirs), times(mine, theirs), "5, goal 17")


def features(table: Table, count: int) -> None:
    """The 39 columns, of which a pass of ours gives seven more; each library's answers are compared with ours."""
    bars, what = table.bars(count), f"features, {len(columns.NAMES)} columns, {count:,} bars"
    with workers("fw", "talib") as (ours, talib):
        mine, theirs = table.in_turns((ours, talib), ("features_on_one_core", "features"), bars)
        table.add(f"{what}, beside TA-Lib", rate(count, mine), rate(count, theirs), times(mine, theirs), "1.2, goal 3")
        agreed(table, ours, talib, bars, "TA-Lib")
    with workers("fw", "talib") as (ours, talib):
        mine, theirs = table.in_turns((ours, talib), ("features",) * 2, bars, clock="wall")
        words = f"{what}, on every core, beside TA-Lib on one, by the clock"
        table.add(words, rate(count, mine), rate(count, theirs), times(mine, theirs), "5 on two")
    for name, title, wanted in (("pandas_ta", "pandas-ta-classic", "10"), ("ta", "ta", "100")):
        with workers("fw", name) as (ours, peer):
            ours.ask("prepare", case="features_on_one_core", bars=str(bars))
            peer.ask("prepare", case="features", bars=str(bars))
            mine, theirs = table.timed((ours, peer), rounds=min(table.rounds, FEW))
            table.add(f"{what}, beside {title}", rate(count, mine), rate(count, theirs), times(mine, theirs), wanted)
            agreed(table, ours, peer, bars, title)


def live_row(table: Table) -> None:
    """The newest row of every column, bar by bar, and whether each row is that of the whole history."""
    with workers("fw") as (ours,):
        (seconds,) = table.in_turns((ours,), ("live_row",), table.bars(1))
        found = ours.ask("answer")["answer"]
    if found["differ"]:
        raise SystemExit(f"live_row: {found['differ']} of {found['bars']:,} rows are not those of the whole history")
    what = f"one new bar live, {found['columns']} columns of {found['sets']} sets, one instrument"
    table.add(what, f"{1e6 * statistics.median(seconds) / LIVE_BARS:,.0f} µs", "", "", "1,000 µs")
    table.notes.append(f"live_row: {found['bars']:,} rows are those of the whole history, to the last bit.")


def agreed(table: Table, ours: Worker, peer: Worker, bars: Path, title: str) -> None:
    """Compare the columns that both define alike; any that differs ends the program."""
    tied = columns.ties(market.read(bars))
    far = columns.apart(*(process.ask("answer")["answer"] for process in (ours, peer)), tied)
    if differ := [f"{name} by {share:.0e}" for name, share in far.items() if not share < 1e-6]:
        raise SystemExit(f"features: other values than those of {title}: {', '.join(differ)}")
    table.notes.append(
        f"features: {len(far)} columns agree with {title} to one part in a million at {len(tied):,} rows, {tied.sum()} "
        "of which are left out of the money flow index, for rounding alone decides whether the typical price rose; "
        "of on-balance volume it gives the sum since the first bar, and ours the slope over 20 bars."
    )


def equality(table: Table, count: int) -> None:
    with workers("fw") as (ours,):
        ours.ask("prepare", case="both_engines", bars=str(table.bars(count)))
        found = ours.ask("answer")["answer"]
    if found["differ"]:
        raise SystemExit(f"scan and loop: {found['differ']} of {found['fills']} fills differ")
    table.add(
        f"fills equal in scan and loop, {count:,} bars",
        f"{found['fills']:,} of {found['fills']:,}",
        "",
        "100 %",
        "100 %",
    )


def cold_start(table: Table) -> None:
    """Fresh processes: an import, a second run of the quickstart, and the first one ever."""
    program = str(Path(sys.executable).parent / "fw")
    imported = [cpu_of([sys.executable, "-c", "import fw"]) for _ in range(COLD_STARTS)]
    bare = [cpu_of([sys.executable, "-c", "pass"]) for _ in range(COLD_STARTS)]
    table.add(
        "`import fw`, CPU",
        f"{statistics.median(imported):.3f} s",
        f"Python alone {statistics.median(bare):.3f} s",
        "",
        "0.2 s",
    )
    table.add(
        "`fw --help`, CPU",
        f"{statistics.median(cpu_of([program, '--help']) for _ in range(COLD_STARTS)):.3f} s",
        "",
        "",
        "0.25 s",
    )
    quickstart = [program, "run", str(REPOSITORY / "examples" / "quickstart.yaml")]
    with tempfile.TemporaryDirectory() as folder:
        environment = {"XDG_CACHE_HOME": folder, "FW_HOME": folder}
        first = wall_and_cpu_of(quickstart, environment)
        later = [wall_and_cpu_of(quickstart, environment) for _ in range(COLD_STARTS)]
    table.add(
        "`fw run examples/quickstart.yaml`, the first ever", f"{first[0]:.1f} s, CPU {first[1]:.1f} s", "", "", "12 s"
    )
    wall, cpu = (statistics.median(column) for column in zip(*later, strict=True))
    table.add("the same again", f"{wall:.2f} s, CPU {cpu:.2f} s", "", "", "2 s")


def wall_and_cpu_of(command: Sequence[str], more: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Seconds by the clock, and of CPU, that a process took from start to end."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before, started = spent(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | (more or {}))
    return time.perf_counter() - started, spent() - before


def cpu_of(command: Sequence[str]) -> float:
    return wall_and_cpu_of(command)[1]


def machine() -> str:
    """The processor, its cores and the memory, as far as the system tells."""
    name, memory = platform.processor(), ""
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        name = found[1] if found else name
        kilobytes = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
        memory = f", {int(kilobytes[1]) / 2**20:.0f} GB" if kilobytes else ""
    except OSError:
        pass
    return f"{name}, {os.cpu_count()} cores{memory}, {platform.system()}"


def markdown(table: Table) -> str:
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, on {machine()}, with "
        + ", ".join(f"{name} {version}" for name, version in sorted(table.versions.items(), key=lambda v: v[0].lower()))
        + ". A rate is per second of CPU, of a sweep per second by the clock.",
        "",
        "| what | fw | peer | fw is | wanted |",
        "|---|---:|---:|---:|---:|",
        *(f"| {' | '.join(row)} |" for row in table.rows),
        "",
        *(f"- {note[0].upper()}{note[1:]}" for note in table.notes),
    ]
    return "\n".join(lines)


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the page's two marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition("<!-- table: begin -->\n")
    _, end, after = rest.partition("<!-- table: end -->")
    if not begin or not end:
        raise SystemExit(f"{page} has no place for the table: <!-- table: begin --> and <!-- table: end -->")
    page.write_text(f"{before}{begin}{text}\n{end}{after}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--into", type=Path, help="a page whose table is replaced")
    options.add_argument("--bars", type=int, default=1_000_000, help="bars of the scan and points of the metrics")
    options.add_argument("--sweep-bars", type=int, default=100_000)
    options.add_argument("--loop-bars", type=int, default=100_000)
    options.add_argument("--many-bars", type=int, default=5_000_000, help="bars for memory and for equal fills")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument(
        "--only",
        nargs="+",
        default=[],
        help="scan real sweep loop memory metrics features live_row equality cold_start",
    )
    chosen = options.parse_args()
    measurements = {
        "scan": lambda table: scan(table, chosen.bars),
        "real": lambda table: real(table, chosen.bars, chosen.loop_bars),
        "sweep": lambda table: sweep(table, chosen.sweep_bars),
        "loop": lambda table: loop(table, chosen.loop_bars),
        "memory": lambda table: memory(table, chosen.many_bars),
        "metrics": lambda table: metrics(table, chosen.bars),
        "features": lambda table: features(table, chosen.bars),
        "live_row": live_row,
        "equality": lambda table: equality(table, chosen.many_bars),
        "cold_start": cold_start,
    }
    with tempfile.TemporaryDirectory() as folder:
        table = Table(Path(folder), chosen.rounds)
        for name, measure in measurements.items():
            if not chosen.only or name in chosen.only:
                print(name, file=sys.stderr, flush=True)
                measure(table)
    text = markdown(table)
    print(text)
    if chosen.into:
        put_into(chosen.into, text)


if __name__ == "__main__":
    main()
