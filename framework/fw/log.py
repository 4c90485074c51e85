"""Log lines for people on the console and as JSON in a run's folder, with every secret masked before it is written.

A `Secret` is `***` for whoever prints, formats or serialises it; its value is also masked wherever else it turns up.
"""

from __future__ import annotations

import hmac
import json
import logging
import math
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from fw.domain.time import format_time

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from fw.parts.given import Clock

MASK = "***"
SHORTEST_KNOWN = 4
"""Shorter values are too common in ordinary text to be searched for."""

DEEPEST = 8
"""Containers inside one another beyond this are written as text."""

SECRET_KEY = re.compile(
    r"secret|passw(or)?d|passphrase|pwd$|token$|(api|private|listen)[-_ ]?key|authori[sz]ation|credential"
    r"|signature|cookie",
    re.IGNORECASE,
)

_known: set[str] = set()


class Secret(str):
    """A secret that reads `***` everywhere; only `reveal()` gives its value.

    It is a string whose text is the mask, so no way of writing strings can show more.
    """

    __slots__ = ("_hidden",)
    _hidden: str

    def __new__(cls, value: str) -> Secret:
        """Hide a value, and have it masked in every later log line."""
        secret = super().__new__(cls, MASK)
        secret._hidden = value.reveal() if isinstance(value, Secret) else str(value)
        know_secret(secret._hidden)
        return secret

    def reveal(self) -> str:
        """The value, for the one place that sends it."""
        return self._hidden

    def __repr__(self) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._hidden.encode(), other._hidden.encode())

    def __ne__(self, other: object) -> bool:
        # str has one of its own, which would compare the masks
        return not self == other

    def __hash__(self) -> int:
        return hash((Secret, self._hidden))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret is never pickled: pass its name on, and look it up there")


def know_secret(value: str) -> None:
    """Have this value masked wherever it turns up, also quoted for a URL, a JSON text or a Python literal."""
    lines = value.splitlines() if "\n" in value else []
    for form in (value, value.strip(), *lines):
        if len(form) >= SHORTEST_KNOWN:
            _known.update((form, quote(form, safe=""), json.dumps(form)[1:-1], repr(form)[1:-1]))


def mask_text(text: str) -> str:
    """The text with every known secret replaced."""
    for value in sorted(_known, key=len, reverse=True):
        if value in text:
            text = text.replace(value, MASK)
    return text


def masked(value: Any, key: Any = "", depth: int = 0) -> Any:
    """The value as it may be written: containers are looked into, a secret-looking key hides what it holds.

    What is neither number, text nor container, or stands too deep, becomes its masked text.
    """
    if isinstance(key, str) and SECRET_KEY.search(key) and value is not None and not isinstance(value, bool):
        return MASK
    if value is None or isinstance(value, bool):
        return value
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()  # a number of numpy's
    if isinstance(value, int | float):
        finite = isinstance(value, int) or math.isfinite(value)
        return MASK if str(value) in _known else value if finite else str(value)
    if isinstance(value, str):
        return mask_text(str(value))
    if isinstance(value, bytes):
        return mask_text(value.decode("utf-8", "replace"))
    if depth < DEEPEST and isinstance(value, Mapping):
        return {mask_text(str(name)): masked(item, name, depth + 1) for name, item in value.items()}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [masked(item, "", depth + 1) for item in value]
    return mask_text(repr(value))


def run_logger(folder: Path | None, *, console: bool, name: str, clock: Clock | None = None) -> Any:
    """A structlog logger bound to the run called `name`.

    Lines of level info and above go to stderr where `console` says so, all of them to `folder`/run.log as JSON; each
    has the wall time and, where a clock is given, the run's own time.
    """
    import structlog

    def stamp(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        stamped: dict[str, Any] = {"wall": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level}
        if clock is not None and clock.now:  # 0: the data is not read yet
            stamped["time"] = format_time(clock.now)
        return {**stamped, **event}

    def mask(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        found: dict[str, Any] = masked(event)
        return found

    def hand_over(logger: Any, level: str, event: MutableMapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (level, event), {}

    return structlog.wrap_logger(
        _Sinks(folder / "run.log" if folder is not None else None, console=console),
        processors=[structlog.processors.format_exc_info, stamp, mask, hand_over],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        context_class=dict,
    ).bind(run=name)


class _Sinks:
    """Writes finished, masked lines; the file is opened for each line, so that none is left open or half-written."""

    def __init__(self, file: Path | None, *, console: bool) -> None:
        self._file = file
        self._console = console

    def msg(self, level: str, event: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(event, ensure_ascii=False) + "\n")
        if self._console and level != "debug":
            print(_readable(level, event), file=sys.stderr)

    debug = info = warning = warn = error = critical = exception = fatal = log = msg


def _readable(level: str, event: Mapping[str, Any]) -> str:
    """`12:30:01 info  2024-01-31 08:00 filled  lots=3`; an exception's text comes below."""
    said = {"wall", "time", "level", "event", "run", "exception"}
    words = [time.strftime("%H:%M:%S"), f"{level:<7}", str(event.get("time", "")), str(event.get("event", ""))]
    words += [f"{key}={value}" for key, value in event.items() if key not in said]
    line = " ".join(word for word in words if word)
    return f"{line}\n{event['exception']}" if "exception" in event else line
