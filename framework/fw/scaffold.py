"""Writes what an author of a part begins with: a small example that works, its tests, and a file that runs it."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from string import Template

import attrs

from fw.errors import SettingsError
from fw.hookspecs import KINDS as PARTS
from fw.installed import installed
from fw.registry import Registry, word

TEMPLATES = Path(__file__).with_name("templates")
KINDS = (*PARTS, "plugin")
"""What can be begun: each kind of part as a single file, or a whole distribution."""

LONGEST = 64
"""Letters of a name; files named after it must stay within what every file system takes."""

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

IMPORTED = frozenset({"Any", "LedgerBroker", "Mapping", "Path"})
"""Names that templates import, which no class of theirs may take."""

BEHIND = {"risk": "Check", "features": "Set", "plugin": "Strategy"}
"""What stands behind such a class's name; else it is the kind."""


@attrs.frozen(kw_only=True)
class Scaffold:
    """The files of one beginning, by their paths from the folder they go to."""

    kind: str
    name: str
    """Of the part, with underscores."""
    files: Mapping[PurePosixPath, str]

    @property
    def runs(self) -> bool:
        """Whether there is a strategy file among them."""
        return any(path.suffix == ".yaml" for path in self.files)


def scaffold(kind: str, name: str, registry: Registry) -> Scaffold:
    """The files for a part of this kind, or for a plugin; nothing is written.

    Raises SettingsError for a name that cannot be one, or that is taken.
    """
    name = _checked(kind, name, registry)
    words = {
        "name": name,
        "Name": _class_name(kind, name),
        "package": f"fw_{name}",
        "distribution": f"fw-{name.replace('_', '-')}",
        "needs": _needs(),
    }
    base = PurePosixPath(words["distribution"] if kind == "plugin" else "")
    folder = TEMPLATES / kind
    files = {
        base / _place(template.relative_to(folder).as_posix(), name): Template(
            template.read_text(encoding="utf-8")
        ).substitute(words)
        for template in sorted(folder.rglob("*.txt"))
    }
    return Scaffold(kind=kind, name=name, files=files)


def write(made: Scaffold, folder: Path) -> list[Path]:
    """Write all files below `folder`, or none; returns where their tops are: files, or the plugin's folder.

    Raises SettingsError where one is there already; an OSError passes after everything is as it was.
    """
    tops = [folder / top for top in dict.fromkeys(path.parts[0] for path in made.files)]
    for top in tops:
        if os.path.lexists(top):
            what = "folder" if top.is_dir() else "file"
            raise SettingsError(
                f"the {what} {top} exists already: take another name, or move it away; nothing is written"
            )
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    placed: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # written beside their places first: a disk that is full is found before anything can be seen
        with tempfile.TemporaryDirectory(dir=folder, prefix=".fw-new-") as aside:
            for path, text in made.files.items():
                target = Path(aside, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
            for top in tops:
                os.rename(Path(aside, top.name), top)
                placed.append(top)
    except BaseException:
        for top in placed:
            shutil.rmtree(top) if top.is_dir() else top.unlink()
        for parent in missing:
            with suppress(OSError):  # it was never made, or somebody else has put something into it
                parent.rmdir()
        raise
    return tops


def _place(template: str, name: str) -> str:
    """Where a template's text goes: `src/fw_NAME/plugin.py.txt` to `src/fw_breakout/plugin.py`."""
    path = template.removesuffix(".txt").replace("NAME", name)
    return ".gitignore" if path == "gitignore" else path


def _class_name(kind: str, name: str) -> str:
    """`weekend_guard` as `WeekendGuard`; a name that the file needs itself gets its kind behind it."""
    camel = "".join(piece[:1].upper() + piece[1:] for piece in name.split("_"))
    return camel + BEHIND.get(kind, kind.capitalize()) if camel in IMPORTED else camel


def _needs() -> str:
    """The versions of fw a plugin says it works with: this one and later, up to the next great one."""
    from fw import __version__

    major, minor = __version__.split(".")[:2]
    return f">={major}.{minor},<{int(major) + 1}"


def _checked(kind: str, name: str, registry: Registry) -> str:
    """The name as Python has it, if a part and its files may be called so."""
    typed, name = name, name.replace("-", "_")
    if kind == "plugin":
        name = name.removeprefix("fw_")  # which its distribution and its package begin with anyway
    if not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", typed).lower()).strip("_")
        hint = f"try {near}" if typed.isascii() and NAME.fullmatch(near) else "as in weekend_guard"
        raise SettingsError(
            f"{typed!r} cannot be a name: a to z, digits and single underscores, a letter first; {hint}"
        )
    if len(name) > LONGEST:
        raise SettingsError(f"a name has {LONGEST} letters at most; this one has {len(name)}")
    if name == "null":
        raise SettingsError("'null' means nothing at all in a strategy file: take another name")
    if keyword.iskeyword(name) or keyword.iskeyword(name.capitalize()):  # none would make a class None
        raise SettingsError(f"{name!r} is a word of Python's own and cannot name a module or a class: take another")
    if name.startswith("test") or name == "conftest":
        raise SettingsError(f"pytest would take {name}.py for a test: take a name that does not begin with test")
    _refuse_taken(kind, name, registry)
    return name


def _refuse_taken(kind: str, name: str, registry: Registry) -> None:
    part = "strategy" if kind == "plugin" else kind
    for offer in registry.offers(part):
        if offer.name.replace("-", "_").lower() == name:
            raise SettingsError(
                f"there is a {word(part)} {offer.name!r} already, of plugin {offer.plugin!r}: take another name, "
                "so that files need not say which of the two they mean"
            )
    for twin in installed() if kind == "plugin" else ():
        if twin.entry.name == name:
            raise SettingsError(f"there is a plugin {name!r} already, of {twin.distribution}: take another name")
    module = f"fw_{name}" if kind == "plugin" else name
    if _is_importable(module):
        raise SettingsError(
            f"there is a Python module {module!r} already, which this one would hide: take another name"
        )


def _is_importable(module: str) -> bool:
    """Whether a module of this name is installed; what lies in the current folder is told of as an existing file."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).parent != Path.cwd()
