"""Bars cut and made larger, against pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fw.domain.bars import Bars, resample
from fw.domain.time import DAY, HOUR, MINUTE, BarSize, parse_time
from fw.errors import DataError

SUMMED = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def some_bars(count: int, *, size: int = 15 * MINUTE, start: int = 0, seed: int = 0) -> Bars:
    """A random walk; the witness of what is done to it is pandas."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.concatenate(([100.0], close[:-1])) if count else close
    return Bars(
        size=BarSize(size),
        open_time=start + size * np.arange(count),
        open=opened,
        high=np.maximum(opened, close) * 1.001,
        low=np.minimum(opened, close) * 0.999,
        close=close,
        volume=rng.integers(0, 1000, count),
        extra={"trades": rng.integers(0, 50, count)},
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 400),
    st.integers(0, 700),
    st.sampled_from(["15m", "30m", "1h", "4h", "12h", "1d", "1w"]),
    st.sets(st.integers(0, 399), max_size=40),
)
def test_larger_bars_are_those_of_pandas(count: int, offset: int, larger: str, missing: set[int]) -> None:
    bars = some_bars(count, start=offset * 15 * MINUTE)
    bars = bars.rows(np.setdiff1d(np.arange(count), np.array(sorted(missing), int)))
    size = BarSize.parse(larger)
    ours = resample(bars, size)

    frame = bars.to_pandas()
    day = frame.index.normalize()
    opens = day - pd.to_timedelta(frame.index.day_of_week, "D") if larger == "1w" else frame.index.floor(f"{size.ns}ns")
    made = frame.groupby(opens).agg({**SUMMED, "trades": "sum"})
    if len(frame):  # the first and the last are left out where the data does not fill them
        ends = made.index + pd.Timedelta(size.ns)
        made = made[(made.index >= frame.index[0]) & (ends <= frame.index[-1] + pd.Timedelta(minutes=15))]
    assert list(ours.open_time) == [stamp.value for stamp in made.index.as_unit("ns")]
    for name in (*SUMMED, "trades"):
        column = ours.extra["trades"] if name == "trades" else getattr(ours, name)
        np.testing.assert_allclose(column, made[name].to_numpy(), rtol=1e-15)


def test_a_larger_bar_does_not_depend_on_what_is_around_it() -> None:
    bars = some_bars(4000, size=MINUTE, seed=3)
    whole = resample(bars, BarSize(HOUR))
    for first in (1, 60, 61, 1234, 3001):
        part = resample(bars.rows(slice(first, first + 500)), BarSize(HOUR))
        at = int(np.searchsorted(whole.open_time, part.open_time[0]))
        same = whole.rows(slice(at, at + len(part)))
        assert np.array_equal(part.volume, same.volume)
        assert np.array_equal(part.close, same.close)


def test_hours_of_minutes_of_real_candles_are_the_exchanges_own(real_data: Path) -> None:
    def read(name: str, size: str) -> Bars:
        frame = pd.read_parquet(real_data / name)
        times = frame.timestamp.dt.as_unit("ns").astype("int64")
        columns = {column: frame[column].to_numpy() for column in SUMMED}
        return Bars(size=BarSize.parse(size), open_time=times.to_numpy(), **columns)

    hours = resample(read("btcusdt_perp_1m_2023-07_2023-08.parquet", "1m"), BarSize(HOUR))
    theirs = read("btcusdt_perp_1h_2019-09_2024-12.parquet", "1h").between(
        int(hours.open_time[0]), int(hours.open_time[-1]) + 1
    )
    assert np.array_equal(hours.open_time, theirs.open_time)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(hours, name), getattr(theirs, name))


def test_a_bar_is_known_when_it_closes_and_not_before() -> None:
    bars = some_bars(10, size=HOUR)
    assert len(bars.known(HOUR - 1)) == 0
    assert len(bars.known(HOUR)) == 1
    assert len(bars.known(10 * HOUR)) == 10


@given(st.integers(-5, 30), st.integers(-5, 30))
def test_between_takes_open_times_from_start_to_before_end(start: int, end: int) -> None:
    bars = some_bars(20, size=HOUR)
    chosen = bars.between(start * HOUR, end * HOUR)
    assert list(chosen.open_time) == [t for t in range(0, 20 * HOUR, HOUR) if start * HOUR <= t < end * HOUR]


def test_cutting_copies_nothing_and_gives_nothing_that_can_be_written() -> None:
    bars = some_bars(100)
    part = bars.rows(slice(10, 20))
    assert np.shares_memory(part.close, bars.close)
    with pytest.raises(ValueError, match="read-only"):
        part.close[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        part.extra["trades"][0] = 1.0


def test_columns_of_different_length_are_refused() -> None:
    bars = some_bars(5)
    with pytest.raises(DataError, match="differ from 5 open times: high"):
        Bars(
            size=bars.size,
            open_time=bars.open_time,
            open=bars.open,
            high=bars.high[:4],
            low=bars.low,
            close=bars.close,
            volume=bars.volume,
        )


def test_a_dataframe_of_bars_is_indexed_by_open_time_in_utc() -> None:
    frame = some_bars(3, size=DAY, start=parse_time("2024-02-28")).to_pandas()
    assert [str(day.date()) for day in frame.index] == ["2024-02-28", "2024-02-29", "2024-03-01"]
    assert str(frame.index.tz) == "UTC"
    assert list(frame.columns) == ["open", "high", "low", "close", "volume", "trades"]
