"""Lines that fit a terminal; numbers are those of every table."""

from __future__ import annotations

from fw.parts.numbers import DASH, MINUS, count, duration, money, percent, ratio, show

__all__ = [
    "DASH",
    "MINUS",
    "count",
    "duration",
    "money",
    "percent",
    "plain",
    "ratio",
    "shorten",
    "show",
    "width",
    "wrap",
]


def plain(text: str) -> str:
    """The text on one line without characters that move a terminal's cursor or turn its writing around."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def width(text: str) -> int:
    """Terminal cells; an emoji or a Chinese sign takes two."""
    from rich.cells import cell_len

    return cell_len(text)


def shorten(text: str, *, cells: int) -> str:
    """The text, cut with an ellipsis where it is wider."""
    if width(text) <= cells:
        return text
    from rich.cells import set_cell_size

    return set_cell_size(text, cells - 1).rstrip() + "…"


def wrap(text: str, *, cells: int, indent: str = "") -> list[str]:
    """Lines of at most `cells`, broken between words (within one only where it alone is wider)."""
    from rich.cells import chop_cells

    room = cells - width(indent)
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width(joined) <= room:
            lines[-1] = joined
            continue
        pieces = chop_cells(word, room)
        if lines[-1]:
            lines += pieces
        else:
            lines[-1:] = pieces
    return [lines[0], *(indent + line for line in lines[1:])]
