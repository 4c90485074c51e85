"""Other people's files, Parquet, Feather or CSV, as columns by name."""

from __future__ import annotations

import gzip
import io
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.time import DAY, parse_time
from fw.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACTORS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
EARLIEST, LATEST = parse_time("2000-01-01"), parse_time("2100-01-01")
"""Between these a number is a plausible time; in no two units is it."""

HEADERLESS = {
    12: (
        *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
        *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
    ),
    7: ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"),
    6: ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker"),
    3: ("calc_time", "funding_interval_hours", "last_funding_rate"),
}
"""Columns of the exchange's own files that have no header line, by their number."""


def open_table(file: Path) -> Any:
    """The file as an Arrow table; DataError where it is none."""
    import pyarrow as pa

    try:
        return _open(file)
    except FileNotFoundError:
        raise DataError(f"there is no file {file}") from None
    except (pa.ArrowException, OSError, zipfile.BadZipFile, UnicodeDecodeError) as problem:
        first = (str(problem) or type(problem).__name__).splitlines()[0].rstrip(".")
        raise DataError(f"{file} cannot be read: {first}; it may be cut short, or no table") from None


def _open(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with file.open("rb") as opened:
        magic = opened.read(6)
    if magic.startswith(b"PAR1"):
        return pq.ParquetFile(file).read()  # read_table would look for pandas' own notes on the columns
    if magic == b"ARROW1":
        with pa.OSFile(str(file)) as opened, pa.ipc.open_file(opened) as table:
            return table.read_all()
    if magic.startswith(b"PK"):
        with zipfile.ZipFile(file) as packed:
            names = packed.namelist()
            if len(names) != 1:
                raise DataError(f"{file} holds {len(names)} files; unpack it and name one")
            return _csv(packed.read(names[0]), file)
    return _csv(gzip.decompress(file.read_bytes()) if magic.startswith(b"\x1f\x8b") else file.read_bytes(), file)


def _csv(text: bytes, file: Path) -> Any:
    from pyarrow import csv

    first = text[: text.find(b"\n") + 1 or len(text)].decode("utf-8-sig").strip()
    if not first or first.startswith(("<", "{")) or not first.replace("\t", "").isprintable():
        raise DataError(f"{file} is neither Parquet, Feather nor CSV: it begins with {first[:20]!r}")
    separator = max(",;\t", key=first.count)
    fields = [field.strip().strip('"') for field in first.split(separator)]
    names = None
    if any(_is_number(field) for field in fields):
        names = HEADERLESS.get(len(fields))
        if names is None:
            raise DataError(
                f"{file} has no header line, and {len(fields)} columns are no form known; add a line with names"
            )
    return csv.read_csv(
        io.BytesIO(text),
        read_options=csv.ReadOptions(column_names=names, use_threads=False),
        parse_options=csv.ParseOptions(delimiter=separator),
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def times_of(column: Any) -> NDArray[np.int64]:
    """Times in ns, of numbers in any unit, datetimes, dates or ISO text; DataError for what cannot be meant."""
    import pyarrow as pa

    if column.null_count:
        raise DataError(f"{column.null_count} rows have no time")
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        column, kind = _from_text(column), pa.timestamp("ns")
    if pa.types.is_date32(kind):
        return _numbers(column.cast(pa.int32()).cast(pa.int64())) * DAY
    if pa.types.is_timestamp(kind):
        return _plausible(_numbers(column.cast(pa.int64())), FACTORS[kind.unit])
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = _numbers(column.cast(pa.int64(), safe=False))
        factor = next((factor for factor in FACTORS.values() if _is_time(numbers, factor)), None)
        if factor is None:
            raise DataError(f"its times, such as {numbers[0]}, are of no one unit from 2000 to 2100")
        return numbers * factor
    raise DataError(f"its times are of type {kind}")


def _is_time(numbers: NDArray[np.int64], factor: int) -> bool:
    return bool((numbers >= EARLIEST // factor).all() and (numbers < LATEST // factor).all())


def _plausible(numbers: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    if not _is_time(numbers, factor):
        raise DataError("its times are not from 2000 to 2100; the unit was mistaken when it was written")
    return numbers * factor


def _from_text(column: Any) -> Any:
    import pyarrow as pa

    for wanted in (pa.timestamp("ns", "UTC"), pa.timestamp("ns")):
        try:
            return column.cast(wanted)
        except pa.ArrowInvalid:
            continue
    raise DataError(f"its times are like {column[0].as_py()!r}; ISO text such as 2024-01-31 08:00:00 is understood")


def numbers_of(column: Any, name: str, *, whole: bool = False) -> NDArray[Any]:
    """Numbers as float64 (NaN where there are none), or whole ones as int64."""
    import pyarrow as pa

    try:
        return _numbers(column.cast(pa.int64() if whole else pa.float64()))
    except (pa.ArrowException, ValueError) as problem:
        raise DataError(f"its column {name!r} is not numbers: {str(problem).splitlines()[0]}") from None


def truths_of(column: Any, name: str, words: Sequence[str]) -> NDArray[np.bool_]:
    """Truth values, or text that is one of `words` where it is true."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.is_in(pc.utf8_lower(column), pa.array(words, column.type))
    if not pa.types.is_boolean(column.type):
        raise DataError(f"its column {name!r} is neither true nor false")
    return _numbers(column.cast(pa.uint8())).view(bool)


def _numbers(column: Any) -> NDArray[Any]:
    import pyarrow as pa

    if column.null_count:
        if not pa.types.is_floating(column.type):
            raise ValueError(f"{column.null_count} are empty")
        column = column.fill_null(math.nan)
    pieces = [np.from_dlpack(chunk) for chunk in column.chunks]  # pyarrow's own to_numpy imports pandas
    return np.concatenate(pieces) if pieces else np.empty(0)
