"""Secrets from the environment: `FW_SECRET_<NAME>`, or else `<NAME>`."""

from __future__ import annotations

import os
import re

import fw


@fw.hookimpl
def fw_secret(name: str) -> str | None:
    """The variable that is set to something, the longer name first: a short one may mean something else."""
    variable = re.sub(r"\W", "_", name).upper()
    return os.environ.get(f"FW_SECRET_{variable}") or os.environ.get(variable) or None
