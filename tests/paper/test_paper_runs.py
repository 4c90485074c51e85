"""`fw run --profile paper` as a user meets it: in a process of its own, ended, killed, shown, replayed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PLUGIN = '''
"""A market that happens as fast as it is read, and may take the process with it."""
import os
import signal
import time

import attrs
import fw
from fw.testing.live import Happening, Replay
from fw.testing.markets import trend

HOUR = 3_600_000_000_000


class Deadly(Replay):
    def __init__(self, *given):
        super().__init__(*given)
        self._left = int(os.environ.get("KILL_AFTER", "0")) or None
        self._waits = os.environ.get("THEN_WAIT")

    def __next__(self):
        if self._left is not None:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)
        try:
            return super().__next__()
        except StopIteration:
            while self._waits and not self._closed:
                time.sleep(0.01)
            raise


class Market(Happening):
    def stream(self, want):
        replay = super().stream(want)
        return Deadly(self, sorted(self._events(want, want.start), key=lambda timed: timed[:2]))


@attrs.frozen
class Made:
    """A made-up market of which the later part happens."""

    def build(self, run):
        market = trend(("BTCUSDT", "ETHUSDT"), bars=160, noise=0.01, seed=7)
        return Market(market, int(market.bars.open_time[0]) + 80 * HOUR, quotes=True)


@attrs.frozen
class Chases:
    """Follows the last three bars, with a stop."""

    lookback: int = 20

    def decide(self, view):
        close = view.bars.close
        side = 1.0 if close[-1] > close[-4] else -1.0
        return fw.Signal(strength=side, stop_loss=close[-1] * (1 - 0.01 * side))


@fw.hookimpl
def fw_sources():
    return {"made": Made}


@fw.hookimpl
def fw_strategies():
    return {"chases": Chases}
'''
STRATEGY = """
name: hours
instruments: [BTCUSDT, ETHUSDT]
bar: 1h
account: {margin: cross, leverage: 3}
source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
strategy: chases
features: [{use: sma, spans: [3]}]
plugins: [made.py]
profiles:
  paper: {source: {use: made, live: true}, broker: paper, simulation: {quotes: 1s}}
"""
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fw_run(tmp_path: Path) -> Run:
    (tmp_path / "made.py").write_text(PLUGIN)
    (tmp_path / "hours.yaml").write_text(STRATEGY)

    def run(*words: str, **environ: Any) -> subprocess.CompletedProcess[str]:
        home = tmp_path / str(environ.pop("home", "home"))
        home.mkdir(exist_ok=True)
        given = {**os.environ, "FW_HOME": str(home), **{name: str(value) for name, value in environ.items()}}
        return subprocess.run(
            [sys.executable, "-m", "fw.cli", *words],
            cwd=tmp_path,
            env=given,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def journal(home: Path) -> list[dict[str, Any]]:
    lines = (home / "runs" / "hours-paper" / "journal.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["event"] != "opened"]


def test_a_run_that_is_killed_again_and_again_loses_nothing(fw_run: Run, tmp_path: Path) -> None:
    paper = ("run", "hours.yaml", "--profile", "paper")
    undisturbed = fw_run(*paper)
    assert undisturbed.returncode == 0, undisturbed.stderr
    for events in (97, 333):
        assert fw_run(*paper, home="killed", KILL_AFTER=events).returncode == -signal.SIGKILL
    assert fw_run(*paper, home="killed").returncode == 0
    assert journal(tmp_path / "killed") == journal(tmp_path / "home")
    for name in ("result.json", "fills.parquet", "trades.parquet", "equity.parquet", "journal.parquet"):
        files = [tmp_path / home / "runs" / "hours-paper" / name for home in ("home", "killed")]
        assert files[0].read_bytes() == files[1].read_bytes(), name
    told = fw_run("replay", "hours-paper", home="killed")
    assert (told.returncode, told.stdout) == (0, "the same decisions\n")


def test_it_ends_after_so_many_bars_or_at_a_time_and_goes_on(fw_run: Run, tmp_path: Path) -> None:
    paper = ("run", "hours.yaml", "--profile", "paper", "--json")
    first = json.loads(fw_run(*paper, "--bars", "10").stdout)
    assert (first["run"], first["bars"]) == ("hours-paper", 10)
    later = json.loads(fw_run(*paper, "--until", "2024-01-05T00:00Z").stdout)
    assert later["bars"] == 16
    manifest = json.loads((tmp_path / "home" / "runs" / "hours-paper" / "manifest.json").read_text())
    assert (manifest["status"], len(manifest["resumed"])) == ("finished", 1)


def test_ctrl_c_ends_it_in_order(fw_run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environ = {**os.environ, "FW_HOME": str(home), "THEN_WAIT": "1"}
    words = [sys.executable, "-m", "fw.cli", "run", "hours.yaml", "--profile", "paper"]
    with subprocess.Popen(words, cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True) as process:
        folder = home / "runs" / "hours-paper"
        while process.poll() is None and not (folder / "result.json").exists():
            time.sleep(0.01)
        second = fw_run("run", "hours.yaml", "--profile", "paper")
        assert second.returncode == 6
        assert "another run uses the account hours-paper" in second.stderr
        shown = fw_run("show", "hours-paper", "--json")
        assert json.loads(shown.stdout)["runs"][0]["status"] == "running"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "keeps the account: the same command goes on with it, fw show hours-paper shows it" in said
    assert len(said.strip().splitlines()) == 1
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    assert json.loads((folder / "result.json").read_text())["bars"] == 80


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        (
            ["source.use=synthetic", "source.live=true"],
            2,
            "source.live: source 'synthetic' has history only and does not stream",
        ),
        (["simulation.finer=1m"], 2, "simulation.finer: smaller bars are for history"),
        (["source.start=2024-01-01"], 2, "source.start: a live run begins now"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(fw_run: Run, settings: list[str], code: int, said: str) -> None:
    words = [word for setting in settings for word in ("--set", setting)]
    done = fw_run("run", "hours.yaml", "--profile", "paper", *words)
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
    assert said in done.stderr


def test_until_and_bars_are_for_what_happens(fw_run: Run) -> None:
    done = fw_run("run", "hours.yaml", "--bars", "3")
    assert done.returncode == 2
    assert "history ends by source.end" in done.stderr
