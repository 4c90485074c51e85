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
    with pytest.raises(fw.DataError, match="2 runs begin with '2024'"):
        workspace.run_folder("2024")
    with pytest.raises(fw.DataError, match=r"there is no run 'x' .* the newest there is 2024-01-02-b"):
        workspace.run_folder("x")
