"""A bar is the same whatever else is asked for, and a market the kernel finds nothing wrong with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

import fw_synthetic.plugin
from fw.domain.bars import Bars
from fw.domain.market import Market
from fw.domain.stamps import KINDS, Stamps
from fw.domain.time import DAY, OFFERED, BarSize, format_time, parse_time
from fw.engine.fingerprint import fingerprint
from fw.engine.prepare import prepare
from fw.errors import DataError
from fw.parts.source import Want
from fw_synthetic.plugin import Synthetic

Made = Callable[..., Market]
NEEDS = ("bars", "funding", "mark", *KINDS, "book.bid_5", "bars.trades")


def check_same_stamps(part: Stamps, same: Stamps) -> None:
    assert len(part) == len(same) > 0
    assert np.array_equal(part.time, same.time)
    assert np.array_equal(part.published, same.published)
    for name, column in part.columns.items():
        assert np.array_equal(column, same[name]), name


def check_same(part: Bars, whole: Bars) -> None:
    """Every bar of `part` stands in `whole`, to the last bit."""
    at = int(np.searchsorted(whole.open_time, part.open_time[0]))
    same = whole.rows(slice(at, at + len(part)))
    for name in ("open_time", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(part, name), getattr(same, name)), name


def test_without_a_range_it_is_two_years_of_2022_and_2023(made: Made) -> None:
    bars = made().bars
    assert format_time(bars.open_time[0]) == "2022-01-01 00:00"
    assert format_time(bars.open_time[-1]) == "2023-12-31 23:00"
    assert len(bars) == 730 * 24


def test_the_number_of_bars_may_be_said(made: Made) -> None:
    assert len(made(bars=1000).bars) == 1000
    assert len(made(bars=77, start="2023-05-01", bar="15m").bars) == 77
    late = made(bars=50, end="2023-05-01").bars
    assert (len(late), format_time(late.open_time[-1])) == (50, "2023-04-30 23:00")


@pytest.mark.parametrize("bar", ["1m", "15m", "1h", "8h", "1d", "1w"])
def test_another_start_or_end_changes_no_bar(made: Made, bar: str) -> None:
    whole = made("BTCUSDT", "ETHUSDT", bar=bar, start="2021-11-01", end="2022-03-01")
    for start, end in (("2021-12-15", "2022-01-20"), ("2021-11-03", "2021-11-20"), ("2022-01-05", "2022-02-27")):
        part = made("BTCUSDT", "ETHUSDT", bar=bar, start=start, end=end)
        for symbol in part.instruments:
            ours, theirs = part.of(symbol), whole.of(symbol)
            check_same(ours.bars, theirs.bars)
            assert ours.mark is not None
            assert theirs.mark is not None
            check_same(ours.mark, theirs.mark)
            begin, end = ours.period
            assert ours.funding is not None
            assert theirs.funding is not None
            check_same_stamps(ours.funding, theirs.funding.between(begin, end))
            assert set(ours.stamps) == set(KINDS)
            for kind, stamps in ours.stamps.items():
                rows = stamps.between(begin + 1, None)  # on the first instant it depends on whether a bar came before
                check_same_stamps(rows, theirs.stamps[kind].between(begin + 1, end + 1))


def test_the_warm_up_comes_before_the_same_bars(made: Made) -> None:
    plain, warm = made(start="2022-03-01", end="2022-04-01"), made(start="2022-03-01", end="2022-04-01", warmup=500)
    assert len(warm.bars) == len(plain.bars) + 500
    assert warm.bars.open_time[500] == plain.bars.open_time[0]
    check_same(plain.bars, warm.bars)


def test_an_instrument_is_the_same_alone_and_among_others(made: Made) -> None:
    check_same(made("ETHUSDT", bars=500).bars, made("BTCUSDT", "ETHUSDT", "SOLUSDT", bars=500).of("ETHUSDT").bars)


def test_bars_of_different_sizes_agree_at_the_end_of_every_week(made: Made) -> None:
    hours, weeks = made(bar="1h").bars, made(bar="1w").bars
    ends = np.searchsorted(hours.close_time, weeks.close_time[:-1])
    assert np.array_equal(hours.close[ends], weeks.close[:-1])


def test_another_seed_is_another_market(made: Made) -> None:
    first, second = made(bars=5000, seed=1), made(bars=5000, seed=2)
    returns = [np.diff(np.log(market.bars.close)) for market in (first, second)]
    assert abs(np.corrcoef(*returns)[0, 1]) < 0.05


def test_the_market_is_the_same_in_every_process() -> None:
    code = (
        "from fw_synthetic.plugin import Synthetic; from fw.parts.source import Want;"
        "from fw.domain.time import BarSize; from fw.engine.fingerprint import fingerprint;"
        f"w = Want(instruments=('BTCUSDT', 'ETHUSDT'), bar=BarSize.parse('1h'), needs={NEEDS});"
        "print(fingerprint(Synthetic(bars=2000).build(None).history(w)))"
    )
    command = [sys.executable, "-c", code]
    said = {subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    want = Want(instruments=("BTCUSDT", "ETHUSDT"), bar=BarSize.parse("1h"), needs=NEEDS)
    source = Synthetic(bars=2000)
    assert {text.strip() for text in said} == {fingerprint(source.build(None).history(want))}  # type: ignore[arg-type]


@pytest.mark.parametrize("bar", OFFERED)
def test_the_kernel_finds_nothing_wrong_at_any_bar_size(made: Made, bar: str) -> None:
    end = "2022-03-01" if bar.endswith("m") else "2023-12-01"
    market = made("BTCUSDT", "ETHUSDT", bar=bar, start="2022-01-01", end=end)
    want = Want(instruments=market.instruments, bar=BarSize.parse(bar))
    out = prepare(market, want, mark="required")
    assert out.made_up
    assert out.series["BTCUSDT"].rules is not None


@pytest.mark.parametrize("settings", [{"price": 0.001}, {"price": 1e9}, {"volatility": 5.0, "jumps": 500.0}])
def test_extreme_settings_still_make_a_sound_market(made: Made, settings: dict[str, float]) -> None:
    for bar in ("15m", "1d"):
        market = made("BTCUSDT", bar=bar, end="2023-01-01", **settings)
        prepare(market, Want(instruments=("BTCUSDT",), bar=BarSize.parse(bar)), mark="required")


@pytest.mark.parametrize("price", [40_000.0, 3.5, 0.02])
def test_prices_stand_on_the_tick_and_volumes_on_the_lot(made: Made, price: float) -> None:
    market = made(bars=3000, price=price)
    contract = market.series["BTCUSDT"].rules
    assert contract is not None
    tick, lot = Decimal(repr(contract.tick)), Decimal(repr(contract.lot))
    for name in ("open", "high", "low", "close"):
        assert all(Decimal(repr(float(x))) % tick == 0 for x in getattr(market.bars, name)[::13])
    assert all(Decimal(repr(float(x))) % lot == 0 for x in market.bars.volume[::13])
    assert contract.snap(market.bars.close[-1]) == market.bars.close[-1]


def test_a_bar_opens_where_the_one_before_closed(made: Made) -> None:
    bars = made().bars
    tick = made().series["BTCUSDT"].rules.tick  # type: ignore[union-attr]
    assert np.abs(bars.open[1:] - bars.close[:-1]).max() <= tick * 1.001


def test_maintenance_margin_of_its_tiers_does_not_leap(made: Made) -> None:
    contract = made(bars=10).series["BTCUSDT"].rules
    assert contract is not None
    for lower, upper in pairwise(contract.tiers):
        margins = [upper.floor * tier.rate - tier.amount for tier in (lower, upper)]
        assert margins[0] == pytest.approx(margins[1])


def test_funding_is_settled_every_eight_hours(made: Made) -> None:
    funding = made(start="2022-01-01", end="2022-02-01").funding
    assert funding is not None
    assert funding.time[0] == parse_time("2022-01-01")
    assert set(np.diff(funding.time)) == {DAY // 3}
    assert len(funding) == 31 * 3


def test_a_range_in_which_no_bar_opens_is_an_error(made: Made) -> None:
    with pytest.raises(DataError, match="no bar of 1w opens"):
        made(bar="1w", start="2022-01-04", end="2022-01-05")


def test_the_plugin_offers_its_source_and_imports_nothing_heavy() -> None:
    assert fw_synthetic.plugin.fw_sources() == {"synthetic": Synthetic}
    code = "import sys, fw_synthetic.plugin; print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"
