"""`fw venue` says where it is, ends when it is told to, and refuses what cannot work in one sentence."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from fw.cli import main

pytest.importorskip("aiohttp")

SYNTHETIC = """\
name: practice
instruments: [BTCUSDT]
bar: 1h
source: {use: synthetic, start: 2024-01-01, end: 2024-02-01}
strategy: {use: buy_and_hold}
account: {funding: required}
"""


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    file = tmp_path / "practice.yaml"
    file.write_text(SYNTHETIC, encoding="utf-8")
    return file


def said(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["venue", *map(str, words)])
    return done.exit_code, done.output


def test_it_tells_where_it_is_and_how_a_strategy_finds_it(strategy: Path) -> None:
    code, text = said(strategy, "--port", 0, "--for", "1ms")
    assert code == 0
    assert "BTCUSDT in bars of 1h" in text
    port = re.search(r"REST +http://127\.0\.0\.1:(\d+)/fapi", text)
    assert port
    hosts = f"rest: http://127.0.0.1:{port[1]}, ws: ws://127.0.0.1:{port[1]}, archive: http://127.0.0.1:{port[1]}"
    assert f"source: {{use: binance, environment: {{{hosts}}}}}" in text


def test_its_clock_begins_where_it_is_told_to(strategy: Path) -> None:
    assert (
        "its clock: 2024-01-10 08:00" in said(strategy, "--start", "2024-01-10T08:00Z", "--port", 0, "--for", "1ms")[1]
    )


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--start", "2025-01-01"), 3, "the market of"),
        (("--start", "soon"), 2, "--start: wants a date"),
        (("--speed", "0"), 2, "--speed: wants a number above 0"),
        (("--for", "long"), 2, "--for: wants a duration"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    strategy: Path, words: tuple[str, ...], code: int, message: str
) -> None:
    found, text = said(strategy, *words, "--port", 0)
    assert found == code
    assert message in text


def test_a_port_that_is_taken_is_named(strategy: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, text = said(strategy, "--port", port)
    assert code == 7
    assert f"port {port} of 127.0.0.1 is taken" in text


def test_a_source_without_data_is_an_error_of_data(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    bars = tmp_path / "bars.csv"
    bars.write_text("open_time,open,high,low,close,volume\n", encoding="utf-8")
    file.write_text(
        "name: empty\ninstruments: [BTCUSDT]\nbar: 1h\nsource: {use: files, bars: bars.csv}\nstrategy: buy_and_hold\n",
        encoding="utf-8",
    )
    code, text = said(file, "--port", 0)
    assert code == 3
    assert "bars" in text


def test_a_program_on_this_machine_reaches_it_and_no_other_address_is_bound(strategy: Path) -> None:
    command = [sys.executable, "-m", "fw.cli", "venue", str(strategy), "--port", "0", "--speed", "60", "--for", "20s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as running:
        assert running.stdout is not None
        try:
            port = next(
                int(found[1]) for line in running.stdout if (found := re.search(r"REST +http://[\d.]+:(\d+)", line))
            )
            times = []
            for _ in range(2):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/fapi/v1/time") as answer:
                    times.append(json.load(answer)["serverTime"])
            assert times[0] <= times[1]
            assert times[0] >= np.datetime64("2024-01-16T12:00", "ms").view("i8")
            with pytest.raises(OSError), socket.create_connection((_other_address(), port), timeout=0.2):  # noqa: PT011
                pytest.fail("it listens on another address than 127.0.0.1")
        finally:
            running.terminate()


def _other_address() -> str:
    """An address of this machine that is not 127.0.0.1."""
    return "127.0.0.2"


def test_an_account_has_the_capital_and_the_costs_of_the_file(strategy: Path) -> None:
    import fw
    from fw_venue.command import terms_of

    plan = fw.load(
        strategy,
        overrides=["account.fees=vip0_bnb", "simulation.slippage.bps=3", "simulation.slippage.impact=1"],
    )
    terms = terms_of(plan)
    assert (terms.maker, terms.taker) == (0.00018, 0.00045)
    assert terms.slippage.share == pytest.approx(0.0003)
    assert terms.slippage.impact == 0.0  # a moment has no volume to measure by
    assert (terms.leverage, terms.isolated) == (20.0, False)  # as the exchange begins, whatever the file wants
