"""What is published now and then, read from files: each row with the time from which it could be known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fw.domain.stamps import PRICES, Stamps
from fw.domain.time import BarSize, Duration
from fw.errors import DataError
from fw_files.columns import book_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw_files.tables import Table

RATIOS = ("accounts", "top_accounts", "top_positions")
ONE_TRADE = ("quantity", "is_buyer_maker")
COUNTS = ("buys", "sells")
BEST = ("bid_1", "bid_size_1", "ask_1", "ask_size_1")
DEEPER = tuple(name for name in book_names() if name not in BEST)
SAMPLE = 1000


@attrs.frozen(kw_only=True)
class Form:
    """What a file of one kind holds."""

    wanted: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    """Columns read where they are there; `one_of` is an error where all of these lack."""
    one_of: bool = False
    of_bars: bool = False
    """Whether a row is of the bar that begins at its time, and known when that has closed."""


FORMS: Mapping[str, Form] = {
    "open_interest": Form(wanted=("open_interest",)),
    "index": Form(wanted=PRICES, of_bars=True),
    "premium": Form(wanted=PRICES, of_bars=True),
    "long_short": Form(maybe=RATIOS, one_of=True),
    "taker_ratio": Form(wanted=("taker_ratio",)),
    "book": Form(wanted=BEST, maybe=DEEPER),
    "trades": Form(maybe=("bought", "sold", *COUNTS, *ONE_TRADE), of_bars=True),
}
"""How each kind of stamped data stands in a file."""


def stamps_of(table: Table, kind: str, *, file: Path, bar: BarSize, lag: Duration) -> Stamps:
    """The rows of a file as stamps, known `lag` after their time, or when the file says; DataError where it cannot be.

    Single trades become sums of the bars of size `bar`; of several rows of a book at one instant the last is kept.
    """
    form, columns, time, published = FORMS[kind], dict(table.numbers), table.time, table.published
    if kind == "trades":
        columns, time, published, size = _trades(table, file, bar)
    elif form.one_of and not columns:
        raise DataError(
            f"{file} has no column that looks like {', '.join(form.maybe[:-1])} or {form.maybe[-1]}; "
            f"say one as source.columns: {{{form.maybe[0]}: NAME}}"
        )
    else:
        size = spacing(time, file, kind) or bar if form.of_bars else bar
    if len(form.wanted) == 1:
        columns = {"value": columns[form.wanted[0]]}
    if published is None:
        published = time + (size.ns if form.of_bars else 0) + lag.ns
    if kind == "book" and len(time) > 1:
        last = np.append(time[1:] != time[:-1], True)
        columns, time, published = {name: column[last] for name, column in columns.items()}, time[last], published[last]
    return Stamps(time, columns, published=published)


def spacing(time: NDArray[np.int64], file: Path, kind: str) -> BarSize | None:
    """The size of bars these times are apart, None for a single one."""
    steps = np.diff(time[:SAMPLE])
    if not len(steps):
        return None
    least = int(steps.min())
    try:
        return BarSize.parse(str(Duration(least)))
    except ValueError:
        raise DataError(f"{file} has rows of {kind} {Duration(least)} apart, which is no bar size") from None


def _trades(
    table: Table, file: Path, bar: BarSize
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64], NDArray[np.int64] | None, BarSize]:
    """Volume and number of trades bought and sold by takers, a row a bar: as the file has them, or summed up here."""
    numbers = table.numbers
    if "bought" in numbers and "sold" in numbers:
        size = spacing(table.time, file, "trades") or bar
        names = ("bought", "sold", *(COUNTS if all(name in numbers for name in COUNTS) else ()))
        return {name: numbers[name] for name in names}, table.time, table.published, size
    if any(name not in numbers for name in ONE_TRADE):
        raise DataError(
            f"{file} has neither volumes bought and sold nor single trades (quantity, is_buyer_maker); "
            "say the columns as source.columns: {quantity: NAME, is_buyer_maker: NAME}"
        )
    if (np.diff(table.time) < 0).any():
        raise DataError(f"{file} has trades that go back in time; sort them by time")
    opened = bar.floor(table.time)
    starts = np.flatnonzero(np.append(True, opened[1:] != opened[:-1]))
    by_seller = numbers["is_buyer_maker"] != 0.0  # the taker sold where the buyer's order was resting
    single = {
        "bought": np.where(by_seller, 0.0, numbers["quantity"]),
        "sold": np.where(by_seller, numbers["quantity"], 0.0),
        "buys": np.where(by_seller, 0.0, 1.0),
        "sells": np.where(by_seller, 1.0, 0.0),
    }
    columns = {name: np.add.reduceat(values, starts) for name, values in single.items()}
    known = None  # a bar's sum is known when its last trade is, and not before the bar has closed
    if table.published is not None:
        known = np.maximum(np.maximum.reduceat(table.published, starts), opened[starts] + bar.ns)
    return columns, opened[starts], known, bar
