"""A doctor asked in a process of its own, of an environment with fake distributions."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest


@attrs.frozen
class Told:
    """What the doctor said, as JSON."""

    code: int
    findings: list[dict[str, Any]]

    def of(self, section: str, title: str) -> dict[str, Any]:
        """The one finding of this title that is worst."""
        found = [one for one in self.findings if (one["section"], one["title"]) == (section, title)]
        assert found, f"nothing is said of {section}: {title}"
        return max(found, key=lambda one: ["ok", "note", "problem"].index(one["state"]))


@pytest.fixture
def doctor(run_fw: Any, site: Any) -> Any:
    """Ask the doctor of an environment with fake distributions."""

    def ask(**environ: str) -> Told:
        done = run_fw("doctor", "--json", **environ)
        assert done.stderr == ""
        told = json.loads(done.stdout)
        assert told["problems"] == sum(one["state"] == "problem" for one in told["findings"])
        assert done.returncode == (1 if told["problems"] else 0)
        return Told(done.returncode, told["findings"])

    return ask
