"""`fw data list`, `verify`, `repair`, `import` and `export`: what they say, and what they end with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import fw
from fw.cli import main
from fw_binance.store import Series, Store

MINUTE, HOUR = 60 * 10**9, 3600 * 10**9
JANUARY = 1_704_067_200 * 10**9  # 2024-01-01
SERIES = Series("klines", "BTCUSDT", "1h")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    made = Store(tmp_path / "data", now=lambda: JANUARY + 60 * 24 * HOUR)
    write(made, "klines", "BTCUSDT", "1h", 48)
    write(made, "mark", "BTCUSDT", "1h", 48)
    write(made, "klines", "ETHUSDT", "4h", 6)
    return made


def write(store: Store, kind: str, symbol: str, bar: str, count: int, size: int = HOUR) -> None:
    close = 100.0 + np.arange(count)
    size = HOUR * int(bar.removesuffix("h"))
    prices = {"open": close, "high": close + 1, "low": close - 1, "close": close}
    store.write(kind, symbol, bar, {"open_time": JANUARY + size * np.arange(count), **prices}, source="rest")


def run(*arguments: object, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["data", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done


def test_list_shows_every_series_with_rows_and_range(store: Store) -> None:
    shown = run("list").output
    lines = [line.split() for line in shown.splitlines()]
    assert ["BTCUSDT", "klines", "1h", "2024-01-01", "00:00", "2024-01-02", "23:00", "48"] in [
        line[:8] for line in lines
    ]
    assert "3 series" in shown
    rows = json.loads(run("list", "BTCUSDT", "--kind", "mark", "--json").output)
    (row,) = rows
    assert (row["kind"], row["bar"], row["rows"], row["missing"], row["files"]) == ("mark", "1h", 48, 0, 1)
    assert (row["first"], row["last"], row["sources"]) == (JANUARY, JANUARY + 47 * HOUR, ["rest"])


def test_list_of_nothing_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    assert "nothing is in" in run("list").output
    assert json.loads(run("list", "--json").output) == []
    assert "`fw data download` and `fw data import` fill it" in run("verify", code=3).output


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("list", "BTCUSD"), 3, "the store has nothing of BTCUSD; did you mean BTCUSDT?"),
        (("verify", "--kind", "kline"), 3, "the store keeps no 'kline': did you mean 'klines'?"),
        (("verify", "--bar", "7m"), 2, "--bar: '7m' is not a bar size offered"),
        (("list", "--bar", "5m"), 3, "nothing of that is in"),
        (("list", "--venue", "../else"), 2, "--venue wants the name of a folder in data/"),
        (("export", "BTCUSDT", "x.csv", "--start", "2024-02-01", "--end", "2024-01-01"), 2, "is not after --start"),
        (("export", "BTCUSDT", "x.csv", "--start", "soon"), 2, "--start wants a date like 2024-01-31"),
        (("export", "BTCUSDT", "../x.csv"), 2, "is outside the workspace"),
        (("repair", "--environment", "mars"), 2, "--environment wants live, testnet or an address"),
        (("import", "no.parquet"), 3, "there is no file no.parquet"),
    ],
)
def test_what_is_not_there_or_not_meant_is_told_in_one_sentence(
    store: Store, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    said = run(*arguments, code=code).output
    assert complaint in said
    assert "Traceback" not in said


def test_verify_ends_with_one_where_something_is_wrong_and_repairs_nothing(store: Store) -> None:
    assert "3 series checked, nothing wrong" in run("verify").output
    file = store.folder(SERIES) / "2024-01.parquet"
    file.write_bytes(file.read_bytes()[:-50])
    said = run("verify", code=1).output
    assert f"wrong: klines BTCUSDT 1h: {file} is corrupt" in said
    assert "1 wrong" in said
    (found,) = json.loads(run("verify", "BTCUSDT", "--json", code=1).output)
    assert (found["what"], found["part"], found["is_fault"]) == ("corrupt", "2024-01", True)
    run("verify", "ETHUSDT")


def test_verify_counts_what_only_the_exchange_has_so_when_it_is_strict(store: Store) -> None:
    later = JANUARY + 50 * HOUR
    rows = {name: column[:1] for name, column in store.read("klines", "BTCUSDT", "1h").items()}
    rows["open_time"] = np.array([later])
    store.write("klines", "BTCUSDT", "1h", rows, source="rest", covers=(JANUARY, later + HOUR))
    said = run("verify", "--kind", "klines").output
    assert "note: klines BTCUSDT 1h: 2 bars missing, at 2024-01-03 00:00, which the source has not" in said
    run("verify", "--strict", code=1)


def test_export_and_import_go_round(store: Store, tmp_path: Path) -> None:
    said = run("export", "BTCUSDT", "out/btcusdt_1h.csv", "--start", "2024-01-02").output
    assert f"wrote 24 rows of klines BTCUSDT 1h to {tmp_path / 'out' / 'btcusdt_1h.csv'}" in said
    told = run("import", tmp_path / "out" / "btcusdt_1h.csv", "--venue", "mine").output
    assert "btcusdt_1h.csv is klines BTCUSDT 1h of mine: 24 new rows, 0 changed" in told
    assert (tmp_path / "data" / "mine" / "klines" / "BTCUSDT" / "1h" / "2024-01.parquet").exists()
    again = json.loads(run("import", tmp_path / "out" / "btcusdt_1h.csv", "--venue", "mine", "--json").output)
    assert (again[0]["new"], again[0]["changed"]) == (0, 0)
    assert "say --venue: binance_usdm, mine" in run("export", "BTCUSDT", "two.csv", code=2).output


def test_import_only_says_what_it_would_do_when_asked_so(store: Store, tmp_path: Path) -> None:
    run("export", "ETHUSDT", "ethusdt_4h.parquet")
    said = run("import", tmp_path / "ethusdt_4h.parquet", "--venue", "mine", "--dry-run").output
    assert "ethusdt_4h.parquet is klines ETHUSDT 4h of mine" in said
    assert not (tmp_path / "data" / "mine").exists()


def test_repair_mends_over_the_practice_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_venue: Callable[..., Any], venue_kit: Any
) -> None:
    from fw_binance.download import Asked, download
    from fw_binance.environment import environment_named

    monkeypatch.setenv("FW_HOME", str(tmp_path))
    venue = make_venue(venue_kit.market(bars=3000))
    where = environment_named(venue.rest)
    store = Store(tmp_path / "data", where.venue, now=lambda: venue.clock.now * 10**6)
    asked = Asked(symbols=("BTCUSDT",), kinds=("klines", "funding"), bars=(fw.BarSize.parse("1m"),))
    download(where, store, asked)
    clean = {file: file.read_bytes() for file in store.root.rglob("*.parquet")}
    assert len(clean) == 2
    for file in clean:
        file.write_bytes(b"spoilt")
    assert "2 series checked, 2 wrong" in run("verify", code=1).output
    told = run("repair", "--environment", venue.rest).output
    assert told.count("moved a broken file to") == 2
    assert {file: file.read_bytes() for file in store.root.rglob("*.parquet")} == clean
    assert "2 series checked, nothing wrong" in run("verify").output
    assert "nothing had to be mended" in run("repair", "--environment", venue.rest).output


def test_the_commands_bring_in_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom fw.cli import main\ntry:\n    main(['data', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = ('numpy', 'numba', 'pandas', 'pyarrow', 'rich', 'ccxt', 'aiohttp')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"


def test_reading_and_writing_the_store_does_not_import_pandas(tmp_path: Path) -> None:
    code = f"""
import sys
import numpy as np
from fw_binance.store import Store
store = Store({str(tmp_path)!r})
rows = dict(open_time=np.array([{JANUARY}]), **dict.fromkeys(("open", "high", "low", "close"), np.ones(1)))
store.write("klines", "BTCUSDT", "1h", rows, source="rest")
store.write("klines", "BTCUSDT", "1h", rows, source="rest")
store.read("klines", "BTCUSDT", "1h")
print("pandas" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files there")
def test_a_full_disk_is_told_in_one_sentence(store: Store, tmp_path: Path) -> None:
    run("export", "BTCUSDT", "btcusdt_1h.csv")
    code = f"""
import resource
from fw.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))  # what is longer cannot be written, as on a full disk
main(["data", "import", {str(tmp_path / "btcusdt_1h.csv")!r}, "--venue", "mine"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "2024-01.parquet cannot be written: file too large; make room, or set FW_HOME" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_store_where_a_file_stands_is_told_in_one_sentence(store: Store, tmp_path: Path) -> None:
    run("export", "BTCUSDT", "btcusdt_1h.csv")
    (tmp_path / "data" / "mine").write_text("not a folder")
    said = run("import", tmp_path / "btcusdt_1h.csv", "--venue", "mine", code=2).output
    assert "a file stands where a folder should" in said
