"""Later wins: the file, then a profile, then `FW__…` variables, then `--set`."""

# ruff: noqa: E501  a message stands in one line

from __future__ import annotations

import pytest

import fw
from fw.settings.read import Draft

BASE_OF_DRAFTS = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: sma_cross\n"
PROFILED = """\
account: {leverage: 2, fees: vip1}
risk: [{use: max_exposure, limit: 2}, quiet]
sizer: {use: fixed_fraction, fraction: 0.5}
models: {trend: {use: network, hidden: 8}, timing: network}
rebalance: 0.2
profiles:
  small: {account: {capital: 100}, models: {trend: {hidden: 4}, timing: ~}, strategy: {fast: 7}}
  bare: {risk: [quiet], rebalance: ~, sizer: ~, report: []}
  paper: {source: {use: binance, live: true}, broker: paper}
  live: {source: {use: binance, live: true}, broker: {use: binance, environment: live}}
  kelly: {sizer: {use: 'parts:kelly'}}
  same: {sizer: {use: fixed_fraction}}
  nothing:
"""


def test_a_profile_is_merged_key_by_key(read):
    file = read(PROFILED, profile="small")
    assert (file.account.capital, file.account.leverage, file.account.fees) == (100.0, 2.0, "vip1")
    assert {name: model.spec.hidden for name, model in file.models.items()} == {"trend": 4}
    assert (file.strategy.use, file.strategy.spec.fast) == ("sma_cross", 7)
    assert (file.profile, file.profiles) == ("small", ("small", "bare", "paper", "live", "kelly", "same", "nothing"))


def test_without_a_profile_none_counts(read):
    file = read(PROFILED)
    assert (file.profile, file.account.capital, len(file.models)) == (None, 10_000.0, 2)


def test_lists_are_replaced_and_null_removes(read):
    file = read(PROFILED, profile="bare")
    assert [check.name for check in file.risk] == ["quiet"]
    assert (file.rebalance, file.report) == (None, ())
    assert (file.sizer.use, file.sizer.spec.fraction) == ("fixed_fraction", 1.0)


def test_another_use_replaces_the_whole_mapping(read):
    assert read(PROFILED, profile="kelly").sizer.spec.fraction == 1.0


def test_the_same_use_keeps_it(read):
    assert read(PROFILED, profile="same").sizer.spec.fraction == 0.5


def test_another_live_replaces_the_whole_mapping(read):
    text = """\
instruments: [BTCUSDT]
bar: 1h
strategy: sma_cross
source: {use: binance, environment: testnet, start: 2024-01-01}
profiles:
  live: {source: {use: binance, live: true}}
  dead: {source: {live: false, end: 2024-02-01}}
"""
    live = read(text, base=False, profile="live").source
    assert (live.live, live.start, live.spec.environment) == (True, None, "live")
    dead = read(text, base=False, profile="dead").source
    assert (dead.live, dead.start, dead.spec.environment) == (False, 1_704_067_200_000_000_000, "testnet")


def test_an_empty_profile_changes_nothing(read):
    assert read(PROFILED, profile="nothing").raw == read(PROFILED).raw


def test_a_problem_in_a_profile_has_its_own_line(faults):
    text = "profiles:\n  live:\n    account: {leverage: 0}\n    strategy: {fsat: 5}"
    assert faults(text, profile="live") == [
        "7:25: account.leverage: must be at least 1, not 0",
        "8:16: strategy.fsat: unknown setting. Did you mean 'fast'?",
    ]


def test_profiles_not_in_force_are_checked_for_shape_but_their_plugins_are_not_needed(read, faults):
    assert read("profiles: {live: {broker: {use: not_installed, key_file: x}, source: nobody}}").profiles == ("live",)
    assert faults("profiles: {live: {broker: [x]}, paper: {seed: x, profiles: {}}}") == [
        "5:27: profiles.live.broker: names no broker: write its name, or {use: NAME}",
        "5:47: profiles.paper.seed: wants a whole number, not 'x'",
        "5:50: profiles.paper.profiles: unknown setting. Known: account, bar, broker, features, instruments, metrics, "
        "models, name, observers, plugins, rebalance, report, risk, seed, simulation, sizer, source, strategy",
    ]


def test_an_unknown_profile(faults):
    assert faults(PROFILED, profile="papr") == ["profiles: there is no profile 'papr'. Did you mean 'paper'?"]
    assert faults("", profile="live") == ["profiles: there is no profile 'live'. The file has none"]


def test_variables_come_after_the_profile_and_before_set(read):
    text = "profiles: {fast: {strategy: {fast: 3, slow: 30}}}"
    environ = {"FW__STRATEGY__FAST": "4", "FW_HOME": "/x", "FW_PLUGINS": "a,b", "HOME": "/y"}
    crossing = read(text, profile="fast", environ=environ, overrides=["strategy.stop=0.5"]).strategy.spec
    assert (crossing.fast, crossing.slow, crossing.stop) == (4, 30, 0.5)
    assert read(text, profile="fast", environ=environ, overrides=["strategy.fast=5"]).strategy.spec.fast == 5


def test_variables_find_names_in_any_case_and_with_hyphens(read):
    text = "models: {Trend-1: network}\nrisk: [{use: max_exposure, name: Big-Limit, limit: 2}]"
    file = read(text, environ={"FW__MODELS__TREND_1__HIDDEN": "3", "FW__RISK__BIG_LIMIT__LIMIT": "4"})
    assert (file.models["Trend-1"].spec.hidden, file.risk[0].spec.limit) == (3, 4.0)


def test_a_variable_that_names_another_part_comes_before_those_that_set_it(read):
    text = "sizer: {use: fixed_fraction, fraction: 0.5}"
    file = read(text, environ={"FW__SIZER__FRACTION": "0.3", "FW__SIZER__USE": "parts:kelly"})
    assert (file.sizer.use, file.sizer.spec.fraction) == ("parts:kelly", 0.3)


@pytest.mark.parametrize(
    ("override", "look", "value"),
    [
        ("seed=5", lambda f: f.seed, 5),
        ("strategy.fast=5", lambda f: f.strategy.spec.fast, 5),
        ("strategy={use: sma_cross, slow: 50}", lambda f: f.strategy.spec.slow, 50),
        ("account.leverage=3", lambda f: f.account.leverage, 3.0),
        ("simulation.slippage.bps=0", lambda f: f.simulation.slippage.bps, 0.0),
        ("instruments=[ETHUSDT,SOLUSDT]", lambda f: f.instruments, ("ETHUSDT", "SOLUSDT")),
        ("report=[summary, html]", lambda f: [r.name for r in f.report], ["summary", "html"]),
        ("report=[]", lambda f: f.report, ()),
        ("risk.max_exposure.limit=3", lambda f: f.risk[0].spec.limit, 3.0),
        ("risk.second.limit=9", lambda f: [r.spec.limit for r in f.risk], [2.0, 9.0]),
        ("features.returns.spans=[1,2]", lambda f: f.features[0].spec.spans, (1, 2)),
        ("features.returns.name=r", lambda f: f.features[0].name, "r"),
        ("features.returns=volatility", lambda f: f.features[0].use, "volatility"),
        ("models.trend.hidden=32", lambda f: f.models["trend"].spec.hidden, 32),
        ("models.new={use: network, hidden: 2}", lambda f: f.models["new"].spec.hidden, 2),
        ("models.trend.train.every=8h", lambda f: f.models["trend"].train and str(f.models["trend"].train.every), "8h"),
        ("sizer.fraction=.5", lambda f: (f.sizer.use, f.sizer.spec.fraction), ("fixed_fraction", 0.5)),
        ("sizer=parts:kelly", lambda f: f.sizer.use, "parts:kelly"),
        ("source.start=2024-01-01", lambda f: f.source.start, 1_704_067_200_000_000_000),
        ("name=a=b", lambda f: f.name, "a=b"),
        ("rebalance=", lambda f: f.rebalance, None),
        ("rebalance=null", lambda f: f.rebalance, None),
        ("strategy.stop=null", lambda f: f.strategy.spec.stop, None),
        ("risk=null", lambda f: f.risk, ()),
        ("features=", lambda f: f.features, ()),
        ("report=null", lambda f: [entry.name for entry in f.report], ["summary"]),
    ],
)
def test_set_writes_one_value_at_a_path(read, override, look, value):
    text = """\
features: [returns]
models: {trend: {use: network, train: {every: 1d, window: 30d}}}
risk: [{use: max_exposure, limit: 2}, {use: max_exposure, name: second, limit: 3}]
rebalance: 0.5
"""
    assert look(read(text, overrides=[override])) == value


def test_set_of_another_part_drops_the_old_parts_settings(read):
    text = "sizer: {use: fixed_fraction, fraction: 0.5}\nfeatures: [{use: returns, name: first, spans: [3]}]"
    file = read(text, overrides=["sizer.use=parts:kelly", "features.first.use=volatility", "features.first.span=9"])
    assert (file.sizer.spec.fraction, file.features[0].name, file.features[0].spec.span) == (1.0, "first", 9)


def test_sets_are_written_in_order(read):
    assert read(overrides=["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("strategy.fsat=5", "--set strategy.fsat=5: strategy.fsat: unknown setting. Did you mean 'fast'?"),
        ("strateg.fast=5", "--set strateg.fast=5: strateg: unknown setting. Did you mean 'strategy'?"),
        ("strategy.fast=x", "--set strategy.fast=x: strategy.fast: wants a whole number, not 'x'"),
        ("strategy.fast.x=5", "--set strategy.fast.x=5: strategy.fast.x: cannot be set: strategy.fast is one value, not settings"),
        ("bar.x=5", "--set bar.x=5: bar.x: cannot be set: bar is one value, not settings"),
        ("instruments.BTCUSDT=x", "--set instruments.BTCUSDT=x: instruments.BTCUSDT: cannot be set: instruments is a list; "
         "set it whole, as in instruments=[…]"),
        ("risk.max_exposur.limit=3", "--set risk.max_exposur.limit=3: risk.max_exposur: no part in risk has this name. "
         "Did you mean 'max_exposure'?"),
        ("features.returns.spans=[1]", "--set features.returns.spans=[1]: features: names no part 'returns': "
         "set the list, as in features=[returns]"),
        ("seed", "--set seed: wants PATH=VALUE, like strategy.fast=5"),
        ("=5", "--set =5: wants PATH=VALUE, like strategy.fast=5"),
        ("strategy..fast=5", "--set strategy..fast=5: wants PATH=VALUE, like strategy.fast=5"),
        ("seed=[1", "--set seed: seed: is not YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)"),
        ("seed=*a", "--set seed: seed: aliases (*a) are not read: write the value again, or quote it"),
        ("profiles.x.seed=1", "--set profiles.x.seed=1: profiles.x.seed: profiles stand in the file; choose one with --profile"),
        ("account=null", "--set account=null: account: is empty: it wants settings"),
    ],
)  # fmt: skip
def test_a_set_that_cannot_be_is_told_by_itself(faults, override, message):
    text = "risk: [{use: max_exposure, limit: 2}]"
    base = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: {use: sma_cross, fast: 3}\n"
    assert faults(base + text, base=False, overrides=[override]) == [message]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FW__STRATEGY__FSAT", "5", "FW__STRATEGY__FSAT: strategy.fsat: unknown setting. Did you mean 'fast'?"),
        ("FW__SEED", "no", "FW__SEED: seed: wants a whole number, not 'no'"),
        ("FW__", "5", "FW__: wants names joined by two underscores, like FW__STRATEGY__FAST"),
        (
            "FW__STRATEGY____FAST",
            "5",
            "FW__STRATEGY____FAST: wants names joined by two underscores, like FW__STRATEGY__FAST",
        ),
        ("FW__PROFILES__X", "{}", "FW__PROFILES__X: profiles.x: profiles stand in the file; choose one with --profile"),
    ],
)
def test_a_variable_that_cannot_be_is_told_by_its_name(faults, name, value, message):
    assert faults(environ={name: value}) == [message]


def test_a_problem_made_by_a_set_beside_the_files_own(faults):
    assert faults("seed: x", overrides=["bar=7m"]) == [
        "--set bar=7m: bar: '7m' is not a bar size offered: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w",
        "5:7: seed: wants a whole number, not 'x'",
    ]


def test_a_set_mends_what_the_file_has_wrong(read):
    assert read("seed: x", overrides=["seed=1"]).seed == 1


def test_a_file_without_required_settings_may_get_them_by_set(read):
    file = read("bar: 1h", base=False, overrides=["instruments=[BTCUSDT]", "source=synthetic", "strategy=sma_cross"])
    assert file.instruments == ("BTCUSDT",)


def test_plugin_errors_of_a_set_keep_their_exit_code(read):
    with pytest.raises(fw.UnknownPart, match=r"^--set strategy=nobody: strategy: no plugin offers"):
        read(overrides=["strategy=nobody"])


def test_a_draft_finished_again_and_again_comes_to_what_a_fresh_one_does(registry):
    text = BASE_OF_DRAFTS + "risk: [{use: max_exposure, limit: 2}]\n"
    draft = Draft(text, registry)
    for overrides in (
        ["strategy.fast=7"],
        ["strategy.fast=8", "account.capital=5"],
        ["strategy.use=everything"],
        ["risk.max_exposure.limit=3", "rebalance=0.5"],
        ["rebalance=null"],
        ["bar=4h", "seed=3"],
        ["risk=null"],
        ["strategy.slow=300"],
    ):
        again, fresh = draft.finished(overrides), Draft(text, registry).finished(overrides)
        assert again == fresh
        assert again.raw == fresh.raw
        with pytest.raises(fw.SettingsError, match=r"fast \(900\) must be below"):
            draft.finished(["strategy={use: sma_cross, fast: 900}"])
