"""Imports only point down, and heavy libraries are imported where they are used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
KERNEL = REPOSITORY / "framework" / "fw"
PLUGINS = REPOSITORY / "plugins"

FLOORS = {
    "errors": 1,
    "setting": 1,
    "domain": 2,
    "log": 2,
    "progress": 2,
    "workspace": 2,
    "parts": 3,
    "ledger": 3,
    "hookspecs": 4,
    "hookcheck": 4,
    "installed": 4,
    "plugins": 4,
    "registry": 4,
    "install": 4,
    "complaint": 4,
    "scaffold": 4,
    "settings": 4,
    "engine": 5,
    "plan": 5,
    "doctor": 5,
    "testing": 6,
    "cli": 7,
}
"""Each module or folder of the kernel, and its floor; `fw/__init__.py` only names what others hold."""

FOR_PLUGINS = ("fw", "fw.ledger", "fw.testing", "fw.domain", "fw.parts", "fw.errors")
HEAVY = ("torch", "ccxt", "numba", "pandas", "plotly", "pyarrow")


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports(code: str, *, only_on_import: bool) -> Iterator[tuple[int, str]]:
    """Line and absolute module of each import outside `if TYPE_CHECKING`; `only_on_import` leaves functions out."""
    waiting: list[ast.AST] = [ast.parse(code)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from fw import cli` reaches the module fw.cli, so both forms are judged
            module = "." * node.level + (node.module or "")
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{name.name}") for name in node.names)
        elif only_on_import and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if is_type_checking(node):
            assert isinstance(node, ast.If)
            waiting.extend(node.orelse)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def floor_of(module: str) -> tuple[str, int] | None:
    """The part of the kernel a module belongs to, and its floor; None for what is not in the kernel."""
    names = module.split(".")
    if names[0] != "fw" or len(names) < 2 or names[1] not in FLOORS:
        return None
    return names[1], FLOORS[names[1]]


def kernel_complaints(path: str, code: str) -> list[str]:
    """What a file of the kernel imports from a higher floor; `path` is relative to `framework/fw`."""
    own = Path(path).parts[0].removesuffix(".py")
    if own in ("__init__", "__main__"):
        return []
    if own not in FLOORS:
        return [f"framework/fw/{path}: {own!r} has no floor yet; give it one in tests/test_floors.py"]
    found = []
    for line, module in imports(code, only_on_import=False):
        if module.startswith("."):
            found.append(f"framework/fw/{path}:{line}: write the import of {module!r} from `fw` on")
        reached = floor_of(module)
        if reached and reached[1] > FLOORS[own]:
            found.append(
                f"framework/fw/{path}:{line}: {own} (floor {FLOORS[own]}) imports {module} (floor {reached[1]}). "
                f"Imports only point down: move what both need to {own} or below, or hand it in as an argument"
            )
        if module.startswith("fw_"):
            found.append(f"framework/fw/{path}:{line}: the kernel knows no plugin by name, but imports {module}")
    return found


def plugin_complaints(path: str, code: str) -> list[str]:
    """What a bundled plugin imports that a plugin of a stranger could not; `path` is relative to `plugins`."""
    own = Path(path).parts[0]
    found = []
    for line, module in imports(code, only_on_import=False):
        top = module.split(".")[0]
        public = module == "fw" or any(module == name or module.startswith(f"{name}.") for name in FOR_PLUGINS[1:])
        if top == "fw" and not public and floor_of(module):
            found.append(
                f"plugins/{path}:{line}: {own} imports {module}. Plugins use fw, fw.errors, fw.ledger, fw.testing, "
                f"fw.domain and fw.parts, as any other author's plugin must"
            )
        if top.startswith("fw_") and top != own:
            found.append(f"plugins/{path}:{line}: {own} imports {module}. Plugins never import one another")
    return found


def heavy_complaints(path: str, code: str) -> list[str]:
    """Heavy libraries imported as soon as the file is; `path` is relative to the repository."""
    if path.startswith("framework/fw/ledger/") or path.endswith("kernels.py"):
        return []
    heavy = {line: module.split(".")[0] for line, module in imports(code, only_on_import=True)}
    return [
        f"{path}:{line}: {name} is imported when the file is. Import it inside the function or `build` that uses it, "
        f"so that `fw --help` stays quick"
        for line, name in heavy.items()
        if name in HEAVY
    ]


def files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")


def test_imports_of_the_kernel_point_down() -> None:
    found = [one for path, code in files(KERNEL) for one in kernel_complaints(str(path.relative_to(KERNEL)), code)]
    assert not found, "\n".join(found)


def test_plugins_use_only_what_any_author_may_use() -> None:
    found = [one for path, code in files(PLUGINS) for one in plugin_complaints(str(path.relative_to(PLUGINS)), code)]
    assert not found, "\n".join(found)


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    found = [
        one
        for folder in (KERNEL, PLUGINS)
        for path, code in files(folder)
        for one in heavy_complaints(path.relative_to(REPOSITORY).as_posix(), code)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("domain/bars.py", "from fw.parts.view import View"),
        ("domain/bars.py", "import fw.engine.loop"),
        ("ledger/step.py", "def step():\n    from fw.registry import find"),
        ("settings/read.py", "from fw import plan"),
        ("engine/loop.py", "from fw.testing.markets import trend"),
        ("engine/loop.py", "import fw_backtest.broker"),
        ("errors.py", "from .domain import bars"),
        ("newcomer.py", "import os"),
    ],
)
def test_a_planted_upward_import_in_the_kernel_is_caught(path: str, code: str) -> None:
    assert kernel_complaints(path, code)


@pytest.mark.parametrize(
    "code",
    [
        "import fw.engine",
        "from fw.cli import main",
        "from fw.plan import load",
        "import fw_sizing",
        "from fw import engine",
    ],
)
def test_a_planted_import_in_a_plugin_is_caught(code: str) -> None:
    assert plugin_complaints("fw_risk/plugin.py", code)


@pytest.mark.parametrize(
    "code",
    [
        "import fw",
        "from fw import Signal, hookimpl",
        "from fw.ledger import kernel",
        "from fw.domain.bars import Bars",
        "from fw_risk.limits import MaxExposure",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fw.plan import Plan",
    ],
)
def test_what_plugins_may_import_passes(code: str) -> None:
    assert not plugin_complaints("fw_risk/plugin.py", code)


@pytest.mark.parametrize(
    "code", ["import pandas as pd", "from numba import njit", "import pyarrow.parquet", "class A:\n    import torch"]
)
def test_a_planted_heavy_import_is_caught(code: str) -> None:
    assert heavy_complaints("plugins/fw_files/plugin.py", code)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("plugins/fw_files/read.py", "def read():\n    import pandas as pd"),
        ("plugins/fw_features/kernels.py", "import numba"),
        ("framework/fw/ledger/step.py", "from numba import njit"),
        ("framework/fw/domain/bars.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas as pd"),
    ],
)
def test_a_heavy_import_in_its_place_passes(path: str, code: str) -> None:
    assert not heavy_complaints(path, code)
