"""The order API over a websocket: the endpoints of REST under other names, signed in another way."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from fw_venue.answers import Asked, Refusal
from fw_venue.routes import Limits, Routes

if TYPE_CHECKING:
    from aiohttp import web

PATH = "/ws-fapi/v1"
METHODS: Mapping[str, tuple[str, str]] = {
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}


class SocketApi:
    """Serves one path; every request is answered by the handler that REST has for it."""

    def __init__(self, routes: Routes, limits: Limits, ready: Callable[[], Awaitable[None]]) -> None:
        self._routes, self._limits, self._ready = routes, limits, ready

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection, from its opening to its end."""
        from aiohttp import WSMsgType, web

        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._ready()
                answer = self.answer(message.data, request.remote or "")
                await socket.send_str(json.dumps(answer, separators=(",", ":")))
        return socket

    def answer(self, text: str, address: str) -> dict[str, Any]:
        """What is said to one message."""
        number: Any = None
        asked: Asked | None = None
        try:
            message = _parsed(text)
            number = message.get("id")
            asked = _asked(message, address)
            body = {"id": number, "status": 200, "result": self._routes.answer(asked)}
        except Refusal as refusal:
            body = {"id": number, "status": refusal.status, "error": refusal.body}
        return body | {"rateLimits": [] if asked is None else self._counted(asked)}

    def _counted(self, asked: Asked) -> list[dict[str, Any]]:
        """Of the limits that a request counts for, what is used by now."""
        limits = self._limits
        kinds = (
            ("X-MBX-ORDER-COUNT-10S", "ORDERS", "SECOND", 10, limits.orders_ten_seconds),
            ("X-MBX-ORDER-COUNT-1M", "ORDERS", "MINUTE", 1, limits.orders_minute),
            ("X-MBX-USED-WEIGHT-1M", "REQUEST_WEIGHT", "MINUTE", 1, limits.weight),
        )
        return [
            {
                "rateLimitType": kind,
                "interval": interval,
                "intervalNum": count,
                "limit": limit,
                "count": int(asked.headers[header]),
            }
            for header, kind, interval, count, limit in kinds
            if header in asked.headers
        ]


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if not isinstance(message, dict) or not isinstance(message.get("params", {}), dict):
        raise Refusal(-1135, "Invalid JSON Request")
    return message


def _asked(message: Mapping[str, Any], address: str) -> Asked:
    """The same request as REST would see it; its signature covers all parameters in the order of the alphabet."""
    method = str(message.get("method", ""))
    if method not in METHODS:
        raise Refusal(-1020, f"Method {method!r} is not supported.")
    verb, path = METHODS[method]
    params = {name: _text(value) for name, value in (message.get("params") or {}).items() if value is not None}
    signed = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    return Asked(verb, path, params, address=address, key=params.get("apiKey"), signed=signed)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
