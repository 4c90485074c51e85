"""Ranks, and how two rankings go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def ranks(values: Floats) -> Floats:
    """The place of each value among all, from 1; equal values share the mean of their places."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))  # of each run of equal values
    last = np.append(first[1:], len(values))
    out = np.empty(len(values))
    out[order] = np.repeat((first + last + 1) / 2.0, last - first)
    return out


def standard_ranks(values: Floats) -> Floats | None:
    """Ranks with mean 0 and mean square 1; None where all values are equal, or there is none."""
    if len(values) == 0:
        return None
    placed = ranks(values)
    placed -= placed.mean()
    size = float(np.sqrt(np.mean(placed * placed)))
    return placed / size if size > 0.0 else None


def rank_correlations(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's correlation of every pair of rows of float64[column, row], on the rows that all columns know.

    A column that does not move goes together with none: 0, and 1 with itself.
    """
    known = columns[:, np.isfinite(columns).all(axis=0)]
    placed = [standard_ranks(column) for column in known]
    nothing = np.zeros(known.shape[1])
    table = np.array([nothing if one is None else one for one in placed]).reshape(len(columns), -1)
    found: NDArray[np.float64] = table @ table.T / max(known.shape[1], 1)
    np.clip(found, -1.0, 1.0, out=found)
    np.fill_diagonal(found, 1.0)
    return found
