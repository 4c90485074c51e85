"""A template and its data become one page with style, scripts and numbers inside, which loads nothing from outside.

The page's security policy names its scripts by their hashes, so that nothing else can run even if escaping failed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment
    from numpy.typing import NDArray

HERE = files(__name__.rpartition(".")[0])
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(
    template: str,
    *,
    title: str,
    data: Mapping[str, Any],
    scripts: Sequence[str] = ("values.js", "page.js"),
    **context: Any,
) -> str:
    """The page of a template that extends `base.html.j2`; everything in `context` is escaped where it is shown.

    `data` reaches the scripts as `fw.data`: `charts` and `tables` by id, and whatever else a script of the page reads.
    """
    code = [read(name) for name in scripts]
    plotly, unpacked = packed_plotly()
    hashes = " ".join(f"'sha256-{digest}'" for digest in (unpacked, *map(_digest, code)))
    policy = f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:"
    page: str = (
        _environment()
        .get_template(template)
        .render(
            title=title,
            data=as_json(data),
            plotly=plotly,
            code=code,
            style=read("style.css"),
            policy=policy,
            **context,
        )
    )
    return page


def as_json(value: Any) -> str:
    """JSON that may stand in a `<script>`: no character in it can end the script; NaN and infinities become null."""
    text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be written to a file


def packed(column: NDArray[Any], dtype: str = "f8") -> dict[str, str]:
    """A column of numbers as plotly.js and `fw.unpack` read it: base64 of its bytes; dtype f8, f4, i4, i2 or u1."""
    import numpy as np

    return {"dtype": dtype, "bdata": base64.b64encode(np.ascontiguousarray(column, f"<{dtype}").tobytes()).decode()}


def words(column: Sequence[Any] | NDArray[Any]) -> dict[str, Any]:
    """A column of text, each word once: `{"words": [...], "codes": packed}`."""
    import numpy as np

    found, codes = np.unique(np.asarray(column, dtype=np.str_), return_inverse=True)
    return {"words": found.tolist(), "codes": packed(codes, "i4")}


def read(name: str) -> str:
    """A file that lies beside this one."""
    return HERE.joinpath(name).read_text(encoding="utf-8")


@cache
def packed_plotly() -> tuple[str, str]:
    """plotly.js as `page.js` unpacks it (base64 of gzip: 2 MB of 5), and the digest of its text."""
    from plotly.offline import get_plotlyjs

    code: str = get_plotlyjs()
    return base64.b64encode(gzip.compress(code.encode(), mtime=0)).decode(), _digest(code)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _finite(value: Any) -> Any:
    """The value with null in place of what JSON cannot say, and NumPy's numbers as plain ones."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
