"""What the machine does to a run: folders that cannot be written, full disks, readers that leave, odd terminals."""

from __future__ import annotations

import ctypes
import json
import locale
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

MAY_WRITE_EVERYTHING = 1  # CAP_DAC_OVERRIDE
DROP_FOR_GOOD = 24  # PR_CAPBSET_DROP


def obey_permissions() -> None:
    """Give up what lets the superuser write where nobody may, from the next program on."""
    if sys.platform == "linux" and os.geteuid() == 0:
        ctypes.CDLL(None).prctl(DROP_FOR_GOOD, MAY_WRITE_EVERYTHING, 0, 0, 0)


def small_files() -> None:
    """Let no file grow beyond a few thousand bytes, as on a disk that is all but full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, 8_192))


def test_a_workspace_that_cannot_be_written(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    desk.workspace.chmod(0o555)
    told = desk.apart("run", "s.yaml", "--quiet", prepare=obey_permissions)
    desk.workspace.chmod(0o755)
    desk.check_refusal(told, 2, f"{desk.workspace}/runs cannot be written: permission denied", "set FW_HOME")
    assert not desk.runs()


def test_a_strategy_file_that_may_not_be_read(desk: Any, good: str) -> None:
    file = desk.write("s.yaml", good)
    file.chmod(0)

    def obey() -> None:
        obey_permissions()
        ctypes.CDLL(None).prctl(DROP_FOR_GOOD, 2, 0, 0, 0)  # CAP_DAC_READ_SEARCH

    desk.check_refusal(desk.apart("run", "s.yaml", prepare=obey), 2, "s.yaml: cannot be read: Permission denied")


def test_a_file_where_the_workspace_should_be(desk: Any, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_HOME", str(desk.write("home", "")))
    desk.refused(good, 2, "home/runs cannot be written: a file stands where a folder should", "set FW_HOME")


@pytest.mark.parametrize("place", ["runs", ".fw"])
def test_a_file_where_a_folder_of_the_workspace_should_be(desk: Any, good: str, place: str) -> None:
    (desk.workspace / place).write_text("")
    told = desk.run(good)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1)
    assert f"{desk.workspace}/{place} cannot be written: a file stands where a folder should" in told.err
    assert "finished" not in desk.statuses() if place == ".fw" else not list((desk.workspace / "runs").glob("*"))


def test_a_workspace_that_does_not_exist_yet_is_made(
    desk: Any, good: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path / "a" / "b"))
    assert desk.run(good).code == 0
    assert (tmp_path / "a" / "b" / "runs").is_dir()


def test_a_current_folder_that_was_deleted(desk: Any, good: str) -> None:
    file = desk.write("s.yaml", good)
    gone = desk.files / "gone"

    def delete() -> None:
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()

    told = desk.apart("run", str(file), prepare=delete, FW_HOME="")
    desk.check_refusal(told, 2, "the current folder", "does not exist any more", "set FW_HOME")


def test_an_output_path_outside_the_workspace(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    for out in ("../all.csv", "/tmp/all.csv", "runs/../../all.csv"):
        told = desk.fw("sweep", "s.yaml", "--over", "strategy.fast=5,6", "--out", out)
        desk.check_refusal(told, 2, f"{out} is outside the workspace {desk.workspace}", "set FW_HOME")
    told = desk.fw("schema", "--out", "../strategy.schema.json")
    desk.check_refusal(told, 2, "is outside the workspace", "set FW_HOME")
    assert sorted(entry.name for entry in desk.workspace.parent.iterdir()) == ["files", "workspace"]


def test_a_link_that_leads_out_of_the_workspace(desk: Any, good: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (desk.workspace / "runs").symlink_to(tmp_path / "elsewhere")
    desk.refused(good, 2, "is outside the workspace", "set FW_HOME")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_full_disk_leaves_no_run_that_passes_for_a_finished_one(desk: Any, good: str) -> None:
    assert desk.run(good).code == 0  # so that the kernels are compiled
    told = desk.apart("run", "s.yaml", "--quiet", prepare=small_files)
    assert (told.code, told.out, len(told.err.splitlines())) == (2, "", 1), told.err
    assert "cannot be written: file too large; make room" in told.err
    assert str(desk.workspace / "runs") in told.err
    assert sorted(desk.statuses()) == ["failed", "finished"]
    assert desk.trials() == 1
    assert len(list(desk.workspace.glob("runs/*/result.json"))) == 1
    assert not list(desk.workspace.rglob("*.part"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_output_that_is_full(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)

    def full() -> None:
        os.dup2(os.open("/dev/full", os.O_WRONLY), 1)

    told = desk.apart("run", "s.yaml", "--quiet", prepare=full)
    assert told.code == 2
    assert told.err.splitlines() == [
        "Error: the output cannot be written: no space left on device; make room, "
        "or set FW_HOME to a folder that has it"
    ]


@pytest.mark.parametrize("arguments", [("run", "s.yaml", "--quiet"), ("parts",), ("--help",)])
def test_a_reader_that_leaves_ends_the_output_in_silence(desk: Any, good: str, arguments: tuple[str, ...]) -> None:
    desk.write("s.yaml", good)

    def unread() -> None:
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)

    told = desk.apart(*arguments, prepare=unread)
    assert (told.code, told.err) == (141, "")
    if arguments[0] == "run":
        assert desk.statuses() == ["finished"]


def test_a_terminal_without_our_letters_loses_no_minus_sign(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    told = desk.apart("run", "s.yaml", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (told.code, told.err) == (0, "")
    whole = (desk.runs()[0] / "summary.txt").read_text(encoding="utf-8")
    assert "−" in whole
    plain = whole.translate(str.maketrans("−─•", "--*"))
    assert told.out.startswith(plain)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put the machine into another time zone."""

    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


def test_the_machines_time_zone_changes_nothing(desk: Any, candles: pd.DataFrame, over_file: Any, zone: Any) -> None:
    naive = pd.to_datetime(candles.open_time, unit="ms").dt.strftime("%Y-%m-%d %H:%M:%S")
    candles.assign(open_time=naive).to_csv(desk.files / "btc.csv", index=False)
    told = []
    for name in ("UTC", "Asia/Kolkata", "America/St_Johns"):
        zone(name)
        before = desk.runs()
        assert desk.run(over_file(more=", start: 2024-01-02, end: 2024-01-12")).code == 0
        (made,) = set(desk.runs()) - set(before)
        told.append([(made / file).read_bytes() for file in ("result.json", "journal.parquet", "summary.txt")])
    assert told[0] == told[1] == told[2]


@pytest.fixture
def decimal_comma(german: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A locale that writes decimals with a comma."""
    monkeypatch.setenv("LOCPATH", german)
    before = locale.setlocale(locale.LC_ALL)
    locale.setlocale(locale.LC_ALL, "de_DE.UTF-8")
    assert locale.localeconv()["decimal_point"] == ","
    yield
    locale.setlocale(locale.LC_ALL, before)


@pytest.mark.usefixtures("decimal_comma")
def test_a_locale_with_decimal_commas_changes_nothing(desk: Any, candles: pd.DataFrame, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    told = desk.run(over_file(), "--json")
    assert json.loads(told.out)["bars"] == 281


def test_runs_begun_at_the_same_moment_have_folders_of_their_own(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    processes = [desk.begin("run", "s.yaml", "--json", "--quiet") for _ in range(2)]
    folders = {json.loads(process.communicate(timeout=120)[0])["folder"] for process in processes}
    assert sorted(folders) == [str(folder) for folder in desk.runs()]
    assert desk.statuses() == ["finished"] * 2
    assert desk.trials() == 2
