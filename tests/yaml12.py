"""YAML as editors read it for a schema: the core schema of YAML 1.2, in which a date is text."""

from __future__ import annotations

import re
from typing import Any

import yaml


class Yaml12(yaml.SafeLoader):
    """Knows null, true and false, numbers and text; nothing else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for tag, pattern, first in (
    ("null", r"^(~|null|Null|NULL|)$", "~nN"),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first, *([""] if tag == "null" else [])]
    )
Yaml12.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def read(text: str) -> Any:
    """The plain data of one document."""
    return yaml.load(text, Loader=Yaml12)
