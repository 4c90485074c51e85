"""Numbers as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw import Unmeasured
from fw_report.text import plain, shorten, show, width, wrap


@pytest.mark.parametrize(("value", "unit", "text"), [
    (1234.5, "money", "1,234.50"),
    (-1234.567, "money", "−1,234.57"),
    (0.0, "money", "0.00"),
    (0.01234, "money", "0.0123"),
    (-0.00000123, "money", "−1.23e-06"),
    (1.5e13, "money", "1.500e+13"),
    (0.1234, "percent", "12.34 %"),
    (-1.0, "percent", "−100.00 %"),
    (0.000123, "percent", "0.0123 %"),
    (0.0, "percent", "0.00 %"),
    (-0.004, "ratio", "0.00"),
    (1.526, "ratio", "1.53"),
    (12345, "count", "12,345"),
    (0, "duration", "0s"),
    (45 * 10**9, "duration", "45s"),
    (5_400 * 10**9, "duration", "1h 30m"),
    (3 * 86_400 * 10**9 + 59 * 60 * 10**9, "duration", "3d"),
    (400 * 86_400 * 10**9 + 3_600 * 10**9, "duration", "400d 1h"),
    (20 * 10**6, "duration", "0.02s"),
    (Unmeasured("no trades"), "ratio", "–"),
    (0.5, "parsec", "0.50"),
])  # fmt: skip
def test_a_value_is_written_in_its_unit(value: float, unit: str, text: str) -> None:
    assert show(value, unit=unit) == text


def test_control_characters_and_turned_writing_never_reach_the_terminal() -> None:
    assert plain("a\x1b[31mb\nc\u202ed") == "a [31mb c d"


@pytest.mark.parametrize("text", ["short", "日本語" * 40, "🚀" * 50, "a" * 200])
def test_a_long_name_is_cut_by_cells_not_letters(text: str) -> None:
    assert width(shorten(text, cells=20)) <= 20


@given(text=st.text(alphabet="ab 日🚀", max_size=200), cells=st.integers(10, 40))
def test_wrapped_text_fits_and_loses_nothing(text: str, cells: int) -> None:
    lines = wrap(text, cells=cells, indent="  ")
    assert all(width(line) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())
