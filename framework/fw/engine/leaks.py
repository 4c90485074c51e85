"""The leak contract: what a feature says of a bar needs neither the future nor more of the past than it declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import format_time
from fw.parts.features import WrittenFeatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.frame import Frame
    from fw.domain.market import Market
    from fw.parts.features import FeatureSet

UNWRITTEN = -1.25e-301  # what no formula gives
FUTURE = "it changes when the future is cut off, so it reads what was not known yet"
PAST = "it changes when only its last `lookback` bars are there, so it depends on older ones"
ALONE = "its writer gives another value for the newest row alone than among all rows"


@attrs.frozen(kw_only=True)
class Leak:
    """One column that breaks the contract, at the first bar where it does."""

    column: str
    time: int
    """Close time of that bar, ns: when its row becomes known."""
    whole: float
    """The value with the whole history at hand."""
    live: float
    """The value from what a live run has at that moment."""
    bars: int
    """How many of the tested bars differ."""
    tested: int
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.column} at {format_time(self.time)} UTC is {self.whole!r} with the whole history "
            f"but {self.live!r} live ({self.bars} of {self.tested} bars differ): {self.reason}"
        )


def feature_contract(feature_set: FeatureSet, market: Market, *, tolerance: float | None = None) -> list[Leak]:
    """Compare every bar's row of one whole-history pass with the row a live run would have computed.

    Live has the last `lookback` bars and whatever else was known by the bar's close. Rows with fewer bars before
    them are compared with the row from all bars up to then, so every bar of the market is tested for the future.
    Values may differ by `tolerance` × max(1, |value|): what the set itself states where none is given, else 0, which
    asks for equality; NaN equals NaN. Of a set that writes (`fw.WrittenFeatures`) the live row is what it writes alone.
    Hand over a stretch of some hundred bars more than `lookback`: each bar costs one `compute`. An empty list: the
    contract holds.
    """
    if tolerance is None:
        tolerance = tolerance_of(feature_set)
    whole = _rows(feature_set, market)
    rows = len(market.bars)
    live = {name: np.full(rows, np.nan) for name in whole}
    windowed = np.arange(rows) >= feature_set.lookback
    for row in range(rows):
        first = row + 1 - feature_set.lookback if windowed[row] else 0
        _put_last(live, _newest(feature_set, known_at(market, row, first)), row)
    leaks = []
    for name, column in whole.items():
        differs = _differs(column, live[name], tolerance)
        if differs.any():
            row = int(np.argmax(differs))
            leaks.append(
                Leak(
                    column=name,
                    time=int(market.bars.close_time[row]),
                    whole=float(column[row]),
                    live=float(live[name][row]),
                    bars=int(differs.sum()),
                    tested=rows,
                    reason=_reason(feature_set, market, name, column, row, tolerance),
                )
            )
    return leaks


def tolerance_of(feature_set: Any) -> float:
    """By how much a set says that its live rows may differ, as a share of max(1, |value|); 0: not at all."""
    return float(getattr(feature_set, "tolerance", 0.0))


def known_at(market: Market, row: int, first: int = 0) -> Market:
    """What is known when the bar `row` of the instrument in focus closes, from the open of the bar `first` on."""
    bars = market.bars
    known = market.known(int(bars.close_time[row]))
    return known.between(int(bars.open_time[first]), None) if first else known


def _reason(
    feature_set: FeatureSet, market: Market, name: str, whole: NDArray[np.float64], row: int, tolerance: float
) -> str:
    """Tell the future from the past: if the row changes with all history up to it, it was the future."""

    def differs(first: int) -> bool:
        computed = _rows(feature_set, known_at(market, row, first))[name]
        return bool(_differs(whole[row : row + 1], computed[-1:], tolerance).any())

    if differs(0):
        return FUTURE
    return PAST if differs(max(0, row + 1 - feature_set.lookback)) else ALONE


def _rows(feature_set: FeatureSet, market: Market) -> Mapping[str, NDArray[np.float64]]:
    """The computed columns; AssertionError where they are not one float64 row for every bar."""
    try:
        frame: Frame = feature_set.compute(market)
    except Exception as error:  # a part's own code may raise anything
        raise AssertionError(
            f"{type(feature_set).__name__} fails with {len(market.bars)} bars at hand "
            f"({type(error).__name__}: {error}); a feature set computes from any number of bars, with NaN where it is "
            "too early"
        ) from error
    for name, column in frame.items():
        assert column.dtype == np.float64, (
            f"column {name} is {column.dtype}, but features are float64: return it as `column.astype(float)`"
        )
        assert len(column) == len(market.bars), (
            f"column {name} has {len(column)} rows for {len(market.bars)} bars, but a column has one row for every "
            "bar: fill what is not known yet with NaN instead of leaving it out"
        )
    return frame


def _newest(feature_set: FeatureSet, market: Market) -> Mapping[str, NDArray[np.float64]]:
    """Columns whose last row is what live would have."""
    if not isinstance(feature_set, WrittenFeatures):
        return _rows(feature_set, market)
    bars, columns = len(market.bars), tuple(feature_set.columns)
    room = np.full((len(columns), bars), UNWRITTEN)
    feature_set.writer()(market, bars - 1, room)
    unwritten = [name for name, last in zip(columns, room[:, -1], strict=True) if last == UNWRITTEN]
    assert not unwritten, (
        f"the writer of {type(feature_set).__name__} leaves the newest row of {unwritten[0]} unwritten"
    )
    return dict(zip(columns, room, strict=True))


def _put_last(live: Mapping[str, NDArray[np.float64]], columns: Mapping[str, NDArray[np.float64]], row: int) -> None:
    assert set(columns) == set(live), (
        f"the columns differ with the data at hand: {sorted(live)} from the whole history, {sorted(columns)} at bar "
        f"{row}; a feature set always gives the same columns, with NaN where it is too early"
    )
    for name, column in columns.items():
        live[name][row] = column[-1]


def _differs(left: NDArray[np.float64], right: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        near = np.abs(left - right) <= tolerance * np.maximum(1.0, np.abs(left))
    same: NDArray[np.bool_] = (left == right) | (np.isnan(left) & np.isnan(right)) | near
    return ~same
