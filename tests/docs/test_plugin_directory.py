"""The page of plugins names every bundled one, and nothing that is not there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_directory_lists_every_bundled_plugin() -> None:
    page = (REPOSITORY / "docs" / "reference" / "plugin-directory.md").read_text(encoding="utf-8")
    bundled = page.partition("## Bundled")[2].partition("\n## ")[0]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    assert re.findall(r"^\| `(\w+)` \|", bundled, re.MULTILINE) == sorted(project["project"]["entry-points"]["fw"])


def test_the_keyword_by_which_plugins_are_found_is_in_the_template() -> None:
    page = (REPOSITORY / "docs" / "reference" / "plugin-directory.md").read_text(encoding="utf-8")
    assert 'keywords = ["fw-plugin"]' in page
    template = tomllib.loads((REPOSITORY / "examples" / "fw-plugin-template" / "pyproject.toml").read_text("utf-8"))
    assert template["project"]["keywords"] == ["fw-plugin"]
