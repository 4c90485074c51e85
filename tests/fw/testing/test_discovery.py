"""`pytest --fw-contract` tries every part a plugin offers and says what is wrong; without it nothing happens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PARTS = """
import attrs
import fw

@attrs.frozen
class Steady:
    "Long, always."
    strength: float = fw.setting(1.0, ge=0, le=1)
    def decide(self, view):
        return self.strength

@attrs.frozen
class Wild:
    "Twice as long as can be."
    def decide(self, view):
        return 2.0

@attrs.frozen
class Picky:
    "Needs a column."
    column: str = fw.setting(help="any")
    def decide(self, view):
        return 1.0

@attrs.frozen
class Sum:
    "Needs a and b that fit."
    a: int = fw.setting(1)
    b: int = fw.setting(1)
    def __attrs_post_init__(self):
        raise ValueError("a and b are too small")

@attrs.frozen
class Deep:
    "Needs a library."
    def build(self, run):
        import nowhere_at_all

@attrs.frozen
class Elsewhere:
    "Has another instrument."
    def history(self, want):
        raise fw.DataError("there is only DOGEUSDT")

@attrs.frozen
class Venue:
    "A real one."
    real_money = True
    def open(self, inbox):
        raise SystemExit("it reached the venue")

@fw.hookimpl
def fw_strategies():
    return {"steady": Steady, "wild": Wild, "picky": Picky, "sum": Sum, "deep": Deep}

@fw.hookimpl
def fw_sources():
    return {"elsewhere": Elsewhere}

@fw.hookimpl
def fw_brokers():
    return {"venue": Venue}
"""

Pytest = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_pytest(tmp_path: Path) -> Pytest:
    """pytest in a process of its own, in an empty folder; warnings are errors there too."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FW_", "PYTEST_"))}
        command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider"]
        return subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=kept, capture_output=True, text=True, check=False
        )

    return run


def test_there_is_one_test_a_part_and_those_that_defaults_cannot_judge_are_skipped_with_the_reason(
    run_pytest: Pytest, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(PARTS)
    told = run_pytest("-v", "-rs", "--fw-contract", "mine.py").stdout
    outcomes = dict(re.findall(r"^mine\.py::contract: (.+?) (PASSED|FAILED|SKIPPED)", told, re.MULTILINE))
    assert outcomes == {
        "plugin 'mine' loads": "PASSED",
        "strategy 'steady'": "PASSED",
        "strategy 'wild'": "FAILED",
        "strategy 'picky'": "SKIPPED",
        "strategy 'sum'": "SKIPPED",
        "strategy 'deep'": "SKIPPED",
        "source 'elsewhere'": "SKIPPED",
        "broker 'venue'": "SKIPPED",
    }
    assert "a strength lies from -1 to 1, not 2.0" in told
    assert "decisions.py" not in told, "where in the suite it was found helps nobody"
    reasons = " ".join(told.split())
    for reason in (
        "column must be given: call fw.testing.check_strategy in a test of your own",
        "it does not stand by its defaults alone (a and b are too small)",
        "it needs nowhere_at_all, which is not installed",
        "there is only DOGEUSDT: call fw.testing.check_source in a test of your own, with a fw.Want",
        "it is no simulated broker and might reach a venue",
    ):
        assert reason in reasons


def test_they_run_beside_other_tests_and_are_chosen_like_them(run_pytest: Pytest, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PARTS)
    (tmp_path / "test_mine.py").write_text("def test_own():\n    pass\n")
    both = run_pytest("-q", "--fw-contract", "mine.py", "-k", "own or steady")
    assert "2 passed" in both.stdout
    assert both.returncode == 0
    assert "1 passed" in run_pytest("-q", "-n1", "--fw-contract", "mine.py", "-k", "steady").stdout


def test_an_installed_plugin_and_a_module_can_be_named(run_pytest: Pytest) -> None:
    for target in ("sizing", "fw_sizing.plugin"):
        done = run_pytest("-q", "--fw-contract", target)
        assert done.returncode == 0, done.stdout
        assert "4 passed" in done.stdout


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nowhere_at_all\n", "nowhere_at_all"),
        ("import fw\n@fw.hookimpl\ndef fw_strategys():\n    return {}\n", "Did you mean fw_strategies?"),
        ("import fw\n@fw.hookimpl\ndef fw_strategies():\n    return {}\n", "offers no part"),
    ],
)
def test_a_plugin_that_does_not_load_fails_one_test(run_pytest: Pytest, tmp_path: Path, code: str, said: str) -> None:
    (tmp_path / "mine.py").write_text(code)
    done = run_pytest("-q", "--fw-contract", "mine.py")
    assert done.returncode == 1
    assert said in done.stdout
    assert "1 failed" in done.stdout
    module = run_pytest("-q", "--fw-contract", "mine", "--rootdir", ".", "-o", "pythonpath=.")
    assert module.returncode == 1
    assert said in module.stdout


@pytest.mark.parametrize("target", ["absent.py", "no_such_plugin"])
def test_what_is_not_there_is_a_sentence(run_pytest: Pytest, target: str) -> None:
    done = run_pytest("-q", "--fw-contract", target)
    assert done.returncode == 4
    assert "ERROR: --fw-contract: " in done.stdout + done.stderr
    assert target in done.stdout + done.stderr


def test_without_the_option_nothing_is_imported() -> None:
    heavy = ("numpy", "numba", "fw.engine", "fw.plugins", "fw.testing.data")
    code = f"import sys, fw.testing.pytest_plugin\nprint([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_kind_of_part_has_a_suite() -> None:
    from fw import testing
    from fw.hookspecs import KINDS
    from fw.testing.discovery import SUITES

    assert set(SUITES) == set(KINDS)
    assert {suite.__name__ for suite in SUITES.values()} == {n for n in testing.__all__ if n.startswith("check_")}


def test_what_a_part_logs_can_be_looked_at() -> None:
    from fw.testing.fakes import FakeRun

    run: Any = FakeRun()
    run.log.info("filled", lots=3)
    run.log.warning("liquidated")
    assert [(line.level, line.event, line.values) for line in run.log.lines] == [
        ("info", "filled", {"lots": 3}),
        ("warning", "liquidated", {}),
    ]
