"""`fw parts` says who brings a part: plugin, distribution, version and file; bare `fw plugins` lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fw
from fw.plugins import load


def test_a_list_of_parts_says_who_brings_each(site: Any, run_fw: Any) -> None:
    site.add("good", version="1.2")
    rows = [line.split() for line in run_fw("parts", "strategy").stdout.splitlines()]
    assert ["strategy", "always", "good", "fw-good", "1.2", "Long,", "always."] in rows
    assert any(row[:4] == ["strategy", "sma_cross", "strategies", "bundled"] for row in rows)


def test_one_part_is_shown_with_its_distribution_and_its_file(site: Any, run_fw: Any) -> None:
    site.add("good", version="1.2")
    first, second, *_ = run_fw("parts", "strategy", "always").stdout.splitlines()
    assert first == "strategy 'always', of plugin 'good' (fw-good 1.2)"
    assert Path(second) == site.folder / "fw_good.py"
    told = json.loads(run_fw("parts", "strategy", "always", "--json").stdout)
    assert (told["distribution"], told["version"], Path(told["file"])) == ("fw-good", "1.2", site.folder / "fw_good.py")


def test_a_bundled_part_lies_in_its_plugins_folder() -> None:
    (offer,) = [one for one in load(environ={}).registry.offers("sizer") if one.name == "fixed_fraction"]
    assert offer.file is not None
    assert offer.file.parent.name == "fw_sizing"
    assert offer.origin == "bundled"


def test_a_part_of_a_plugin_file_comes_from_that_file(tmp_path: Path, site: Any) -> None:
    file = tmp_path / "mine.py"
    file.write_text("import attrs, fw\n@attrs.frozen\nclass A:\n    def decide(self, view): ...\n")
    with file.open("a") as more:
        more.write("@fw.hookimpl\ndef fw_strategies():\n    return {'a': A}\n")
    (offer,) = [one for one in load(files=[file], environ={}).registry.offers("strategy") if one.plugin == "mine"]
    assert (offer.file, offer.origin) == (file, str(file))


def test_bare_plugins_lists_them(site: Any, run_fw: Any) -> None:
    site.add("good")
    bare = run_fw("plugins")
    assert (bare.returncode, bare.stdout) == (0, run_fw("plugins", "list").stdout)
    assert "fw-good" in bare.stdout
    assert "uninstall" in run_fw("plugins", "--help").stdout
    assert run_fw("plugins", "lst").returncode == 2


def test_a_part_given_in_python_has_no_file_of_a_plugin() -> None:
    from fw.registry import Offer

    typed = type("Typed", (), {"__module__": "nowhere"})
    assert Offer("strategy", "typed", typed, "python").origin == "a file"
    assert fw.__version__
