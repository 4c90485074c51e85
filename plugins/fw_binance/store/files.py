"""Columns of numbers to Parquet and back, and files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fw.errors import DataError
from fw_binance.store.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

Columns = Mapping[str, "NDArray[Any]"]

T = TypeVar("T")

SUFFIX = ".parquet"
UNFINISHED = ".part"
ASIDE = ".corrupt"
"""Follows the name of a broken file that was moved aside."""
LEVEL = -3
"""Of zstd. On a month of minutes against level 1: read in half the time, a tenth larger."""
ROWS_IN_GROUP = 1 << 20
WORKERS = 2
"""Files read at once: so many hide the wait for one another, and more would only hold more memory."""


def encode(columns: Columns, kind: Kind) -> bytes:
    """The columns as a Parquet file, times as UTC timestamps; the same numbers give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays, fields = [], []
    for name, number in kind.columns.items():
        array = _arrow(columns[name], number)
        arrays.append(array)
        fields.append(pa.field(name, array.type, nullable=False))
    written = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        written,
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=False,
        column_encoding={name: ENCODINGS[number] for name, number in kind.columns.items()},
        row_group_size=ROWS_IN_GROUP,
    )
    return memoryview(written.getvalue()).tobytes()


ENCODINGS = {"time": "DELTA_BINARY_PACKED", "int": "DELTA_BINARY_PACKED", "float": "BYTE_STREAM_SPLIT", "bool": "PLAIN"}


def _arrow(column: NDArray[Any], number: str) -> Any:
    """A column as an Arrow array, handed over as memory: `pa.array` would import pandas, which takes half a second."""
    import pyarrow as pa

    if number == "bool":
        bits = pa.py_buffer(np.packbits(column, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(column), [None, bits])
    types = {"time": pa.timestamp("ns", tz="UTC"), "int": pa.int64(), "float": pa.float64()}
    return pa.Array.from_buffers(types[number], len(column), [None, pa.py_buffer(np.ascontiguousarray(column))])


def decode(
    file: Path, kind: Kind, names: Sequence[str], *, data: bytes | None = None, threads: bool = True
) -> dict[str, NDArray[Any]]:
    """These columns of a Parquet file, or of its bytes, as int64, float64 and bool; several at once with `threads`.

    FileNotFoundError where there is no file, DataError for a corrupt one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        given = file if data is None else pa.BufferReader(data)
        # not as a memory map: whoever cuts the file meanwhile would end this process
        with pq.ParquetFile(given, pre_buffer=False) as opened:
            table = opened.read(columns=list(names), use_threads=threads)
        return {name: _numpy(table.column(name), kind.columns[name], file) for name in names}
    except (FileNotFoundError, PermissionError):
        raise
    except (pa.ArrowException, OSError, KeyError, ValueError) as problem:
        raise corrupt(file, problem) from None


def ahead(work: Callable[[Path], T], files: Sequence[Path]) -> Iterator[T]:
    """What the work gives of each file, in order; two files are at work while the reader looks at one before."""
    if len(files) <= WORKERS:
        yield from map(work, files)
        return
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting: deque[Future[T]] = deque()
        for file in files:
            waiting.append(pool.submit(work, file))
            if len(waiting) > WORKERS + 1:  # no more, or all files would be in memory at once
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def corrupt(file: Path, why: object) -> DataError:
    """What to say of a file that is not what was written."""
    text = (str(why) or type(why).__name__).splitlines()[0].rstrip(".")
    return DataError(f"{file} is corrupt: {text}; `fw data repair` moves it aside and fetches it again")


def _numpy(column: Any, number: str, file: Path) -> NDArray[Any]:
    pieces = [_piece(chunk, number, file) for chunk in column.chunks]
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate(pieces) if pieces else np.empty(0, {"float": np.float64, "bool": bool}.get(number, np.int64))


def _piece(chunk: Any, number: str, file: Path) -> NDArray[Any]:
    import pyarrow as pa

    wanted = {"time": pa.timestamp("ns", tz="UTC"), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    if chunk.type == pa.float64() and chunk.null_count:  # as pandas writes what is not known
        chunk = chunk.fill_null(math.nan)
    if chunk.type != wanted[number] or chunk.null_count:
        raise corrupt(file, f"a column is of type {chunk.type}, {chunk.null_count} of it empty")
    if number == "bool":
        bits = np.frombuffer(chunk.buffers()[1], np.uint8)
        return np.unpackbits(bits, count=chunk.offset + len(chunk), bitorder="little")[chunk.offset :].view(bool)
    piece: NDArray[Any] = np.from_dlpack(chunk.view(pa.int64()) if number == "time" else chunk)
    return piece


def write_whole(file: Path, data: bytes) -> None:
    """It writes beside the place and moves there: whoever dies when, the file is the old one or the new one, whole."""
    unfinished = file.with_name(f".{file.name}{UNFINISHED}")
    try:
        with unfinished.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(unfinished, file)
        flush_folder(file.parent)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(file)  # a full disk is told of without saying where
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def flush_folder(folder: Path) -> None:
    """It makes the names in a folder as lasting as the files; nothing where folders cannot be flushed."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def left_over(folder: Path) -> Iterator[Path]:
    """What writers that died left unfinished."""
    return folder.glob(f".*{UNFINISHED}")
