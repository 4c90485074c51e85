"""The page of a study: it draws everything in a real browser, loads nothing, and hostile names stay words."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil

import attrs
import numpy as np
import pytest

import fw
from fw_features.page.page import page_of
from fw_features.page.words import believed
from fw_features.study.study import study

EVIL = '</script><img src=x onerror="document.title=1">&amp;\u2028'
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")


@attrs.frozen
class Odd:
    """Columns that a page must survive."""

    needs = ("bars",)
    lookback = 1

    def compute(self, market):
        bars = market.bars
        rows = len(bars)
        return fw.Frame.of(
            {
                EVIL: np.sin(np.arange(rows) / 7.0),
                "flat": np.full(rows, 3.5),
                "sign": np.sign(bars.close - bars.open),
                "huge": bars.close * 1e12,
                "tiny": (bars.close - bars.open) * 1e-15,
            }
        )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A study of three months of hours of two instruments."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "a.yaml").write_text(
        "name: 'hours'\ninstruments: [BTCUSDT, ETHUSDT]\nbar: 1h\nstrategy: buy_and_hold\nbroker: backtest\n"
        "source: {use: synthetic, start: 2024-01-01, end: 2024-04-01}\n"
        "features: [{use: returns, spans: [1, 4, 24]}, {use: sma, spans: [20, 500]}, volatility, {use: odd}]\n"
        "plugins: [./odd.py]\n"
    )
    (folder / "odd.py").write_text(
        "import attrs, fw\nfrom test_page_odd import Odd\n\n@fw.hookimpl\ndef fw_features():\n    return {'odd': Odd}\n"
    )
    import sys
    import types

    module = types.ModuleType("test_page_odd")
    module.Odd = Odd
    sys.modules["test_page_odd"] = module
    try:
        made = study(fw.load(folder / "a.yaml"))
    finally:
        del sys.modules["test_page_odd"]
    return {**made, "name": f"{EVIL} [[data]] [[code]]"}


@pytest.fixture(scope="module")
def text(found):
    return page_of(found)


def test_the_page_loads_nothing_and_runs_one_script_alone(text):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert not re.search(r"(src|href)=.https?:", text)


def test_hostile_names_stay_words(text):
    assert "<img" not in text
    assert text.count("</script>") == 2
    assert text.count('id="study"') == 1


def test_the_sentences_count_what_was_tried(found):
    said = " ".join(believed(found))
    assert f"{found['tests']} coefficients were tried" in said
    assert "The market is made up" in said
    assert "sma_20 and sma_500" in said
    assert "Returns over 168 bars overlap: 2,184 bars hold 13 that do not." in said


@pytest.mark.parametrize(
    ("tests", "stand", "word"), [(100, 1, "1 stands"), (100, 0, "0 stand:"), (1, 1, "One coefficient")]
)
def test_the_sentence_on_luck_is_a_sentence(found, tests, stand, word):
    assert word in " ".join(believed({**found, "tests": tests, "stand": stand}))


@pytest.mark.parametrize(("tests", "words"), [(3, "less than 1 would"), (20, "about 1 would"), (90, "about 4 would")])
def test_what_luck_gives_is_never_said_to_be_none(found, tests, words):
    assert words in " ".join(believed({**found, "tests": tests}))


def test_without_any_judged_horizon_the_page_says_so(found):
    assert "too few bars for any horizon" in " ".join(believed({**found, "tests": 0}))


@pytest.fixture(scope="module")
def window(text, tmp_path_factory):
    """The page open in Chromium; skips where it or Playwright is absent."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    file = tmp_path_factory.mktemp("page") / "features.html"
    file.write_bytes(text.encode("utf-8", "replace"))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        troubles, requests = [], []
        page.on("console", lambda message: troubles.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=30_000)
        yield page
        assert troubles == []
        assert requests == [file.as_uri()]
        browser.close()


def names(page):
    return page.locator("#columns tbody th").all_inner_texts()


def test_all_columns_are_in_the_table_and_six_charts_of_one_are_drawn(window, found):
    assert sorted(names(window)) == sorted(
        column["name"].replace("\u2028", "\n") for column in found["columns"]
    ) or len(names(window)) == len(found["columns"])
    for chart in ("course", "spread", "memory", "horizon", "stretches", "tenths"):
        assert window.locator(f"#{chart} svg").count() == 1, chart
    assert window.locator("#together canvas").count() == 1


def test_every_column_can_be_looked_at_by_every_horizon_and_instrument(window, found):
    for _ in range(len(found["instruments"])):
        for _ in found["columns"]:
            window.locator("#after").click()
            assert window.locator("#columns tr.picked").count() == 1
    for button in window.locator("#choices button").all():
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
    window.select_option("#instrument", "1")
    assert window.locator("#one").inner_text()
    window.select_option("#instrument", "0")
    window.locator("#columns tbody button", has_text="flat").click()
    assert "Nearly every row is 3.5" in window.locator("#spread").inner_text()


def test_the_table_sorts_both_ways_and_finds(window):
    head = window.locator("#columns thead button").first
    head.click()
    up = names(window)
    window.locator("#columns thead button").first.click()
    assert names(window) == up[::-1]
    window.fill("#find", "RETURN_")
    assert sorted(names(window)) == ["return_1", "return_24", "return_4"]
    assert window.locator("#count").inner_text() == "3 of 11 columns"
    window.fill("#find", "")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_hangs_over_the_edge_and_nobody_is_shut_out(window, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    window.set_viewport_size({"width": width, "height": 900})
    window.emulate_media(color_scheme=scheme)
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    cut = window.evaluate(
        """[...document.querySelectorAll('svg text')].filter((text) => {
            const box = text.getBoundingClientRect(), frame = text.closest('svg').getBoundingClientRect();
            return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
        }).map((text) => text.textContent)"""
    )
    assert cut == []
    broken = axe.Axe().run(window, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"]][:3]) for rule in broken] == []
