"""Looks at everything a run stands on, says what is wrong, and how to mend it; it changes nothing and needs no network.

`fw doctor` shows what `examine` finds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fw.doctor.compiled import look_at_cache
from fw.doctor.environment import look_at_environment
from fw.doctor.finding import Finding, looked_at
from fw.doctor.libraries import look_at_extras, look_at_libraries
from fw.doctor.machine import look_at_clock, look_at_machine
from fw.doctor.places import look_at_workspace
from fw.doctor.plugged import look_at_plugins
from fw.plugins import load

if TYPE_CHECKING:
    from fw.plugins import Plugins

__all__ = ["Finding", "examine"]


def examine(
    *, plugins: Plugins | None = None, environ: Mapping[str, str] | None = None, now: float | None = None
) -> tuple[Finding, ...]:
    """Everything there is to say, section by section; `now` is the system's clock, in seconds since 1970."""
    environ = os.environ if environ is None else environ
    now = time.time() if now is None else now
    loaded = load(environ=environ) if plugins is None else plugins
    looks: dict[str, Callable[[], Iterable[Finding]]] = {
        "environment": partial(look_at_environment, environ),
        "libraries": look_at_libraries,
        "extras": look_at_extras,
        "plugins": partial(look_at_plugins, loaded),
        "cache": partial(look_at_cache, loaded),
        "workspace": partial(look_at_workspace, environ),
        "clock": partial(look_at_clock, environ, now),
        "machine": partial(look_at_machine, environ),
    }
    return tuple(finding for section, look in looks.items() for finding in looked_at(section, look))
