"""The source `binance` gives what the exchange traded; what it lacks it fetches, or says what to type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

import fw
from fw.cli import main
from fw.domain.time import parse_time
from fw.testing.fakes import FakeRun
from fw_binance.environment import Hosts
from fw_binance.plugin import Binance

HOUR = 3_600 * 10**9
EVERYTHING = ("bars", "funding", "mark", "index", "premium", "open_interest", "long_short", "taker_ratio")
WANT = fw.Want(
    instruments=("BTCUSDT", "ETHUSDT"),
    bar=fw.BarSize.parse("1h"),
    start=parse_time("2024-01-05"),
    end=parse_time("2024-01-12"),
    warmup=24,
    needs=EVERYTHING,
)


@pytest.fixture
def venue(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    """Two weeks of hours of two contracts."""
    return make_venue(venue_kit.market(("BTCUSDT", "ETHUSDT"), 24 * 14, bar="1h"))


@pytest.fixture
def make_source(venue: Any, tmp_path: Path) -> Callable[..., Any]:
    def make(**settings: Any) -> Any:
        spec = Binance(environment=Hosts(**venue.hosts), **settings)
        return spec.build(FakeRun(workspace=tmp_path))

    return make


def test_history_is_the_market_of_the_exchange(venue: Any, make_source: Any) -> None:
    found = make_source(download=True).history(WANT)
    begin = WANT.start - 24 * HOUR
    for symbol in WANT.instruments:
        told, true = found.of(symbol), venue.market.of(symbol).between(begin, WANT.end)
        for name in ("open_time", "open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(told.bars, name), getattr(true.bars, name))
        np.testing.assert_array_equal(told.mark.close, true.mark.close)
        np.testing.assert_array_equal(told.funding.time, true.funding.time)
        np.testing.assert_array_equal(told.funding.value, true.funding.value)
        index = venue.market.of(symbol).stamps["index"]
        inside = (index.time >= begin) & (index.time < WANT.end)
        np.testing.assert_array_equal(told.stamps["index"]["high"], index["high"][inside])


def test_candles_of_index_and_premium_are_known_when_they_have_closed(make_source: Any) -> None:
    found = make_source(download=True).history(WANT)
    for kind in ("index", "premium"):
        stamps = found.stamps[kind]
        np.testing.assert_array_equal(stamps.published, stamps.time + HOUR)


def test_statistics_are_known_some_time_after_their_own(venue: Any, make_source: Any) -> None:
    found = make_source(download=True).history(WANT)
    true = venue.market.stamps["open_interest"]
    stamps = found.stamps["open_interest"]
    np.testing.assert_array_equal(stamps.published, stamps.time + 5 * 60 * 10**9)
    assert (np.diff(stamps.time) == 5 * 60 * 10**9).all()
    hours = (true.time >= stamps.time[0]) & (true.time < WANT.end)
    np.testing.assert_array_equal(stamps.value[np.searchsorted(stamps.time, true.time[hours])], true.value[hours])
    later = make_source(lag=fw.Duration.parse("20m")).history(WANT)
    np.testing.assert_array_equal(later.stamps["long_short"].published, stamps.time + 20 * 60 * 10**9)
    assert set(later.stamps["long_short"].columns) == {"accounts", "top_accounts", "top_positions"}


def test_takers_volumes_stand_in_the_candles_and_single_trades_say_the_rest(
    make_venue: Callable[..., Any], venue_kit: ModuleType, tmp_path: Path
) -> None:
    venue = make_venue(venue_kit.market(bars=180), pace=15_000)
    want = fw.Want(
        instruments=("BTCUSDT",),
        bar=fw.BarSize.parse("1m"),
        start=parse_time("2024-01-01T01:00Z"),
        end=parse_time("2024-01-01T02:00Z"),
        needs=("bars", "trades", "bars.taker_buy_volume"),
    )
    source = Binance(environment=Hosts(**venue.hosts), download=True).build(FakeRun(workspace=tmp_path))
    by_bar = source.history(want)
    np.testing.assert_array_equal(by_bar.stamps["trades"]["bought"], by_bar.bars.extra["taker_buy_volume"])
    assert set(by_bar.stamps["trades"].columns) == {"bought", "sold"}
    single = source.history(attrs.evolve(want, needs=("bars", "trades", "trades.buys"))).stamps["trades"]
    np.testing.assert_allclose(single["bought"] + single["sold"], by_bar.bars.volume, rtol=1e-9)
    assert (single["buys"] + single["sells"] >= 4).all(), "the exchange makes several trades of a minute at this pace"
    np.testing.assert_array_equal(single.published, by_bar.bars.close_time)


def test_without_download_it_says_what_to_type_and_that_helps(
    venue: Any, make_source: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(fw.DataError, match="lacks bars of BTCUSDT") as caught:
        make_source().history(WANT)
    command = str(caught.value).partition("`")[2].partition("`")[0]
    assert command == (
        "fw data download BTCUSDT ETHUSDT --bar 1h --kind klines,funding,mark,index,premium,metrics "
        f"--start 2024-01-04 --end 2024-01-12 --environment {venue.rest}"
    )
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(command.split()[1:])
    assert ended.value.code in (0, None)
    assert len(make_source().history(WANT).bars) == 24 * 8


def test_what_was_downloaded_is_read_without_the_exchange(venue: Any, make_source: Any) -> None:
    first = make_source(download=True).history(WANT)
    venue.stop()
    again = make_source(download=True).history(WANT)
    np.testing.assert_array_equal(again.bars.close, first.bars.close)
    assert again.notes == ()


def test_only_the_missing_part_is_named(make_source: Any, venue: Any) -> None:
    make_source(download=True).history(WANT)
    longer = attrs.evolve(WANT, end=parse_time("2024-01-14"))
    with pytest.raises(fw.DataError, match="from 2024-01-12 00:00 on"):
        make_source().history(longer)
    assert len(make_source().history(attrs.evolve(WANT, end=None)).bars) == 24 * 8, "without an end, what there is"


def test_dates_before_listing_are_not_asked_for_for_ever(make_source: Any) -> None:
    early = attrs.evolve(WANT, start=parse_time("2023-12-01"))
    notes = make_source(download=True).history(early).notes
    assert "BTCUSDT begins at 2024-01-01 00:00: earlier there is nothing to take" in notes
    assert int(make_source().history(early).bars.open_time[0]) == parse_time("2024-01-01")


def test_marks_are_a_note_unless_the_account_needs_them(make_source: Any, venue: Any, tmp_path: Path) -> None:
    plain = attrs.evolve(WANT, needs=("bars", "funding"))
    make_source(download=True).history(plain)
    marked = attrs.evolve(WANT, needs=("bars", "funding", "mark"))
    found = make_source().history(marked)
    assert found.mark is None
    assert any(
        "mark prices of BTCUSDT (1h) are not all in the store; `fw data download" in note for note in found.notes
    )
    run = FakeRun(workspace=tmp_path)
    run.settings.account = attrs.evolve(run.settings.account, mark="required")
    strict = Binance(environment=Hosts(**venue.hosts)).build(run)
    with pytest.raises(fw.DataError, match="lacks mark prices of BTCUSDT"):
        strict.history(marked)


def test_the_stores_of_two_exchanges_are_apart(venue: Any, make_source: Any, tmp_path: Path) -> None:
    make_source(download=True).history(WANT)
    real = Binance().build(FakeRun(workspace=tmp_path))
    with pytest.raises(fw.DataError, match=r"binance_usdm lacks bars .* --end 2024-01-12`"):
        real.history(WANT)


def test_a_hole_of_the_exchange_is_the_runs_to_judge(venue: Any, make_source: Any, tmp_path: Path) -> None:
    hole = parse_time("2024-01-08")
    venue.faults.without_row("/fapi/v1/klines", hole // 10**6)
    bars = make_source(download=True).history(WANT).bars
    assert hole not in bars.open_time
    assert len(bars) == 24 * 8 - 1
    file = tmp_path / "s.yaml"
    hosts = "{" + ", ".join(f"{name}: '{address}'" for name, address in venue.hosts.items()) + "}"
    file.write_text(
        "instruments: [BTCUSDT, ETHUSDT]\nbar: 1h\nstrategy: {use: sma_cross, fast: 2, slow: 5}\n"
        f"source: {{use: binance, environment: {hosts}, start: 2024-01-05, end: 2024-01-12}}\n",
        encoding="utf-8",
    )
    environ = {"FW_HOME": str(tmp_path)}
    with pytest.raises(fw.Gap, match=r"BTCUSDT: 1 bar missing from 2024-01-08 00:00.*source\.gaps"):
        fw.load(file, environ=environ, overrides=["source.download=true"]).market()
    market = fw.load(file, environ=environ, overrides=["source.gaps=flat"]).market()
    assert any("filled at the last close" in note for note in market.notes)
