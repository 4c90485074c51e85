"""`fw data download` as one types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fw.cli import main


@pytest.fixture
def venue(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    return make_venue(venue_kit.market(bars=24 * 14, bar="1h"))


@pytest.fixture
def typed(
    venue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], tuple[int, str, str]]:
    """Exit code, and what was printed and complained, of `fw data download WORDS` at the practice exchange."""
    monkeypatch.setenv("FW_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def typed(words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["data", "download", *words.split(), "--environment", venue.rest])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return typed


def test_it_says_what_it_fetched_and_that_it_was_there(typed: Any) -> None:
    code, out, _ = typed("BTCUSDT --bar 1h --bar 1d --kind klines,funding --start 2024-01-03 --end 2024-01-10")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines() if line.startswith("BTCUSDT")] == [
        ["BTCUSDT", "klines", "1h"],
        ["BTCUSDT", "klines", "1d"],
        ["BTCUSDT", "funding", "2024-01-03"],
    ]
    assert "168   1 page of REST" in out
    code, out, _ = typed("BTCUSDT --bar 1h,1d --kind klines --kind funding --start 2024-01-03 --end 2024-01-10")
    assert out.count("nothing: it was there") == 3


def test_json_is_for_programs(typed: Any, venue: Any) -> None:
    _, out, _ = typed("BTCUSDT --bar 1h --json")
    told = json.loads(out)
    assert told["venue"] == f"binance_usdm_127.0.0.1_{venue.port}"
    klines = told["series"][0]
    assert (klines["kind"], klines["symbol"], klines["bar"], klines["new"]) == ("klines", "BTCUSDT", "1h", 24 * 14)
    assert [one["kind"] for one in told["series"]] == ["klines", "mark", "funding"]


def test_rules_and_tiers_say_where_they_are(typed: Any, tmp_path: Path, venue: Any) -> None:
    code, out, _ = typed("BTCUSDT --kind rules,tiers")
    assert code == 0
    file = tmp_path / "data" / f"binance_usdm_127.0.0.1_{venue.port}" / "rules.json"
    assert f"account: {{rules: {file}}}" in " ".join(out.split())
    assert "API key" in out
    assert json.loads(file.read_text())["instruments"]["BTCUSDT"][-1]["source"] == "exchangeInfo"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            "BTCUSD --bar 1h",
            3,
            "no perpetual 'BTCUSD', nor has its archive in the time asked for. Did you mean BTCUSDT",
        ),
        ("BTCUSDT --bar 7m", 2, "--bar: '7m' is not a bar size offered: 1m, 3m, 5m"),
        ("BTCUSDT --bar 1M", 2, "--bar: 1M is a month"),
        ("BTCUSDT", 2, "say the size of the bars, such as --bar 1h"),
        ("BTCUSDT --bar 1h --kind kline", 2, "--kind: 'kline' cannot be downloaded: did you mean klines?"),
        ("BTCUSDT --bar 1h --kind book", 2, "--kind: 'book' cannot be downloaded"),
        ("BTCUSDT --bar 1h --start 2030-01-01", 2, "the start 2030-01-01 00:00 is in the future"),
        ("BTCUSDT --bar 1h --start 2024-01-05 --end 2024-01-02", 2, "is not after the start 2024-01-05 00:00"),
        ("BTCUSDT --bar 1h --start yesterday", 2, "--start: wants a date like 2024-01-31"),
        ("BTCUSDT --bar 1h --end 2024-01-05T10:00", 2, "--end: the clock time '2024-01-05T10:00' needs a zone"),
        ("../../etc --bar 1h", 3, "no perpetual '../../etc'"),
    ],
)
def test_a_mistake_is_one_sentence(typed: Any, words: str, code: int, said: str) -> None:
    ended, _, complained = typed(words)
    assert said in " ".join(complained.split())
    assert ended == code
    assert "Traceback" not in complained


def test_a_store_that_cannot_be_written_is_named(typed: Any, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    code, _, complained = typed("BTCUSDT --bar 1h")
    assert code == 2
    assert f"{tmp_path / 'data'}" in complained


def test_an_environment_that_is_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["data", "download", "BTCUSDT", "--bar", "1h", "--environment", "test"])
    assert ended.value.code == 2
    assert "--environment wants live, testnet or an address of one's own" in capsys.readouterr().err


def test_a_full_disk_is_nobodys_mistake(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from fw_binance.store import store as stores

    def full(file: Path, *what: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(file))

    monkeypatch.setattr(stores, "write_whole", full)
    code, _, complained = typed("BTCUSDT --bar 1h")
    assert code == 2
    assert "no space left on device; make room" in " ".join(complained.split())


def test_without_the_extra_it_says_what_to_install(typed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from fw_binance import download

    monkeypatch.setattr(download, "find_spec", lambda name: None if name == "ccxt" else object())
    code, _, complained = typed("BTCUSDT --bar 1h")
    assert code == 4
    assert 'downloads need ccxt: pip install "futures-framework[binance]"' in " ".join(complained.split())
