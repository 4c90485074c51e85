"""Offers the source `binance` and the commands of `fw data`."""

from __future__ import annotations

from typing import Any

import fw


@fw.hookimpl
def fw_sources() -> dict[str, type[Any]]:
    """The exchange's history."""
    return {}
