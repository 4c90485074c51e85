"""A newcomer's path, from the README to a plugin of their own that others could install, walked as it is written."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
READER: dict[str, Any] = runpy.run_path(str(REPOSITORY / "tests" / "docs" / "test_pages.py"), run_name="reader")


def walk(fresh: Any, page: str, **environ: str) -> list[str]:
    """Follow every block of a page, those too that install something; gives the commands."""
    done: list[str] = []
    for block in READER["blocks"](REPOSITORY / page):
        if block.language in ("console", "bash"):
            for command, expected in READER["commands"](block):
                said = shell(fresh, command, **environ)
                if expected.strip():
                    assert READER["matches"](expected, said), (
                        f"$ {command}\nprinted:\n{said}\n{page} shows:\n{expected}"
                    )
                done.append(command)
        elif block.title:
            (fresh.work / block.title).write_text(block.text, encoding="utf-8")
    return done


def shell(fresh: Any, command: str, **environ: str) -> str:
    """What a command line prints there."""
    run = subprocess.run(
        ["bash", "-c", command],
        cwd=fresh.work,
        env=fresh.variables() | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, f"$ {command}\nended with {run.returncode}:\n{run.stdout}"
    return run.stdout


def test_from_the_readme_to_a_plugin_that_others_could_install(fresh: Any) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shutil.copytree(REPOSITORY / "examples", fresh.work / "examples", ignore=shutil.ignore_patterns("runs", ".fw"))
    first = re.search(r"&& (fw run \S+)$", readme, re.MULTILINE)
    assert first, "the README begins with a run"
    assert "written to" in shell(fresh, first[1])
    assert "docs/tutorials/write-a-plugin.md" in readme
    single = (REPOSITORY / "docs" / "tutorials" / "write-a-plugin.md").read_text(encoding="utf-8")
    assert "(write-and-publish-a-plugin.md)" in single

    commands = walk(fresh, "docs/tutorials/write-and-publish-a-plugin.md")
    for step in ("fw new plugin", "pytest", "fw check", "pip wheel", "fw plugins install dist/", "fw run"):
        assert any(command.startswith(step) for command in commands), f"the tutorial leaves out {step}"

    # somebody else, somewhere else, with nothing but the wheel
    (wheel,) = (fresh.work / "dist").glob("fw_pulse-0.2.0-*.whl")
    strategy = fresh.work / "fw-pulse" / "pulse.yaml"
    shutil.copy(wheel, fresh.folder)
    shutil.copy(strategy, fresh.folder)
    shutil.rmtree(fresh.work / "fw-pulse")
    fresh.succeed("fw", "plugins", "install", fresh.folder / wheel.name, cwd=fresh.folder)
    assert "written to" in fresh.succeed("fw", "run", "pulse.yaml", cwd=fresh.folder)


def test_plugins_are_installed_and_removed_as_the_page_says(fresh: Any) -> None:
    walk(fresh, "docs/how-to/install-and-remove-plugins.md")
