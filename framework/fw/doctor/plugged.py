"""The plugins: what each brings, and the command that mends those with a problem."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fw.doctor.finding import Finding, plural

if TYPE_CHECKING:
    from fw.plugins import Plugins

SECTION = "plugins"


def look_at_plugins(plugins: Plugins) -> Iterator[Finding]:
    """The bundled ones in one line, every other in its own, then every problem."""
    bundled = [plugin for plugin in plugins.loaded if plugin.bundled]
    parts = sum(len(plugins.offers_of(plugin.name)) for plugin in bundled)
    facts = {"plugins": [plugin.name for plugin in bundled], "parts": parts}
    if bundled:
        text = f"{plural(len(bundled), 'plugin')}, {plural(parts, 'part')}"
        yield Finding(section=SECTION, title="bundled", text=text, facts=facts)
    else:
        yield Finding(section=SECTION, title="bundled", state="problem", text="no bundled plugin is found", facts=facts)
    for plugin in plugins.loaded:
        if not plugin.bundled:
            offers = plugins.offers_of(plugin.name)
            brought = f"{plugin.distribution} {plugin.version}".strip() or str(plugin.file)
            yield Finding(
                section=SECTION,
                title=plugin.name,
                text=f"{brought}, {plural(len(offers), 'part')}",
                facts={"distribution": plugin.distribution, "version": plugin.version, "parts": len(offers)},
            )
    for problem in plugins.problems:
        brought = f"{problem.distribution} {problem.version}: " if problem.distribution else ""
        yield Finding(
            section=SECTION,
            title=problem.plugin,
            state="problem",
            text=f"{brought}{problem.text}",
            mend=problem.mend,
            facts={"distribution": problem.distribution, "version": problem.version},
        )
