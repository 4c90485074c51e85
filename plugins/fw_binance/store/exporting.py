"""Gives rows of the store out as one file, Parquet or CSV."""

from __future__ import annotations

import gzip
from pathlib import Path

from fw.errors import DataError, SettingsError
from fw_binance.store.files import encode, write_whole
from fw_binance.store.kinds import Kind
from fw_binance.store.series import Series
from fw_binance.store.store import Store

FORMS = (".parquet", ".csv", ".csv.gz")


def export(store: Store, series: Series, file: Path, start: int | None = None, end: int | None = None) -> int:
    """Write the rows in [start, end) to a file of the form its name says; gives how many.

    DataError where there are none, SettingsError for another form.
    """
    form = next((form for form in FORMS if file.name.lower().endswith(form)), None)
    if form is None:
        raise SettingsError(f"{file} says no form by its name: end it with {', '.join(FORMS)}")
    rows = store.read(series.kind, series.symbol, series.bar, start, end)
    count = len(rows[series.of.time])
    if not count:
        raise DataError(f"the store has no rows of {series} in the asked range; `fw data list` tells what it has")
    data = encode(rows, series.of)
    if form != ".parquet":
        data = _csv(data, series.of)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, gzip.compress(data, mtime=0) if form.endswith(".gz") else data)
    return count


def _csv(data: bytes, kind: Kind) -> bytes:
    """Times to the millisecond where they are no finer."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    table = pq.ParquetFile(pa.BufferReader(data)).read()
    for place, (name, number) in enumerate(kind.columns.items()):
        if number == "time":
            for unit in ("s", "ms", "us"):
                try:
                    column = table.column(name).cast(pa.timestamp(unit, "UTC"))
                except pa.ArrowInvalid:
                    continue
                table = table.set_column(place, name, column)
                break
    written = pa.BufferOutputStream()
    csv.write_csv(table, written)
    return memoryview(written.getvalue()).tobytes()
