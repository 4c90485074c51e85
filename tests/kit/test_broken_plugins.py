"""A plugin that is broken, in any of seven ways, stops no run that does not use it; one that uses it is told why."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner

from fw.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]

PART = """
import attrs, fw

@attrs.frozen
class Lost:
    "Long, always."
    def decide(self, view):
        return 1.0

@fw.hookimpl
def fw_strategies():
    return {"lost": Lost}
"""

BUILDS = "    def build(self, run):\n        import nowhere_at_all\n"


@attrs.frozen
class Broken:
    """Plugins by name with their code, what `fw plugins list` says of the last one, and what naming its part brings."""

    code: dict[str, str]
    listed: str
    """Empty: nothing is wrong with it until it is used."""
    refused: str
    needs: str = ""


WAYS = {
    "import error": Broken(
        {"sad": "import nowhere_at_all\n" + PART}, "cannot be imported", "ModuleNotFoundError: No module named 'nowhere"
    ),
    "wrong hook name": Broken(
        {"sad": PART.replace("def fw_strategies", "def fw_strategys")},
        "has fw_strategys, which is no hook. Did you mean fw_strategies?",
        "Did you mean fw_strategies?",
    ),
    "wrong arguments": Broken(
        {"sad": PART.replace("fw_strategies()", "fw_strategies(market)")},
        "has fw_strategies(market); the hook gives no argument",
        "the hook gives no argument",
    ),
    "name conflict": Broken(
        {"glad": PART, "sad": PART}, "", "2 plugins offer a strategy called 'lost': write glad:lost or sad:lost"
    ),
    "a hook that raises": Broken(
        {"sad": PART.replace("    return {", "    raise OSError('no luck')\n    return {")},
        "fw_strategies raised OSError: no luck",
        "raised OSError: no luck",
    ),
    "a missing extra": Broken(
        {"sad": PART.replace('    "Long, always."\n', '    "Long, always."\n' + BUILDS)},
        "",
        "strategy 'lost' needs nowhere_at_all: pip install \"fw-sad[deep]\"",
        needs="nowhere-at-all; extra == 'deep'",
    ),
    "another interface": Broken(
        {"sad": "__fw_api__ = 99\n" + PART},
        "is written for version 99 of the plugin interface; this fw has version 1",
        "version 99 of the plugin interface",
    ),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Broken], None]]:
    """Make plugins that look installed, in a workspace of their own."""
    site, work = tmp_path / "site", tmp_path / "work"
    site.mkdir()
    work.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.chdir(work)
    for name in [name for name in os.environ if name.startswith("FW_")]:
        monkeypatch.delenv(name)

    def add(broken: Broken) -> None:
        for name, code in broken.code.items():
            info = site / f"fw_{name}-1.0.dist-info"
            info.mkdir()
            needs = f"Requires-Dist: {broken.needs}\n" if broken.needs else ""
            info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: fw-{name}\nVersion: 1.0\n{needs}")
            info.joinpath("entry_points.txt").write_text(f"[fw]\n{name} = fw_{name}\n")
            site.joinpath(f"fw_{name}.py").write_text(code)

    yield add
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def run(*arguments: str) -> Any:
    told = CliRunner().invoke(main, list(arguments))
    if told.exception is not None and not isinstance(told.exception, SystemExit):
        raise told.exception
    return told


QUICKSTART = str(REPOSITORY / "examples" / "quickstart.yaml")


@pytest.mark.parametrize("way", WAYS)
def test_a_broken_plugin_stops_no_run_that_does_not_use_it(way: str, install: Callable[[Broken], None]) -> None:
    without = json.loads(run("run", QUICKSTART, "--quiet", "--json").stdout)["metrics"]
    install(WAYS[way])
    told = run("run", QUICKSTART, "--quiet", "--json")
    assert told.exit_code == 0, told.stderr
    assert json.loads(told.stdout)["metrics"] == without
    assert run("parts").exit_code == 0
    assert run("--help").exit_code == 0
    listed = run("plugins", "list", "--json")
    assert listed.exit_code == 0
    problems = {problem["plugin"]: problem["text"] for problem in json.loads(listed.stdout)["problems"]}
    if WAYS[way].listed:
        assert WAYS[way].listed in problems["sad"]
    else:
        assert "sad" not in problems


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_uses_it_is_told_why_in_one_line(way: str, install: Callable[[Broken], None]) -> None:
    install(WAYS[way])
    told = run("run", QUICKSTART, "--quiet", "--set", "strategy=lost")
    assert (told.exit_code, told.stdout) == (4, "")
    assert WAYS[way].refused in told.stderr
    assert len(told.stderr.splitlines()) == 1


def test_all_of_them_at_once_stop_nothing_either(install: Callable[[Broken], None]) -> None:
    for number, broken in enumerate(WAYS.values()):
        install(attrs.evolve(broken, code={f"{name}_{number}": code for name, code in broken.code.items()}))
    told = run("run", QUICKSTART, "--quiet", "--json")
    assert told.exit_code == 0, told.stderr
    assert len(json.loads(run("plugins", "list", "--json").stdout)["problems"]) >= 5
