"""How strong a return is coloured, the same on every page."""

from __future__ import annotations

from fw_report.text import MINUS

STEPS = (0.005, 0.03, 0.1)


def shade_of(value: float) -> str:
    """The class of a cell: `up-1` … `up-3`, `down-1` … `down-3`, or none for little movement."""
    strength = sum(abs(value) >= step for step in STEPS)
    return f"{'up' if value > 0 else 'down'}-{strength}" if strength else ""


def hundredths(value: float) -> str:
    """A share in percent, with two digits after the point whatever its size."""
    text = f"{abs(value) * 100.0:,.2f}"
    return MINUS + text if value < 0.0 and text.strip("0.,") else text
