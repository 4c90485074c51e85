"""A run's folder: whole or not there, honest about how the run ended, and the same bytes for the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fw

FILE = """
name: folders
seed: 3
instruments: [BTCUSDT, ETHUSDT]
bar: 1h
account: {capital: 10000, leverage: 3, margin: cross}
source: {use: synthetic, start: 2023-01-01, end: 2023-03-01}
plugins: [./rides.py]
strategy: {use: rides, span: 24}
sizer: {use: fixed_fraction, fraction: 0.5}
risk: [{use: drawdown_stop, limit: 0.5}]
report: []
"""

RIDES = '''
"""Rides the last move, with a stop; says so in a tag. `fail` says how it ends."""
import attrs
import fw

@attrs.frozen
class Rides:
    span: int = fw.setting(24, ge=1)
    fail: str = ""

    def decide(self, view):
        close = view.bars.close
        if len(close) <= self.span:
            return None
        if self.fail and view.time == 1_674_172_800_000_000_000:  # 2023-01-20
            raise RuntimeError("no idea") if self.fail == "error" else KeyboardInterrupt
        if view.time // 3_600_000_000_000 % 12:
            return None
        side = 1.0 if close[-1] > close[-1 - self.span] else -1.0
        return fw.Signal(side, stop_loss=close[-1] * (1 - 0.02 * side), tag="up" if side > 0 else "down")

@fw.hookimpl
def fw_strategies():
    return {"rides": Rides}
'''


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FW_HOME", str(tmp_path / "home"))
    (tmp_path / "run.yaml").write_text(FILE)
    (tmp_path / "rides.py").write_text(RIDES)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "gaps"), [([], "error"), (["source.gaps=skip"], "skip"), (["source.gaps=flat"], "flat")]
)
def test_what_was_done_about_gaps_stands_in_the_manifest(workspace: Path, said: list[str], gaps: str) -> None:
    folder = fw.load(workspace / "run.yaml", overrides=said).run().folder
    assert folder is not None
    assert json.loads((folder / "manifest.json").read_text())["settings"]["source"]["gaps"] == gaps


def test_a_finished_run_leaves_whole_files(workspace: Path) -> None:
    result = fw.load(workspace / "run.yaml").run()
    folder = result.folder
    assert folder is not None
    assert folder.parent == workspace / "home" / "runs"
    files = {path.name for path in folder.iterdir()}
    frames = {f"{name}.parquet" for name in ("fills", "trades", "equity", "funding", "journal")}
    assert files >= {"manifest.json", "result.json", *frames}
    assert not [name for name in files if name.endswith(".part")]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "finished"
    assert manifest["seed"] == 3
    assert manifest["config"]
    assert manifest["data"]
    assert set(manifest["packages"]) >= {"futures-framework", "numpy", "numba"}
    assert manifest["run"] == folder.name
    assert "folders" in folder.name


def test_the_files_hold_what_the_result_says(workspace: Path) -> None:
    result = fw.load(workspace / "run.yaml").run()
    for name in ("fills", "trades", "equity", "funding"):
        table = pq.read_table(result.folder / f"{name}.parquet")
        frame = getattr(result, name)
        assert table.num_rows == frame.rows > 0
        assert table.column_names == list(frame)
        for column in frame:
            stored = table[column]
            if column == "time" or column.endswith("_time"):
                assert str(stored.type) == "timestamp[ns, tz=UTC]"
                stored = stored.cast("int64")
            assert stored.to_pylist() == frame[column].tolist()
    said = json.loads((result.folder / "result.json").read_text())
    assert said["totals"] == dict(result.totals)
    assert said["bars"] == result.equity.rows == 59 * 24
    assert said["capital"] == 10_000.0


def test_the_journal_is_one_table_in_order_of_time(workspace: Path) -> None:
    result = fw.load(workspace / "run.yaml").run()
    journal = pq.read_table(result.folder / "journal.parquet")
    times = journal["time"].cast("int64").to_pylist()
    assert times == sorted(times)
    counts = {name: getattr(result, name).rows for name in ("signals", "orders", "vetoes", "fills", "funding")}
    events = journal["event"].to_pylist()
    assert {name: events.count(name) for name in counts} == counts
    assert set(result.signals["tag"]) == {"up", "down"}


RUN = """
import sys, fw
result = fw.load(sys.argv[1]).run(engine=sys.argv[2] or None)
print(result.folder)
"""


def test_the_same_run_in_two_processes_gives_the_same_bytes(workspace: Path) -> None:
    folders = []
    for number in ("1", "2"):
        environ = {**os.environ, "FW_HOME": str(workspace / f"home{number}"), "PYTHONHASHSEED": number}
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(workspace / "run.yaml"), ""],
            capture_output=True,
            text=True,
            check=False,
            env=environ,
        )
        assert done.returncode == 0, done.stderr
        folders.append(Path(done.stdout.strip().splitlines()[-1]))
    one, other = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert set(one) == set(other)
    compared = [name for name in one if name == "result.json" or name.endswith(".parquet")]
    assert len(compared) == 6
    for name in compared:
        assert one[name] == other[name], name


@pytest.mark.parametrize(
    ("fail", "raised", "status"), [("error", fw.PluginError, "failed"), ("interrupt", KeyboardInterrupt, "interrupted")]
)
def test_a_run_that_does_not_finish_says_so_and_leaves_no_results(
    workspace: Path, fail: str, raised: type[BaseException], status: str
) -> None:
    plan = fw.load(workspace / "run.yaml", overrides=[f"strategy.fail={fail}"])
    with pytest.raises(raised):
        plan.run()
    (folder,) = (workspace / "home" / "runs").iterdir()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == status
    assert "ended" in manifest
    assert not [path.name for path in folder.iterdir() if path.suffix == ".parquet" or path.name == "result.json"]
    if fail == "error":
        assert "no idea" in manifest["error"]
        assert "'rides'" in manifest["error"]
    assert not (workspace / "home" / ".fw" / "trials.jsonl").exists()


def test_what_interrupts_the_writing_leaves_no_partial_file(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*args: Any, **rest: Any) -> None:
        Path(args[1]).write_bytes(b"PAR1 and half a table")
        raise KeyboardInterrupt

    plan = fw.load(workspace / "run.yaml")
    monkeypatch.setattr(pq, "write_table", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plan.run()
    (folder,) = (workspace / "home" / "runs").iterdir()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    assert not [path.name for path in folder.iterdir() if path.suffix == ".parquet" or path.name == "result.json"]


def test_a_dry_run_writes_nothing(workspace: Path) -> None:
    fw.load(workspace / "run.yaml").run(write=False)
    assert not (workspace / "home").exists()


def test_a_result_is_reported_into_any_folder(workspace: Path, tmp_path: Path) -> None:
    result = fw.load(workspace / "run.yaml").run(write=False)
    folder = result.report(tmp_path / "elsewhere")
    assert {path.name for path in folder.iterdir()} >= {"result.json", "fills.parquet", "journal.parquet"}
    assert not (workspace / "home").exists()


def test_runs_begun_together_have_folders_of_their_own(workspace: Path) -> None:
    plan: Callable[[], fw.Result] = fw.load(workspace / "run.yaml").run
    assert len({plan().folder for _ in range(3)}) == 3


NEEDY = '''
"""A source that says when it is read, and a reporter that lacks something."""
import attrs, fw

@attrs.frozen
class Loud:
    def history(self, want):
        raise fw.DataError("the data was read")

@attrs.frozen
class Needy:
    def build(self, run):
        raise fw.MissingExtra("pip install something")

@fw.hookimpl
def fw_sources():
    return {"loud": Loud}

@fw.hookimpl
def fw_reporters():
    return {"needy": Needy}
'''


def test_what_a_reporter_lacks_is_told_before_the_work(workspace: Path) -> None:
    (workspace / "needy.py").write_text(NEEDY)
    file = workspace / "needy.yaml"
    file.write_text(
        "{name: needy, plugins: [./needy.py], instruments: [BTCUSDT], bar: 1h, source: loud, "
        "strategy: buy_and_hold, report: [needy]}"
    )
    for work in (fw.load(file).run, fw.load(file).check):
        with pytest.raises(fw.FwError, match="pip install something"):
            work()
