"""Real candles go in, and exactly those come out: over streams as they close, by REST, and in the archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

import fw

FILE = "btcusdt_perp_1m_2023-07_2023-08.parquet"
COLUMNS = ("open", "high", "low", "close", "volume")

STRATEGY = """\
name: real
instruments: [BTCUSDT]
bar: 1m
account: {{funding: zero}}
source: {{use: files, bars: "{file}", start: 2023-08-01, end: 2023-08-03}}
strategy: buy_and_hold
"""


@pytest.fixture
def real(real_data: Path, tmp_path: Path, make_venue: Callable[..., Any]) -> tuple[Any, pd.DataFrame]:
    """A venue over two real days, at noon of the first, and the file itself by open time in ms."""
    file = real_data / FILE
    if not file.exists():
        pytest.skip(f"no {FILE} in {real_data}")
    strategy = tmp_path / "real.yaml"
    strategy.write_text(STRATEGY.format(file=file), encoding="utf-8")
    market = fw.load(strategy, environ={}).market()
    frame = pd.read_parquet(file)
    frame.index = pd.DatetimeIndex(pd.to_datetime(frame["timestamp"], utc=True)).as_unit("ms").asi8
    return make_venue(market, at=len(market.bars) - 2160, pace=15_000), frame


def test_a_stream_closes_the_candles_of_the_file(real: tuple[Any, pd.DataFrame], venue_kit: ModuleType) -> None:
    venue, frame = real
    start = venue.clock.now
    path = "/market/ws/btcusdt@kline_1m"
    found = venue_kit.heard(venue, path, lambda: venue.clock.advance(ms=180 * 60_000))
    closed = [message["k"] for message in found if message["k"]["x"]]
    assert [k["t"] for k in closed] == [start + 60_000 * n for n in range(180)]
    for k in closed:
        row = frame.loc[k["t"]]
        assert [float(k[name]) for name in "ohlcv"] == [float(row[name]) for name in COLUMNS]
    rows = venue_kit.rows(venue, f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m&startTime={start}&limit=180")
    assert [[k[name] for name in "tohlcvTqnVQB"] for k in closed] == rows


def test_an_archived_day_holds_the_candles_of_the_file(real: tuple[Any, pd.DataFrame], venue_kit: ModuleType) -> None:
    venue, frame = real
    venue.clock.advance(ms=24 * 3_600_000)
    body = venue_kit.get(venue, "/data/futures/um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2023-08-01.zip")[2]
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        lines = list(csv.reader(io.StringIO(packed.read("BTCUSDT-1m-2023-08-01.csv").decode())))[1:]
    table = pd.DataFrame([[float(cell) for cell in line[:6]] for line in lines]).set_index(0)
    wanted = frame.loc[[int(time) for time in table.index], list(COLUMNS)].astype(float)
    assert len(table) == 1440
    assert table.to_numpy().tolist() == wanted.to_numpy().tolist()
