"""A desk at which a tired user sits: a folder of their files, a workspace, and the real command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from fw.cli import main

GOOD = """\
name: test
instruments: [BTCUSDT]
bar: 1h
account: {capital: 10000, leverage: 2, funding: zero}
source: {use: synthetic, start: 2024-01-01, end: 2024-01-15}
strategy: {use: sma_cross, fast: 5, slow: 20}
"""
"""A file without a mistake; every test makes one in it."""

PLUGIN = """\
import math
import sys
import time

import attrs
import fw

@attrs.frozen
class Mine:
    def decide(self, view):
{body}

@fw.hookimpl
def fw_strategies():
    return {{"mine": Mine}}
"""


@attrs.frozen
class Told:
    """What a command said and ended with."""

    code: int
    out: str
    err: str


@attrs.frozen
class Desk:
    """The user's own folder, which is the current one, and the workspace beside it."""

    files: Path
    workspace: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the user's folder."""
        file = self.files / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def fw(self, *arguments: str) -> Told:
        """Run the command line in this process; an exception that gets out of it fails the test."""
        result = CliRunner().invoke(main, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.stdout, result.stderr)

    def run(self, text: str | bytes, *arguments: str) -> Told:
        """Run a strategy file of this content."""
        self.write("s.yaml", text)
        return self.fw("run", "s.yaml", "--quiet", *arguments)

    def refused(self, text: str | bytes, code: int, *words: str, arguments: tuple[str, ...] = ()) -> str:
        """Run a strategy file that must be refused in one line with these words; give the line."""
        return self.check_refusal(self.run(text, *arguments), code, *words)

    def check_refusal(self, told: Told, code: int, *words: str, lines: int = 1) -> str:
        """One message, the exit code, no traceback, and nothing that passes for a run."""
        assert told.code == code, told.err
        for word in words:
            assert word in told.err, told.err
        assert told.out == ""
        assert len(told.err.splitlines()) == lines, told.err
        assert "Traceback" not in told.err
        assert not list(self.workspace.rglob("crash-*"))
        self.check_nothing_half_written()
        if code == 2:
            assert self.statuses() in ([], ["failed"])
        return told.err

    def check_nothing_half_written(self) -> None:
        """No run that passes for a finished one, no result, no file of a broken writing, no trial counted."""
        for folder in self.runs():
            assert {file.name for file in folder.iterdir()} <= {"manifest.json", "run.log"}
        assert set(self.statuses()) <= {"failed", "interrupted"}
        assert self.trials() == 0
        assert not [file for file in self.workspace.rglob("*") if file.name.endswith((".part", ".partial"))]

    def runs(self) -> list[Path]:
        """The run folders, oldest first."""
        return sorted((self.workspace / "runs").glob("*"))

    def manifests(self) -> list[dict[str, Any]]:
        """What the run folders say of themselves."""
        return [json.loads((folder / "manifest.json").read_text()) for folder in self.runs()]

    def statuses(self) -> list[str]:
        """How the runs ended."""
        return [manifest["status"] for manifest in self.manifests()]

    def trials(self) -> int:
        """Lines of the trial ledger."""
        file = self.workspace / ".fw" / "trials.jsonl"
        return len(file.read_text().splitlines()) if file.is_file() else 0

    def strategy(self, body: str, *, name: str = "mine.py", template: str = PLUGIN) -> str:
        """Write a plugin whose strategy decides by these lines, and give a strategy file that names it."""
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        self.write(name, template.replace("{{", "{").replace("}}", "}").replace("{body}", lines))
        return change(GOOD, "{use: sma_cross, fast: 5, slow: 20}", "mine") + f"plugins: [./{name}]\n"

    def begin(self, *arguments: str, prepare: Callable[[], None] | None = None, **environ: str) -> Any:
        """Start the command line in a process of its own, where signals and limits can reach it."""

        def ready() -> None:
            # whoever starts the tests in the background may have Ctrl-C ignored, which children inherit
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if prepare is not None:
                prepare()

        kept = {name: value for name, value in os.environ.items() if not name.startswith("FW_")}
        return subprocess.Popen(
            [sys.executable, "-m", "fw.cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.files,
            preexec_fn=ready,  # noqa: PLW1509 - limits of the child alone can be set nowhere else
            env={**kept, "FW_HOME": str(self.workspace), **environ},
        )

    def apart(self, *arguments: str, prepare: Callable[[], None] | None = None, **environ: str) -> Told:
        """Run the command line in a process of its own to its end."""
        process = self.begin(*arguments, prepare=prepare, **environ)
        out, err = process.communicate(timeout=120)
        return Told(process.returncode, out, err)


def change(text: str, old: str, new: str) -> str:
    """The text with one passage changed, which must be there."""
    assert old in text
    return text.replace(old, new)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An empty desk; modules that its files became are forgotten afterwards."""
    made = Desk(tmp_path / "files", tmp_path / "workspace")
    made.files.mkdir()
    made.workspace.mkdir()
    for name in [name for name in os.environ if name.startswith("FW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FW_HOME", str(made.workspace))
    monkeypatch.chdir(made.files)
    yield made
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def good() -> str:
    """A strategy file without a mistake."""
    return GOOD


@pytest.fixture
def wrong() -> Callable[[str, str], str]:
    """The good file with one passage changed."""
    return lambda old, new: change(GOOD, old, new)


@pytest.fixture
def candles() -> pd.DataFrame:
    """300 hours of sound candles from 2024-01-01, open times in ms."""
    rng = np.random.default_rng(7)
    close = 40_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, 300)))
    start = np.concatenate(([40_000.0], close[:-1]))
    return pd.DataFrame(
        {
            "open_time": 1_704_067_200_000 + 3_600_000 * np.arange(300),
            "open": start,
            "high": np.maximum(start, close) * 1.001,
            "low": np.minimum(start, close) * 0.999,
            "close": close,
            "volume": rng.uniform(1.0, 9.0, 300),
        }
    )


@pytest.fixture
def over_file() -> Callable[..., str]:
    """A strategy file over a file of candles, with more settings of the source."""
    source = "{use: synthetic, start: 2024-01-01, end: 2024-01-15}"
    return lambda name="btc.csv", more="": change(GOOD, source, f"{{use: files, bars: {name}{more}}}")
