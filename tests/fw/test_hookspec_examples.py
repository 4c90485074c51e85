"""The example in every hook's docstring is a plugin that works."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from fw.hookcheck import HOOKS
from fw.hookspecs import KINDS, Hooks
from fw.plugins import load


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_a_hook_loads_without_problems(hook: str, tmp_path: Path) -> None:
    docstring = textwrap.dedent("    " * 2 + (getattr(Hooks, hook).__doc__ or ""))
    (example,) = re.findall(r"```python\n(.*?)```", docstring, re.DOTALL)
    file = tmp_path / f"{hook}_example.py"
    file.write_text(textwrap.dedent(example))
    plugins = load(files=[file])
    assert file.stem in [plugin.name for plugin in plugins.having(hook)]
    kinds = {offer.kind for offer in plugins.offers_of(file.stem)}
    assert kinds == {kind for kind, offering in KINDS.items() if offering == hook}


def test_there_are_fourteen_hooks() -> None:
    assert len(HOOKS) == 14
