"""A journal holds all that an account is: told again it gives the same, cut off anywhere it goes on the same."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any
from zlib import crc32

import numpy as np
import pytest

import fw
from fw.engine.journal import NAME, Journal
from fw.errors import DataError, RunRefused
from fw.testing.live import Happening

SYMBOLS = ("BTCUSDT", "ETHUSDT")
BEGINS = 60


@pytest.fixture
def world(made_up: ModuleType) -> Any:
    def make(seed: int = 2, bars: int = 160, **how: Any) -> tuple[Happening, Any]:
        rng = np.random.default_rng(seed)
        market = made_up.random_market(rng, SYMBOLS, bars)
        signals = made_up.random_signals(rng, market)
        return Happening(market, BEGINS * made_up.HOUR, **how), made_up.Scripted(signals)

    return make


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def test_every_line_is_an_object_with_the_crc_of_what_comes_before(live: Any, world: Any) -> None:
    source, strategy = world(quotes=True)
    folder = live(source, strategy, simulation={"quotes": "1s"}).folder
    lines = (folder / NAME).read_bytes().splitlines()
    for line in lines:
        body, _, crc = line.rpartition(b',"crc":"')
        assert int(crc[:8], 16) == crc32(body)
    kinds = {line["event"] for line in lines_of(folder)}
    assert {"begin", "opened", "bar", "quotes", "stamp", "signal", "order", "fill", "funding"} <= kinds


def test_an_order_stands_in_the_journal_before_what_came_of_it(live: Any, world: Any) -> None:
    source, strategy = world()
    lines = lines_of(live(source, strategy).folder)
    ordered: set[str] = set()
    for line in lines:
        if line["event"] == "order":
            ordered.add(line["order"]["id"])
        elif line["event"] == "fill" and line["order_id"]:
            assert line["order_id"] in ordered
    assert ordered


def test_a_journal_told_again_gives_the_same_account(live: Any, world: Any, tmp_path: Path) -> None:
    source, strategy = world(quotes=True)
    lived = live(source, strategy, folder=tmp_path, simulation={"quotes": "1s"})
    source, _ = world(quotes=True)
    told = live(source, strategy, folder=tmp_path, simulation={"quotes": "1s"}, again=True)
    assert told.differences == []
    assert dict(told.result.totals) == dict(lived.result.totals)
    np.testing.assert_array_equal(told.result.equity["equity"], lived.result.equity["equity"])


def test_other_decisions_are_told_apart(live: Any, world: Any, tmp_path: Path) -> None:
    class Turning:
        _side = 1.0

        def decide(self, view: fw.View) -> float | None:
            return self._side if view.time % 36_000_000_000_000 == 0 else None

    strategy = Turning()
    live(world()[0], strategy, folder=tmp_path)
    strategy._side = -1.0
    told = live(world()[0], strategy, folder=tmp_path, again=True).differences
    assert told[0] == ("signal of BTCUSDT at 1970-01-03 22:00: signal was {'strength': 1.0} and is {'strength': -1.0}")
    with pytest.raises(DataError, match="gives other decisions now"):
        live(world()[0], strategy, folder=tmp_path)


@pytest.mark.parametrize("quotes", [False, True])
def test_a_journal_cut_anywhere_goes_on_as_if_nothing_had_happened(
    live: Any, world: Any, tmp_path: Path, quotes: bool
) -> None:
    settings = {"simulation": {"quotes": "1s" if quotes else None, "slippage": {"bps": 3}}}
    source, strategy = world(bars=100, quotes=quotes)
    whole = live(source, strategy, folder=tmp_path, **settings)
    written = (tmp_path / NAME).read_bytes()
    events = [line for line in lines_of(tmp_path) if line["event"] != "opened"]
    rng = np.random.default_rng(0)
    head = written.index(b"\n") + 1
    cuts = [0, head // 2, head, len(written), *rng.integers(head, len(written), 12)]
    for cut in cuts:
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / NAME).write_bytes(written[:cut])
        source, _ = world(bars=100, quotes=quotes)
        if cut >= head:
            told = [
                json.loads(line).get("now", 0) for line in written[:cut].splitlines(keepends=True) if line[-1:] == b"\n"
            ]
            source.wind(max(told))
        again = live(source, strategy, folder=folder, **settings)
        assert [line for line in lines_of(folder) if line["event"] != "opened"] == events, cut
        assert dict(again.result.totals) == dict(whole.result.totals)
        shutil.rmtree(folder)


def test_a_full_disk_ends_the_run_and_costs_nothing(
    live: Any, world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, full = tmp_path / "whole", tmp_path / "full"
    whole.mkdir()
    full.mkdir()
    source, strategy = world(bars=100)
    live(source, strategy, folder=whole)
    write, room = os.write, [40_000]

    def until_full(descriptor: int, line: bytes) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = write(descriptor, line[: room[0]])
        room[0] -= written
        return written

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", until_full)
        with pytest.raises(OSError, match="No space left on device") as raised:
            live(world(bars=100)[0], strategy, folder=full)
    assert raised.value.filename == str(full / NAME)
    assert (full / NAME).stat().st_size == 40_000
    source, _ = world(bars=100)
    live(source, strategy, folder=full)
    told = [[line for line in lines_of(folder) if line["event"] != "opened"] for folder in (full, whole)]
    assert told[0] == told[1]


def test_two_runs_of_one_account_refuse(live: Any, world: Any, tmp_path: Path) -> None:
    first = Journal(tmp_path)
    try:
        with pytest.raises(RunRefused, match="another run uses the account"):
            Journal(tmp_path)
    finally:
        first.close()
    live(*world(), folder=tmp_path)


def test_other_settings_refuse(live: Any, world: Any, tmp_path: Path) -> None:
    live(*world(), folder=tmp_path, account={"capital": 5000})
    with pytest.raises(RunRefused, match="begun with other settings"):
        live(*world(), folder=tmp_path, account={"capital": 6000})


def test_a_line_that_is_damaged_in_the_middle_is_named(live: Any, world: Any, tmp_path: Path) -> None:
    live(*world(), folder=tmp_path)
    lines = (tmp_path / NAME).read_bytes().splitlines(keepends=True)
    lines[40] = lines[40].replace(b"1", b"2", 1)
    (tmp_path / NAME).write_bytes(b"".join(lines))
    with pytest.raises(DataError, match="line 41, is damaged"):
        live(*world(), folder=tmp_path)
