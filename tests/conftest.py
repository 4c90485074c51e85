"""What every test may use: the real market data where it is present, made-up markets, runs over data at hand.

Property tests try few examples by default; `pytest tests/properties tests/parity --hypothesis-profile long` tries many.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

hypothesis.settings.register_profile("short", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=5_000)
hypothesis.settings.load_profile("short")


def _beside(name: str, where: str = "") -> ModuleType:
    """A module that lies beside this file, or in a folder there, and may then be imported by its name."""
    spec = spec_from_file_location(name, Path(__file__).parent / where / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market data; skips where it is absent."""
    folder = Path(os.environ.get("FW_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not (folder / "btcusdt_perp_1h_2019-09_2024-12.parquet").exists():
        pytest.skip(f"no real market data in {folder}; set FW_REAL_DATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def german(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for `LOCPATH` that has the locale de_DE.UTF-8, where decimals have a comma; skips without localedef."""
    localedef = shutil.which("localedef")
    if localedef is None:
        pytest.skip("no localedef here to make a locale with a decimal comma")
    folder = tmp_path_factory.mktemp("locales")
    made = subprocess.run(
        [localedef, "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")],
        capture_output=True,
        text=True,
        check=False,
    )
    if not (folder / "de_DE.UTF-8" / "LC_NUMERIC").exists():
        pytest.skip(f"localedef could not make de_DE.UTF-8: {made.stderr.strip()}")
    return str(folder)


@pytest.fixture(scope="session")
def by_hand() -> ModuleType:
    """The module that makes results by hand (`tests/by_hand.py`), with a plain ledger of its own."""
    return _beside("by_hand")


@pytest.fixture(scope="session")
def made_up() -> ModuleType:
    """The module that makes markets, venues and scripted strategies (`tests/made_up.py`)."""
    return _beside("made_up")


@pytest.fixture(scope="session")
def yaml12() -> ModuleType:
    """The module that reads YAML as editors do (`tests/yaml12.py`)."""
    return _beside("yaml12")


@pytest.fixture(scope="session")
def second_ledger() -> ModuleType:
    """The ledger in decimals that audits the compiled one (`tests/second_ledger.py`, with `second_orders.py`)."""
    _beside("second_orders")
    return _beside("second_ledger")


@pytest.fixture(scope="session")
def venue_kit() -> ModuleType:
    """Markets for the practice exchange, and knobs for what can go wrong on it (`tests/venue/venue_kit.py`)."""
    pytest.importorskip("aiohttp")
    return _beside("venue_kit", "venue")


@pytest.fixture
def make_venue(venue_kit: ModuleType) -> Iterator[Callable[..., Any]]:
    """Starts practice exchanges that are stopped with the test: `make_venue(market, at=100)`.

    `at`: the number of the bar at whose open a manual clock begins, where no `clock` is given; without both it begins
    at the end of the market. `venue.faults` are knobs.
    """
    from fw_venue.clock import Clock
    from fw_venue.server import Venue

    started = []

    def make(market: Any = None, *, at: int | None = None, **rest: Any) -> Any:
        given = venue_kit.market() if market is None else market
        if at is not None:
            rest["clock"] = Clock(venue_kit.open_of(given, at))
        venue = Venue(given, **{"faults": venue_kit.Knobs(), **rest})
        venue.faults.venue = venue
        venue.start()
        started.append(venue)
        return venue

    yield make
    for venue in started:
        venue.stop()


@pytest.fixture(scope="session")
def make_plan(tmp_path_factory: pytest.TempPathFactory, made_up: ModuleType) -> Callable[..., Any]:
    """A plan over a market at hand, by market, strategy and settings; plugins are loaded once."""
    from fw.plugins import load
    from fw.workspace import Workspace

    given = {"plugins": load(environ={}), "workspace": Workspace(tmp_path_factory.mktemp("workspace"))}
    return lambda market, strategy, **settings: made_up.plan_over(market, strategy, **{**given, **settings})


@pytest.fixture(scope="session")
def scripted(made_up: ModuleType) -> Callable[..., Any]:
    """A random market of hours and a random script for it on a clock, of a seed."""
    import numpy as np

    import fw

    def make(
        seed: int, symbols: tuple[str, ...], bars: int, *, wild: float = 0.01, marked: bool = False, clock: str = "1h"
    ) -> Any:
        rng = np.random.default_rng(seed)
        market = made_up.random_market(rng, symbols, bars, wild=wild, marked=marked)
        size = fw.BarSize.parse(clock)
        signals = made_up.random_signals(rng, market.resampled(size))
        return market, made_up.Scripted(signals, step=size.ns)

    return make


@pytest.fixture
def run_python() -> Callable[[str], str]:
    """Run some lines in a Python of their own, and give what they print."""

    def run(code: str) -> str:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
