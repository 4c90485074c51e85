"""How far a perpetual trades from what it stands for: its mark price, its index, and the exchange's own measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

import fw
from fw_features.about import Column
from fw_features.known import about_scored, believed, stamps_of
from fw_features.spans import Written, integers, spans_setting

if TYPE_CHECKING:
    from fw_features.spans import Floats, Writer


@attrs.frozen
class Basis(Written):
    """How far the traded price is from the mark price or the index, in `basis`, `basis_mean_24` and `basis_z_24`.

    Against the index they are `index_basis` and so on. Mark and index prices come in bars of the same size or of
    smaller ones, of which the newest closed one counts; a bar in whose time none closed counts as no distance.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    against: Literal["mark", "index"] = fw.setting("mark", help="the price it is measured from")

    @property
    def needs(self) -> tuple[str, ...]:
        return ("bars", self.against)

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def writer(self) -> Writer:
        from fw_features.levels import levels_and_scores

        spans, distances = integers(self.spans), _from_mark if self.against == "mark" else _from_index
        return lambda market, first, out: levels_and_scores(distances(market), spans, 0, out)

    def about(self) -> tuple[Column, ...]:
        level = Column(
            name="basis" if self.against == "mark" else "index_basis",
            formula=f"close / {self.against} price − 1; 0 where the bar has no {self.against} price",
            unit="share",
            scale_free=True,
            source=f"definition of the premium against {self.against}",
        )
        return about_scored(level, self.spans)


@attrs.frozen
class Premium(Written):
    """The exchange's premium index, of which funding is made, in `premium`, `premium_mean_24` and `premium_z_24`.

    It compares the prices at which some size could be traded with the index. It comes in bars of the same size or of
    smaller ones, of which the newest closed one counts; a bar in whose time none closed counts as no premium.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "premium")

    @property
    def lookback(self) -> int:
        return max(self.spans)

    def writer(self) -> Writer:
        from fw_features.levels import levels_and_scores

        spans = integers(self.spans)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            _refuse_larger(market, "premium", "premium index")
            (level,) = believed(market, "premium", ("close",), 1, 0.0)
            levels_and_scores(level, spans, 0, out)

        return write

    def about(self) -> tuple[Column, ...]:
        level = Column(
            name="premium",
            formula="close of the premium index: (max(0, impact bid − index) − max(0, index − impact ask)) / index; "
            "0 where the bar has none",
            unit="share",
            scale_free=True,
            source="the exchange's premium index",
        )
        return about_scored(level, self.spans)


def _from_mark(market: fw.Market) -> Floats:
    import numpy as np

    from fw_features.levels import premiums

    bars, mark = market.bars, market.mark
    if mark is None:
        raise fw.DataError(f"basis needs mark of {market.focus}, which the source does not have")
    if mark.size > bars.size:
        raise fw.DataError(
            f"basis needs mark prices of {market.focus} in bars of {bars.size} or smaller; "
            f"the source has bars of {mark.size}"
        )
    out: Floats = np.empty(len(bars))
    premiums(bars.close, bars.close_time, mark.close, mark.close_time, out)
    return out


def _from_index(market: fw.Market) -> Floats:
    from fw_features.levels import apart

    _refuse_larger(market, "index", "index price")
    out: Floats = believed(market, "index", ("close",), 1, 0.0)[0]
    apart(market.bars.close, out, out)
    return out


def _refuse_larger(market: fw.Market, kind: str, what: str) -> None:
    from fw_features.stamps import nearest

    apart, size = nearest(stamps_of(market, kind).time), market.bars.size
    if apart > size.ns:
        raise fw.DataError(
            f"{kind} of {market.focus} is needed in bars of {size} or smaller; "
            f"the source has the {what} every {fw.Duration(apart)}"
        )
