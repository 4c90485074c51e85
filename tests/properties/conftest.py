"""Modules beside this file that are scripts as well."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def liquidation() -> ModuleType:
    """The search for prices of liquidation by halving (`liquidation.py`)."""
    spec = spec_from_file_location("liquidation", Path(__file__).with_name("liquidation.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
