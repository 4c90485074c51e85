"""Four plain strategies: a yardstick, a crossing, a momentum, and any column against fixed levels."""

from __future__ import annotations

from typing import Any

import fw

__fw_api__ = 1


@fw.hookimpl
def fw_strategies() -> dict[str, type[Any]]:
    from fw_strategies.cross import SmaCross
    from fw_strategies.hold import BuyAndHold
    from fw_strategies.threshold import Momentum, Threshold

    return {"buy_and_hold": BuyAndHold, "sma_cross": SmaCross, "momentum": Momentum, "threshold": Threshold}
