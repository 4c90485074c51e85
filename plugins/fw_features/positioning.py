"""Who is long and who buys: the exchange's ratios of accounts, positions and takers, known from their publication."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw_features.about import Column
from fw_features.known import about_scored, believer, stale_setting
from fw_features.spans import Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer

WHOSE = {
    "accounts": "all accounts, long over short",
    "top_accounts": "the accounts of top traders, long over short",
    "top_positions": "the positions of top traders, long over short",
}


@attrs.frozen
class LongShort(Written):
    """Long over short accounts and positions, as logs: 0 is as many on both sides, above 0 more are long.

    Columns `long_short_accounts`, `long_short_accounts_change_24`, `long_short_accounts_z_24`, and so for
    `top_accounts` and `top_positions`: the fifth of traders with the highest margin balance. A ratio counts from its
    publication on, which is some minutes after the instant that it is of, and as unknown `stale` bars later.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars of change and score, two columns each")
    of: tuple[str, ...] = fw.setting(
        tuple(WHOSE), choices=tuple(WHOSE), help="whose ratios: accounts, top_accounts, top_positions"
    )
    stale: int = stale_setting()

    def __attrs_post_init__(self) -> None:
        if not self.of or len(set(self.of)) < len(self.of):
            raise ValueError(f"of: wants some of {', '.join(WHOSE)}, each once")

    @property
    def needs(self) -> tuple[str, ...]:
        return ("bars", *(f"long_short.{whose}" for whose in self.of))

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale

    def writer(self) -> Writer:
        from fw_features.levels import ratios

        spans, late = integers(self.spans), self.stale - 1
        believed = believer("long_short", self.of, self.stale, math.nan)
        return lambda market, first, out: ratios(believed(market), spans, late, out)

    def about(self) -> tuple[Column, ...]:
        return tuple(column for whose in self.of for column in self._about(whose))

    def _about(self, whose: str) -> tuple[Column, ...]:
        name = f"long_short_{whose}"
        columns = [
            Column(
                name=name,
                formula=f"ln(ratio of {WHOSE[whose]}); 0 where none was published in the time of {self.stale} bars",
                unit="1",
                scale_free=True,
                source="the exchange's statistics",
            )
        ]
        for span in self.spans:
            columns += (
                Column(
                    name=f"{name}_change_{span}",
                    formula=f"{name} − {name} {span} bars ago; 0 where either was unknown",
                    unit="1",
                    scale_free=True,
                    source="definition of the log return",
                ),
                Column(
                    name=f"{name}_z_{span}",
                    formula=f"({name} − mean) / sample deviation of the last {span} values; 0 where all are equal",
                    unit="1",
                    scale_free=True,
                    source="definition of the standard score",
                ),
            )
        return tuple(columns)


@attrs.frozen
class TakerRatio(Written):
    """Volume bought over volume sold by takers, as a log, in `taker_ratio`, `taker_ratio_mean_24`, `taker_ratio_z_24`.

    The exchange's own statistic of some minutes, known from its publication on and as unknown `stale` bars later;
    `taker_imbalance` says the same of whole bars, without delay, where bars have the volume.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    stale: int = stale_setting()
    needs: ClassVar[tuple[str, ...]] = ("bars", "taker_ratio")

    @property
    def lookback(self) -> int:
        return max(self.spans) + self.stale - 1

    def writer(self) -> Writer:
        from fw_features.levels import levels_and_scores
        from fw_features.stamps import logs

        spans, late = integers(self.spans), self.stale - 1
        believed = believer("taker_ratio", ("value",), self.stale, math.nan)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            level = believed(market)[0]
            logs(level, level)
            levels_and_scores(level, spans, late, out)

        return write

    def about(self) -> tuple[Column, ...]:
        level = Column(
            name="taker_ratio",
            formula="ln(volume bought / volume sold by takers); "
            f"0 where none was published in the time of {self.stale} bars",
            unit="1",
            scale_free=True,
            source="the exchange's statistics",
        )
        return about_scored(level, self.spans)
