"""A download that is ended at any moment, however harshly, goes on where it was and ends with the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

KINDS = "klines,mark,funding"


@pytest.fixture
def venue(make_venue: Callable[..., Any], venue_kit: ModuleType) -> Any:
    """Two days of minutes."""
    return make_venue(venue_kit.market(bars=2 * 1440, start="2024-01-01"))


@pytest.fixture
def begin(venue: Any, tmp_path: Path) -> Callable[[], subprocess.Popen[str]]:
    """Begins `fw data download` in a process of its own, in one workspace."""

    def begin() -> subprocess.Popen[str]:
        words = ["data", "download", "BTCUSDT", "--bar", "1m", "--kind", KINDS, "--environment", venue.rest]
        return subprocess.Popen(
            [sys.executable, "-m", "fw.cli", *words],
            cwd=tmp_path,
            env={**os.environ, "FW_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begin


def when_asked(venue: Any, requests: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many requests have come, or the process has ended."""
    while len(venue.faults.requests) < requests and process.poll() is None:
        time.sleep(0.001)


@pytest.fixture
def undisturbed(venue: Any, make_fetcher: Any) -> dict[str, str]:
    calm = make_fetcher()
    calm(venue, kinds=KINDS.replace(",", " "))
    venue.faults.requests.clear()
    found: dict[str, str] = calm.files(venue)
    return found


def files_of(fetcher: Any, root: Path, venue: Any) -> dict[str, str]:
    fetcher.root = root / "data"
    found: dict[str, str] = fetcher.files(venue)
    return found


def test_killed_anywhere_and_begun_again_it_ends_with_the_same_bytes(
    venue: Any, begin: Any, undisturbed: dict[str, str], make_fetcher: Any, tmp_path: Path
) -> None:
    for requests in (7, 13):
        venue.faults.requests.clear()
        process = begin()
        when_asked(venue, requests, process)
        process.kill()
        process.communicate()
    process = begin()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert files_of(make_fetcher(), tmp_path, venue) == undisturbed


def test_interrupted_by_the_user_it_says_so_and_keeps_what_it_has(
    venue: Any, begin: Any, undisturbed: dict[str, str], make_fetcher: Any, tmp_path: Path
) -> None:
    venue.faults.hang("/fapi/v1/markPriceKlines", seconds=30.0, times=None)
    process = begin()
    while not any("/fapi/v1/markPriceKlines" in request for request in venue.faults.requests):
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "interrupted" in told
    venue.faults.calm()
    process = begin()
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "nothing: it was there" in out or "new" in out
    assert files_of(make_fetcher(), tmp_path, venue) == undisturbed
