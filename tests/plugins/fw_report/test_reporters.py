"""What a run leaves for people and for programs."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw import Result, Unmeasured
from fw_report.files import Files
from fw_report.metrics import METRICS
from fw_report.plugin import fw_metrics, fw_reporters
from fw_report.summary import GROUPS, Summary, summary_of
from fw_report.text import width


@pytest.fixture
def run(by_hand: ModuleType) -> Result:
    """Forty hours, a won and a lost trade, fees and funding."""
    fill, stamp = by_hand.HandFill, by_hand.HandFunding
    result: Result = by_hand.result_by_hand(
        [100.0 + math.sin(i / 3) for i in range(40)],
        [
            fill(bar=2, lots=50_000, price=100.5, fee=2.0, slippage=0.5, tag="=cmd()"),
            fill(bar=10, lots=-90_000, price=101.0, fee=3.6, reason="take_profit"),
            fill(bar=30, lots=40_000, price=101.5, fee=1.6, reason="stop", tag='say "hi", 日本'),
        ],
        [stamp(bar=8, rate=0.0001, price=100.0)],
        notes=("2 bars were missing and are filled flat",),
        settings={"account": {"settle": "USDT"}},
    )
    return result


def test_the_summary_says_what_ran_and_how_it_ended(run: Result) -> None:
    text = summary_of(run)
    for words in (
        "by hand",
        "BTCUSDT on 1h bars",
        "2024-01-01 00:00 to 2024-01-02 16:00 UTC, 40 bars",
        "capital 10,000.00 USDT",
        "engine scan: every part has an array form",
        "Notes\n• 2 bars were missing and are filled flat",
    ):
        assert words in text
    profit = 50 * 0.5 - 40 * 0.5 - 7.2 - 50 * 100 * 0.0001
    assert any(line.split()[:3] == ["Final", "equity", f"{10_000 + profit:,.2f}"] for line in text.splitlines())
    assert any(
        line.split() == ["Won", "50.00", "%", "Mean", "profit", f"−{-profit / 2:.2f}"] for line in text.split("\n")
    )


def test_the_summary_shows_every_bundled_metric_once() -> None:
    labelled = [name for cells in GROUPS.values() for name in cells]
    assert sorted(labelled) == sorted(METRICS)


def test_a_dash_points_to_its_reason(by_hand: ModuleType) -> None:
    text = summary_of(by_hand.result_by_hand([100.0] * 48))
    assert "– [1]" in text
    assert text.count("no trades") == 1, "one reason, one footnote"
    assert "nan" not in text.lower().replace("finan", "")


def test_metrics_of_other_plugins_get_a_group_of_their_own(run: Result) -> None:
    measured = {"sharpe": 1.25, "luck_factor": 0.5, "moons": 7, "stars": Unmeasured("too cloudy")}
    text = summary_of(attrs.evolve(run, measure=lambda _: measured))
    assert "Others" in text
    assert "Luck factor" in text
    assert "too cloudy" in text
    assert "Trades\n" not in text


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=120),
    notes=st.lists(st.text(max_size=300), max_size=3),
    reason=st.text(max_size=200),
    scale=st.sampled_from([1e-9, 1.0, 1e7, 1e30, -1e30]),
    instruments=st.integers(1, 40),
)
def test_no_line_is_wider_than_eighty_cells(
    by_hand: ModuleType, name: str, notes: list[str], reason: str, scale: float, instruments: int
) -> None:
    result = by_hand.result_of_equity([10_000.0, 9_000.0, 9_500.0], capital=10_000.0)
    measured: dict[str, Any] = dict.fromkeys(METRICS, scale)
    measured |= {"sharpe": Unmeasured(reason), "a_rather_long_name_of_a_metric_by_somebody_else": scale}
    text = summary_of(
        attrs.evolve(
            result,
            name=name,
            notes=tuple(notes),
            engine_reason=reason,
            instruments=tuple(f"COIN{k}USDT" for k in range(instruments)),
            measure=lambda _: measured,
        )
    )
    assert max(width(line) for line in text.split("\n")) <= 80
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("closes", [[], [100.0]])
def test_a_run_of_no_bar_or_one_still_has_a_summary(by_hand: ModuleType, closes: list[float]) -> None:
    assert "no bars" in summary_of(by_hand.result_of_equity(closes, capital=1.0)) or closes


def test_the_summary_is_written_where_there_is_a_folder(run: Result, tmp_path: Path) -> None:
    assert Summary().report(run, None) == Summary().report(run, tmp_path / "made")
    assert (tmp_path / "made" / "summary.txt").read_text(encoding="utf-8") == summary_of(run) + "\n"
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["summary.txt"]


def test_files_hold_every_row_to_the_last_bit(run: Result, tmp_path: Path) -> None:
    said = Files().report(run, tmp_path)
    assert said == (
        "equity.csv, equity.parquet, fills.csv, fills.parquet, trades.csv, trades.parquet in " + str(tmp_path)
    )
    for name, frame in (("equity", run.equity), ("fills", run.fills), ("trades", run.trades)):
        table = pyarrow.parquet.read_table(tmp_path / f"{name}.parquet")
        with open(tmp_path / f"{name}.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert table.column_names == list(frame) == list(rows[0])
        for column, values in frame.items():
            if column == "time" or column.endswith("_time"):
                stored = table[column].cast("int64").to_pylist()
                written = [round(datetime.fromisoformat(row[column]).timestamp() * 1e9) for row in rows]
                assert table.schema.field(column).type.tz == "UTC"
                assert datetime.fromisoformat(rows[0][column]).tzinfo == UTC
            else:
                stored = table[column].to_pylist()
                written = [type(stored[0])(row[column]) for row in rows]
            assert stored == values.tolist() == written, f"{name}.{column}"


def test_json_holds_every_row_as_an_object(run: Result, tmp_path: Path) -> None:
    Files(formats=("json",)).report(run, tmp_path)
    for name, frame in (("equity", run.equity), ("fills", run.fills), ("trades", run.trades)):
        rows = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert len(rows) == frame.rows > 0
        for column, values in frame.items():
            stored = [row[column] for row in rows]
            if column == "time" or column.endswith("_time"):
                stored = [round(datetime.fromisoformat(text).timestamp() * 1e9) for text in stored]
            assert stored == values.tolist(), f"{name}.{column}"


def test_json_has_null_for_what_does_not_exist_and_is_empty_without_rows(by_hand: ModuleType, tmp_path: Path) -> None:
    result = by_hand.result_of_equity([10_000.0, float("nan")], capital=10_000.0)
    Files(formats=("json",)).report(result, tmp_path)
    assert [row["equity"] for row in json.loads((tmp_path / "equity.json").read_text())] == [10_000.0, None]
    assert json.loads((tmp_path / "trades.json").read_text()) == []


def test_only_the_wanted_kinds_of_file_are_written(run: Result, tmp_path: Path) -> None:
    Files(formats=("csv",)).report(run, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["equity.csv", "fills.csv", "trades.csv"]
    assert Files().report(run, None) is None


def test_an_unknown_kind_of_file_is_refused() -> None:
    with pytest.raises(ValueError, match="one of csv, parquet, json"):
        Files(formats=("xls",))


def test_columns_without_rows_keep_their_types(by_hand: ModuleType, tmp_path: Path) -> None:
    Files().report(by_hand.result_by_hand([100.0]), tmp_path)
    table = pyarrow.parquet.read_table(tmp_path / "trades.parquet")
    assert table.num_rows == 0
    assert str(table.schema.field("exit_reason").type) == "string"
    assert str(table.schema.field("profit").type) == "double"


def test_a_file_that_cannot_be_finished_leaves_nothing(run: Result, tmp_path: Path) -> None:
    (tmp_path / "equity.csv").mkdir()
    with pytest.raises(OSError, match=r"equity\.csv"):
        Files().report(run, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["equity.csv"]


def test_reports_of_the_same_run_are_the_same_bytes(run: Result, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        fresh = attrs.evolve(run)
        Files().report(fresh, tmp_path / folder)
        Summary().report(fresh, tmp_path / folder)
    names = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert len(names) == 7
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_plugin_offers_its_parts() -> None:
    assert fw_metrics() is METRICS
    assert set(fw_reporters()) == {"summary", "files", "html"}


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, fw_report.plugin; "
        "print([m for m in ('numpy', 'numba', 'pandas', 'pyarrow', 'rich', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
