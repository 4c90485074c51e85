"""`fw features`: what it lists, explains, writes down and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner

import fw
from fw.cli import main
from fw_features.plugin import fw_features

THEIRS = '''
import time
from pathlib import Path

import attrs, fw
import numpy as np

@attrs.frozen
class Leap:
    """How far a bar opens from the close before, in `leap`."""
    needs = ("bars",)
    lookback = 2
    def compute(self, market):
        close = market.bars.close
        leap = np.full(len(close), np.nan)
        leap[1:] = market.bars.open[1:] / close[:-1] - 1
        return fw.Frame.of({"leap": leap})

@attrs.frozen
class Slow:
    """Takes its time, and counts how often."""
    needs = ("bars",)
    lookback = 1
    def compute(self, market):
        with Path(__file__).with_suffix(".asked").open("a") as asked:
            asked.write("x")
        time.sleep(0.1)
        return fw.Frame.of({"slow": market.bars.close.copy()})

@attrs.frozen
class Wanting:
    """Wants to be told something."""
    column: str = fw.setting(help="which")
    needs = ("bars",)
    lookback = 1

@attrs.frozen
class Broken:
    """Falls over."""
    needs = ("bars",)
    lookback = 1
    def compute(self, market):
        raise ZeroDivisionError("over nothing")

@fw.hookimpl
def fw_features():
    return {"leap": Leap, "slow": Slow, "wanting": Wanting, "broken": Broken}
'''

FILE = """
name: some hours
instruments: [BTCUSDT, ETHUSDT]
bar: 1h
account: {capital: 10000}
source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
features: [{use: returns, spans: [1, 24]}, {use: sma, spans: [20], bar: 4h}]
strategy: buy_and_hold
broker: backtest
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A workspace with a strategy file and a plugin file beside it."""
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(FILE)
    (tmp_path / "theirs.py").write_text(THEIRS)
    (tmp_path / "b.yaml").write_text(FILE + "plugins: [./theirs.py]\n")
    return tmp_path


def run(*arguments, code=0):
    done = CliRunner().invoke(main, ["features", *arguments])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def test_every_bundled_set_is_listed_with_its_columns():
    found = {one["name"]: one for one in json.loads(run("list", "--json"))}
    assert found.keys() >= fw_features().keys()
    assert found["expression"]["unknown"] == "expr must be given"
    for name, spec in fw_features().items():
        if name == "expression":
            continue
        assert [column["name"] for column in found[name]["columns"]] == [column.name for column in spec().about()]
        assert found[name]["unknown"] == ""
    told = run("list")
    for name in fw_features():
        assert f"\n{name} " in told


def test_a_set_is_explained_down_to_each_columns_formula(place):
    told = run("describe", "atr")
    (column,) = fw_features()["atr"]().about()
    assert "Average true range" in told
    assert column.name in told
    assert "spans" in told
    assert "≥ 0" in told
    said = json.loads(run("describe", "atr", "--json"))
    assert said["columns"][0]["formula"] == column.formula
    assert said["columns"][0]["low"] == 0
    assert said["columns"][0]["high"] is None
    assert said["lookback"] == fw_features()["atr"]().lookback
    assert [row["name"] for row in said["settings"]] == ["spans"]


def test_sets_of_a_plugin_file_show_what_they_have_and_broken_ones_say_why(place):
    told = run("describe", "leap", "--in", "b.yaml")
    assert "How far a bar opens" in told
    assert "columns: leap" in told
    assert "needs bars; 2 bars decide one row" in told
    found = {one["name"]: one for one in json.loads(run("list", "--in", "b.yaml", "--json"))}
    assert found["leap"]["columns"] == [{"name": "leap"}]
    assert found["wanting"]["unknown"] == "column must be given"
    assert found["broken"]["unknown"] == "ZeroDivisionError: over nothing"
    assert "broken" in run("list", "--in", "b.yaml")
    assert "ZeroDivisionError" in run("describe", "broken", "--in", "b.yaml")


def test_an_unknown_set_gets_a_suggestion():
    assert "no plugin offers a feature set called 'volatilty'. Did you mean 'volatility'?" in run(
        "describe", "volatilty", code=4
    )


def test_the_file_has_a_row_for_each_instrument_and_bar_of_the_traded_time(place):
    told = run("compute", "a.yaml", "--out", "data/columns.parquet")
    file = place / "data" / "columns.parquet"
    table = parquet.read_table(file)
    assert table.column_names == ["time", "instrument", "return_1", "return_24", "sma_20@4h"]
    assert table.num_rows == 2 * 31 * 24
    assert str(table.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    assert parquet.ParquetFile(file).metadata.row_group(0).column(2).compression == "ZSTD"
    plan = fw.load("a.yaml")
    frames, begin = plan.features(), plan.period()[0]
    for symbol in ("BTCUSDT", "ETHUSDT"):
        mine = table.filter(np.array(table["instrument"]) == symbol)
        inside = plan.market().of(symbol).bars.open_time >= begin
        for name in ("return_1", "return_24", "sma_20@4h"):
            assert np.array_equal(np.array(mine[name]), frames[symbol][name][inside], equal_nan=True)
        assert np.array(mine["time"].cast("int64")).tolist() == frames[symbol]["time"][inside].tolist()
    assert f"wrote {file}" in told
    assert "1,488 rows of BTCUSDT, ETHUSDT; 3 columns: return_1, return_24, sma_20@4h" in told
    assert "first complete row: 2024-01-01 01:00" in told  # with the source's bars before January as warm-up
    assert [one.name for one in file.parent.iterdir()] == ["columns.parquet"]


def test_columns_of_a_plugin_file_are_written_and_told_to_programs(place):
    begun = json.loads(run("compute", "b.yaml", "--set", "features=[leap]", "--out", "c.parquet", "--json"))
    assert begun["columns"] == ["leap"]
    assert begun["rows"] == 1488
    assert begun["first_complete"].startswith("2024-01-01 01:00")


def test_a_column_that_took_long_is_found_again_by_the_next_command_and_a_run(place):
    slow = ["b.yaml", "--set", "features=[slow]", "--set", "instruments=[BTCUSDT]"]
    run("compute", *slow, "--out", "slow.parquet")
    assert (place / "theirs.asked").read_text() == "x"
    run("report", *slow)
    fw.load(place / "b.yaml", overrides=["features=[slow]", "instruments=[BTCUSDT]"]).run()
    assert (place / "theirs.asked").read_text() == "x"


def test_first_rows_without_a_number_are_left_out_of_what_is_complete():
    from fw_features.commands.table import first_complete

    def frame(*values):
        return fw.Frame.of({"time": np.arange(4) * 10, "x": np.array(values), "y": np.ones(4)})

    nan = float("nan")
    assert first_complete({"A": frame(nan, 1.0, 2.0, 3.0)}, ("x", "y")) == 10
    assert first_complete({"A": frame(1.0, nan, 2.0, 3.0), "B": frame(nan, 1.0, 2.0, 3.0)}, ("x", "y")) == 20
    assert first_complete({"A": frame(1.0, 2.0, 3.0, nan)}, ("x", "y")) is None


def test_nothing_is_written_outside_the_workspace(place):
    assert "is outside the workspace" in run("compute", "a.yaml", "--out", "/elsewhere/a.parquet", code=2)
    assert "is outside the workspace" in run("report", "a.yaml", "--out", "../a.html", code=2)


def test_a_file_without_features_is_told_so(place):
    (place / "c.yaml").write_text(FILE.replace("features:", "#"))
    for arguments in (("compute", "c.yaml", "--out", "c.parquet"), ("report", "c.yaml")):
        assert "c.yaml has no features: name feature sets, as in `features: [returns, volatility]`" in run(
            *arguments, code=2
        )
    assert not list(place.glob("*.parquet"))


def test_columns_that_the_strategy_brings_count(place):
    (place / "c.yaml").write_text(FILE.replace("features:", "#").replace("buy_and_hold", "{use: sma_cross, fast: 5}"))
    assert "sma_5" in run("compute", "c.yaml", "--out", "c.parquet")


NEEDY = '''
import attrs, fw

@attrs.frozen
class Mood:
    """How the crowd feels, in `mood`."""
    needs = ("bars", "sentiment")
    lookback = 1
    def compute(self, market):
        return fw.Frame.of({"mood": market.stamps["sentiment"].last("value", at=market.bars.close_time, within=10**15)})

@fw.hookimpl
def fw_features():
    return {"mood": Mood}
'''


def test_what_a_set_lacks_is_an_error_or_a_note(place):
    (place / "needy.py").write_text(NEEDY)
    text = FILE + "plugins: [./needy.py]\n"
    (place / "c.yaml").write_text(text.replace("features: [", "features: [mood, "))
    words = "feature set 'mood' needs sentiment of BTCUSDT, which source 'synthetic' does not have"
    for command in (["compute", "c.yaml", "--out", "c.parquet"], ["report", "c.yaml"]):
        assert words in run(*command, code=3)
    (place / "d.yaml").write_text(text.replace("features: [", "features: [{use: mood, missing: skip}, "))
    note = "features.mood is left out: source 'synthetic' does not have sentiment of BTCUSDT for this run"
    assert note in run("compute", "d.yaml", "--out", "d.parquet")
    assert "mood" not in parquet.read_schema(place / "d.parquet").names
    assert json.loads(run("report", "d.yaml", "--horizons", "4", "--json"))["left_out"] == [note]
    alone = "features: [{use: mood, missing: skip}]"
    (place / "e.yaml").write_text(
        "\n".join(alone if line.startswith("features") else line for line in text.split("\n"))
    )
    assert f"no column is left: {note}" in run("compute", "e.yaml", "--out", "e.parquet", code=3)


def test_a_report_is_written_below_the_workspace_and_says_how_much_is_luck(place):
    told = run("report", "a.yaml", "--horizons", "24,1")
    assert f"wrote {place / 'reports' / 'features-some-hours.html'}" in told
    assert "12 rank correlations with forward returns" in told
    assert "luck alone gives about 1" in told
    run("report", "a.yaml", "--out", "mine.html")
    assert (place / "mine.html").read_text().startswith("<!doctype html>")
    said = json.loads(run("report", "a.yaml", "--horizons", "1", "--json"))
    assert said["horizons"] == [1]


@pytest.mark.parametrize("horizons", ["", "a", "1,,2", "0", "-1", "1.5", "1000000"])
def test_horizons_that_are_none_are_refused(place, horizons):
    assert "--horizons wants" in run("report", "a.yaml", f"--horizons={horizons}", code=2)


def test_a_file_that_is_not_there_is_told_of(place):
    for arguments in (("compute", "no.yaml", "--out", "c.parquet"), ("report", "no.yaml"), ("list", "--in", "no.yaml")):
        assert "no.yaml" in run(*arguments, code=2)


def test_the_commands_bring_in_nothing_heavy(tmp_path: Path):
    import subprocess
    import sys

    code = (
        "import sys\nfrom fw.cli import main\ntry:\n    main(['features', '--help'])\nexcept SystemExit:\n    pass\n"
        "print([name for name in ('numpy', 'numba', 'pandas', 'pyarrow', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"
