"""Distributions that look installed: a folder with metadata and a module, put on the import path."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import pytest

GOOD_PLUGIN = """
import attrs, fw

@attrs.frozen
class Always:
    "Long, always."
    strength: float = fw.setting(1.0, ge=0, le=1, help="how long")
    def decide(self, view):
        return self.strength

@fw.hookimpl
def fw_strategies():
    return {"always": Always}
"""


@attrs.frozen
class FakeSite:
    """A folder like site-packages."""

    folder: Path

    def add(
        self,
        plugin: str,
        code: str = GOOD_PLUGIN,
        *,
        distribution: str | None = None,
        version: str = "1.0",
        needs: Sequence[str] = (),
        entry_points: str | None = None,
        metadata: str | None = None,
    ) -> str:
        """Write the distribution `fw-<plugin>` with one module that holds `code`; return the distribution's name."""
        name = distribution or f"fw-{plugin}"
        module = name.replace("-", "_")
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir(parents=True)
        requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
        info.joinpath("METADATA").write_text(
            metadata or f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
        )
        info.joinpath("entry_points.txt").write_text(entry_points or f"[fw]\n{plugin} = {module}\n")
        self.folder.joinpath(f"{module}.py").write_text(code)
        return name


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSite]:
    """A folder of fake distributions that this process and `run_fw` can import from."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    for name in ("FW_PLUGINS", "FW_TRACE", "FW_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield FakeSite(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


RunFw = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_fw(tmp_path: Path) -> RunFw:
    """Run `fw` in a process of its own, in an empty workspace, with the fake distributions on its path."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def run(*arguments: str, python: str = sys.executable, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FW_")}
        return subprocess.run(
            [python, "-m", "fw.cli", *arguments],
            capture_output=True,
            text=True,
            cwd=workspace,
            check=False,
            env={**kept, "PYTHONPATH": str(tmp_path / "site"), **environ},
        )

    return run
