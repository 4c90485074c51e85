"""The workspace: what lies in it, how large it is, and which runs were cut off."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fw.doctor.finding import Finding, plural, size
from fw.errors import SettingsError
from fw.workspace import Workspace

SECTION = "workspace"
SHOWN = 3
"""Runs that are named; the others are counted."""


def look_at_workspace(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Its folder, what is in it, and runs that say `running` with nobody running them."""
    try:
        workspace = Workspace.here(environ)
    except SettingsError as error:
        yield Finding(section=SECTION, title="folder", state="problem", text=str(error), mend="set FW_HOME")
        return
    yield _folder(workspace, "FW_HOME" if environ.get("FW_HOME") else "the current folder")
    for name, folder in (
        ("runs", workspace.runs),
        ("data", workspace.data),
        ("models", workspace.models),
        ("reports", workspace.reports),
        (".fw/cache", workspace.cache),
    ):
        if folder.is_dir():
            taken = size_of(folder)
            facts: dict[str, Any] = {"bytes": taken}
            text = size(taken)
            if name == "runs":
                facts["runs"] = len(list(runs(workspace)))
                text = f"{plural(facts['runs'], 'run')}, {text}"
            yield Finding(section=SECTION, title=name, text=text, facts=facts)
    yield from _unfinished(workspace)


def _folder(workspace: Workspace, chosen: str) -> Finding:
    root = workspace.root
    facts = {"folder": str(root), "chosen": chosen, "exists": root.is_dir(), "writable": may_write(root)}
    if root.exists() and not root.is_dir():
        text = f"{root} ({chosen}) is no folder"
        return Finding(section=SECTION, title="folder", state="problem", text=text, mend="set FW_HOME", facts=facts)
    if not facts["writable"]:
        return Finding(
            section=SECTION,
            title="folder",
            state="problem",
            text=f"{root} ({chosen}) cannot be written, so no run can be kept",
            mend="set FW_HOME to a folder you may write in",
            facts=facts,
        )
    if not root.is_dir():
        text = f"{root} ({chosen}) does not exist yet; the first run makes it"
        return Finding(section=SECTION, title="folder", state="note", text=text, facts=facts)
    return Finding(section=SECTION, title="folder", text=f"{root} ({chosen})", facts=facts)


def runs(workspace: Workspace) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every run folder and its manifest, an empty one where that cannot be read."""
    try:
        folders = sorted(folder for folder in workspace.runs.iterdir() if folder.is_dir())
    except OSError:
        return
    for folder in folders:
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            manifest = {}
        yield folder, manifest if isinstance(manifest, dict) else {}


def _unfinished(workspace: Workspace) -> Iterator[Finding]:
    cut_off = []
    for folder, manifest in runs(workspace):
        if manifest.get("status") != "running":
            continue
        if is_alive(manifest.get("process")):
            yield Finding(section=SECTION, title="running", text=folder.name, facts={"run": folder.name})
        else:
            cut_off.append(folder.name)
    if cut_off:
        whom = "it" if len(cut_off) == 1 else "them"
        named = ", ".join(cut_off[:SHOWN]) + (f" and {len(cut_off) - SHOWN} more" if len(cut_off) > SHOWN else "")
        yield Finding(
            section=SECTION,
            title="cut off",
            state="note",
            text=f"{plural(len(cut_off), 'run')} never ended, and nobody works on {whom}: {named}",
            mend=f"delete the folders in {workspace.runs}; no result is in them",
            facts={"runs": cut_off},
        )


def is_alive(process: Any) -> bool:
    """Whether there is a process of this number on this machine."""
    if not isinstance(process, int) or process <= 0:
        return False
    if os.name == "nt":
        return _is_alive_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and somebody else's
        return True
    return True


def _is_alive_on_windows(process: int) -> bool:
    # there, os.kill would end it
    import ctypes

    # windll is there on Windows only, so elsewhere the type checker does not know it
    kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel32.OpenProcess(0x1000, False, process)
    if handle:
        kernel32.CloseHandle(handle)
    return bool(handle)


def may_write(folder: Path) -> bool:
    """Whether this folder can be written into, or made where it is not there yet; nothing is tried."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def size_of(folder: Path) -> int:
    """Bytes of all files in it; links are not followed, what cannot be read counts nothing."""
    total = 0
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total
