"""How far a perpetual trades from what it stands for: its mark price, its index, and the exchange's own measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

import fw
from fw_features.about import Column
from fw_features.known import about_scored, believer, stamps_of
from fw_features.spans import OverSpans, integers, room, spans_setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from fw_features.spans import Floats, Writer

    Distances = Callable[[fw.Market], Floats]


@attrs.frozen
class Basis(OverSpans):
    """How far the traded price is from the mark price or the index, in `basis`, `basis_mean_24` and `basis_z_24`.

    Against the index they are `index_basis` and so on. Mark and index prices come in bars of the same size or of
    smaller ones, of which the newest closed one counts; a bar in whose time none closed counts as no distance.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    against: Literal["mark", "index"] = fw.setting("mark", help="the price it is measured from")

    @property
    def needs(self) -> tuple[str, ...]:
        return ("bars", self.against)

    def writer(self) -> Writer:
        from fw_features.levels import levels_and_scores

        spans, distances = integers(self.spans), _from_mark() if self.against == "mark" else _from_index()
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
class Premium(OverSpans):
    """The exchange's premium index, of which funding is made, in `premium`, `premium_mean_24` and `premium_z_24`.

    It compares the prices at which some size could be traded with the index. It comes in bars of the same size or of
    smaller ones, of which the newest closed one counts; a bar in whose time none closed counts as no premium.
    """

    spans: tuple[int, ...] = spans_setting((24,), ge=2, help="bars in the mean, two columns each")
    needs: ClassVar[tuple[str, ...]] = ("bars", "premium")

    def writer(self) -> Writer:
        from fw_features.levels import levels_and_scores

        spans = integers(self.spans)
        refuse_larger, believed = _refuser("premium", "premium index"), believer("premium", ("close",), 1, 0.0)

        def write(market: fw.Market, first: int, out: Floats) -> None:
            refuse_larger(market)
            levels_and_scores(believed(market)[0], spans, 0, out)

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


def _from_mark() -> Distances:
    """What gives the distances of closes from the mark price."""
    from fw_features.levels import premiums

    def distances(market: fw.Market) -> Floats:
        bars, mark = market.bars, market.mark
        if mark is None:
            raise fw.DataError(f"basis needs mark of {market.focus}, which the source does not have")
        if mark.size.ns > bars.size.ns:
            raise fw.DataError(
                f"basis needs mark prices of {market.focus} in bars of {bars.size} or smaller; "
                f"the source has bars of {mark.size}"
            )
        out: Floats = room(1, len(bars))[0]
        premiums(bars.close, bars.close_time, mark.close, mark.close_time, out)
        return out

    return distances


def _from_index() -> Distances:
    """What gives the distances of closes from the index."""
    from fw_features.levels import apart

    refuse_larger, believed = _refuser("index", "index price"), believer("index", ("close",), 1, 0.0)

    def distances(market: fw.Market) -> Floats:
        refuse_larger(market)
        out: Floats = believed(market)[0]
        apart(market.bars.close, out, out)
        return out

    return distances


def _refuser(kind: str, what: str) -> Callable[[fw.Market], None]:
    """What refuses a market whose values of a kind are farther apart than its bars."""
    from fw_features.stamps import nearest

    def refuse_larger(market: fw.Market) -> None:
        between, size = nearest(stamps_of(market, kind).time), market.bars.size
        if between > size.ns:
            raise fw.DataError(
                f"{kind} of {market.focus} is needed in bars of {size} or smaller; "
                f"the source has the {what} every {fw.Duration(between)}"
            )

    return refuse_larger
