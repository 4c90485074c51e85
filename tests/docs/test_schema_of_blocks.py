"""What editors check strategy files by takes every example and every strategy block of the documentation."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fw.plugins import load
from fw.settings.read import plugins_of
from fw.settings.schema import schema

REPOSITORY = Path(__file__).resolve().parents[2]
READER: dict[str, Any] = runpy.run_path(str(Path(__file__).with_name("test_pages.py")), run_name="pages")
EDITORS = REPOSITORY / "docs" / "how-to" / "editor-completion.md"


def yaml_pages() -> list[Path]:
    return [page for page in READER["PAGES"] if any(b.language == "yaml" for b in READER["blocks"](page))]


def complaints(file: Path, text: str, yaml12: Any) -> list[str]:
    """What an editor would underline, with the parts of the plugins it names or that lie beside it."""
    beside = sorted(file.parent.glob("src/fw_*/plugin.py"))
    drawn = schema(load(files=[*plugins_of(file), *beside], environ={}).registry)
    found = jsonschema.Draft202012Validator(drawn).iter_errors(yaml12.read(text))
    return [f"{'.'.join(map(str, error.path))}: {error.message[:200]}" for error in found]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(load(environ={}).registry))


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / "examples").rglob("*.yaml")), ids=lambda file: str(file.relative_to(REPOSITORY))
)
def test_an_example_fits_the_schema(file: Path, yaml12: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(file.parent / "src")  # an example may be the strategy of a distribution
    before = set(sys.modules)
    assert complaints(file, file.read_text(encoding="utf-8"), yaml12) == []
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(file.parent)):
            del sys.modules[name]


@pytest.mark.parametrize("page", yaml_pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_the_strategy_blocks_of_a_page_fit_the_schema(page: Path, yaml12: Any, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("runs", ".fw"))
    found: list[str] = []
    for block in READER["blocks"](page):
        if block.title and block.language == "python":
            (tmp_path / block.title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        if block.language != "yaml" or block.not_run:
            continue
        given = READER["top_level_keys"](block.text)
        rest = {} if {"source", "strategy"} <= given else READER["MINIMAL"]
        text = block.text + "".join(f"{key}: {value}\n" for key, value in rest.items() if key not in given)
        file = tmp_path / (block.title or "block.yaml")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        found += [f"{block.page}:{block.line}: {complaint}" for complaint in complaints(file, text, yaml12)]
    assert not found, "\n".join(found)


def test_a_mistake_would_be_underlined(yaml12: Any, tmp_path: Path) -> None:
    text = (REPOSITORY / "examples" / "quickstart.yaml").read_text(encoding="utf-8").replace("fast:", "fats:")
    tmp_path.joinpath("a.yaml").write_text(text)
    assert complaints(tmp_path / "a.yaml", text, yaml12)


def test_the_settings_shown_for_an_editor_name_the_schema_that_is_written() -> None:
    blocks = list(READER["blocks"](EDITORS))
    (shown,) = [json.loads(block.text) for block in blocks if block.language == "json"]
    (line,) = [block.text.splitlines()[0] for block in blocks if block.language == "yaml"]
    written = line.removeprefix("# yaml-language-server: $schema=")
    assert list(shown["yaml.schemas"]) == [f"./{written}"]
    assert any(f"--out {written}" in block.text for block in blocks if block.language == "console")
