"""Where a test may let the exchange fail; here nothing does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from fw_venue.sockets import Connection


class Faults:
    """What can go wrong, and does not."""

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        """An answer in place of the true one; it may wait, and may cut the connection."""
        return None

    async def after(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """What is sent in place of the true answer."""
        return response

    def messages(self, connection: Connection, stream: str, text: str) -> Iterable[str | bytes]:
        """What is sent in place of one message of a stream; bytes go out as they are, not as a frame."""
        return (text,)
