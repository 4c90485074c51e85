"""The libraries fw needs and those its extras bring: their versions, against what is declared and what was tested."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from fw.doctor.environment import constraints, distribution
from fw.doctor.finding import Finding, plural
from fw.registry import BUNDLED, NOT_FOR_USERS, canonical

if TYPE_CHECKING:
    from packaging.requirements import Requirement

LIBRARIES, EXTRAS = "libraries", "extras"
COMPILED = ("numpy", "numba", "pandas", "pyarrow")
"""Libraries that may be installed and still not start, because they do not fit one another or the machine."""

NAMED = 3
"""Packages of an extra for developers that are named; of more it is said how many."""

TRY = """
import importlib, json, sys
said = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        said[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
print(json.dumps(said))
"""


@attrs.frozen
class Need:
    """One requirement and what is installed of it; `version` is empty where nothing is."""

    name: str
    wanted: str
    version: str
    fits: bool

    @property
    def line(self) -> str:
        """As pip takes it, quoted where the shell would take it for something else."""
        return f'"{self.name}{self.wanted}"' if self.wanted else self.name


def look_at_libraries() -> Iterator[Finding]:
    """Each library the kernel itself needs; then whether the compiled ones start, and which were never tested."""
    needs = [_need(requirement) for requirement in requirements("")]
    for need in needs:
        facts = {"version": need.version, "wanted": need.wanted}
        if need.version and need.fits:
            text = f"{need.version} ({need.wanted})" if need.wanted else need.version
            yield Finding(section=LIBRARIES, title=need.name, text=text, facts=facts)
            continue
        text = f"is {need.version}, and fw wants {need.wanted}" if need.version else "is not installed"
        yield Finding(
            section=LIBRARIES,
            title=need.name,
            state="problem",
            text=text,
            mend=f"pip install {need.line}",
            facts=facts,
        )
    there = {canonical(need.name) for need in needs if need.version}
    for name, error in failures([name for name in COMPILED if name in there]).items():
        yield Finding(
            section=LIBRARIES,
            title=name,
            state="problem",
            text=f"is installed and does not start: {error}",
            mend=f"pip install --force-reinstall {name}",
        )
    yield from _untested(needs)


def look_at_extras() -> Iterator[Finding]:
    """Each extra of the distribution: whether it is there, and the line that brings it."""
    found = distribution()
    for extra in sorted(found.metadata.get_all("Provides-Extra") or ()) if found is not None else ():
        needs = [_need(requirement) for requirement in requirements(extra)]
        absent = [need.name for need in needs if not need.version]
        old = [f"{need.name} {need.version} (wants {need.wanted})" for need in needs if need.version and not need.fits]
        mend = f'pip install "{BUNDLED}[{extra}]"'
        facts = {"installed": not absent and not old, "missing": absent, "mend": mend}
        if old and extra not in NOT_FOR_USERS:
            text = f"does not fit: {', '.join(old)}"
            yield Finding(section=EXTRAS, title=extra, state="problem", text=text, mend=mend, facts=facts)
        elif absent or old:
            missing = f"not installed: {', '.join(absent)}" if absent else f"does not fit: {', '.join(old)}"
            if extra not in NOT_FOR_USERS:
                yield Finding(section=EXTRAS, title=extra, state="note", text=missing, mend=mend, facts=facts)
                continue
            # nobody is told to install what only authors of fw need
            amiss = len(absent) + len(old)
            some = missing if amiss <= NAMED else f"{amiss} of {len(needs)} packages are missing or do not fit"
            yield Finding(section=EXTRAS, title=extra, text=f"{some}; for developers", mend=mend, facts=facts)
        else:
            yield Finding(section=EXTRAS, title=extra, text="installed", facts=facts)


def requirements(extra: str) -> list[Requirement]:
    """What the distribution needs, by itself or for one of its extras, those of its own other extras included."""
    from packaging.requirements import InvalidRequirement, Requirement

    found = distribution()
    asked: dict[str, Requirement] = {}
    for line in (found.requires or ()) if found is not None else ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        for_itself = marker is None or marker.evaluate({"extra": ""})
        for_extra = marker is not None and marker.evaluate({"extra": extra})
        if extra and (for_itself or not for_extra):
            continue
        if not extra and not for_itself:
            continue
        if canonical(requirement.name) != BUNDLED:
            asked[canonical(requirement.name)] = requirement
            continue
        for other in requirement.extras - {extra}:
            asked |= {canonical(one.name): one for one in requirements(other)}
    return [asked[name] for name in sorted(asked)]


def _need(requirement: Requirement) -> Need:
    import importlib_metadata

    wanted = ",".join(sorted(map(str, requirement.specifier)))
    try:
        version = importlib_metadata.version(requirement.name) or ""
    except importlib_metadata.PackageNotFoundError:
        version = ""
    fits = bool(version) and requirement.specifier.contains(version, prereleases=True)
    return Need(requirement.name, wanted, version, fits)


def failures(modules: Sequence[str]) -> Mapping[str, str]:
    """Which of these modules cannot be imported, and why; tried in another process, which one of them may take down."""
    if not modules:
        return {}
    done = subprocess.run([sys.executable, "-c", TRY, *modules], capture_output=True, text=True, check=False)
    if done.returncode:
        if len(modules) == 1:
            return {modules[0]: f"the process ends with {done.returncode}"}
        return {name: error for module in modules for name, error in failures([module]).items()}
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _untested(needs: Sequence[Need]) -> Iterator[Finding]:
    tested = {canonical(name): version for name, version in constraints().items()}
    pinned = [need for need in needs if need.version and canonical(need.name) in tested]
    others = {need.name: need for need in pinned if need.version != tested[canonical(need.name)]}
    if not pinned:
        return
    if not others:
        yield Finding(section=LIBRARIES, title="tested", text="these are the versions fw was tested with")
        return
    pairs = (f"{name} {need.version} (tested: {tested[canonical(name)]})" for name, need in others.items())
    yield Finding(
        section=LIBRARIES,
        title="tested",
        state="note",
        text=f"{plural(len(others), 'version')} not those fw was tested with: {', '.join(pairs)}",
        facts={name: {"version": n.version, "tested": tested[canonical(name)]} for name, n in others.items()},
    )
