"""Offers the source `binance` and the commands of `fw data`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

import fw
from fw_binance.environment import HELP, Setting, environment_of
from fw_binance.streams.patience import Patience

if TYPE_CHECKING:
    import click

    from fw.parts.given import Run
    from fw_binance.source import BinanceSource

LAG = fw.Duration(5 * 60 * 10**9)
"""The exchange makes its statistics every five minutes, and gives them out some time after."""


@attrs.frozen
class Binance:
    """Perpetuals of Binance USD-M: candles, funding, marks, open interest and more, from the store; live, its streams.

    The store is `data/` of the workspace, which `fw data download` fills.
    """

    environment: Setting = fw.setting("live", help=HELP)
    download: bool = fw.setting(False, help="fetch what the store lacks; else a run that lacks data says what to type")
    lag: fw.Duration = fw.setting(LAG, help="time from a row of open interest and ratios to its publication")

    streams: Patience = fw.setting(factory=Patience, help="how long live streams wait for what")

    def build(self, run: Run) -> BinanceSource:
        from fw_binance.source import BinanceSource
        from fw_binance.store import Store

        environment = environment_of(self.environment)
        account, source = (getattr(run.settings, name, None) for name in ("account", "source"))
        firm = {"funding": getattr(account, "funding", ""), "mark": getattr(account, "mark", "")}
        return BinanceSource(
            environment=environment,
            store=Store(run.workspace / "data", environment.venue),
            download=self.download or bool(getattr(source, "live", False)),
            lag=self.lag.ns,
            patience=self.streams,
            firm=frozenset({"klines"} | {kind for kind, said in firm.items() if said == "required"}),
        )


@fw.hookimpl
def fw_sources() -> Mapping[str, type[Any]]:
    """The exchange's history, and its streams."""
    return {"binance": Binance}


@fw.hookimpl
def fw_commands(cli: click.Group) -> None:
    """Adds `fw data`."""
    from fw_binance.commands import data_group

    cli.add_command(data_group())
