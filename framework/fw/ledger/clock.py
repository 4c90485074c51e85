"""Clock bars on a tape that may be finer: decisions and expiries belong to closes of clock bars alone."""

from __future__ import annotations

from fw.ledger.compiled import inner
from fw.ledger.handle import closes_of
from fw.ledger.kinds import Ledger


@inner
def clock_bars_closed(ledger: Ledger, i: int) -> int:
    """How many clock bars have closed by the close of bar `i`; only on a tape that is finer than the clock."""
    closes = closes_of(ledger)
    low = 0
    high = closes.shape[0]
    while low < high:
        middle = (low + high) // 2
        if closes[middle] <= i + 1:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def closes_clock_bar(ledger: Ledger, i: int) -> bool:
    """Whether a clock bar closes with bar `i`: only then is anything decided."""
    closes = closes_of(ledger)
    if closes.shape[0] == 0:
        return True
    done = clock_bars_closed(ledger, i)
    return done > 0 and closes[done - 1] == i + 1


@inner
def clock_bars_later(ledger: Ledger, i: int, count: int) -> int:
    """The last bar of the clock bar that is `count` after the one closing with bar `i`.

    Beyond the end of the tape, where nothing is filled, each clock bar counts for one bar.
    """
    closes = closes_of(ledger)
    bars = closes.shape[0]
    if bars == 0:
        return i + count
    wanted = clock_bars_closed(ledger, i) - 1 + count
    beyond = max(wanted - (bars - 1), 0)
    return closes[wanted - beyond] - 1 + beyond
