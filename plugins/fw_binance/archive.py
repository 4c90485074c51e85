"""The exchange's archive: one zip a month or day, and beside it the checksum it is checked by."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs

import fw
from fw_binance.asking import Garbled, Status, ask
from fw_binance.environment import Environment
from fw_binance.limits import Limiter, limiter_of

if TYPE_CHECKING:
    from types import TracebackType

FOLDERS = {
    "klines": "klines",
    "mark": "markPriceKlines",
    "index": "indexPriceKlines",
    "premium": "premiumIndexKlines",
    "funding": "fundingRate",
    "metrics": "metrics",
    "agg_trades": "aggTrades",
}
"""What the archive calls each kind."""

MONTHLY = ("klines", "mark", "index", "premium", "funding")
DAILY = ("klines", "mark", "index", "premium", "metrics", "agg_trades")
"""Kinds taken a month, and a day at a time; a month of trades is a gigabyte, so those are taken by day."""


class Unusable(Exception):
    """A file that is there and cannot be used, however often it is fetched; the text says why."""


@attrs.frozen
class Place:
    """One file of the archive."""

    kind: str
    symbol: str
    bar: str | None
    """None for kinds without bars."""
    period: str
    """`2024-01` or `2024-01-31`."""

    @property
    def path(self) -> str:
        """Where it is on the archive's host."""
        cut = "daily" if len(self.period) > len("2024-01") else "monthly"
        folder = FOLDERS[self.kind]
        symbol = quote(self.symbol, safe="")
        bar = self.bar if self.kind != "metrics" else None
        inner = f"{bar}/{symbol}-{bar}" if bar is not None else f"{symbol}-{folder}"
        return f"/data/futures/um/{cut}/{folder}/{symbol}/{inner}-{self.period}.zip"


class Archive:
    """Fetches and checks files; `async with Archive(environment) as archive`.

    Mutable as it holds the connections.
    """

    def __init__(self, environment: Environment, *, limiter: Limiter | None = None, timeout: float = 60.0) -> None:
        self._host = environment.archive
        self._environment = environment
        self._limiter = limiter if limiter is not None else limiter_of(f"{environment.archive}/data")
        self._timeout = timeout
        self._session: Any = None

    @property
    def is_there(self) -> bool:
        """Whether the environment has one."""
        return bool(self._host)

    async def __aenter__(self) -> Archive:
        import aiohttp

        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout),
            trust_env=self._environment.name == "live",
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def has(self, place: Place) -> bool:
        """Whether a file is listed."""
        return await self._get(f"{place.path}.CHECKSUM") is not None

    async def fetch(self, place: Place) -> bytes | None:
        """The text inside the zip, checked; None where the archive does not have it (yet). Unusable says why."""
        stated = await self._get(f"{place.path}.CHECKSUM")
        if stated is None:
            return None
        wanted = re.match(rb"\s*([0-9a-fA-F]{64})\b", stated)
        if wanted is None:
            raise Unusable("its checksum file has no checksum")
        complaint = ""
        for _ in range(2):  # a broken copy may have been made on the way
            zipped = await self._get(place.path)
            if zipped is None:
                return None
            if not zipped.startswith(b"PK"):
                complaint = "it is a web page" if zipped.lstrip()[:1] == b"<" else "it is no zip file"
            elif hashlib.sha256(zipped).hexdigest().encode() != wanted[1].lower():
                complaint = "its checksum is wrong"
            else:
                return _unzipped(zipped)
        raise Unusable(complaint)

    async def _get(self, path: str) -> bytes | None:
        """The body; None for a 404, which says that the file is not there."""
        from yarl import URL

        async def once() -> bytes | None:
            async with self._session.get(URL(f"{self._host}{path}", encoded=True)) as response:
                if response.status == 404:
                    return None
                if response.status >= 400:
                    raise Status(response.status, dict(response.headers), await response.text(errors="replace"))
                body: bytes = await response.read()
                if not body:
                    raise Garbled("an empty file")
                return body

        try:
            return await ask(once, self._limiter, path.rpartition("/")[2])
        except fw.RateLimited:
            raise
        except fw.BrokerError as error:
            raise Unusable(str(error)) from None


def _unzipped(zipped: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(zipped)) as opened:
            names = opened.namelist()
            if len(names) != 1:
                raise Unusable(f"it holds {len(names)} files where one is usual")
            return opened.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        raise Unusable(f"it is a broken zip file ({problem})") from None
