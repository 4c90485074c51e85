"""What `fw new` writes works, tests itself, and is as tidy as the project; what it cannot write it refuses whole."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fw
from fw.plugins import load
from fw.registry import Registry
from fw.scaffold import KINDS, TEMPLATES, Scaffold, scaffold, write

PARTS = [kind for kind in KINDS if kind != "plugin"]
RULES = "E,F,W,I,UP,B,SIM,C4,PIE,RET,PT,RUF,TID,NPY,PLE,PLW"
"""What ruff checks in this project."""

Begin = Callable[..., str]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, begin: Begin) -> Path:
    """A workspace with one beginning of each kind."""
    folder = tmp_path_factory.mktemp("begun")
    for kind in KINDS:
        begin(kind, f"own-{kind}", folder)
    return folder


def tool(folder: Path, *arguments: str) -> None:
    """Run a module of this Python in a folder; the test fails where it does."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FW_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"


def test_the_tests_of_every_kind_pass(workspace: Path) -> None:
    quiet = ("-q", "-W", "error", "-p", "no:cacheprovider", "-p", "no:xdist")
    tool(workspace, "pytest", *quiet, *sorted(path.name for path in workspace.glob("test_*.py")))
    tool(workspace / "fw-own-plugin", "pytest", *quiet)


def test_every_kind_is_tidy_and_typed(workspace: Path, tmp_path: Path) -> None:
    singles = sorted(path.name for path in workspace.glob("*.py"))
    assert len(singles) == 2 * len(PARTS)
    tool(workspace, "ruff", "check", "--isolated", "--no-cache", "--line-length=120", "--select", RULES, *singles)
    tool(workspace, "ruff", "format", "--isolated", "--no-cache", "--line-length=120", "--check", *singles)
    cache = f"--cache-dir={tmp_path}"
    tool(workspace, "mypy", "--strict", "--config-file=", cache, *singles)
    plugin = workspace / "fw-own-plugin"
    tool(plugin, "ruff", "check", "--no-cache")
    tool(plugin, "ruff", "format", "--no-cache", "--check")
    tool(plugin, "mypy", cache)


@pytest.mark.parametrize("kind", [kind for kind in PARTS if kind != "model"])
def test_the_strategy_file_of_a_kind_is_sound_and_runs_with_the_part(
    kind: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_HOME", str(workspace))
    name = f"own_{kind}"
    plan = fw.load(workspace / f"{name}.yaml")
    findings = plan.check()
    assert all(finding.ok for finding in findings), [finding.text for finding in findings if not finding.ok]
    result = plan.run()
    assert result.trades.rows > 0
    assert {
        "risk": lambda: result.vetoes.rows > 0,
        "metric": lambda: 0.0 < result.metrics[name] < 1.0,
        "reporter": lambda: result.printed[-1].startswith(f"{name}: ") and (result.folder / f"{name}.txt").is_file(),
        "observer": lambda: '"filled"' in (result.folder / "run.log").read_text(encoding="utf-8"),
    }.get(kind, lambda: True)()


def test_every_kind_of_part_has_a_beginning() -> None:
    for kind in KINDS:
        made = scaffold(kind, "some_idea", Registry(()))
        assert made.runs is (kind != "model")
        assert any("test_some_idea" in path.name for path in made.files)
        assert not [text for text in made.files.values() if "$" in text or "NAME.py" in text]


def test_the_wheel_of_fw_carries_all_of_it(fresh: Any, tmp_path: Path) -> None:
    fresh.succeed("pip", "wheel", "--no-deps", "-w", tmp_path, TEMPLATES.parents[2])
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("fw/templates/")}
    assert packed == {f"fw/templates/{path.relative_to(TEMPLATES)}" for path in TEMPLATES.rglob("*.txt")}


def test_what_to_do_next_is_said(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert begin("strategy", "weekend-guard", tmp_path).splitlines() == [
        "wrote weekend_guard.py, weekend_guard.yaml, test_weekend_guard.py",
        "test it:  python -m pytest test_weekend_guard.py",
        "check it: fw check weekend_guard.yaml",
        "run it:   fw run weekend_guard.yaml",
    ]
    assert begin("model", "line", tmp_path).splitlines()[1:] == [
        "test it:  python -m pytest test_line.py",
        "later:    a strategy file cannot name models yet; until then the tests try it",
    ]
    assert begin("plugin", "weekend-guard", tmp_path).splitlines() == [
        "wrote fw-weekend-guard",
        "test it:  python -m pytest fw-weekend-guard",
        "use it:   pip install -e ./fw-weekend-guard && fw run fw-weekend-guard/weekend_guard.yaml",
        "build it: pip wheel --no-deps -w dist ./fw-weekend-guard",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("strategy", "", "cannot be a name"),
        ("strategy", "9lives", "cannot be a name"),
        ("strategy", "My-Idea", "'My-Idea' cannot be a name: a to z,"),
        ("strategy", "My-Idea", "a letter first; try my_idea"),
        ("strategy", "MyIdea", "; try my_idea"),
        ("strategy", "idée", "cannot be a name"),
        ("strategy", "../idea", "cannot be a name"),
        ("strategy", "_idea", "cannot be a name"),
        ("strategy", "an__idea", "cannot be a name"),
        ("strategy", "i" * 65, "64 letters at most; this one has 65"),
        ("strategy", "class", "a word of Python's own"),
        ("sizer", "none", "a word of Python's own"),
        ("sizer", "null", "means nothing"),
        ("risk", "test_risk", "pytest would take test_risk.py for a test"),
        ("risk", "conftest", "pytest would take conftest.py for a test"),
        ("strategy", "numpy", "there is a Python module 'numpy' already"),
        ("plugin", "backtest", "there is a plugin 'backtest' already, of futures-framework"),
        ("strategy", "sma-cross", "there is a strategy 'sma_cross' already, of plugin 'strategies'"),
        ("plugin", "momentum", "there is a strategy 'momentum' already, of plugin 'strategies'"),
        ("source", "synthetic", "there is a source 'synthetic' already, of plugin 'synthetic'"),
    ],
)
def test_a_name_that_cannot_be_is_one_line_and_nothing_is_written(
    begin: Begin, tmp_path: Path, kind: str, name: str, said: str
) -> None:
    told = begin(kind, name, tmp_path, code=2)
    assert said in told
    assert len(told.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_plugins_prefix_is_not_written_twice(begin: Begin, tmp_path: Path) -> None:
    assert begin("plugin", "fw-pulse", tmp_path).splitlines()[0] == f"wrote {tmp_path / 'fw-pulse'}"
    assert (tmp_path / "fw-pulse" / "src" / "fw_pulse" / "plugin.py").is_file()


@pytest.mark.parametrize("taken", ["idea.py", "idea.yaml", "test_idea.py"])
def test_nothing_is_written_over(begin: Begin, tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    told = begin("strategy", "idea", tmp_path, code=2)
    assert f"{taken} exists already" in told
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


def test_a_folder_or_a_link_in_the_way_is_not_touched(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "fw-idea").mkdir()
    assert "the folder" in begin("plugin", "idea", tmp_path, code=2)
    (tmp_path / "idea.py").symlink_to(tmp_path / "nowhere")
    assert "idea.py exists already" in begin("strategy", "idea", tmp_path, code=2)
    assert list((tmp_path / "fw-idea").iterdir()) == []


def test_only_the_workspace_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from fw.cli import main

    (tmp_path / "workspace").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FW_HOME", str(tmp_path / "workspace"))
    for more in ((), ("--into", str(tmp_path)), ("--into", "..")):
        told = CliRunner().invoke(main, ["new", "strategy", "idea", *more])
        assert told.exit_code == 2
        assert "is outside the workspace" in told.output
    assert CliRunner().invoke(main, ["new", "strategy", "idea", "--into", "ideas/first"]).exit_code == 0
    assert (tmp_path / "workspace" / "ideas" / "first" / "idea.py").is_file()
    (tmp_path / "workspace" / "notes").write_text("a file")
    told = CliRunner().invoke(main, ["new", "strategy", "idea", "--into", "notes"])
    assert told.exit_code == 2
    assert "a file stands where a folder should" in told.output


def test_a_writing_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    made = scaffold("strategy", "idea", Registry(()))
    folder = tmp_path / "new" / "deeper"
    spoilt = Scaffold(kind=made.kind, name=made.name, files={**made.files, next(iter(made.files)) / "below": "no"})
    with pytest.raises(OSError, match="idea"):
        write(spoilt, folder)
    assert list(tmp_path.iterdir()) == []


def test_a_class_does_not_take_a_name_its_file_needs(tmp_path: Path) -> None:
    for kind, name in (("sizer", "mapping"), ("risk", "mapping"), ("model", "path"), ("broker", "ledger_broker")):
        write(scaffold(kind, name, Registry(())), tmp_path / kind)
        (offer,) = [
            offer
            for offer in load(files=[tmp_path / kind / f"{name}.py"], only=()).registry.offers(kind)
            if offer.name == name
        ]
        assert offer.spec.__name__ in ("MappingSizer", "MappingCheck", "PathModel", "LedgerBrokerBroker")
        offer.spec()
