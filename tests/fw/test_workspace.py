"""Outputs stay inside the workspace."""

from __future__ import annotations

from pathlib import Path

import pytest

import fw
from fw.workspace import Workspace


def test_the_workspace_is_the_current_folder_or_fw_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Workspace.here({}).root == tmp_path
    assert Workspace.here({"FW_HOME": str(tmp_path / "home")}).root == tmp_path / "home"


def test_everything_has_its_place(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    places = (workspace.data, workspace.models, workspace.runs, workspace.cache, workspace.trials)
    assert [str(place.relative_to(tmp_path)) for place in places] == [
        "data",
        "models",
        "runs",
        ".fw/cache",
        ".fw/trials.jsonl",
    ]
    assert not list(tmp_path.iterdir())


def test_a_path_inside_is_made_absolute(tmp_path: Path) -> None:
    assert Workspace(tmp_path).inside("a/b.csv") == tmp_path / "a" / "b.csv"
    assert Workspace(tmp_path).inside(tmp_path / "c") == tmp_path / "c"


@pytest.mark.parametrize("path", ["../out.csv", "/etc/out.csv", "a/../../out.csv", "link/out.csv"])
def test_a_path_outside_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(fw.SettingsError, match="is outside the workspace"):
        Workspace(root).inside(path)


def test_a_run_is_found_by_id_beginning_or_folder(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for name in ("2024-01-01-a", "2024-01-02-b"):
        (workspace.runs / name).mkdir(parents=True)
    assert workspace.run_folder("2024-01-01-a").name == "2024-01-01-a"
    assert workspace.run_folder("2024-01-02").name == "2024-01-02-b"
    assert workspace.run_folder(str(workspace.runs / "2024-01-01-a")).name == "2024-01-01-a"
    with pytest.raises(fw.DataError, match="2 runs begin with '2024', the newest first: 2024-01-02-b, 2024-01-01-a"):
        workspace.run_folder("2024")
    with pytest.raises(fw.DataError, match=r"there is no run 'x' .* the newest there is 2024-01-02-b"):
        workspace.run_folder("x")


def test_a_run_goes_by_its_name_where_no_other_has_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    ids = ["20240101-000000-first-aaaa", "20240102-000000-first-bbbb", "20240103-000000-first-one-cccc"]
    for name in ids:
        (workspace.runs / name).mkdir(parents=True)
    assert workspace.run_folder("first-one").name == ids[2]
    with pytest.raises(fw.DataError, match=f"2 runs are called 'first', the newest first: {ids[1]}, {ids[0]}$"):
        workspace.run_folder("first")


def test_the_folder_of_all_runs_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "2024-a").mkdir(parents=True)
    for name in ("runs", str(tmp_path / "runs")):
        with pytest.raises(fw.DataError, match="is the folder of all runs: name one in it; the newest there is 2024-a"):
            Workspace(tmp_path).run_folder(name)


def test_where_there_are_no_runs_it_says_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(fw.DataError, match="`fw run FILE` makes one"):
        Workspace(tmp_path).run_folder("x")
