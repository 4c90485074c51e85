"""`fw.backtest` takes data in the forms people have it, and says what is missing in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import fw

COUNT = 48


class Long:
    def decide(self, view: fw.View) -> float:
        return 1.0


def frame(index: Any = None, **columns: Any) -> pd.DataFrame:
    close = 100.0 + np.sin(np.arange(COUNT))
    opened = np.concatenate(([100.0], close[:-1]))
    prices = {
        "open": opened,
        "high": np.maximum(opened, close) + 0.5,
        "low": np.minimum(opened, close) - 0.5,
        "close": close,
        "volume": np.ones(COUNT),
    }
    if index is None and not columns:
        index = pd.date_range("2024-01-01", periods=COUNT, freq="h", tz="UTC")
    return pd.DataFrame({**prices, **columns}, index=index)


TIMES = pd.date_range("2024-01-01", periods=COUNT, freq="h")
WHOLE = fw.backtest(frame(), Long())


@pytest.mark.parametrize(
    "data",
    [
        frame(TIMES),  # without a zone: UTC
        frame(TIMES.tz_localize("UTC").tz_convert("Asia/Tokyo")),
        frame(TIMES.as_unit("ms")),
        frame(open_time=TIMES),
        frame(timestamp=TIMES.tz_localize("UTC")),
        frame(date=TIMES.strftime("%Y-%m-%d %H:%M:%S")),
        frame(TIMES).rename(columns=str.capitalize),
        frame(TIMES).astype({"volume": int}),
        frame(TIMES)[["close", "low", "high", "open", "volume"]],
        frame(TIMES).assign(comment="x"),
        {"BTCUSDT": frame(TIMES)},
    ],
    ids=["naive", "tokyo", "ms", "open_time", "timestamp", "text", "capitals", "int", "order", "more", "mapping"],
)
def test_every_form_gives_the_same_run(data: Any) -> None:
    result = fw.backtest(data, Long())
    assert result.instruments == ("BTCUSDT",)
    np.testing.assert_array_equal(result.equity["time"], WHOLE.equity["time"])
    np.testing.assert_array_equal(result.equity["equity"], WHOLE.equity["equity"])


def test_bars_and_a_market_do_as_well() -> None:
    bars = WHOLE.market.bars
    for data in (bars, fw.Market.single("BTCUSDT", bars)):
        np.testing.assert_array_equal(fw.backtest(data, Long()).equity["equity"], WHOLE.equity["equity"])


def test_volume_may_be_missing() -> None:
    result = fw.backtest(frame(TIMES).drop(columns="volume"), Long())
    assert (result.market.bars.volume == 0).all()


def test_two_frames_share_an_account() -> None:
    result = fw.backtest(
        {"BTCUSDT": frame(TIMES), "ETHUSDT": frame(TIMES)}, Long(), sizer={"use": "fixed_fraction", "fraction": 0.4}
    )
    assert result.instruments == ("BTCUSDT", "ETHUSDT")
    assert set(result.fills["instrument"]) == {"BTCUSDT", "ETHUSDT"}


def test_the_bar_size_is_that_of_the_times() -> None:
    index = pd.date_range("2024-01-01", periods=COUNT, freq="15min")
    assert str(fw.backtest(frame(index), Long()).bar) == "15m"


def test_funding_is_a_series_of_rates() -> None:
    rates = pd.Series(0.001, index=pd.date_range("2024-01-01", "2024-01-03", freq="8h"))
    paid = fw.backtest(frame(TIMES), Long(), funding=rates)
    by_symbol = fw.backtest({"BTCUSDT": frame(TIMES)}, Long(), funding={"BTCUSDT": rates})
    assert paid.funding.rows == by_symbol.funding.rows == 5
    assert (paid.funding["amount"] < 0).all()
    assert WHOLE.funding.rows == 0
    assert any("funding" in note for note in WHOLE.notes)


def test_nothing_is_written(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fw.backtest(frame(TIMES), Long())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (frame(TIMES).drop(columns=["high", "low"]), "the frame has no high, low; it has open, close, volume"),
        (frame(TIMES).reset_index(drop=True), "the frame has no times: give a DatetimeIndex, or a column open_time"),
        (frame(TIMES)[:1], "1 bars do not show their size"),
        (frame(TIMES)[:0], "0 bars do not show their size"),
        (frame(pd.date_range("2024-01-01", periods=COUNT, freq="7min")), "420 s apart, which is no bar size"),
        (frame(TIMES[::-1]), "BTCUSDT"),
        (frame(TIMES.where(np.arange(COUNT) != 3)), "has bars without a time"),
        (frame(TIMES.delete(5).append(TIMES[-1:] + pd.Timedelta("1h"))), "BTCUSDT"),  # a hole
        (frame(TIMES).assign(high=1.0), "BTCUSDT"),
        (frame(TIMES).assign(close=np.nan), "BTCUSDT"),
        ({}, "there is no data"),
        ([1, 2, 3], "wants a DataFrame of bars or fw.Bars, not list"),
        ("prices.csv", "wants a DataFrame of bars or fw.Bars, not str"),
    ],
    ids=[
        "columns",
        "times",
        "one",
        "none",
        "7m",
        "backwards",
        "no time",
        "hole",
        "high",
        "nan",
        "empty",
        "list",
        "str",
    ],
)
def test_data_that_cannot_be_run_says_why(data: Any, words: str) -> None:
    with pytest.raises(fw.DataError, match=words) as caught:
        fw.backtest(data, Long())
    assert "\n" not in str(caught.value)


def test_funding_of_another_shape_says_why() -> None:
    with pytest.raises(fw.DataError, match="funding is a Series of rates with a DatetimeIndex, not list"):
        fw.backtest(frame(TIMES), Long(), funding=[0.001])


def test_settings_are_those_of_the_file_and_mistakes_are_named() -> None:
    result = fw.backtest(frame(TIMES), Long(), account={"capital": 500}, name="mine")
    assert (result.capital, result.name) == (500.0, "mine")
    with pytest.raises(fw.SettingsError, match="capitel"):
        fw.backtest(frame(TIMES), Long(), account={"capitel": 500})
    with pytest.raises(fw.FwError, match="no_such_strategy"):
        fw.backtest(frame(TIMES), "no_such_strategy")
