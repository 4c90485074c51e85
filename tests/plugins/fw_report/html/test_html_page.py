"""The page as a file: whole, self-contained, escaped, bounded, and the same for the same run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import fw.testing
from fw import MissingExtra, Result
from fw.plugins import load
from fw.registry import build_part
from fw.testing.fakes import FakeRun
from fw.testing.results import results
from fw_report.html.page import page_of
from fw_report.html.reporter import Html


class Tags(HTMLParser):
    """Collects elements, and the text outside of scripts and styles. Mutable as parsers are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.styles: list[str] = []
        self.inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "style":
            self.styles.append(data)
        elif self.inside != "script":
            self.text.append(data)


@pytest.fixture(scope="module")
def pages(odd_runs: dict[str, Result], busy: Result, saved: Path) -> dict[str, str]:
    """Every page once."""
    return {name: page_of(run) for name, run in odd_runs.items()} | {"busy": page_of(busy, saved)}


def test_no_page_refers_to_anything_outside(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        parsed = Tags(page)
        for tag, attributes in parsed.elements:
            assert tag not in ("link", "iframe", "object", "embed", "base"), f"{name}: <{tag}>"
            for attribute in ("src", "href", "srcset", "action", "poster"):
                value = attributes.get(attribute)
                assert value is None or value.startswith("#"), f"{name}: <{tag} {attribute}={value!r}>"
        for style in [*parsed.styles, *(values.get("style") or "" for _, values in parsed.elements)]:
            assert not re.search(r"@import|url\(|expression\(", style), name


def test_only_the_scripts_that_belong_to_the_page_may_run(pages: dict[str, str]) -> None:
    for page in pages.values():
        metas = [values for tag, values in Tags(page).elements if tag == "meta" and "http-equiv" in values]
        (policy,) = [values["content"] for values in metas]
        assert policy is not None
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert not re.search(r"script-src[^;]*(unsafe|http|\*)", policy)
        assert not [values for _, values in Tags(page).elements if any(key.startswith("on") for key in values)]


def test_the_library_of_charts_lies_packed_in_the_page_and_the_policy_knows_its_text(pages: dict[str, str]) -> None:
    from plotly.offline import get_plotlyjs

    (packed,) = re.findall(r'<script type="application/gzip" id="fw-plotly">([^<]*)</script>', pages["busy"])
    text = gzip.decompress(base64.b64decode(packed))
    assert text.decode() == get_plotlyjs()
    assert f"sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}" in pages["busy"][:2000]
    assert len(pages["no trades"].encode()) < 2_500_000


def test_words_of_the_run_are_text_and_never_markup(pages: dict[str, str]) -> None:
    parsed = Tags(pages["busy"])
    assert not [values for _, values in parsed.elements if "data-evil" in values]
    text = "".join(parsed.text)
    assert '</script><img src=x onerror="document.title=1" data-evil>&amp;' in text
    assert "\U0001f680" in text
    data = json.loads(re.search(r'id="fw-data">(.*?)</script>', pages["busy"], re.DOTALL)[1])  # type: ignore[index]
    assert {"trades", "decisions", "refusals"} == set(data["tables"])


def test_every_chart_and_table_of_a_page_has_its_data(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        parsed = Tags(page)
        data = json.loads(re.search(r'id="fw-data">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
        for kind, key in (("charts", "data-chart"), ("tables", "data-table")):
            assert {values[key] for _, values in parsed.elements if key in values} == set(data[kind]), name
        ids = [values["id"] for _, values in parsed.elements if values.get("id")]
        assert len(ids) == len(set(ids)), name
        for _, values in parsed.elements:
            if (values.get("href") or "").startswith("#"):
                assert (values["href"] or "")[1:] in ids, name


def test_no_page_shows_what_is_no_number(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        text = " ".join(Tags(page).text)
        assert not re.search(
            r"\b(nan|inf|None|null|undefined|np\.float64)\b", text.split("Settings and manifest")[0]
        ), name


def test_a_dash_comes_with_its_reason(pages: dict[str, str]) -> None:
    assert '<span class="dash" title="no trades">–</span> <small class="why">no trades</small>' in pages["no trades"]


def test_the_page_says_what_was_run_and_how(pages: dict[str, str]) -> None:
    text = " ".join(" ".join(Tags(pages["busy"]).text).split())
    for words in (
        "BTCUSDT on 1h bars, 2024-01-01 00:00 to 2024-02-10 00:00 UTC, 960 bars",
        "Capital 10,000.00 USDT · engine scan (every part has an array form)",
        "How much of this to believe",
        "leverage: 4.0",
        "seed 7",
        "profile <paper>",
        "packages numpy 2.0",
    ):
        assert words in text
    assert "status" not in text.split("Manifest")[-1]


def test_a_folder_without_a_manifest_gives_a_page_without_one(busy: Result, tmp_path: Path) -> None:
    assert "Manifest</h3>" not in page_of(busy, tmp_path)
    (tmp_path / "manifest.json").write_text("{torn", encoding="utf-8")
    assert "Manifest</h3>" not in page_of(busy, tmp_path)


def test_a_page_of_a_long_run_stays_of_bounded_size(long_run: Result) -> None:
    page = page_of(long_run)
    assert len(page.encode()) < 16_000_000
    assert "The newest 20,000 of 250,000" in page


def test_the_reporter_writes_one_whole_file_and_says_where(busy: Result, saved: Path) -> None:
    reporter = Html().build(FakeRun())
    assert reporter.report(busy, None) is None
    assert reporter.report(busy, saved) == f"report: {saved / 'report.html'}"
    first = (saved / "report.html").read_bytes()
    assert first.startswith(b"<!doctype html>")
    reporter.report(busy, saved)
    assert (saved / "report.html").read_bytes() == first
    assert sorted(file.name for file in saved.iterdir()) == ["manifest.json", "report.html"]


def test_the_reporter_passes_the_suite_of_reporters() -> None:
    runs = results()
    fw.testing.check_reporter(Html(), on={name: runs[name] for name in ("some trades", "all lost")})


@pytest.mark.parametrize("module", ["plotly", "jinja2"])
def test_a_missing_library_is_one_sentence_with_the_way_out(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = load(environ={}).registry.find("reporter", "html")
    monkeypatch.setitem(sys.modules, module, None)  # what Python itself does where an import is to fail
    run: Any = FakeRun()
    with pytest.raises(
        MissingExtra, match=rf'^reporter \'html\' needs {module}: pip install "futures-framework\[report\]"$'
    ):
        build_part(offer, offer.spec(), run)
