"""Columns that a user composes of others by an arithmetic expression."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import attrs

import fw
from fw.domain.expression import Expression as Arithmetic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@attrs.frozen
class Expression:
    """Arithmetic over the columns of the run, as in `(ema_20 - ema_50) / atr_14`; the column has the entry's `name`.

    There are + - * / % **, comparisons (1 where they hold, else 0), and abs, sign, sqrt, log, exp, tanh, min, max,
    clip(x, low, high) and where(condition, x, y). A row is NaN where one of its columns is; where an operation gives
    no number, as a division by 0 does, the run is refused.
    """

    expr: str = fw.setting(help="arithmetic over columns, such as (ema_20 - ema_50) / atr_14")
    needs: ClassVar[tuple[str, ...]] = ()
    lookback: ClassVar[int] = 1

    def __attrs_post_init__(self) -> None:
        try:
            self._read()
        except ValueError as problem:
            raise ValueError(f"expr: {problem}") from None

    def _read(self) -> Arithmetic:
        return Arithmetic(self.expr)

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns in the expression."""
        return self._read().columns

    def derive(self, columns: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Work the expression out, row by row."""
        return self._read().over(columns)
