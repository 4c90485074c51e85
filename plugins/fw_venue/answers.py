"""What a request asks, and how the exchange says no: parameters as they came, refusals with its own codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs


class Refusal(Exception):
    """The exchange's no: `{"code": …, "msg": …}` under an HTTP status."""

    def __init__(self, code: int, msg: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        self.code, self.msg, self.status = code, msg, status
        self.headers = dict(headers or {})
        super().__init__(f"{code} {msg}")

    @property
    def body(self) -> dict[str, Any]:
        return {"code": self.code, "msg": self.msg}


def unknown_symbol() -> Refusal:
    return Refusal(-1121, "Invalid symbol.")


@attrs.define  # mutable: what the answer's headers say is added on the way
class Asked:
    """One request: its parameters, query before body, as texts."""

    method: str
    path: str
    params: Mapping[str, str]
    address: str = ""
    key: str | None = None
    """X-MBX-APIKEY, where one was sent."""
    signed: str = ""
    """The very characters that a signature covers: query and body without `signature`."""
    headers: dict[str, str] = attrs.field(factory=dict)
    """Of the answer."""

    def text(self, name: str, default: str | None = None) -> str:
        """A parameter that must be there, where it has no default."""
        value = self.params.get(name, default)
        if value is None or value == "":
            raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        return value

    def choice(self, name: str, choices: Iterable[str], code: int, msg: str) -> str:
        """A parameter that is one of some words."""
        value = self.text(name)
        if value not in choices:
            raise Refusal(code, msg)
        return value

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number, or the default where it was not sent."""
        value = self.params.get(name)
        if value is None or value == "":
            return default
        try:
            return int(value)
        except ValueError:
            raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.") from None

    def limit(self, default: int, most: int) -> int:
        """How many rows; -1130 for none or too many."""
        value = self.number("limit", default)
        assert value is not None
        if not 1 <= value <= most:
            raise Refusal(-1130, f"Data sent for parameter 'limit' is not valid. It is at most {most}.")
        return value

    def span(self) -> tuple[int | None, int | None]:
        """startTime and endTime, ms."""
        start, end = self.number("startTime"), self.number("endTime")
        if start is not None and end is not None and end < start:
            raise Refusal(-1023, "Start time is greater than end time.")
        return start, end
