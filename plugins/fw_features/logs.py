"""Logarithms of many numbers at once: the same bits for the same number, wherever it stands in its column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fw.ledger import inner, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

CHUNK = 512  # numbers worked on at a time, so that they stay in the processor's nearest cache

HALF_ROOT = 0x3FE6A09E00000000  # the bits of √½, nearly
EXPONENT = -(1 << 52)  # the bits of sign and exponent
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10


@kernel
def log_quotients(above: Floats, below: Floats, out: Floats) -> None:
    """Write ln(above / below) to within a unit in the last place; both above 0, NaN where either is no number.

    The method is that of Sun's fdlibm (e_log.c): the number is 2^k (1 + f) with 1 + f near 1, and the rest a polynomial
    in f / (2 + f). It has no branch, so that several numbers are worked on at once.
    """
    number = np.empty(CHUNK)
    bits = number.view(np.int64)
    power = np.empty(CHUNK)
    for start in range(0, len(out), CHUNK):
        count = min(CHUNK, len(out) - start)
        part = slice(start, start + count)
        _divide(above[part], below[part], number[:count])
        _split(number[:count], bits[:count], power[:count], out[part])
        _finish(number[:count], power[:count], out[part])


@kernel
def logarithms(values: Floats, out: Floats) -> None:
    """Write the natural logarithm of each value, by the same method."""
    number = np.empty(CHUNK)
    bits = number.view(np.int64)
    power = np.empty(CHUNK)
    for start in range(0, len(out), CHUNK):
        count = min(CHUNK, len(out) - start)
        part = slice(start, start + count)
        number[:count] = values[part]
        _split(number[:count], bits[:count], power[:count], out[part])
        _finish(number[:count], power[:count], out[part])


@inner
def _divide(above: Floats, below: Floats, out: Floats) -> None:
    for i in range(len(out)):
        out[i] = above[i] / below[i]


@inner
def _split(number: Floats, bits: Integers, power: Floats, out: Floats) -> None:
    """Replace each number by its part between √½ and √2, write the power of 2 beside, and to `out` 0 or NaN."""
    for i in range(len(out)):
        out[i] = number[i] - number[i]
    for i in range(len(out)):
        beyond = bits[i] - HALF_ROOT
        power[i] = float(beyond >> 52)
        bits[i] -= beyond & EXPONENT


@inner
def _finish(part: Floats, power: Floats, out: Floats) -> None:
    for i in range(len(out)):
        f = part[i] - 1.0
        s = f / (2.0 + f)
        z = s * s
        w = z * z
        even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
        odd = z * (
            6.666666666666735130e-01
            + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
        )
        half = 0.5 * f * f
        near = s * (half + (even + odd)) + power[i] * LN2_LOW
        out[i] += power[i] * LN2_HIGH - ((half - near) - f)
