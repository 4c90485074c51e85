"""`fw doctor` finds every problem that was made for it, says how to mend it, and never falls ill itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from fw.cli.doctor import lines
from fw.doctor import Finding
from fw.doctor.finding import looked_at
from fw.doctor.libraries import failures

SECTIONS = ["environment", "libraries", "extras", "plugins", "cache", "workspace", "clock", "machine"]
KERNEL = """Metadata-Version: 2.1
Name: futures-framework
Version: 0.1.0
Requires-Python: {python}
Requires-Dist: attrs>=24.2
Requires-Dist: numpy>=99
Requires-Dist: nowhere-at-all<2,>=1.5
Provides-Extra: deep
Requires-Dist: not-there-either; extra == "deep"
Provides-Extra: old
Requires-Dist: click<1; extra == "old"
Provides-Extra: light
Requires-Dist: click; extra == "light"
Provides-Extra: dev
Requires-Dist: futures-framework[deep]; extra == "dev"
"""
"""What the distribution of fw would say of itself, were it in a bad way."""


def bad_kernel(site: Any, **said: str) -> None:
    metadata = KERNEL.format(**{"python": ">=3.11", **said})
    site.add("nothing", distribution="futures-framework", version="0.1.0", metadata=metadata)


def test_every_section_is_looked_at_and_a_sound_library_is_ok(doctor: Any) -> None:
    told = doctor()
    assert list(dict.fromkeys(one["section"] for one in told.findings)) == SECTIONS
    assert told.of("environment", "Python")["facts"]["executable"] == sys.executable
    assert told.of("libraries", "click")["state"] == "ok"
    assert told.of("plugins", "bundled")["facts"]["parts"] > 40


def test_libraries_that_are_too_old_or_absent_are_problems_with_the_line_that_mends_them(
    site: Any, doctor: Any
) -> None:
    bad_kernel(site)
    told = doctor()
    old, absent = told.of("libraries", "numpy"), told.of("libraries", "nowhere-at-all")
    assert (old["state"], old["mend"]) == ("problem", 'pip install "numpy>=99"')
    assert (absent["text"], absent["mend"]) == ("is not installed", 'pip install "nowhere-at-all<2,>=1.5"')
    assert told.of("libraries", "attrs")["state"] == "ok"


def test_an_extra_that_is_absent_is_a_note_and_one_that_does_not_fit_a_problem(site: Any, doctor: Any) -> None:
    bad_kernel(site)
    told = doctor()
    absent, old = told.of("extras", "deep"), told.of("extras", "old")
    assert (absent["state"], absent["mend"]) == ("note", 'pip install "futures-framework[deep]"')
    assert "not-there-either" in absent["text"]
    assert (old["state"], "(wants <1)" in old["text"]) == ("problem", True)
    assert (told.of("extras", "light")["state"], told.of("extras", "light")["text"]) == ("ok", "installed")
    # what only developers need is nothing to worry anybody with, and an extra may be made of others
    assert told.of("extras", "dev")["state"] == "ok"
    assert "not-there-either" in told.of("extras", "dev")["text"]


def test_a_long_list_for_developers_is_counted(site: Any, doctor: Any) -> None:
    more = "".join(f'Requires-Dist: absent-{n}; extra == "docs"\n' for n in range(9))
    metadata = KERNEL.format(python=">=3.11") + f"Provides-Extra: docs\n{more}"
    site.add("nothing", distribution="futures-framework", version="0.1.0", metadata=metadata)
    found = doctor().of("extras", "docs")
    assert found["text"] == "9 of 9 packages are missing or do not fit; for developers"
    assert len(found["facts"]["missing"]) == 9


def test_the_titles_of_a_section_share_a_column() -> None:
    titles = ("attrs", "importlib-metadata", "numpy")
    told = list(lines([Finding(section="libraries", title=title, text="here") for title in titles]))
    assert {line.index("here") for line in told if "here" in line} == {len("  ok       importlib-metadata ")}


def test_a_python_that_is_too_old_and_a_version_that_is_not_the_installed_one(site: Any, doctor: Any) -> None:
    bad_kernel(site, python=">=3.99")
    told = doctor()
    assert told.of("environment", "Python")["mend"].startswith("make an environment with a Python >=3.99")
    assert told.of("plugins", "bundled")["state"] == "ok"  # the fake kernel's one plugin counts as its own
    assert told.of("environment", "fw")["state"] == "ok"
    info = next(site.folder.glob("futures_framework-*.dist-info"))
    info.joinpath("METADATA").write_text(KERNEL.format(python=">=3.11").replace("0.1.0", "0.0.9"))
    assert "but installed as 0.0.9" in doctor().of("environment", "fw")["text"]


def test_every_problem_of_a_plugin_has_its_line(site: Any, doctor: Any) -> None:
    site.add("good")
    site.add("absent", "import nowhere_at_all", needs=["nowhere-at-all; extra == 'deep'"])
    site.add("newer", "__fw_api__ = 99\nimport fw")
    site.add("broken", "1 / 0")
    site.add("mine", "import click, fw\n@fw.hookimpl\ndef fw_commands(cli):\n    raise OSError('late')\n")
    told = doctor()
    assert told.of("plugins", "good")["text"] == "fw-good 1.0, 1 part"
    mends = {name: told.of("plugins", name)["mend"] for name in ("absent", "newer", "broken", "mine")}
    assert mends == {
        "absent": 'pip install "fw-absent[deep]"',
        "newer": "pip install --upgrade futures-framework",
        "broken": "pip install --upgrade fw-broken",
        "mine": "pip install --upgrade fw-mine",
    }


def test_the_compiled_cache_is_cold_then_warm_and_older_versions_are_counted(doctor: Any, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    told = doctor(XDG_CACHE_HOME=str(cache)).of("cache", "kernels")
    assert (told["state"], told["facts"]["warm"], told["facts"]["writable"]) == ("ok", False, True)
    assert not cache.exists(), "looking makes nothing"
    for version in (told["facts"]["version"], "0123456789abcdef"):
        folder = cache / "fw" / "kernels" / version
        folder.mkdir(parents=True)
        folder.joinpath("step.nbc").write_bytes(b"x" * 1000)
    told = doctor(XDG_CACHE_HOME=str(cache))
    assert told.of("cache", "kernels")["facts"]["warm"] is True
    assert told.of("cache", "older")["facts"] == {"versions": 1, "bytes": 1000}


def test_a_cache_that_cannot_be_written_is_a_problem(doctor: Any, tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("no folder")
    found = doctor(XDG_CACHE_HOME=str(tmp_path / "file")).of("cache", "kernels")
    assert (found["state"], found["mend"]) == ("problem", "set XDG_CACHE_HOME to a folder you may write in")


def test_the_doctor_comes_without_numba(site: Any, doctor: Any) -> None:
    site.folder.joinpath("numba.py").write_text("raise ImportError('numba needs numpy 2.4 or less')\n")
    told = doctor()
    assert told.of("libraries", "numba")["text"].endswith("ImportError: numba needs numpy 2.4 or less")
    assert told.of("cache", "kernels")["mend"] == "pip install numba"


def test_a_library_that_takes_its_process_down_is_told_apart_from_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("crashes.py").write_text("import os\nos._exit(3)\n")
    tmp_path.joinpath("raises.py").write_text("raise SystemExit(5)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert failures(["json", "crashes", "raises"]) == {
        "crashes": "the process ends with 3",
        "raises": "SystemExit: 5",
    }
    assert failures([]) == {}


def test_variables_that_change_what_runs_are_told(doctor: Any) -> None:
    told = doctor(FW__ACCOUNT__CAPITAL="5", FW_PLUGINS="", NUMBA_DISABLE_JIT="1")
    assert told.of("environment", "1 variable")["text"] == "FW__ACCOUNT__CAPITAL changes every strategy file"
    assert told.of("environment", "FW_PLUGINS")["text"] == "is empty: bundled plugins only"
    assert told.of("environment", "NUMBA_DISABLE_JIT")["state"] == "problem"


def test_a_plugin_that_came_after_an_editable_installation_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Any
) -> None:
    from fw.doctor import environment

    site.add("old", distribution="futures-framework", version="0.1.0")
    info = next(site.folder.glob("*.dist-info"))
    info.joinpath("direct_url.json").write_text('{"url": "file:///x", "dir_info": {"editable": true}}')
    monkeypatch.setattr(environment, "KERNEL", tmp_path / "framework" / "fw")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project.entry-points.fw]\nold = "fw_old"\nnew = "fw_new"\n')
    found = {one.title: one for one in environment.look_at_environment({})}["fw"]
    assert (found.state, found.mend) == ("problem", f"pip install -e {tmp_path}")
    assert "its plugins new came after it was installed" in found.text


def test_versions_other_than_the_tested_ones_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fw.doctor import environment, libraries

    monkeypatch.setattr(environment, "KERNEL", tmp_path / "framework" / "fw")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "constraints.txt").write_text("# tested\nattrs==1.0.0\n")
    found = {one.title: one for one in libraries.look_at_libraries()}["tested"]
    assert found.state == "note"
    assert found.text.startswith("1 version not those fw was tested with: attrs ")
    assert found.text.endswith("(tested: 1.0.0)")


def test_the_output_fits_80_columns_whatever_is_in_it(site: Any, run_fw: Any, tmp_path: Path) -> None:
    site.add("a-name-that-is-much-longer-than-a-column", "raise OSError('x' * 200 + ' \\x1b[31m and a bell \\x07')")
    home = tmp_path / ("long" * 30) / ("longer" * 30)
    done = run_fw("doctor", FW_HOME=str(home))
    assert done.returncode == 1
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout
    assert "-> pip install --upgrade fw-a-name-that-is-much-longer-than-a-column" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 problem, ")


def test_a_look_that_breaks_is_a_finding_and_no_end() -> None:
    def look() -> Any:
        yield Finding(section="machine", title="cores")
        raise RuntimeError("no such thing")

    (found,) = looked_at("machine", look)
    assert (found.state, found.text.startswith("cannot be looked at: RuntimeError: no such thing")) == ("problem", True)
