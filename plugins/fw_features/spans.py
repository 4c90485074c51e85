"""What most feature sets share: settings of spans, and frames that a kernel fills, under the names that a set says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import fw
from fw_features.about import Column

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Described(Protocol):
    """A feature set that says what its columns are."""

    def about(self) -> tuple[Column, ...]: ...

    def __hash__(self) -> int: ...


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


def room(columns: int, market: fw.Market) -> Floats:
    """Room for columns of a market's bars, float64[column, bar], with anything in it."""
    from fw.ledger import empty

    out: Floats = empty(columns, len(market.bars))
    return out


@cache
def integers(spans: tuple[Any, ...]) -> NDArray[np.int64]:
    """Spans, or tuples of them, as kernels take them."""
    import numpy as np

    return np.array(spans, dtype=np.int64)


def filled(feature_set: Described, market: fw.Market, kernel: Callable[..., None], *inputs: Any) -> fw.Frame:
    """The set's columns, as `kernel` writes them to float64[column, bar], which it takes after its inputs."""
    out = room(len(names_of(feature_set)), market)
    kernel(*inputs, out)
    return framed(feature_set, out)


def framed(feature_set: Described, out: Floats) -> fw.Frame:
    """The rows of `out` as the set's columns, in the order in which it says what they are."""
    return fw.Frame.of_rows(names_of(feature_set), out)


@cache
def names_of(feature_set: Described) -> tuple[str, ...]:
    """The names of a set's columns; live asks at every bar."""
    return tuple(column.name for column in feature_set.about())


def ago(bars: int) -> str:
    """`a bar ago`, `5 bars ago`."""
    return "a bar ago" if bars == 1 else f"{bars} bars ago"


def _spans(value: int | Iterable[int]) -> tuple[int, ...]:
    spans = (value,) if isinstance(value, int) else tuple(dict.fromkeys(value))
    if not spans:
        raise ValueError("wants at least one span, as in [20]")
    return spans
