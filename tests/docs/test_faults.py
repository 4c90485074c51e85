"""The tables of what can go wrong with data name tests, and those there are."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "explanation" / "data.md"


def test_each_row_of_what_can_go_wrong_is_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    faults = [row for row in rows if not row.startswith("| when ")]
    assert len(faults) > 10
    files = (REPOSITORY / "tests").rglob("test_*.py")
    there = set(re.findall(r"^(?:async )?def (test_\w+)", "\n".join(map(Path.read_text, files)), re.MULTILINE))
    for row in faults:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, f"this row names no test: {row}"
        assert set(named) <= there, f"there is no {', '.join(sorted(set(named) - there))}"
