"""Writes the page of Python out of the sources: signatures, docstrings, and a table of the members of each class."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import cleandoc
from pathlib import Path

Function = ast.FunctionDef
Member = ast.FunctionDef | ast.AnnAssign

INTRODUCTION = """
    Public is what this page names: `fw.__all__` (with `fw.__version__`), the hooks, `fw.ledger` and `fw.testing`. A
    public name that is to go warns for one minor release first. What can be imported as `fw.Name` is written so here.
"""

SECTIONS: Sequence[tuple[str, str, Sequence[str]]] = (
    ("Run things", "", ("load", "backtest", "Plan", "Result")),
    (
        "Decide",
        "`fw.LONG`, `fw.SHORT` and `fw.FLAT` are the strengths 1, -1 and 0. `fw.Orders` is a tuple of `fw.Place`, "
        "`fw.Amend` and `fw.Cancel`.",
        ("Signal", "Target", "Veto", "Place", "Amend", "Cancel"),
    ),
    (
        "See",
        "What a strategy, sizer or risk check is shown. Plugins need those with a longer name for annotations only.",
        (
            "View",
            *(f"fw.parts.view.{name}" for name in ("BarsView", "PositionView", "AccountView", "StampsView")),
            "History",
            "fw.parts.strategy.HistoryBars",
            "SignalArrays",
        ),
    ),
    (
        "Parts",
        "Contracts, to satisfy and not to subclass; `fw.setting` declares what a strategy file may say of a part.",
        (
            "setting",
            "Run",
            "Source",
            "Want",
            "FeatureSet",
            "Model",
            "Fitted",
            "Strategy",
            "fw.parts.strategy.JointStrategy",
            "fw.parts.strategy.ArrayStrategy",
            "Sizer",
            "fw.parts.sizer.TermsSizer",
            "fw.parts.sizer.ArraySizer",
            "RiskCheck",
            "fw.parts.risk.TermsCheck",
            "Broker",
            "SimulatedBroker",
            "Terms",
            "Inbox",
            "Metric",
            "Unmeasured",
            "Reporter",
            "Observer",
        ),
    ),
    (
        "Data",
        "",
        (
            *(
                "Market",
                "Series",
                "Stamps",
                "Bars",
                "Frame",
                "Instrument",
                "Tier",
                "Order",
                "AccountReport",
                "Position",
            ),
            *("Windows", "Forecasts", "BarSize", "Duration", "Length"),
        ),
    ),
)

HOOKS = """
    Each function of a plugin that is a hook is marked with `@fw.hookimpl`. A plugin may leave out arguments it does
    not need.
"""

TESTING = """
    Import them from `fw.testing`. The function for each kind of part walks through what the kernel relies on; call it
    from one test of your plugin.
"""


def python_api() -> str:
    """The whole page."""
    body = ["# Python\n", cleandoc(INTRODUCTION) + "\n"]
    for title, said, names in SECTIONS:
        body += [f"## {title}\n", *([f"{said}\n"] if said else [])]
        for name in names:
            body += entry(name if "." in name else f"fw.{name}")
    body += ["## Hooks\n", cleandoc(HOOKS) + "\n"]
    for hook in definition("fw.hookspecs.Hooks")[0].body:
        if isinstance(hook, Function):
            body += function(hook.name, hook)
    body += ["## Kernels\n", "A compiled function of yours: `from fw.ledger import kernel`.\n"]
    body += entry("fw.ledger.kernel")
    body += ["## Testing\n", cleandoc(TESTING) + "\n", _docstring(_source("fw.testing")).partition("\n\n")[2] + "\n"]
    for name in import_module("fw.testing").__all__:
        body += entry(f"fw.testing.{name}")
    for name in ("FakeRun", "FakeView", "FakePosition", "FakeAccount", "FakeHistory"):
        body += fake(f"fw.testing.fakes.{name}")
    for module in ("markets", "results"):
        for node in _source(f"fw.testing.{module}").body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                body += function(f"fw.testing.{module}.{node.name}", node)
    return "\n".join(body)


def entry(path: str) -> list[str]:
    """A function or class as Markdown, under the name by which it is imported."""
    node, source = definition(path)
    return function(path, node) if isinstance(node, Function) else class_(path, node, source)


def function(path: str, node: Function) -> list[str]:
    """How it is called, and its whole docstring."""
    return [f"### `{path}`\n", f"`{signature(node)}`\n", f"{_docstring(node)}\n"]


def fake(path: str) -> list[str]:
    """A stand-in by what it is made of; what it answers is what the real one does."""
    node, source = definition(path)
    assert isinstance(node, ast.ClassDef)
    fields = [named_and_typed(member) for member, _ in documented(node, source) if isinstance(member, ast.AnnAssign)]
    made_of = ", ".join(f"{name}: {type_}".replace("`", "") for name, type_ in fields)
    return [f"### `{path}`\n", f"`{node.name}({made_of})`\n", f"{_docstring(node)}\n"]


def class_(path: str, node: ast.ClassDef, source: ast.Module) -> list[str]:
    """What it is, and what can be asked of it."""
    lines = ["| member | type | what it is |", "|---|---|---|"]
    for member, said in documented(node, source):
        cells = (*named_and_typed(member), " ".join(said.split()))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [f"### `{path}`\n", f"{_docstring(node)}\n", *(["\n".join(lines) + "\n"] if len(lines) > 2 else [])]


def documented(node: ast.ClassDef, source: ast.Module) -> Iterator[tuple[Member, str]]:
    """Public members and what is said of them, those of a base in the same source first."""
    bases = {ast.unparse(base) for base in node.bases}
    for other in source.body:
        if isinstance(other, ast.ClassDef) and other.name in bases:
            yield from documented(other, source)
    for member, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(member, Function):
            checks = any(ast.unparse(mark).endswith(".validator") for mark in member.decorator_list)
            if not checks and (not member.name.startswith("_") or member.name == "__len__"):
                yield member, _docstring(member).partition("\n\n")[0]
        elif isinstance(member, ast.AnnAssign) and not _is_private(member):
            # a text right after a field is about the field
            said = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            yield member, cleandoc(str(said))


def named_and_typed(member: Member) -> tuple[str, str]:
    """The first two cells of a member's row."""
    if isinstance(member, ast.AnnAssign):
        default = _default(member.value)
        is_said = f" = {default}" if default else ""
        return f"`{ast.unparse(member.target)}`", f"`{ast.unparse(member.annotation)}{is_said}`"
    returns = f"`{ast.unparse(member.returns)}`" if member.returns else ""
    if member.name == "__len__":
        return "`len(…)`", returns
    if {ast.unparse(mark) for mark in member.decorator_list} & {"property", "cached_property"}:
        return f"`{member.name}`", returns
    return f"`{signature(member).partition(' -> ')[0]}`", returns


def signature(node: Function) -> str:
    """How it is called, without `self`."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    said = [_argument(*pair) for pair in zip(positional, defaults, strict=True) if pair[0].arg not in ("self", "cls")]
    if given.vararg:
        said.append(f"*{_argument(given.vararg)}")
    elif given.kwonlyargs:
        said.append("*")
    said += [_argument(*pair) for pair in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg:
        said.append(f"**{_argument(given.kwarg)}")
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({', '.join(said)}){returns}"


def _argument(argument: ast.arg, default: ast.expr | None = None) -> str:
    said = f"{argument.arg}: {ast.unparse(argument.annotation)}" if argument.annotation else argument.arg
    return f"{said} = {ast.unparse(default)}" if default is not None else said


def _default(value: ast.expr | None) -> str:
    """The default of a field, empty where it has none."""
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "attrs.field"):
        return ast.unparse(value) if value is not None else ""
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in value.keywords}
    made = given.get("factory", "")
    if made:
        return "..." if "lambda" in made else {"dict": "{}"}.get(made, f"{made}()")
    return given.get("default", "")


def _is_private(field: ast.AnnAssign) -> bool:
    """Whether a field is for the kernel only: by its name, or because it is not shown."""
    return ast.unparse(field.target).startswith("_") or "repr=False" in ast.unparse(field)


def definition(path: str) -> tuple[ast.ClassDef | Function, ast.Module]:
    """The class or function of this path, and the source that defines it."""
    module, _, name = path.rpartition(".")
    found = getattr(import_module(module), name)
    source = _source(found.__module__)
    for node in source.body:
        if isinstance(node, Function | ast.ClassDef) and node.name == found.__name__:
            return node, source
    raise LookupError(f"{path} is not defined in {found.__module__}")


@cache
def _source(module: str) -> ast.Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(f"there is no module {module}")
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _docstring(node: ast.ClassDef | Function | ast.Module) -> str:
    return ast.get_docstring(node) or ""
