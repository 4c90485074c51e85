"""Large arrays whose memory is used again: the pages of fresh ones cost more than a fast run does.

The system hands out memory page by page and clears each. A block whose array, and every view of it, is gone goes back
to a small store, and the next array of its size is made there.
"""

from __future__ import annotations

import math
import weakref
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 2**20
"""Bytes below which the system's own allocator does well."""
KEPT = 2**28
"""Bytes of unused blocks that are kept at most."""

# no lock: an array may end inside any statement here, and its end comes back to this list; each step alone is atomic
_unused: dict[int, list[NDArray[np.float64]]] = {}


def empty(*shape: int) -> NDArray[np.float64]:
    """A float64 array of this shape with anything in it."""
    count = math.prod(shape)
    if 8 * count < SMALLEST:
        return np.empty(shape)
    block = _take(count)
    # an array on a memoryview does not own its memory: views keep the array alive, and its end is the end of them all
    array: NDArray[np.float64] = np.frombuffer(block.data, dtype=np.float64)
    weakref.finalize(array, _give_back, block).atexit = False
    return array.reshape(shape)


def _take(count: int) -> NDArray[np.float64]:
    try:
        return _unused[count].pop()
    except (KeyError, IndexError):
        return np.empty(count)


def _give_back(block: NDArray[np.float64]) -> None:
    kept = sum(8 * count * len(blocks) for count, blocks in list(_unused.items()))
    if kept + block.nbytes <= KEPT:
        _unused.setdefault(len(block), []).append(block)
