"""The bars and the decisions of the differential tests: one Parquet file for each, the same for every library.

Only numpy is needed at the top, so that each peer's own environment can import this file. A row is a bar. Decisions
are columns: `side` (NaN: nothing is decided; 0: flat), `stop`, `take`, `limit` and `expiry` (NaN: none), made at the
bar's close. A crossover has none: each library works its averages out itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

FAST, SLOW = 10, 40
COINS = 100
"""Of every position; backtesting.py knows whole coins only."""
CAPITAL = 1e9
"""So much that no library ever lacks margin."""
MAKER, TAKER = 2e-4, 5e-4
HOUR = 3_600_000_000_000
GRID, REAL_GRID = 5.0, 0.1
"""Multiples on which levels stand: of made-up bars, and of real ones, whose prices are finer in the first years."""
FIRST = 1_420_070_400 * 1_000_000_000
"""2015-01-01 in nanoseconds."""
HOLD = 36
"""Bars after which a limit entry's position is closed, or the entry given up."""

THROUGH = ", through 1"
"""Ends the name of a strategy whose limits are not filled where they are touched."""
HIGH_FIRST, NEARER_FIRST = ", high first", ", nearer first"
"""Ends the name of one in whose bars prices go from open to high, low and close, or to the nearer extreme first."""
STRATEGIES = ("crossover", "brackets", "brackets" + THROUGH, "limits", "limits with brackets")
WALKED = tuple(name + path for name in STRATEGIES[1::3] for path in (HIGH_FIRST, NEARER_FIRST))
COLUMNS = ("side", "stop", "take", "limit", "expiry")
PRICES = ("open", "high", "low", "close")
TRADE = ("entry_bar", "exit_bar", "side", "entry_price", "exit_price", "profit")
"""What every library says of a trade; bars count from the first, profit is net of fees."""


def made_up(seed: int, wild: int = 1) -> dict[str, Any]:
    """Hourly bars, one opening in thirty a jump; on a grid so coarse that levels are often just touched.

    The wilder, the fewer and the longer, so that one bar often reaches both of two levels.
    """
    bars, grid = 10_000 // wild, GRID * wild
    rng = np.random.default_rng(seed)
    steps = wild * 4e-3 * rng.standard_normal(bars)
    gaps = 2e-4 * rng.standard_normal(bars) + (rng.random(bars) < 1 / 30) * 1.5e-2 * rng.standard_normal(bars)
    path = 30_000.0 * np.exp(np.cumsum(steps + gaps))
    opened, closed = on_grid(path * np.exp(-steps), grid), on_grid(path, grid)
    above = np.maximum(opened, closed) * (1 + wild * 2e-3 * np.abs(rng.standard_normal(bars)))
    below = np.minimum(opened, closed) * (1 - wild * 2e-3 * np.abs(rng.standard_normal(bars)))
    return {
        "open_time": FIRST + HOUR * np.arange(bars, dtype=np.int64),
        "open": opened,
        "high": on_grid(above, grid),
        "low": on_grid(below, grid),
        "close": closed,
    }


def staged() -> dict[str, Any]:
    """A calm market with what chance hardly brings, and decisions around it: a position and flat, four times."""
    n = 120
    bars = {
        name: np.full(n, price) for name, price in zip(PRICES, (30_000.0, 30_010.0, 29_990.0, 30_000.0), strict=True)
    }
    columns = bars | {name: np.full(n, np.nan) for name in COLUMNS}
    columns["open_time"] = FIRST + HOUR * np.arange(n, dtype=np.int64)
    events = (
        (20, 1.0, 29_400.0, 30_300.0, (30_600.0, 30_700.0, 29_000.0, 30_000.0)),  # opens beyond the profit, then falls
        (40, -1.0, 30_600.0, 29_700.0, (29_400.0, 31_000.0, 29_300.0, 30_000.0)),
        (60, 1.0, 29_700.0, 30_300.0, (30_000.0, 30_500.0, 29_500.0, 29_800.0)),  # both as near, and closes lower
        (80, -1.0, 30_300.0, 29_700.0, (30_000.0, 30_500.0, 29_500.0, 30_200.0)),  # or higher
    )
    for at, side, stop, take, prices in events:
        for name, value in (("side", side), ("stop", stop), ("take", take)):
            columns[name][at] = value
        columns["side"][at + 10] = 0.0
        for name, price in zip(PRICES, prices, strict=True):
            columns[name][at + 5] = price
    return columns


def real(path: Path) -> dict[str, Any]:
    """Real hourly bars of a shared file; they are on a tick of 0.01, later of 0.1."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    times = table["timestamp"].to_numpy().astype("datetime64[ns]").astype(np.int64)
    return {"open_time": times} | {name: table[name].to_numpy() for name in PRICES}


def on_grid(price: Any, grid: float) -> Any:
    """Prices on the nearest multiple, each the double nearest to its decimal writing."""
    return np.rint(price / grid) * grid if grid >= 1.0 else np.rint(price / grid) / round(1.0 / grid)


def averages_apart(close: Any) -> Any:
    """The sign of fast less slow average at each bar, 0 where they are equal or not yet there; in whole hundredths."""
    cents = np.rint(np.asarray(close) * 100).astype(np.int64)
    sums = np.concatenate(([0], np.cumsum(cents)))
    last = np.arange(SLOW, len(cents) + 1)
    apart = SLOW * (sums[last] - sums[last - FAST]) - FAST * (sums[last] - sums[last - SLOW])
    return np.concatenate((np.zeros(SLOW - 1, np.int64), np.sign(apart)))


def crossings(close: Any) -> tuple[Any, Any]:
    """The bars at which the averages change places, and the side that the fast one comes to."""
    side = averages_apart(close)
    bars = np.flatnonzero(side)
    turns = np.concatenate(([True], side[bars][1:] != side[bars][:-1]))
    return bars[turns], side[bars][turns]


def decisions(strategy: str, bars: dict[str, Any], seed: int, grid: float) -> dict[str, Any]:
    """The columns of one strategy: what it does at each crossing of the averages; the distances are drawn."""
    close, n = bars["close"], len(bars["close"])
    columns = {name: np.full(n, np.nan) for name in COLUMNS}
    if strategy == "crossover":
        return columns
    rng = np.random.default_rng(seed)
    at, side = crossings(close)
    at, side = at[at < n - HOLD - 5], side[at < n - HOLD - 5]
    if strategy.startswith("limits"):
        kept = apart(at, HOLD + 2)
        at, side = at[kept], side[kept]
        columns["limit"][at] = entry = on_grid(close[at] * (1 - side * rng.uniform(5e-4, 8e-3, len(at))), grid)
        columns["expiry"][at] = rng.integers(1, HOLD - 10, len(at))
        columns["side"][at + HOLD] = 0.0
    else:
        entry = close[at]
        columns["side"][n - 4] = 0.0
    columns["side"][at] = side
    if strategy != "limits":
        columns["stop"][at] = on_grid(entry * (1 - side * rng.uniform(4e-3, 4e-2, len(at))), grid)
        columns["take"][at] = on_grid(entry * (1 + side * rng.uniform(4e-3, 6e-2, len(at))), grid)
    return columns


def apart(bars: Any, distance: int) -> list[int]:
    """Which bars to keep so that each is `distance` or more after the one before."""
    kept: list[int] = []
    for number, bar in enumerate(bars):
        if not kept or bar >= bars[kept[-1]] + distance:
            kept.append(number)
    return kept


def write(columns: dict[str, Any], path: Path, versions: dict[str, str] | None = None) -> Path:
    """Columns as a Parquet file, with the versions of what made them."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table(columns)
    if versions:
        table = table.replace_schema_metadata({"versions": json.dumps(versions)})
    pyarrow.parquet.write_table(table, path)
    return path


def read(path: Path) -> dict[str, Any]:
    """The columns of such a file."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def versions_of(path: Path) -> dict[str, str]:
    """What stands beside the columns."""
    import pyarrow.parquet

    versions: dict[str, str] = json.loads(pyarrow.parquet.read_schema(path).metadata[b"versions"])
    return versions


def answer(trades_of: Any, versions: dict[str, str]) -> None:
    """The main program of a peer: `peer.py IN OUT …`, a file of trades for each file of bars and decisions.

    `trades_of(strategy, columns)` gives columns of `TRADE`; a file's name begins with its strategy.
    """
    for source, target in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        trades = trades_of(Path(source).name.split(".")[0], read(Path(source)))
        write({name: np.asarray(trades[name], dtype=float) for name in TRADE}, Path(target), versions)
