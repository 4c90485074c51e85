"""Each example runs: strategy files by the Python door, scripts as they are."""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fw
from fw.cli import main
from fw.domain.time import format_time

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NEEDS_DATA = {"btc_1h.yaml", "march_2020.yaml"}
NEEDS_VENUE = {"binance_btc.yaml"}


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the examples in a workspace of its own."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("runs", ".fw", "__pycache__"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "examples"


@pytest.mark.parametrize("name", sorted({path.name for path in EXAMPLES.glob("*.yaml")} - NEEDS_DATA - NEEDS_VENUE))
def test_a_strategy_file_of_the_examples_runs(name: str, examples: Path) -> None:
    result = fw.load(examples / name).run(write=False)
    assert len(result.fills["lots"]) > 0
    assert result.notes is not None


def test_the_example_of_an_exchange_runs_on_what_was_downloaded(
    examples: Path, make_venue: Callable[..., Any], venue_kit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FW_HOME", str(examples))
    venue = make_venue(venue_kit.market(bars=24 * 60, bar="1h"))
    hosts = [f"source.environment.{name}={address}" for name, address in venue.hosts.items()]
    with pytest.raises(SystemExit) as ended:
        main(["data", "download", "BTCUSDT", "--bar", "1h", "--environment", venue.rest, "--quiet"])
    assert not ended.value.code
    result = fw.load(examples / "binance_btc.yaml", overrides=hosts).run(write=False)
    assert result.equity.rows == 24 * 60 - 99, "the average of a hundred bars begins at the hundredth"
    assert len(result.fills["lots"]) > 0


def test_the_example_with_real_candles_runs(examples: Path, real_data: Path) -> None:
    result = fw.load(examples / "btc_1h.yaml", overrides=[f"source.folder={real_data}"]).run(write=False)
    # five years of hours, two of them leap years, less what the warm-up took where the file has too little before
    assert result.equity.rows == 24 * (366 + 365 + 365 + 365 + 366)
    assert result.totals["funding"] != 0
    assert result.vetoes.rows == 0, "the drawdown stop must not end it early: the example is about all five years"


def test_the_leveraged_example_is_liquidated_in_march_2020(examples: Path, real_data: Path) -> None:
    result = fw.load(examples / "march_2020.yaml", overrides=[f"source.folder={real_data}"]).run(write=False)
    (entered, left) = ({name: column[i] for name, column in result.fills.items()} for i in (0, 1))
    assert (left["reason"], result.totals["liquidations"]) == ("liquidation", 1)
    assert format_time(int(left["time"])).startswith("2020-03-12 10")  # the hour in which 7,200 was broken

    # by hand: the margin is a fifth of the notional and what funding brought; 40,000 lie in the first tier, 0.4 %
    quantity, entry = entered["quantity"], entered["price"]
    margin = quantity * entry / 5 + result.funding["amount"].sum()
    assert left["price"] == pytest.approx((entry - margin / quantity) / (1 - 0.004), abs=0.01)
    bars = result.market.bars
    hour = int((bars.open_time == left["time"]).argmax())
    assert bars.low[hour] <= left["price"] <= bars.high[hour]
    assert (bars.low[:hour] > left["price"]).all(), "no hour before reached it"


@pytest.mark.parametrize("script", sorted(path.name for path in EXAMPLES.glob("[0-9]*.py")))
def test_a_script_of_the_examples_runs(script: str, examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(examples / script), run_name="__main__")
    assert capsys.readouterr().out.strip()
