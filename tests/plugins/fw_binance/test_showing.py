"""The progress of a download: shown to whoever looks, with rate and time left."""

from __future__ import annotations

import io
import re
import sys

import pytest

from fw_binance import showing
from fw_binance.showing import shown_rows


class Terminal(io.StringIO):
    """Somebody looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    found = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(showing, "PATIENCE", 0.0)
    return found


def test_it_shows_what_is_fetched_the_share_the_rate_and_the_time_left(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown_rows() as show:
        assert show is not None
        for done in range(0, 2_001, 100):
            show("klines BTCUSDT 1m", done, 4_000)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert re.search(r"klines BTCUSDT 1m .* 50% [\d,]+ rows/s 0:\d\d:\d\d", text)


@pytest.mark.parametrize("quiet", [True, False])
def test_nobody_looks_and_nothing_is_shown(quiet: bool, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal if quiet else io.StringIO())
    with shown_rows(quiet=quiet) as show:
        assert show is None
    assert terminal.getvalue() == ""
