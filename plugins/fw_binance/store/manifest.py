"""What a series' files are: where from, how many rows, from when to when, what is missing; one JSON file beside them.

A writer first notes what it is about to write, then writes the files, then notes that it has: whoever dies when, the
next reader can tell from the files' hashes how far it came.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import SECOND
from fw.errors import DataError
from fw_binance.store.files import ASIDE, SUFFIX, decode, write_whole
from fw_binance.store.series import UNITS, Series
from fw_binance.store.spans import Span, union, without

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "manifest.json"
FORMAT = 1
UNKNOWN = "unknown"


@attrs.frozen
class Part:
    """One file of a series."""

    source: tuple[str, ...]
    """Where its rows came from: `archive`, `rest`, `stream`, `import`, …; sorted."""
    sha256: str
    bytes: int
    rows: int
    first: int
    """Time of its first row, ns."""
    last: int
    gaps: tuple[Span, ...]
    """Holes between two of its rows, where rows stand on a grid."""
    fetched_at: int

    def held(self, series: Series) -> list[Span]:
        """The time its rows fill; none where rows stand on no grid."""
        if series.bar is None:
            return []
        return without([(self.first, self.last + series.bar.ns)], self.gaps)


def hash_of(data: bytes) -> str:
    """What a file's bytes are known by."""
    return hashlib.sha256(data).hexdigest()


def describe(series: Series, times: NDArray[np.int64], data: bytes, source: Iterable[str], now: int) -> Part:
    """What is to be known of a file that is about to be written, or was found."""
    own = series.own_time(times)
    return Part(
        source=tuple(sorted(set(source))),
        sha256=hash_of(data),
        bytes=len(data),
        rows=len(times),
        first=int(own[0]),
        last=int(own[-1]),
        gaps=tuple(_gaps(series, own)),
        fetched_at=now // SECOND * SECOND,
    )


def _gaps(series: Series, times: NDArray[np.int64]) -> Iterable[Span]:
    if series.bar is None:
        return
    size = series.bar.ns
    for at in np.flatnonzero(np.diff(times) > size):
        yield int(times[at]) + size, int(times[at + 1])


@attrs.frozen
class Manifest:
    """The files of a series by name, and the spans that a source has answered for in full."""

    series: Series
    parts: dict[str, Part] = attrs.field(factory=dict)
    covered: list[Span] = attrs.field(factory=list)
    """What is missing there is not to be had."""
    pending: dict[str, Part] = attrs.field(factory=dict)
    """What a writer is about to have written."""
    wanted: list[Span] = attrs.field(factory=list)
    """What is to be asked for again, whether or not it is there: its file was broken, or its numbers cannot be."""

    def with_parts(self, parts: dict[str, Part], covered: Iterable[Span], answered: Iterable[Span] = ()) -> Manifest:
        """These files written, these spans covered, what was wanted of either answered, and nothing begun."""
        both = dict(sorted({**self.parts, **parts}.items()))
        spans = union(covered)
        left = without(self.wanted, [*spans, *answered])
        return attrs.evolve(self, parts=both, covered=union([*self.covered, *spans]), pending={}, wanted=left)

    def without_part(self, name: str, *, is_wanted: bool = False) -> Manifest:
        """This file gone, and with it what was known of its time, which may be wanted again."""
        parts = {other: part for other, part in self.parts.items() if other != name}
        after = attrs.evolve(self, parts=parts, covered=without(self.covered, [span_of(self.series, name)]))
        return after.with_wanted(self.held_by(name)) if is_wanted and not self.series.of.is_passing else after

    def with_wanted(self, spans: Iterable[Span]) -> Manifest:
        """These spans to be asked for again."""
        both = union([*self.wanted, *spans])
        return attrs.evolve(self, wanted=both, covered=without(self.covered, both))

    def held_by(self, name: str) -> list[Span]:
        """The time a file's rows were fetched for; all the time it is for, where that is not known."""
        part, span = self.parts.get(name), [span_of(self.series, name)]
        if part is not None and self.series.bar is not None:
            return [(part.first, part.last + self.series.bar.ns)]
        return without(span, without(span, self.covered)) or span

    def held(self) -> list[Span]:
        """The time that rows fill."""
        return union(span for part in self.parts.values() for span in part.held(self.series))

    def save(self, folder: Path) -> None:
        """Write it, whole."""
        write_whole(folder / NAME, (json.dumps(self._plain(), indent=1, ensure_ascii=False) + "\n").encode())

    def _plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "format": FORMAT,
            "kind": self.series.kind,
            "symbol": self.series.symbol,
            "bar": None if self.series.bar is None else str(self.series.bar),
            "partitions": {name: _part_plain(part) for name, part in self.parts.items()},
            "covered": _spans_plain(self.covered),
        }
        if self.wanted:
            plain["wanted"] = _spans_plain(self.wanted)
        if self.pending:
            plain["pending"] = {name: _part_plain(part) for name, part in self.pending.items()}
        return plain


def span_of(series: Series, name: str) -> Span:
    """The time a file of this name is for."""
    unit = f"datetime64[{UNITS[series.of.period]}]"
    start, end = (np.array([name], unit) + np.arange(2)).astype("datetime64[ns]").astype(np.int64)
    return int(start), int(end)


def load(series: Series, folder: Path, *, now: int) -> tuple[Manifest, bool]:
    """The manifest as the files are, and whether it had to be mended for that; DataError for a newer store's."""
    manifest = _read(series, folder)
    there = {file.name.removesuffix(SUFFIX): file for file in folder.glob(f"[!.]*{SUFFIX}")}
    arrived = {
        name: part
        for name, part in manifest.pending.items()
        if name in there and hash_of(there[name].read_bytes()) == part.sha256
    }
    gone = manifest.parts.keys() - there.keys()
    for name in gone:
        manifest = manifest.without_part(name, is_wanted=any(folder.glob(f"{name}{SUFFIX}{ASIDE}*")))
    new = there.keys() - manifest.parts.keys() - arrived.keys()
    found = {name: part for name in new if (part := _found(series, there[name], now)) is not None}
    if not (gone or found or manifest.pending):
        return manifest, False
    return manifest.with_parts({**arrived, **found}, ()), True


def counts(folder: Path) -> dict[str, int]:
    """How many rows each file has, as far as is noted; DataError where a newer version wrote the folder."""
    parts = _plain_of(folder).get("partitions", {})
    return {name: int(part["rows"]) for name, part in parts.items()}


def _read(series: Series, folder: Path) -> Manifest:
    """What the file says; nothing where there is none, or none that can be read: it is made again from the files."""
    try:
        plain = _plain_of(folder)
        parts, pending = (
            {name: _part_of(part) for name, part in plain.get(key, {}).items()} for key in ("partitions", "pending")
        )
        covered, wanted = (_spans_of(plain.get(key, [])) for key in ("covered", "wanted"))
        return Manifest(series, parts, covered, pending, wanted)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Manifest(series)


def _plain_of(folder: Path) -> dict[str, Any]:
    """What the file says, as it stands there; DataError for one of a newer version."""
    try:
        plain: dict[str, Any] = json.loads((folder / NAME).read_bytes())
        form = int(plain["format"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if form > FORMAT:
        raise DataError(
            f"{folder} was written by a newer version (its format is {form}, this one reads up to {FORMAT}): "
            "upgrade with pip install -U futures-framework"
        )
    return plain


def _found(series: Series, file: Path, now: int) -> Part | None:
    """A file nobody noted; None where it cannot be read, which verify tells."""
    try:
        times = decode(file, series.of, [series.of.time])[series.of.time]
        data = file.read_bytes()
    except (DataError, FileNotFoundError):
        return None
    return describe(series, times, data, [UNKNOWN], now) if len(times) else None


def _part_plain(part: Part) -> dict[str, Any]:
    return {
        "source": list(part.source),
        "sha256": part.sha256,
        "bytes": part.bytes,
        "rows": part.rows,
        "first": written(part.first),
        "last": written(part.last),
        "gaps": _spans_plain(part.gaps),
        "fetched_at": written(part.fetched_at),
    }


def _part_of(plain: dict[str, Any]) -> Part:
    return Part(
        source=tuple(plain["source"]),
        sha256=plain["sha256"],
        bytes=int(plain["bytes"]),
        rows=int(plain["rows"]),
        first=_time_of(plain["first"]),
        last=_time_of(plain["last"]),
        gaps=tuple(_spans_of(plain["gaps"])),
        fetched_at=_time_of(plain["fetched_at"]),
    )


def _spans_plain(spans: Iterable[Span]) -> list[list[str]]:
    return [[written(start), written(end)] for start, end in spans]


def _spans_of(plain: list[list[str]]) -> list[Span]:
    return [(_time_of(start), _time_of(end)) for start, end in plain]


def written(time: int) -> str:
    """An instant as the manifest states it, to the nanosecond where it has any: 2024-01-31T08:00:00Z."""
    text = str(np.datetime64(time, "ns"))
    return text.rstrip("0").removesuffix(".") + "Z" if "." in text else text + "Z"


def _time_of(text: str) -> int:
    return int(np.datetime64(text.removesuffix("Z"), "ns").astype(np.int64))
