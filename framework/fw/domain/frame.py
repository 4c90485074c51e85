"""Columns of equal length under names; what feature sets return and results are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.errors import PluginError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def read_only(array: Any) -> Any:
    """The array itself, made unwritable; a view is taken first so that its owner stays writable."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


class LazyColumns(Mapping[str, "NDArray[Any]"]):
    """Columns that are made when they are first looked at. Mutable only in what it remembers."""

    def __init__(self, rows: int, makers: Callable[[], Mapping[str, Callable[[], Any]]]) -> None:
        self.rows = rows
        self._write = makers
        self._written: Mapping[str, Callable[[], Any]] | None = None
        self._made: dict[str, NDArray[Any]] = {}

    @property
    def _makers(self) -> Mapping[str, Callable[[], Any]]:
        if self._written is None:
            self._written = self._write()
        return self._written

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._made:
            self._made[name] = read_only(np.asarray(self._makers[name]()))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@attrs.frozen(eq=False, repr=False)
class Frame(Mapping[str, "NDArray[Any]"]):
    """Named columns, each one-dimensional and read-only; `frame["sma_20"]` is float64[row]."""

    columns: Mapping[str, NDArray[Any]] = attrs.field()

    @columns.validator
    def _check(self, attribute: Any, columns: Mapping[str, NDArray[Any]]) -> None:
        if len(set(map(len, columns.values()))) > 1:
            raise PluginError(
                "columns of one frame differ in length: "
                + ", ".join(f"{name} {len(column)}" for name, column in columns.items())
            )

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> Frame:
        """Make a frame of arrays; they are not copied, only marked read-only."""
        return cls({name: read_only(np.asarray(column)) for name, column in columns.items()})

    @classmethod
    def of_rows(cls, names: Iterable[str], block: NDArray[Any]) -> Frame:
        """Make a frame of the rows of one block, [column, row], in order; the block is marked read-only."""
        block.flags.writeable = False
        frame = object.__new__(cls)  # rows of one block are of one length: live makes a frame of every set at every bar
        object.__setattr__(frame, "columns", dict(zip(names, block, strict=True)))
        return frame

    @classmethod
    def lazily(cls, rows: int, makers: Callable[[], Mapping[str, Callable[[], Any]]]) -> Frame:
        """Make a frame whose columns, all of `rows` rows, are worked out when they are first looked at.

        `makers` gives what makes each, by name; it is called when the frame is first looked at: a run has seven.
        """
        frame = object.__new__(cls)  # there is nothing to check yet
        object.__setattr__(frame, "columns", LazyColumns(rows, makers))
        return frame

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self.columns[name]
        except KeyError:
            raise KeyError(f"there is no column {name!r}; there are {', '.join(self.columns)}") from None

    def __contains__(self, name: object) -> bool:
        return name in set(self.columns)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return f"<Frame {self.rows} rows: {', '.join(self.columns)}>"

    @property
    def rows(self) -> int:
        """How many rows each column has."""
        if type(self.columns) is LazyColumns:
            return self.columns.rows
        for column in self.columns.values():
            return len(column)
        return 0

    def to_pandas(self) -> pd.DataFrame:
        """A DataFrame of the columns; int64 columns named `time` or ending in `_time` become UTC datetimes."""
        import pandas as pd

        out = {}
        for name, column in self.columns.items():
            is_time = (name == "time" or name.endswith("_time")) and column.dtype == np.int64
            out[name] = pd.to_datetime(column, utc=True) if is_time else column
        return pd.DataFrame(out)
