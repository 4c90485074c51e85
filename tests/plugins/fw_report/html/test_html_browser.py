"""The page in a real browser: everything draws, sorts, finds, zooms and switches; nobody is shut out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fw import Result
from fw_report.html.page import page_of

PLOTS = "document.querySelectorAll('.plot')"


@pytest.fixture(scope="module")
def text(busy: Result) -> str:
    """The busy run's page."""
    return page_of(busy)


@pytest.fixture(scope="module")
def opened(show: Callable[..., Any], text: str) -> Any:
    """It in a window, one for all tests of this file that leave it as they found it."""
    return show(text)


@pytest.fixture
def page(opened: Any) -> Any:
    """The busy page with nothing searched, sorted as at first, the whole run in view."""
    yield opened.page
    assert opened.troubles == []
    opened.page.evaluate("() => { for (const t of Object.values(fw.tables)) { t.search.value = ''; t.seek(''); } }")


def column(page: Any, table: str, place: int) -> list[str]:
    """The texts of one column of the page of a table that is shown."""
    cells: list[str] = page.locator(f"#table-{table} tbody tr td:nth-child({place})").all_inner_texts()
    return cells


def until(page: Any, expression: str) -> None:
    """Wait for something to become true; Playwright's own way evaluates text in the page, which its policy forbids."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(25)
    raise AssertionError(f"never came true: {expression}")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", "").removesuffix(" %"))


def view(page: Any) -> list[float]:
    """What the chart of candles shows, ms."""
    shown: list[float] = page.evaluate("[...fw.candles.range]")
    return shown


def test_every_chart_is_drawn(page: Any) -> None:
    layers = "path.js-line, .scatterlayer path, .barlayer path, .boxlayer path, .waterfalllayer path"
    drawn = page.evaluate(
        f"[...{PLOTS}].map((plot) => [plot.id, plot.querySelectorAll('{layers}').length, plot.clientHeight])"
    )
    assert {name for name, _, _ in drawn} == {
        f"plot-{key}"
        for key in ("equity", "drawdown", "candles", "hour", "weekday", "holding", "exit", "tag", "stake", "costs")
    }
    assert all(shapes > 0 and height > 50 for _, shapes, height in drawn), drawn


def test_no_label_of_a_chart_is_cut_off(page: Any) -> None:
    clipped = page.evaluate(
        f"""[...{PLOTS}].flatMap((plot) => {{
            const frame = plot.getBoundingClientRect();
            return [...plot.querySelectorAll('.xtick text, .ytick text, .bartext')].filter((text) => {{
                const box = text.getBoundingClientRect();
                const isBeside = box.left < frame.left - 1 || box.right > frame.right + 1;
                return box.width && (isBeside || box.bottom > frame.bottom + 1);
            }}).map((text) => plot.id + ': ' + text.textContent);
        }})"""
    )
    assert clipped == []


def test_sorting_goes_over_all_rows_both_ways(page: Any, busy: Result) -> None:
    head = page.get_by_role("button", name="Profit", exact=True)
    head.click()
    assert page.locator("#table-trades th[aria-sort]").get_attribute("aria-sort") == "descending"
    profits = sorted(np.round(busy.trades["profit"], 2).tolist())
    assert [number(text) for text in column(page, "trades", 3)] == profits[::-1][:20]
    head.click()
    assert [number(text) for text in column(page, "trades", 3)] == profits[:20]
    page.get_by_role("button", name="Next page: Trades").click()
    assert [number(text) for text in column(page, "trades", 3)] == profits[20:]
    page.get_by_role("button", name="Trade", exact=True).click()
    assert column(page, "trades", 1)[:3] == ["40", "39", "38"]


def test_searching_finds_rows_that_have_all_the_words(page: Any, busy: Result) -> None:
    page.get_by_label("Search: Trades").fill("FADE long")
    until(page, "fw.tables.trades.found.length < 40")
    trades = busy.trades
    wanted = {str(k + 1) for k in range(40) if trades["tag"][k] == "fade" and trades["side"][k] == 1}
    assert set(column(page, "trades", 1)) == wanted
    assert page.locator("#table-trades [role=status]").inner_text() == f"{len(wanted)} of 40 match"
    page.get_by_label("Search: Trades").fill("no such thing")
    until(page, "fw.tables.trades.found.length === 0")
    assert "none found" in page.locator("#table-trades .pages").inner_text()


def test_the_log_button_switches_the_axis_of_equity(page: Any) -> None:
    button = page.get_by_role("button", name="Log scale")
    kinds = []
    for _ in range(2):
        button.click()
        page.wait_for_timeout(50)
        kind = page.evaluate("document.getElementById('plot-equity').layout.yaxis.type")
        kinds.append((kind, button.get_attribute("aria-pressed")))
        heights = page.evaluate(
            """[...document.querySelectorAll('#plot-equity .ytick text')].map((text) => {
                const box = text.getBoundingClientRect();
                return [box.top, box.bottom];
            }).sort((a, b) => a[0] - b[0])"""
        )
        assert len(heights) >= 3
        assert all(above[1] <= below[0] for above, below in pairwise(heights)), "labels stand apart"
    assert kinds == [("log", "true"), ("linear", "false")]


def test_the_theme_button_turns_page_and_charts(page: Any) -> None:
    look = "[getComputedStyle(document.body).backgroundColor, document.getElementById('plot-equity').layout.font.color]"
    light = page.evaluate(look)
    page.get_by_role("button", name="Switch to dark colours").click()
    page.wait_for_timeout(100)
    dark = page.evaluate(look)
    page.get_by_role("button", name="Switch to light colours").click()
    page.wait_for_timeout(100)
    assert page.evaluate(look) == light

    def brightness(color: str) -> int:
        return sum(int(part) for part in color.removeprefix("rgb(").rstrip(")").split(","))

    assert brightness(light[0]) > 600 > 200 > brightness(dark[0])
    assert brightness(light[1]) < 200 < 600 < brightness(dark[1])


def test_choosing_a_trade_zooms_to_it_with_its_stop(page: Any, busy: Result) -> None:
    page.get_by_role("button", name="Whole run").click()
    whole = view(page)
    page.get_by_label("Search: Trades").fill("17")
    page.get_by_role("button", name="Show trade 17", exact=True).click()
    page.wait_for_timeout(100)
    entry, leave = (busy.trades[name][16] / 1e6 for name in ("entry_time", "exit_time"))
    left, right = view(page)
    assert whole[0] < left < entry < leave < right < whole[1]
    assert right - left < (whole[1] - whole[0]) / 10
    assert "17" in page.locator("#table-trades tr.picked td").first.inner_text()
    assert page.locator("#picked").inner_text().startswith("Trade 17: long 2 BTCUSDT, ")
    assert page.locator("#candle-size").inner_text() == "One candle is one bar, 1h"
    drawn = page.evaluate(
        "Object.fromEntries(document.getElementById('plot-candles').data.map((each) => [each.name, [...each.y || []]]))"
    )
    stop = drawn["Stop"][0]
    assert stop == pytest.approx(busy.signals["stop_loss"][16], rel=1e-6)
    first = busy.trades["entry_price"][16] - busy.trades["side"][16] * 2.0
    assert drawn["Trailing stop"][0] == pytest.approx(first, rel=1e-6)
    assert "Take profit" not in drawn


def test_neighbours_zooming_and_panning_have_buttons(page: Any) -> None:
    page.get_by_role("button", name="Show trade 40", exact=True).click()
    page.wait_for_timeout(50)
    page.get_by_role("button", name="Previous trade").press("Enter")
    page.wait_for_timeout(50)
    assert page.locator("#picked").inner_text().startswith("Trade 39: ")
    left, right = view(page)
    for name, wider in (("Zoom out", 2.0), ("Zoom in", 1.0)):
        page.get_by_role("button", name=name, exact=True).press("Enter")
        page.wait_for_timeout(50)
        assert view(page)[1] - view(page)[0] == pytest.approx(wider * (right - left))
    page.get_by_role("button", name="Earlier").press("Enter")
    page.wait_for_timeout(50)
    assert view(page)[0] == pytest.approx(left - (right - left) / 2)


def test_a_click_on_a_mark_highlights_its_row(page: Any) -> None:
    page.evaluate("fw.candles.pick(2, { zoom: true })")
    page.wait_for_timeout(100)
    page.evaluate("document.getElementById('plot-candles').scrollIntoView({ block: 'center' })")
    entries = page.evaluate(
        """() => {
            const plot = document.getElementById('plot-candles');
            const rows = plot.data.find((each) => each.name === 'entries').customdata;
            const layers = [...plot.querySelectorAll('.scatterlayer .trace')];
            const layer = layers.find((each) => each.__data__[0].trace.name === 'entries');
            return [...layer.querySelectorAll('path.point')].map((point, k) => {
                const box = point.getBoundingClientRect();
                return [rows[k], box.x + box.width / 2, box.y + box.height / 2];
            });
        }"""
    )
    row, x, y = next(each for each in entries if each[0] != 2)
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.wait_for_timeout(150)
    assert page.locator("#table-trades tr.picked").get_attribute("data-row") == str(int(row))


def test_words_of_the_run_stand_in_charts_letter_by_letter(page: Any) -> None:
    ticks = page.evaluate("[...document.querySelectorAll('#plot-tag .ytick text')].map((text) => text.textContent)")
    assert any(text.startswith("</script><img src=x") for text in ticks)
    assert page.locator("[data-evil]").count() == 0
    assert "</script>" in page.title()
    assert "</script><img" in " ".join(column(page, "refusals", 4))


def test_the_page_is_for_everyone(visit: Callable[..., Any], text: str, barriers: Callable[..., Any]) -> None:
    watched = visit(text)
    page = watched.page
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    page.evaluate("fw.candles.pick(39, { zoom: true })")
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(200)
        kept, broken = barriers(page)
        assert {"color-contrast", "label", "button-name"} <= kept, "the checks looked at something"
        assert broken == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{width} px: it sticks out"
    assert watched.troubles == []


def test_on_a_phone_what_a_row_is_called_stays_in_view(visit: Callable[..., Any], text: str) -> None:
    page = visit(text, width=390).page
    moved = page.evaluate(
        """() => [...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth + 1)
            .map((each) => {
                each.scrollLeft = 100;
                const first = each.querySelector('tbody tr > :first-child').getBoundingClientRect();
                return [each.getAttribute('aria-label'), first.left - each.getBoundingClientRect().left];
            })"""
    )
    assert {name for name, _ in moved} >= {"Monthly returns", "Trades"}
    assert "The worst drawdowns" not in {name for name, _ in moved}
    assert all(abs(offset) < 1 for _, offset in moved), moved
    captions = page.locator("#about-months, #about-drawdowns")
    assert captions.count() == 2
    assert page.locator(".scroll #about-months, .scroll #about-drawdowns").count() == 0, "they do not scroll away"


def test_odd_runs_open_without_a_complaint(visit: Callable[..., Any], odd_runs: dict[str, Result]) -> None:
    for name in (
        "no bars",
        "no trades",
        "one bar",
        "liquidated in the first bar",
        "more lost than there was",
        "bars that leave the result open",
    ):
        run = odd_runs[name]
        watched = visit(page_of(run), width=390)
        assert watched.troubles == [], name
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        empty = watched.page.evaluate(
            f"[...{PLOTS}].filter((plot) => !plot.querySelector('svg')).map((plot) => plot.id)"
        )
        assert empty == [], name


def test_the_other_instrument_has_its_candles_and_trades(
    visit: Callable[..., Any], odd_runs: dict[str, Result]
) -> None:
    watched = visit(page_of(odd_runs["two instruments, one open"]))
    page = watched.page
    closes = "document.getElementById('plot-candles').data[0].close"
    assert page.evaluate(closes) == pytest.approx([100.0, 101.0, 102.0, 103.0])
    page.get_by_label("Instrument", exact=True).select_option(index=1)
    page.wait_for_timeout(100)
    assert page.evaluate(closes) == pytest.approx([0.01, 0.012, 0.011, 0.01], rel=1e-5)
    page.get_by_role("button", name="Show trade 2", exact=True).click()
    page.wait_for_timeout(100)
    assert page.get_by_label("Instrument", exact=True).input_value() == "BTCUSDT"
    assert watched.troubles == []


def test_half_a_million_bars_and_fifty_thousand_trades_are_at_hand(visit: Callable[..., Any], long_run: Result) -> None:
    watched = visit(page_of(long_run))
    page = watched.page
    assert "the 150 largest of 50,000 trades in view are marked" in page.locator("#candle-size").inner_text()
    assert page.evaluate("document.getElementById('plot-candles').data[0].close.length") <= 500
    page.get_by_role("button", name="Profit", exact=True).click()
    profits = np.sort(long_run.trades["profit"])[::-1]
    shown = [number(text) for text in column(page, "trades", 3)]
    assert shown == pytest.approx(profits[:20].tolist(), abs=0.006)
    assert page.locator("#table-trades .pages").inner_text().split() == ["‹", "1–20", "of", "50,000", "›"]
    page.locator("#table-trades tbody tr").first.click()
    page.wait_for_timeout(200)
    assert page.locator("#candle-size").inner_text() == "One candle is one bar, 1h", "every bar around a large trade"
    page.get_by_label("Search: Trades").fill("2024-03-05")
    until(page, "fw.tables.trades.found.length < 50")
    assert watched.troubles == []


def test_on_paper_the_page_is_light_and_has_no_buttons(page: Any) -> None:
    page.evaluate("delete document.documentElement.dataset.theme")  # as the system has it
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(100)
    assert not page.locator(".theme").is_visible()
    assert not page.locator(".contents").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ink = "document.getElementById('plot-equity').layout.font.color"
    assert page.evaluate(ink) == "rgb(27,33,38)"
    page.emulate_media(media="screen", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(100)
    assert page.evaluate(ink) == "rgb(231,234,237)"
    page.emulate_media(media="screen", color_scheme="light")
    page.wait_for_timeout(100)
