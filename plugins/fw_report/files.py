"""A run's equity, fills and trades as files that other programs read."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw_report.writing import write_whole

if TYPE_CHECKING:
    from fw import Frame, Result


@attrs.frozen
class Files:
    """Writes `equity`, `fills` and `trades` as CSV and Parquet into the run's folder; the same run, the same bytes."""

    formats: tuple[str, ...] = fw.setting(
        ("csv", "parquet"), choices=("csv", "parquet"), help="which kinds of file to write"
    )

    def report(self, result: Result, folder: Path | None) -> str | None:
        """Write the files and say where; nothing where nothing is to be written."""
        if folder is None:
            return None
        names = []
        for name, frame in (("equity", result.equity), ("fills", result.fills), ("trades", result.trades)):
            table = table_of(frame)
            for form in self.formats:
                write_whole(folder / f"{name}.{form}", partial(WRITERS[form], table))
                names.append(f"{name}.{form}")
        return f"{', '.join(names)} in {folder}" if names else None


def table_of(frame: Frame) -> Any:
    """The frame as an Arrow table: text stays text even without rows, times are UTC."""
    import pyarrow as pa

    columns = {}
    for name, column in frame.items():
        if column.dtype.kind in "OU":
            columns[name] = pa.array(column.tolist(), pa.string())
        elif (name == "time" or name.endswith("_time")) and column.dtype.kind == "i":
            columns[name] = pa.array(column, pa.timestamp("ns", tz="UTC"))
        else:
            columns[name] = pa.array(column)
    return pa.table(columns)


def _write_csv(table: Any, path: Path) -> None:
    import pyarrow.csv

    pyarrow.csv.write_csv(table, path)


def _write_parquet(table: Any, path: Path) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, path, compression="zstd")


WRITERS = {"csv": _write_csv, "parquet": _write_parquet}
