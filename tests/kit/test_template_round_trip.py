"""A plugin of another author is built, installed, run, upgraded and removed; a broken one harms nobody."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fw.registry import Registry
from fw.scaffold import scaffold

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE = REPOSITORY / "examples" / "fw-plugin-template"
QUICKSTART = REPOSITORY / "examples" / "quickstart.yaml"
LEFT_BY_TOOLS = {"__pycache__", "dist", ".pytest_cache", ".mypy_cache", ".ruff_cache", "runs", ".fw"}


def test_the_template_is_what_fw_new_writes() -> None:
    made = {
        path.relative_to("fw-template").as_posix(): text
        for path, text in scaffold("plugin", "template", Registry(())).files.items()
    }
    there = {
        path.relative_to(TEMPLATE).as_posix(): path.read_text(encoding="utf-8")
        for path in TEMPLATE.rglob("*")
        if path.is_file() and not LEFT_BY_TOOLS & set(path.parts)
    }
    assert there == made, "write examples/fw-plugin-template anew, with fw new plugin template"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the template, to be changed and built."""
    return Path(shutil.copytree(TEMPLATE, tmp_path / "fw-template", ignore=shutil.ignore_patterns(*LEFT_BY_TOOLS)))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def problems(fresh: Any) -> dict[str, str]:
    """What is wrong with which plugin."""
    listed = json.loads(fresh.succeed("fw", "plugins", "list", "--json"))
    return {problem["plugin"]: problem["text"] for problem in listed["problems"]}


def test_a_plugin_is_installed_run_upgraded_and_removed(fresh: Any, source: Path) -> None:
    strategy = source / "template.yaml"
    refused = fresh.run("fw", "run", strategy)
    assert refused.returncode == 4
    assert "no plugin offers a strategy called 'template'" in refused.stderr

    told = fresh.succeed("fw", "plugins", "install", fresh.wheel(source))
    assert told.splitlines() == [
        "added fw-template 0.1.0",
        "plugin 'template' of fw-template offers strategy 'template'",
    ]
    assert "fw-template" in fresh.succeed("fw", "plugins", "list")
    assert "bars in the range" in fresh.succeed("fw", "parts", "strategy", "template")
    assert json.loads(fresh.succeed("fw", "run", strategy, "--json"))["metrics"]["trades"] > 0
    assert "written to" in fresh.succeed("fw", "run", strategy)
    fresh.succeed("fw", "check", strategy)

    change(source / "pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    change(source / "src" / "fw_template" / "strategy.py", "fw.setting(48,", "fw.setting(72,")
    told = fresh.succeed("fw", "plugins", "install", "--upgrade", fresh.wheel(source))
    assert told.splitlines()[0] == "replaced fw-template 0.1.0 with 0.2.0"
    (settings,) = json.loads(fresh.succeed("fw", "parts", "strategy", "template", "--json"))["settings"]
    assert settings["default"] in (72, "72")

    assert fresh.succeed("fw", "plugins", "uninstall", "template") == "removed fw-template 0.2.0\n"
    assert "fw-template" not in fresh.succeed("fw", "plugins", "list")
    assert fresh.run("fw", "run", strategy).returncode == 4


BROKEN = {
    "cannot be imported": ("strategy.py", "import attrs\n", "import attrs\nimport nowhere_at_all\n"),
    "has fw_strategies(market); the hook gives no argument": ("plugin.py", "fw_strategies()", "fw_strategies(market)"),
    "is written for version 99 of the plugin interface": ("plugin.py", "__fw_api__ = 1", "__fw_api__ = 99"),
}
"""What is said of the template after one passage of a file is changed."""


@pytest.mark.parametrize(("said", "broken"), BROKEN.items(), ids=["import", "arguments", "interface"])
def test_a_broken_upgrade_takes_nothing_else_down_and_can_be_mended_or_removed(
    fresh: Any, source: Path, said: str, broken: tuple[str, str, str]
) -> None:
    good = fresh.wheel(source)
    fresh.succeed("fw", "plugins", "install", good)
    name, old, new = broken
    change(source / "src" / "fw_template" / name, old, new)
    change(source / "pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"')
    told = fresh.succeed("fw", "plugins", "install", fresh.wheel(source))
    assert "replaced fw-template 0.1.0 with 0.2.0" in told
    assert said in told

    assert said in problems(fresh)["template"]
    assert "written to" in fresh.succeed("fw", "run", QUICKSTART)
    lost = fresh.run("fw", "run", source / "template.yaml")
    assert lost.returncode == 4
    assert said in lost.stderr
    assert len(lost.stderr.splitlines()) == 1

    assert "replaced fw-template 0.2.0 with 0.1.0" in fresh.succeed("fw", "plugins", "install", good)
    assert "template" not in problems(fresh)
    assert fresh.succeed("fw", "plugins", "uninstall", "fw-template") == "removed fw-template 0.1.0\n"


def test_a_plugin_made_for_another_fw_is_refused_in_one_line(fresh: Any, source: Path) -> None:
    change(source / "pyproject.toml", "futures-framework>=0.1,<1", "futures-framework>=99")
    told = fresh.run("fw", "plugins", "install", fresh.wheel(source))
    assert (told.returncode, told.stdout) == (4, "")
    assert "needs futures-framework>=99, and this is fw " in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert "fw-template" not in fresh.succeed("fw", "plugins", "list")
