"""The numbers of a study and the page's own files become one HTML text, which loads nothing from outside.

The page's security policy names its script by its hash, so that nothing else can run in it. All words of the study
reach the page as JSON, which the script writes as text and never as HTML.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from fw.domain.time import format_time
from fw_features.page.words import believed

HERE = files(__name__.rpartition(".")[0])
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
SCRIPTS = ("draw.js", "charts.js", "page.js")


def page_of(study: Mapping[str, Any]) -> str:
    """The page of a study (`fw_features.study.study.study`)."""
    code = "\n".join(_read(name) for name in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    span = f"{format_time(study['start'])[:16]} to {format_time(study['end'])[:16]} UTC"
    bars = ", ".join(f"{one['symbol']} {one['bars']:,} bars" for one in study["instruments"])
    filled = {
        "policy": f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'",
        "title": html.escape(f"Features of {study['name']}"),
        "subtitle": html.escape(f"{len(study['columns'])} columns · {bars} of {study['bar']} · {span}"),
        "believed": "".join(f"<li>{html.escape(text)}</li>" for text in believed(study)),
        "style": _read("page.css"),
        "data": _as_json(study),
        "code": code,
    }
    # in one pass, so that nothing filled in is taken for a place to fill
    return re.sub(r"\[\[(\w+)\]\]", lambda place: filled[place[1]], _read("page.html"))


def _as_json(value: Any) -> str:
    """JSON that may stand in a `<script>`: no character in it can end the script."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text


def _read(name: str) -> str:
    """A file that lies beside this one."""
    return HERE.joinpath(name).read_text(encoding="utf-8")
