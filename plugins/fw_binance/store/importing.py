"""Takes other people's files into the store: tells from names and columns what they are, and says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw import BarSize
from fw.domain.time import OFFERED
from fw.errors import DataError
from fw_binance.store.kinds import KINDS, Kind, kind_of
from fw_binance.store.series import Series
from fw_binance.store.store import Store, Written
from fw_binance.store.tables import numbers_of, open_table, times_of, truths_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOURCE = "import"
TIMES = (
    *("opentime", "timestamp", "datetime", "time", "date", "calctime", "fundingtime", "createtime", "transacttime"),
    *("opentimestamp", "fundingtimestamp", "unix", "ts"),
)
NAMES = {
    "quote_volume": ("quoteassetvolume", "quotevol"),
    "trades": ("count", "numberoftrades", "tradecount"),
    "taker_buy_volume": ("takerbuybasevolume", "takerbuybaseassetvolume"),
    "taker_buy_quote_volume": ("takerbuyquoteassetvolume",),
    "funding_rate": ("lastfundingrate",),
    "interval_hours": ("fundingintervalhours",),
    "open_interest": ("sumopeninterest",),
    "open_interest_value": ("sumopeninterestvalue",),
    "top_accounts": ("counttoptraderlongshortratio",),
    "top_positions": ("sumtoptraderlongshortratio",),
    "accounts": ("countlongshortratio",),
    "taker_ratio": ("sumtakerlongshortvolratio",),
    "quantity": ("qty", "size"),
    "trade_id": ("id",),
    "update_id": ("u",),
    "bid_1": ("bidprice", "bestbidprice"),
    "bid_size_1": ("bidqty", "bidsize", "bestbidqty"),
    "ask_1": ("askprice", "bestaskprice"),
    "ask_size_1": ("askqty", "asksize", "bestaskqty"),
    "first_id": ("firstupdateid",),
    "final_id": ("finalupdateid",),
    "previous_id": ("prevfinalupdateid",),
    "last_id": ("lastupdateid",),
    "is_bid": ("side",),
    "is_sell": ("side",),
}
"""What others call a column, in letters and digits only."""

WORDS = {"is_bid": ("bid", "buy", "b"), "is_sell": ("sell", "s")}
OF_NAME = {
    "mark": ("mark", "markpriceklines"),
    "index": ("index", "indexpriceklines"),
    "premium": ("premium", "premiumindexklines"),
}
"""Kinds whose files only their name tells from candles."""

TELLING = ("agg_trades", "depth", "snapshots", "book", "metrics", "funding", "trades", "klines")
"""Kinds by their columns, those with the rarest first."""

OTHER_TABLES = ("interest", "oi")
SYMBOL = re.compile(r"[A-Z0-9]{2,}(USDT|USDC|BUSD|FDUSD|USD)")


@attrs.frozen
class Recognised:
    """What a file was taken for."""

    file: Path
    series: Series
    venue: str
    columns: Mapping[str, str]
    """The file's names by ours."""
    _table: Any = attrs.field(repr=False, eq=False)

    def rows(self) -> dict[str, NDArray[Any]]:
        """Its rows; DataError says what is wrong with them."""
        kind = self.series.of
        try:
            return {
                name: _values(kind, name, self._table.column(theirs), theirs) for name, theirs in self.columns.items()
            }
        except DataError as problem:
            raise DataError(f"{self.file}: {problem}") from None


def _values(kind: Kind, name: str, column: Any, theirs: str) -> NDArray[Any]:
    number = kind.columns[name]
    if number == "time":
        return times_of(column)
    if number == "bool":
        return truths_of(column, theirs, WORDS.get(name, ("true",)))
    return numbers_of(column, theirs, whole=number == "int")


def recognise(
    file: Path,
    *,
    kind: str | None = None,
    symbol: str | None = None,
    bar: str | None = None,
    venue: str | None = None,
) -> Recognised:
    """What a file is, told from its columns and name where it is not said; DataError names what has to be said."""
    table = open_table(file)
    words = [word for word in re.split(r"[^A-Za-z0-9]+", file.name) if word]
    plain = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in reversed(table.column_names)}
    kind = kind or _kind(file, words, plain)
    of = kind_of(kind)
    columns = _columns(of, plain)
    if lacking := [name for name in _needed(of) if name not in columns]:
        there = ", ".join(table.column_names)
        raise DataError(f"{file} has no column for {', '.join(lacking)} of {kind}; it has {there}")
    symbol = symbol or _symbol(file, words)
    size = None
    if of.barred:
        size = bar or next((word for word in words if word in OFFERED), None)
        size = size or ("5m" if kind == "metrics" else None) or _spacing(file, table.column(columns[of.time]))
    spot = any(word.lower() == "spot" for word in words)
    return Recognised(
        file, Series(kind, symbol, size), venue or ("binance_spot" if spot else "binance_usdm"), columns, table
    )


def _kind(file: Path, words: Sequence[str], plain: Mapping[str, str]) -> str:
    lower = {word.lower() for word in words}
    fitting = [kind for kind in TELLING if all(name in _columns(KINDS[kind], plain) for name in _needed(KINDS[kind]))]
    if not fitting or (fitting[0] == "klines" and lower & set(OTHER_TABLES)):
        raise DataError(f"{file} cannot be told to be of any kind by its columns; say --kind: {', '.join(KINDS)}")
    if fitting[0] == "klines":
        return next((kind for kind, names in OF_NAME.items() if lower & set(names)), "klines")
    return fitting[0]


def _needed(kind: Kind) -> list[str]:
    """Columns without which a table is not of a kind."""
    if kind.is_candles:
        return ["open_time", "open", "high", "low", "close"]
    first = next(name for name, number in kind.columns.items() if number == "float")
    return [*(name for name, number in kind.columns.items() if number != "float"), first]


def _columns(kind: Kind, plain: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in kind.columns:
        known = (name.replace("_", ""), *(TIMES if name == kind.time else NAMES.get(name, ())))
        theirs = next((plain[one] for one in known if one in plain), None)
        if theirs is not None:
            found[name] = theirs
    return found


def _symbol(file: Path, words: Sequence[str]) -> str:
    upper = [word.upper() for word in words]
    found = next((word for word in upper if SYMBOL.fullmatch(word)), None)
    if found is None:
        found = next((a + b for a, b in pairwise(upper) if len(a) > 1 and SYMBOL.fullmatch(a + b)), None)
    if found is None:
        raise DataError(f"{file} does not say in its name of which symbol it is; say --symbol, such as BTCUSDT")
    return found


def _spacing(file: Path, column: Any) -> str:
    """The bar size that the times show."""
    try:
        times = np.unique(times_of(column))
    except DataError as problem:
        raise DataError(f"{file}: {problem}") from None
    if len(times) > 1:
        step = int(np.diff(times).min())
        for text in OFFERED:
            if BarSize.parse(text).ns == step:
                return text
    raise DataError(f"{file} does not say in its name or times how large its bars are; say --bar, such as 1h")


def take(store: Store, found: Recognised) -> Written:
    """Write a file's rows into the store, but for bars that have not closed yet."""
    rows, series = found.rows(), found.series
    times = rows[series.of.time]
    if series.bar is not None:
        distinct = np.unique(series.own_time(times))
        if len(distinct) > 2 and int(np.diff(distinct).min()) > series.bar.ns:
            raise DataError(f"{found.file}: its rows are further apart than {series.bar}; say the right --bar")
        closed = times + series.bar.ns <= store.now()
        rows = {name: column[closed] for name, column in rows.items()}
    try:
        return store.write(series.kind, series.symbol, series.bar, rows, source=SOURCE)
    except DataError as problem:
        raise DataError(f"{found.file}: {problem}") from None
