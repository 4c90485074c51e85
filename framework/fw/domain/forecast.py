"""What models read and what they say: windows of columns in, named forecast columns out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen(eq=False, kw_only=True)
class Windows:
    """Stretches of past columns, batch first."""

    columns: tuple[str, ...]
    past: NDArray[np.float64]
    """[window, context, column]; the last row of a window is its origin bar."""
    origin: NDArray[np.int64]
    """[window]: close time of the origin bar, ns."""
    future_returns: NDArray[np.float64] | None = None
    """[window, horizon]: cumulative log return from the origin's close; only in training."""

    def __len__(self) -> int:
        return len(self.origin)


@attrs.frozen(eq=False, kw_only=True)
class Forecasts:
    """Named columns, one row a window: `mean_24`, `std_24`, `q05_24`, `p_up` …; means are cumulative log returns."""

    origin: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.origin)
