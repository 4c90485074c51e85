"""Which file a path means, and what is said when it means none or several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import fw_files.plugin
from fw.domain.market import Market
from fw.domain.time import BarSize, format_time, parse_time
from fw.engine.prepare import prepare
from fw.errors import DataError, Gap, SettingsError
from fw.parts.source import Want
from fw_files.plugin import Files

History = Callable[..., Market]


def put(candles: pd.DataFrame, file: Path, price: float = 0.0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    (candles.assign(close=price) if price else candles).to_parquet(file)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("btcusdt_perp_1h_2019-09_2024-12.parquet", "{instrument}_perp_{bar}_*.parquet"),
        ("BTCUSDT-1H.parquet", "{instrument}-{bar}.parquet"),
        ("data/BtcUsdt/1h/all.parquet", "data/{instrument}/{bar}/*.parquet"),
        ("data/x/btcusdt.parquet", "*/x/{instrument}.parquet"),
        ("a [strange] (name).parquet", "a [strange] (name).parquet"),
        ("../beside/btcusdt.parquet", "../beside/{instrument}.parquet"),
    ],
)
def test_paths_are_filled_in_any_case_from_the_strategy_files_folder(
    tmp_path: Path, history: History, candles: pd.DataFrame, name: str, pattern: str
) -> None:
    put(candles, tmp_path / name)
    assert len(history(bars=pattern).bars) == 6


def test_an_absolute_path_stands_for_itself(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    put(candles, tmp_path / "elsewhere" / "btcusdt.parquet")
    assert len(history(bars=str(tmp_path / "elsewhere" / "{instrument}.parquet")).bars) == 6


def test_without_a_strategy_file_paths_start_at_the_current_folder(
    tmp_path: Path, candles: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(candles, tmp_path / "btc.parquet")
    monkeypatch.chdir(tmp_path)
    for settings in (None, SimpleNamespace(path=None)):
        run: Any = SimpleNamespace(settings=settings)
        for pattern in ("btc.parquet", "./btc.parquet", "b*.parquet"):
            source = Files(bars=pattern).build(run)
            assert len(source.history(Want(instruments=("BTCUSDT",), bar=BarSize.parse("1h"))).bars) == 6


def test_each_instrument_may_have_its_own_path(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    put(candles, tmp_path / "bitcoin.parquet")
    put(candles, tmp_path / "ether.parquet", price=7.0)
    paths = {"BTCUSDT": "bitcoin.parquet", "ETHUSDT": "ether.parquet"}
    market = history("BTCUSDT", "ETHUSDT", bars=paths)
    assert market.of("ETHUSDT").bars.close[0] == 7.0
    assert len(market.notes) == 1  # what was guessed twice alike is said once
    with pytest.raises(SettingsError, match=r"source\.bars has no path for SOLUSDT; it has BTCUSDT, ETHUSDT"):
        history("SOLUSDT", bars=paths)


def test_several_files_that_fit_are_named(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    for year in range(2018, 2025):
        put(candles, tmp_path / f"btcusdt_{year}.parquet")
    put(candles, tmp_path / "ethusdt_2024.parquet")
    with pytest.raises(DataError, match=r"fits several files for BTCUSDT: btcusdt_2018\.parquet.* and 2 more"):
        history(bars="{instrument}_*.parquet")


def test_no_file_that_fits_names_what_is_there(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    put(candles, tmp_path / "data" / "btcusdt_4h.parquet")
    put(candles, tmp_path / "data" / "ethusdt_1h.parquet")
    with pytest.raises(DataError, match=r"no file fits .* for BTCUSDT and bar 1h; .*data has btcusdt_4h\.parquet$"):
        history(bars="data/{instrument}_{bar}.parquet")
    with pytest.raises(DataError, match=r"there is no file .*solana\.parquet; .*data has btcusdt_4h"):
        history(bars="data/solana.parquet")
    with pytest.raises(DataError, match=r"there is no folder .*nowhere"):
        history(bars="nowhere/{instrument}.parquet")
    with pytest.raises(DataError, match="is a folder; name the file in it"):
        history(bars="data")


def test_a_file_of_months_is_not_taken_for_one_of_minutes(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    put(candles, tmp_path / "btcusdt_1M.parquet")
    with pytest.raises(DataError, match="no file fits"):
        history(bars="{instrument}_{bar}.parquet", bar="1m")


def test_an_unknown_placeholder_is_a_settings_error(history: History) -> None:
    with pytest.raises(SettingsError, match=r"\{symbol\} stands for nothing"):
        history(bars="{symbol}.parquet")


def test_one_file_does_not_serve_several_instruments(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    put(candles, tmp_path / "btc.parquet")
    with pytest.raises(SettingsError, match=r"names one file for 2 instruments; write \{instrument\}"):
        history("BTCUSDT", "ETHUSDT", bars="btc.parquet")


def test_the_range_is_cut_with_its_warm_up(tmp_path: Path, history: History, candles: pd.DataFrame) -> None:
    put(candles, tmp_path / "btc.parquet")
    market = history(bars="btc.parquet", start="2024-01-01T03:00Z", end="2024-01-01T05:00Z", warmup=1)
    assert [format_time(time)[11:] for time in market.bars.open_time] == ["02:00", "03:00", "04:00"]
    with pytest.raises(DataError, match="has bars from 2024-01-01 00:00 to 2024-01-01 06:00, none in the asked range"):
        history(bars="btc.parquet", start="2025-01-01")


def test_unsorted_rows_are_handed_on_for_the_kernel_to_refuse(
    tmp_path: Path, history: History, candles: pd.DataFrame
) -> None:
    put(candles.iloc[::-1], tmp_path / "btc.parquet")
    assert len(history(bars="btc.parquet", start="2024-01-01T03:00Z").bars) == 6


def test_the_plugin_offers_its_source_and_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    assert fw_files.plugin.fw_sources() == {"files": Files}
    code = "import sys, fw_files.plugin; print([m for m in ('numpy', 'pandas', 'pyarrow') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


@pytest.fixture
def real(real_data: Path) -> Callable[..., Market]:
    """The real files through source and kernel."""

    def run(want: Want, files: Files, **rules: str) -> Market:
        at: Any = SimpleNamespace(settings=SimpleNamespace(path=real_data / "strategy.yaml"))
        return prepare(files.build(at).history(want), want, **rules)

    return run


ONE_HOUR = Want(instruments=("BTCUSDT",), bar=BarSize.parse("1h"))
CANDLES, RATES = "{instrument}_perp_{bar}_*.parquet", "{instrument}_perp_funding_*.parquet"
FUNDED = Files(bars=CANDLES, funding=RATES)


def test_five_years_of_real_hours_with_funding(real: Callable[..., Market], real_data: Path) -> None:
    market = real(ONE_HOUR, Files(bars=CANDLES, funding=RATES, mark="{instrument}_perp_mark_8h_*.parquet"))
    frame = pd.read_parquet(real_data / "btcusdt_perp_1h_2019-09_2024-12.parquet")
    assert np.array_equal(market.bars.close, frame["close"])
    assert np.array_equal(market.bars.open_time, frame["timestamp"].dt.as_unit("ns").astype("int64"))
    assert market.funding is not None
    assert len(market.funding) == 5819
    assert set(np.diff(market.funding.time)) == {8 * 3600 * 10**9}
    # the contract opened on 2019-09-08 at 17:00 and settled first on 2019-09-10 at 08:00
    assert market.notes[-1] == "BTCUSDT: no funding is known before 2019-09-10 08:00, none is paid until then"


def test_three_real_instruments_stand_on_one_timeline(real: Callable[..., Market]) -> None:
    want = Want(
        instruments=("BTCUSDT", "SOLUSDT", "XRPUSDT"),
        bar=BarSize.parse("15m"),
        start=parse_time("2024-02-16"),
        warmup=500,
    )
    market = real(want, FUNDED)
    times = [market.of(symbol).bars.open_time for symbol in want.instruments]
    assert np.array_equal(times[0], times[1])
    assert np.array_equal(times[0], times[2])
    assert len(times[0]) == 500 + 96 * 320  # 2024-02-16 to the end of the year
    with pytest.raises(DataError, match=r"SOLUSDT has funding from 2024-02-15 08:00"):
        real(attrs.evolve(want, start=parse_time("2023-02-16")), FUNDED)


def test_the_real_halt_of_2023_is_a_gap_of_eighty_minutes(real: Callable[..., Market]) -> None:
    want = Want(instruments=("BTCUSDT",), bar=BarSize.parse("1m"))
    spot = Files(bars="{instrument}_spot_{bar}_2023-03.parquet")
    with pytest.raises(Gap, match="80 bars missing from 2023-03-24 12:40 on"):
        real(want, spot)
    assert len(real(want, spot, gaps="skip", funding="zero").bars) == 44_560
    flat = real(want, spot, gaps="flat", funding="zero")
    assert len(flat.bars) == 31 * 1440
    halt = flat.between(parse_time("2023-03-24T12:40Z"), parse_time("2023-03-24T14:00Z")).bars
    assert set(halt.volume) == {0.0}
    assert len(set(halt.close)) == 1


def test_candles_are_read_without_pandas_which_is_slow_to_import_and_large(
    tmp_path: Path, candles: pd.DataFrame, run_python: Any
) -> None:
    candles.to_parquet(tmp_path / "c.parquet")
    candles.to_csv(tmp_path / "c.csv", index=False)
    for name in ("c.parquet", "c.csv"):
        file = tmp_path / "run.yaml"
        file.write_text(
            "instruments: [BTCUSDT]\nbar: 1h\naccount: {funding: zero}\nstrategy: buy_and_hold\n"
            f"source: {{use: files, bars: {name}}}\n"
        )
        told = run_python(f"import sys, fw\nprint(len(fw.load({str(file)!r}).market().bars), 'pandas' in sys.modules)")
        assert told.split() == ["6", "False"]
