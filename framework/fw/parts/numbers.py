"""Numbers as people read them, the same in every table and on every page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fw.parts.metric import Unmeasured

if TYPE_CHECKING:
    from fw.parts.metric import Value

DASH = "–"
MINUS = "−"
LARGEST = 1e12  # beyond it, digits tell less than the exponent

NS = {"d": 86_400_000_000_000, "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000}


def show(value: Value, *, unit: str) -> str:
    """A metric's value in its unit; a dash where there is none."""
    if isinstance(value, Unmeasured):
        return DASH
    return {"money": money, "percent": percent, "count": count, "duration": duration}.get(unit, ratio)(value)


def money(value: float) -> str:
    """`−1,234.50`; small amounts keep three digits that count."""
    if 0.0 < abs(value) < 0.1:
        return _signed(value, ".3g" if abs(value) < 1e-4 else f".{2 - math.floor(math.log10(abs(value)))}f")
    return _signed(value, ",.2f")


def percent(value: float) -> str:
    """A share as `−12.34 %`; a small one keeps three digits that count."""
    hundredfold = value * 100.0
    if 0.0 < abs(hundredfold) < 0.1:
        digits = 2 - math.floor(math.log10(abs(hundredfold)))
        return _signed(hundredfold, ".3g" if digits > 6 else f".{digits}f") + " %"
    return _signed(hundredfold, ",.2f") + " %"


def ratio(value: float) -> str:
    """`1.53`."""
    return _signed(value, ",.2f")


def count(value: float) -> str:
    """`1,234`."""
    return _signed(value, ",.0f")


def duration(ns: float) -> str:
    """The two largest units that matter: `3d 4h`, `4h 30m`, `45s`, `0s`."""
    left = round(ns)
    parts: list[tuple[int, str]] = []
    for unit, size in NS.items():
        amount, left = divmod(left, size)
        if amount or parts:
            parts.append((amount, unit))
        if len(parts) == 2:
            break
    words = [f"{amount:,}{unit}" for amount, unit in parts if amount]
    return " ".join(words) if words else f"{ns / NS['s']:.3g}s"


def _signed(value: float, form: str) -> str:
    text = f"{value:.3e}" if abs(value) >= LARGEST else f"{value:{form}}"
    if text.startswith("-"):
        body = text[1:]
        return MINUS + body if body.strip("0.,") else body  # −0.00 is nothing but rounding
    return text
