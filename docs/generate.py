"""Writes the reference pages that come from the code: `python docs/generate.py`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from fw.settings.describe import Row
    from fw_features.about import Column

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = REPOSITORY / "docs" / "reference"
NOTE = "<!-- Generated from the code by docs/generate.py; changes made here are lost. -->\n"


def strategy_yaml() -> str:
    """Every key of a strategy file, from the settings classes."""
    from fw.settings.describe import describe
    from fw.settings.strategy import FeatureEntry, ModelEntry, SourceEntry, StrategyFile

    rows = describe(StrategyFile)
    body = [NOTE, "# strategy.yaml\n", cleandoc(STRATEGY_YAML), ""]
    body += ["## The file\n", settings_table(row for row in rows if "." not in row.name), ""]
    for name in dict.fromkeys(row.name.partition(".")[0] for row in rows if "." in row.name):
        inner = settings_table(row for row in rows if row.name.startswith(f"{name}."))
        body += [f"## `{name}`\n", inner, ""]
    for name, cls in (("source", SourceEntry), ("features", FeatureEntry), ("models", ModelEntry)):
        body += [f"## `{name}`\n", "Beside the part's own settings:\n", settings_table(describe(cls)), ""]
    body += [cleandoc(RULES), ""]
    return "\n".join(body)


STRATEGY_YAML = """
    One file says what a run is. Times are UTC. Every mistake is told with its line and column, all at once, before
    anything runs.

    ```yaml
    name: two-averages
    instruments: [BTCUSDT]
    bar: 1h
    account: {capital: 10000, margin: isolated, leverage: 2}
    source: {use: synthetic, start: 2024-01-01, end: 2024-03-01}
    strategy: {use: sma_cross, fast: 20, slow: 100}
    sizer: {use: fixed_fraction, fraction: 0.5}
    risk: [{use: max_exposure, limit: 1}]
    broker: backtest
    profiles:
      careful: {account: {leverage: 1}, sizer: {use: fixed_fraction, fraction: 0.1}}
    ```

    ## How it is read

    - **Parts.** A bare name is short for `{use: name}`. What else stands in the mapping are the part's own settings;
      [Parts](parts.md) lists them. A listed part has a `name`, which is its `use` unless you say otherwise.
    - **Times.** `start` is inclusive, `end` exclusive, and both speak of the open times of bars. A bare date is
      00:00 UTC; a clock time needs `Z` or an offset.
    - **Lengths.** A bare number counts the part's own bars; `8h` is a duration.
    - **Bar sizes** are those the exchange offers: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w.
    - **Profiles** are merged key by key over the file: `fw run FILE --profile careful`. A changed `use` replaces its
      mapping, and `null` removes a key.
    - **Then** come environment variables, `FW__STRATEGY__FAST=5`, and last `--set strategy.fast=5`. A listed part
      goes by its name: `--set risk.max_exposure.limit=3`.
    - **Paths** count from the folder of the file.
    - **Secrets** never stand in the file. A key found in it is an error that names the right place.

    `fw schema` prints a JSON Schema by which editors complete and check as you type.
"""


RULES = """
    ## Contract rules of your own

    A run needs each contract's steps of price and size and its margin tiers. Those of many symbols come with the venue.
    For one that does not, or to try others, `account.rules` names a JSON file. It has any of the keys
    `instruments`, `tiers` and `fees`. The first two map a symbol to a list of records, oldest first; `fees` maps a fee
    tier (what `account.fees` names) to such a list. What the file says of a symbol or fee tier replaces what is
    shipped.

    ```bash
    cat > rules.json <<'END'
    {
      "instruments": {
        "NEWUSDT": [
          {"from": "2024-01-01", "source": "the venue's page", "tick": 0.001, "lot": 1, "min_notional": 5},
          {"from": "2024-09-01", "source": "the venue's page", "tick": 0.0001}
        ]
      },
      "tiers": {
        "NEWUSDT": [
          {"from": "2024-01-01", "source": "the venue's page",
           "tiers": [[0, 0.01, 0, 50], [10000, 0.025, 150, 20]]}
        ]
      }
    }
    END
    ```

    ```yaml title="rules.yaml"
    instruments: [NEWUSDT]
    bar: 1h
    account: {rules: ./rules.json}
    source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
    strategy: buy_and_hold
    broker: backtest
    ```

    ```console
    $ fw run rules.yaml
    ...NEWUSDT...
    ```

    | key of a record | what it means |
    |---|---|
    | `from` | the day it was seen, as `2024-01-31`; must be given |
    | `source` | where; free text |
    | `tick`, `lot` | steps of price and size; of all records of the run's time the finest count |
    | `min_notional` | smallest order, in settlement currency; none where left out |
    | `max_quantity` | largest market order, in base currency; none where left out |
    | `clearance_fee` | of a liquidation's notional: 0.0125 is 1.25 %; 0 where left out |
    | `funding_hours` | between settlements; 8 where left out |
    | `min_price`, `max_price` | of an order; they count for a year from the day they were seen |
    | `percent_up`, `percent_down` | how far a limit order may be from the mark price: 1.15 and 0.85 are 15 % |
    | `take_bound` | how far from the mark price a market order fills at most: 0.3 is 30 % |
    | `min_quantity`, `max_limit_quantity` | smallest order, and largest with a price, in base currency |
    | `market_lot`, `min_market_quantity` | step and smallest size of market orders; as of all orders where left out |
    | `max_orders`, `max_conditional_orders` | working at once; 200 where left out |
    | `linear` | `false` of an inverse contract, which a run refuses |
    | `maker`, `taker` | of a fee tier, as shares of notional: 0.0005 is 0.05 %; both in every record |
    | `tiers` | rows of floor (notional), maintenance rate, maintenance amount and highest leverage; the first from 0 |

    A symbol needs a `tick` and a `lot` in one record at least, and tiers. A record may state some of the numbers; each
    is taken from the record nearest to the run. Where rules were seen after the run's time, or long before its end,
    the notes of the run say so.
"""


def commands() -> str:
    """Every command and option, from click; of plugins, those of the bundled ones."""
    from fw.cli import COMMANDS, main
    from fw.cli.others import collect
    from fw.plugins import load

    context = click.Context(main, info_name="fw")
    bundled = collect(load(only=()))
    context.meta["fw.commands"] = bundled
    body = [NOTE, "# Commands\n", *command_section(main, context, level=2)]
    for name in sorted({*COMMANDS, *bundled}):
        command = main.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        body += command_section(command, inner, level=2)
        if isinstance(command, click.Group):
            for sub in command.list_commands(inner):
                below = command.get_command(inner, sub)
                assert below is not None
                body += command_section(below, click.Context(below, info_name=sub, parent=inner), level=3)
    body += ["Exit codes stand under [Errors](errors.md#exit-codes).", ""]
    return "\n".join(body)


def command_section(command: click.Command, context: click.Context, *, level: int) -> list[str]:
    """One command as Markdown: what it does, how it is written, its options."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    rows = [
        (f"`{', '.join(parameter.opts + parameter.secondary_opts)}`", _metavar(parameter), parameter.help or "")
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and "--help" not in parameter.opts
    ]
    return [
        f"{'#' * level} `{context.command_path}`\n",
        cleandoc(command.help or "") + "\n",
        f"```text\n{usage}\n```\n",
        *([table(("option", "value", "what it does"), rows), ""] if rows else []),
    ]


def _metavar(option: click.Option) -> str:
    if option.is_flag:
        return ""
    value = option.metavar or ", ".join(getattr(option.type, "choices", ())) or option.type.name.upper()
    return f"`{value}`"


def parts() -> str:
    """Every bundled part with its settings, from the registry; metrics have a page of their own."""
    from fw.hookspecs import KINDS
    from fw.plugins import load
    from fw.registry import word
    from fw.settings.describe import describe

    registry = load(only=()).registry
    body = [
        NOTE,
        "# Parts\n",
        "What comes with `fw`, by kind. `fw parts` lists what is installed with you, plugins of others included; "
        "`fw parts strategy sma_cross` shows one. Metrics are defined on [a page of their own](metrics.md).\n",
    ]
    for kind in KINDS:
        offers = () if kind == "metric" else registry.offers(kind)
        if offers:
            body.append(f"## {plural(word(kind)).capitalize()}\n")
        for offer in offers:
            body += [
                f"### `{offer.name}`\n",
                f"{cleandoc(offer.spec.__doc__ or '')}\n",
                settings_table(describe(offer.spec)),
                "",
            ]
    return "\n".join(body)


def features_page() -> str:
    """Every column of the bundled feature sets as they are without settings, from what each set says of its own."""
    from fw_features.catalog import FAMILIES

    body = [NOTE, "# Columns of features\n", cleandoc(FEATURES_PAGE), ""]
    for family, sets in FAMILIES.items():
        body.append(f"## {family}\n")
        for name, spec in sets.items():
            body += [f"### `{name}`\n", f"{cleandoc(spec.__doc__ or '')}\n"]
            if hasattr(spec, "about"):  # what is composed in the file has no columns of its own
                usual = spec()
                decided = f"{usual.lookback:,} bars decide" if usual.lookback > 1 else "one bar decides"
                said = f"Reads {', '.join(f'`{need}`' for need in usual.needs)}; {decided} a row.\n"
                body += [said, table(COLUMN_HEADERS, (_column_row(column) for column in usual.about()))]
    return "\n".join(body)


FEATURES_PAGE = """
    What the bundled feature sets compute, by family. The columns are those of a set without settings; spans of your own
    change the numbers in the names: `{use: rsi, spans: [7, 14]}` gives `rsi_7` and `rsi_14`. The settings are listed
    with the other [parts](parts.md), and [a how-to](../how-to/feature-set.md) shows how a set of your own is made.

    A column is empty (NaN) until its formula has the bars it begins with, and a number on every bar after that,
    whatever the market does: the formulas say what is given where nothing moves or nothing is traded. *Free of scale*
    are columns that stay the same when all prices are multiplied by a number.
"""

COLUMN_HEADERS = ("column", "formula", "unit", "range", "free of scale", "source")


def _column_row(column: Column) -> tuple[str, ...]:
    return (
        f"`{column.name}`",
        column.formula,
        column.unit,
        _range(column.low, column.high),
        "yes" if column.scale_free else "",
        column.source,
    )


def _range(low: float, high: float) -> str:
    """The bounds that a column never leaves, in words; empty where there are none."""
    if math.isinf(low):
        return "" if math.isinf(high) else f"at most {high:g}"
    return f"at least {low:g}" if math.isinf(high) else f"{low:g} to {high:g}"


def metrics_page() -> str:
    """Every bundled metric: its definition is the docstring of its class."""
    from fw.settings.describe import describe
    from fw_report import returns, trading
    from fw_report.metrics import METRICS

    body = [NOTE, "# Metrics\n", cleandoc(METRICS_PAGE), ""]
    for title, module in (("Equity", returns), ("Trades and costs", trading)):
        explained = cleandoc(module.__doc__ or "").partition("\n\n")[2]
        body += [f"## {title}\n", f"{explained}\n"]
        for name, metric in METRICS.items():
            if metric.__module__ == module.__name__:
                rows = describe(metric)
                settings = [settings_table(rows), ""] if rows else []
                body += [f"### `{name}`\n", f"{cleandoc(metric.__doc__ or '')}\n", f"Unit: {metric.unit}.\n", *settings]
    return "\n".join(body)


METRICS_PAGE = """
    What `fw run` prints, `fw show` compares and `Result.metrics` holds. A number that does not exist for a run is a
    dash with its reason, never a NaN; in Python it is an `fw.Unmeasured`.

    A year has 365 days, because the market never closes. Units: *percent* is held as a share (0.12 is 12 %), *money* is
    in settlement currency, *duration* is held in nanoseconds.
"""


def plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def settings_table(described: Iterable[Row]) -> str:
    """The settings of a class as a table; a sentence where it has none."""
    rows = [(f"`{row.name}`", row.type, _code(row.default), row.bounds, row.help) for row in described]
    return table(("setting", "type", "default", "bounds", "what it means"), rows) if rows else "It has no settings.\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else "must be given"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


HOOKS = """
    A plugin is a module with some of these functions, each marked with `@fw.hookimpl`. It may leave out arguments it
    does not need. Hooks that offer parts return a mapping from a name to a class: plain data, asked once, before
    anything runs. No hook is called per bar.

    | hook | when it is called | more |
    | --- | --- | --- |
"""

MORE = {
    "fw_sources": "[Write a source](../how-to/source.md)",
    "fw_features": "[Write a feature set](../how-to/feature-set.md)",
    "fw_models": "[Write a model](../how-to/model.md)",
    "fw_strategies": "[Write a strategy](../how-to/strategy.md)",
    "fw_sizers": "[Write a sizer](../how-to/sizer.md)",
    "fw_risk_checks": "[Write a risk check](../how-to/risk-check.md)",
    "fw_brokers": "[Write a broker](../how-to/broker.md)",
    "fw_metrics": "[Write a metric](../how-to/metric.md)",
    "fw_reporters": "[Write a reporter](../how-to/reporter.md)",
    "fw_observers": "[Write an observer](../how-to/observer.md)",
    "fw_commands": "[Add a command](../how-to/command.md)",
}
"""The page that shows each hook at work."""

WHEN = {
    "fw_commands": "when `fw` shows its help, or looks for a command that is not built in",
    "fw_run_starting": "when a run starts, before its data is read",
    "fw_run_finished": "when a run ended, however it ended",
    "fw_secret": "when a part asks `run.secret(name)`",
}
"""When a hook is called that offers no parts."""
OFFERED = "when plugins are loaded"


def hooks_page() -> str:
    """Every hook with its docstring, whose example is run by the tests."""
    from fw.hookspecs import Hooks

    hooks = {name: hook for name, hook in vars(Hooks).items() if name.startswith("fw_")}
    rows = [
        f"| [`{name}`](#{name}) | {WHEN.get(name, 'when plugins are loaded')} | {MORE.get(name, '')} |"
        for name in hooks
    ]
    body = [NOTE, "# Hooks\n", cleandoc(HOOKS), *rows, ""]
    for name, hook in hooks.items():
        body += [f"## `{name}`\n", f"`{_call(hook)}`\n", f"{cleandoc(hook.__doc__ or '')}\n"]
    return "\n".join(body)


def _call(hook: Callable[..., object]) -> str:
    """How a hook is called, as its source writes it."""
    signature = inspect.signature(hook)
    arguments = [f"{name}: {value.annotation}" for name, value in signature.parameters.items() if name != "self"]
    return f"{hook.__name__}({', '.join(arguments)}) -> {signature.return_annotation}"


CHANGELOG = REPOSITORY / "CHANGELOG.md"


def changelog() -> str:
    """The changelog of the repository, whose links into the documentation are made those of a page in it."""
    text = CHANGELOG.read_text(encoding="utf-8").replace("](docs/", "](")
    return f"{NOTE}\n{text}"


PAGES: dict[str, Callable[[], str]] = {
    "strategy-yaml.md": strategy_yaml,
    "commands.md": commands,
    "parts.md": parts,
    "features.md": features_page,
    "metrics.md": metrics_page,
    "hooks.md": hooks_page,
    "../changelog.md": changelog,
}


if __name__ == "__main__":
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
        print(REFERENCE / name)
