"""What every test may use: the real market data where it is present."""

from __future__ import annotations

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market data; skips where it is absent."""
    folder = Path(os.environ.get("FW_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "btcusdt_perp_1h_2019-09_2024-12.parquet").exists():
        pytest.skip(f"no real market data in {folder}; set FW_REAL_DATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def by_hand() -> ModuleType:
    """The module that makes results by hand (`tests/by_hand.py`), with a plain ledger of its own."""
    spec = spec_from_file_location("by_hand", Path(__file__).with_name("by_hand.py"))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["by_hand"] = module
    spec.loader.exec_module(module)
    return module
