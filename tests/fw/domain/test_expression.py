"""Arithmetic over columns gives what numpy gives, and nothing that is not arithmetic can be written in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fw.domain.expression import Expression, Undefined

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -6.0]])
B = np.array([[2.0, 5.0, 4.0], [8.0, 1.0, 3.0]])
COLUMNS = {"ema_20": A, "ema_50@4h": B, "ETHUSDT:rsi_14": A + B, "min": B}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(ema_20 - ema_50@4h) / 2", (A - B) / 2),
        ("-ema_20 + 1e-3", -A + 0.001),
        ("ema_20 ** 2 % 3", A**2 % 3),
        ("ETHUSDT:rsi_14*ema_20", (A + B) * A),
        ("ema_20 > 0", (A > 0).astype(float)),
        ("where(ema_20 <= -2, 10, ema_50@4h)", np.where(A <= -2, 10.0, B)),
        ("clip(ema_20, -1, 1)", np.clip(A, -1, 1)),
        ("max(abs(ema_20), sqrt(ema_50@4h))", np.maximum(abs(A), np.sqrt(B))),
        ("min (ema_20, min)", np.minimum(A, B)),  # a column may have the name of a function
        ("log(exp(ema_20)) - tanh(sign(ema_20))", A - np.tanh(np.sign(A))),
        (" 3 *\n ema_20 ", 3 * A),
    ],
)
def test_it_is_what_numpy_says(text: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(Expression(text).over(COLUMNS), expected, rtol=1e-15)


def test_it_names_its_columns() -> None:
    assert Expression("ema_20 / (ETHUSDT:rsi_14@1d + ema_20) - max(a, 2)").columns == (
        "ema_20",
        "ETHUSDT:rsi_14@1d",
        "a",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os').system('true')", "may hold columns"),
        ("ema_20.real", "may hold columns"),
        ("ema_20[0]", "may hold columns"),
        ("[ema_20]", "may hold columns"),
        ("lambda: ema_20", "cannot be read"),
        ("ema_20 if ema_20 else 1", "cannot be read"),
        ("ema_20 and 1", "cannot be read"),
        ("1 < ema_20 < 2", "may hold columns"),
        ("'a' * ema_20", "may hold columns"),
        ("ema_20 // 2", "may hold columns"),
        ("eval(ema_20)", "does not know the function 'eval'"),
        ("sqr(ema_20)", "did you mean 'sqrt'"),
        ("clip(ema_20, 1)", "clip takes 3 values, not 2"),
        ("abs(x=ema_20)", "may hold columns"),
        ("max(*ema_20)", "may hold columns"),
        ("ema_20 +", "cannot be read"),
        ("", "cannot be read"),
        ("1 + 2", "names no column"),
        ("1e999 * ema_20", "may hold columns"),
        ("9" * 400 + " * ema_20", "may hold columns"),  # a whole number that no float holds
        ("2j * ema_20", "may hold columns"),
        ("(" * 5_000, "characters at most"),
        ("(" * 900 + "ema_20" + ")" * 900, "cannot be read"),
    ],
)
def test_what_is_not_arithmetic_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "operation", "row"),
    [
        ("1 / (ema_20 - 3)", "1 / (ema_20 - 3)", (0, 2)),
        ("2 + sqrt(ema_20)", "sqrt(ema_20)", (0, 1)),
        ("log(ema_20 - 1)", "log(ema_20 - 1)", (0, 0)),
        ("exp(ema_20 * 1000)", "exp(ema_20 * 1000)", (0, 0)),
    ],
)
def test_a_row_without_a_number_is_told(text: str, operation: str, row: tuple[int, int]) -> None:
    with pytest.raises(Undefined) as told:
        Expression(text).over(COLUMNS)
    assert (told.value.operation, told.value.row) == (operation, row)


def test_a_row_has_no_value_exactly_where_a_column_has_none() -> None:
    a, b = A.copy(), B.copy()
    a[0, 0] = b[1, 2] = np.nan
    found = Expression("a * 0 + where(b > 1, 1, 0)").over({"a": a, "b": b})
    np.testing.assert_array_equal(np.isnan(found), np.isnan(a) | np.isnan(b))


@given(st.text(alphabet="ab_1.+-*/()%<>=,:@ 'xe", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        expression = Expression(text)
    except ValueError:
        return
    assert expression.columns
