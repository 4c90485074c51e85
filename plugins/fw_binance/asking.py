"""One request, sent until it is answered or until it is clear that it will not be."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

import fw
from fw_binance.limits import silence

if TYPE_CHECKING:
    from fw_binance.limits import Limiter

Answer = TypeVar("Answer")

PASSING = (-1000, -1001, -1006, -1007, -1008)
"""Error codes of the exchange that say nothing of the request."""
UNREACHED_TRIES = 3
"""Times that a host is tried which has never answered: mostly there is no network."""


class Refused(fw.BrokerError):
    """The exchange refused one request, and would again; `code` is its own number for why."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@attrs.frozen
class Status(Exception):
    """An answer that is an error by its HTTP status."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def code(self) -> int:
        """The exchange's number of the error, 0 where it gives none."""
        return int(self._said.get("code", 0))

    @property
    def text(self) -> str:
        """Its words, in one short line."""
        return str(self._said.get("msg") or " ".join(self.body.split())[:120] or "no words")

    @property
    def _said(self) -> dict[str, Any]:
        try:
            said = json.loads(self.body)
        except ValueError:
            return {}
        return said if isinstance(said, dict) and isinstance(said.get("code", 0), int) else {}


class Garbled(Exception):
    """An answer that is not what was asked for: a web page, half of a body, nothing at all."""


async def ask(
    once: Callable[[], Awaitable[Answer]], limiter: Limiter, what: str, *, weight: float = 0.0, counter: str = ""
) -> Answer:
    """What `once` gives; it is called again, after a wait, when the trouble may pass.

    `once` raises Status, Garbled, or the network errors of aiohttp and ccxt; it must be harmless to repeat. Refused,
    RateLimited, Disconnected or BrokerError says what did not pass.
    """
    pace, tries = limiter.pace, 0
    while True:
        await limiter.enter(weight, counter)
        try:
            answer = await once()
        except Status as error:
            limiter.reached = True
            trouble = _judged(error, limiter, what)
        except Garbled as error:
            limiter.reached = True
            trouble = str(error)
        except _network_errors() as error:
            trouble = _told(error)
        else:
            limiter.reached = True
            return answer
        finally:
            limiter.leave(weight)
        tries += 1
        if tries >= (pace.tries if limiter.reached else min(pace.tries, UNREACHED_TRIES)):
            raise fw.Disconnected(
                f"{limiter.host} did not answer {what} in {tries} tries: {trouble}; "
                "run the same command again later: what was fetched is kept"
            )
        await pace.sleep(pace.wait_before(tries))


def _judged(error: Status, limiter: Limiter, what: str) -> str:
    """The trouble in words where one may ask again, after the silence it may have asked for."""
    status = error.status
    if status in (418, 429):
        reason = "has banned this address (418)" if status == 418 else "asks for fewer requests (429)"
        limiter.hush(silence(status, error.headers, error.body, limiter.pace.now()), reason)
        return f"{status} {error.text}"
    if status in (403, 451):
        why = "its firewall blocks this address for now" if status == 403 else "it does not serve this country"
        raise fw.BrokerError(
            f"{limiter.host} forbids {what} ({status}): {why}; wait some minutes and ask less, or use another network"
        )
    if status >= 500 or status == 408 or error.code in PASSING:
        return f"{status} {error.text}"
    raise Refused(f"{limiter.host} refused {what}: {error.text} ({error.code or status})", error.code)


def _network_errors() -> tuple[type[Exception], ...]:
    import aiohttp
    from ccxt.base import errors

    return aiohttp.ClientError, errors.NetworkError, errors.ExchangeError, TimeoutError, OSError


def _told(error: BaseException) -> str:
    """A network error in a few words."""
    import socket

    causes = [error]
    while (cause := causes[-1].__cause__ or getattr(causes[-1], "os_error", None)) is not None and cause not in causes:
        causes.append(cause)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name cannot be looked up; is there a network?"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "no answer in time"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "nobody listens there"
    return f"the connection broke ({type(causes[-1]).__name__})"
