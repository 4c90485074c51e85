"""Feature columns kept on disk: found again by the data, the settings and the code that they are made of.

One Arrow file a feature set, under `.fw/cache/features`, mapped into memory when it is used again. Everything there
can be made again, so it may be deleted at any time; what was not used for longest goes first when there is too much.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw import __version__
from fw.domain.frame import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.engine.columns import PlannedSet

MOST_BYTES = 2 << 30
"""What the folder may hold after a run."""

WORTH_KEEPING = 0.05
"""Seconds; what takes less to compute is not kept."""


@attrs.frozen
class KeptColumns:
    """The folder of kept columns, for runs on one market.

    `data` gives the fingerprint of that market; it is asked for only when something was slow enough to be worth it.
    """

    folder: Path
    data: Callable[[], str] = attrs.field(repr=False)
    most_bytes: int = MOST_BYTES
    worth: float = WORTH_KEEPING

    def find(self, planned: PlannedSet, shape: tuple[int, int]) -> Mapping[str, NDArray[np.float64]] | None:
        """The columns of a set, float64[instrument, bar] mapped from disk; None where they are not kept."""
        if not self.folder.is_dir():
            return None
        file = self._file(planned)
        if file is None or not file.is_file():
            return None
        columns = _read(file, shape)
        if columns is None:
            file.unlink(missing_ok=True)
            return None
        os.utime(file)
        return columns

    def keep(self, planned: PlannedSet, columns: Mapping[str, NDArray[np.float64]], seconds: float) -> None:
        """Keep what took so long to compute, where that is worth it and the folder can be written."""
        file = self._file(planned) if seconds >= self.worth else None
        if file is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(file, columns)
            self._forget()
        except OSError:
            return  # a full or read-only disk costs time, not the run

    def _file(self, planned: PlannedSet) -> Path | None:
        """Where a set's columns are, or would be; None for a set whose code or settings have no name."""
        code, spec = _code(type(planned.part)), repr(planned.spec)
        if code is None or " at 0x" in spec:  # settings that cannot be told apart by what they say of themselves
            return None
        said = (__version__, code, self.data(), spec, str(planned.bar), str(planned.on))
        key = hashlib.sha256("\0".join(said).encode()).hexdigest()
        return self.folder / f"{key[:40]}.arrow"

    def _forget(self) -> None:
        """Delete what was not used for longest until the rest is small enough."""
        found = sorted((file.stat().st_mtime_ns, file.stat().st_size, file) for file in self.folder.glob("*.arrow"))
        total = sum(size for _, size, _ in found)
        for _, size, file in found:
            if total <= self.most_bytes:
                return
            file.unlink(missing_ok=True)  # whoever has it mapped keeps it until the end
            total -= size


def _code(part: type[Any]) -> str | None:
    """Digits of every source that a set may call: its package, or its one file; None where it has none."""
    import inspect

    from fw.ledger.compiled import source_hash, source_of

    try:
        source = source_of(Path(inspect.getfile(part)))
    except (OSError, TypeError):
        return None
    return None if source is None else f"{source_hash(source)} {part.__module__}.{part.__qualname__}"


def _write(file: Path, columns: Mapping[str, NDArray[np.float64]]) -> None:
    """Write the whole file, then give it its name: nobody sees half of one."""
    import pyarrow as pa

    table = pa.table({name: np.ascontiguousarray(rows).reshape(-1) for name, rows in columns.items()})
    draft = file.with_suffix(f".{os.getpid()}.draft")
    try:
        with pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _read(file: Path, shape: tuple[int, int]) -> Mapping[str, NDArray[np.float64]] | None:
    """The columns of a file, without a copy; None where it is not whole."""
    import pyarrow as pa

    try:
        table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
        columns = {name: read_only(np.from_dlpack(table[name].chunk(0)).reshape(shape)) for name in table.column_names}
    except (OSError, ValueError, IndexError, pa.ArrowException):
        return None
    return columns if columns and all(rows.dtype == np.float64 for rows in columns.values()) else None
