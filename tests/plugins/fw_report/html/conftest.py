"""A headless browser for the tests that open a page, the pages' odd runs, and how a page is opened and watched."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

from fw import Frame, Result

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EVIL = '</script><img src=x onerror="document.title=1" data-evil>&amp;\u2028'
RIGHT_TO_LEFT = "\u05d0\u05e1\u05d8\u05e8\u05d8\u05d2\u05d9\u05d4 \u202e123"
ROCKET = "\U0001f680 到月球"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for as long as a module needs it; skips where it or Playwright is absent.

    Its driver holds the event loop of this thread, which other modules want.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        yield opened
        opened.close()


@attrs.frozen
class Watched:
    """A page of the browser and what it complained about or asked of the network."""

    page: Any
    file: Path
    """A window that opens one file again and again keeps plotly.js compiled."""
    troubles: list[str]
    requests: list[str]


@pytest.fixture(scope="module")
def show(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Watched]:
    """Open a page's text, and wait until all its charts are drawn: in a window of its own, or `on` one that is open."""

    def open_page(text: str, *, scheme: str = "light", width: int = 1280, on: Watched | None = None) -> Watched:
        watched = on or _window(browser, tmp_path_factory.mktemp("page") / "report.html")
        watched.file.write_bytes(text.encode())
        watched.troubles.clear()
        watched.requests.clear()
        watched.page.set_viewport_size({"width": width, "height": 900})
        watched.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        watched.page.goto(watched.file.as_uri())
        watched.page.wait_for_selector("html[data-ready=yes]", timeout=60_000)
        assert watched.requests == [watched.file.as_uri()], "a page loads nothing but itself"
        return watched

    return open_page


def _window(browser: Any, file: Path) -> Watched:
    page = browser.new_page()
    page.set_default_timeout(10_000)
    page.set_default_navigation_timeout(60_000)
    watched = Watched(page, file, [], [])
    page.on("console", lambda message: watched.troubles.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: watched.troubles.append(str(error)))
    page.on("request", lambda request: watched.requests.append(request.url))
    return watched


@pytest.fixture(scope="session")
def barriers() -> Callable[[Any], tuple[set[str], list[tuple[str, list[str]]]]]:
    """The rules of axe that a page keeps, and those that it breaks with where; skips where axe is absent."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

    def look(page: Any) -> tuple[set[str], list[tuple[str, list[str]]]]:
        # telling every element that keeps a rule would take as long as looking
        found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response
        broken = [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in found["violations"]]
        return {rule["id"] for rule in found["passes"]}, broken

    return look


@pytest.fixture(scope="module")
def visit(
    browser: Any, show: Callable[..., Watched], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Watched]:
    """Open a page in the one window that all visits share."""
    return partial(show, on=_window(browser, tmp_path_factory.mktemp("visit") / "report.html"))


@pytest.fixture(scope="session")
def busy(by_hand: ModuleType) -> Result:
    """Twenty days of hours and forty trades with tags, stops, costs, vetoes; trade k is open for k + 1 hours."""
    closes = [100.0 + 10.0 * math.sin(i / 25) + math.sin(i * 1.7) for i in range(480 * 2)]
    fills, signals = [], []
    reasons = ("signal", "stop", "take_profit", "trailing", "liquidation")
    bar = 5
    for k in range(40):
        lots = 2_000 if k % 3 else -2_000
        leave = bar + k % 20 + 1
        tag = ("breakout", "fade", EVIL, ROCKET, RIGHT_TO_LEFT)[k % 5]
        entry, exit_price = closes[bar - 1], closes[leave - 1]
        fills.append(by_hand.HandFill(bar=bar, lots=lots, price=entry, fee=0.1, slippage=0.02, tag=tag))
        fills.append(
            by_hand.HandFill(bar=leave, lots=-lots, price=exit_price, fee=0.1, slippage=0.02, reason=reasons[k % 5])
        )
        signals.append((bar, 1.0 if lots > 0 else -1.0, entry * (0.97 if lots > 0 else 1.03), tag))
        bar = leave + 3
    funding = [by_hand.HandFunding(bar=i, rate=0.0001, price=closes[i]) for i in range(8, bar, 8)]
    run: Result = by_hand.result_by_hand(
        closes,
        fills,
        funding,
        settings={"name": "busy", "account": {"leverage": 4.0, "settle": "USDT"}, "strategy": {"use": EVIL}},
        notes=(EVIL, ROCKET),
    )
    opens = run.market.bars.open_time
    count = len(signals)
    nothing = np.full(count, np.nan)
    return attrs.evolve(
        run,
        name=f"{EVIL} {RIGHT_TO_LEFT} {ROCKET}",
        signals=Frame.of(
            {
                "time": np.array([opens[signal[0]] for signal in signals]),
                "instrument": np.array(["BTCUSDT"] * count),
                "strength": np.array([signal[1] for signal in signals]),
                "stop_loss": np.array([signal[2] for signal in signals]),
                "take_profit": nothing,
                "trailing": np.where(np.arange(count) % 4 == 0, 2.0, np.nan),
                "limit": nothing,
                "expiry": np.zeros(count, np.int64),
                "tag": np.array([signal[3] for signal in signals]),
            }
        ),
        vetoes=Frame.of(
            {
                "time": opens[[50, 60]],
                "instrument": np.array(["BTCUSDT"] * 2),
                "check": np.array(["max_exposure", EVIL]),
                "reason": np.array([EVIL, "too much of it"]),
            }
        ),
    )


@pytest.fixture(scope="session")
def odd_runs(by_hand: ModuleType) -> dict[str, Result]:
    """Runs that a page must survive, by what is odd about them."""
    from fw.testing.results import results

    fill = by_hand.HandFill
    two = {"BTCUSDT": [100.0, 101.0, 102.0, 103.0], EVIL: [0.01, 0.012, 0.011, 0.01]}
    both = [
        fill(bar=1, lots=1_000, price=100.5, tag=ROCKET),
        fill(bar=1, lots=-5_000, price=0.012, instrument=EVIL, tag=RIGHT_TO_LEFT),
        fill(bar=3, lots=5_000, price=0.01, instrument=EVIL, reason="stop"),
    ]
    first_bar = [fill(bar=0, lots=90_000, price=100.0), fill(bar=0, lots=-90_000, price=5.0, reason="liquidation")]
    ruin = [fill(bar=0, lots=200_000, price=100.0), fill(bar=2, lots=-200_000, price=40.0, reason="liquidation")]
    return {
        "no bars": by_hand.result_by_hand([]),
        "no trades": by_hand.result_by_hand([100.0 + i % 7 for i in range(50)]),
        "one bar": by_hand.result_by_hand([100.0]),
        "one trade": by_hand.result_by_hand(
            [100.0, 101.0, 99.0, 102.0], [fill(bar=1, lots=500, price=101.0), fill(bar=3, lots=-500, price=102.0)]
        ),
        "a trade in one bar": by_hand.result_by_hand(
            [100.0], [fill(bar=0, lots=500, price=101.0), fill(bar=0, lots=-500, price=102.0)]
        ),
        "liquidated in the first bar": by_hand.result_by_hand([100.0, 5.0, 6.0], first_bar),
        "more lost than there was": by_hand.result_by_hand([100.0, 90.0, 40.0, 45.0], ruin),
        "two instruments, one open": by_hand.result_by_hand(two, both, words="U"),
        "bars that leave the result open": results()["ambiguous bars"],
        "a huge account": by_hand.result_by_hand([1e12, 2e12], [fill(bar=0, lots=10**9, price=1e12)], capital=1e22),
        "tiny prices": by_hand.result_by_hand(
            [1e-7, 2e-7, 1.5e-7], [fill(bar=0, lots=10_000, price=1e-7)], capital=0.001
        ),
    }


@pytest.fixture(scope="session")
def long_run() -> Result:
    """Half a million hours, fifty thousand trades, a decision at every second bar."""
    from fw.testing.results import result

    rng = np.random.default_rng(3)
    bars, trades = 500_000, 50_000
    run = result(10_000.0 * np.exp(np.cumsum(rng.normal(0, 1e-4, bars))), tuple(rng.normal(0.0, 50.0, trades).tolist()))
    at = np.arange(0, bars, 2)
    nothing = np.full(len(at), np.nan)
    names = ("stop_loss", "take_profit", "trailing", "limit")
    return attrs.evolve(
        run,
        signals=Frame.of(
            {
                "time": run.equity["time"][at],
                "instrument": np.full(len(at), "BTCUSDT"),
                "strength": np.sign(np.sin(at)),
                **dict.fromkeys(names, nothing),
                "expiry": np.zeros(len(at), np.int64),
                "tag": np.full(len(at), ""),
            }
        ),
    )


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest, as a run has while its report is written."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "manifest.json").write_text(
        '{"run": "20240101-x", "status": "running", "seed": 7, "file": null, "settings": {"a": 1},'
        ' "packages": {"numpy": "2.0"}, "profile": "<paper>"}',
        encoding="utf-8",
    )
    return folder
