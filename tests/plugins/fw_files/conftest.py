"""Files as people have them, written by the test that reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fw.domain.market import Market
from fw.domain.time import BarSize, parse_time
from fw.parts.source import Want
from fw_files.plugin import Files


@pytest.fixture
def candles() -> pd.DataFrame:
    """Six hours from 2024-01-01, `time` being naive and UTC."""
    close = np.array([100.5, 101.0, 99.5, 100.0, 102.25, 101.5])
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=6, freq="h", unit="ns"),
            "open": [100.0, 100.5, 101.0, 99.5, 100.0, 102.25],
            "high": close + 3,
            "low": close - 3,
            "close": close,
            "volume": [1.5, 2.0, 0.0, 3.25, 4.0, 5.0],
        }
    )


@pytest.fixture
def history(tmp_path: Path) -> Callable[..., Market]:
    """Build the source as the file `tmp_path/strategy.yaml` would, and ask it."""

    def ask(
        *instruments: str,
        bar: str = "1h",
        start: str | None = None,
        end: str | None = None,
        warmup: int = 0,
        **spec: Any,
    ) -> Market:
        run: Any = SimpleNamespace(settings=SimpleNamespace(path=tmp_path / "strategy.yaml"))
        want = Want(
            instruments=instruments or ("BTCUSDT",),
            bar=BarSize.parse(bar),
            start=start and parse_time(start),
            end=end and parse_time(end),
            warmup=warmup,
        )
        return Files(**spec).build(run).history(want)

    return ask
