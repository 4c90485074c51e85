"""A run's equity, fills and trades as files that other programs read."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw.domain.time import format_time
from fw_report.writing import write_whole

if TYPE_CHECKING:
    from fw import Frame, Result


@attrs.frozen
class Files:
    """Writes `equity`, `fills` and `trades` as CSV, Parquet or JSON into the folder of the run.

    The same run gives the same bytes.

    A JSON file is a list of objects, one a row; times are texts in UTC, and what does not exist is null.
    """

    formats: tuple[str, ...] = fw.setting(
        ("csv", "parquet"), choices=("csv", "parquet", "json"), help="which kinds of file to write"
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


def _write_json(table: Any, path: Path) -> None:
    import json

    rows = zip(*(map(_plain, _values(column)) for column in table.columns), strict=True)
    text = ",\n".join(json.dumps(dict(zip(table.column_names, row, strict=True)), ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{text}\n]\n" if text else "[]\n", encoding="utf-8")


def _values(column: Any) -> list[Any]:
    """A column as Python values; times as text in ISO 8601, to the nanosecond where it matters."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    return [f"{format_time(time).replace(' ', 'T')}Z" for time in column.cast(pa.int64()).to_pylist()]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


WRITERS = {"csv": _write_csv, "parquet": _write_parquet, "json": _write_json}
