"""Plugins are installed into, and removed from, an environment of their own, without a network."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import fw
from fw.install import Change, install, uninstall

REPOSITORY = Path(__file__).resolve().parents[2]

PLUGIN = """
import attrs, fw

@attrs.frozen
class Always:
    "Long, always."
    def decide(self, view):
        return 1.0

@fw.hookimpl
def fw_strategies():
    return {"always": Always}
"""


def wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    code: str = PLUGIN,
    entry_points: str | None = None,
    needs: Sequence[str] = (),
    tag: str = "py3-none-any",
) -> Path:
    """A wheel of one module, written by hand."""
    module = name.replace("-", "_")
    path = folder / f"{module}-{version}-{tag}.whl"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": f"[fw]\n{module} = {module}\n" if entry_points is None else entry_points,
    }
    record = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


Environment = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that sees the packages of this one, so that nothing has to be fetched."""
    folder = tmp_path_factory.mktemp("environment")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    own = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    seen = [sysconfig.get_path("purelib"), str(REPOSITORY / "framework"), str(REPOSITORY / "plugins")]
    own.joinpath("seen.pth").write_text("\n".join(seen) + "\n")
    return folder / "bin" / "python"


@pytest.fixture
def fw_there(python: Path, tmp_path: Path) -> Environment:
    """Run `fw` in that environment, in an empty folder; pip may not look at any index."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FW_", "PIP_"))}
        return subprocess.run(
            [python, "-m", "fw.cli", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**kept, "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1", **environ},
        )

    return run


def test_a_plugin_is_installed_upgraded_and_removed_and_each_time_the_change_is_told(
    fw_there: Environment, tmp_path: Path
) -> None:
    first = fw_there("plugins", "install", str(wheel(tmp_path, "fw-wheeled")))
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        "added fw-wheeled 1.0",
        "plugin 'fw_wheeled' of fw-wheeled offers strategy 'always'",
    ]
    again = fw_there("plugins", "install", "fw-wheeled")
    assert again.stdout.startswith("nothing changed")
    newer = fw_there("plugins", "install", str(wheel(tmp_path, "fw-wheeled", "1.1")))
    assert newer.stdout.splitlines()[0] == "replaced fw-wheeled 1.0 with 1.1"
    removed = fw_there("plugins", "uninstall", "fw_wheeled")
    assert (removed.returncode, removed.stdout) == (0, "removed fw-wheeled 1.1\n")
    assert "fw-wheeled is not installed" in fw_there("plugins", "uninstall", "fw-wheeled").stderr


def test_a_plugin_that_breaks_at_import_is_told_of_and_can_be_removed_by_its_own_name(
    fw_there: Environment, tmp_path: Path
) -> None:
    broken = wheel(tmp_path, "fw-brittle", code="import sys; sys.exit(7)", entry_points="[fw]\nbrittle = fw_brittle\n")
    installed = fw_there("plugins", "install", str(broken))
    assert installed.returncode == 0, installed.stderr
    assert "plugin 'brittle' (fw-brittle 1.0) cannot be imported: SystemExit: 7" in installed.stdout
    removed = fw_there("plugins", "uninstall", "brittle")
    assert (removed.returncode, removed.stdout) == (0, "removed fw-brittle 1.0\n")


def test_removing_a_plugin_never_imports_it(fw_there: Environment, tmp_path: Path) -> None:
    trace = tmp_path / "imported"
    code = f"open({str(trace)!r}, 'a').close()\n" + PLUGIN
    assert fw_there("plugins", "install", str(wheel(tmp_path, "fw-shy", code=code))).returncode == 0
    trace.unlink()
    assert fw_there("plugins", "uninstall", "fw-shy").returncode == 0
    assert not trace.exists()


def test_what_is_no_plugin_is_taken_back_with_all_that_came_with_it(fw_there: Environment, tmp_path: Path) -> None:
    wheel(tmp_path, "its-need", entry_points="")
    path = wheel(tmp_path, "no-plugin", entry_points="", needs=["its-need"])
    done = fw_there("plugins", "install", str(path), PIP_FIND_LINKS=str(tmp_path))
    assert (done.returncode, done.stdout) == (4, "")
    (line,) = done.stderr.splitlines()
    assert (
        "no_plugin-1.0-py3-none-any.whl is no plugin of fw: nothing in it has an entry point of the group `fw`" in line
    )
    assert line.endswith("; taken back: its-need 1.0, no-plugin 1.0")
    for name in ("its-need", "no-plugin"):
        assert "is not installed" in fw_there("plugins", "uninstall", name).stderr


def test_what_is_no_plugin_and_was_there_before_stays(fw_there: Environment, tmp_path: Path) -> None:
    old = wheel(tmp_path, "fw-once", code=PLUGIN)
    assert fw_there("plugins", "install", str(old)).returncode == 0
    newer = wheel(tmp_path, "fw-once", "2.0", entry_points="")
    done = fw_there("plugins", "install", str(newer))
    assert done.returncode == 4
    assert done.stderr.endswith("; replaced, and it stays: fw-once 2.0 (before: 1.0)\n")
    assert fw_there("plugins", "uninstall", "fw-once").stdout == "removed fw-once 2.0\n"


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (
            "futures-framework>=99",
            f"fw-other 1.0 needs futures-framework>=99, and this is fw {fw.__version__}: "
            "pip install --upgrade futures-framework, or take another version",
        ),
        ("numpy<2", "fw-other 1.0 needs numpy<2, and fw needs numpy>=2.0: take another version of it"),
        ("nowhere-at-all", "fw-other needs nowhere-at-all, and no such distribution was found"),
    ],
)
def test_what_needs_another_fw_or_what_nobody_has_is_refused_before_harm(
    fw_there: Environment, tmp_path: Path, need: str, words: str
) -> None:
    done = fw_there("plugins", "install", str(wheel(tmp_path, "fw-other", needs=[need])))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.endswith(f"could not be installed: {words}\n")
    assert "is not installed" in fw_there("plugins", "uninstall", "fw-other").stderr
    assert fw_there("--version").stdout == f"fw {fw.__version__}\n"


def test_what_needs_this_fw_is_installed(fw_there: Environment, tmp_path: Path) -> None:
    path = wheel(tmp_path, "fw-fits", needs=[f"futures-framework>={fw.__version__}", "numpy>=1.26"])
    done = fw_there("plugins", "install", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("added fw-fits 1.0\n")
    assert fw_there("plugins", "uninstall", "fw-fits").returncode == 0


def test_a_plugin_for_another_interface_is_told_of_and_the_rest_goes_on(fw_there: Environment, tmp_path: Path) -> None:
    path = wheel(tmp_path, "fw-ahead", code=f"__fw_api__ = 2\n{PLUGIN}")
    done = fw_there("plugins", "install", str(path))
    assert done.returncode == 0
    assert "is written for version 2 of the plugin interface; this fw has version 1" in done.stdout
    assert done.stdout.endswith(": pip install --upgrade futures-framework\n")
    assert fw_there("parts", "sizer").returncode == 0
    assert fw_there("plugins", "uninstall", "fw-ahead").returncode == 0


def test_a_wheel_for_another_machine_and_a_folder_without_project(fw_there: Environment, tmp_path: Path) -> None:
    done = fw_there("plugins", "install", str(wheel(tmp_path, "fw-far", tag="cp39-cp39-win32")))
    assert done.stderr.endswith("could not be installed: it is made for another platform, or another Python\n")
    (tmp_path / "empty").mkdir()
    done = fw_there("plugins", "install", "./empty")
    assert done.stderr == "Error: ./empty could not be installed: no project is in it\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("install", "fw-of-nobody"), "fw-of-nobody could not be installed: no such distribution was found"),
        (("install", "./absent.whl"), "./absent.whl could not be installed: there is no such file or folder"),
        (("install", "no name"), "no name could not be installed: that is no name of a distribution"),
        (("install", "Futures_Framework"), "futures-framework is fw itself: pip install --upgrade futures-framework"),
        (("install", "--", "--index-url=http://x"), "is not the name of a distribution"),
        (("uninstall", "fw-of-nobody"), "fw-of-nobody is not installed"),
        (("uninstall", "futures-framework"), "futures-framework is fw itself: pip uninstall futures-framework"),
        (("uninstall", "backtest"), "the plugin 'backtest' is bundled with fw, and stays"),
        (("uninstall", "NumPy"), "fw cannot run without numpy, and it stays"),
        (("install", "attrs"), "attrs is no plugin of fw: nothing in it has an entry point of the group `fw`"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_4(
    fw_there: Environment, arguments: tuple[str, ...], text: str
) -> None:
    done = fw_there("plugins", *arguments)
    assert done.returncode == 4
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_broken_wheel_is_one_line(fw_there: Environment, tmp_path: Path) -> None:
    broken = tmp_path / "fw_torn-1.0-py3-none-any.whl"
    broken.write_bytes(b"PK not a zip")
    done = fw_there("plugins", "install", str(broken))
    assert done.returncode == 4
    assert done.stderr.endswith("could not be installed: the file is no whole wheel: fetch or build it again\n")
    assert len(done.stderr.splitlines()) == 1


def without_pip(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make this process believe that it has no pip, and let it find programs only in `path`."""
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else find(name))
    monkeypatch.setenv("PATH", str(path))


def test_without_pip_and_uv_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    without_pip(monkeypatch, tmp_path)
    with pytest.raises(fw.PluginError, match="there is neither pip nor uv to install with: python -m ensurepip"):
        install("fw-anything")


def test_without_pip_uv_is_asked_to_install_into_this_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho "error: Failed to fetch: dns error" >&2\nexit 2\n')
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    without_pip(monkeypatch, tmp_path)
    with pytest.raises(fw.PluginError, match="the package index cannot be reached"):
        install("fw-anything", upgrade=True)
    with pytest.raises(fw.PluginError, match="iniconfig could not be removed"):
        uninstall("iniconfig")
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert first.startswith(f"pip install --python {sys.executable} -c ")
    assert first.endswith("constraints.txt --upgrade fw-anything")
    assert second == f"pip uninstall --python {sys.executable} iniconfig"


def test_a_folder_of_packages_that_cannot_be_written_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # a folder that is not there refuses writing to every user, root included
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / "absent"))
    with pytest.raises(fw.PluginError, match=r"cannot write to .*absent .*python -m venv \.venv"):
        install("fw-anything")


def test_a_change_of_nothing_says_so() -> None:
    assert next(Change(added={}, removed={}, replaced={}).lines()).startswith("nothing changed")
