"""Each example runs: strategy files by the Python door, scripts as they are."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

import fw

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NEEDS_DATA = {"btc_1h.yaml"}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples in a workspace of its own."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("runs", ".fw", "__pycache__"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "examples"


@pytest.mark.parametrize("name", sorted({path.name for path in EXAMPLES.glob("*.yaml")} - NEEDS_DATA))
def test_a_strategy_file_of_the_examples_runs(name: str, examples: Path) -> None:
    result = fw.load(examples / name).run(write=False)
    assert len(result.fills["lots"]) > 0
    assert result.notes is not None


def test_the_example_with_real_candles_runs(examples: Path, real_data: Path) -> None:
    result = fw.load(examples / "btc_1h.yaml", overrides=[f"source.folder={real_data}"]).run(write=False)
    # five years of hours, two of them leap years, less what the warm-up took where the file has too little before
    assert result.equity.rows == 24 * (366 + 365 + 365 + 365 + 366)
    assert result.totals["funding"] != 0
    assert result.vetoes.rows == 0, "the drawdown stop must not end it early: the example is about all five years"


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("[0-9]*.py")))
def test_a_script_of_the_examples_runs(script: str, examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(examples / script), run_name="__main__")
    assert capsys.readouterr().out.strip()
