"""The exchange's bulk archive: zipped CSVs of a day or a month, a checksum beside each, listings of what there is."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.sax.saxutils import escape

import attrs

from fw_venue.clock import Clock
from fw_venue.listing import listing
from fw_venue.numbers import plain
from fw_venue.tape import Tape

if TYPE_CHECKING:
    from aiohttp import web

ROOT = "data/futures/um/"
KLINES = {
    "klines": "traded",
    "markPriceKlines": "mark",
    "indexPriceKlines": "index",
    "premiumIndexKlines": "premium",
}
KLINE_COLUMNS = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
FUNDING_COLUMNS = "calc_time,funding_interval_hours,last_funding_rate"
AGG_COLUMNS = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker"
METRICS_COLUMNS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w")
FIRST_HEADERS = date(2022, 5, 1)
"""Files of earlier days have no line of column names."""

DAY = 86_400_000
APPEARS = (8 * 60 + 40) * 60_000
"""How long after midnight yesterday's files appear, ms."""


@attrs.frozen
class File:
    """One file of the archive."""

    kind: str
    symbol: str
    interval: str
    """Nothing for what is not cut into bars."""
    daily: bool
    day: date
    """Its day, or the first of its month."""

    @property
    def name(self) -> str:
        text = self.day.isoformat() if self.daily else f"{self.day:%Y-%m}"
        return f"{self.symbol}-{self.interval or self.kind}-{text}"

    @property
    def path(self) -> str:
        folder = f"{ROOT}{'daily' if self.daily else 'monthly'}/{self.kind}/{self.symbol}/"
        return f"{folder}{self.interval}/{self.name}.zip" if self.interval else f"{folder}{self.name}.zip"

    @property
    def after(self) -> date:
        """The day after its last."""
        return self.day + timedelta(1) if self.daily else (self.day.replace(day=28) + timedelta(4)).replace(day=1)

    @property
    def span(self) -> tuple[int, int]:
        """ms."""
        return _ms(self.day), _ms(self.after)

    @property
    def appears(self) -> int:
        """When it can be had, ms: a day's the next morning, a month's on the first Monday of the next."""
        after = self.after
        if not self.daily:
            after += timedelta((7 - after.weekday()) % 7)
        return _ms(after) + APPEARS


class Archive:
    """What the tapes hold, as files. Mutable: how they are written may be changed, and written ones are remembered."""

    def __init__(self, tapes: Mapping[str, Tape], clock: Clock) -> None:
        self._tapes, self._clock = tapes, clock
        self.change()

    def change(
        self,
        *,
        has_header: Callable[[File], bool] = lambda file: file.day >= FIRST_HEADERS,
        in_microseconds: Callable[[File], bool] = lambda file: False,
        missing: Callable[[File], bool] = lambda file: False,
        edit: Callable[[File, list[str]], list[str]] = lambda file, lines: lines,
    ) -> None:
        """Write files in other ways from now on, as the exchange has done over the years: all of it, or as usual.

        `missing` files are not there (yet); `edit` is given a file's lines.
        """
        self._has_header, self._in_microseconds, self._missing, self._edit = has_header, in_microseconds, missing, edit
        self._zipped = lru_cache(maxsize=64)(self._zip)

    def answer(self, request: web.Request) -> web.Response:
        """A file, its checksum, a listing, or the storage's own error."""
        from aiohttp import web

        path = unquote(request.path).lstrip("/")
        if path in ("", "index.html") or "prefix" in request.query:
            prefix, delimiter, marker = (request.query.get(name, "") for name in ("prefix", "delimiter", "marker"))
            text = listing(self.paths(prefix, delimiter), prefix, delimiter, marker)
            return web.Response(body=text.encode(), content_type="application/xml")
        file = self.find(path.removesuffix(".CHECKSUM"))
        content = None if file is None else self._zipped(file)
        if file is None or content is None:
            why = "<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
            return web.Response(
                text=f"<Error>{why}<Key>{escape(path)}</Key></Error>", status=404, content_type="application/xml"
            )
        if path.endswith(".CHECKSUM"):
            content = f"{hashlib.sha256(content).hexdigest()}  {file.name}.zip\n".encode()
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        return web.Response(body=content, content_type="application/zip", headers={"ETag": etag})

    def find(self, path: str) -> File | None:
        """The file of a path, where there is one by now."""
        file = parsed(path)
        if file is None or file.symbol not in self._tapes or self._missing(file):
            return None
        return file if file.appears <= self._clock.now and self._has(file) else None

    def _has(self, file: File) -> bool:
        tape, (start, end) = self._tapes[file.symbol], file.span
        if file.kind in KLINES:
            klines = tape.klines(KLINES[file.kind], file.interval)
            if klines is None:
                return False
            first, last = klines.bars.open_time.searchsorted((start, end))
            return bool(first < last)
        if file.kind == "fundingRate":
            return not file.daily and tape.has_funding(start, end)
        if file.kind == "aggTrades":
            first, last = tape.traded.open_time.searchsorted((start, end))
            return bool(first < last)
        return file.kind == "metrics" and file.daily and next(tape.counts.between(start, end), None) is not None

    def _zip(self, file: File) -> bytes:
        lines = "\n".join(self._edit(file, list(self._lines(file)))) + "\n"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(zipfile.ZipInfo(f"{file.name}.csv", (2020, 1, 1, 0, 0, 0)), lines, zipfile.ZIP_DEFLATED)
        return packed.getvalue()

    def _lines(self, file: File) -> Iterator[str]:
        tape, (start, end) = self._tapes[file.symbol], file.span
        finer = "000" if self._in_microseconds(file) else ""
        if self._has_header(file):
            yield {"fundingRate": FUNDING_COLUMNS, "aggTrades": AGG_COLUMNS, "metrics": METRICS_COLUMNS}.get(
                file.kind, KLINE_COLUMNS
            )
        if file.kind in KLINES:
            yield from self._klines(tape, file, finer)
        elif file.kind == "fundingRate":
            for time, rate, _ in tape.funding(start, end - 1, 10_000, self._clock.now):
                yield f"{time}{finer},{tape.funding_hours},{rate}"
        elif file.kind == "aggTrades":
            ordinal, last = tape.ordinal(start), tape.ordinal(end - 1)
            while ordinal <= last:
                for t in tape.trades(ordinal):
                    if t.time >= start:
                        sold = str(t.sold).lower()
                        yield f"{t.id},{t.price},{t.size},{t.id},{t.id},{t.time}{finer},{sold}"
                ordinal += 1
        else:
            yield from self._metrics(tape, start, end)

    @staticmethod
    def _metrics(tape: Tape, start: int, end: int) -> Iterator[str]:
        """What the market lacks is left empty."""
        for row in tape.counts.between(start, end):
            when = datetime.fromtimestamp(row.time / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
            cells = [row.interest, row.interest_value, row.top_accounts, row.top_positions, row.accounts, row.taker]
            yield f"{when},{tape.symbol}," + ",".join("" if cell is None else plain(cell) for cell in cells)

    @staticmethod
    def _klines(tape: Tape, file: File, finer: str) -> Iterator[str]:
        klines = tape.klines(KLINES[file.kind], file.interval)
        assert klines is not None
        first, last = klines.bars.open_time.searchsorted(file.span)
        for row in klines.closed_rows(int(first), int(last)):
            line = row.decode()[1:-1].replace('"', "")
            if finer:  # its close is the last microsecond of the bar, not of a millisecond
                cells = line.split(",")
                cells[0], cells[6] = f"{cells[0]}000", f"{cells[6]}999"
                line = ",".join(cells)
            yield line

    def paths(self, prefix: str, delimiter: str) -> Iterator[str]:
        """Of every file and its checksum."""
        for file in self.files(prefix, delimiter):
            yield from (file.path, f"{file.path}.CHECKSUM")

    def files(self, prefix: str, delimiter: str = "") -> Iterator[File]:
        """What there is under a prefix; of folders that a delimiter cuts off only the first file."""
        kinds = [*KLINES, "aggTrades", "fundingRate", "metrics"]
        for daily in (True, False):
            for kind in sorted(kinds):
                if (kind == "fundingRate" and daily) or (kind == "metrics" and not daily):
                    continue
                for symbol in sorted(self._tapes):
                    for interval in sorted(INTERVALS) if kind in KLINES else [""]:
                        some = File(kind, symbol, interval, daily, date(2020, 1, 1))
                        folder = some.path.rpartition("/")[0] + "/"
                        if not (folder.startswith(prefix) or prefix.startswith(folder)):
                            continue
                        cut = bool(delimiter) and delimiter in folder[len(prefix) :]
                        yield from islice(self._dated(some), 1 if cut else None)

    def _dated(self, some: File) -> Iterator[File]:
        tape = self._tapes[some.symbol]
        opens = tape.traded.open_time
        day, last = _date(int(opens[0])), _date(int(opens[-1]))
        file = attrs.evolve(some, day=day if some.daily else day.replace(day=1))
        while file.day <= last:
            if file.appears <= self._clock.now and not self._missing(file) and self._has(file):
                yield file
            file = attrs.evolve(file, day=file.after)


def parsed(path: str) -> File | None:
    """It is the file a path names; None for a path that can be none of the archive's."""
    match = re.fullmatch(
        ROOT + r"(daily|monthly)/([A-Za-z]+)/([^/]+)/(?:([0-9]+(?:m|h|d|w|mo))/)?([^/]+)-(\d{4}-\d{2}(?:-\d{2})?)\.zip",
        path,
    )
    if match is None:
        return None
    cut, kind, symbol, interval, _, text = match.groups()
    try:
        day = date.fromisoformat(text if len(text) > 7 else f"{text}-01")
    except ValueError:
        return None
    file = File(kind, symbol, interval or "", cut == "daily", day)
    return file if file.path == path else None


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _date(ms: int) -> date:
    return datetime.fromtimestamp(ms / 1000, UTC).date()
