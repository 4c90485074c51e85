"""Three sizers: a fixed fraction of equity, a fixed quantity, and one that aims at a level of volatility."""

from __future__ import annotations

from typing import Any

import fw

__fw_api__ = 1


@fw.hookimpl
def fw_sizers() -> dict[str, type[Any]]:
    from fw_sizing.sizers import FixedFraction, FixedQuantity, VolatilityTarget

    return {"fixed_fraction": FixedFraction, "fixed_quantity": FixedQuantity, "volatility_target": VolatilityTarget}
