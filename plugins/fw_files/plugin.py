"""The source `files`: candles, and whatever else is known of a market, from Parquet and CSV files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

import fw

if TYPE_CHECKING:
    from fw.parts.given import Run
    from fw_files.source import FileSource

COLUMNS = (
    *("time", "open", "high", "low", "close", "volume"),
    *("quote_volume", "trades", "taker_buy_volume"),
    *("funding_rate", "open_interest", "accounts", "top_accounts", "top_positions", "taker_ratio"),
    *("bought", "sold", "buys", "sells", "quantity", "is_buyer_maker", "published"),
    *("bid_1", "bid_size_1", "ask_1", "ask_size_1"),
)
"""What a column can mean; the second line is read only when `columns` names it, or a feature set needs it.

Deeper levels of a book are `bid_2`, `bid_size_2` and so on.
"""

LATE = ("open_interest", "long_short", "taker_ratio")
LAG = fw.Duration(5 * 60 * 10**9)
"""The exchange makes these statistics every five minutes, and gives them out some time after."""
KINDS = (*LATE, "index", "premium", "book", "trades")

WHERE = "{instrument}, {bar} and * stand for what names one file; or one path per instrument"


@attrs.frozen
class Files:
    """Parquet and CSV files with one row a bar, times being open times; columns are guessed, and said."""

    bars: str | Mapping[str, str] = fw.setting(help=f"path of the candles; {WHERE}")
    funding: str | Mapping[str, str] | None = fw.setting(None, help="path of the settled funding rates")
    mark: str | Mapping[str, str] | None = fw.setting(None, help="path of mark price candles, of any bar size")
    open_interest: str | Mapping[str, str] | None = fw.setting(None, help="path of the open interest")
    index: str | Mapping[str, str] | None = fw.setting(None, help="path of index price candles, of any bar size")
    premium: str | Mapping[str, str] | None = fw.setting(None, help="path of premium index candles, of any bar size")
    long_short: str | Mapping[str, str] | None = fw.setting(None, help="path of the long/short ratios")
    taker_ratio: str | Mapping[str, str] | None = fw.setting(
        None, help="path of the ratios of volume bought to volume sold by takers"
    )
    book: str | Mapping[str, str] | None = fw.setting(
        None, help="path of the order book: best prices and sizes, or several levels of them"
    )
    trades: str | Mapping[str, str] | None = fw.setting(
        None, help="path of the trades: one a row, or volume bought and sold by takers a bar"
    )
    lag: Mapping[str, fw.Duration] = fw.setting(
        factory=dict,
        help="time from a row's own instant, or from its bar's close, to its publication, by kind as in "
        f"{{long_short: 10m}}; else {LAG} for {', '.join(LATE)}, none for the others",
    )
    folder: str = fw.setting("", help="where relative paths begin; itself relative to the strategy file")
    columns: Mapping[str, str] = fw.setting(
        factory=dict, help=f"our name: the file's name, where the guess is wrong; ours are {', '.join(COLUMNS)}"
    )
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = fw.setting(
        "auto", help="unit of whole-number times; auto tells it from their size"
    )

    def __attrs_post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS and not re.fullmatch("(bid|ask)(_size)?_([1-9]|1[0-9]|20)", name):
                raise ValueError(f"columns: {name!r} is none of ours, which are {', '.join(COLUMNS)}")
        for kind, lag in self.lag.items():
            if kind not in KINDS:
                raise ValueError(f"lag: {kind!r} is not published late; what may be is {', '.join(KINDS)}")
            if lag.ns < 0:
                raise ValueError(f"lag: {kind} cannot be known before its time")

    def lag_of(self, kind: str) -> fw.Duration:
        """Time from a row's own instant to its publication, where the file does not tell."""
        return self.lag.get(kind, LAG if kind in LATE else fw.Duration(0))

    def build(self, run: Run) -> FileSource:
        """A source that finds its files from `folder` on."""
        from pathlib import Path

        from fw_files.source import FileSource

        path: Any = getattr(run.settings, "path", None)
        home = Path(path).parent if path is not None else Path()
        return FileSource(self, folder=home / Path(self.folder).expanduser())


@fw.hookimpl
def fw_sources() -> Mapping[str, type[Any]]:
    return {"files": Files}
