"""The reference pages that come from the code are those in the repository, and the site builds."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
GENERATOR: dict[str, Any] = runpy.run_path(str(REPOSITORY / "docs" / "generate.py"), run_name="generate")


@pytest.mark.parametrize("name", GENERATOR["PAGES"])
def test_a_generated_page_is_up_to_date(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FW_PLUGINS", raising=False)
    committed = (REPOSITORY / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert GENERATOR["PAGES"][name]() == committed, "the code has changed: run python docs/generate.py"


def test_every_page_stands_in_the_navigation() -> None:
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [str(page.relative_to(REPOSITORY / "docs")) for page in (REPOSITORY / "docs").rglob("*.md")]
    missing = [page for page in pages if page not in navigation]
    assert not missing, f"add to nav in mkdocs.yml: {', '.join(missing)}"


def test_every_public_name_stands_on_the_page_of_python_or_of_errors() -> None:
    import fw
    import fw.testing

    pages = [REPOSITORY / "docs" / "reference" / name for name in ("python-api.md", "errors.md")]
    said = "".join(page.read_text(encoding="utf-8") for page in pages)
    listed = {name for name in fw.__all__ if name in vars(fw.errors)}  # errors.md shows the whole module
    missing = [name for name in fw.__all__ if name not in listed and not re.search(rf"[.@]{name}\b", said)]
    assert not missing, f"add to docs/python_api.py: {', '.join(missing)}"
    assert "::: fw.errors" in said
    unsaid = [name for name in fw.testing.__all__ if f"`fw.testing.{name}`" not in said]
    assert not unsaid, f"docs/python_api.py leaves out {', '.join(unsaid)}"


def test_every_member_of_what_strategies_are_shown_is_explained() -> None:
    page = (REPOSITORY / "docs" / "reference" / "python-api.md").read_text(encoding="utf-8")
    for title in ("## Decide", "## See"):
        section = page.partition(f"{title}\n")[2].partition("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert len(rows) > 20
        assert not [row for row in rows if row.endswith("|  |")]
