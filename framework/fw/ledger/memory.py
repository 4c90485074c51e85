"""Large arrays whose memory is used again: the pages of fresh ones cost more than a fast run does.

The system hands out memory page by page and clears each. A block whose array, and every view of it, is gone goes back
to a small store, and the next array of its size is made there. Smaller arrays, and those that numpy makes in between,
are left to the C library, which is told to keep what is freed.
"""

from __future__ import annotations

import ctypes
import math
import weakref
from functools import cache
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


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Numbers of three settings of glibc's malloc (malloc.h)."""
LARGEST = 2**25
"""Bytes up to which arrays come from what was freed before; glibc takes no larger number."""
KEPT_FREE = 2**27
"""Bytes of freed memory that glibc keeps at most."""


@cache
def keep_freed_memory() -> None:
    """Let the C library keep freed memory for the next array rather than return it, where it is glibc.

    A strategy's arrays of a hundred thousand bars are otherwise fetched from the system, cleared and given back in
    every run, which takes longer than to compute them.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # another C library, with ways of its own
    mallopt(M_MMAP_THRESHOLD, LARGEST)
    mallopt(M_TRIM_THRESHOLD, KEPT_FREE)
    mallopt(M_ARENA_MAX, 1)  # what one thread of a sweep frees, another takes: few large arrays, no contention


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
