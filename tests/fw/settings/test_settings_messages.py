"""Every problem is one line with its place, all of them at once, in the order of the file."""

# ruff: noqa: E501  a message stands in one line

from __future__ import annotations

import pytest

import fw
from fw.settings.read import read_strategy

# each text follows the four lines of the shortest valid file, so it begins in line 5
MESSAGES = [
    ("sede: 5", "5:1: sede: unknown setting. Did you mean 'seed'?"),
    ("profile: {}", "5:1: profile: unknown setting. Did you mean 'profiles'?"),
    ("seed: -1", "5:7: seed: must be at least 0, not -1"),
    ("name: a/b", "5:7: name: wants a name that can name a folder (up to 100 characters, none of /\\:*?\"<>|, "
     "no dot or space first), not 'a/b'"),
    ("name: ..", "5:7: name: wants a name that can name a folder (up to 100 characters, none of /\\:*?\"<>|, "
     "no dot or space first), not '..'"),
    ("rebalance: 0", "5:12: rebalance: must be more than 0, not 0"),
    ("account: {leverage: 0}", "5:21: account.leverage: must be at least 1, not 0"),
    ("account: {leverage: 10}", "5:10: account: leverage: 10 is above 3: a move of less than 10.0% can take an isolated "
     "position's whole margin; say account.allow_high_leverage: true if that is meant"),
    ("account: {leverage: 126}", "5:21: account.leverage: must be at most 125, not 126"),
    ("account: {capital: -10000}", "5:20: account.capital: must be more than 0, not -10000"),
    ("account: {capital: .nan}", "5:20: account.capital: wants a finite number, not '.nan'"),
    ("account: {capital: .inf}", "5:20: account.capital: wants a finite number, not '.inf'"),
    ("account: {reserve: 1}", "5:20: account.reserve: must be less than 1, not 1"),
    ("account: {margin: crossed}", "5:19: account.margin: wants one of isolated, cross, not 'crossed'. "
     "Did you mean 'cross'?"),
    ("account: {leverge: 2}", "5:11: account.leverge: unknown setting. Did you mean 'leverage'?"),
    ("account: 5", "5:10: account: wants settings, not '5'"),
    ("account:", "5:9: account: is empty: it wants settings"),
    ("simulation: {slippage: {bps: -1}}", "5:30: simulation.slippage.bps: must be at least 0, not -1"),
    ("simulation: {participation: 1.5}", "5:29: simulation.participation: must be at most 1, not 1.5"),
    ("simulation: {participation: 0}", "5:29: simulation.participation: must be more than 0, not 0"),
    ("simulation: {slippage: {half_spread: -1}}", "5:38: simulation.slippage.half_spread: must be at least 0, not -1"),
    ("simulation: {finer: 1h}", "5:21: simulation.finer: 1h is not smaller than the clock, which is 1h; leave it out"),
    ("simulation: {finer: 2m}", "5:21: simulation.finer: '2m' is not a bar size offered: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, "
     "6h, 8h, 12h, 1d, 1w"),
    ("features: returns", "5:11: features: wants a list of feature sets, not 'returns': write [returns]"),
    ("features: [{use: returns, spans: [1, 0, x]}]", "5:38: features.returns.spans[1]: must be at least 1, not 0",
     "5:41: features.returns.spans[2]: wants a whole number, not 'x'"),
    ("features: [returns, returns]", "5:21: features.returns: two parts have this name (first in line 5): "
     "give one a `name:` of its own"),
    ("features: [{use: returns, name: a.b}]", "5:33: features.a.b.name: wants a name of letters, digits, _ and -, not 'a.b'"),
    ("features: [{use: returns, bar: 30m}]", "5:32: features.returns.bar: 30m is smaller than the clock, which is 1h"),
    ("features: [[returns]]", "5:12: features[0]: names no feature set: write its name, or {use: NAME}"),
    ("features: [{spans: [1]}]", "5:12: features[0]: names no feature set: write `use: NAME`"),
    ("features: [{use: [returns]}]", "5:18: features[0].use: wants a name"),
    ("features: [~]", "5:12: features[0]: names no feature set: write its name, or {use: NAME}"),
    ("models: {trend: {use: network, features: [returs]}}", "5:43: models.trend.features[0]: no feature set of this file "
     "is called 'returs'. There are none here"),
    ("models: {a b: network}", "5:10: models.a b: wants a name of letters, digits, _ and -, not 'a b'"),
    ("models: {trend: {use: network, name: x}}", "5:32: models.trend.name: unknown setting: "
     "only the parts of a list have names"),
    ("models: {trend: {use: network, train: {every: 30d}}}", "5:39: models.trend.train.window: is missing: it wants a number "
     "of bars or a duration (how much it learns from each time)"),
    ("models: [network]", "5:9: models: wants models by name, not a list of 1"),
    ("risk: [max_exposure]", "5:8: risk.max_exposure.limit: is missing: it wants a number (largest exposure)"),
    ("risk: [{use: max_exposure, limit: 2, lmit: 3}]", "5:38: risk.max_exposure.lmit: unknown setting. Did you mean 'limit'?"),
    ("broker: ~", "5:9: broker: names no broker: write its name, or {use: NAME}"),
    ("broker: [backtest]", "5:9: broker: names no broker: write its name, or {use: NAME}"),
    ("plugins: ./a.py", "5:10: plugins: wants a list of paths, not './a.py': write [./a.py]"),
    ("profiles: {live: 5}", "5:18: profiles.live: wants settings (name: value)"),
    ("profiles: [live]", "5:11: profiles: wants settings by profile name"),
    ("profiles: {live: {brokr: binance}}", "5:19: profiles.live.brokr: unknown setting. Did you mean 'broker'?"),
    ("profiles: {live: {account: {leverage: 0, x: 1}}}", "5:39: profiles.live.account.leverage: must be at least 1, not 0",
     "5:42: profiles.live.account.x: unknown setting. Known: allow_high_leverage, capital, fees, funding, leverage, margin, mark, "
     "position_mode, reserve, rules, settle, venue"),
    ("profiles: {live: {risk: max_exposure}}", "5:25: profiles.live.risk: wants a list of risk checks, not 'max_exposure': "
     "write [max_exposure]"),
    ("bar: 4h", "5:1: bar: stands twice (first in line 2)"),
    ("seed: !!int 5", "5:7: seed: tags (!!int) are not read: write the plain value, or quote it"),
    ("name: !env HOME", "5:7: name: tags (!env) are not read: write the plain value, or quote it"),
    ("account: !!python/object/apply:os.system [ls]", "5:10: account: tags (!!python/object/apply:os.system) are not read: "
     "write the plain value, or quote it"),
    ("name: &n x\nseed: *n", "5:7: name: anchors (&n) are not read: write the value again, or quote it"),
    ("seed: *n", "5:7: seed: aliases (*n) are not read: write the value again, or quote it"),
    ("<<: {seed: 1}", "5:1: merge keys (<<) are not read: write the settings again, or use profiles"),
    ("? [a, b]\n: 5", "5:3: the name of a setting must be plain text, not a list or settings"),
    ("name: \"a\\0b\"", "5:7: name: holds a character that is no text (NUL or half of a surrogate pair)"),
    ("name: \"\\ud800\"", "5:7: name: holds a character that is no text (NUL or half of a surrogate pair)"),
    ("name: *.csv", "5:8: is not YAML: quote a text that begins with * or &"),
    ("\tseed: 1", "5:1: a tab stands here: YAML is indented and spaced with spaces"),
    ("account:\n\tcapital: 1", "6:1: a tab stands here: YAML is indented and spaced with spaces"),
    ("name: a: b", "5:8: is not YAML: a `name: value` cannot begin here; check the indentation, or quote text that holds ': '"),
    ("features: [returns", "6:1: is not YAML: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence)"),
    ("source2: {bars: {BTCUSDT: data/{instrument}.csv}}", "5:32: is not YAML: expected ',' or '}', but got '{' "
     "(while parsing a flow mapping); quote a text that holds { or }"),
    ("name: \"\\UFFFFFFFF\"", "is not YAML: an escape or directive holds an impossible number"),
    ("name: a\x07b", "5:8: holds the character '\\x07', which YAML does not allow"),
    ("---\nseed: 2", "5:1: a second document begins: one file is one strategy"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "messages"), [(text, list(messages)) for text, *messages in MESSAGES])
def test_a_mistake_is_told_in_one_line_with_its_place(faults, text, messages):
    assert faults(text) == messages


def test_every_problem_is_told_at_once_in_the_order_of_the_file(faults):
    text = """\
instruments: [BTCUSDT, btcusdt, ETH/USDT, BTC/USD:BTC, BTC-PERP]
bar: 7m
strategy: {use: sma_cross, fsat: 5}
account: {leverage: 0,
          capital: -1}
sorce: synthetic
risk: [{use: max_exposure, limit: lots}, quiet, quiet]
source: {use: synthetic, start: 2024-07-01, end: 2024-01-01, gaps: ignore}
"""
    assert faults(text, base=False) == [
        "1:24: instruments[1]: BTCUSDT stands twice",
        "1:33: instruments[2]: 'ETH/USDT' names a spot market: the perpetual is ETHUSDT or ETH/USDT:USDT",
        "1:43: instruments[3]: 'BTC/USD:BTC' is not a perpetual settled in USD, such as BTC/USD:USD",
        "1:56: instruments[4]: wants a symbol of letters and digits, like BTCUSDT, not 'BTC-PERP'",
        "2:6: bar: '7m' is not a bar size offered: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w",
        "3:28: strategy.fsat: unknown setting. Did you mean 'fast'?",
        "4:21: account.leverage: must be at least 1, not 0",
        "5:20: account.capital: must be more than 0, not -1",
        "6:1: sorce: unknown setting. Did you mean 'source'?",
        "7:35: risk.max_exposure.limit: wants a number, not 'lots'",
        "7:49: risk.quiet: two parts have this name (first in line 7): give one a `name:` of its own",
        "8:68: source.gaps: wants one of error, skip, flat, not 'ignore'",
    ]


def test_what_is_missing_is_told_with_what_it_is(faults):
    assert faults("seed: 1", base=False) == [
        "1:1: bar: is missing: it wants a bar size (the clock: decisions happen when a bar of this size closes)",
        "1:1: instruments: is missing: it wants a list of symbols (perpetuals traded, such as [BTCUSDT])",
        "1:1: source: is missing: it wants a source (where market data comes from)",
        "1:1: strategy: is missing: it wants a strategy (what turns features and forecasts into signals)",
    ]


def test_the_end_must_be_after_the_start(faults):
    text = "instruments: [BTCUSDT]\nbar: 1h\nstrategy: sma_cross\nsource: {use: synthetic, start: 2024-07-01, end: 2024-07-01}"
    assert faults(text, base=False) == ["4:50: source.end: must be after start: start is inclusive, end exclusive"]


def test_a_run_needs_an_instrument(faults):
    text = "instruments: []\nbar: 1h\nstrategy: sma_cross\nsource: synthetic"
    assert faults(text, base=False) == ["1:14: instruments: is empty: it wants at least one"]


def test_what_a_settings_class_says_as_a_whole_stands_at_the_part(faults):
    text = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy:\n  use: sma_cross\n  fast: 200"
    assert faults(text, base=False) == ["5:3: strategy: fast (200) must be below slow (100)"]


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("strategy: sma_croos", fw.UnknownPart, "4:11: strategy: no plugin offers a strategy called 'sma_croos'. "
         "Did you mean 'sma_cross'?"),
        ("sizer: kelly", fw.AmbiguousName, "5:8: sizer: 2 plugins offer a sizer called 'kelly': write others:kelly or parts:kelly"),
        ("strategy: clashing", fw.PluginError, "4:11: strategy: strategy 'clashing' of plugin 'parts' has a setting named "
         "'name', which the program itself reads here: its author must rename it"),
    ],
)  # fmt: skip
def test_where_only_plugins_are_to_blame_the_error_is_theirs(registry, line, kind, message):
    base = "instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\n"
    text = base + (line if line.startswith("strategy") else f"strategy: sma_cross\n{line}") + "\n"
    with pytest.raises(kind) as caught:
        read_strategy(text, registry)
    assert isinstance(caught.value, fw.SettingsError)
    assert caught.value.exit_code == 4
    assert str(caught.value) == f"<text>:{message}"


def test_with_a_mistake_of_the_users_too_it_is_a_settings_error(registry):
    with pytest.raises(fw.SettingsError) as caught:
        read_strategy("instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: nobody\nseed: x\n", registry)
    assert not isinstance(caught.value, fw.PluginError)
    assert caught.value.exit_code == 2
    assert len(caught.value.problems) == 2


def test_a_settings_class_that_breaks_is_its_plugins_fault(registry):
    with pytest.raises(
        fw.PluginError, match=r"strategy 'exploding' of plugin 'parts' \(fw-parts 1.0\) raised KeyError: 'oops'"
    ):
        read_strategy("instruments: [BTCUSDT]\nbar: 1h\nsource: synthetic\nstrategy: exploding\n", registry)
