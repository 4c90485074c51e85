"""Compiled kernels are kept on disk, and forgotten as soon as any source they may call has changed.

Each test compiles two tiny kernels in processes of their own: some seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fw

PROBE = """
from fw.ledger.compiled import cache_folder, kernel
from fw.ledger.sizing import whole_lots

@kernel
def lots(quantity, lot):
    return whole_lots(quantity, lot)

found = lots(0.3, 0.01)
print(found, sum(lots.stats.cache_hits.values()), cache_folder())
"""


@pytest.fixture
def probe(tmp_path: Path):
    """Runs a kernel that calls into a copy of the ledger: what it gives, cache hits, and the cache's folder."""
    copy = tmp_path / "copy" / "fw"
    shutil.copytree(Path(fw.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__", "venues"))
    module = tmp_path / "probe.py"
    module.write_text(PROBE)

    def run(**environ: str) -> tuple[int, int, str]:
        done = subprocess.run(
            [sys.executable, str(module)],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": str(copy.parent),
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "PYTHONDONTWRITEBYTECODE": "1",
                **environ,
            },
        )
        assert done.returncode == 0, done.stderr
        lots, hits, folder = done.stdout.split()
        return int(lots), int(hits), folder

    run.copy = copy  # type: ignore[attr-defined]
    return run


def test_an_edited_callee_changes_what_a_cached_kernel_gives(probe) -> None:
    first = probe()
    assert first[:2] == (30, 0)
    assert probe() == (30, 1, first[2])
    callee = probe.copy / "ledger" / "sizing.py"
    source = callee.read_text()
    assert source.count("lots = quantity / lot\n") == 1
    callee.write_text(source.replace("lots = quantity / lot\n", "lots = quantity / lot + 1.0\n"))
    lots, hits, folder = probe()
    assert (lots, hits) == (31, 0)
    assert folder != first[2]


def test_without_a_writable_folder_kernels_are_compiled_anew(probe, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("where the cache's folder would be")
    assert probe(XDG_CACHE_HOME=str(blocked)) == (30, 0, "None")
