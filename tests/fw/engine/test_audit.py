"""`fw check` finds planted leaks, and finds none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import fw
from fw.errors import SettingsError

STRATEGY = """
name: suspect
instruments: [BTCUSDT]
bar: 1h
source: {{use: synthetic, start: 2023-01-01, end: 2023-04-01}}
strategy: {strategy}
features: {features}
plugins: [./suspect.py]
"""

FEATURE = '''
"""A feature set under suspicion."""
import attrs, fw
import numpy as np

@attrs.frozen
class Suspect:
    "Looks where it should not, or not."
    needs = ("bars",)
    lookback = {lookback}
    def compute(self, market):
        close = market.bars.close
        {body}
        return fw.Frame.of({{"suspect": np.asarray(column, dtype=float)}})

@fw.hookimpl
def fw_features():
    return {{"suspect": Suspect}}
'''

DECIDER = '''
"""A strategy under suspicion."""
import attrs, fw
import numpy as np

@attrs.frozen
class Suspect:
    "Looks where it should not, or not."
    lookback = 100
    {body}

@fw.hookimpl
def fw_strategies():
    return {{"suspect": Suspect}}
'''


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[fw.engine.audit.Finding, ...]]:
    monkeypatch.setenv("FW_HOME", str(tmp_path))

    def check(
        plugin: str, *, strategy: str = "{use: threshold, column: suspect, above: 0.0}", features: str = "[suspect]"
    ):
        (tmp_path / "suspect.py").write_text(plugin)
        (tmp_path / "suspect.yaml").write_text(STRATEGY.format(strategy=strategy, features=features))
        return fw.load(tmp_path / "suspect.yaml").check()

    return check


def feature(body: str, lookback: int = 20) -> str:
    return FEATURE.format(lookback=lookback, body=body.replace("\n", "\n        "))


def decider(body: str) -> str:
    return DECIDER.format(body=body.replace("\n", "\n    "))


def bad(findings: tuple[fw.engine.audit.Finding, ...]) -> list[str]:
    return [f"{finding.title}: {finding.text}" for finding in findings if not finding.ok]


@pytest.mark.parametrize(
    ("body", "lookback"),
    [
        ("column = np.append(close[1:] / close[:-1] - 1, 0.0)", 20),
        ("column = close / close.mean()", 20),
        (
            "larger = market.at('4h')\n"
            "at = np.clip(np.searchsorted(larger.open_time, market.bars.open_time, side='right') - 1, 0, None)\n"
            "column = larger.close[at] / close - 1",
            20,
        ),
        ("column = np.cumsum(close - close[0])", 20),
    ],
    ids=[
        "peeks one bar ahead",
        "scales by the whole sample",
        "reads a larger bar before it closed",
        "remembers too much",
    ],
)
def test_a_leaking_feature_is_named(checked, body: str, lookback: int) -> None:
    said = bad(checked(feature(body, lookback)))
    assert any("suspect" in line and "at 20" in line for line in said)


def test_a_clean_feature_passes(checked) -> None:
    body = "column = np.full(len(close), np.nan)\ncolumn[1:] = np.diff(np.log(close))"
    assert bad(checked(feature(body, 2))) == []


def test_running_sums_pass_by_the_tolerance_that_they_state(checked) -> None:
    body = "import pandas as pd\ncolumn = pd.Series(close).rolling(20).mean().to_numpy()"
    exact = feature(body)
    assert any("suspect" in line for line in bad(checked(exact)))
    stated = checked(exact.replace("    lookback = 20", "    lookback = 20\n    tolerance = 1e-9"))
    assert bad(stated) == []
    assert any(", to its tolerance of 1e-09" in finding.text for finding in stated)


@pytest.mark.parametrize(
    "body",
    [
        "def decide(self, view):\n"
        "    whole, now = view.bars.close.base[0, 3], view._shared.moment.known\n"
        "    ahead = whole[min(now, len(whole) - 1)]\n"
        "    return 1.0 if ahead > whole[now - 1] else -1.0",
        "def decide(self, view):\n"
        "    return 1.0 if view.bars.close[-1] > view.bars.open[-1] else -1.0\n"
        "def decide_all(self, history):\n"
        "    ahead = np.roll(history.bars.close, -1, axis=1)\n"
        "    return np.where(ahead > history.bars.close, 1.0, -1.0)",
        "def decide(self, view):\n"
        "    larger = view.at('4h')\n"
        "    block = larger._bars.close\n"
        "    if not len(block):\n"
        "        return 0.0\n"
        "    known = min(larger._moment.known, len(block) - 1)\n"
        "    return 1.0 if block[known] > view.bars.last else -1.0",
        "def decide(self, view):\n"
        "    rises = view.bars.close.base[0, 3, -1] > view.bars.last\n"
        "    return None if rises == (view.position.lots > 0) else (fw.Place(0.01 if rises else -0.01),)",
    ],
    ids=["looks behind the window", "rolls the arrays back", "reads the larger bar that is forming", "places orders"],
)
def test_a_leaking_strategy_is_named(checked, body: str) -> None:
    said = bad(checked(decider(body), strategy="suspect", features="[]"))
    assert len(said) == 1
    assert "reads what was not known yet" in said[0]


def test_a_sizer_whose_array_form_looks_ahead_is_named(checked) -> None:
    body = (
        "def size(self, signals, view):\n"
        "    return {name: fw.Target(exposure=signal.strength, signal=signal) for name, signal in signals.items()}\n"
        "def size_all(self, history):\n"
        "    return np.where(history.bars.close[:, -1:] > history.bars.close, 1.0, 0.1)"
    )
    plugin = decider(body).replace("fw_strategies", "fw_sizers")
    said = bad(checked(plugin, strategy="{use: sma_cross, fast: 5, slow: 20}\nsizer: suspect", features="[]"))
    assert len(said) == 1
    assert said[0].startswith("sizer 'suspect': the size at")


def test_array_and_bar_forms_that_differ_are_named(checked) -> None:
    body = (
        "def decide(self, view):\n"
        "    return 1.0 if view.bars.close[-1] > view.bars.open[-1] else -1.0\n"
        "def decide_all(self, history):\n"
        "    return np.where(history.bars.close >= history.bars.low, 1.0, -1.0)"
    )
    said = bad(checked(decider(body), strategy="suspect", features="[]"))
    assert len(said) == 1
    assert "decide_all and decide differ" in said[0]


@pytest.mark.parametrize("said", ["1.0 if x < 0.1 else -1.0", "(fw.Place(0.01 if x < 0.5 else -0.01),)"])
def test_chance_and_explicit_orders_are_no_leak(checked, said: str) -> None:
    body = (
        "def build(self, run):\n"
        "    from types import SimpleNamespace\n"
        "    def decide(view):\n"
        "        x = run.random.random()\n"
        f"        return {said} if x < 0.1 or x > 0.9 else None\n"
        "    return SimpleNamespace(decide=decide)"
    )
    assert bad(checked(decider(body), strategy="suspect", features="[]")) == []


def test_an_honest_strategy_passes(checked) -> None:
    body = (
        "def decide(self, view):\n"
        "    larger = view.at('4h').close\n"
        "    return 1.0 if len(larger) and view.bars.close[-1] > larger.mean() else -1.0"
    )
    assert bad(checked(decider(body), strategy="suspect", features="[]")) == []


def test_a_larger_bar_that_the_clock_does_not_fill_is_refused(checked) -> None:
    with pytest.raises(SettingsError, match="15m is smaller than the clock"):
        checked(feature("column = close", 1), features="[{use: suspect, bar: 15m}]")


def test_a_check_is_silent_about_what_observers_and_strategies_log(checked, capfd: pytest.CaptureFixture[str]) -> None:
    plugin = decider("def build(self, run):\n    return Heard(run.log)\ndef decide(self, view):\n    return 1.0")
    plugin += (
        "\n@attrs.frozen\nclass Heard:\n    log: object\n    lookback = 100\n"
        "    def decide(self, view):\n        self.log.warning('heard')\n        return 1.0\n"
    )
    assert not bad(checked(plugin, strategy="suspect", features="[]"))
    assert "heard" not in "".join(capfd.readouterr())
