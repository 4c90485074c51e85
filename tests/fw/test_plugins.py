"""Every way in which a plugin can be broken, each of which leaves the others standing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import fw
from fw.plugins import Plugins, load
from fw.registry import PluginProblem

HOOK = "import attrs, fw\n@attrs.frozen\nclass Part:\n    'A part.'\n@fw.hookimpl\n"


def problem_of(plugins: Plugins, name: str) -> PluginProblem:
    """The one problem of a plugin; a bundled plugin always stands beside it."""
    found = [problem for problem in plugins.problems if problem.plugin == name]
    assert len(found) == 1, plugins.problems
    assert any(plugin.bundled for plugin in plugins.loaded)
    return found[0]


def test_an_installed_plugin_offers_its_parts(site: Any) -> None:
    site.add("mine")
    plugins = load()
    offer = plugins.registry.find("strategy", "always")
    assert (offer.plugin, offer.distribution, offer.version) == ("mine", "fw-mine", "1.0")
    assert offer.summary == "Long, always."
    assert not [problem for problem in plugins.problems if problem.plugin == "mine"]


def test_an_import_error_is_recorded_with_its_place(site: Any) -> None:
    site.add("mine", "import fw\n\n1 / 0\n", version="2.3")
    problem = problem_of(load(), "mine")
    assert (problem.distribution, problem.version) == ("fw-mine", "2.3")
    assert problem.text == "cannot be imported: ZeroDivisionError: division by zero (fw_mine.py:3)"
    assert problem.mend == "pip install --upgrade fw-mine"


@pytest.mark.parametrize(
    "code", ["import sys; sys.exit(3)", "def f(:", "raise BaseException('odd')", "import nowhere_at_all"]
)
def test_whatever_a_plugin_raises_at_import_is_recorded(site: Any, code: str) -> None:
    site.add("mine", code)
    assert problem_of(load(), "mine").text.startswith("cannot be imported: ")


def test_ctrl_c_during_an_import_is_not_swallowed(site: Any) -> None:
    site.add("mine", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load()


def test_an_entry_point_that_leads_nowhere_is_recorded(site: Any) -> None:
    site.add("mine", entry_points="[fw]\nmine = fw_mine:no_such_object\nother = !!\n")
    plugins = load()
    assert "no_such_object" in problem_of(plugins, "mine").text
    assert problem_of(plugins, "other")


def test_a_wrong_hook_name_gets_a_suggestion_and_the_other_hooks_stand(site: Any) -> None:
    site.add(
        "mine",
        HOOK + "def fw_strategys():\n    return {}\n@fw.hookimpl\ndef fw_sizers():\n    return {'whole': Part}\n",
    )
    plugins = load()
    assert problem_of(plugins, "mine").text == "has fw_strategys, which is no hook. Did you mean fw_strategies?"
    assert plugins.registry.find("sizer", "whole").plugin == "mine"


def test_wrong_arguments_are_named_with_those_the_hook_gives(site: Any) -> None:
    site.add("mine", HOOK + "def fw_run_finished(run, outcome):\n    pass\n")
    assert problem_of(load(), "mine").text == "has fw_run_finished(outcome); the hook gives run, result"


def test_fewer_arguments_and_defaults_are_allowed(site: Any) -> None:
    site.add("mine", HOOK + "def fw_run_finished(result, loud=True):\n    pass\n")
    assert "mine" in [plugin.name for plugin in load().having("fw_run_finished")]


def test_a_hook_without_its_mark_is_recorded(site: Any) -> None:
    site.add("mine", "def fw_strategies():\n    return {}\n")
    text = "has fw_strategies, which is not marked with @fw.hookimpl, so nothing calls it"
    assert problem_of(load(), "mine").text == text


def test_a_plugin_without_hooks_is_recorded(site: Any) -> None:
    site.add("mine", "x = 1\n")
    assert "adds nothing" in problem_of(load(), "mine").text


def test_a_hook_that_raises_does_not_hide_other_plugins_hooks(site: Any) -> None:
    site.add("a_bad", HOOK + "def fw_strategies():\n    raise RuntimeError('no luck')\n")
    site.add("good")
    plugins = load()
    assert problem_of(plugins, "a_bad").text == "fw_strategies raised RuntimeError: no luck (fw_a_bad.py:7)"
    assert plugins.registry.find("strategy", "always").plugin == "good"


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        ("None", "fw_strategies must return a mapping from names to classes, not None"),
        ("[Part]", "fw_strategies must return a mapping from names to classes, not a list"),
        ("{3: Part}", "fw_strategies offers 3, which cannot be a part's name: letters, digits, _ and - only"),
        ("{'a:b': Part}", "fw_strategies offers 'a:b', which cannot be a part's name: letters, digits, _ and - only"),
        ("{'x': Part()}", "fw_strategies must give a class for 'x', not a Part"),
        ("{'x': int}", "fw_strategies gives int for 'x', which is not a class marked with @attrs.frozen"),
        (
            "{'x': attrs.define(type('Loose', (), {}))}",
            "fw_strategies gives Loose for 'x', which is not a class marked with @attrs.frozen",
        ),
    ],
)
def test_what_is_not_a_mapping_to_frozen_classes_is_recorded(site: Any, returned: str, text: str) -> None:
    site.add("mine", HOOK + f"def fw_strategies():\n    return {returned}\n")
    assert problem_of(load(), "mine").text == text


def test_one_bad_class_does_not_hide_the_good_ones_beside_it(site: Any) -> None:
    site.add("mine", HOOK + "def fw_strategies():\n    return {'bad': int, 'fine': Part}\n")
    plugins = load()
    assert "'bad'" in problem_of(plugins, "mine").text
    assert plugins.registry.find("strategy", "fine")


def test_a_plugin_for_another_interface_version_is_recorded_not_run(site: Any) -> None:
    site.add("mine", "__fw_api__ = 99\n" + HOOK + "def fw_strategies():\n    return {'x': Part}\n")
    plugins = load()
    problem = problem_of(plugins, "mine")
    assert problem.text == "is written for version 99 of the plugin interface; this fw has version 1"
    assert problem.mend == "pip install --upgrade futures-framework"
    assert not [offer for offer in plugins.registry.offers() if offer.plugin == "mine"]


def test_the_declared_interface_version_is_accepted(site: Any) -> None:
    site.add("mine", "__fw_api__ = 1\n" + HOOK + "def fw_strategies():\n    return {'x': Part}\n")
    assert load().registry.find("strategy", "x")


def test_a_module_missing_at_import_names_the_extra(site: Any) -> None:
    site.add("mine", "import nowhere_at_all.deep", needs=["nowhere-at-all; extra == 'deep'", "numpy"])
    problem = problem_of(load(), "mine")
    assert (problem.text, problem.mend) == ("needs nowhere_at_all", 'pip install "fw-mine[deep]"')


def test_two_plugins_of_one_name_load_the_first_and_record_the_second(site: Any) -> None:
    site.add("mine", distribution="fw-b")
    site.add("mine", distribution="fw-a")
    plugins = load()
    assert plugins.registry.find("strategy", "always").distribution == "fw-a"
    problem = problem_of(plugins, "mine")
    assert problem.text == "is not loaded, because fw-a 1.0 has a plugin of the same name"
    assert problem.mend == "fw plugins uninstall fw-b"


def test_a_plugin_cannot_take_a_bundled_ones_name(site: Any) -> None:
    site.add("features", distribution="aaa-features")
    found = [problem for problem in load().problems if problem.distribution == "aaa-features"]
    assert "futures-framework" in found[0].text


def test_two_entry_points_on_one_module_record_the_second(site: Any) -> None:
    site.add("mine", entry_points="[fw]\nmine = fw_mine\nmine_again = fw_mine\n")
    assert problem_of(load(), "mine_again").text.startswith("cannot be registered")


def test_a_hidden_distribution_further_along_the_path_is_not_loaded_twice(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("mine")
    nearer = type(site)(tmp_path / "nearer")
    nearer.add("mine", version="2.0")
    monkeypatch.syspath_prepend(str(tmp_path / "nearer"))
    plugins = load()
    assert [plugin.version for plugin in plugins.loaded if plugin.name == "mine"] == ["2.0"]
    assert not [problem for problem in plugins.problems if problem.plugin == "mine"]


def test_metadata_that_cannot_be_read_is_recorded(site: Any) -> None:
    site.add("mine", metadata="nothing useful")
    site.add("good")
    plugins = load()
    assert "metadata that cannot be read" in problem_of(plugins, "fw_mine-1.0.dist-info").text
    assert plugins.registry.find("strategy", "always").plugin == "good"


def test_an_object_may_be_a_plugin(site: Any) -> None:
    code = HOOK.replace("@fw.hookimpl\n", "") + (
        "class Plugin:\n    @fw.hookimpl\n    def fw_strategies(self):\n        return {'x': Part}\nplugin = Plugin()\n"
    )
    site.add("mine", code, entry_points="[fw]\nmine = fw_mine:plugin\n")
    assert load().registry.find("strategy", "x").plugin == "mine"


def test_what_a_plugin_prints_does_not_reach_stdout(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    site.add(
        "mine", "print('at import')\n" + HOOK + "def fw_strategies():\n    print('in a hook')\n    return {'x': Part}\n"
    )
    load()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "at import\nin a hook\n"


def test_fw_plugins_names_the_only_ones_to_load_beside_the_bundled(site: Any) -> None:
    site.add("one")
    site.add("two", "raise RuntimeError('never imported')")
    plugins = load(environ={"FW_PLUGINS": "one, thre"})
    assert [plugin.name for plugin in plugins.loaded if not plugin.bundled] == ["one"]
    assert problem_of(plugins, "thre").text == "is asked for, but not installed"
    assert not any(plugin.name == "one" for plugin in load(only=()).loaded)


def test_tracing_tells_what_was_loaded_and_called(site: Any, capsys: pytest.CaptureFixture[str]) -> None:
    site.add("mine")
    load(environ={"FW_TRACE": "1"})
    told = capsys.readouterr().err
    assert "fw: plugin mine (fw-mine 1.0): importing fw_mine" in told
    assert "fw: plugin mine: " in told
    assert " ms" in told
    assert "fw_strategies" in told


def test_a_plugin_file_is_loaded_under_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own-idea.py"
    file.write_text(HOOK + "def fw_strategies():\n    return {'idea': Part}\n")
    offer = load(files=[file]).registry.find("strategy", "idea")
    assert offer.plugin == "own-idea"
    assert offer.spec.__module__ == "fw_file_own_idea"
    assert sys.modules["fw_file_own_idea"].__file__ == str(file)


def test_an_edited_plugin_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "edited.py"
    for name in ("before", "after"):
        file.write_text(HOOK + f"def fw_strategies():\n    return {{'{name}': Part}}\n")
        assert load(files=[file]).registry.find("strategy", name)


def test_two_files_of_one_name_and_a_bundled_plugins_name_all_load(tmp_path: Path) -> None:
    files = [tmp_path / "features.py", tmp_path / "a" / "features.py", tmp_path / "b" / "features.py"]
    for number, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        file.write_text(HOOK + f"def fw_strategies():\n    return {{'x{number}': Part}}\n")
    registry = load(files=files).registry
    found = [registry.find("strategy", f"x{number}") for number in range(3)]
    assert len({offer.plugin for offer in found}) == 3
    assert len({offer.spec.__module__ for offer in found}) == 3
    assert found[0].plugin == "features.py"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("import nowhere_at_all", "the plugin cannot be run: ModuleNotFoundError"),
        ("x = 1\ny = 1 / 0\n", "ZeroDivisionError: division by zero (broken.py:2)"),
        ("def f(:", "SyntaxError"),
        ("x = 1", "has no function marked with @fw.hookimpl"),
        (HOOK + "def fw_strategys():\n    return {}\n", "Did you mean fw_strategies?"),
        (HOOK + "def fw_strategies():\n    raise OSError('x')\n", "fw_strategies raised OSError: x"),
        (HOOK + "def fw_strategies():\n    return {'x': int}\n", "not a class marked with @attrs.frozen"),
        ("__fw_api__ = 2\n" + HOOK + "def fw_strategies():\n    return {}\n", "version 2 of the plugin interface"),
    ],
)
def test_a_problem_with_a_named_file_is_an_error(tmp_path: Path, code: str, text: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(code)
    with pytest.raises(fw.PluginError) as caught:
        load(files=[file])
    assert str(caught.value).startswith(f"{file}: ")
    assert text in str(caught.value)


def test_a_missing_or_unsuitable_plugin_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(fw.PluginError, match="there is no such plugin file"):
        load(files=[tmp_path / "absent.py"])
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(fw.PluginError, match=r"ends in \.py"):
        load(files=[tmp_path / "notes.txt"])


def test_a_refusal_stops_a_run_and_so_does_a_broken_guard(site: Any) -> None:
    site.add("guard", HOOK + "def fw_run_starting(run):\n    raise fw.RunRefused('not today')\n")
    run: Any = object()
    with pytest.raises(fw.RunRefused, match="not today"):
        load().run_starting(run)
    site.add("broken", HOOK + "def fw_run_starting(run):\n    raise OSError('disk')\n")
    with pytest.raises(fw.PluginError, match=r"fw_run_starting of plugin 'broken' raised OSError: disk"):
        load(only=["broken"]).run_starting(run)


def test_a_plugin_that_breaks_after_a_run_is_recorded(site: Any) -> None:
    site.add("mine", HOOK + "def fw_run_finished(run, result):\n    raise OSError('disk')\n")
    plugins = load()
    run: Any = object()
    plugins.run_finished(run, None)
    assert "fw_run_finished raised OSError: disk" in problem_of(plugins, "mine").text


def test_the_first_plugin_that_knows_a_secret_answers_and_a_broken_one_is_passed_by(site: Any) -> None:
    site.add("a", HOOK + "def fw_secret(name):\n    return 'from a' if name == 'key' else None\n")
    site.add("b", HOOK + "def fw_secret(name):\n    return None\n")
    site.add("c", HOOK + "def fw_secret(name):\n    raise OSError('locked')\n")
    plugins = load(only=["a", "b", "c"])
    assert plugins.secret("key") == "from a"
    assert "locked" in problem_of(plugins, "c").text


def test_the_program_goes_on_beside_every_kind_of_broken_plugin(site: Any, run_fw: Any) -> None:
    site.add("leaves", "import sys; sys.exit(3)")
    site.add("absent", "import nowhere_at_all")
    site.add("misspelt", HOOK + "def fw_strategys():\n    return {}\n")
    site.add("arguments", HOOK + "def fw_run_starting(run, more):\n    pass\n")
    site.add("raises", HOOK + "def fw_strategies():\n    raise RuntimeError('no luck')\n")
    site.add("old", "__fw_api__ = 0\n")
    site.add("good")
    done = run_fw("plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    assert {"leaves", "absent", "misspelt", "arguments", "raises", "old"} <= {p["plugin"] for p in listed["problems"]}
    assert {p["name"]: p["parts"] for p in listed["plugins"]}["good"] == {"strategy": ["always"]}
    assert all(p["mend"].startswith("pip install") for p in listed["problems"])


def test_two_plugins_with_one_part_name_both_stay_and_the_bare_name_is_refused(site: Any, run_fw: Any) -> None:
    site.add("one")
    site.add("two")
    registry = load().registry
    assert [offer.plugin for offer in registry.offers("strategy") if offer.name == "always"] == ["one", "two"]
    with pytest.raises(fw.AmbiguousName, match="write one:always or two:always"):
        registry.find("strategy", "always")
    done = run_fw("parts", "strategy", "always")
    assert done.returncode == 4
    assert done.stderr == "Error: 2 plugins offer a strategy called 'always': write one:always or two:always\n"
    assert run_fw("parts", "strategy", "two:always").returncode == 0
