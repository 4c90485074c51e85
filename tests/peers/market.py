"""The bars that every peer is given: a geometric random walk on a 0.1 tick, the same for the same length.

Only numpy is needed at the top, so that each peer's own environment can import this file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FAST, SLOW = 20, 100
FEE, SLIPPAGE = 4e-4, 1e-4
CAPITAL = 1e9
TICK = 0.1
MINUTE = 60_000_000_000
FIRST = 1_420_070_400 * 1_000_000_000
"""2015-01-01 in nanoseconds: five million minutes later it is still before 2025."""

PRICES = ("open", "high", "low", "close")
TEN = (
    *("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BNBUSDT"),
    *("ADAUSDT", "AVAXUSDT", "DOGEUSDT", "LINKUSDT", "LTCUSDT"),
)
"""Contracts of which each has a walk of its own, at the first one's prices."""
FUNDING = 480
"""Bars between two settlements: eight hours."""
FASTS, SLOWS = tuple(range(5, 55, 2)), tuple(range(60, 260, 5))
"""Bars in the averages of a sweep: every pair is one of a thousand combinations."""


def random_walk(bars: int, seed: int = 7) -> dict[str, Any]:
    """One-minute bars as columns; the first bars are the same whatever the length."""
    noise = np.random.default_rng(seed).standard_normal((bars, 5))
    path = 30_000.0 * np.exp(np.cumsum(5e-4 * noise[:, 0]))
    opening = np.concatenate(([30_000.0], path[:-1])) * np.exp(2e-5 * noise[:, 1])
    ticks_open, ticks_close = np.rint(opening / TICK), np.rint(path / TICK)
    above = np.rint(np.maximum(ticks_open, ticks_close) * (1 + 2e-4 * np.abs(noise[:, 2])))
    below = np.rint(np.minimum(ticks_open, ticks_close) * (1 - 2e-4 * np.abs(noise[:, 3])))
    return {
        "open_time": FIRST + MINUTE * np.arange(bars, dtype=np.int64),
        # ticks over ten, not times a tenth: the quotient is the double nearest to the decimal price
        "open": ticks_open / 10,
        "high": np.maximum(above, np.maximum(ticks_open, ticks_close)) / 10,
        "low": np.minimum(below, np.minimum(ticks_open, ticks_close)) / 10,
        "close": ticks_close / 10,
        "volume": np.round(np.exp(3.0 + 0.8 * noise[:, 4]), 3) + 0.001,
    }


def ties(close: Any, fast: int = FAST, slow: int = SLOW) -> Any:
    """Where two averages are exactly equal, bool[bar], by whole ticks; there rounding alone decides."""
    ticks = np.rint(np.asarray(close) / TICK).astype(np.int64)
    sums = np.concatenate(([0], np.cumsum(ticks)))
    equal = np.zeros(len(ticks), dtype=bool)
    last = np.arange(slow, len(ticks) + 1)
    equal[slow - 1 :] = slow * (sums[last] - sums[last - fast]) == fast * (sums[last] - sums[last - slow])
    return equal


def write(bars: int, path: Path) -> Path:
    """The walk as a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(random_walk(bars)), path)
    return path


def write_contract(bars: int, folder: Path, contract: str, seed: int = 7) -> None:
    """A walk with mark prices a few basis points beside it, and funding: `CONTRACT.parquet`, `…_mark`, `…_funding`."""
    import pyarrow
    import pyarrow.parquet

    columns = random_walk(bars, seed)
    basis = 1.0 + 2e-4 * np.sin(np.arange(bars) / 500)
    marks = {name: np.rint(columns[name] * basis / TICK) / 10 for name in PRICES}
    settled = columns["open_time"][::FUNDING]
    rates = 1e-4 * np.random.default_rng(seed).normal(1.0, 1.0, len(settled)).round(2)
    for name, table in (
        (contract, columns),
        (f"{contract}_mark", {"open_time": columns["open_time"], **marks}),
        (f"{contract}_funding", {"time": settled, "funding_rate": rates}),
    ):
        pyarrow.parquet.write_table(pyarrow.table(table), folder / f"{name}.parquet")


def read(path: Path) -> dict[str, Any]:
    """The columns of such a file."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def read_pandas(path: Path, *, capitals: bool = False, utc: bool = False) -> Any:
    """The same as a DataFrame indexed by time, as pandas libraries want it."""
    import pandas as pd

    frame = pd.DataFrame(read(path))
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame.pop("open_time"), utc=utc), name="timestamp")
    return frame.rename(columns=str.capitalize) if capitals else frame


def positions(bars: int, fills: dict[str, Any]) -> Any:
    """The position at each bar's close, float64[bar], from fills as bar numbers and signed quantities."""
    net = np.zeros(bars)
    np.add.at(net, np.asarray(fills["bar"], dtype=np.int64), np.asarray(fills["quantity"], dtype=np.float64))
    return np.round(np.cumsum(net), 6)


def differences(first: Any, second: Any, tied: Any) -> tuple[int, int]:
    """Bars at which two runs hold different positions: all of them, and those that no tie explains.

    A fill comes one bar after its decision, so bar `i` is excused by a tie at bar `i - 1`. The last bar is
    left out: some libraries close there what is still open.
    """
    excused = np.concatenate(([False], tied[:-1]))
    differ = (first != second)[:-1]
    return int(differ.sum()), int((differ & ~excused[:-1]).sum())
