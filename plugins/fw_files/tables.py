"""Columns of a Parquet or CSV file as numbers: only those needed, one after the other, so that little else is held."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.errors import DataError
from fw_files.columns import guess, without_header
from fw_files.times import nanoseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

Column = tuple[str, int, Iterable[Any]]
"""What a column means, how many rows it has, and its Arrow arrays one after the other."""

PARQUET_MAGIC = b"PAR1"
PIECE = 1 << 17
TIMES = ("time", "published")


@attrs.frozen(eq=False)
class Table:
    """Times in ns, numbers by meaning, and which of the file's columns each was taken from."""

    time: NDArray[np.int64]
    numbers: Mapping[str, NDArray[np.float64]]
    taken: Mapping[str, str]
    written: str
    """How the times were written: s, ms, us, ns, datetime or text."""
    published: NDArray[np.int64] | None = None
    """When each row became known, where the file says so."""

    def note(self, kind: str) -> str:
        """What was taken for what, for the reader of the report."""
        renamed = [f"{meaning} is {name!r}" for meaning, name in self.taken.items() if meaning not in ("time", name)]
        columns = "; ".join([f"time is {self.taken['time']!r}, in {self.written}", *renamed])
        return f"{kind}: {columns}"


def read(
    file: Path, wanted: Sequence[str], *, said: Mapping[str, str], firm: bool, unit: str, maybe: Sequence[str] = ()
) -> Table:
    """Read the time, the columns wanted, and those of `maybe` that are there; DataError says what is wrong.

    `said` maps a meaning to the file's name for it; where that is not `firm` it holds only if there is such a column.
    """
    import pyarrow as pa

    form = "CSV"
    try:
        form = "Parquet" if _is_parquet(file) else "CSV"
        looked_for = [*wanted, *maybe]
        names = _parquet_names(file) if form == "Parquet" else _csv_form(file, looked_for)[0]
        said = said if firm else {meaning: name for meaning, name in said.items() if name in names}
        taken = guess(names, ["time", *wanted], said, maybe)
        columns = _parquet_columns(file, taken) if form == "Parquet" else _csv_columns(file, taken, looked_for)
        numbers: dict[str, NDArray[np.float64]] = {}
        published: NDArray[np.int64] | None = None
        for meaning, count, pieces in columns:
            if not count:
                raise DataError("holds no rows; get it again, or name another file")
            if meaning == "time":
                time, written = nanoseconds(pieces, count, unit)
            elif meaning == "published":
                published, _ = nanoseconds(pieces, count, unit)
            else:
                numbers[meaning] = _numbers(pieces, count, taken[meaning])
    except DataError as problem:
        raise DataError(f"{file} {problem}") from None
    except pa.ArrowException as problem:
        raise DataError(
            f"{file} cannot be read as {form}: {_first_line(problem).rstrip('.')}{_advice(str(problem))}"
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise DataError(
            f"{file} cannot be read: {_first_line(problem).rstrip('.')}; mend it, or name another"
        ) from None
    return Table(time=time, numbers=numbers, taken=taken, written=written, published=published)


def _is_parquet(file: Path) -> bool:
    """Whether it is Parquet, by its name or by how it begins."""
    if file.suffix.lower() in (".parquet", ".pq"):
        return True
    with file.open("rb") as opened:
        return opened.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def _parquet_names(file: Path) -> tuple[str, ...]:
    import pyarrow.parquet as pq

    return tuple(pq.read_schema(file).names)


def _parquet_columns(file: Path, taken: Mapping[str, str]) -> Iterator[Column]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        for meaning, name in taken.items():
            batches = opened.iter_batches(PIECE, columns=[name], use_threads=False)
            yield meaning, opened.metadata.num_rows, (batch.column(name) for batch in batches)


def _csv_form(file: Path, wanted: Sequence[str]) -> tuple[tuple[str, ...], str, bool]:
    """Names of its columns, what separates them, and whether its first line says the names."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        line = opened.readline(1 << 16).decode("utf-8-sig").strip()
    if not line.replace("\t", "").isprintable() or line.startswith(("<", "{")):
        raise DataError(f"is neither CSV nor Parquet: it begins with {line[:20]!r}; save it as one of them")
    if not line:
        raise DataError("holds no rows; get it again, or name another file")
    separator = max(",;\t", key=line.count)
    fields = tuple(field.strip().strip('"') for field in line.split(separator))
    if any(_is_number(field) for field in fields):
        return without_header(len(fields), wanted), separator, False
    return fields, separator, True


def _csv_columns(file: Path, taken: Mapping[str, str], wanted: Sequence[str]) -> Iterator[Column]:
    from pyarrow import csv

    names, separator, has_header = _csv_form(file, wanted)
    needed = list(dict.fromkeys(taken.values()))
    pieces: dict[str, list[Any]] = {name: [] for name in needed}
    with csv.open_csv(
        file,
        read_options=csv.ReadOptions(column_names=list(names), skip_rows=int(has_header), use_threads=False),
        parse_options=csv.ParseOptions(delimiter=separator),
        convert_options=csv.ConvertOptions(
            include_columns=needed,
            column_types={name: _csv_type(meaning) for meaning, name in taken.items() if meaning not in TIMES},
        ),
    ) as opened:
        for batch in opened:
            for name in needed:
                pieces[name].append(batch.column(name))
    for meaning, name in taken.items():
        is_last = list(taken.values()).count(name) == 1  # then its memory is given back once it is numbers
        column = pieces.pop(name) if is_last else pieces[name]
        yield meaning, sum(map(len, column)), column


def _csv_type(meaning: str) -> Any:
    import pyarrow as pa

    return pa.bool_() if meaning == "is_buyer_maker" else pa.float64()


def _numbers(pieces: Iterable[Any], count: int, name: str) -> NDArray[np.float64]:
    """The column as float64, nothing being NaN."""
    import pyarrow as pa

    numbers, at = np.empty(count), 0
    for piece in pieces:
        try:
            values = piece if pa.types.is_floating(piece.type) else piece.cast(pa.float64())
        except pa.ArrowException as problem:
            raise DataError(f"has a column {name!r} that is not numbers: {_first_line(problem)}") from None
        known = values.fill_null(math.nan) if values.null_count else values
        numbers[at : at + len(piece)] = np.from_dlpack(known)
        at += len(piece)
    return numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _advice(problem: str) -> str:
    """What to do about the commonest mistakes that the reading library finds."""
    if "conversion error to double" in problem:
        return "; write plain numbers with a point, such as 40027.66"
    if "Expected" in problem and "columns" in problem:
        return "; mend this row, or leave it out"
    if "magic bytes" in problem or "file size is" in problem:
        return "; it may be cut short: copy or fetch it again"
    return ""


def _first_line(problem: BaseException) -> str:
    return (str(problem) or type(problem).__name__).splitlines()[0]
