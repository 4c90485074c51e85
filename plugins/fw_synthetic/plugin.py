"""The source `synthetic`: a made-up perpetual market, the same for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

import fw

if TYPE_CHECKING:
    from fw.parts.given import Run
    from fw_synthetic.source import SyntheticSource


@attrs.frozen
class Synthetic:
    """A market with changing volatility, jumps, daily and weekly rhythm and funding; no file, no network.

    Without `start` and `end` it is 2022 and 2023. A bar is the same whatever range or other instruments are asked for.
    """

    seed: int = fw.setting(1, ge=0, help="another seed is another market; the file's own seed does not change it")
    bars: int | None = fw.setting(None, ge=1, help="how many bars, where the source has no end")
    price: float = fw.setting(40_000.0, ge=0.001, le=1e9, help="of every instrument on 2022-01-01")
    volatility: float = fw.setting(0.6, gt=0, le=5, help="standard deviation of a year's log return")
    drift: float = fw.setting(0.1, ge=-5, le=5, help="mean log return of a year")
    correlation: float = fw.setting(0.7, ge=0, le=1, help="of the returns of two instruments")
    jumps: float = fw.setting(30.0, ge=0, le=500, help="sudden moves in a year, of 2 % or so each")
    turnover: float = fw.setting(1e9, gt=0, help="traded in a day, in settlement currency")

    def build(self, run: Run) -> SyntheticSource:
        from fw_synthetic.source import SyntheticSource

        return SyntheticSource(self)


@fw.hookimpl
def fw_sources() -> Mapping[str, type[Any]]:
    return {"synthetic": Synthetic}
