"""A finished run is read back from its folder as it was written, and what cannot be read is said in one line."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import fw

FILE = """
name: kept
instruments: [BTCUSDT]
bar: 1h
account: {capital: 10000}
source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
strategy: {use: sma_cross, fast: 6, slow: 24}
"""


@pytest.fixture
def result(tmp_path, monkeypatch):
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    (tmp_path / "kept.yaml").write_text(FILE)
    return fw.load(tmp_path / "kept.yaml").run()


@pytest.mark.parametrize("called", [lambda path: path, lambda path: path.name, lambda path: path.name[:15]])
def test_a_run_is_found_by_its_folder_its_id_and_the_beginning_of_it(result, called):
    run = fw.open_run(called(result.folder))
    assert run.id == result.folder.name
    assert run.folder == result.folder
    assert run.settings["strategy"]["fast"] == 6
    assert run.result["metrics"] == {
        name: value if isinstance(value, int | float) else None for name, value in result.metrics.items()
    }


@pytest.mark.parametrize("name", ["equity", "trades"])
def test_frames_come_back_as_they_were(result, name):
    was, read = getattr(result, name), getattr(fw.open_run(result.folder), name)
    assert list(read) == list(was)
    assert was.rows > 10
    for column in was:
        assert np.array_equal(read[column], was[column].astype(read[column].dtype)), column
        assert read[column].dtype.kind == was[column].dtype.kind or was[column].dtype.kind in "UO"


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda folder: (folder / "result.json").unlink(), "has no result to show"),
        (lambda folder: (folder / "result.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "should hold a JSON object"),
        (lambda folder: (folder / "manifest.json").write_text('{"status": "failed", "error": "no bars"}'), "no bars"),
        (shutil.rmtree, "there is no run"),
    ],
)
def test_a_run_without_a_result_is_refused(result, harm, sentence):
    harm(result.folder)
    with pytest.raises(fw.DataError, match=sentence):
        fw.open_run(result.folder)


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda file: file.unlink(), "lacks its equity.parquet"),
        (lambda file: file.write_bytes(b"PAR1"), "cannot be read"),
    ],
)
def test_a_lost_frame_is_told_when_it_is_asked_for(result, harm, sentence):
    harm(result.folder / "equity.parquet")
    run = fw.open_run(result.folder)
    assert run.trades.rows == result.trades.rows
    with pytest.raises(fw.DataError, match=sentence):
        run.equity  # noqa: B018


def test_trials_are_the_other_runs_on_the_same_data(result, tmp_path):
    assert result.trials == ()
    plan = fw.load(tmp_path / "kept.yaml")
    plan.sweep({"strategy.fast": [4, 8]})
    other = plan.with_settings("strategy.fast=12").run()
    trials = other.trials
    assert [trial.run for trial in trials] == [result.folder.name, "sweep", "sweep"]
    assert trials[0].sharpe == result.metrics["sharpe"]
    assert trials[0].bars == result.equity.rows
    assert [trial.run for trial in result.trials] == ["sweep", "sweep", other.folder.name]
    assert len(plan.run(write=False).trials) == 4  # what is not written is no trial, and all that are count


def test_runs_on_other_instruments_or_periods_are_no_trials(result, tmp_path):
    plan = fw.load(tmp_path / "kept.yaml")
    assert plan.with_settings("instruments=[ETHUSDT]").run().trials == ()
    assert plan.with_settings("source.start=2024-02-01", "source.end=2024-03-01").run().trials == ()
