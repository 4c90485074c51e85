"""The reference pages that come from the code are those in the repository."""

from __future__ import annotations

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
