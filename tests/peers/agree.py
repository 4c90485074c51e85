"""Compares our trades with the peers': `python tests/peers/agree.py [--peer nautilus …] [--into PAGE]`.

Bars and decisions go to each peer as Parquet files and its trades come back so; `differences.py` says which trades may
differ, and how. It ends with 1 where any trade differs in another way.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import differences
import environments
import scenes
import trades_ours
from table import put_into

import fw

HERE = Path(__file__).resolve().parent
REAL = "btcusdt_perp_1h_2019-09_2024-12.parquet"
SEEDS = {1: 1, 2: 1, 3: 1, 4: 5, 5: 5}
"""Of made-up bars, and how wild they are."""
CLOSE_ENOUGH = 1e-9
"""Relative, of prices and profit; bars and sides are equal."""
NAMES = {"backtesting": "backtesting.py", "vectorbt": "vectorbt", "nautilus": "nautilus_trader"}
STRATEGIES = {
    "backtesting": scenes.STRATEGIES,
    "vectorbt": scenes.STRATEGIES[:3],  # it has no resting orders
    "nautilus": scenes.STRATEGIES + scenes.WALKED,
}
PATHS = {scenes.HIGH_FIRST: "ohlc", scenes.NEARER_FIRST: "adaptive"}
MAKER = {"backtesting": scenes.TAKER, "vectorbt": scenes.TAKER, "nautilus": scenes.MAKER}
"""The maker's fee that each is told: the first two have one fee for all orders."""


@dataclass
class Comparison:
    """What came of one strategy, over one or several files of bars. Mutable: files are added up."""

    ours: int = 0
    theirs: int = 0
    equal: int = 0
    largest: float = 0.0
    """Largest relative difference in profit among the equal trades."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Trades that differ, by the names that make them differ; one may have two."""
    unexplained: list[str] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    """What our trades ended by."""


def inputs(strategies: Iterable[str], bars: str, folder: Path, real_data: Path | None = None) -> dict[Path, str]:
    """Files of bars and decisions, each with its strategy; `bars` is `made up` or `real`."""
    files = {}
    for strategy in strategies:
        for seed, wild in SEEDS.items() if bars == "made up" else ((0, 1),):
            prices = scenes.made_up(seed, wild) if real_data is None else scenes.real(real_data / REAL)
            grid = scenes.GRID * wild if real_data is None else scenes.REAL_GRID
            columns = prices | scenes.decisions(strategy, prices, seed, grid)
            files[scenes.write(columns, folder / f"{strategy}.{bars}.{seed}.parquet")] = strategy
        if real_data is None and strategy.startswith("brackets"):
            files[scenes.write(scenes.staged(), folder / f"{strategy}.{bars}.staged.parquet")] = strategy
    return files


def trades_of_peer(peer: str, files: Iterable[Path]) -> dict[Path, Path]:
    """The peer's trades for each file, from one process of its own."""
    answers = {file: file.with_suffix(f".{peer}") for file in files}
    arguments = [str(path) for pair in answers.items() for path in pair]
    script = HERE / f"trades_{peer}.py"
    subprocess.run([environments.python_of(peer), script, *arguments], check=True, cwd=HERE)
    return answers


def compare(peer: str, strategy: str, columns: dict[str, Any], theirs: Mapping[str, Any], found: Comparison) -> None:
    """Add to `found` what one file's trades are like."""
    told: dict[str, Any] = {"maker": MAKER[peer], "through": int(strategy.endswith(scenes.THROUGH))}
    told["path"] = next((path for end, path in PATHS.items() if strategy.endswith(end)), "pessimistic")
    ours = trades_ours.trades_of(strategy, columns, **told)
    found.ends.update(ours["reason"].tolist())
    mine, its = rows_of(ours), rows_of(theirs)
    found.ours += len(mine)
    found.theirs += len(its)
    if strategy == "crossover":
        expected = dict(enumerate(mine)), dict(enumerate(mine))
        named: Mapping[int, list[str]] = {}
    else:
        terms = differences.Terms(coins=scenes.COINS, taker=scenes.TAKER, **told)
        expected = rows_by_decision(columns, terms, set()), rows_by_decision(columns, terms, differences.KNOWN[peer])
        named = differences.explain(columns, terms, differences.KNOWN[peer])
    for who, rows, wanted in (("fw", mine, expected[0]), (peer, its, expected[1])):
        found.unexplained += mismatches(f"{strategy}: {who}", rows, wanted)
    if found.unexplained:
        return
    first, second = (dict(zip(wanted, rows, strict=True)) for wanted, rows in zip(expected, (mine, its), strict=True))
    for decision in sorted(first.keys() | second.keys()):
        one, other = first.get(decision), second.get(decision)
        if one is not None and other is not None and is_same(one, other):
            found.equal += 1
            found.largest = max(found.largest, apart(one[-1], other[-1]))
            if decision in named:
                found.unexplained.append(f"{strategy}: {one} should differ by {named[decision]}")
        elif decision not in named:
            found.unexplained.append(f"{strategy}: {one} is {other} with {peer}")
    found.reasons.update(name for names in named.values() for name in names)


def rows_of(trades: Mapping[str, Any]) -> list[tuple[float, ...]]:
    return list(zip(*(trades[name].astype(float).tolist() for name in scenes.TRADE), strict=True))


def rows_by_decision(columns: dict[str, Any], terms: differences.Terms, names: set[str]) -> dict[int, Any]:
    """What the walk makes of the decisions, as rows."""
    return {
        trade.decision: tuple(getattr(trade, name) for name in scenes.TRADE)
        for trade in differences.walk(columns, terms, names)
    }


def mismatches(who: str, rows: Sequence[Any], wanted: Mapping[int, Any]) -> list[str]:
    """Trades that are not those wanted, in words."""
    if len(rows) != len(wanted):
        return [f"{who} made {len(rows)} trades, not {len(wanted)}"]
    pairs = zip(rows, wanted.values(), strict=True)
    return [f"{who} made {row}, not {other}" for row, other in pairs if not is_same(row, other)]


def is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether bars and side are equal, and prices and profit close enough."""
    return one[:3] == other[:3] and all(apart(a, b) <= CLOSE_ENOUGH for a, b in zip(one[3:], other[3:], strict=True))


def apart(one: float, other: float) -> float:
    """How far two numbers are apart, relative to the larger."""
    return 0.0 if one == other else abs(one - other) / max(abs(one), abs(other))


def agreement(peer: str, bars: str, folder: Path, real_data: Path | None = None) -> dict[str, Comparison]:
    """Every strategy of the peer compared on one kind of bars, by strategy; the peer's environment must be there."""
    files = inputs(STRATEGIES[peer], bars, folder, real_data if bars == "real" else None)
    found: dict[str, Comparison] = {}
    for file, answer in trades_of_peer(peer, files).items():
        columns, theirs = scenes.read(file), scenes.read(answer)
        compare(peer, files[file], columns, theirs, found.setdefault(files[file], Comparison()))
    return found


def markdown(results: Mapping[tuple[str, str], Mapping[str, Comparison]], versions: Mapping[str, str]) -> str:
    """The table, and the versions under it."""
    lines = [
        "| strategy | bars | peer | our trades | its trades | equal | differ, and by what | profit apart |",
        "|---|---|---|---:|---:|---:|---|---:|",
    ]
    for strategy in (*scenes.STRATEGIES, *scenes.WALKED):
        for (peer, bars), found in results.items():
            if strategy in found:
                one = found[strategy]
                named = "; ".join(f"{count:,} {name}" for name, count in sorted(one.reasons.items())) or "none"
                lines.append(
                    f"| {strategy} | {bars} | {NAMES[peer]} | {one.ours:,} | {one.theirs:,} | {one.equal:,} "
                    f"| {named} | {one.largest:.0e} |".replace(" 0e+00 ", " 0 ")
                )
    said = ", ".join(
        f"{name} {version}" for name, version in sorted(versions.items(), key=lambda item: item[0].lower())
    )
    return "\n" + "\n".join(lines) + f"\n\nVersions: {said}.\n"


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--peer", nargs="+", default=list(NAMES), choices=list(NAMES), help="whom to compare with")
    options.add_argument("--into", type=Path, help="a page whose table is replaced; with all peers")
    chosen = options.parse_args()
    if chosen.into and set(chosen.peer) != set(NAMES):
        options.error("--into replaces the whole table: leave --peer out")
    real_data = Path(os.environ.get("FW_REAL_DATA") or HERE.parents[2] / "shared" / "data")
    if not (real_data / REAL).exists():
        raise SystemExit(f"no {REAL} in {real_data}; set FW_REAL_DATA to a folder that has it")
    results, versions, unexplained = {}, {"fw": fw.__version__}, []
    for peer in chosen.peer:
        environments.make(peer)
        for bars in ("made up", "real"):
            with tempfile.TemporaryDirectory() as folder:
                results[peer, bars] = agreement(peer, bars, Path(folder), real_data)
                versions |= scenes.versions_of(next(Path(folder).glob(f"*.{peer}")))
            unexplained += [line for found in results[peer, bars].values() for line in found.unexplained]
    text = markdown(results, versions)
    print(text, *unexplained[:20], sep="\n")
    if unexplained:
        raise SystemExit(f"{len(unexplained)} trades differ, and no name explains it")
    if chosen.into:
        put_into(chosen.into, text)


if __name__ == "__main__":
    main()
