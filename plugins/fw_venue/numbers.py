"""Numbers as the exchange writes them: decimals of a fixed length, inside strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def decimals(step: float) -> int:
    """Digits after the point that a multiple of `step` needs: 2 for 0.05, 0 for 10."""
    text = f"{step:.12f}".rstrip("0")
    return len(text.partition(".")[2])


def written(value: float, digits: int) -> str:
    """It is the value with so many decimals, with all it has where that would change it."""
    text = f"{value:.{digits}f}"
    return text if float(text) == value else plain(value)


def plain(value: float) -> str:
    """It is the shortest decimal writing that reads as this float; never with an exponent."""
    text = repr(float(value))
    return text if "e" not in text else np.format_float_positional(value, trim="0")


def column(values: NDArray[np.float64], digits: int) -> list[str]:
    """It is `written` of each, in one go."""
    form = f"%.{digits}f"
    if not np.array_equal(np.round(values, digits), values):  # somewhere there is more than its step allows
        return [written(value, digits) for value in values.tolist()]
    return [form % value for value in values.tolist()]
