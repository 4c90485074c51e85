"""The machine: its clock, judged by what was written before, its cores and its free disk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fw.doctor.environment import KERNEL
from fw.doctor.finding import Finding, plural, size
from fw.doctor.places import runs
from fw.errors import SettingsError
from fw.workspace import Workspace

PATIENCE = 0.05
"""Seconds over which the two clocks are compared."""

LEAP = 1.0
"""Seconds by which the wall clock may move more than the steady one; more than that somebody has set it."""

SLACK = 120.0
"""Seconds by which a file may seem to come from the future: other machines write to shared disks."""

SCARCE, LOW = 100_000_000, 1_000_000_000
"""Bytes of free disk under which runs fail, and under which it is worth a word."""


def look_at_clock(environ: Mapping[str, str], now: float) -> Iterator[Finding]:
    """Whether the system's time can be right; candles, funding and a venue's signatures rest on it."""
    said: dict[str, Any] = {"section": "clock", "title": "UTC", "facts": {"utc": moment(now)}}
    latest, what = latest_known(environ)
    mend = "set the system's clock, and keep it by NTP"
    if now + SLACK < latest:
        text = f"{moment(now)} cannot be right: {what} is of {moment(latest)}"
        yield Finding(**said, state="problem", text=text, mend=mend)
    elif abs(leap := _leap()) > LEAP:
        text = f"{moment(now)}; while it was looked at, the clock leapt by {leap:.1f} s"
        yield Finding(**said, state="problem", text=text, mend=mend)
    else:
        yield Finding(**said, text=moment(now))


def latest_known(environ: Mapping[str, str]) -> tuple[float, str]:
    """The latest time that has certainly passed, in seconds, and what shows it."""
    known = [((KERNEL / "__init__.py").stat().st_mtime, "the installed fw")]
    try:
        workspace = Workspace.here(environ)
    except SettingsError:
        return known[0]
    for folder, manifest in runs(workspace):
        for key in ("started", "ended"):
            try:
                time_said = datetime.fromisoformat(str(manifest.get(key)))
            except ValueError:
                continue
            if time_said.tzinfo is not None:
                known.append((time_said.timestamp(), f"run {folder.name}"))
    return max(known)


def moment(seconds: float) -> str:
    """`2024-01-31 08:00:00`, in UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s after 1970"


def _leap() -> float:
    wall, steady = time.time(), time.monotonic()
    time.sleep(PATIENCE)
    return (time.time() - wall) - (time.monotonic() - steady)


def look_at_machine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Cores, threads and free disk."""
    there = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else there
    text = plural(usable, "core") + (f" of {there}" if usable != there else "")
    facts = {"cores": there, "usable": usable}
    yield Finding(section="machine", title="cores", text=f"{text}; a sweep uses them all", facts=facts)
    try:
        root = Workspace.here(environ).root
    except SettingsError:
        root = KERNEL
    yield free_disk(root, shutil.disk_usage(_existing(root)).free)


def free_disk(folder: Path, free: int) -> Finding:
    """What is to be said of this many free bytes."""
    said: dict[str, Any] = {"section": "machine", "title": "disk", "facts": {"folder": str(folder), "free": free}}
    text = f"{size(free)} free at {folder}"
    if free < SCARCE:
        return Finding(**said, state="problem", text=text, mend="make room, or set FW_HOME to a folder that has it")
    return Finding(**said, state="note" if free < LOW else "ok", text=text)


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
