"""An environment of its own for what is installed and removed, and one workspace with everything `fw new` writes."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from click.testing import CliRunner

REPOSITORY = Path(__file__).resolve().parents[2]
SHIMS = {"fw": "fw.cli", "pip": "pip", "pytest": "pytest"}
"""Programs by the module they run."""

Done = subprocess.CompletedProcess[str]


@attrs.frozen
class Environment:
    """A virtual environment that sees this one's packages, so that nothing is fetched; and a folder to work in."""

    folder: Path
    work: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    def variables(self) -> dict[str, str]:
        """What its programs are told: no package index, no build environment of pip's own, none of our settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FW_", "PIP_", "PYTEST_"))}
        return {
            **kept,
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the wrong way round: 0 is --no-build-isolation
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "COLUMNS": "120",
            "NO_COLOR": "1",
        }

    def run(self, program: str, *arguments: str | Path, cwd: Path | None = None) -> Done:
        """Run one of its programs to its end, in the folder to work in."""
        return subprocess.run(
            [self.bin / program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd or self.work,
            env=self.variables(),
            timeout=300,
        )

    def succeed(self, program: str, *arguments: str | Path, cwd: Path | None = None) -> str:
        """The same, and what it printed; the test fails where the program does."""
        done = self.run(program, *arguments, cwd=cwd)
        assert done.returncode == 0, f"{program} {' '.join(map(str, arguments))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def wheel(self, folder: Path) -> Path:
        """Build the distribution in this folder."""
        before = set((folder / "dist").glob("*.whl"))
        self.succeed("pip", "wheel", "--no-deps", "-w", folder / "dist", folder)
        (built,) = set((folder / "dist").glob("*.whl")) - before
        return built


@pytest.fixture
def fresh(tmp_path: Path) -> Environment:
    """A fresh environment; it costs a tenth of a second, so no two tests share one."""
    folder, work = tmp_path / "environment", tmp_path / "work"
    work.mkdir()
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    own = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    seen = [sysconfig.get_path("purelib"), str(REPOSITORY / "framework"), str(REPOSITORY / "plugins")]
    own.joinpath("seen.pth").write_text("\n".join(seen) + "\n")
    for name, module in SHIMS.items():
        shim = folder / "bin" / name
        run = f"import runpy, sys\nsys.path.pop(0)\nrunpy.run_module({module!r}, run_name='__main__')\n"
        shim.write_text(f"#!{folder}/bin/python\n{run}")
        shim.chmod(0o755)
    return Environment(folder, work)


@pytest.fixture(scope="session")
def begin() -> Callable[..., str]:
    """`fw new` in this process, into a folder that becomes the workspace; gives what it prints."""
    from fw.cli import main

    def run(kind: str, name: str, folder: Path, code: int = 0) -> str:
        environ = {name: None for name in os.environ if name.startswith("FW_")} | {"FW_HOME": str(folder)}
        told = CliRunner().invoke(main, ["new", kind, name, "--into", str(folder)], env=environ)
        assert told.exit_code == code, told.output
        return told.output

    return run
