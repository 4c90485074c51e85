"""What feature sets share: settings of spans, and columns that are written into room made for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

import fw
from fw_features.about import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Writer = Callable[[fw.Market, int, Floats], None]


class Written:
    """A feature set that writes its columns into room that it is given: all rows of a history, or live the newest."""

    __slots__ = ()

    def about(self) -> tuple[Column, ...]:
        """What its columns are."""
        raise NotImplementedError  # each set tells its own

    def writer(self) -> Writer:
        """What writes them, as `write(market, first, out)`; see `fw.WrittenFeatures`."""
        raise NotImplementedError  # each set has its own

    @property
    def columns(self) -> tuple[str, ...]:
        return names_of(self)

    def compute(self, market: fw.Market) -> fw.Frame:
        out = room(len(self.columns), len(market.bars))
        self.writer()(market, 0, out)
        return fw.Frame.of_rows(self.columns, out)


class OverSpans(Written):
    """A set whose row is decided by as many bars as its longest span has."""

    __slots__ = ()

    spans: tuple[int, ...]

    @property
    def lookback(self) -> int:
        return max(self.spans)


SOURCES = ("open", "high", "low", "close", "volume")

FADED = 24
"""What an old value still weighs when a new block begins, as a power of e: e**-24 < 1e-10."""
FADED_IN_CHAINS = 36
"""The same where means are taken of means, or one subtracted from another: x**2 × e**-x must be small at 36."""


def spans_setting(default: tuple[int, ...], *, ge: int = 1, help: str) -> Any:
    """A setting of one span or several, each once: `20` or `[5, 20]`."""
    return fw.setting(default, ge=ge, converter=_spans, help=help)


def source_setting(help: str) -> Any:
    """A setting that chooses a column of the bars."""
    return fw.setting("close", choices=SOURCES, help=f"{help}: open, high, low, close or volume")


def of_source(name: str, source: str) -> str:
    """Columns of anything but closes carry their source: `sma_volume_20`."""
    return name if source == "close" else f"{name}_{source}"


def unit_of(source: str) -> str:
    return "base currency" if source == "volume" else "price"


def room(columns: int, rows: int) -> Floats:
    """Room for columns, float64[column, row], with anything in it."""
    out: Floats = _empty()(columns, rows)
    return out


@cache
def _empty() -> Callable[..., Floats]:
    from fw.ledger import empty  # imports numba; looked up once, as live makes room at every bar

    return empty


@cache
def integers(spans: tuple[Any, ...]) -> NDArray[np.int64]:
    """Spans, or tuples of them, as kernels take them."""
    import numpy as np

    return np.array(spans, dtype=np.int64)


@cache
def names_of(feature_set: Written) -> tuple[str, ...]:
    """The names of a set's columns."""
    return tuple(column.name for column in feature_set.about())


def ago(bars: int) -> str:
    """`a bar ago`, `5 bars ago`."""
    return "a bar ago" if bars == 1 else f"{bars} bars ago"


def _spans(value: int | Iterable[int]) -> tuple[int, ...]:
    spans = (value,) if isinstance(value, int) else tuple(dict.fromkeys(value))
    if not spans:
        raise ValueError("wants at least one span, as in [20]")
    return spans
