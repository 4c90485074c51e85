"""The package is whole: every bundled plugin is announced and typed, every dependency is pinned, CI runs the README."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PLUGINS = sorted(folder.name for folder in (REPOSITORY / "plugins").glob("fw_*") if (folder / "__init__.py").exists())


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def canonical(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def test_every_bundled_plugin_has_an_entry_point(project: dict[str, Any]) -> None:
    announced = project["project"]["entry-points"]["fw"]
    assert announced == {name.removeprefix("fw_"): f"{name}.plugin" for name in PLUGINS}


@pytest.mark.parametrize("folder", [REPOSITORY / "framework" / "fw", *(REPOSITORY / "plugins" / p for p in PLUGINS)])
def test_every_package_is_typed(folder: Path, project: dict[str, Any]) -> None:
    assert (folder / "py.typed").exists()
    assert folder.name in project["tool"]["mypy"]["packages"]


def test_every_dependency_is_pinned_once(project: dict[str, Any]) -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [canonical(line) for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines if not line.startswith("#"))
    assert len(pins) == len(set(pins))
    asked = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    missing = {canonical(requirement) for group in asked for requirement in group} - set(pins) - {"futures-framework"}
    assert not missing, f"pin in constraints.txt: {', '.join(sorted(missing))}"


def test_the_readme_opens_with_two_commands_that_ci_runs() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^```bash\n(.+)\n```$", readme, re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("fw run examples/quickstart.yaml")
    assert re.search(r"&& pytest\b", commands[1])
    ci = REPOSITORY / ".ci" / "run"
    assert os.access(ci, os.X_OK)
    patterns = re.findall(r"grep -m1 '([^']+)' README\.md", ci.read_text(encoding="utf-8"))
    assert [re.search(pattern, readme, re.MULTILINE)[0] for pattern in patterns] == [  # type: ignore[index]
        commands[0],
        re.match(r"python3 -m venv .*pytest", commands[1])[0],  # type: ignore[index]
    ]
