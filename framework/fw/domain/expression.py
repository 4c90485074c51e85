"""Arithmetic over columns, written as text: read by a whitelist of what may stand in it, never evaluated as code.

    (ema_20 - ema_50) / atr_14
    clip(rsi_14 / 50 - 1, -1, 1) * (volume_z_20 > 0)
    ETHUSDT:rsi_14@4h - rsi_14

Columns stand under the names that they have in the run. Every operation is done row by row, so a row needs nothing but
its own: what is causal stays causal.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float64]

COLUMN = re.compile(r"[A-Za-z_]\w*(?::[A-Za-z_]\w*)?(?:@\w+)?")
"""A column's name: `rsi_14`, `rsi_14@4h`, `ETHUSDT:rsi_14`."""

MOST_CHARACTERS = 2_000
OPERATORS: Mapping[type[Any], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.Pow: "power",
    ast.Mod: "mod",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.USub: "negative",
    ast.UAdd: "positive",
}
"""What may stand between values, and numpy's function for it; a comparison is 1 where it holds, else 0."""

FUNCTIONS: Mapping[str, tuple[str, int]] = {
    "abs": ("abs", 1),
    "sign": ("sign", 1),
    "sqrt": ("sqrt", 1),
    "log": ("log", 1),
    "exp": ("exp", 1),
    "tanh": ("tanh", 1),
    "min": ("minimum", 2),
    "max": ("maximum", 2),
    "clip": ("clip", 3),
    "where": ("where", 3),
}
"""Each function, numpy's name for it, and how many values it takes. `where(a > b, x, y)` is x where a > b, else y."""


class Undefined(ValueError):
    """A row has no number: `row` is [instrument, bar], `operation` what was done there."""

    def __init__(self, operation: str, row: tuple[int, ...]) -> None:
        super().__init__(f"{operation} has no number there")
        self.operation = operation
        self.row = row


@attrs.frozen
class Expression:
    """One expression, read; ValueError says what may not stand in it."""

    text: str
    _tree: ast.expr = attrs.field(init=False, eq=False, repr=False)
    _names: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if len(self.text) > MOST_CHARACTERS:
            raise ValueError(f"an expression has {MOST_CHARACTERS:,} characters at most")
        names: list[str] = []

        def number(match: re.Match[str]) -> str:
            """A name that Python can read, in place of a column's; functions keep theirs."""
            name = match[0]
            if name in FUNCTIONS and self.text[match.end() :].lstrip().startswith("("):
                return name
            if name not in names:
                names.append(name)
            return f"_{names.index(name)}_"

        plain = re.sub(rf"(?<![\w.]){COLUMN.pattern}", number, self.text)
        try:
            tree = ast.parse(" ".join(plain.split()), mode="eval").body
        except (SyntaxError, RecursionError, MemoryError):
            raise ValueError(f"cannot be read as arithmetic: {self.text!r}") from None
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "_names", tuple(names))
        self._check(tree)
        if not names:
            raise ValueError(f"names no column: {self.text!r}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, each once, as they come."""
        return self._names

    def _check(self, node: ast.expr) -> None:
        """ValueError where a node is none of those that may be."""
        for part in _parts(node):
            self._check(part)
        if isinstance(node, ast.Name) and self._column(node) is not None:
            return
        if isinstance(node, ast.Constant) and _number(node) is not None:
            return
        if isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) in OPERATORS:
            return
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            self._check_call(node)
            return
        raise ValueError(f"may hold columns, numbers, + - * / % ** and comparisons, not {self._said(node)!r}")

    def _check_call(self, node: ast.Call) -> None:
        assert isinstance(node.func, ast.Name)
        name = self._column(node.func) or node.func.id
        if name not in FUNCTIONS:
            close = get_close_matches(name, FUNCTIONS, n=1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(f"does not know the function {name!r}{meant}; there is {', '.join(FUNCTIONS)}")
        wanted = FUNCTIONS[name][1]
        if len(node.args) != wanted:
            raise ValueError(f"{name} takes {wanted} value{'s' * (wanted != 1)}, not {len(node.args)}")

    def _column(self, node: ast.Name) -> str | None:
        """The column behind a name of the tree."""
        found = re.fullmatch(r"_(\d+)_", node.id)
        return self._names[int(found[1])] if found else None

    def _said(self, node: ast.AST) -> str:
        """A part of the tree as it was written."""
        return re.sub(r"\b_(\d+)_\b", lambda match: self._names[int(match[1])], ast.unparse(node))

    def over(self, columns: Mapping[str, Rows]) -> Rows:
        """The value of every row; NaN exactly where a column that it reads has none.

        `Undefined` where all columns have numbers and an operation gives none: a division by 0, a root below 0.
        """
        import numpy as np

        values = [np.asarray(columns[name], dtype=np.float64) for name in self._names]
        known = ~np.isnan(values[0])
        for column in values[1:]:
            known = known & ~np.isnan(column)

        def value(node: ast.expr) -> Any:
            if isinstance(node, ast.Constant):
                return _number(node)
            if isinstance(node, ast.Name):
                name = self._column(node)
                assert name is not None
                return values[self._names.index(name)]
            parts = [value(part) for part in _parts(node)]
            operation: Callable[..., Any] = getattr(np, self._operation(node))
            with np.errstate(all="ignore"):
                result = np.asarray(operation(*parts), dtype=np.float64)
            bad = known & ~np.isfinite(result)
            if bad.any():
                raise Undefined(self._said(node), tuple(int(at) for at in np.argwhere(bad)[0]))
            return result

        found = np.where(known, value(self._tree), np.nan)
        rows: Rows = np.ascontiguousarray(found)
        return rows

    def _operation(self, node: ast.expr) -> str:
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Name)
            return FUNCTIONS[node.func.id][0]
        if isinstance(node, ast.Compare):
            return OPERATORS[type(node.ops[0])]
        assert isinstance(node, ast.BinOp | ast.UnaryOp)
        return OPERATORS[type(node.op)]


def _number(node: ast.Constant) -> float | None:
    """A number as it was written; None for any other constant, True and infinity among them."""
    value = node.value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= sys.float_info.max else None


def _parts(node: ast.expr) -> list[ast.expr]:
    """The values that a node is made of."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    return list(node.args) if isinstance(node, ast.Call) else []
