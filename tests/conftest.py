"""What every test may use: the real market data where it is present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market data; skips where it is absent."""
    folder = Path(os.environ.get("FW_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "btcusdt_perp_1h_2019-09_2024-12.parquet").exists():
        pytest.skip(f"no real market data in {folder}; set FW_REAL_DATA to a folder that has it")
    return folder
