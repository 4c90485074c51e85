"""Whatever is written in YAML is read back; whatever is broken is a SettingsError and nothing else."""

# ruff: noqa: E501  the shapes of settings stand in long lines

from __future__ import annotations

import json
import string
from datetime import UTC, datetime
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fw
from fw.domain.time import OFFERED
from fw.settings.read import read_strategy, strategy_from
from fw.settings.secrets import looks_secret
from fw.settings.strategy import StrategyFile

RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

labels = st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=12).filter(
    lambda t: not looks_secret(t)
)
numbers = st.floats(-1e12, 1e12, allow_nan=False)
wholes = st.integers(-1000, 1000)
durations = st.builds("{}{}".format, st.integers(0, 9000), st.sampled_from("smhdw"))
lengths = st.one_of(st.integers(0, 10**6), durations)
times = st.datetimes(datetime(1970, 1, 2), datetime(2262, 1, 1)).map(
    lambda t: t.replace(microsecond=t.microsecond, tzinfo=UTC).isoformat()
)
curves = st.fixed_dictionaries({}, optional={"knots": st.lists(numbers, max_size=3), "smooth": st.booleans()})
everything = st.fixed_dictionaries(
    {"use": st.just("everything")},
    optional={
        "text": texts,
        "flag": st.booleans(),
        "whole": wholes,
        "number": numbers | wholes,
        "path": labels,
        "duration": durations,
        "size": st.sampled_from(OFFERED),
        "length": lengths,
        "moment": times,
        "choice": st.sampled_from(["left", "right"]),
        "level": st.sampled_from([1, 2]),
        "either": st.none() | wholes | labels.filter(lambda t: not t.isdigit()),
        "pair": st.tuples(wholes, numbers).map(list),
        "table": st.dictionaries(labels.filter(lambda t: t not in ("token", "secret")), wholes, max_size=3),
        "curve": curves,
        "curves": st.lists(curves, max_size=2),
    },
)
files = st.fixed_dictionaries(
    {
        "instruments": st.lists(st.text(string.ascii_uppercase + string.digits + "币安", min_size=1, max_size=9), min_size=1, unique=True),
        "bar": st.just("1m"),
        "source": st.just("synthetic") | st.fixed_dictionaries({"use": st.just("synthetic")}, optional={"start": times}),
        "strategy": everything,
    },
    optional={
        "seed": st.integers(0, 2**63 - 1),
        "rebalance": st.none() | st.floats(1e-6, 1e6),
        "account": st.fixed_dictionaries({}, optional={"capital": st.floats(1e-3, 1e12), "leverage": st.floats(1, 3)}),
        "features": st.lists(
            st.fixed_dictionaries({"use": st.just("returns"), "name": labels}, optional={"bar": st.sampled_from(OFFERED)}),
            max_size=3, unique_by=lambda f: f["name"],
        ),
        "models": st.dictionaries(labels, st.fixed_dictionaries({"use": st.just("network")}, optional={"horizon": lengths}), max_size=2),
        "sizer": st.just("fixed_fraction") | st.fixed_dictionaries({"fraction": st.floats(1e-6, 10)}),
    },
)  # fmt: skip


@RELAXED
@given(data=files, flow=st.booleans(), ascii_only=st.booleans())
def test_what_is_written_in_yaml_is_read_back_equal(registry, data, flow, ascii_only):
    text = yaml.safe_dump(data, default_flow_style=flow, allow_unicode=not ascii_only, sort_keys=False) + "\n"
    wanted = strategy_from(data, registry)
    read = read_strategy(text, registry)
    assert read == wanted
    for name, value in data["strategy"].items():
        if name in ("text", "flag", "whole", "level", "choice", "either", "table"):
            assert getattr(read.strategy.spec, name) == value
        elif name in ("number", "pair"):
            assert json.dumps(read.raw["strategy"][name]) == json.dumps(float(value) if name == "number" else value)


@RELAXED
@given(data=files)
def test_the_plain_data_of_a_file_is_the_file_again(registry, data):
    file = strategy_from(data, registry)
    again = strategy_from(json.loads(json.dumps(file.raw)), registry)
    assert again == file
    assert again.raw == file.raw


WHOLE = """\
name: two-horizons
instruments: [BTC/USDT:USDT, ethusdt]
bar: 1h
account: {capital: 5_000, leverage: 2.5}
source: {use: files, bars: {BTCUSDT: 'a.csv'}, start: 2024-01-01, end: 2024-01-03T02:00+02:00}
features: [{use: returns, spans: [1, 20]}, {use: volatility, bar: 4h}]
models:
  trend: {use: network, horizon: 30d, features: [returns], train: {every: 30d, window: 365d}}
strategy: {use: everything, text: "x", pair: [1, .5], curve: {knots: [1, 2]}, either: ~}
risk: [{use: max_exposure, limit: 2}, quiet]
profiles:
  paper: {source: {use: binance, live: true}, broker: paper, risk: ~}
"""
PIECES = [*" \t\n:,-[]{}#&*!|>'\"%@`?~=.<\0\x07\ufeff\u2028\ud83d", "<<: ", "!!python/object:os.system ", "&a ", "*a", "--- ", "...\n",
          "%YAML 9\n", "\\U99999999", "1e999", ".nan", "0x10", "null", "1" * 50, "9" * 5000, "{" * 40, "- " * 40, "? ", "use", "live",
          "2024-13-45T99:99Z", "币", "'", "\"\\ud800\"", "api_key: x", "\r", "\x85"]  # fmt: skip
edits = st.lists(
    st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=4)),
    min_size=1,
    max_size=4,
)


def edited(changes: list[tuple[int, int, str]]) -> str:
    text = WHOLE
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    return text + "\n"


def is_settings_or_error(read: Any) -> None:
    try:
        file = read()
    except fw.SettingsError as problem:
        said, lines = str(problem), [str(p) for p in problem.problems]
        told = all(p.text for p in problem.problems)
    else:
        assert isinstance(file, StrategyFile)
        json.dumps(file.raw, allow_nan=False)
        return
    assert lines
    assert told
    assert said.splitlines() == lines


@settings(RELAXED, max_examples=400)
@given(changes=edits, profile=st.sampled_from([None, "paper"]))
def test_any_mutation_of_a_file_is_settings_or_a_settings_error(registry, changes, profile):
    is_settings_or_error(lambda: read_strategy(edited(changes), registry, profile=profile))


@RELAXED
@given(content=st.binary(max_size=60) | edits.map(lambda c: edited(c).encode("utf-8", "surrogatepass")))
def test_any_bytes_are_settings_or_a_settings_error(registry, tmp_path, content):
    path = tmp_path / "s.yaml"
    path.write_bytes(content)
    is_settings_or_error(lambda: read_strategy(path, registry))


places = st.sampled_from([
    "seed", "bar", "strategy", "strategy.use", "strategy.curve.knots", "strategy.curves", "risk.max_exposure.limit", "risk.quiet",
    "risk", "models.trend.train", "models", "features.returns.spans", "source.bars.BTCUSDT", "source.start", "account", "profiles", "x.y",
]) | st.text(max_size=10)  # fmt: skip
values = (
    st.sampled_from(PIECES)
    | st.text(max_size=8)
    | st.sampled_from(["5", "[1]", "{a: 1}", "", "null", "quiet", "{use: quiet}"])
)


@settings(RELAXED, max_examples=300)
@given(
    overrides=st.lists(st.builds("{}={}".format, places, values) | places, max_size=3),
    variable=st.tuples(places, values),
)
def test_any_override_is_settings_or_a_settings_error(registry, overrides, variable):
    environ = {"FW__" + variable[0].upper().replace(".", "__"): variable[1]}
    is_settings_or_error(lambda: read_strategy(WHOLE, registry, overrides=overrides, environ=environ))


python_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.builds(object)
    | st.just(StrategyFile),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@RELAXED
@given(
    data=st.dictionaries(
        st.sampled_from(["strategy", "risk", "models", "source", "bar", "seed", "account", "name"]), python_values
    )
)
def test_any_data_is_settings_or_a_settings_error(registry, data):
    base = {"instruments": ["X"], "bar": "1h", "source": "synthetic", "strategy": "sma_cross"}
    is_settings_or_error(lambda: strategy_from(base | data, registry))
