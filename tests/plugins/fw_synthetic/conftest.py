"""A made-up market, asked for in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fw.domain.market import Market
from fw.domain.stamps import KINDS
from fw.domain.time import BarSize, parse_time
from fw.parts.source import Want
from fw_synthetic.plugin import Synthetic

ALL = ("bars", "funding", "mark", *KINDS, "book.bid_5", "bars.trades", "bars.taker_buy_volume")


@pytest.fixture(scope="session")
def made() -> Callable[..., Market]:
    """Ask for `instruments` at `bar`; further words are settings of the source."""

    def ask(
        *instruments: str,
        bar: str = "1h",
        start: str | None = None,
        end: str | None = None,
        warmup: int = 0,
        needs: tuple[str, ...] = ALL,
        **settings: Any,
    ) -> Market:
        run: Any = None
        want = Want(
            instruments=instruments or ("BTCUSDT",),
            bar=BarSize.parse(bar),
            start=start and parse_time(start),
            end=end and parse_time(end),
            warmup=warmup,
            needs=needs,
        )
        return Synthetic(**settings).build(run).history(want)

    return ask
