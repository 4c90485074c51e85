"""Columns that say the same thing, found by joining the two groups that are nearest, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE = 0.8
"""Mean correlation, of either sign, above which two groups are one."""


def clusters(correlations: NDArray[np.float64], alike: float = ALIKE) -> list[list[int]]:
    """Groups of columns, members near one another side by side, and groups too.

    The nearness of two groups is the mean |correlation| of their pairs (average linkage, Sokal and Michener 1958);
    groups are those that are joined at `alike` or nearer.
    """
    near = np.abs(correlations)
    np.fill_diagonal(near, -1.0)
    members: dict[int, list[int]] = {k: [k] for k in range(len(near))}
    done: list[list[int]] = []
    apart = False
    while len(members) > 1:
        one, other = np.unravel_index(int(np.argmax(near)), near.shape)
        keep, gone = int(one), int(other)
        if not apart and near[keep, gone] < alike:
            done = [list(group) for group in members.values()]
            apart = True
        left, right = len(members[keep]), len(members[gone])
        joined = (left * near[keep] + right * near[gone]) / (left + right)
        near[keep], near[:, keep] = joined, joined
        near[gone], near[:, gone] = -1.0, -1.0
        near[keep, keep] = -1.0
        members[keep] += members.pop(gone)
    order = next(iter(members.values()), [])
    place = {column: k for k, column in enumerate(order)}
    groups = done if apart else [order] if order else []
    return sorted((sorted(group, key=place.__getitem__) for group in groups), key=lambda group: place[group[0]])
