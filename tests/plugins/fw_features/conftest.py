"""Real candles for the tests of features."""

from __future__ import annotations

import numpy as np
import pytest

import fw


@pytest.fixture(scope="session")
def real(real_data):
    """Five thousand real hours, with what the exchange states beside prices and volume where the file has it."""
    import pandas as pd

    frame = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet")[20_000:25_000]
    times = pd.DatetimeIndex(frame["timestamp"]).as_unit("ns").asi8
    columns = {name: frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close", "volume")}
    extra = {name: frame[name].to_numpy(np.float64) for name in ("trades", "taker_buy_volume") if name in frame}
    return fw.Market.single("BTCUSDT", fw.Bars(size=fw.BarSize.parse("1h"), open_time=times, extra=extra, **columns))
