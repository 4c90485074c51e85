"""Whole arrays of signals, checked in one pass before the ledger trusts them."""

from __future__ import annotations

import math

from fw.ledger.compiled import kernel
from fw.ledger.kinds import Rows


@kernel
def first_bad_strength(rows: Rows) -> tuple[int, int]:
    """(instrument, bar) of the first strength outside [-1, 1], NaN being legal; (-1, -1): all are fine."""
    for k in range(rows.shape[0]):
        row = rows[k]
        bad = False
        for i in range(row.shape[0]):
            bad |= (row[i] > 1.0) | (row[i] < -1.0)
        if bad:
            for i in range(row.shape[0]):
                if row[i] > 1.0 or row[i] < -1.0:
                    return k, i
    return -1, -1


@kernel
def first_bad_price(rows: Rows) -> tuple[int, int]:
    """(instrument, bar) of the first price (or count) not above 0 or infinite, NaN being legal; (-1, -1): fine."""
    for k in range(rows.shape[0]):
        row = rows[k]
        bad = False
        for i in range(row.shape[0]):
            bad |= (row[i] <= 0.0) | (row[i] == math.inf)
        if bad:
            for i in range(row.shape[0]):
                if row[i] <= 0.0 or row[i] == math.inf:
                    return k, i
    return -1, -1


@kernel
def first_known(row: Rows, start: int) -> int:
    """The first index from `start` on that is not NaN; the length where all are."""
    for i in range(start, row.shape[0]):
        if row[i] == row[i]:
            return i
    return row.shape[0]
