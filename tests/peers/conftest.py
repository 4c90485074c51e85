"""The scripts of this folder find one another by their names, as when they are started; tests import them so too."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def harness() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of this folder by name."""
    sys.path.insert(0, str(HERE))
    yield importlib.import_module
    sys.path.remove(str(HERE))
    for path in HERE.glob("*.py"):
        if path.stem != "conftest":
            sys.modules.pop(path.stem, None)


@pytest.fixture(scope="session")
def ready(harness: Any) -> Callable[[str], Path]:
    """A peer's interpreter; skips where its environment is not there, for a test must not need the network."""

    def interpreter(peer: str) -> Path:
        environments = harness("environments")
        if not environments.is_ready(peer):
            made_by = f"python tests/peers/environments.py {peer}"
            pytest.skip(f"{environments.root()} has no environment of {peer}; {made_by} makes it")
        python: Path = environments.python_of(peer)
        return python

    return interpreter
