"""What pip and uv complain of becomes one sentence that says what to do."""

from __future__ import annotations

import pytest

from fw.complaint import reason


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\n"
            "ERROR: Could not find a version that satisfies the requirement fw-x\n"
            "ERROR: No matching distribution found for fw-x",
            "the package index cannot be reached",
        ),
        ("ERROR: No matching distribution found for fw-x", "no such distribution was found"),
        ("error: externally-managed-environment\n\n× This environment is externally managed", "belongs to the system"),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 30] Read-only file system: '/usr/lib'",
            "cannot be written",
        ),
        (
            "ERROR: Ignored the following versions that require a different python version: 1.0 Requires-Python >=3.13"
            "\nERROR: No matching distribution found for fw-x",
            "no version of it supports this Python",
        ),
        ("WARNING: something\nERROR: something else\n", "something else"),
        (
            "  × No solution found when resolving dependencies:\n  ╰─▶ Because fw-x==1.0 depends on\n"
            "      futures-framework>=99 and you require futures-framework==0.1.0, we can\n"
            "      conclude that your requirements are unsatisfiable.\n",
            "fw-x 1.0 needs futures-framework>=99, and this is fw 0.1.0",
        ),
        (
            "  error: subprocess-exited-with-error\n      ValueError: no such table\n",
            "built: ValueError: no such table",
        ),
        (
            "  × installing build dependencies did not run\n  ERROR: No matching distribution found for hatchling\n",
            "building it needs hatchling, and no such distribution was found",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement gone (from fw-x) (from versions: none)\n"
            "ERROR: No matching distribution found for gone\n",  # pip 23
            "fw-x needs gone, and no such distribution was found",
        ),
        ("ERROR: ResolutionImpossible: for help visit", "contradicts"),
        ("", "it did not say why"),
    ],
)
def test_what_pip_complains_of_becomes_one_sentence(complaint: str, sentence: str) -> None:
    assert sentence in reason(complaint)
    assert "\n" not in reason(complaint)
