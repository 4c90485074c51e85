"""Slow feature columns are found again on disk: by the same data, settings and code only, and never too many."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fw
from fw.engine.columns import PlannedSet, compute_columns
from fw.engine.kept import KeptColumns
from fw.testing.markets import trend

SLOW_SET = """
import time
from pathlib import Path
import attrs, numpy as np, fw

@attrs.frozen
class Slow:
    "It takes its time, and says how often it was asked."
    span: int = fw.setting(2, ge=1)
    needs = ("bars",)
    lookback = 1

    def compute(self, market):
        asked = Path(__file__).with_suffix(".asked")
        asked.write_text(asked.read_text() + "x" if asked.exists() else "x")
        time.sleep(0.06)
        return fw.Frame.of({f"slow_{self.span}": market.bars.close * self.span})

@fw.hookimpl
def fw_features():
    return {"slow": Slow}
"""


class Folder:
    """A workspace with a plugin file and a strategy over a made-up market."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plugin = root / "slow.py"
        self.plugin.write_text(SLOW_SET)

    def run(self, *overrides: str, seed: int = 0) -> fw.Result:
        return self.plan(*overrides, seed=seed).run()

    def plan(self, *overrides: str, seed: int = 0, sets: str = "{use: slow, span: 2}") -> fw.Plan:
        file = self.root / "s.yaml"
        file.write_text(
            "instruments: [BTCUSDT]\nbar: 1h\nplugins: [./slow.py]\n"
            f"features: [{sets}]\n"
            f"source: {{use: synthetic, start: 2024-01-01, end: 2024-02-01, seed: {seed}}}\n"
            "strategy: {use: threshold, column: slow_2, above: 1}\n"
        )
        return fw.load(file, overrides=overrides)

    @property
    def asked(self) -> int:
        return len(self.plugin.with_suffix(".asked").read_text())

    @property
    def kept(self) -> list[Path]:
        return sorted((self.root / ".fw" / "cache" / "features").glob("*"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    return Folder(tmp_path)


def test_the_second_run_reads_what_the_first_computed(folder: Folder) -> None:
    first = folder.run()
    assert folder.asked == 1
    second = folder.run()
    assert folder.asked == 1
    assert len(folder.kept) == 1
    np.testing.assert_array_equal(first.equity["equity"], second.equity["equity"])


def test_columns_asked_for_without_a_run_are_kept_as_those_of_a_run(folder: Folder) -> None:
    first = folder.plan().features()["BTCUSDT"]
    second = folder.plan().features()["BTCUSDT"]
    folder.run()
    assert folder.asked == 1
    np.testing.assert_array_equal(first["slow_2"], second["slow_2"])


def test_a_changed_setting_computes_only_the_columns_of_its_set(folder: Folder) -> None:
    both = "{use: slow, span: 2}, {use: slow, span: 3, name: other}"
    folder.plan(sets=both).features()
    assert folder.asked == 2
    changed = folder.plan("features.other.span=4", sets=both).features()["BTCUSDT"]
    assert folder.asked == 3
    np.testing.assert_array_equal(changed["slow_4"], 2 * changed["slow_2"])


def test_who_waits_for_columns_is_told_how_many_are_done(folder: Folder) -> None:
    told: list[tuple[str, float]] = []
    both = "{use: slow, span: 2}, {use: slow, span: 3, name: other}"
    folder.plan(sets=both).features(progress=lambda what, done: told.append((what, done)))
    assert told == [("computing columns", share) for share in (0.0, 0.5, 1.0)]


def test_other_data_other_settings_and_other_code_are_computed(folder: Folder) -> None:
    folder.run()
    folder.run(seed=1)
    assert folder.asked == 2
    folder.run("features.slow.span=3", "strategy.column=slow_3")
    assert folder.asked == 3
    folder.plugin.write_text(SLOW_SET + "# changed\n")
    folder.run()
    assert folder.asked == 4
    assert len(folder.kept) == 4


def test_the_folder_may_be_deleted_and_its_files_broken(folder: Folder) -> None:
    folder.run()
    for file in folder.kept:
        file.write_bytes(file.read_bytes()[:100])
    folder.run()
    assert folder.asked == 2
    for file in folder.kept:
        file.unlink()
    folder.run()
    assert folder.asked == 3


def planned(spec: Any) -> PlannedSet:
    return PlannedSet(part=spec, spec=spec, offer=None)  # type: ignore[arg-type]


def sma(span: int) -> PlannedSet:
    from fw_features.averages import Sma

    return planned(Sma(spans=(span,)))


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    market = trend(bars=1_000)
    size = 9_000  # a column of 1,000 rows and its header
    kept = KeptColumns(tmp_path, lambda: "data", most_bytes=3 * size, worth=0.0)
    for k, span in enumerate((5, 6, 7)):
        compute_columns([sma(span)], market, kept=kept)
        for file in tmp_path.glob("*.arrow"):
            os.utime(
                file, ns=(time.time_ns() - 10**9 * (10 - k),) * 2
            ) if file.stat().st_mtime > time.time() - 1 else None
    assert kept.find(sma(5), (1, 1_000)) is not None  # used now
    compute_columns([sma(8)], market, kept=kept)
    assert kept.find(sma(5), (1, 1_000)) is not None
    assert kept.find(sma(6), (1, 1_000)) is None
    assert sum(file.stat().st_size for file in tmp_path.glob("*")) <= 3 * size


def test_kept_columns_are_the_computed_ones_mapped_and_read_only(tmp_path: Path) -> None:
    market = trend(bars=500)
    kept = KeptColumns(tmp_path, lambda: "data", worth=0.0)
    computed = compute_columns([sma(20)], market, kept=kept)
    found = compute_columns([sma(20)], market, kept=kept)
    assert found["sma_20"].tobytes() == computed["sma_20"].tobytes()
    assert not found["sma_20"].flags.writeable
    assert not found["sma_20"].flags.owndata


def test_what_is_quick_and_what_has_no_file_is_not_kept(tmp_path: Path) -> None:
    kept = KeptColumns(tmp_path, lambda: "data")
    compute_columns([sma(20)], trend(bars=100), kept=kept)
    assert not list(tmp_path.iterdir())

    namespace: dict[str, Any] = {}
    exec("class Typed:\n needs=('bars',)\n lookback=1\n def compute(self, market): return None", namespace)
    assert KeptColumns(tmp_path, lambda: "data", worth=0.0)._file(planned(namespace["Typed"]())) is None


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = KeptColumns(tmp_path / "file" / "features", lambda: "data", worth=0.0)
    columns = compute_columns([sma(20)], trend(bars=100), kept=kept)
    assert list(columns) == ["sma_20"]
