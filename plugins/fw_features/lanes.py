"""Blocks of bars walked side by side, compiled: what waits for its own last value does not wait for other blocks'.

Blocks begin anew, each warmed by some bars before it (`fw_features.recursions`), so several can be walked at once. A
recursion is three functions, of which `walker` makes the walk:

- `seed(x, y, z, settings)` gives the state after the first values of a block, and how many these are;
- `step(state, x, y, z, i, settings)` gives the state after value `i`;
- `show(state, settings, i, u, v, w)` writes what the columns say of it.

`x`, `y` and `z` are what is walked, `u`, `v` and `w` the columns. The numbers of a block come from the same numbers in
the same order whether it is walked alone or beside others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fw.ledger import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Three = tuple[Floats, Floats, Floats]

LANES = 8


def walker(seed: Any, step: Any, show: Any) -> Any:
    """The walk of a recursion: `walk((x, y, z), settings, starts, warm, (u, v, w))`, for kernels to call.

    Functions stand in it as if written there: handed over, they could not be kept on disk.
    """

    @inner
    def walk(values: Three, settings: Any, starts: Integers, warm: int, out: Three) -> None:
        bars = len(values[0])
        done = 0
        for block in range(len(starts)):
            first = starts[block]
            if block < done:
                continue
            if first >= warm and equal_blocks(starts, block) == LANES:
                side_by_side(values, settings, first, starts[block + 1] - first, warm, out)
                done = block + LANES
                continue
            end = starts[block + 1] if block + 1 < len(starts) else bars
            alone(values, settings, max(0, first - warm), first, end, out)

    @inner
    def alone(values: Three, settings: Any, begin: int, first: int, end: int, out: Three) -> None:
        x, y, z = values[0][begin:end], values[1][begin:end], values[2][begin:end]
        state, seeded = seed(x, y, z, settings)
        if first < begin + seeded <= end:
            place = begin + seeded - 1
            show(state, settings, 0, out[0][place:], out[1][place:], out[2][place:])
        warming = max(0, first - begin - seeded)
        x, y, z = x[seeded:], y[seeded:], z[seeded:]
        for i in range(min(warming, len(x))):
            state = step(state, x, y, z, i, settings)
        x, y, z = x[warming:], y[warming:], z[warming:]
        place = begin + seeded + warming
        u, v, w = out[0][place:end], out[1][place:end], out[2][place:end]
        for i in range(len(x)):
            state = step(state, x, y, z, i, settings)
            show(state, settings, i, u, v, w)

    @inner
    def side_by_side(values: Three, settings: Any, first: int, length: int, warm: int, out: Three) -> None:
        v0 = cut(values, first - warm)
        v1, v2, v3 = cut(v0, length), cut(v0, 2 * length), cut(v0, 3 * length)
        v4, v5, v6, v7 = cut(v0, 4 * length), cut(v0, 5 * length), cut(v0, 6 * length), cut(v0, 7 * length)
        a, seeded = seed(v0[0], v0[1], v0[2], settings)
        b, _ = seed(v1[0], v1[1], v1[2], settings)
        c, _ = seed(v2[0], v2[1], v2[2], settings)
        d, _ = seed(v3[0], v3[1], v3[2], settings)
        e, _ = seed(v4[0], v4[1], v4[2], settings)
        f, _ = seed(v5[0], v5[1], v5[2], settings)
        g, _ = seed(v6[0], v6[1], v6[2], settings)
        h, _ = seed(v7[0], v7[1], v7[2], settings)
        v0, v1, v2, v3 = cut(v0, seeded), cut(v1, seeded), cut(v2, seeded), cut(v3, seeded)
        v4, v5, v6, v7 = cut(v4, seeded), cut(v5, seeded), cut(v6, seeded), cut(v7, seeded)
        for i in range(warm - seeded):
            a = step(a, v0[0], v0[1], v0[2], i, settings)
            b = step(b, v1[0], v1[1], v1[2], i, settings)
            c = step(c, v2[0], v2[1], v2[2], i, settings)
            d = step(d, v3[0], v3[1], v3[2], i, settings)
            e = step(e, v4[0], v4[1], v4[2], i, settings)
            f = step(f, v5[0], v5[1], v5[2], i, settings)
            g = step(g, v6[0], v6[1], v6[2], i, settings)
            h = step(h, v7[0], v7[1], v7[2], i, settings)
        warmed = warm - seeded
        v0, v1, v2, v3 = cut(v0, warmed), cut(v1, warmed), cut(v2, warmed), cut(v3, warmed)
        v4, v5, v6, v7 = cut(v4, warmed), cut(v5, warmed), cut(v6, warmed), cut(v7, warmed)
        o0 = cut(out, first)
        o1, o2, o3 = cut(o0, length), cut(o0, 2 * length), cut(o0, 3 * length)
        o4, o5, o6, o7 = cut(o0, 4 * length), cut(o0, 5 * length), cut(o0, 6 * length), cut(o0, 7 * length)
        for i in range(length):
            a = step(a, v0[0], v0[1], v0[2], i, settings)
            b = step(b, v1[0], v1[1], v1[2], i, settings)
            c = step(c, v2[0], v2[1], v2[2], i, settings)
            d = step(d, v3[0], v3[1], v3[2], i, settings)
            e = step(e, v4[0], v4[1], v4[2], i, settings)
            f = step(f, v5[0], v5[1], v5[2], i, settings)
            g = step(g, v6[0], v6[1], v6[2], i, settings)
            h = step(h, v7[0], v7[1], v7[2], i, settings)
            show(a, settings, i, o0[0], o0[1], o0[2])
            show(b, settings, i, o1[0], o1[1], o1[2])
            show(c, settings, i, o2[0], o2[1], o2[2])
            show(d, settings, i, o3[0], o3[1], o3[2])
            show(e, settings, i, o4[0], o4[1], o4[2])
            show(f, settings, i, o5[0], o5[1], o5[2])
            show(g, settings, i, o6[0], o6[1], o6[2])
            show(h, settings, i, o7[0], o7[1], o7[2])

    return walk


@inner
def cut(columns: Three, start: int) -> Three:
    """The columns from a bar on."""
    return columns[0][start:], columns[1][start:], columns[2][start:]


@inner
def equal_blocks(starts: Integers, block: int) -> int:
    """How many blocks from this one on, up to LANES, are as long as it, with another after them."""
    if block + LANES >= len(starts):
        return 0
    length = starts[block + 1] - starts[block]
    for number in range(1, LANES):
        if starts[block + number + 1] - starts[block + number] != length:
            return number
    return LANES
