"""A replay decides a finished run again: it agrees with an honest journal, and finds every row that was changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fw
from fw.engine.replay import replay

FILE = """
name: replays
instruments: [BTCUSDT]
bar: 1h
account: {leverage: 3}
source: {use: synthetic, start: 2023-01-01, end: 2023-02-01}
plugins: [./both.py]
strategy: both
risk: [{use: max_exposure, limit: 2}]
report: []
"""

BOTH = '''
"""Turns every day, bar by bar and as arrays."""
import attrs
import fw

@attrs.frozen
class Both:
    def decide(self, view):
        day = view.time // 86_400_000_000_000
        return fw.Signal(0.5 if day % 2 else -0.5, tag=f"day {day}")

    def decide_all(self, history):
        import numpy as np
        day = history.close_time // 86_400_000_000_000
        return np.tile(np.where(day % 2, 0.5, -0.5), (len(history.instruments), 1))

@fw.hookimpl
def fw_strategies():
    return {"both": Both}
'''


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FW_HOME", str(tmp_path / "home"))
    (tmp_path / "run.yaml").write_text(FILE)
    (tmp_path / "both.py").write_text(BOTH)
    return tmp_path


def run(workspace: Path, engine: str) -> Path:
    folder = fw.load(workspace / "run.yaml").run(engine=engine).folder
    assert folder is not None
    return folder


@pytest.mark.parametrize("engine", ["scan", "loop"])
def test_an_honest_journal_replays_whichever_engine_wrote_it(workspace: Path, engine: str) -> None:
    assert replay(run(workspace, engine)) == []


@pytest.mark.parametrize(
    ("event", "column", "change"),
    [
        ("signals", "strength", lambda value: value / 2),
        ("fills", "price", lambda value: value * (1 + 1e-12)),
        ("fills", "lots", lambda value: value + 1),
        ("orders", "state", lambda value: "cancelled"),
        ("funding", "amount", lambda value: value + 1.0),
    ],
)
def test_a_row_that_was_changed_is_found_and_named(workspace: Path, event: str, column: str, change: object) -> None:
    folder = run(workspace, "loop")
    file = folder / "journal.parquet"
    table = pq.read_table(file)
    rows = table[column].to_pylist()
    at = [i for i, kind in enumerate(table["event"].to_pylist()) if kind == event][3]
    before = rows[at]
    rows[at] = change(before)  # type: ignore[operator]
    index = table.column_names.index(column)
    pq.write_table(table.set_column(index, column, pa.array(rows, table.schema.field(column).type)), file)
    (said,) = replay(folder)
    assert said.startswith(f"{event} at 2023-01-0")
    assert f"{column} was {rows[at]!r} and is {before!r}" in said


def test_a_row_that_is_missing_is_found(workspace: Path) -> None:
    folder = run(workspace, "loop")
    file = folder / "journal.parquet"
    table = pq.read_table(file)
    last = max(i for i, kind in enumerate(table["event"].to_pylist()) if kind == "fills")
    pq.write_table(pa.concat_tables([table[:last], table[last + 1 :]]), file)
    count = fw.load(workspace / "run.yaml").run(write=False).fills.rows
    assert replay(folder) == [f"fills: {count - 1} in the journal, {count} now"]


def test_a_journal_that_is_torn_or_gone_says_so(workspace: Path) -> None:
    folder = run(workspace, "loop")
    file = folder / "journal.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(fw.DataError, match=r"the journal .* cannot be read"):
        replay(folder)
    file.unlink()
    with pytest.raises(fw.DataError, match=r"the journal .* cannot be read"):
        replay(folder)


def test_only_what_finished_on_the_same_data_is_replayed(workspace: Path) -> None:
    folder = run(workspace, "scan")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "data": "0" * 64}))
    with pytest.raises(fw.DataError, match=r"the data of .* has changed since"):
        replay(folder)
    (folder / "manifest.json").write_text(json.dumps({**manifest, "status": "interrupted"}))
    with pytest.raises(fw.DataError, match="cannot be replayed: it was interrupted"):
        replay(folder)
    (folder / "manifest.json").write_text("{torn")
    with pytest.raises(fw.DataError, match="is no run folder"):
        replay(folder)
    with pytest.raises(fw.DataError, match="is no run folder"):
        replay(workspace / "nowhere")
