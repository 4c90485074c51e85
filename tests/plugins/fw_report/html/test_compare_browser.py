"""The page of several runs as people open it: it draws, switches, hides a run, and shuts nobody out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import fw
from fw import SavedRun
from fw_report.html.compare import compare_page

EXAMPLE = Path(__file__).parents[4] / "examples" / "quickstart.yaml"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[SavedRun]:
    """Three runs of the made-up market, the last of which never trades."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("compare"))
        plans = [fw.load(EXAMPLE, overrides=[f"strategy.fast={fast}", "report=[summary]"]) for fast in (12, 24)]
        never = ["strategy={use: threshold, column: return_1, above: 1e12}", "features=[{use: returns, spans: [1]}]"]
        plans.append(fw.load(EXAMPLE, overrides=[*never, "report=[summary]"]))
        return [fw.open_run(plan.run().folder or "") for plan in plans]


@pytest.fixture(scope="module")
def text(runs: list[SavedRun]) -> str:
    """All three on one page."""
    return compare_page(runs)


@pytest.fixture(scope="module")
def opened(show: Callable[..., Any], text: str) -> Any:
    """The page, one for all tests of this file that leave it as they found it."""
    return show(text)


@pytest.fixture
def page(opened: Any) -> Any:
    yield opened.page
    assert opened.troubles == []


def lines(page: Any, chart: str) -> int:
    """How many lines a chart shows."""
    count: int = page.locator(f"#plot-{chart} path.js-line").count()
    return count


def test_each_run_has_a_line_in_both_charts_and_a_letter_in_one(page: Any) -> None:
    assert lines(page, "growth") == 3
    assert lines(page, "falls") == 3
    letters = page.locator("#plot-growth .textpoint text").all_text_contents()
    assert sorted(letters) == ["A", "B", "C"]


def test_a_letter_takes_its_run_out_of_both_charts_and_puts_it_back(page: Any) -> None:
    button = page.locator("#growth .panel").first.locator('[data-run="1"]')
    seen = []
    for _ in range(2):
        button.click()
        page.wait_for_timeout(100)
        pressed = {each.get_attribute("aria-pressed") for each in page.locator('[data-run="1"]').all()}
        seen.append((lines(page, "growth"), lines(page, "falls"), pressed))
    assert seen == [(2, 2, {"false"}), (3, 3, {"true"})]


def test_a_hidden_run_stays_hidden_when_the_scale_and_the_colours_change(page: Any) -> None:
    letter = page.locator("#growth .panel").first.locator('[data-run="0"]')
    scale = page.get_by_role("button", name="Log scale")
    theme = page.locator("[data-theme-button]")
    for button in (letter, scale, theme):
        button.click()
        page.wait_for_timeout(100)
    assert lines(page, "growth") == 2
    assert page.evaluate("document.getElementById('plot-growth').layout.yaxis.type") == "log"
    for button in (letter, scale, theme):
        button.click()
        page.wait_for_timeout(100)
    assert lines(page, "growth") == 3
    assert page.evaluate("document.getElementById('plot-growth').layout.yaxis.type") == "linear"


def test_the_colour_of_a_run_is_the_same_in_its_letter_and_its_line(page: Any) -> None:
    for place in range(3):
        chip = page.evaluate(f"getComputedStyle(document.querySelectorAll('.runs .chip')[{place}]).color")
        line = page.evaluate(f"document.querySelectorAll('#plot-growth path.js-line')[{place}].style.stroke")
        assert chip == line


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_nobody_is_shut_out(
    visit: Callable[..., Any], barriers: Callable[..., Any], text: str, width: int, scheme: str
) -> None:
    page = visit(text, scheme=scheme, width=width).page
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page itself does not scroll sideways"
    assert wider_than_its_frame(page) == [], "three runs fit on a phone"
    page.locator('[data-run="2"]').first.click()  # a letter that is struck out can be read, too
    kept, broken = barriers(page)
    assert "color-contrast" in kept, "the checks looked at something"
    assert broken == []


def wider_than_its_frame(page: Any) -> list[str]:
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth + 1)"
        ".map((each) => each.getAttribute('aria-label'))"
    )
    return found


def test_a_reason_is_one_click_from_its_dash(page: Any) -> None:
    link = page.locator("sup a").first
    link.click()
    target = link.get_attribute("href").removeprefix("#")
    assert page.locator(f"#{target}").inner_text() in ("no trades", "returns do not vary")


def test_a_dozen_runs_are_drawn_and_their_letters_stand_apart(visit: Callable[..., Any], runs: list[SavedRun]) -> None:
    watched = visit(compare_page(runs[:1] * 12), width=390)
    page = watched.page
    assert lines(page, "growth") == 12
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for change in ("", "Log scale"):
        if change:
            page.get_by_role("button", name=change).click()
            page.wait_for_timeout(100)
        letters = page.evaluate(
            """[...document.querySelectorAll('#plot-growth .textpoint text')].map((text) => {
                const box = text.getBoundingClientRect();
                return [box.top + box.height / 2, text.textContent];
            }).sort((one, other) => one[0] - other[0])"""
        )
        assert [letter for _, letter in letters] == list("ABCDEFGHIJKL"), "in their order where they end alike"
        assert all(lower[0] - upper[0] >= 10 for upper, lower in pairwise(letters)), letters
        assert letters[-1][0] < page.evaluate("document.getElementById('plot-growth').getBoundingClientRect().bottom")
    assert watched.troubles == []
