"""Which Python runs which fw, and what the environment's variables change."""

from __future__ import annotations

import json
import platform
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fw import __version__
from fw.doctor.finding import Finding, plural
from fw.hookspecs import GROUP
from fw.registry import BUNDLED
from fw.settings.merge import PREFIX

if TYPE_CHECKING:
    from importlib_metadata import Distribution

SECTION = "environment"
KERNEL = Path(__file__).resolve().parents[1]
SAID_ELSEWHERE = ("FW_HOME", "FW_SECRET_")
"""Variables of ours that change nothing here: the workspace is looked at by itself, and secrets are not."""


def look_at_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Python, fw itself, and the variables in force."""
    found = distribution()
    yield _python(found)
    yield _itself(found)
    yield from _variables(environ)


def distribution() -> Any:
    """The installed distribution of the kernel; None where it is only on the path."""
    import importlib_metadata

    try:
        return importlib_metadata.distribution(BUNDLED)
    except importlib_metadata.PackageNotFoundError:
        return None


def _python(found: Distribution | None) -> Finding:
    from packaging.specifiers import SpecifierSet

    version = platform.python_version()
    wanted = str(found.metadata.get("Requires-Python") or "") if found is not None else ""
    text = f"{version} ({platform.python_implementation()}) on {platform.system()} {platform.machine()}"
    facts = {"version": version, "executable": sys.executable, "platform": platform.platform(), "wanted": wanted}
    if wanted and not SpecifierSet(wanted).contains(version, prereleases=True):
        mend = f"make an environment with a Python {wanted}, and install fw there"
        return Finding(
            section=SECTION, title="Python", state="problem", text=f"{text}; fw wants {wanted}", mend=mend, facts=facts
        )
    return Finding(section=SECTION, title="Python", text=f"{text}, {sys.executable}", facts=facts)


def _itself(found: Distribution | None) -> Finding:
    facts: dict[str, Any] = {"version": __version__, "folder": str(KERNEL), "editable": False}
    if found is None:
        text = f"{__version__} is on the path, {KERNEL}, but not installed, so its own plugins are not found"
        return Finding(
            section=SECTION, title="fw", state="problem", text=text, mend=f"pip install {BUNDLED}", facts=facts
        )
    editable = facts["editable"] = _is_editable(found)
    text = f"{__version__}, {'editable, ' * editable}{KERNEL}"
    again = f"pip install -e {_repository() or '.'}" if editable else f"pip install --force-reinstall {BUNDLED}"
    if found.version != __version__:
        text += f", but installed as {found.version}"
        return Finding(section=SECTION, title="fw", state="problem", text=text, mend=again, facts=facts)
    if editable and (new := _not_announced(found)):
        text += f"; its plugins {', '.join(new)} came after it was installed, and are not found"
        return Finding(section=SECTION, title="fw", state="problem", text=text, mend=again, facts=facts)
    return Finding(section=SECTION, title="fw", text=text, facts=facts)


def _is_editable(found: Distribution) -> bool:
    try:
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        return bool(origin.get("dir_info", {}).get("editable"))
    except (ValueError, AttributeError):
        return False


def _repository() -> Path | None:
    """The folder fw is developed in, where it runs from there."""
    folder = KERNEL.parents[1]
    return folder if (folder / "pyproject.toml").is_file() and (folder / "plugins").is_dir() else None


def _not_announced(found: Distribution) -> list[str]:
    """Plugins that the repository announces and the installed metadata does not know yet."""
    folder = _repository()
    if folder is None:
        return []
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    said = project.get("project", {}).get("entry-points", {}).get(GROUP, {})
    return sorted(set(said) - {entry.name for entry in found.entry_points.select(group=GROUP)})


def constraints() -> dict[str, str]:
    """The versions that were tested together, by distribution; none where fw runs from no repository."""
    folder = _repository()
    file = folder / "constraints.txt" if folder is not None else None
    if file is None or not file.is_file():
        return {}
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return dict(line.split("==", 1) for line in lines if "==" in line)


def _variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    names = sorted(name for name in environ if name.startswith("FW_") and not name.startswith(SAID_ELSEWHERE))
    settings = [name for name in names if name.startswith(PREFIX)]
    if settings:
        text = f"{', '.join(settings)} change{'s' * (len(settings) == 1)} every strategy file"
        yield Finding(section=SECTION, title=plural(len(settings), "variable"), state="note", text=text)
    if "FW_PLUGINS" in environ:
        only = environ["FW_PLUGINS"]
        text = f"is {only!r}: of others' plugins only these are loaded" if only else "is empty: bundled plugins only"
        yield Finding(section=SECTION, title="FW_PLUGINS", state="note", text=text)
    if environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        text = "is set, so nothing is compiled, and a run is a hundred times slower"
        yield Finding(section=SECTION, title="NUMBA_DISABLE_JIT", state="problem", text=text, mend="unset it")
