"""The schema says what the reader does: both take and refuse the same files."""

# ruff: noqa: E501  an example stands in one line

from __future__ import annotations

import json

import attrs
import jsonschema
import pytest

import fw
from fw.registry import Offer, Registry
from fw.settings.describe import Row, describe
from fw.settings.read import read_strategy
from fw.settings.schema import schema
from fw.settings.strategy import StrategyFile

BASE = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross\n"

GOOD = [
    "",
    "name: two horizons",
    "name: 2024",
    "seed: 5",
    "rebalance: ~",
    "rebalance: 0.1",
    "account: {capital: 1e4, leverage: 2, rules: ~}",
    "account: {margin: cross, reserve: 0}",
    "simulation: {slippage: {bps: .5}, bar_path: optimistic}",
    "features: []",
    "risk:\nfeatures: ~\nmodels: null\nmetrics:\nobservers:\nplugins:\nreport:",
    "features: [returns, {use: volatility, span: 5}, {use: 'parts:returns', name: more, spans: [1, 2], bar: 4h, on: ETHUSDT}]",
    "models: {m: network, n: {use: network, horizon: 30d, context: 5, train: {every: 30, window: 365d}}}",
    "risk: [quiet, {use: max_exposure, limit: 1}]",
    "sizer: 'parts:kelly'",
    "sizer: {fraction: 0.5}",
    "sizer: {use: 'others:kelly', fraction: 1}",
    "broker: paper",
    "broker: {use: binance, environment: testnet}",
    "report: [summary, html]",
    "metrics: [bars]",
    "observers: [{use: counter, name: mine}]",
    "plugins: []",
    "profiles: {live: {broker: {use: unknown}, risk: ~}, nothing: ~}",
    "profiles: ~",
]
BAD = [
    "nmae: x",
    "name: a/b",
    "name: .hidden",
    "seed: -1",
    "seed: 1.5",
    "seed: '5'",
    "seed: ~",
    "rebalance: 0",
    "account: {capital: 0}",
    "account: {capital: lots}",
    "account: {leverage: 126}",
    "account: {reserve: 1}",
    "account: {margin: crossed}",
    "account: {x: 1}",
    "account: 5",
    "simulation: {jitter: 0s}",
    "simulation: {through: -1}",
    "features: returns",
    "features: [unknown]",
    "features: [{use: returns, spans: [0]}]",
    "features: [{use: returns, spans: 5}]",
    "features: [{use: returns, bar: 7m}]",
    "features: [{spans: [1]}]",
    "models: [network]",
    "models: {m: {use: network, name: x}}",
    "models: {a.b: network}",
    "models: {m: {use: network, train: {every: 30d}}}",
    "models: {m: {use: network, train: {every: 30d, window: soon}}}",
    "risk: [max_exposure]",
    "risk: [{use: max_exposure, limit: ~}]",
    "sizer: kelly",
    "sizer: {fraction: 0}",
    "broker: [paper]",
    "broker: {use: binance, environment: mainnet}",
    "profiles: {live: {brokr: x}}",
    "profiles: [live]",
]
WHOLE = [
    (True, "instruments: [BTC/USDT:USDT, 1000SHIBUSDT, 币安USDT]\nbar: 1d\nsource: synthetic\nstrategy: sma_cross"),
    (True, "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: files, bars: a.csv}\nstrategy: {use: sma_cross, stop: ~}"),
    (True, "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: files, bars: {BTCUSDT: a.csv}}\nstrategy: everything"),
    (True, "instruments: [X]\nbar: 1h\nsource: {use: synthetic, start: 2024-01-01, end: 2024-01-01T08:00Z}\nstrategy: everything"),
    (True, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, text: 5, flag: true, whole: 3, number: .5, "
     "path: 5, duration: 8h, size: 1m, length: 5, choice: right, level: 2, either: x, pair: [1, 2], table: {a: 1}, "
     "curve: {knots: [1]}, curves: [{}, {smooth: false}]}"),
    (False, "instruments: []\nbar: 1h\nsource: synthetic\nstrategy: sma_cross"),
    (False, "instruments: [BTC-USDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross"),
    (False, "instruments: [BTC/USDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross"),
    (False, "instruments: [BTCUSDT, BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross"),
    (False, "instruments: [BTCUSDT]\nbar: 1M\nsource: synthetic\nstrategy: sma_cross"),
    (False, "bar: 1h\nsource: synthetic\nstrategy: sma_cross"),
    (False, "instruments: [BTCUSDT]\nbar: 1h\nsource: files\nstrategy: sma_cross"),
    (False, "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, start: 2024-01-01T08:00}\nstrategy: sma_cross"),
    (False, "instruments: [BTCUSDT]\nbar: 1h\nsource: {use: synthetic, start: soon}\nstrategy: sma_cross"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, flag: 'true'}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, whole: 1001}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, duration: 8}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, length: '8'}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, level: 3}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, pair: [1]}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, table: {a: x}}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, curve: {knot: 1}}"),
    (False, "instruments: [X]\nbar: 1h\nsource: synthetic\nstrategy: {use: everything, path: ''}"),
]  # fmt: skip
CORPUS = [(True, BASE + text) for text in GOOD] + [(False, BASE + text) for text in BAD] + WHOLE


@pytest.fixture(scope="module")
def drawn(registry):
    return schema(registry)


def test_the_schema_is_a_json_schema(drawn):
    jsonschema.Draft202012Validator.check_schema(drawn)
    assert json.loads(json.dumps(drawn)) == drawn


@pytest.mark.parametrize(("fits", "text"), CORPUS)
def test_schema_and_reader_agree(drawn, registry, yaml12, fits, text):
    data = yaml12.read(text)
    assert jsonschema.Draft202012Validator(drawn).is_valid(data) is fits
    if fits:
        read_strategy(text + "\n", registry)
    else:
        with pytest.raises(fw.SettingsError):
            read_strategy(text + "\n", registry)


def test_a_file_as_plain_data_fits_the_schema(drawn, read):
    text = "features: [{use: returns, bar: 4h}]\nmodels: {m: {use: network, train: {every: 5, window: 30d}}}\nrisk: [quiet]"
    raw = read(text, overrides=["source.start=2024-01-01T08:30Z"]).raw
    jsonschema.Draft202012Validator(drawn).validate(json.loads(json.dumps(raw)))


def test_every_setting_of_every_part_is_described(drawn):
    (crossing,) = [arm for arm in drawn["$defs"]["strategy"]["anyOf"] if arm.get("title") == "parts:sma_cross"]
    assert crossing["description"] == "Long while the fast average is above the slow one."
    assert crossing["properties"]["fast"] == {
        "description": "bars of the fast average", "type": "integer", "minimum": 1, "default": 20,
    }  # fmt: skip
    assert crossing["properties"]["use"]["enum"] == ["sma_cross", "parts:sma_cross"]
    assert "name" not in crossing["properties"]
    (returns,) = [arm for arm in drawn["$defs"]["features"]["anyOf"] if arm.get("title") == "parts:returns"]
    assert {"use", "name", "bar", "on", "missing", "spans"} == set(returns["properties"])


def test_a_name_that_two_plugins_offer_stands_qualified_only(drawn):
    assert drawn["$defs"]["sizer"]["anyOf"][0] == {
        "enum": ["fixed_fraction", "others:kelly", "parts:fixed_fraction", "parts:kelly"]
    }


def test_without_any_plugin_there_is_a_schema_still(yaml12):
    empty = schema(Registry(()))
    jsonschema.Draft202012Validator.check_schema(empty)
    assert not jsonschema.Draft202012Validator(empty).is_valid(yaml12.read(BASE))


def test_a_part_whose_types_cannot_be_known_does_not_spoil_the_others(registry, yaml12):
    @attrs.frozen
    class Broken:
        thing: NoSuchType = None  # type: ignore[name-defined]  # noqa: F821

    offers = [*registry.offers(), Offer("strategy", "broken", Broken, "broken", "d", "1")]
    drawn = schema(Registry(offers))
    jsonschema.Draft202012Validator.check_schema(drawn)
    assert jsonschema.Draft202012Validator(drawn).is_valid(yaml12.read(BASE))
    with pytest.raises(fw.PluginError, match=r"the type of Broken.thing is unknown at run time"):
        read_strategy(BASE.replace("sma_cross", "broken"), Registry(offers))


def test_settings_are_described_in_words(registry):
    assert describe(registry.find("strategy", "sma_cross").spec) == (
        Row("fast", "a whole number", "20", "≥ 1", "bars of the fast average"),
        Row("slow", "a whole number", "100", "≥ 2", "bars of the slow average"),
        Row("stop", "a number or null", "null", "> 0, < 1", "stop loss, share of the price"),
    )
    assert describe(registry.find("risk", "max_exposure").spec) == (
        Row("limit", "a number", "", "", "largest exposure"),
    )


def test_every_type_has_its_words(registry):
    rows = {row.name: (row.type, row.default) for row in describe(registry.find("strategy", "everything").spec)}
    assert rows == {
        "text": ("text", "hello"),
        "flag": ("true or false", "false"),
        "whole": ("a whole number", "0"),
        "number": ("a number", "1"),
        "path": ("a path", "here"),
        "duration": ("a duration", "1h"),
        "size": ("a bar size", "1m"),
        "length": ("a number of bars or a duration", "1"),
        "moment": ("a time", "1970-01-01T00:00Z"),
        "choice": ("one of left, right", "left"),
        "level": ("one of 1, 2", "1"),
        "either": ("a whole number or text or null", "null"),
        "pair": ("a list of a whole number, a number", "[1, 2]"),
        "table": ("whole numbers by name", "{}"),
        "curve": ("settings", "{}"),
        "curve.knots": ("a list of numbers", "[]"),
        "curve.smooth": ("true or false", "true"),
        "curves": ("a list of settings", "[]"),
    }


def test_the_whole_file_is_described():
    rows = {row.name: row for row in describe(StrategyFile)}
    assert rows["account.capital"] == Row(
        "account.capital", "a number", "10000", "> 0", "money at the start, in settlement currency"
    )
    assert (rows["sizer"].default, rows["report"].default, rows["source"].default) == (
        "fixed_fraction",
        "[summary]",
        "",
    )
    assert all(row.help for row in rows.values())
