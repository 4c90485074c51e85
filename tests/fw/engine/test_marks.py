"""Mark prices: on the clock they judge liquidation, coarser than it they only price funding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import fw
from fw.domain.time import HOUR, BarSize, parse_time
from fw.engine.marks import missing_marks, required_marks
from fw.errors import DataError
from fw.parts.source import Want

START = parse_time("2024-01-01")


def bars(count: int, *, hours: int = 1, begin: int = 0) -> fw.Bars:
    """Flat bars from so many hours after the start on."""
    flat = np.full(count, 100.0)
    times = START + begin * HOUR + hours * HOUR * np.arange(count)
    return fw.Bars(size=BarSize(hours * HOUR), open_time=times, open=flat, high=flat, low=flat, close=flat, volume=flat)


def want(start: int | None = None, end: int | None = None) -> Want:
    """Hours of the run after the start."""
    edges = [None if hour is None else START + hour * HOUR for hour in (start, end)]
    return Want(instruments=("A",), bar=BarSize(HOUR), start=edges[0], end=edges[1])


@pytest.mark.parametrize(
    ("begin", "count", "asked", "covers"),
    [
        (0, 48, want(), True),
        (1, 47, want(), False),
        (0, 47, want(), False),
        (10, 10, want(10, 20), True),  # the rest of the bars is warm-up, or not asked for
        (11, 9, want(10, 20), False),
        (10, 9, want(10, 20), False),
        (0, 48, want(0, 480), True),  # where the bars end, the marks need not go on
    ],
)
def test_required_marks_cover_the_run_and_need_not_cover_its_warm_up(
    begin: int, count: int, asked: Want, covers: bool
) -> None:
    series = fw.Series(bars=bars(48), mark=bars(count, begin=begin))
    if covers:
        assert len(required_marks(series, "A", asked)) == count
        return
    with pytest.raises(DataError, match=r"A has mark prices from .* to .*, but bars from .* to .*; set source\.start"):
        required_marks(series, "A", asked)


@pytest.mark.parametrize(("begin", "count", "covers"), [(0, 6, True), (8, 5, False), (0, 5, False), (-8, 9, True)])
def test_coarser_marks_cover_a_run_where_they_have_its_stamps(begin: int, count: int, covers: bool) -> None:
    series = fw.Series(bars=bars(48), mark=bars(count, hours=8, begin=begin))
    assert (list(missing_marks(series, "A", want())) == []) == covers
    # from 03:00 to 19:00 there are the stamps of 08:00 and 16:00
    assert list(missing_marks(fw.Series(bars=bars(48), mark=bars(2, hours=8, begin=8)), "A", want(3, 19))) == []


def test_coarser_marks_price_the_funding_of_a_real_run(real_data: Path, tmp_path: Path) -> None:
    file = tmp_path / "march.yaml"
    file.write_text(
        f"""\
instruments: [BTCUSDT]
bar: 1h
account: {{capital: 10000, mark: last}}
source:
  use: files
  folder: {real_data}
  bars: btcusdt_perp_1h_2019-09_2024-12.parquet
  funding: btcusdt_perp_funding_8h_2019-09_2024-12.parquet
  mark: btcusdt_perp_mark_8h_2019-12_2024-12.parquet
  start: 2020-03-05
  end: 2020-03-15
strategy: buy_and_hold
sizer: {{use: fixed_fraction, fraction: 0.5}}
"""
    )
    paid = fw.load(file).run(write=False).funding.to_pandas()
    marks = pd.read_parquet(real_data / "btcusdt_perp_mark_8h_2019-12_2024-12.parquet").set_index("timestamp")["open"]
    settled = pd.read_parquet(real_data / "btcusdt_perp_funding_8h_2019-09_2024-12.parquet")
    rates = settled.assign(timestamp=settled["timestamp"].dt.floor("min")).set_index("timestamp")["funding_rate"]
    traded = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet").set_index("timestamp")["open"]
    stamps = pd.to_datetime(paid["time"], utc=True)
    assert len(stamps) == 29  # thirty in ten days, and nothing is held at the first
    assert not np.allclose(marks[stamps], traded[stamps], rtol=1e-6)
    by_hand = -paid["lots"].to_numpy() * 0.001 * marks[stamps].to_numpy() * rates[stamps].to_numpy()
    np.testing.assert_allclose(paid["amount"], by_hand, rtol=1e-12)


def test_a_mark_beyond_the_liquidation_price_closes_a_position_only_where_it_is_required(
    make_plan: Callable[..., Any], made_up: Any
) -> None:
    flat = (100.0, 100.0, 100.0, 100.0)
    market = made_up.market_of([flat] * 4)
    low = market.bars.low.copy()
    low[2] = 60.0
    data = attrs.evolve(market.series["A"], mark=attrs.evolve(market.bars, low=low))
    market = attrs.evolve(market, series={"A": data})

    class Long:
        def decide(self, view: fw.View) -> float:
            return 1.0

    for mark, liquidations in (("required", 1), ("last", 0)):
        account = {"funding": "zero", "mark": mark, "leverage": 3}
        result = make_plan(market, Long(), account=account, sizer={"fraction": 2.5}).run(write=False)
        assert result.totals["liquidations"] == liquidations
