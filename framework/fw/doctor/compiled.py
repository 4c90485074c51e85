"""The compiled kernels on disk: where, whether they are there for this version, and what older versions left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fw.doctor.finding import Finding, plural, size
from fw.doctor.places import may_write, size_of

if TYPE_CHECKING:
    from fw.plugins import Plugins

SECTION = "cache"
WORTH_DELETING = 1_000_000_000
"""Bytes of old kernels that are worth a word."""


def look_at_cache(plugins: Plugins) -> Iterator[Finding]:
    """Where kernels are kept, and whether the next run has to compile them."""
    try:
        from fw.ledger.compiled import LEDGER, cache_root, version_folder
    except ImportError as error:
        text = f"cannot be looked at without numba: {error}"
        yield Finding(section=SECTION, title="kernels", state="problem", text=text, mend="pip install numba")
        return
    root = cache_root()
    own = version_folder(LEDGER)
    warm = own.is_dir() and any(own.rglob("*.nbc"))
    facts = {"folder": str(root), "version": own.name, "warm": warm, "writable": may_write(own)}
    if not facts["writable"]:
        yield Finding(
            section=SECTION,
            title="kernels",
            state="problem",
            text=f"{root} cannot be written, so every run compiles anew, for some ten seconds",
            mend="set XDG_CACHE_HOME to a folder you may write in",
            facts=facts,
        )
    elif warm:
        yield Finding(section=SECTION, title="kernels", text=f"compiled, {root}", facts=facts)
    else:
        text = f"not compiled yet for this version; the first run does it, in some ten seconds, {root}"
        yield Finding(section=SECTION, title="kernels", text=text, facts=facts)
    yield from _older(root, {own.name, *_of_plugins(plugins)})


def _of_plugins(plugins: Plugins) -> Iterator[str]:
    """The folders of kernels that plugins may have now."""
    from fw.ledger.compiled import source_of, version_folder

    for plugin in plugins.loaded:
        file = getattr(plugin.module, "__file__", None)
        if file and (source := source_of(Path(file))) is not None:
            yield version_folder(source).name


def _older(root: Path, current: set[str]) -> Iterator[Finding]:
    if not root.is_dir():
        return
    old = [folder for folder in root.iterdir() if folder.is_dir() and folder.name not in current]
    taken = sum(map(size_of, old))
    facts = {"versions": len(old), "bytes": taken}
    text = f"{plural(len(old), 'older version')}, {size(taken)}"
    if taken > WORTH_DELETING:
        yield Finding(
            section=SECTION,
            title="older",
            state="note",
            text=text,
            mend=f"delete {root}; what is needed is compiled again",
            facts=facts,
        )
    else:
        yield Finding(section=SECTION, title="older", text=text, facts=facts)
