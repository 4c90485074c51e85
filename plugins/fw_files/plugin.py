"""The source `files`: candles, funding, marks and open interest from Parquet and CSV files."""

from __future__ import annotations

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
    *("funding_rate", "open_interest"),
)
"""What a column can mean; the second line is read only when `columns` names it."""

WHERE = "{instrument}, {bar} and * stand for what names one file; or one path per instrument"


@attrs.frozen
class Files:
    """Parquet and CSV files with one row a bar, times being open times; columns are guessed, and said."""

    bars: str | Mapping[str, str] = fw.setting(help=f"path of the candles; {WHERE}")
    funding: str | Mapping[str, str] | None = fw.setting(None, help="path of the settled funding rates")
    mark: str | Mapping[str, str] | None = fw.setting(None, help="path of mark price candles, of any bar size")
    open_interest: str | Mapping[str, str] | None = fw.setting(None, help="path of the open interest")
    folder: str = fw.setting("", help="where relative paths begin; itself relative to the strategy file")
    columns: Mapping[str, str] = fw.setting(
        factory=dict, help=f"our name: the file's name, where the guess is wrong; ours are {', '.join(COLUMNS)}"
    )
    time_unit: Literal["auto", "s", "ms", "us", "ns"] = fw.setting(
        "auto", help="unit of whole-number times; auto tells it from their size"
    )

    def __attrs_post_init__(self) -> None:
        for name in self.columns:
            if name not in COLUMNS:
                raise ValueError(f"columns: {name!r} is none of ours, which are {', '.join(COLUMNS)}")

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
