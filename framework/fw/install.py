"""Installs and removes plugins with pip (or uv) in another process, and says what changed; it imports no plugin.

A plugin so broken that it cannot even be imported can therefore always be removed.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import attrs

from fw.complaint import OWN_ENVIRONMENT, reason
from fw.errors import PluginError
from fw.hookspecs import GROUP
from fw.installed import installed
from fw.registry import BUNDLED, canonical, nearest, word

PRESENT = """
import json
from importlib_metadata import distributions
seen = {}
for one in distributions():
    try:
        seen.setdefault(one.metadata["Name"], one.version)
    except Exception:  # broken metadata of any distribution; it is left out of the comparison
        pass
print(json.dumps(seen))
"""
OFFERED = """
import json
from fw.plugins import load
plugins = load(environ={})
print(json.dumps({
    "plugins": [
        {"name": p.name, "distribution": p.distribution, "parts": [[o.kind, o.name] for o in plugins.offers_of(p.name)]}
        for p in plugins.loaded
    ],
    "problems": [{"distribution": p.distribution, "text": str(p)} for p in plugins.problems],
}))
"""

NO_PLUGIN = f"is no plugin of fw: nothing in it has an entry point of the group `{GROUP}`"


@attrs.frozen(kw_only=True)
class NewPlugin:
    """A plugin that an installation brought, and the parts it offers as (kind, name)."""

    name: str
    distribution: str
    parts: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Change:
    """What an installation or removal came to; distributions by name with their versions."""

    added: Mapping[str, str]
    removed: Mapping[str, str]
    replaced: Mapping[str, tuple[str, str]]
    """Old and new version."""
    plugins: tuple[NewPlugin, ...] = ()
    """Those in what was added or replaced."""
    problems: tuple[str, ...] = ()
    """What is wrong with them."""

    @property
    def touched(self) -> frozenset[str]:
        """Distributions that are there now and were not before, in this version."""
        return frozenset(map(canonical, (*self.added, *self.replaced)))

    def lines(self) -> Iterator[str]:
        """What changed, a line each, for people."""
        for name, version in self.removed.items():
            yield f"removed {name} {version}"
        for name, version in self.added.items():
            yield f"added {name} {version}"
        for name, (old, new) in self.replaced.items():
            yield f"replaced {name} {old} with {new}"
        for plugin in self.plugins:
            parts = ", ".join(f"{word(kind)} {name!r}" for kind, name in plugin.parts)
            yield f"plugin {plugin.name!r} of {plugin.distribution} offers {parts or 'no parts'}"
        yield from self.problems
        if not (self.added or self.removed or self.replaced):
            yield "nothing changed: it is installed already; --upgrade looks for a newer version"


def install(requirement: str, *, upgrade: bool = False) -> Change:
    """Install a distribution, a wheel, a folder or an address, as pip understands it.

    Neither fw nor what fw needs is changed for a plugin's sake. Raises PluginError, with one sentence, where nothing
    could be installed, and where what was installed is no plugin: it is taken back.
    """
    _look_at(requirement)
    command = _command("install")
    _writable()
    before = _ask(PRESENT)
    with tempfile.TemporaryDirectory() as folder:
        limits = Path(folder) / "constraints.txt"
        limits.write_text("\n".join(_constraints()) + "\n", encoding="utf-8")
        more = ["-c", str(limits), *["--upgrade"] * upgrade]
        _run([*command, *more, requirement], f"{requirement} could not be installed")
    change = _difference(before, _ask(PRESENT))
    if not change.touched:
        _refuse_others(requirement, before)
        return change
    offered = _ask(OFFERED)
    plugins = tuple(
        NewPlugin(name=one["name"], distribution=one["distribution"], parts=tuple(map(tuple, one["parts"])))
        for one in offered["plugins"]
        if canonical(one["distribution"]) in change.touched
    )
    problems = tuple(one["text"] for one in offered["problems"] if canonical(one["distribution"]) in change.touched)
    if not plugins and not problems:
        _take_back(requirement, change)
    return attrs.evolve(change, plugins=plugins, problems=problems)


def _look_at(requirement: str) -> None:
    """Refuse, before anything is done, what cannot be meant."""
    if requirement.startswith("-") or not requirement.strip():
        raise PluginError(f"{requirement!r} is not the name of a distribution, a file or an address")
    name = re.match(r"[\w.-]+", requirement)
    if name and canonical(name[0]) == BUNDLED:
        raise PluginError(f"{BUNDLED} is fw itself: pip install --upgrade {BUNDLED}")
    is_file = "://" not in requirement and ("/" in requirement or requirement.endswith((".whl", ".tar.gz", ".zip")))
    if is_file and not Path(requirement.partition("[")[0]).expanduser().exists():
        raise PluginError(f"{requirement} could not be installed: there is no such file or folder")


def _refuse_others(requirement: str, present: Mapping[str, str]) -> None:
    """Raise for what was installed before and is no plugin; of a folder or an address nobody knows its name."""
    is_wheel = requirement.endswith(".whl")
    said = Path(requirement).name if is_wheel else requirement
    stem = None if "/" in said else re.match(r"[\w.]+" if is_wheel else r"[\w.-]+", said)
    others = set(map(canonical, present)) - {canonical(found.distribution) for found in installed()}
    if stem and canonical(stem[0]) in others:
        raise PluginError(f"{requirement} {NO_PLUGIN}; it was installed before, and stays")


def _take_back(requirement: str, change: Change) -> NoReturn:
    """Remove what is no plugin, with all that came with it, and say so; what was there before stays."""
    text = f"{requirement} {NO_PLUGIN}"
    if change.added:
        _run([*_command("uninstall"), *change.added], f"{text}; it could not be taken back")
        text += f"; taken back: {', '.join(f'{name} {version}' for name, version in change.added.items())}"
    stays = [f"{name} {new} (before: {old})" for name, (old, new) in change.replaced.items()]
    raise PluginError(text + (f"; replaced, and it stays: {', '.join(stays)}" if stays else ""))


def uninstall(name: str) -> Change:
    """Remove the distribution of this name, or the one that brings the plugin of this name; its needs stay.

    Raises PluginError where it is not installed, or where the program itself needs it.
    """
    before = _ask(PRESENT)
    distribution = _distribution_of(name, before)
    if canonical(name) == BUNDLED:
        raise PluginError(f"{BUNDLED} is fw itself: pip uninstall {BUNDLED}")
    if canonical(distribution) == BUNDLED:
        raise PluginError(f"the plugin {name!r} is bundled with fw, and stays")
    if canonical(distribution) in _needed():
        raise PluginError(f"fw cannot run without {distribution}, and it stays")
    command = _command("uninstall")
    _writable()
    _run([*command, distribution], f"{distribution} could not be removed")
    return _difference(before, _ask(PRESENT))


def _distribution_of(name: str, present: Mapping[str, str]) -> str:
    for known in present:
        if canonical(known) == canonical(name):
            return known
    plugins = {found.entry.name: found.distribution for found in installed()}
    if name in plugins:
        return plugins[name]
    close = nearest(name, [*plugins, *present])
    raise PluginError(f"{name} is not installed" + (f". Did you mean {close!r}?" if close else ""))


def _needed() -> set[str]:
    """The kernel's own distribution and what it cannot run without."""
    names = (re.match(r"[\w.-]+", line) for line in _constraints())
    return {BUNDLED, *(canonical(name[0]) for name in names if name)}


def _constraints() -> list[str]:
    """This very fw and what it needs, in pip's words; nothing that is installed may contradict them."""
    import importlib_metadata

    try:
        found = importlib_metadata.distribution(BUNDLED)
    except importlib_metadata.PackageNotFoundError:
        return []
    return [f"{BUNDLED}=={found.version}", *(line for line in found.requires or () if "extra ==" not in line)]


def _command(verb: str) -> list[str]:
    """How `install` or `uninstall` begins here: with pip, or with uv where there is no pip."""
    if importlib.util.find_spec("pip"):
        quiet = ["--disable-pip-version-check", "--no-input", *["--retries=1"] * (verb == "install")]
        return [sys.executable, "-m", "pip", verb, *quiet, *["--yes"] * (verb == "uninstall")]
    if uv := shutil.which("uv"):
        return [uv, "pip", verb, "--python", sys.executable]
    raise PluginError("there is neither pip nor uv to install with: python -m ensurepip")


def _writable() -> None:
    """Look before a long download: a folder that looks writable may still be on a read-only disk."""
    site = sysconfig.get_path("purelib")
    try:
        with tempfile.TemporaryFile(dir=site):
            pass
    except OSError as error:
        raise PluginError(f"cannot write to {site} ({error.strerror}): {OWN_ENVIRONMENT}") from error


def _run(command: Sequence[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise PluginError(f"{failure}: {reason(done.stderr, done.stdout)}")


def _ask(code: str) -> Any:
    """What a fresh process prints as JSON: this one may hold stale metadata, and must not import plugins."""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise PluginError(f"the installed packages cannot be read: {' '.join(last) or f'exit code {done.returncode}'}")
    return json.loads(done.stdout.splitlines()[-1])


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> Change:
    return Change(
        added={name: version for name, version in after.items() if name not in before},
        removed={name: version for name, version in before.items() if name not in after},
        replaced={n: (before[n], version) for n, version in after.items() if n in before and before[n] != version},
    )
