"""Two risk checks: a limit on gross exposure, and a stop on the fall of equity."""

from __future__ import annotations

from typing import Any

import fw

__fw_api__ = 1


@fw.hookimpl
def fw_risk_checks() -> dict[str, type[Any]]:
    from fw_risk.checks import DrawdownStop, MaxExposure

    return {"max_exposure": MaxExposure, "drawdown_stop": DrawdownStop}
