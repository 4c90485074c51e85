"""Runs of the Python driver over small markets at hand; hour `i` is bar `i`."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import fw

HOUR = 3_600_000_000_000
FREE = {"simulation": {"slippage": {"bps": 0}}, "account": {"leverage": 10, "allow_high_leverage": True, "reserve": 0}}


class Script:
    """A strategy that decides what its script says at each bar (by number), for the first instrument or for each."""

    def __init__(self, script: dict[Any, Any]) -> None:
        self.script = script

    def decide(self, view: fw.View) -> Any:
        bar = view.time // HOUR - 1
        if view.instrument == view.instruments[0] and bar in self.script:
            return self.script[bar]
        return self.script.get((bar, view.instrument))


@pytest.fixture
def drive(make_plan: Callable[..., Any], made_up: ModuleType) -> Callable[..., fw.Result]:
    """A result of the loop: `decide` is a strategy object or a script; `rows` are bars of A, B, ….

    Without rows the price stands at 100 for ten bars. Slippage and funding are 0, leverage is 10.
    """

    def run(
        decide: Any, *rows: Any, rules: dict[str, Any] | None = None, rates: Any = (), **settings: Any
    ) -> fw.Result:
        market = made_up.market_of(*(rows or ([(100.0,) * 4] * 10,)), rates=rates, **(rules or {}))
        strategy = Script(decide) if isinstance(decide, dict) else decide
        account = {**FREE["account"], "funding": "required" if rates else "zero", **settings.pop("account", {})}
        plan = make_plan(market, strategy, **{**FREE, **settings, "account": account})
        result: fw.Result = plan.run(write=False, engine="loop")
        return result

    return run
