"""Columns that most strategies begin with: returns, moving averages, volatility, average true range."""

from __future__ import annotations

from typing import Any

import fw
from fw_features.sets import Atr, Ema, Returns, Sma, Volatility

__fw_api__ = 1


@fw.hookimpl
def fw_features() -> dict[str, type[Any]]:
    return {"returns": Returns, "sma": Sma, "ema": Ema, "volatility": Volatility, "atr": Atr}
