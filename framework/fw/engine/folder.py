"""A run's folder: begun before the run, filled at its end, never half-written.

`manifest.json` says from the first moment whether the run is running, finished, failed or interrupted; every other
file is written beside its place and moved there whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fw.parts.metric import Unmeasured

if TYPE_CHECKING:
    from fw.domain.frame import Frame
    from fw.domain.result import Result
    from fw.plugins import Plugins
    from fw.settings.strategy import StrategyFile
    from fw.workspace import Workspace

PACKAGES = ("futures-framework", "numpy", "numba", "pandas", "pyarrow", "pluggy", "attrs")
FRAMES = ("fills", "trades", "equity", "funding")
RESUMED = 100
"""Times that an account was taken up again, of which a manifest tells the last ones."""
JOURNAL = ("signals", "orders", "vetoes", "fills", "funding")


_TEXT = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)


def config_hash(settings: StrategyFile, written: dict[str, tuple[Any, str]] | None = None) -> str:
    """Twelve hex digits of the settings' meaning.

    `written` remembers settings and their text by name, for many files that share most of their settings.
    """
    pieces = []
    for name, value in sorted(settings.raw.items()):
        found = None if written is None else written.get(name)
        if found is None or found[0] is not value:
            found = value, _TEXT.encode(value)
            if written is not None:
                written[name] = found
        pieces.append(f'"{name}": {found[1]}')
    return hashlib.sha256(f"{{{', '.join(pieces)}}}".encode()).hexdigest()[:12]


def write_whole(file: Path, data: bytes) -> None:
    """Write beside the place and move there, so that a reader sees all of it or nothing."""
    with _beside(file) as unfinished:
        unfinished.write_bytes(data)


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A place to write to that becomes `file` at the end, or is cleared away where that is not reached."""
    unfinished = file.with_name(f".{file.name}.part")
    try:
        yield unfinished
        os.replace(unfinished, file)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(file)  # some libraries say only what, not where
        unfinished.unlink(missing_ok=True)
        raise


def as_json(value: Any) -> bytes:
    """Readable JSON with sorted keys; refuses NaN."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


class RunFolder:
    """The folder of a run in progress. Mutable: its manifest changes as the run does."""

    def __init__(
        self, workspace: Workspace, settings: StrategyFile, plugins: Plugins, *, path: Path | None = None
    ) -> None:
        """Begin one that is new, or go on in the folder of an account at `path`."""
        now = datetime.now(UTC)
        slug = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in settings.name)[:60]
        is_new = path is None
        self.path = _new_folder(workspace, f"{now:%Y%m%d-%H%M%S}-{slug}") if path is None else path
        self.id = self.path.name
        self.manifest: dict[str, Any] = {
            "run": self.id,
            "status": "running",
            "name": settings.name,
            "config": config_hash(settings),
            "settings": settings.raw,
            "file": str(settings.path) if settings.path else None,
            "profile": settings.profile,
            "seed": settings.seed,
            "started": now.isoformat(timespec="seconds"),
            "process": os.getpid(),
            "packages": _versions(),
            "plugins": {plugin.name: f"{plugin.distribution} {plugin.version}".strip() for plugin in plugins.loaded},
            "python": platform.python_version(),
            "platform": platform.platform(),
        }
        if not is_new:
            self._go_on()
        try:
            self.save()
        except OSError:
            if is_new:
                shutil.rmtree(self.path, ignore_errors=True)
            raise

    def _go_on(self) -> None:
        """Keep when the account was begun, and note when it was taken up again."""
        try:
            before = json.loads((self.path / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        resumed = [*before.get("resumed", ()), self.manifest["started"]]
        self.manifest |= {"started": before["started"], "resumed": resumed[-RESUMED:]}

    def save(self, **more: Any) -> None:
        """Write the manifest, with what is new."""
        self.manifest.update(more)
        write_whole(self.path / "manifest.json", as_json(self.manifest))

    def end(self, status: str, **more: Any) -> None:
        """Say how the run ended."""
        self.save(status=status, ended=datetime.now(UTC).isoformat(timespec="seconds"), **more)


def _new_folder(workspace: Workspace, begin: str) -> Path:
    """A folder that no other run has, also of those begun in the same second."""
    workspace.runs.mkdir(parents=True, exist_ok=True)
    while True:
        path = workspace.inside(workspace.runs / f"{begin}-{secrets.token_hex(2)}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _versions() -> dict[str, str]:
    from importlib_metadata import PackageNotFoundError, version

    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def write_result(result: Result, folder: Path, *, fingerprint: str = "", config: str = "") -> None:
    """The files of a finished run; the same run gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FRAMES:
        write_frame(getattr(result, name), folder / f"{name}.parquet")
    write_journal(result, folder / "journal.parquet")
    write_whole(folder / "result.json", as_json(summary_of(result, fingerprint=fingerprint, config=config)))


def summary_of(result: Result, *, fingerprint: str, config: str) -> dict[str, Any]:
    """What result.json holds: nothing that depends on when or where the run was made."""
    metrics: dict[str, Any] = {}
    unmeasured: dict[str, str] = {}
    for name, value in result.metrics.items():
        if isinstance(value, Unmeasured):
            metrics[name], unmeasured[name] = None, value.reason
        else:
            metrics[name] = value.item() if hasattr(value, "item") else value
    times = result.equity["time"]
    return {
        "name": result.name,
        "engine": result.engine,
        "engine_reason": result.engine_reason,
        "config": config,
        "data": fingerprint,
        "instruments": list(result.instruments),
        "bar": str(result.bar),
        "bars": int(result.equity.rows),
        "start": int(times[0]) - result.bar.ns,
        "end": int(times[-1]),
        "capital": result.capital,
        "metrics": metrics,
        "unmeasured": unmeasured,
        "units": dict(result.units),
        "totals": dict(result.totals),
        "bounds": None if result.bounds is None else result.bounds.plain(),
        "notes": list(result.notes),
    }


def write_frame(frame: Frame, file: Path) -> None:
    """A frame as Parquet; times as UTC timestamps."""
    _write_table(_table(frame), file)


def _table(frame: Frame) -> Any:
    """A frame as an Arrow table."""
    import numpy as np
    import pyarrow as pa

    arrays = []
    for name, column in frame.items():
        is_time = (name == "time" or name.endswith("_time")) and column.dtype == np.int64
        arrays.append(_arrow(column, pa.timestamp("ns", tz="UTC") if is_time else None))
    return pa.Table.from_arrays(arrays, names=list(frame))


def _arrow(column: Any, kind: Any = None) -> Any:
    """A column as an Arrow array, handed over as memory: `pa.array` would import pandas, which takes half a second."""
    import numpy as np
    import pyarrow as pa

    if column.dtype.kind in "UO":
        texts = [str(text).encode() for text in column.tolist()]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.string(), len(texts), buffers)
    if column.dtype == bool:
        bits = pa.py_buffer(np.packbits(column, bitorder="little"))
        return pa.Array.from_buffers(pa.bool_(), len(column), [None, bits])
    memory = pa.py_buffer(np.ascontiguousarray(column))
    return pa.Array.from_buffers(kind or pa.from_numpy_dtype(column.dtype), len(column), [None, memory])


def _write_table(table: Any, file: Path) -> None:
    import pyarrow.parquet as pq

    with _beside(file) as unfinished:
        pq.write_table(table, unfinished, compression="zstd")


def write_journal(result: Result, file: Path) -> None:
    """What was decided and what happened, in order: one table, a column `event` says which kind a row is."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = []
    for rank, name in enumerate(JOURNAL):
        table = _table(getattr(result, name))
        count = table.num_rows
        table = table.append_column("event", _arrow(np.full(count, name)))
        table = table.append_column("rank", _arrow(np.full(count, rank)))
        tables.append(table.append_column("row", _arrow(np.arange(count))))
    journal = pa.concat_tables(tables, promote_options="permissive")
    order = pc.sort_indices(journal, sort_keys=[("time", "ascending"), ("rank", "ascending"), ("row", "ascending")])
    _write_table(journal.take(order).drop_columns(["rank", "row"]), file)


def read_journal(file: Path) -> Mapping[str, Any]:
    """The journal's tables again, by kind, as pyarrow tables."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    journal = pq.read_table(file)
    return {name: journal.filter(pc.equal(journal["event"], name)).drop_columns(["event"]) for name in JOURNAL}
