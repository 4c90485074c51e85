"""What sets with one column or more for each span share: the setting, room for the columns, their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import fw

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def spans_setting(default: tuple[int, ...], *, ge: int = 1, help: str) -> Any:
    """Spans in bars, each at least `ge`; one needs no list."""
    return fw.setting(default, ge=ge, converter=_spans, help=help)


def room(columns: int, market: fw.Market) -> NDArray[np.float64]:
    """Memory for so many columns, float64[column, bar], with anything in it."""
    from fw.ledger import empty

    out: NDArray[np.float64] = empty(columns, len(market.bars))
    return out


def integers(spans: Sequence[int]) -> NDArray[np.int64]:
    import numpy as np

    return np.array(spans, dtype=np.int64)


def frame_of(names: Sequence[str], out: NDArray[np.float64]) -> fw.Frame:
    """A frame of these rows of memory, in order."""
    return fw.Frame.of(dict(zip(names, out, strict=True)))


def _spans(value: int | Iterable[int]) -> tuple[int, ...]:
    """One span or several, each once."""
    spans = (value,) if isinstance(value, int) else tuple(dict.fromkeys(value))
    if not spans:
        raise ValueError("wants at least one span, as in [20]")
    return spans
