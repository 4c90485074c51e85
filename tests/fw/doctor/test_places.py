"""The doctor looks at workspace, clock, disk and processes, and says what cannot be right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fw.doctor import examine
from fw.doctor.finding import size
from fw.doctor.machine import free_disk, look_at_clock
from fw.doctor.places import is_alive, size_of
from fw.plugins import Plugins


def manifest(workspace: Path, run: str, **said: Any) -> None:
    folder = workspace / "runs" / run
    folder.mkdir(parents=True)
    folder.joinpath("manifest.json").write_text(json.dumps(said))


def a_process_that_is_gone() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_the_workspace_is_measured_and_runs_that_were_cut_off_are_named(doctor: Any, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    manifest(workspace, "a-1", status="finished")
    manifest(workspace, "b-1", status="running", process=a_process_that_is_gone())
    manifest(workspace, "c-1", status="running", process=os.getpid())
    manifest(workspace, "d-1", status="running")
    workspace.joinpath("runs", "e-1").mkdir()
    workspace.joinpath("runs", "e-1", "manifest.json").write_text('{"torn": ')
    workspace.joinpath("data").mkdir()
    workspace.joinpath("data", "bars").write_bytes(b"x" * 12_345)
    told = doctor()
    assert told.of("workspace", "folder")["facts"]["chosen"] == "the current folder"
    assert told.of("workspace", "runs")["facts"]["runs"] == 5
    assert (told.of("workspace", "data")["state"], told.of("workspace", "data")["text"]) == ("ok", "12.3 kB")
    assert told.of("workspace", "cut off")["facts"]["runs"] == ["b-1", "d-1"]
    assert told.of("workspace", "running")["text"] == "c-1"


def test_a_workspace_that_is_not_there_is_a_note_and_one_that_can_be_none_a_problem(
    doctor: Any, tmp_path: Path
) -> None:
    found = doctor(FW_HOME=str(tmp_path / "later")).of("workspace", "folder")
    assert (found["state"], "does not exist yet" in found["text"]) == ("note", True)
    tmp_path.joinpath("file").write_text("")
    found = doctor(FW_HOME=str(tmp_path / "file")).of("workspace", "folder")
    assert (found["state"], found["text"].endswith("(FW_HOME) is no folder")) == ("problem", True)
    found = doctor(FW_HOME=str(tmp_path / "file" / "below")).of("workspace", "folder")
    assert "cannot be written, so no run can be kept" in found["text"]


def test_a_workspace_whose_folder_was_deleted_does_not_stop_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    found = [one for one in examine(environ={}, plugins=Plugins()) if one.section == "workspace"]
    assert [(one.state, one.mend) for one in found] == [("problem", "set FW_HOME")]


def test_a_clock_behind_the_last_run_is_wrong(tmp_path: Path) -> None:
    environ = {"FW_HOME": str(tmp_path)}
    (sound,) = look_at_clock(environ, now=4_000_000_000.0)
    assert (sound.state, sound.text) == ("ok", "2096-10-02 07:06:40")
    manifest(tmp_path, "a-1", started="2096-10-03T00:00:00+00:00")
    (found,) = look_at_clock(environ, now=4_000_000_000.0)
    assert found.state == "problem"
    assert found.text == "2096-10-02 07:06:40 cannot be right: run a-1 is of 2096-10-03 00:00:00"
    (early,) = look_at_clock({"FW_HOME": str(tmp_path / "none")}, now=0.0)
    assert early.text.startswith("1970-01-01 00:00:00 cannot be right: the installed fw is of 20")


@pytest.mark.parametrize(("free", "state"), [(50_000_000, "problem"), (500_000_000, "note"), (50_000_000_000, "ok")])
def test_little_room_on_the_disk_is_told(tmp_path: Path, free: int, state: str) -> None:
    assert free_disk(tmp_path, free).state == state


def test_processes_and_sizes(tmp_path: Path) -> None:
    assert is_alive(os.getpid())
    assert not any(map(is_alive, (a_process_that_is_gone(), None, 0, -1, "5")))
    tmp_path.joinpath("a").write_bytes(b"123")
    tmp_path.joinpath("link").symlink_to(tmp_path)
    assert size_of(tmp_path) == 3 + tmp_path.joinpath("link").lstat().st_size
    assert size_of(tmp_path / "none") == 0
    assert [size(count) for count in (0, 999, 12_345, 5e9, 3e15)] == ["0 B", "999 B", "12.3 kB", "5.0 GB", "3000.0 TB"]
