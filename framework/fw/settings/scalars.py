"""How one value is read from its text by the type wanted, never by YAML's guess; the schema of each type beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import attrs

from fw.domain.time import OFFERED, BarSize, Duration, Length, parse_time

LARGEST = 2**63 - 1  # what an int64 holds
_WHOLE = r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)"
_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*(_[0-9]+)*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_DURATION = "^[0-9]+(ms|s|m|h|d|w)$"
_TITLE = r"""^[^\s/\\:*?"<>|.\u0000-\u001f][^/\\:*?"<>|\u0000-\u001f]{0,99}$"""
_LABEL = r"^[^\s.,:@=/\\\[\]{}'\"\u0000-\u001f]{1,60}$"
_ALNUM = r"[^\s!-/:-@\[-\x60{-~]{1,40}"  # no sign of ASCII
_TEXT = ["string", "number", "boolean"]  # plain `2024` and `true` are text where text is wanted


@attrs.frozen(eq=False)
class Kind:
    """One type of value: its name in messages, how its text is read (ValueError: what is wrong), its JSON Schema."""

    words: str
    read: Callable[[str, bool], Any]
    schema: Mapping[str, Any]


def shown(text: str, quoted: bool = False) -> str:
    """A text in a message, cut where it is long."""
    cut = text if len(text) <= 60 else text[:57] + "..."
    return f"the text {cut!r}" if quoted else repr(cut)


def read_text(text: str, quoted: bool) -> str:
    return text


def read_bool(text: str, quoted: bool) -> bool:
    if not quoted and text.lower() in ("true", "false") and text in (text.lower(), text.title(), text.upper()):
        return text.lower() == "true"
    raise ValueError(f"wants true or false, not {shown(text, quoted)}{_unquote(text, quoted, ('true', 'false'))}")


def read_int(text: str, quoted: bool) -> int:
    if quoted or not re.fullmatch(_WHOLE, text):
        plain = re.fullmatch(r"[-+]?0[0-9xob][0-9a-fA-F_]*", text) and not quoted
        advice = ": write it in decimal digits" if plain else _unquote(text, quoted)
        raise ValueError(f"wants a whole number, not {shown(text, quoted)}{advice}")
    if len(text) > 30 or abs(int(text)) > LARGEST:
        raise ValueError(f"{shown(text)} is too large: whole numbers end at {LARGEST}")
    return int(text)


def read_float(text: str, quoted: bool) -> float:
    if quoted or not _NUMBER.fullmatch(text):
        if not quoted and re.fullmatch(r"[-+]?\.?(nan|inf|infinity)", text, re.IGNORECASE):
            raise ValueError(f"wants a finite number, not {shown(text)}")
        percent = re.fullmatch(r"([0-9]{1,9}(\.[0-9]{1,9})?) ?%", text)
        advice = f": write {float(percent[1]) / 100:g}" if percent and not quoted else _unquote(text, quoted)
        if not quoted and re.fullmatch(r"[-+]?[0-9.]+(,[0-9.]+)+", text):
            advice = ": write thousands as 10000 or 10_000, decimals as 0.5"
        raise ValueError(f"wants a number, not {shown(text, quoted)}{advice}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"wants a finite number; {shown(text)} is too large")
    return value


def read_path(text: str, quoted: bool) -> Path:
    if not text.strip():
        raise ValueError("wants a path, not an empty text")
    return Path(text)


def read_duration(text: str, quoted: bool) -> Duration:
    return Duration.parse(_short(text))


def read_bar_size(text: str, quoted: bool) -> BarSize:
    return BarSize.parse(_short(text))


def read_length(text: str, quoted: bool) -> Length:
    if quoted and _NUMBER.fullmatch(text):
        raise ValueError(f"wants a number of bars or a duration like 8h, not {shown(text, quoted)}: remove the quotes")
    return Length.parse(_short(text))


def read_time(text: str, quoted: bool) -> int:
    return parse_time(_short(text))


def read_symbol(text: str, quoted: bool) -> str:
    """The venue's symbol; ccxt's unified form of a linear perpetual is taken too."""
    unified = re.fullmatch(r"([^/:]+)/([^/:]+)(?::([^/:]+))?", text.strip())
    if unified:
        base, quote, settle = unified[1], unified[2], unified[3]
        if settle is None:
            raise ValueError(f"{shown(text)} names a spot market: the perpetual is {base + quote} or {text}:{quote}")
        if settle != quote:
            raise ValueError(f"{shown(text)} is not a perpetual settled in {quote}, such as {base}/{quote}:{quote}")
        text = base + quote
    symbol = text.upper()
    if not symbol.isalnum() or len(symbol) > 40:
        raise ValueError(f"wants a symbol of letters and digits, like BTCUSDT, not {shown(text)}")
    return symbol


def read_title(text: str, quoted: bool) -> str:
    if not re.fullmatch(_TITLE.strip("^$"), text):
        raise ValueError(
            f'wants a name that can name a folder (up to 100 characters, none of /\\:*?"<>|, no dot or space first), '
            f"not {shown(text)}"
        )
    return text


def read_label(text: str, quoted: bool) -> str:
    if not re.fullmatch(_LABEL.strip("^$"), text):
        raise ValueError(f"wants a name of letters, digits, _ and -, not {shown(text)}")
    return text


SYMBOL = Kind("a symbol", read_symbol, {"type": _TEXT, "pattern": f"^({_ALNUM}|{_ALNUM}/({_ALNUM}):\\2)$"})
TIME = Kind(
    "a time",
    read_time,
    {
        "type": "string",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*(Z|[+-][0-9]{2}:?[0-9]{2}))?$",
    },
)
TITLE = Kind("a name", read_title, {"type": _TEXT, "pattern": _TITLE})
LABEL = Kind("a name", read_label, {"type": _TEXT, "pattern": _LABEL})

Symbol = Annotated[str, SYMBOL]
"""A venue's symbol, in upper case."""
Time = Annotated[int, TIME]
"""An instant, in nanoseconds since 1970 UTC."""
Title = Annotated[str, TITLE]
"""The name of a strategy file; also the first part of a run folder's name."""
Label = Annotated[str, LABEL]
"""The name of a part, as columns and `--set` write it."""

SCALARS: dict[Any, Kind] = {
    str: Kind("text", read_text, {"type": _TEXT}),
    bool: Kind("true or false", read_bool, {"type": "boolean"}),
    int: Kind("a whole number", read_int, {"type": "integer"}),
    float: Kind("a number", read_float, {"type": "number"}),
    Path: Kind("a path", read_path, {"type": _TEXT, "pattern": r"\S"}),
    Duration: Kind("a duration", read_duration, {"type": "string", "pattern": _DURATION}),
    BarSize: Kind("a bar size", read_bar_size, {"enum": list(OFFERED)}),
    Length: Kind(
        "a number of bars or a duration",
        read_length,
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _DURATION}]},
    ),
}


def _unquote(text: str, quoted: bool, known: tuple[str, ...] | None = None) -> str:
    fits = text in known if known else _NUMBER.fullmatch(text) is not None
    return ": remove the quotes" if quoted and fits else ""


def _short(text: str) -> str:
    # what follows repeats the text in its message
    if len(text) > 60:
        raise ValueError(f"wants a few letters and digits, not {shown(text)}")
    return text
