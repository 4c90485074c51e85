"""The columns of a run as one Parquet file: a row for each instrument and bar."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import format_time
from fw.errors import DataError, SettingsError

if TYPE_CHECKING:
    from fw import Frame, Plan

    Progress = Callable[[str, float], None]


@attrs.frozen
class Written:
    """What a file of columns holds."""

    path: Path
    rows: int
    columns: tuple[str, ...]
    instruments: tuple[str, ...]
    first_complete: int | None
    """Time (ns) from which every column of every instrument has a number; None: there is none."""

    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {
            "path": str(self.path),
            "rows": self.rows,
            "instruments": list(self.instruments),
            "columns": list(self.columns),
            "first_complete": None if self.first_complete is None else format_time(self.first_complete),
        }


def check_traded(plan: Plan) -> None:
    """SettingsError where neither the file nor its strategy has feature sets, DataError where no bar or set is left."""
    if not plan.feature_sets():
        name = plan.settings.path or plan.settings.name
        raise SettingsError(f"{name} has no features: name feature sets, as in `features: [returns, volatility]`")
    begin, _ = plan.period()
    if not (plan.market().bars.open_time >= begin).any():
        raise DataError("there is no bar between source.start and source.end")
    without = plan.left_out()
    if len(without) == len(plan.feature_sets()):
        raise DataError(f"no column is left: {'; '.join(without)}")


def traded_rows(plan: Plan, progress: Progress | None = None) -> Mapping[str, Frame]:
    """The columns of each instrument in the traded period: time (the bar's close, ns) and every feature.

    Errors are those of `check_traded`.
    """
    import fw

    check_traded(plan)
    begin, _ = plan.period()
    market = plan.market()
    cut = {}
    for symbol, frame in plan.features(progress=progress).items():
        inside = market.of(symbol).bars.open_time >= begin
        cut[symbol] = fw.Frame.of({name: column[inside] for name, column in frame.items()})
    return cut


def write_columns(plan: Plan, path: Path, progress: Progress | None = None) -> Written:
    """Compute the columns and write them to `path`, whole or not at all; one Parquet file, zstd.

    Columns: time (UTC, when the row is known: the bar's close), instrument, and the features under their names in
    the run. The rows of one instrument stand together, in the order of the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    frames = traded_rows(plan, progress)
    names = tuple(name for name in next(iter(frames.values())) if name != "time")
    parts = []
    for symbol, frame in frames.items():
        columns = {"time": pa.array(frame["time"], pa.timestamp("ns", tz="UTC"))}
        words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(frame.rows, np.int32)), pa.array([symbol]))
        columns["instrument"] = words.cast(pa.string())
        columns |= {name: pa.array(frame[name]) for name in names}
        parts.append(pa.table(columns))
    table = pa.concat_tables(parts)
    write_whole(path, lambda beside: parquet.write_table(table, beside, compression="zstd"))
    return Written(path, table.num_rows, names, tuple(frames), first_complete(frames, names))


def first_complete(frames: Mapping[str, Frame], names: tuple[str, ...]) -> int | None:
    """The time from which on no column of any instrument lacks a number; None where the last row lacks one."""
    latest = None
    for frame in frames.values():
        known = np.ones(frame.rows, dtype=bool)
        for name in names:
            known &= np.isfinite(frame[name])
        holes = np.flatnonzero(~known)
        first = int(holes[-1]) + 1 if len(holes) else 0
        if first >= frame.rows:
            return None
        time = int(frame["time"][first])
        latest = time if latest is None else max(latest, time)
    return latest


def write_whole(path: Path, write: Any) -> None:
    """Let `write` fill a file beside `path`, then put it in place in one step; its folder is made if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
