"""Plugins that are broken, missing or at odds with one another: the part named in the file says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fw.cli import COMMANDS

ALWAYS = """
import attrs, fw

@attrs.frozen
class Always:
    def decide(self, view):
        return 1.0

@fw.hookimpl
def fw_strategies():
    return {"always": Always}
"""

DEEP = """
import attrs, fw

@attrs.frozen
class Deep:
    def build(self, run):
        import nowhere_at_all

@fw.hookimpl
def fw_strategies():
    return {"deep": Deep}
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make distributions that look installed."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def add(plugin: str, code: str, *needs: str) -> None:
        info = site / f"fw_{plugin}-1.0.dist-info"
        info.mkdir()
        requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: fw-{plugin}\nVersion: 1.0\n{requires}")
        info.joinpath("entry_points.txt").write_text(f"[fw]\n{plugin} = fw_{plugin}\n")
        site.joinpath(f"fw_{plugin}.py").write_text(code)

    return add


@pytest.fixture
def naming(wrong: Any) -> Any:
    """A strategy file that names a strategy."""
    return lambda name: wrong("{use: sma_cross, fast: 5, slow: 20}", name)


def test_a_part_lost_with_its_plugin_is_told_with_the_reason(desk: Any, install: Any, naming: Any) -> None:
    install("sad", "raise RuntimeError('oh no')\n# it would offer 'lost'\n")
    desk.refused(naming("lost"), 4, "called 'lost'", "plugin 'sad' (fw-sad 1.0) cannot be imported", "oh no", "pip")


def test_a_broken_plugin_hinders_no_run_that_does_not_need_it(desk: Any, install: Any, good: str) -> None:
    install("sad", "raise RuntimeError('oh no')\n")
    install("quits", "raise SystemExit(0)\n")
    assert desk.run(good).code == 0


def test_an_extra_that_is_missing_is_one_command(desk: Any, install: Any, naming: Any) -> None:
    install("deep", DEEP, "nowhere-at-all; extra == 'models'")
    desk.refused(naming("deep"), 4, "strategy 'deep' needs nowhere_at_all", 'pip install "fw-deep[models]"')


def test_two_plugins_with_one_name_are_told_apart(desk: Any, install: Any, naming: Any) -> None:
    install("one", ALWAYS)
    install("two", ALWAYS)
    desk.refused(naming("always"), 4, "s.yaml:6:11", "2 plugins offer", "write one:always or two:always")
    assert desk.run(naming("one:always")).code == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def broken(:\n", ("the plugin cannot be run", "SyntaxError")),
        ("import nowhere_at_all\n", ("the plugin cannot be run", "nowhere_at_all", "(mine.py:1)")),
        ("1 / 0\n", ("the plugin cannot be run", "ZeroDivisionError", "(mine.py:1)")),
        ("raise SystemExit(0)\n", ("the plugin cannot be run", "SystemExit")),
        ("x = 1\n", ("has no function marked with @fw.hookimpl",)),
        ("import fw\n@fw.hookimpl\ndef fw_stratgies():\n    return {}\n", ("is no hook", "fw_strategies?")),
        ("import fw\n@fw.hookimpl\ndef fw_strategies(x):\n    return {}\n", ("fw_strategies(x)", "no argument")),
        ("import fw\n@fw.hookimpl\ndef fw_strategies():\n    1 / 0\n", ("fw_strategies raised ZeroDivision",)),
        ("import fw\n@fw.hookimpl\ndef fw_strategies():\n    return [1]\n", ("must return a mapping", "not a list")),
        (f"__fw_api__ = 99\n{ALWAYS}", ("version 99 of the plugin interface",)),
    ],
)
def test_a_plugin_file_that_cannot_be_loaded(desk: Any, good: str, code: str, words: tuple[str, ...]) -> None:
    desk.write("mine.py", code)
    desk.refused(good + "plugins: [./mine.py]\n", 4, "mine.py", *words)


@pytest.mark.parametrize(("path", "words"), [("./no.py", "does not exist"), (".", "is a folder: name the .py file")])
def test_a_plugin_file_that_is_not_there(desk: Any, good: str, path: str, words: str) -> None:
    desk.refused(good + f"plugins: [{path}]\n", 4, "s.yaml:7:11", "plugins[0]", words)


def test_a_plugin_that_guards_may_refuse_the_run(desk: Any, good: str) -> None:
    desk.write("guard.py", "import fw\n@fw.hookimpl\ndef fw_run_starting(run):\n    raise fw.RunRefused('a Sunday')\n")
    desk.refused(good + "plugins: [./guard.py]\n", 6, "a Sunday")


def test_a_guard_that_breaks_lets_no_run_start(desk: Any, good: str) -> None:
    desk.write("guard.py", "import fw\n@fw.hookimpl\ndef fw_run_starting(run):\n    1 / 0\n")
    desk.refused(good + "plugins: [./guard.py]\n", 4, "the run does not start", "guard.py:4")


def test_what_plugins_print_spoils_no_json(desk: Any) -> None:
    import json

    told = desk.run(desk.strategy("print('thinking')\nreturn 1.0"), "--json")
    assert json.loads(told.out)["engine"] == "loop"
    assert "thinking" in told.err


@pytest.mark.parametrize(
    ("kind", "hook", "body", "code", "words"),
    [
        ("sizer: bad", "fw_sizers", "def size(self, signals, view): return None", 4, ("sizer 'bad'", "NoneType")),
        ("sizer: bad", "fw_sizers", "def size(self, signals, view): return {}", 4, ("no fw.Target for BTCUSDT",)),
        (
            "sizer: bad",
            "fw_sizers",
            "def size(self, signals, view): return {name: fw.Target(exposure=float('nan')) for name in signals}",
            4,
            ("sizer 'bad' raised ValueError", "a finite number, not nan", "bad.py:4"),
        ),
        ("risk: [bad]", "fw_risk_checks", "def review(self, targets, view): return None", 4, ("risk check 'bad'",)),
        (
            "risk: [bad]",
            "fw_risk_checks",
            "def review(self, targets, view): raise fw.RunRefused('too wild')",
            6,
            ("too wild",),
        ),
        (
            "metrics: [bad]",
            "fw_metrics",
            "unit = 'ratio'\n    def measure(self, result): return float('nan')",
            4,
            ("metric 'bad' gave nan", "fw.Unmeasured"),
        ),
        ("report: [bad]", "fw_reporters", "def report(self, result, folder): 1 / 0", 4, ("reporter 'bad'", "bad.py:4")),
        ("report: [bad]", "fw_reporters", "def report(self, result, folder): exit(0)", 4, ("reporter 'bad'",)),
        (
            "features: [bad]",
            "fw_features",
            "needs = ('bars',)\n    lookback = 3\n    def compute(self, market): return fw.Frame.of({'a': [1.0]})",
            4,
            ("feature set 'bad' returned 1 rows for", "bars"),
        ),
        (
            "features: [bad]",
            "fw_features",
            "needs = ('bars',)\n    lookback = 3\n    def compute(self, market):\n"
            "        return fw.Frame.of({'a': [float('nan')] * len(market.bars)})",
            4,
            ("column 'a' has no value", "mend its feature set"),
        ),
    ],
)
def test_a_part_that_breaks_its_contract_is_named(
    desk: Any, good: str, kind: str, hook: str, body: str, code: int, words: tuple[str, ...]
) -> None:
    part = f"class Bad:\n    {body}\n@fw.hookimpl\ndef {hook}():\n    return {{'bad': Bad}}\n"
    desk.write("bad.py", f"import attrs, fw\n@attrs.frozen\n{part}")
    told = desk.run(f"{good}{kind}\nplugins: [./bad.py]\n")
    assert (told.code, told.out) == (code, ""), told.err
    for word in words:
        assert word in told.err
    assert len(told.err.splitlines()) == 1
    assert desk.statuses() == ["failed"]
    assert desk.trials() == 0


def test_commands_of_no_plugin_are_told_with_the_nearest(desk: Any) -> None:
    assert "run" in COMMANDS
    told = desk.fw("rum")
    assert (told.code, told.out) == (2, "")
    assert "Did you mean 'run'?" in told.err
