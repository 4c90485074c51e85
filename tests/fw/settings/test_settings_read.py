"""A strategy file is read into frozen settings, with the defaults of what it leaves out."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

import fw
from fw.domain.time import BarSize, Duration, Length
from fw.settings.read import plugins_of, read_strategy

DAY = 86_400_000_000_000

WHOLE = """\
# yaml-language-server: $schema=strategy.schema.json
name: two-horizons
seed: 7
instruments: [BTC/USDT:USDT, ethusdt, 1000SHIBUSDT, 币安人生USDT]
bar: 1h
account: {capital: 5_000, settle: USDC, margin: cross, leverage: 2.5, reserve: 0, mark: required, funding: zero}
simulation: {slippage: {bps: 2}, bar_path: optimistic, through: 0}
rebalance: 0.1
source: {use: files, bars: 'data/{instrument}.parquet', start: 1970-01-02, end: 1970-01-03T02:00+02:00, gaps: flat}
features:
  - {use: returns, spans: [1, 20]}
  - {use: returns, name: slow, spans: [60], bar: 4h}
  - {use: volatility, on: ETHUSDT}
models:
  trend:
    {use: network, bar: 1d, context: 168, horizon: 30d, features: [returns, slow], train: {every: 30d, window: 365d}}
  timing: {use: network, weights: timing@champion}
strategy: {use: sma_cross, fast: 5}
sizer: {use: parts:kelly, fraction: .25}
risk: [{use: max_exposure, limit: 2}, quiet]
broker: paper
metrics: [bars]
report: [summary, html]
observers: [counter]
"""


def test_a_whole_file_is_read(read):
    file = read(WHOLE, base=False)
    assert (file.name, file.seed, file.bar) == ("two-horizons", 7, BarSize.parse("1h"))
    assert file.instruments == ("BTCUSDT", "ETHUSDT", "1000SHIBUSDT", "币安人生USDT")
    assert (file.account.capital, file.account.leverage, file.account.reserve) == (5000.0, 2.5, 0.0)
    assert (file.account.margin, file.account.mark, file.account.funding) == ("cross", "required", "zero")
    assert (file.simulation.slippage.bps, file.simulation.bar_path, file.simulation.through) == (2.0, "optimistic", 0)
    assert file.rebalance == 0.1
    assert (file.source.start, file.source.end, file.source.gaps) == (DAY, 2 * DAY, "flat")
    assert file.source.spec.bars == Path("data/{instrument}.parquet")
    assert [(f.name, f.bar and str(f.bar), f.on) for f in file.features] == [
        ("returns", None, None), ("slow", "4h", None), ("volatility", None, "ETHUSDT"),
    ]  # fmt: skip
    assert file.features[0].spec.spans == (1, 20)
    trend, timing = file.models["trend"], file.models["timing"]
    assert (trend.name, trend.features, trend.spec.horizon) == (
        "trend",
        ("returns", "slow"),
        Length(duration=Duration(30 * DAY)),
    )
    assert trend.train is not None
    assert trend.train.every == Length(duration=Duration(30 * DAY))
    assert (timing.weights, timing.train, timing.bar) == ("timing@champion", None, None)
    assert (file.strategy.use, file.strategy.spec.fast, file.strategy.spec.slow) == ("sma_cross", 5, 100)
    assert (file.sizer.name, file.sizer.provenance.plugin, file.sizer.spec.fraction) == ("kelly", "parts", 0.25)
    assert [check.name for check in file.risk] == ["max_exposure", "quiet"]
    assert [part.kind for part in (*file.report, *file.metrics, *file.observers)] == [
        "reporter",
        "reporter",
        "metric",
        "observer",
    ]


def test_defaults_fill_what_is_left_out(read):
    file = read()
    assert (file.name, file.seed, file.rebalance) == ("strategy", 0, None)
    assert (file.account.capital, file.account.settle, file.account.venue) == (10_000.0, "USDT", "binance_usdm")
    assert (file.account.margin, file.account.leverage, file.account.reserve) == ("isolated", 1.0, 0.01)
    assert (file.account.fees, file.account.mark, file.account.funding, file.account.rules) == (
        "vip0",
        "last",
        "required",
        None,
    )
    assert (file.simulation.slippage.bps, file.simulation.bar_path, file.simulation.through) == (1.0, "pessimistic", 1)
    assert (file.sizer.use, file.broker.use, [r.use for r in file.report]) == (
        "fixed_fraction",
        "backtest",
        ["summary"],
    )
    assert (file.features, file.models, file.risk, file.metrics, file.observers, file.plugins) == (
        (),
        {},
        (),
        (),
        (),
        (),
    )
    assert (file.source.start, file.source.end, file.source.gaps, file.source.live) == (None, None, "error", False)


def test_the_default_sizer_takes_settings_without_being_named(read):
    assert read("sizer: {fraction: 0.5}").sizer.spec.fraction == 0.5


def test_settings_are_frozen(read):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        read().seed = 1


def test_a_bare_name_is_short_for_use(read):
    assert read().strategy == read("", base=True).strategy
    long = read("instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic}\nstrategy: {use: sma_cross}", base=False)
    assert long == read()


def test_the_place_of_a_part_is_kept_but_does_not_make_it_another(read):
    entry = read().strategy
    assert (entry.line, entry.column) == (4, 11)
    assert entry == attrs.evolve(entry, line=90, column=1)


def test_a_file_gives_its_name_and_the_folder_of_its_paths(tmp_path, registry):
    (tmp_path / "momentum.py").write_text("", encoding="utf-8")
    path = tmp_path / "my first.yaml"
    path.write_text(
        "instruments: [BTCUSDT]\nbar: 1h\nstrategy: sma_cross\naccount: {rules: own/rules.json}\n"
        "plugins: [./momentum.py]\nsource: {use: files, bars: {BTCUSDT: ../btc.csv, ETHUSDT: /data/eth.csv}}\n",
        encoding="utf-8",
    )
    file = read_strategy(path, registry)
    assert (file.name, file.path) == ("my first", path)
    assert file.account.rules == tmp_path / "own/rules.json"
    assert file.plugins == (tmp_path / "momentum.py",) == plugins_of(path)
    assert file.source.spec.bars == {"BTCUSDT": tmp_path / "../btc.csv", "ETHUSDT": Path("/data/eth.csv")}
    assert file.raw["source"]["bars"] == {"BTCUSDT": "../btc.csv", "ETHUSDT": "/data/eth.csv"}
    assert file.raw["plugins"] == ["./momentum.py"]


def test_a_plugin_file_that_is_not_there_has_its_line(tmp_path, registry):
    path = tmp_path / "s.yaml"
    path.write_text("instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross\nplugins: [./no.py]\n")
    with pytest.raises(fw.SettingsError) as caught:
        read_strategy(path, registry)
    assert str(caught.value) == f"{path}:5:11: plugins[0]: the plugin file './no.py' does not exist"
    assert isinstance(caught.value, fw.PluginError)


def test_the_plugins_of_a_broken_file_are_what_can_be_read():
    assert plugins_of("plugins: [a.py]\nnonsense: [1\n") == ()
    assert plugins_of("plugins: [a.py]\nnonsense: 1\n") == (Path("a.py"),)
    assert plugins_of("seed: 1\n", overrides=["plugins=[b.py]"]) == (Path("b.py"),)
    assert plugins_of("seed: 1\n", environ={"FW__PLUGINS": "[c.py]"}) == (Path("c.py"),)
    assert plugins_of("profiles: {p: {plugins: [d.py]}}\nseed: 1\n", profile="p") == (Path("d.py"),)
    assert plugins_of(Path("/nowhere/at/all.yaml")) == ()


def test_the_same_meaning_gives_the_same_data_whatever_the_spelling(read):
    one = read("account: {capital: 1e4}\nseed: +5")
    other = read("seed: 5\naccount:\n  capital: 10_000.0 # money\nreport: [{use: summary}]")
    assert one.raw == other.raw


def test_settings_from_one_file_are_the_same_in_another_folder(tmp_path, registry):
    text = "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: files, bars: ./a.csv}\nstrategy: sma_cross\n"
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "s.yaml").write_text(text, encoding="utf-8")
        files.append(read_strategy(tmp_path / name / "s.yaml", registry))
    assert files[0].raw == files[1].raw
    assert files[0].source.spec != files[1].source.spec


def test_a_byte_order_mark_is_no_problem(tmp_path, registry):
    path = tmp_path / "s.yaml"
    path.write_bytes(b"\xef\xbb\xbfinstruments: [BTCUSDT]\r\nbar: 1h\r\nsource: synthetic\r\nstrategy: sma_cross\r\n")
    assert read_strategy(path, registry).instruments == ("BTCUSDT",)


def test_a_title_is_made_of_a_file_name_that_could_not_name_a_folder(tmp_path, registry):
    path = tmp_path / ". a:b?.yaml"
    path.write_text("instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross\n", encoding="utf-8")
    assert read_strategy(path, registry).name == "a-b-"
