"""A finished run read back from its folder."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fw.domain.frame import Frame
from fw.domain.saved import SavedRun
from fw.engine.journal import NAME
from fw.errors import DataError
from fw.workspace import Workspace

HOW_IT_ENDED = {
    "failed": "it failed",
    "interrupted": "it was interrupted",
    "running": "it is still running, or was cut off",
    "finished": "it finished, and its result.json is gone",
}


def open_run(run: Path | str) -> SavedRun:
    """A run by its folder, its id in the workspace, or the beginning of its id.

    DataError where there is none, where it has no result, or a file of it is broken. The account of a run that is led
    by a stream may be looked at while it runs.
    """
    folder = Workspace.here().run_folder(str(run))
    result, manifest = _object(folder / "result.json"), _object(folder / "manifest.json")
    status = manifest.get("status", "finished")
    # a run that broke off while it was written may have left a result that nobody was told of
    lives = (folder / NAME).exists()  # an account shows what it has come to so far
    if not result or (status != "finished" and not lives):
        said = HOW_IT_ENDED.get(str(status), f"its status is {status}") if manifest else "it has no result.json"
        why = manifest.get("error")
        reason = f"{said}: {why}" if why else said
        raise DataError(f"the run in {folder} has no result to show: {reason}")
    return SavedRun(
        id=folder.name,
        folder=folder,
        result=result,
        manifest=manifest,
        read=cache(lambda name: _frame(folder / f"{name}.parquet")),
    )


def _frame(file: Path) -> Frame:
    """A Parquet file of a run as a frame: times in ns, text as objects."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except FileNotFoundError:
        raise DataError(f"the run in {file.parent} lacks its {file.name}") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    columns = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_timestamp(column.type):
            columns[name] = column.cast(pa.int64()).to_numpy()
        elif pa.types.is_string(column.type):
            columns[name] = np.array(column.to_pylist(), dtype=object)
        else:
            columns[name] = column.to_numpy()
    return Frame.of(columns)


def _object(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{file} is not what a run writes: it should hold a JSON object")
    return found
